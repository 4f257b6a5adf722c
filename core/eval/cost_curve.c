/* SPDX-License-Identifier: MIT
 *
 * Cost curves: the sums of sweep_points.c over recorded costs, and the arithmetic of aiq.h in every resample.
 */
#include "eval/cost_curve.h"

#include <math.h>

#include "base/str.h"
#include "eval/aiq.h"
#include "eval/sweep_private.h"

#define BETA 0.1 /* RouterArena's weight of cost */

const char *cost_metric_name(size_t metric)
{
    static const char *const names[COST_METRICS] = {"aiq",
                                                    "diff_zero_aiq",
                                                    "qnc",
                                                    "cost_saving",
                                                    "cost_save",
                                                    "perf_gain",
                                                    "deferral_area",
                                                    "deferral_area_50",
                                                    "cost_hypervolume",
                                                    "pareto_distance",
                                                    "arena_score"};
    return names[metric];
}

typedef struct cost_front {
    sweep_front p;
    double *value[COST_METRICS]; /* [resamples] */
} cost_front;

typedef struct cost_work {
    sweep_sums sums;
    double sign; /* outcome -> y: +1 loss, -1 quality */
    cost_scores *out;
    const cost_front *experts;
    size_t cheapest;     /* expert */
    double best_all[2];  /* outcome and cost of the best single expert, summed over the test part */
    double *best_sum;    /* [resamples x BOOTSTRAP_LANES] the same of resamples */
    pareto_point *point; /* scratch */
    double *v;           /* [resamples] */
    arena *a;
} cost_work;

typedef struct sample { /* the test part, or a resample */
    const double *mine, *experts;
    double size;
    pareto_point best;
    double zero; /* AIQ of the zero router, as y */
} sample;

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "cost curves");
}

static pareto_point to_point(const cost_work *w, const double *sum, size_t k, double size)
{
    return (pareto_point){sum[2 * k + 1] / size, w->sign * sum[2 * k] / size, k};
}

static size_t put_points(const cost_work *w, const cost_front *f, const sample *s)
{
    for (size_t k = 0; k < f->p.n; k++) w->point[k] = to_point(w, s->mine, k, s->size);
    if (f == w->experts) return f->p.n;
    w->point[f->p.n] = to_point(w, s->experts, w->experts->p.where[w->cheapest], s->size);
    return f->p.n + 1;
}

static double best_arena(const cost_work *w, size_t n)
{
    double best = NAN;
    for (size_t k = 0; k < n && w->sign < 0; k++)
        best = fmax(best, aiq_arena(-w->point[k].y, 1000 * w->point[k].x, BETA));
    return best;
}

/* All but the distance, whose front is of all curves. */
static void measure(const cost_work *w, const cost_front *f, const sample *s,
                    double out[COST_METRICS])
{
    const cost_scores *frame = w->out;
    aiq_range range = {frame->least, frame->most};
    size_t n = put_points(w, f, s);
    out[COST_SAVE] = aiq_cost_save(w->point, n, s->best);
    out[COST_PERF_GAIN] = aiq_perf_gain(w->point, n, s->best);
    out[COST_ARENA] = best_arena(w, n);
    out[COST_HYPERVOLUME] = pareto_hypervolume(w->point, n, frame->most, frame->reference) /
                            (frame->most - frame->least);
    n = put_points(w, f, s);
    n = aiq_deferral(w->point, n);
    out[COST_AREA] = w->sign * aiq_deferral_area(w->point, n, frame->most, 1);
    out[COST_AREA_HALF] = w->sign * aiq_deferral_area(w->point, n, frame->most, 0.5);
    n = aiq_hull(w->point, n); /* the front has all of its corners */
    double aiq = aiq_mean(w->point, n, range);
    out[COST_AIQ] = w->sign * aiq;
    out[COST_DIFF_ZERO] = w->sign * (aiq - (f == w->experts ? aiq : s->zero));
    out[COST_QNC] = aiq_qnc(w->point, n, s->best);
    out[COST_SAVING] = 1 - fmin(1, out[COST_QNC]);
}

/* ---- frame ---- */

/* The ranges, which resamples do not move. */
static void set_frame(cost_work *w)
{
    const sweep_front *f = &w->experts->p;
    cost_scores *out = w->out;
    double n = (double)w->sums.t->n;
    out->least = INFINITY;
    out->most = -INFINITY;
    double worst = -INFINITY;
    for (size_t j = 0; j < f->from->n; j++) {
        pareto_point e = to_point(w, f->all, f->where[j], n);
        pareto_point c = to_point(w, f->all, f->where[w->cheapest], n);
        if (e.x < out->least || (e.x <= out->least && e.y < c.y)) w->cheapest = j;
        out->least = fmin(out->least, e.x);
        out->most = fmax(out->most, e.x);
        worst = fmax(worst, e.y);
    }
    out->reference = worst;
    out->cheapest = w->sign * to_point(w, f->all, f->where[w->cheapest], n).y;
    out->is_flat = !(out->least < out->most);
}

static size_t best_of(const cost_marks *m, size_t i)
{
    return m->best_single_of ? m->best_single_of[i] : m->best_single;
}

/* Where the best single expert is, in every resample. */
static pm_status set_best(cost_work *w, const cost_marks *marks, pm_err *err)
{
    const eval_truth *t = w->sums.t;
    const uint32_t *of = bootstrap_cluster_of(w->sums.draws);
    size_t bytes = BOOTSTRAP_LANES * sizeof(double);
    double *x = arena_alloc(w->sums.scratch, bootstrap_clusters(w->sums.draws), bytes);
    w->best_sum = arena_alloc(w->sums.scratch, w->sums.resamples, bytes);
    if (!x || !w->best_sum) return starve(err);
    for (size_t i = 0; i < t->n; i++) {
        size_t j = best_of(marks, i);
        double value = (double)pm_crow(t->value, i)[j], usd = (double)pm_crow(t->cost_usd, i)[j];
        x[of[i] * BOOTSTRAP_LANES] += value;
        x[of[i] * BOOTSTRAP_LANES + 1] += usd;
        w->best_all[0] += value;
        w->best_all[1] += usd;
    }
    bootstrap_cluster_sums(w->sums.draws, w->sums.c, x, BOOTSTRAP_LANES, w->best_sum);
    w->out->best = w->best_all[0] / (double)t->n;
    w->out->best_usd = w->best_all[1] / (double)t->n;
    return PM_OK;
}

/* ---- scores ---- */

/* Percentiles over all resamples: one that never reaches the best single costs without end. */
static void set_interval(const cost_work *w, const double *v, bool is_open, metric_value *out)
{
    for (size_t r = 0; r < w->sums.resamples; r++) w->v[r] = is_open && isinf(v[r]) ? 1e300 : v[r];
    bootstrap_interval(w->sums.draws, w->v, &out->lo, &out->hi);
    if (is_open && out->lo > 1e290) out->lo = NAN;
    if (is_open && out->hi > 1e290) out->hi = NAN;
}

static sample sample_of(const cost_work *w, const cost_front *f, size_t r)
{
    size_t all = w->sums.resamples;
    const double *best = r == all ? w->best_all : w->best_sum + r * BOOTSTRAP_LANES;
    sample s = {r == all ? f->p.all : f->p.sum + r * f->p.q,
                r == all ? w->experts->p.all : w->experts->p.sum + r * w->experts->p.q,
                r == all ? (double)w->sums.t->n : bootstrap_sizes(w->sums.draws)[r],
                {0, 0, 0},
                0};
    s.best = (pareto_point){best[1] / s.size, w->sign * best[0] / s.size, 0};
    return s;
}

static pm_status set_corners(const cost_work *w, const cost_front *f, cost_score *out, pm_err *err)
{
    sample all = sample_of(w, f, w->sums.resamples);
    out->n_corners = aiq_hull(w->point, put_points(w, f, &all));
    out->usd = arena_alloc(w->a, out->n_corners, sizeof *out->usd);
    out->value = arena_alloc(w->a, out->n_corners, sizeof *out->value);
    if (!out->usd || !out->value) return starve(err);
    for (size_t k = 0; k < out->n_corners; k++) {
        out->usd[k] = w->point[k].x;
        out->value[k] = w->sign * w->point[k].y;
    }
    return PM_OK;
}

static pm_status measure_curve(cost_work *w, cost_front *f, cost_score *out, pm_err *err)
{
    double value[COST_METRICS] = {0};
    metric_value *all = out->metric;
    for (size_t k = 0; k < COST_METRICS; k++) {
        all[k] = (metric_value){cost_metric_name(k), NAN, NAN, NAN, w->sums.t->n};
        f->value[k] = arena_alloc(w->sums.scratch, w->sums.resamples, sizeof *f->value[k]);
        if (!f->value[k]) return starve(err);
    }
    for (size_t r = 0; r <= w->sums.resamples; r++) {
        sample s = sample_of(w, f, r);
        bool is_all = r == w->sums.resamples;
        s.zero = w->sign * (is_all ? w->out->curve[0].metric[COST_AIQ].value
                                   : w->experts->value[COST_AIQ][r]);
        measure(w, f, &s, value);
        for (size_t k = 0; k < COST_METRICS; k++) {
            if (k == COST_DIFF_ZERO && fabs(value[k]) < 1e-12) value[k] = 0;
            if (is_all)
                all[k].value = k == COST_QNC && isinf(value[k]) ? (double)NAN : value[k];
            else
                f->value[k][r] = value[k];
        }
    }
    for (size_t k = 0; k < COST_METRICS; k++)
        if (k != COST_DISTANCE) set_interval(w, f->value[k], k == COST_QNC, &all[k]);
    all[COST_DISTANCE].value = NAN;
    return set_corners(w, f, out, err);
}

/* Distance of every curve's points to the front of all points there are. */
static pm_status set_distances(cost_work *w, const cost_front *f, size_t n, pm_err *err)
{
    size_t total = 0, at = 0;
    for (size_t k = 0; k < n; k++) total += f[k].p.n;
    pareto_point *all = arena_alloc(w->sums.scratch, total, sizeof *all);
    if (!all) return starve(err);
    pareto_point frame[2] = {{INFINITY, INFINITY, 0}, {-INFINITY, -INFINITY, 0}};
    for (size_t k = 0; k < n; k++) {
        if (f[k].p.from->is_ceiling) continue;
        for (size_t p = 0; p < f[k].p.n; p++) {
            pareto_point x = to_point(w, f[k].p.all, p, (double)w->sums.t->n);
            frame[0] = (pareto_point){fmin(frame[0].x, x.x), fmin(frame[0].y, x.y), 0};
            frame[1] = (pareto_point){fmax(frame[1].x, x.x), fmax(frame[1].y, x.y), 0};
            all[at++] = x;
        }
    }
    at = pareto_front(all, at);
    for (size_t k = 0; k < n; k++) {
        if (f[k].p.from->is_ceiling) continue;
        for (size_t p = 0; p < f[k].p.n; p++)
            w->point[p] = to_point(w, f[k].p.all, p, (double)w->sums.t->n);
        w->out->curve[k].metric[COST_DISTANCE].value =
            aiq_pareto_distance(w->point, f[k].p.n, all, at, frame);
    }
    return PM_OK;
}

static pm_status set_rivals(cost_work *w, const cost_front *f, size_t n, const sweep_curve *curve,
                            pm_err *err)
{
    size_t *rival = arena_alloc(w->sums.scratch, n, sizeof *rival);
    if (!rival) return starve(err);
    w->out->n_rivals = sweep_find_rivals(curve, n, rival);
    str name = STR_INIT;
    bool fits = true;
    for (size_t k = 0; k < n && fits; k++) {
        cost_score *out = &w->out->curve[k];
        out->rival = arena_alloc(w->a, w->out->n_rivals + 1, sizeof *out->rival);
        for (size_t l = 0; l < w->out->n_rivals && out->rival && fits; l++) {
            const cost_front *other = &f[rival[l]];
            str_clear(&name);
            str_printf(&name, "diff_rival_aiq:%s", other->p.from->label);
            const char *kept = name.failed ? NULL : arena_strdup(w->a, str_text(&name));
            double diff = out->metric[COST_AIQ].value -
                          w->out->curve[rival[l]].metric[COST_AIQ].value;
            metric_value *v = &out->rival[l];
            *v = (metric_value){kept, fabs(diff) < 1e-12 ? 0 : diff, NAN, NAN, w->sums.t->n};
            for (size_t r = 0; r < w->sums.resamples; r++)
                w->v[r] = f[k].value[COST_AIQ][r] - other->value[COST_AIQ][r];
            bootstrap_interval(w->sums.draws, w->v, &v->lo, &v->hi);
            fits = kept != NULL;
        }
        fits = fits && out->rival;
    }
    str_close(&name);
    return fits ? PM_OK : starve(err);
}

static pm_status measure_all(cost_work *w, const cost_marks *marks, const sweep_curve *curve,
                             size_t n, pm_err *err)
{
    size_t most = 0;
    for (size_t k = 0; k < n; k++) most = curve[k].n > most ? curve[k].n : most;
    cost_front *f = arena_alloc(w->sums.scratch, n, sizeof *f);
    w->point = arena_alloc(w->sums.scratch, most + 1, sizeof *w->point);
    w->v = arena_alloc(w->sums.scratch, w->sums.resamples, sizeof *w->v);
    w->out->curve = arena_alloc(w->a, n, sizeof *w->out->curve);
    if (!f || !w->point || !w->v || !w->out->curve) return starve(err);
    w->experts = f;
    pm_status s = set_best(w, marks, err);
    for (size_t k = 0; k < n && !s; k++) {
        f[k].p.from = &curve[k];
        s = sweep_front_make(&w->sums, &f[k].p, err);
        if (!s && k == 0) set_frame(w);
        if (!s && w->out->is_flat) return PM_OK;
        if (!s) s = measure_curve(w, &f[k], &w->out->curve[k], err);
    }
    if (!s) s = set_distances(w, f, n, err);
    return s ? s : set_rivals(w, f, n, curve, err);
}

pm_status cost_curves(const compute *c, const eval_truth *t, const cost_marks *marks,
                      const bootstrap_spec *spec, const sweep_curve *curve, size_t n_curves,
                      arena *a, cost_scores *out, pm_err *err)
{
    if (n_curves == 0 || t->n == 0 || t->cost_usd.cols != t->m || !t->cost_usd.at)
        return err_set(err, PM_E_SHAPE, "cost of %zu curves over %zu prompts, %zu of %zu experts",
                       n_curves, t->n, t->cost_usd.cols, t->m);
    cost_work w = {.sums = {c, t, t->cost_usd, NULL, spec->resamples, arena_open(0)},
                   .sign = -policy_sign(t->kind),
                   .out = out,
                   .a = a};
    *out = (cost_scores){0};
    arena *scratch = w.sums.scratch;
    pm_status s = scratch ? PM_OK : starve(err);
    if (!s) s = bootstrap_draw(spec, c, t->cluster, t->n, scratch, &w.sums.draws, err);
    if (!s) s = measure_all(&w, marks, curve, n_curves, err);
    if (!s) out->reference *= w.sign;
    arena_close(scratch);
    return s;
}

double cost_aiq(const cost_scores *frame, pm_value_kind kind, const double *usd,
                const double *value, size_t n, arena *scratch)
{
    pareto_point *p = arena_alloc(scratch, n + 1, sizeof *p);
    if (!p) return NAN;
    double sign = -policy_sign(kind);
    for (size_t k = 0; k < n; k++) p[k] = (pareto_point){usd[k], sign * value[k], k};
    p[n] = (pareto_point){frame->least, sign * frame->cheapest, n};
    n = aiq_hull(p, n + 1);
    return sign * aiq_mean(p, n, (aiq_range){frame->least, frame->most});
}
