/* SPDX-License-Identifier: MIT
 *
 * The ablation of all seeds together, as other rows pool them: where every seed tests on the same prompts, contrasts
 * are averaged prompt by prompt (experiment_means.c), else laid end to end (experiment_pool.c).  And what changes no
 * choice in any seed, told once a router.
 */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_ablation.h"

struct ablation_pool {
    bool
        is_joint; /* contrasts are kept: several seeds, and of the same prompts or laid end to end */
    bool is_split; /* laid end to end */
    char hash[65]; /* of the split that seeds share */
    size_t n_seeds, n_routers;
    size_t n;         /* prompts of all seeds, each seed's counted */
    exp_ablated *all; /* [n_routers] sums over seeds, times their prompts; experts: sums */
    double **x; /* [n_routers x seeds] contrasts; of the same prompts the first holds the sum */
    uint64_t **cluster; /* [seeds] */
    size_t *rows;       /* [seeds] prompts */
};

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "ablation of all seeds");
}

static bool make_sums(const exp_ablation *x, exp_ablated *out)
{
    arena *a = x->r->keep;
    size_t points = x->d.n;
    out->mean = arena_alloc(a, points, x->n_measures * sizeof *out->mean);
    out->changed = arena_alloc(a, points, sizeof *out->changed);
    out->moved = arena_alloc(a, points, sizeof *out->moved);
    out->experts = arena_alloc(a, points, x->w->truth.m * sizeof *out->experts);
    return out->mean && out->changed && out->moved && out->experts;
}

static pm_status begin(const exp_ablation *x, const exp_ablated *all, size_t n, pm_err *err)
{
    exp_run *r = x->r;
    struct ablation_pool *p = arena_alloc(r->keep, 1, sizeof *p);
    if (!p) return starve(err);
    size_t seeds = r->x->n_seeds;
    p->is_joint = seeds > 1;
    p->is_split = r->x->corpus || r->x->split.by == SPLIT_FOLD;
    memcpy(p->hash, x->w->s.hash, sizeof p->hash);
    p->n_routers = n;
    p->all = arena_alloc(r->keep, n, sizeof *p->all);
    p->x = arena_alloc(r->keep, n, seeds * sizeof *p->x);
    p->cluster = arena_alloc(r->keep, seeds, sizeof *p->cluster);
    p->rows = arena_alloc(r->keep, seeds, sizeof *p->rows);
    bool fits = p->all && p->x && p->cluster && p->rows;
    for (size_t k = 0; k < n && fits; k++) {
        p->all[k].label = all[k].label;
        fits = make_sums(x, &p->all[k]);
    }
    r->ablation = p;
    return fits ? PM_OK : starve(err);
}

static void add_times(double *sum, const double *v, size_t n, double times)
{
    for (size_t k = 0; k < n; k++) sum[k] += times * v[k];
}

static pm_status keep_contrasts(const exp_ablation *x, const exp_ablated *all, pm_err *err)
{
    struct ablation_pool *p = x->r->ablation;
    size_t seeds = x->r->x->n_seeds, cells = x->n * x->n_asked;
    for (size_t k = 0; k < p->n_routers; k++) {
        double **to = &p->x[k * seeds + (p->is_split ? p->n_seeds : 0)];
        if (!*to) *to = arena_alloc(x->r->keep, x->n, x->n_asked * sizeof **to);
        if (!*to) return starve(err);
        add_times(*to, all[k].x, cells, p->is_split ? 1 : 1 / (double)seeds);
    }
    p->rows[p->n_seeds] = x->n;
    if (!x->cluster) return PM_OK;
    p->cluster[p->n_seeds] = arena_alloc(x->r->keep, x->n, sizeof **p->cluster);
    if (!p->cluster[p->n_seeds]) return starve(err);
    memcpy(p->cluster[p->n_seeds], x->cluster, x->n * sizeof **p->cluster);
    return PM_OK;
}

static pm_status add_seed(const exp_ablation *x, const exp_ablated *all, pm_err *err)
{
    struct ablation_pool *p = x->r->ablation;
    double n = (double)x->n;
    if (!p->is_split && strcmp(p->hash, x->w->s.hash) != 0) p->is_joint = false;
    for (size_t k = 0; k < p->n_routers; k++) {
        add_times(p->all[k].mean, all[k].mean, x->d.n * x->n_measures, n);
        add_times(p->all[k].changed, all[k].changed, x->d.n, n);
        add_times(p->all[k].moved, all[k].moved, x->d.n, n);
        add_times(p->all[k].experts, all[k].experts, x->d.n * x->w->truth.m, 1);
    }
    pm_status s = p->is_joint ? keep_contrasts(x, all, err) : PM_OK;
    p->n += x->n;
    p->n_seeds++;
    return s;
}

/* ---- after the last seed ---- */

static void divide(double *sum, size_t n, double by)
{
    for (size_t k = 0; k < n; k++) sum[k] /= by;
}

/* Contrasts of router k over all rows. */
static double *join(const exp_ablation *x, size_t k)
{
    const struct ablation_pool *p = x->r->ablation;
    size_t seeds = x->r->x->n_seeds, at = 0;
    if (!p->is_split) return p->x[k * seeds];
    double *all = arena_alloc(x->r->a, p->n, x->n_asked * sizeof *all);
    for (size_t s = 0; s < seeds && all; at += p->rows[s++] * x->n_asked)
        memcpy(all + at, p->x[k * seeds + s], p->rows[s] * x->n_asked * sizeof *all);
    return all;
}

static bool join_clusters(exp_ablation *x)
{
    const struct ablation_pool *p = x->r->ablation;
    if (!p->is_split || !x->cluster) return true;
    uint64_t *all = arena_alloc(x->r->a, p->n, sizeof *all);
    for (size_t s = 0, at = 0; s < p->n_seeds && all; at += p->rows[s++])
        memcpy(all + at, p->cluster[s], p->rows[s] * sizeof *all);
    x->cluster = all;
    return all != NULL;
}

static pm_status put_joint(const exp_ablation *of, pm_err *err)
{
    struct ablation_pool *p = of->r->ablation;
    exp_ablation x = *of;
    x.before = p->is_split ? "splits:" : "seeds:";
    x.seed = 0;
    if (p->is_split) x.n = p->n;
    if (!join_clusters(&x)) return starve(err);
    for (size_t k = 0; k < p->n_routers; k++) {
        p->all[k].x = join(&x, k);
        if (!p->all[k].x) return starve(err);
    }
    return exp_ablation_rows(&x, p->all, p->n_routers, err);
}

/* ---- what changes nothing ---- */

static void put_name(str *out, bool *any, const char *before, const char *name)
{
    str_printf(out, "%s\"%s\"", *any ? ", " : before, name);
    *any = true;
}

static bool is_level(const exp_ablation *x, const ablation_named *at)
{
    return at->point != x->d.none && strncmp(at->name, "only ", 5) == 0;
}

/* Constraints whose leaving out, and levels whose taking part alone, change no choice do nothing here. */
static void warn_idle(const exp_ablation *x, const exp_ablated *one)
{
    str text = STR_INIT;
    bool left_out = false, level = false;
    for (size_t k = 0; k < x->d.n_factors && x->how->spec.leave_one_out; k++) {
        uint32_t p = x->d.without[k];
        if (p != UINT32_MAX && !(one->changed[p] > 0))
            put_name(&text, &left_out, " leaving out ", x->how->spec.factor[k].label);
    }
    if (left_out) str_puts(&text, " changes no choice");
    for (size_t l = 0; l < x->d.n_named; l++)
        if (is_level(x, &x->d.named[l]) && !(one->moved[x->d.named[l].point] > 0))
            put_name(&text, &level, left_out ? "; " : " ", x->d.named[l].name);
    if (level) str_puts(&text, " changes no choice against none");
    if (text.len) log_line(LOG_WARN, "ablation of router \"%s\":%s", one->label, str_text(&text));
    str_close(&text);
}

pm_status exp_ablation_pool(const exp_ablation *x, const exp_ablated *all, size_t n, pm_err *err)
{
    pm_status s = x->r->ablation ? PM_OK : begin(x, all, n, err);
    if (!s) s = add_seed(x, all, err);
    const struct ablation_pool *p = x->r->ablation;
    if (s || p->n_seeds < x->r->x->n_seeds) return s;
    for (size_t k = 0; k < p->n_routers; k++) {
        divide(p->all[k].mean, x->d.n * x->n_measures, (double)p->n);
        divide(p->all[k].changed, x->d.n, (double)p->n);
        divide(p->all[k].moved, x->d.n, (double)p->n);
        warn_idle(x, &p->all[k]);
    }
    return p->is_joint ? put_joint(x, err) : PM_OK;
}
