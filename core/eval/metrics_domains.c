/* SPDX-License-Identifier: MIT
 *
 * The mean value of every policy on the test prompts of each domain, with intervals from the same resamples.
 * Domain labels are known to the host alone; no plugin ever sees them.
 */
#include <math.h>

#include "eval/metrics_private.h"

#define BATCH METRICS_DOMAIN_BATCH

typedef struct domain_rows {
    uint32_t *row; /* test prompts of one domain, ascending */
    size_t n;
} domain_rows;

static pm_status find_rows(const scorer *s, size_t d, domain_rows *out, pm_err *err)
{
    const eval_truth *t = s->t;
    out->n = 0;
    out->row = arena_alloc(s->scratch, t->n, sizeof *out->row);
    if (!out->row) return err_set(err, PM_E_MEMORY, "rows of a domain");
    for (size_t i = 0; i < t->n; i++)
        if (t->domain[i] == d) out->row[out->n++] = (uint32_t)i;
    return PM_OK;
}

/* values[p] [n]: value of policy p's choice on every prompt. */
static void score_batch(const scorer *s, const domain_rows *rows, double *const *value,
                        size_t n_policies, metric_value *const *out, double *x)
{
    for (size_t i = 0; i < rows->n; i++) {
        for (size_t p = 0; p < n_policies; p++) x[i * BATCH + p] = value[p][rows->row[i]];
        x[i * BATCH + BATCH - 1] = 1; /* counts the prompts of the domain in a resample */
    }
    bootstrap_sums(s->draws, s->c, x, BATCH, rows->row, rows->n, s->sum);
    for (size_t p = 0; p < n_policies; p++) {
        double total = 0;
        for (size_t i = 0; i < rows->n; i++) total += x[i * BATCH + p];
        for (size_t r = 0; r < s->resamples; r++) {
            const double *sum = s->sum + r * BATCH;
            s->v[r] = sum[BATCH - 1] > 0 ? sum[p] / sum[BATCH - 1] : NAN;
        }
        out[p]->value = total / (double)rows->n;
        out[p]->n = rows->n;
        bootstrap_interval(s->draws, s->v, &out[p]->lo, &out[p]->hi);
    }
}

static pm_status score_domain(const scorer *s, size_t d, policy_score *score, size_t n_policies,
                              double **value, pm_err *err)
{
    domain_rows rows;
    pm_status status = find_rows(s, d, &rows, err);
    if (status) return status;
    if (rows.n == 0) return PM_OK;
    double *x = arena_alloc(s->scratch, rows.n, BATCH * sizeof *x);
    if (!x) return err_set(err, PM_E_MEMORY, "domain of %zu prompts", rows.n);
    for (size_t p = 0; p < n_policies; p += BATCH - 1) {
        size_t n = n_policies - p < BATCH - 1 ? n_policies - p : BATCH - 1;
        metric_value *out[BATCH - 1];
        for (size_t k = 0; k < n; k++) out[k] = (metric_value *)&score[p + k].domain_value[d];
        score_batch(s, &rows, value + p, n, out, x);
    }
    for (size_t p = 0; p < n_policies; p++) ((size_t *)score[p].domain_n)[d] = rows.n;
    return PM_OK;
}

static pm_status make_room(const scorer *s, policy_score *score, size_t n_policies, pm_err *err)
{
    size_t n = s->t->n_domains;
    size_t *count = arena_alloc(s->out, n, sizeof *count);
    if (!count) return err_set(err, PM_E_MEMORY, "%zu domains", n);
    for (size_t p = 0; p < n_policies; p++) {
        metric_value *v = arena_alloc(s->out, n, sizeof *v);
        if (!v) return err_set(err, PM_E_MEMORY, "%zu domains", n);
        for (size_t d = 0; d < n; d++)
            v[d] =
                (metric_value){s->t->kind == PM_VALUE_LOSS ? "loss" : "quality", NAN, NAN, NAN, 0};
        score[p].domain_value = v;
        score[p].domain_n = count;
    }
    return PM_OK;
}

pm_status metrics_domains(const scorer *s, policy_score *score, size_t n_policies, pm_err *err)
{
    if (!s->t->domain || s->t->n_domains == 0) return PM_OK;
    pm_status status = make_room(s, score, n_policies, err);
    double **value = arena_alloc(s->scratch, n_policies, sizeof *value);
    if (!value) return err_set(err, PM_E_MEMORY, "%zu policies", n_policies);
    for (size_t p = 0; p < n_policies && !status; p++) {
        policy_cells cells;
        status = policy_measure(s->t, score[p].who, s->o->delta, s->scratch, &cells, err);
        value[p] = cells.value;
    }
    for (size_t d = 0; d < s->t->n_domains && !status; d++) {
        arena_mark mark = arena_save(s->scratch);
        status = score_domain(s, d, score, n_policies, value, err);
        arena_release(s->scratch, mark);
    }
    return status;
}
