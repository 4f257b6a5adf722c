/* SPDX-License-Identifier: MIT
 *
 * Points of curves: every distinct policy of a curve becomes sums per cluster of prompts (outcome and cost), so that
 * a resample costs O(clusters x points).
 */
#include <string.h>

#include "eval/sweep_private.h"

static double expected(const policy *p, size_t i, pm_cmat x)
{
    const float *row = pm_crow(x, i);
    double sum = 0, weight = 0;
    if (p->share.at) {
        for (size_t j = 0; j < x.cols; j++) {
            sum += (double)pm_crow(p->share, i)[j] * (double)row[j];
            weight += (double)pm_crow(p->share, i)[j];
        }
        return sum / weight;
    }
    for (size_t k = 0; k <= p->n_more; k++) sum += (double)row[policy_choice(p, k)[i]];
    return sum / (double)(p->n_more + 1);
}

double sweep_mean(const eval_truth *t, const policy *p, pm_cmat x)
{
    double sum = 0;
    for (size_t i = 0; i < t->n; i++) sum += expected(p, i, x);
    return sum / (double)t->n;
}

static bool same_choices(const policy *p, const policy *q, size_t n)
{
    if (!p->choice || !q->choice || p->share.at || q->share.at || p->n_more != q->n_more)
        return false;
    for (size_t k = 0; k <= p->n_more; k++)
        if (memcmp(policy_choice(p, k), policy_choice(q, k), n * sizeof(uint32_t)) != 0)
            return false;
    return true;
}

static pm_status check_policy(const eval_truth *t, const policy *p, pm_err *err)
{
    if (p->share.at || !p->choice) {
        if (p->share.at && p->share.rows == t->n && p->share.cols == t->m) return PM_OK;
        return err_set(err, PM_E_SHAPE, "policy \"%s\" has no choices for %zu prompts", p->label,
                       t->n);
    }
    for (size_t k = 0; k <= p->n_more; k++)
        for (size_t i = 0; i < t->n; i++)
            if (policy_choice(p, k)[i] >= t->m)
                return err_set(err, PM_E_ARG, "policy \"%s\" chooses column %u of %zu", p->label,
                               (unsigned)policy_choice(p, k)[i], t->m);
    return PM_OK;
}

/* Weights that change no choice share a point. */
static pm_status find_points(const sweep_sums *s, sweep_front *f, const policy **at, pm_err *err)
{
    for (size_t k = 0; k < f->from->n; k++) {
        const policy *p = f->from->at[k];
        pm_status status = check_policy(s->t, p, err);
        if (status) return status;
        if (f->n > 0 && same_choices(p, at[f->n - 1], s->t->n)) {
            f->where[k] = f->n - 1;
            continue;
        }
        at[f->n] = p;
        f->where[k] = f->n++;
    }
    return PM_OK;
}

static pm_status starve(const sweep_front *f, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "sweep of \"%s\"", f->from->label);
}

/* Sums per cluster [clusters x q] -> sums of every resample. */
pm_status sweep_front_make(const sweep_sums *s, sweep_front *f, pm_err *err)
{
    const policy **at = arena_alloc(s->scratch, f->from->n, sizeof *at);
    f->where = arena_alloc(s->scratch, f->from->n, sizeof *f->where);
    if (!at || !f->where) return starve(f, err);
    pm_status status = find_points(s, f, at, err);
    if (status) return status;
    f->q = (2 * f->n + BOOTSTRAP_LANES - 1) / BOOTSTRAP_LANES * BOOTSTRAP_LANES;
    size_t bytes;
    if (!mem_size(f->q, sizeof(double), &bytes)) return starve(f, err);
    double *x = arena_alloc(s->scratch, bootstrap_clusters(s->draws), bytes);
    f->all = arena_alloc(s->scratch, 1, bytes);
    f->sum = arena_alloc(s->scratch, s->resamples, bytes);
    if (!x || !f->all || !f->sum) return starve(f, err);
    const uint32_t *of = bootstrap_cluster_of(s->draws);
    for (size_t k = 0; k < f->n; k++)
        for (size_t i = 0; i < s->t->n; i++) {
            double value = expected(at[k], i, s->t->value), cost = expected(at[k], i, s->penalty);
            x[of[i] * f->q + 2 * k] += value;
            x[of[i] * f->q + 2 * k + 1] += cost;
            f->all[2 * k] += value;
            f->all[2 * k + 1] += cost;
        }
    bootstrap_cluster_sums(s->draws, s->c, x, f->q, f->sum);
    return PM_OK;
}

size_t sweep_find_rivals(const sweep_curve *curve, size_t n, size_t *rival)
{
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        if (!curve[k].is_rival) continue;
        size_t at = count++;
        for (; at > 0 && curve[rival[at - 1]].rival_rank > curve[k].rival_rank; at--)
            rival[at] = rival[at - 1];
        rival[at] = k;
    }
    return count;
}
