/* SPDX-License-Identifier: MIT
 *
 * Means over seeds.  Where every seed tests on the same prompts, a router's cells are averaged over seeds prompt
 * by prompt and resampled as one policy, so that its interval is that of any other row.  Where the split
 * differs by seed there is no such row, and tables say what they do instead.
 */
#include <string.h>

#include "eval/experiment_private.h"
#include "eval/metrics.h"
#include "math/mat.h"

struct seed_means {
    char hash[65]; /* of the split that the seeds share */
    bool differs;
    size_t n_seeds, n_routers, n_policies; /* policies of routers: n_routers at every point */
    size_t *n_each; /* [n_policies] choices of a seed: one, or one for each order of a stream */
    const uint32_t ***choice; /* [n_policies] each [all seeds x n_each] */
    const double ***need;     /* the same, or NULL where it is not told */
    double **errors;          /* [n_routers] sums; NULL: predicts nothing comparable */
    pm_mat *share;            /* [n_policies] sums of mixed decisions, or at == NULL */
};

static pm_status begin(exp_run *r, const seed_work *w, pm_err *err)
{
    struct seed_means *m = arena_alloc(r->keep, 1, sizeof *m);
    if (!m) return err_set(err, PM_E_MEMORY, "means over seeds");
    memcpy(m->hash, w->s.hash, sizeof m->hash);
    m->n_routers = w->n_routers;
    m->n_policies = w->n_policies - w->n_baselines;
    m->n_each = arena_alloc(r->keep, m->n_policies, sizeof *m->n_each);
    m->choice = arena_alloc(r->keep, m->n_policies, sizeof *m->choice);
    m->need = arena_alloc(r->keep, m->n_policies, sizeof *m->need);
    m->errors = arena_alloc(r->keep, m->n_routers, sizeof *m->errors);
    m->share = arena_alloc(r->keep, m->n_policies, sizeof *m->share);
    if (!m->n_each || !m->choice || !m->need || !m->errors || !m->share)
        return err_set(err, PM_E_MEMORY, "means over seeds");
    for (size_t k = 0; k < m->n_policies; k++) {
        size_t all = r->x->n_seeds * (w->policy[w->n_baselines + k].n_more + 1);
        m->n_each[k] = w->policy[w->n_baselines + k].n_more + 1;
        m->choice[k] = arena_alloc(r->keep, all, sizeof **m->choice);
        m->need[k] = arena_alloc(r->keep, all, sizeof **m->need);
        if (!m->choice[k] || !m->need[k]) return err_set(err, PM_E_MEMORY, "means over seeds");
    }
    r->means = m;
    return PM_OK;
}

static pm_status add_errors(exp_run *r, const seed_work *w, size_t k, pm_err *err)
{
    const policy *p = &w->policy[w->n_baselines + k];
    double **sum = &r->means->errors[k];
    if (!p->predicted.at) return PM_OK;
    if (!*sum) *sum = arena_alloc(r->keep, w->s.n_test, POLICY_ERRORS * sizeof **sum);
    if (!*sum) return err_set(err, PM_E_MEMORY, "means over seeds");
    return metrics_add_errors(&w->truth, p, r->a, *sum, err);
}

/* The mean of mixed decisions is a mixed decision. */
static pm_status add_share(exp_run *r, const seed_work *w, const policy *p, pm_mat *sum,
                           pm_err *err)
{
    if (!p->share.at) return PM_OK;
    if (!sum->at) *sum = mat_new(r->keep, w->truth.n, w->truth.m);
    if (!sum->at) return err_set(err, PM_E_MEMORY, "means over seeds");
    for (size_t i = 0; i < w->truth.n; i++)
        for (size_t j = 0; j < w->truth.m; j++)
            pm_row(*sum, i)[j] += pm_crow(p->share, i)[j] / (float)r->x->n_seeds;
    return PM_OK;
}

typedef struct part_of { /* of the mean of policy k: its choice `at` is the policy's `from` */
    size_t k, at, from;
} part_of;

static pm_status add_choice(exp_run *r, const seed_work *w, const policy *p, part_of of,
                            pm_err *err)
{
    struct seed_means *m = r->means;
    size_t n = w->s.n_test;
    uint32_t *choice = arena_alloc(r->keep, n, sizeof *choice);
    double *need = p->need ? arena_alloc(r->keep, n, sizeof *need) : NULL;
    if (!choice || (p->need && !need)) return err_set(err, PM_E_MEMORY, "means over seeds");
    memcpy(choice, policy_choice(p, of.from), n * sizeof *choice);
    if (need) memcpy(need, p->need, n * sizeof *need); /* of a seed: its orders share it */
    m->choice[of.k][of.at] = choice;
    m->need[of.k][of.at] = need;
    return PM_OK;
}

static pm_status add(exp_run *r, const seed_work *w, pm_err *err)
{
    struct seed_means *m = r->means;
    for (size_t k = 0; k < m->n_policies; k++) {
        const policy *p = &w->policy[w->n_baselines + k];
        pm_status s = add_share(r, w, p, &m->share[k], err);
        for (size_t e = 0; e < m->n_each[k] && !s; e++)
            s = add_choice(r, w, p, (part_of){k, m->n_seeds * m->n_each[k] + e, e}, err);
        if (s) return s;
    }
    m->n_seeds++;
    pm_status s = PM_OK;
    for (size_t k = 0; k < m->n_routers && !s; k++) s = add_errors(r, w, k, err);
    return s;
}

static pm_status put_means(exp_run *r, const seed_work *w, pm_err *err)
{
    const struct seed_means *m = r->means;
    policy *p = arena_alloc(r->a, w->n_policies, sizeof *p);
    if (!p) return err_set(err, PM_E_MEMORY, "means over seeds");
    memcpy(p, w->policy, w->n_policies * sizeof *p);
    for (size_t k = 0; k < m->n_routers; k++)
        for (size_t i = 0; m->errors[k] && i < w->s.n_test * POLICY_ERRORS; i++)
            m->errors[k][i] /= (double)m->n_seeds;
    for (size_t k = 0; k < m->n_policies; k++) {
        policy *mean = &p[w->n_baselines + k];
        mean->choice = m->choice[k][0];
        mean->more = m->choice[k] + 1;
        mean->n_more = m->n_seeds * m->n_each[k] - 1;
        mean->share = mat_const(m->share[k]);
        mean->need = m->need[k][0];
        mean->more_need = m->need[k] + 1;
        mean->predicted = mean->spread = (pm_cmat){NULL, 0, 0, 0};
        mean->errors = mean->role == POLICY_ROUTER ? m->errors[k % m->n_routers] : NULL;
    }
    return exp_rows(r, w, p, err);
}

pm_status exp_means(exp_run *r, const seed_work *w, pm_err *err)
{
    if (r->x->corpus || r->x->split.by == SPLIT_FOLD || r->x->n_seeds < 2 ||
        (r->means && r->means->differs))
        return PM_OK;
    pm_status s = r->means ? PM_OK : begin(r, w, err);
    if (s) return s;
    if (strcmp(r->means->hash, w->s.hash) != 0) {
        r->means->differs = true;
        return PM_OK;
    }
    s = add(r, w, err);
    return s || r->means->n_seeds < r->x->n_seeds ? s : put_means(r, w, err);
}
