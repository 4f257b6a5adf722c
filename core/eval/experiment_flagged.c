/* SPDX-License-Identifier: MIT
 *
 * What flags do to decisions: weights of the test prompts at a point of the grid, and the choices of flagged prompts
 * beside those that the same router makes without their flags.
 */
#include <math.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/experiment_flags.h"

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "weights of flagged prompts");
}

/* ---- weights ---- */

static bool speaks_of(const flagged_prompt *p, size_t c)
{
    return !isnan(p->set[c]) || p->add[c] > 0 || p->add[c] < 0;
}

/* Slot of a key in an open table of rows + 1. */
static size_t slot_of(const prompt_flags *p, const size_t *table, size_t room, uint64_t key)
{
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15u) & (room - 1);
    while (table[at] && p->prompt[table[at] - 1].key != key) at = (at + 1) & (room - 1);
    return at;
}

static pm_status find_flagged(exp_run *r, const seed_work *w, struct seed_flags *out, pm_err *err)
{
    const prompt_flags *p = r->flags;
    size_t n = w->s.n_test, room = 16;
    while (room < 2 * p->n) room *= 2;
    size_t *table = arena_alloc(r->a, room, sizeof *table);
    out->prompt = arena_alloc(r->a, n, sizeof *out->prompt);
    out->row = arena_alloc(r->a, n, sizeof *out->row);
    if (!table || !out->prompt || !out->row) return starve(err);
    for (size_t k = 0; k < p->n; k++) table[slot_of(p, table, room, p->prompt[k].key)] = k + 1;
    for (size_t i = 0; i < n; i++) {
        size_t k = table[slot_of(p, table, room, w->test_x.id[i])];
        if (!k) continue;
        out->prompt[i] = &p->prompt[k - 1];
        out->row[out->n++] = (uint32_t)i;
    }
    return PM_OK;
}

pm_status exp_flags_open(exp_run *r, seed_work *w, pm_err *err)
{
    w->flags = NULL;
    if (!r->flags || r->flags->n == 0) return PM_OK;
    struct seed_flags *f = arena_alloc(r->a, 1, sizeof *f);
    if (!f) return starve(err);
    pm_status s = find_flagged(r, w, f, err);
    if (s || f->n == 0) return s;
    f->weight = arena_alloc(r->a, r->x->n_constraints, sizeof *f->weight);
    if (!f->weight) return starve(err);
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        bool any = false;
        for (size_t k = 0; k < f->n && !any; k++) any = speaks_of(f->prompt[f->row[k]], c);
        if (any) f->weight[c] = arena_alloc(r->a, w->s.n_test, sizeof **f->weight);
        if (any && !f->weight[c]) return starve(err);
    }
    f->weights = (const float *const *)f->weight;
    w->flags = f;
    return PM_OK;
}

const float *const *exp_flag_weights(const exp_run *r, const seed_work *w, size_t point)
{
    const struct seed_flags *f = w->flags;
    if (!f) return NULL;
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        double base = r->point[point].weight[c];
        for (size_t i = 0; f->weight[c] && i < w->s.n_test; i++) {
            const flagged_prompt *p = f->prompt[i];
            flags_result said = {.set = p ? p->set : NULL, .add = p ? p->add : NULL};
            f->weight[c][i] = (float)flags_weight(&said, c, base);
        }
    }
    return f->weights;
}

/* ---- what they change ---- */

typedef struct flagged_work {
    exp_run *r;
    const seed_work *w;
    const policy *with;
    policy without;
    double *a, *b, *diff; /* [n flagged] */
    uint64_t *cluster;    /* [n flagged] */
    pm_err *err;
} flagged_work;

static double chance(const policy *p, size_t i, size_t j)
{
    if (p->share.at) return (double)pm_crow(p->share, i)[j];
    return p->choice[i] == j ? 1 : 0;
}

static double mean_of(const policy *p, pm_cmat x, size_t i, size_t m)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        double share = chance(p, i, j);
        if (share > 0) sum += share * (double)pm_crow(x, i)[j];
    }
    return sum;
}

static pm_status put(const flagged_work *k, const char *what, const char *of, double value,
                     double lo, double hi, size_t n)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", what, of);
    const char *metric = text.failed ? NULL : arena_strdup(k->r->keep, str_text(&text));
    str_close(&text);
    if (!metric) return starve(k->err);
    store_row row = {.point = exp_point_of(k->r, k->with),
                     .label = k->with->label,
                     .role = policy_role_name(k->with->role),
                     .seed = k->w->seed,
                     .subset = "flagged",
                     .metric = metric,
                     .value = value,
                     .lo = lo,
                     .hi = hi,
                     .n = n,
                     .setting = k->with->setting ? k->with->setting : ""};
    return exp_put(k->r, &row, k->err);
}

/* Mean of x [n] with the interval of the experiment's bootstrap over these prompts. */
static pm_status put_mean(const flagged_work *k, const char *what, const char *of, const double *x,
                          size_t n)
{
    double sum = 0, lo, hi;
    bootstrap *b;
    arena_mark mark = arena_save(k->r->a);
    pm_status s = bootstrap_draw(&k->r->x->bootstrap, k->r->env.compute,
                                 k->r->x->bootstrap.clustered ? k->cluster : NULL, n, k->r->a, &b,
                                 k->err);
    if (s) return s;
    for (size_t i = 0; i < n; i++) sum += x[i];
    bootstrap_mean(b, k->r->env.compute, x, &lo, &hi);
    arena_release(k->r->a, mark);
    return put(k, what, of, sum / (double)n, lo, hi, n);
}

/* Over flagged prompts; with c < n_constraints over those whose flags speak of it. */
static pm_status compare(flagged_work *k, const char *of, pm_cmat x, size_t c)
{
    const struct seed_flags *f = k->w->flags;
    size_t n = 0;
    for (size_t e = 0; e < f->n; e++) {
        size_t i = f->row[e];
        if (c < k->r->x->n_constraints && !speaks_of(f->prompt[i], c)) continue;
        k->a[n] = mean_of(k->with, x, i, k->w->truth.m);
        k->b[n] = mean_of(&k->without, x, i, k->w->truth.m);
        k->diff[n] = k->a[n] - k->b[n];
        k->cluster[n++] = k->w->truth.cluster ? k->w->truth.cluster[i] : i;
    }
    if (n == 0) return PM_OK;
    pm_status s = put_mean(k, "flags_with:", of, k->a, n);
    if (!s) s = put_mean(k, "flags_without:", of, k->b, n);
    return s ? s : put_mean(k, "flags_diff:", of, k->diff, n);
}

static pm_status count_changed(flagged_work *k)
{
    const struct seed_flags *f = k->w->flags;
    for (size_t e = 0; e < f->n; e++) {
        double apart = 0;
        for (size_t j = 0; j < k->w->truth.m; j++)
            apart += fabs(chance(k->with, f->row[e], j) - chance(&k->without, f->row[e], j)) / 2;
        k->a[e] = apart;
        k->cluster[e] = k->w->truth.cluster ? k->w->truth.cluster[f->row[e]] : f->row[e];
    }
    return put_mean(k, "flags_changed", "", k->a, f->n);
}

static pm_status compare_all(flagged_work *k)
{
    const experiment *x = k->r->x;
    pm_status s = count_changed(k);
    if (!s)
        s = compare(k, k->w->truth.kind == PM_VALUE_LOSS ? "loss" : "quality", k->w->truth.value,
                    SIZE_MAX);
    for (size_t c = 0; c < x->n_constraints && !s; c++)
        if (x->constraint[c].sense == PM_SOFT)
            s = compare(k, x->constraint[c].at.label, k->w->penalty[c], c);
    return s;
}

static pm_status decide_without(flagged_work *k, size_t e, size_t point)
{
    exp_run *r = k->r;
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    if (!term) return starve(k->err);
    pipeline p = exp_pipeline(r, k->w, e, point, term);
    pm_scores scores = exp_scores(r, k->w, &k->w->router[e]);
    pipeline_result result;
    pm_status s = pipeline_decide(&p, r->pipe, &k->w->test_x, &scores, &result, k->err);
    if (s) return err_wrap(k->err, s, "router \"%s\" without flags", k->with->label);
    k->without = (policy){.choice = result.choice, .share = result.share};
    return compare_all(k);
}

pm_status exp_flag_rows(exp_run *r, const seed_work *w, pm_err *err)
{
    if (!w->flags || r->x->of_battles) return PM_OK;
    size_t n = w->flags->n;
    flagged_work k = {.r = r, .w = w, .err = err};
    k.a = arena_alloc(r->a, n, sizeof *k.a);
    k.b = arena_alloc(r->a, n, sizeof *k.b);
    k.diff = arena_alloc(r->a, n, sizeof *k.diff);
    k.cluster = arena_alloc(r->a, n, sizeof *k.cluster);
    if (!k.a || !k.b || !k.diff || !k.cluster) return starve(err);
    pm_status s = PM_OK;
    for (size_t point = 0; point < r->n_points; point++)
        for (size_t e = 0; e < w->n_routers && !s; e++) {
            k.with = &w->policy[w->n_baselines + point * w->n_routers + e];
            s = decide_without(&k, e, point);
        }
    return s;
}
