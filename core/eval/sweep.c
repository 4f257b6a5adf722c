/* SPDX-License-Identifier: MIT
 *
 * Sweeps: a hull in every resample, from the sums of sweep_points.c at each distinct point.
 */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "eval/pareto.h"
#include "eval/sweep_private.h"

#define ROUNDING 1e-12 /* areas closer than this are the same sums in another order */

typedef struct front { /* a curve being measured */
    sweep_front p;
    double *area, *volume; /* [resamples] */
} front;

typedef struct sweep {
    sweep_sums sums;
    double sign;     /* outcome -> y: +1 loss, -1 quality */
    size_t cheapest; /* expert */
    sweep_scores *out;
    front *experts;
    pareto_point *point; /* scratch */
    double *v;           /* [resamples] */
    arena *a;
} sweep;

static pm_status starve(const front *f, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "sweep of \"%s\"", f->p.from->label);
}

/* ---- areas ---- */

static pareto_point to_point(const sweep *s, const double *sum, size_t k, double size)
{
    double span = s->out->most - s->out->least;
    return (pareto_point){(sum[2 * k + 1] / size - s->out->least) / span,
                          s->sign * sum[2 * k] / size, k};
}

/* The points of a resample (or of the test part) and the cheapest expert. */
static size_t put_points(const sweep *s, const front *f, const double *sum, const double *experts,
                         double size)
{
    for (size_t k = 0; k < f->p.n; k++) s->point[k] = to_point(s, sum, k, size);
    if (f == s->experts) return f->p.n;
    s->point[f->p.n] = to_point(s, experts, s->experts->p.where[s->cheapest], size);
    s->point[f->p.n].id = f->p.n;
    return f->p.n + 1;
}

static void measure(const sweep *s, const front *f, const double *sum, const double *experts,
                    double size, double *area, double *volume)
{
    size_t n = put_points(s, f, sum, experts, size);
    *volume = pareto_hypervolume(s->point, n, 1, s->out->reference);
    n = put_points(s, f, sum, experts, size);
    n = pareto_hull(s->point, n, PARETO_FALLING);
    *area = s->sign * pareto_area(s->point, n, 0, 1);
}

static void mark(const sweep *s, const front *f, size_t n, uint8_t *flag)
{
    for (size_t k = 0; k < f->p.from->n; k++) {
        pareto_point mine = to_point(s, f->p.all, f->p.where[k], (double)s->sums.t->n);
        for (size_t h = 0; h < n; h++)
            if (s->point[h].x == mine.x && s->point[h].y == mine.y) flag[k] = 1;
    }
}

static pm_status set_points(const sweep *s, const front *f, sweep_score *out, pm_err *err)
{
    size_t n = f->p.from->n;
    out->x = arena_alloc(s->a, n, sizeof *out->x);
    out->y = arena_alloc(s->a, n, sizeof *out->y);
    out->on_front = arena_alloc(s->a, n, 1);
    out->on_hull = arena_alloc(s->a, n, 1);
    if (!out->x || !out->y || !out->on_front || !out->on_hull) return starve(f, err);
    for (size_t k = 0; k < n; k++) {
        pareto_point mine = to_point(s, f->p.all, f->p.where[k], (double)s->sums.t->n);
        out->x[k] = mine.x;
        out->y[k] = mine.y;
    }
    size_t all = put_points(s, f, f->p.all, s->experts->p.all, (double)s->sums.t->n);
    mark(s, f, pareto_front(s->point, all), out->on_front);
    all = put_points(s, f, f->p.all, s->experts->p.all, (double)s->sums.t->n);
    mark(s, f, pareto_hull(s->point, all, PARETO_FALLING), out->on_hull);
    return PM_OK;
}

/* Interval of v, which bootstrap_interval sorts: of a copy. */
static void set_interval(const sweep *s, const double *v, metric_value *out)
{
    memcpy(s->v, v, s->sums.resamples * sizeof *v);
    bootstrap_interval(s->sums.draws, s->v, &out->lo, &out->hi);
}

static double share_of(double zero, double area, double oracle)
{
    double room = zero - oracle, way = zero - area;
    if (fabs(room) < ROUNDING) return NAN;
    return fabs(way) < ROUNDING ? 0 : way / room;
}

static pm_status measure_front(const sweep *s, front *f, sweep_score *out, pm_err *err)
{
    size_t n = s->sums.t->n;
    out->area = (metric_value){"area", NAN, NAN, NAN, n};
    out->area_share = (metric_value){"area_share", NAN, NAN, NAN, n};
    out->hypervolume = (metric_value){"hypervolume", NAN, NAN, NAN, n};
    measure(s, f, f->p.all, s->experts->p.all, (double)n, &out->area.value,
            &out->hypervolume.value);
    for (size_t r = 0; r < s->sums.resamples; r++)
        measure(s, f, f->p.sum + r * f->p.q, s->experts->p.sum + r * s->experts->p.q,
                bootstrap_sizes(s->sums.draws)[r], &f->area[r], &f->volume[r]);
    set_interval(s, f->area, &out->area);
    set_interval(s, f->volume, &out->hypervolume);
    return set_points(s, f, out, err);
}

static void set_shares(const sweep *s, const front *f, size_t n, size_t oracle)
{
    sweep_score *out = s->out->curve;
    if (oracle >= n) return;
    for (size_t k = 0; k < n; k++) {
        metric_value *v = &out[k].area_share;
        v->value = share_of(out[0].area.value, out[k].area.value, out[oracle].area.value);
        if (isnan(v->value)) continue;
        for (size_t r = 0; r < s->sums.resamples; r++)
            s->v[r] = share_of(f[0].area[r], f[k].area[r], f[oracle].area[r]);
        bootstrap_interval(s->sums.draws, s->v, &v->lo, &v->hi);
    }
}

/* ---- rivals ---- */

static pm_status set_rivals(const sweep *s, const front *f, size_t n, pm_err *err)
{
    size_t *rival = arena_alloc(s->sums.scratch, n, sizeof *rival);
    if (!rival) return starve(f, err);
    s->out->n_rivals = sweep_find_rivals(f[0].p.from, n, rival);
    str name = STR_INIT;
    bool fits = true;
    for (size_t k = 0; k < n && fits; k++) {
        sweep_score *out = &s->out->curve[k];
        out->rival = arena_alloc(s->a, s->out->n_rivals, sizeof *out->rival);
        for (size_t l = 0; l < s->out->n_rivals && out->rival && fits; l++) {
            const front *other = &f[rival[l]];
            str_clear(&name);
            str_printf(&name, "diff_rival_area:%s", other->p.from->label);
            metric_value *v = &out->rival[l];
            *v = (metric_value){name.failed ? NULL : arena_strdup(s->a, str_text(&name)),
                                out->area.value - s->out->curve[rival[l]].area.value, NAN, NAN,
                                s->sums.t->n};
            for (size_t r = 0; r < s->sums.resamples; r++) s->v[r] = f[k].area[r] - other->area[r];
            bootstrap_interval(s->sums.draws, s->v, &v->lo, &v->hi);
            fits = v->name != NULL;
        }
        fits = fits && out->rival;
    }
    str_close(&name);
    return fits ? PM_OK : starve(f, err);
}

/* ---- all curves ---- */

/* The axis and the reference point, which resamples do not move. */
static void set_axis(sweep *s)
{
    const front *f = s->experts;
    sweep_scores *out = s->out;
    out->least = INFINITY;
    out->most = out->reference = -INFINITY;
    for (size_t j = 0; j < f->p.from->n; j++) {
        const double *of = f->p.all + 2 * f->p.where[j];
        double n = (double)s->sums.t->n;
        double y = s->sign * of[0] / n, x = of[1] / n;
        double best = s->sign * f->p.all[2 * f->p.where[s->cheapest]] / n;
        if (x < out->least || (x <= out->least && y < best)) s->cheapest = j;
        out->least = fmin(out->least, x);
        out->most = fmax(out->most, x);
        out->reference = fmax(out->reference, y);
    }
    out->is_flat = !(out->least < out->most);
}

static pm_status measure_all(sweep *s, const sweep_curve *curve, size_t n, size_t oracle,
                             pm_err *err)
{
    size_t most = 0;
    for (size_t k = 0; k < n; k++) most = curve[k].n > most ? curve[k].n : most;
    front *f = arena_alloc(s->sums.scratch, n, sizeof *f);
    s->point = arena_alloc(s->sums.scratch, most + 1, sizeof *s->point);
    s->v = arena_alloc(s->sums.scratch, s->sums.resamples, sizeof *s->v);
    s->out->curve = arena_alloc(s->a, n, sizeof *s->out->curve);
    if (!f || !s->point || !s->v || !s->out->curve)
        return err_set(err, PM_E_MEMORY, "sweep of %zu curves", n);
    s->experts = f;
    pm_status status = PM_OK;
    for (size_t k = 0; k < n && !status; k++) {
        f[k].p.from = &curve[k];
        f[k].area = arena_alloc(s->sums.scratch, s->sums.resamples, sizeof *f[k].area);
        f[k].volume = arena_alloc(s->sums.scratch, s->sums.resamples, sizeof *f[k].volume);
        status = f[k].area && f[k].volume ? sweep_front_make(&s->sums, &f[k].p, err)
                                          : starve(&f[k], err);
        if (!status && k == 0) set_axis(s);
        if (!status && s->out->is_flat) return PM_OK;
        if (!status) status = measure_front(s, &f[k], &s->out->curve[k], err);
    }
    if (status) return status;
    set_shares(s, f, n, oracle);
    return set_rivals(s, f, n, err);
}

pm_status sweep_measure(const compute *c, const eval_truth *t, pm_cmat penalty,
                        const bootstrap_spec *spec, const sweep_curve *curve, size_t n_curves,
                        size_t oracle, arena *a, sweep_scores *out, pm_err *err)
{
    if (n_curves == 0 || t->n == 0 || penalty.cols != t->m)
        return err_set(err, PM_E_SHAPE, "sweep of %zu curves over %zu prompts, %zu of %zu experts",
                       n_curves, t->n, penalty.cols, t->m);
    sweep s = {.sums = {c, t, penalty, NULL, spec->resamples, arena_open(0)},
               .sign = -policy_sign(t->kind),
               .out = out,
               .a = a};
    *out = (sweep_scores){0};
    arena *scratch = s.sums.scratch;
    pm_status status = scratch ? PM_OK : err_set(err, PM_E_MEMORY, "sweep");
    if (!status) status = bootstrap_draw(spec, c, t->cluster, t->n, scratch, &s.sums.draws, err);
    if (!status) status = measure_all(&s, curve, n_curves, oracle, err);
    arena_close(scratch);
    return status;
}
