/* SPDX-License-Identifier: MIT
 *
 * Splits together: of a corpus every seed draws its own documents and trains its own experts, and in a
 * cross-validation every seed tests other prompts, so nothing can be averaged prompt by prompt (as
 * experiment_means.c does).  Instead the policies are laid end to end over the splits' test prompts and resampled
 * by document or group; one that is tested in two splits is one cluster.
 */
#include <string.h>

#include "eval/experiment_private.h"
#include "eval/metrics.h"
#include "math/mat.h"

typedef struct split_piece { /* of one seed */
    size_t n, n_policies;
    pm_mat value, cost; /* cost.at == NULL: not known */
    uint32_t *domain;   /* of the pool's */
    uint64_t *cluster;
    double *chars, *domain_gain; /* as eval_truth has them */
    uint32_t best_single;
    policy *policy;              /* with arrays of their own */
    pm_cmat *penalty, *realised; /* as exp_swept has them */
    policy *oracle;              /* NULL: none */
    policy *side;                /* as seed_work has them */
    size_t n_sides;
    const double *placebo;
} split_piece;

struct split_pool {
    split_piece *piece;
    size_t n;
    const char *const *domains; /* of all splits */
    size_t n_domains;
};

/* ---- keeping a seed ---- */

static uint32_t domain_of(const exp_run *r, const char *name)
{
    for (size_t d = 0; d < r->pool->n_domains; d++)
        if (strcmp(r->pool->domains[d], name) == 0) return (uint32_t)d;
    return UINT32_MAX;
}

static bool keep_numbers(exp_run *r, const double *from, size_t n, double **out)
{
    *out = from ? arena_alloc(r->keep, n, sizeof **out) : NULL;
    if (*out) memcpy(*out, from, n * sizeof **out);
    return *out || !from;
}

static pm_status keep_truth(exp_run *r, const seed_work *w, split_piece *out, pm_err *err)
{
    const eval_truth *t = &w->truth;
    out->n = t->n;
    out->best_single = (uint32_t)w->best_single;
    out->value = mat_new(r->keep, t->n, t->m);
    if (t->cost_usd.at) out->cost = mat_new(r->keep, t->n, t->m);
    out->domain = arena_alloc(r->keep, t->n, sizeof *out->domain);
    out->cluster = arena_alloc(r->keep, t->n, sizeof *out->cluster);
    uint32_t *map = arena_alloc(r->a, t->n_domains, sizeof *map);
    if (!out->value.at || (t->cost_usd.at && !out->cost.at) || !out->domain || !out->cluster ||
        !map)
        return err_set(err, PM_E_MEMORY, "splits together");
    mat_copy(t->value, out->value);
    if (out->cost.at) mat_copy(t->cost_usd, out->cost);
    memcpy(out->cluster, t->cluster, t->n * sizeof *out->cluster);
    if (!keep_numbers(r, t->chars, t->n, &out->chars) ||
        !keep_numbers(r, t->domain_gain, t->n, &out->domain_gain))
        return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t d = 0; d < t->n_domains; d++) map[d] = domain_of(r, t->domains[d]);
    for (size_t i = 0; i < t->n; i++)
        out->domain[i] = t->domain[i] < t->n_domains ? map[t->domain[i]] : UINT32_MAX;
    return PM_OK;
}

/* Predictions of a router are the same at every point: their errors are kept at the first. */
static bool keeps_errors(const exp_run *r, const policy *p)
{
    return p->predicted.at &&
           (p->role != POLICY_ROUTER || !p->point || strcmp(p->point, r->point[0].text) == 0);
}

static pm_status keep_policy(exp_run *r, const seed_work *w, const policy *p, policy *out,
                             pm_err *err)
{
    size_t n = w->truth.n, m = w->truth.m;
    bool fits = true;
    *out = (policy){.label = p->label,
                    .role = p->role,
                    .is_rival = p->is_rival,
                    .rival_rank = p->rival_rank,
                    .point = p->point,
                    .setting = ""};
    if (p->choice) {
        uint32_t *choice = arena_alloc(r->keep, n, sizeof *choice);
        fits = choice != NULL;
        if (fits) memcpy(choice, p->choice, n * sizeof *choice);
        out->choice = choice;
    }
    if (p->share.at) {
        pm_mat share = mat_new(r->keep, n, m);
        fits = fits && share.at != NULL;
        if (share.at) mat_copy(p->share, share);
        out->share = mat_const(share);
    }
    if (p->need) {
        double *need = arena_alloc(r->keep, n, sizeof *need);
        fits = fits && need;
        if (need) memcpy(need, p->need, n * sizeof *need);
        out->need = need;
        out->need_is_chance = p->need_is_chance;
    }
    if (!fits) return err_set(err, PM_E_MEMORY, "splits together");
    if (!keeps_errors(r, p)) return PM_OK;
    double *errors = arena_alloc(r->keep, n, POLICY_ERRORS * sizeof *errors);
    out->errors = errors;
    return errors ? metrics_add_errors(&w->truth, p, r->a, errors, err)
                  : err_set(err, PM_E_MEMORY, "splits together");
}

/* One row stays one row (ld 0). */
static pm_status keep_matrix(exp_run *r, pm_cmat from, pm_cmat *out, pm_err *err)
{
    *out = from;
    if (!from.at) return PM_OK;
    pm_mat kept = mat_new(r->keep, from.ld ? from.rows : 1, from.cols);
    if (!kept.at) return err_set(err, PM_E_MEMORY, "splits together");
    mat_copy((pm_cmat){from.at, kept.rows, from.cols, from.cols}, kept);
    *out = (pm_cmat){kept.at, from.rows, from.cols, from.ld ? kept.ld : 0};
    return PM_OK;
}

static pm_status keep_sides(exp_run *r, const seed_work *w, split_piece *out, pm_err *err)
{
    size_t n = w->n_sides * r->n_points, n_sums = EXP_SHUFFLES * 2 * r->n_points;
    out->n_sides = w->n_sides;
    out->side = arena_alloc(r->keep, n, sizeof *out->side);
    double *sums = w->placebo ? arena_alloc(r->keep, n_sums, sizeof *sums) : NULL;
    if (!out->side || (w->placebo && !sums)) return err_set(err, PM_E_MEMORY, "splits together");
    if (sums) memcpy(sums, w->placebo, n_sums * sizeof *sums);
    out->placebo = sums;
    pm_status s = PM_OK;
    for (size_t p = 0; p < n && !s; p++) s = keep_policy(r, w, &w->side[p], &out->side[p], err);
    return s;
}

static pm_status keep_sweeps(exp_run *r, const seed_work *w, split_piece *out, pm_err *err)
{
    size_t n = r->x->n_constraints + 1;
    out->penalty = arena_alloc(r->keep, n, sizeof *out->penalty);
    out->realised = arena_alloc(r->keep, n, sizeof *out->realised);
    if (w->oracle) out->oracle = arena_alloc(r->keep, r->n_points, sizeof *out->oracle);
    if (!out->penalty || !out->realised || (w->oracle && !out->oracle))
        return err_set(err, PM_E_MEMORY, "splits together");
    pm_status s = PM_OK;
    for (size_t c = 0; c < n && !s; c++) s = keep_matrix(r, w->penalty[c], &out->penalty[c], err);
    for (size_t c = 0; w->realised && c + 1 < n && !s; c++)
        s = keep_matrix(r, w->realised[c], &out->realised[c], err);
    for (size_t p = 0; w->oracle && p < r->n_points && !s; p++)
        s = keep_policy(r, w, &w->oracle[p], &out->oracle[p], err);
    return s ? s : keep_sides(r, w, out, err);
}

static pm_status keep_seed(exp_run *r, const seed_work *w, pm_err *err)
{
    struct split_pool *all = r->pool;
    split_piece *out = &all->piece[all->n++];
    pm_status s = keep_truth(r, w, out, err);
    out->n_policies = w->n_policies;
    out->policy = arena_alloc(r->keep, w->n_policies, sizeof *out->policy);
    if (!s && !out->policy) s = err_set(err, PM_E_MEMORY, "splits together");
    for (size_t k = 0; k < w->n_policies && !s; k++)
        s = keep_policy(r, w, &w->policy[k], &out->policy[k], err);
    return s ? s : keep_sweeps(r, w, out, err);
}

/* ---- end to end ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const policy *policy_like(const split_piece *p, const policy *like)
{
    for (size_t k = 0; k < p->n_policies; k++) {
        const policy *o = &p->policy[k];
        if (o->role == like->role && same_text(o->label, like->label) &&
            same_text(o->point, like->point) && !o->choice == !like->choice &&
            !o->share.at == !like->share.at && !o->errors == !like->errors &&
            !o->need == !like->need)
            return o;
    }
    return NULL;
}

typedef struct joint { /* all splits together, in the last seed's arena */
    eval_truth truth;
    uint32_t *best_single;
    policy *policy;
    size_t n_policies;
    pm_cmat *penalty, *realised;
    policy *oracle, *side;
    size_t n_sides;
    double *placebo;
} joint;

/* What two models are compared by without a router. */
static pm_status join_pair(exp_run *r, eval_truth *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    if (!all->piece[0].chars) return PM_OK;
    bool has_domains = all->piece[0].domain_gain != NULL;
    double *chars = arena_alloc(r->a, out->n, sizeof *chars);
    double *gain = has_domains ? arena_alloc(r->a, out->n, sizeof *gain) : NULL;
    if (!chars || (has_domains && !gain)) return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t k = 0, at = 0; k < all->n; at += all->piece[k++].n) {
        const split_piece *p = &all->piece[k];
        memcpy(chars + at, p->chars, p->n * sizeof *chars);
        if (gain) memcpy(gain + at, p->domain_gain, p->n * sizeof *gain);
    }
    out->chars = chars;
    out->domain_gain = gain;
    return PM_OK;
}

static pm_status join_truth(exp_run *r, joint *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    size_t n = 0, m = r->lib->view.n, at = 0;
    for (size_t k = 0; k < all->n; k++) n += all->piece[k].n;
    bool has_cost = all->piece[0].cost.at != NULL;
    pm_mat value = mat_new(r->a, n, m),
           cost = has_cost ? mat_new(r->a, n, m) : (pm_mat){NULL, 0, 0, 0};
    uint32_t *domain = arena_alloc(r->a, n, sizeof *domain);
    uint64_t *cluster = arena_alloc(r->a, n, sizeof *cluster);
    out->best_single = arena_alloc(r->a, n, sizeof *out->best_single);
    if (!value.at || (has_cost && !cost.at) || !domain || !cluster || !out->best_single)
        return err_set(err, PM_E_MEMORY, "%zu prompts of all splits", n);
    for (size_t k = 0; k < all->n; k++) {
        const split_piece *p = &all->piece[k];
        memcpy(domain + at, p->domain, p->n * sizeof *domain);
        memcpy(cluster + at, p->cluster, p->n * sizeof *cluster);
        for (size_t i = 0; i < p->n; i++, at++) {
            memcpy(pm_row(value, at), pm_crow(mat_const(p->value), i), m * sizeof(float));
            if (has_cost)
                memcpy(pm_row(cost, at), pm_crow(mat_const(p->cost), i), m * sizeof(float));
            out->best_single[at] = p->best_single;
        }
    }
    out->truth = (eval_truth){.n = n,
                              .m = m,
                              .kind = r->data.kind,
                              .value = mat_const(value),
                              .cost_usd = mat_const(cost),
                              .domain = domain,
                              .domains = all->domains,
                              .n_domains = all->n_domains,
                              .cluster = cluster};
    return join_pair(r, &out->truth, err);
}

/* The policy in every split, end to end; false when memory is out. */
static bool join_policy(exp_run *r, const policy *const *part, size_t n, policy *out)
{
    const struct split_pool *all = r->pool;
    size_t m = r->lib->view.n, at = 0;
    uint32_t *choice = part[0]->choice ? arena_alloc(r->a, n, sizeof *choice) : NULL;
    bool shared = part[0]->share.at != NULL;
    pm_mat share = shared ? mat_new(r->a, n, m) : (pm_mat){NULL, 0, 0, 0};
    double *errors = part[0]->errors ? arena_alloc(r->a, n, POLICY_ERRORS * sizeof *errors) : NULL;
    double *need = part[0]->need ? arena_alloc(r->a, n, sizeof *need) : NULL;
    if ((part[0]->choice && !choice) || (shared && !share.at) || (part[0]->errors && !errors) ||
        (part[0]->need && !need))
        return false;
    for (size_t k = 0; k < all->n; at += all->piece[k++].n) {
        size_t len = all->piece[k].n;
        if (choice) memcpy(choice + at, part[k]->choice, len * sizeof *choice);
        for (size_t i = 0; shared && i < len; i++)
            memcpy(pm_row(share, at + i), pm_crow(part[k]->share, i), m * sizeof(float));
        if (need) memcpy(need + at, part[k]->need, len * sizeof *need);
        if (errors)
            memcpy(errors + at * POLICY_ERRORS, part[k]->errors,
                   len * POLICY_ERRORS * sizeof *errors);
    }
    *out = *part[0];
    out->choice = choice;
    out->share = mat_const(share);
    out->errors = errors;
    out->need = need;
    return true;
}

/* A policy that some split lacks (a size of a learning curve above its prompts) has no row of all splits. */
static pm_status join_policies(exp_run *r, joint *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    const policy **part = arena_alloc(r->a, all->n, sizeof *part);
    out->policy = arena_alloc(r->a, all->piece[0].n_policies, sizeof *out->policy);
    if (!part || !out->policy) return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t p = 0; p < all->piece[0].n_policies; p++) {
        size_t found = 0;
        for (size_t k = 0; k < all->n; k++) {
            part[k] = policy_like(&all->piece[k], &all->piece[0].policy[p]);
            found += part[k] != NULL;
        }
        if (found < all->n) continue;
        if (!join_policy(r, part, out->truth.n, &out->policy[out->n_policies++]))
            return err_set(err, PM_E_MEMORY, "splits together");
    }
    return PM_OK;
}

static pm_cmat matrix_of(const split_piece *p, size_t c, bool is_realised)
{
    return is_realised ? p->realised[c] : p->penalty[c];
}

/* at == NULL where a split has none. */
static pm_status join_matrix(exp_run *r, size_t c, bool is_realised, joint *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    size_t m = r->lib->view.n, at = 0;
    for (size_t k = 0; k < all->n; k++)
        if (!matrix_of(&all->piece[k], c, is_realised).at) return PM_OK;
    pm_mat x = mat_new(r->a, out->truth.n, m);
    if (!x.at) return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t k = 0; k < all->n; k++)
        for (size_t i = 0; i < all->piece[k].n; i++, at++)
            memcpy(pm_row(x, at), pm_crow(matrix_of(&all->piece[k], c, is_realised), i),
                   m * sizeof(float));
    (is_realised ? out->realised : out->penalty)[c] = mat_const(x);
    return PM_OK;
}

static pm_status join_sweeps(exp_run *r, joint *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    size_t n = r->x->n_constraints + 1;
    bool has_oracle = true;
    for (size_t k = 0; k < all->n; k++) has_oracle = has_oracle && all->piece[k].oracle;
    const policy **part = arena_alloc(r->a, all->n, sizeof *part);
    out->penalty = arena_alloc(r->a, n, sizeof *out->penalty);
    out->realised = arena_alloc(r->a, n, sizeof *out->realised);
    if (has_oracle) out->oracle = arena_alloc(r->a, r->n_points, sizeof *out->oracle);
    if (!part || !out->penalty || !out->realised || (has_oracle && !out->oracle))
        return err_set(err, PM_E_MEMORY, "splits together");
    pm_status s = PM_OK;
    for (size_t c = 0; c < n && !s; c++) s = join_matrix(r, c, false, out, err);
    for (size_t c = 0; c + 1 < n && !s; c++) s = join_matrix(r, c, true, out, err);
    for (size_t p = 0; has_oracle && p < r->n_points && !s; p++) {
        for (size_t k = 0; k < all->n; k++) part[k] = &all->piece[k].oracle[p];
        if (!join_policy(r, part, out->truth.n, &out->oracle[p]))
            s = err_set(err, PM_E_MEMORY, "splits together");
    }
    return s;
}

/* Sides that every split has; they stand in the same order. */
static pm_status join_sides(exp_run *r, joint *out, pm_err *err)
{
    const struct split_pool *all = r->pool;
    size_t n_sums = EXP_SHUFFLES * 2 * r->n_points;
    bool has_placebo = true;
    out->n_sides = all->piece[0].n_sides;
    for (size_t k = 0; k < all->n; k++) {
        if (all->piece[k].n_sides != out->n_sides) out->n_sides = 0;
        has_placebo = has_placebo && all->piece[k].placebo;
    }
    const policy **part = arena_alloc(r->a, all->n, sizeof *part);
    out->side = arena_alloc(r->a, out->n_sides, r->n_points * sizeof *out->side);
    if (has_placebo) out->placebo = arena_alloc(r->a, n_sums, sizeof *out->placebo);
    if (!part || !out->side || (has_placebo && !out->placebo))
        return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t k = 0; k < all->n && has_placebo; k++)
        for (size_t e = 0; e < n_sums; e++) out->placebo[e] += all->piece[k].placebo[e];
    for (size_t p = 0; p < out->n_sides * r->n_points; p++) {
        for (size_t k = 0; k < all->n; k++) part[k] = &all->piece[k].side[p];
        if (!join_policy(r, part, out->truth.n, &out->side[p]))
            return err_set(err, PM_E_MEMORY, "splits together");
    }
    return PM_OK;
}

static pm_status put_rows(exp_run *r, pm_err *err)
{
    joint j = {.n_policies = 0};
    pm_status s = join_truth(r, &j, err);
    if (!s) s = join_policies(r, &j, err);
    if (!s) s = join_sweeps(r, &j, err);
    if (!s) s = join_sides(r, &j, err);
    if (s) return s;
    exp_scored it = {.truth = &j.truth,
                     .policy = j.policy,
                     .n = j.n_policies,
                     .before = "splits:",
                     .best_single_of = j.best_single};
    exp_swept swept = {.truth = &j.truth,
                       .policy = j.policy,
                       .n = j.n_policies,
                       .penalty = j.penalty,
                       .oracle = j.oracle,
                       .realised = j.realised,
                       .before = "splits:",
                       .side = j.side,
                       .n_sides = j.n_sides,
                       .placebo = j.placebo,
                       .best_single_of = j.best_single};
    s = exp_score(r, &it, NULL, err);
    return s ? s : exp_sweeps(r, &swept, err);
}

static pm_status begin(exp_run *r, pm_err *err)
{
    size_t n = r->x->corpus ? r->text.n_domains : r->data.n_domains;
    r->pool = arena_alloc(r->keep, 1, sizeof *r->pool);
    const char **domains = arena_alloc(r->keep, n, sizeof *domains);
    if (r->pool) r->pool->piece = arena_alloc(r->keep, r->x->n_seeds, sizeof *r->pool->piece);
    if (!r->pool || !r->pool->piece || !domains)
        return err_set(err, PM_E_MEMORY, "splits together");
    for (size_t d = 0; d < n; d++)
        domains[d] = r->x->corpus ? r->text.domain[d].name : r->data.domains[d];
    r->pool->domains = domains;
    r->pool->n_domains = n;
    return PM_OK;
}

pm_status exp_pool(exp_run *r, const seed_work *w, pm_err *err)
{
    bool differs = r->x->corpus || r->x->split.by == SPLIT_FOLD; /* test prompts, by seed */
    if (!differs || r->x->n_seeds < 2) return PM_OK;
    pm_status s = r->pool ? PM_OK : begin(r, err);
    if (!s) s = keep_seed(r, w, err);
    return s || r->pool->n < r->x->n_seeds ? s : put_rows(r, err);
}
