/* SPDX-License-Identifier: MIT
 *
 * Sweeps: every curve becomes sums per cluster of prompts (outcome and constraint value at each distinct point),
 * so that a resample costs O(clusters x points) and a hull.
 */
#include "eval/sweep.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "eval/pareto.h"

#define ROUNDING 1e-12 /* areas closer than this are the same sums in another order */

typedef struct front { /* a curve being measured */
    const sweep_curve *from;
    size_t n;      /* distinct points */
    size_t *where; /* [from->n] point of each policy */
    double *all;   /* [2 n] outcome and constraint value of each point, summed over the test part */
    double *sum;   /* [resamples x q] the same summed over prompts */
    size_t q;
    double *area, *volume; /* [resamples] */
} front;

typedef struct sweep {
    const compute *c;
    const eval_truth *t;
    pm_cmat penalty;
    bootstrap *draws;
    size_t resamples;
    double sign;     /* outcome -> y: +1 loss, -1 quality */
    size_t cheapest; /* expert */
    sweep_scores *out;
    front *experts;
    pareto_point *point; /* scratch */
    double *v;           /* [resamples] */
    arena *a, *scratch;
} sweep;

/* ---- points ---- */

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
static pm_status find_points(const sweep *s, front *f, const policy **at, pm_err *err)
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

static pm_status starve(const front *f, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "sweep of \"%s\"", f->from->label);
}

/* Sums per cluster [clusters x q] -> sums of every resample. */
static pm_status make_front(sweep *s, front *f, pm_err *err)
{
    const policy **at = arena_alloc(s->scratch, f->from->n, sizeof *at);
    f->where = arena_alloc(s->scratch, f->from->n, sizeof *f->where);
    f->area = arena_alloc(s->scratch, s->resamples, sizeof *f->area);
    f->volume = arena_alloc(s->scratch, s->resamples, sizeof *f->volume);
    if (!at || !f->where || !f->area || !f->volume) return starve(f, err);
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
    for (size_t k = 0; k < f->n; k++) s->point[k] = to_point(s, sum, k, size);
    if (f == s->experts) return f->n;
    s->point[f->n] = to_point(s, experts, s->experts->where[s->cheapest], size);
    s->point[f->n].id = f->n;
    return f->n + 1;
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
    for (size_t k = 0; k < f->from->n; k++) {
        pareto_point mine = to_point(s, f->all, f->where[k], (double)s->t->n);
        for (size_t h = 0; h < n; h++)
            if (s->point[h].x == mine.x && s->point[h].y == mine.y) flag[k] = 1;
    }
}

static pm_status set_points(const sweep *s, const front *f, sweep_score *out, pm_err *err)
{
    size_t n = f->from->n;
    out->x = arena_alloc(s->a, n, sizeof *out->x);
    out->y = arena_alloc(s->a, n, sizeof *out->y);
    out->on_front = arena_alloc(s->a, n, 1);
    out->on_hull = arena_alloc(s->a, n, 1);
    if (!out->x || !out->y || !out->on_front || !out->on_hull) return starve(f, err);
    for (size_t k = 0; k < n; k++) {
        pareto_point mine = to_point(s, f->all, f->where[k], (double)s->t->n);
        out->x[k] = mine.x;
        out->y[k] = mine.y;
    }
    size_t all = put_points(s, f, f->all, s->experts->all, (double)s->t->n);
    mark(s, f, pareto_front(s->point, all), out->on_front);
    all = put_points(s, f, f->all, s->experts->all, (double)s->t->n);
    mark(s, f, pareto_hull(s->point, all, PARETO_FALLING), out->on_hull);
    return PM_OK;
}

/* Interval of v, which bootstrap_interval sorts: of a copy. */
static void set_interval(const sweep *s, const double *v, metric_value *out)
{
    memcpy(s->v, v, s->resamples * sizeof *v);
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
}

static double share_of(double zero, double area, double oracle)
{
    double room = zero - oracle, way = zero - area;
    if (fabs(room) < ROUNDING) return NAN;
    return fabs(way) < ROUNDING ? 0 : way / room;
}

static pm_status measure_front(const sweep *s, front *f, sweep_score *out, pm_err *err)
{
    size_t n = s->t->n;
    out->area = (metric_value){"area", NAN, NAN, NAN, n};
    out->area_share = (metric_value){"area_share", NAN, NAN, NAN, n};
    out->hypervolume = (metric_value){"hypervolume", NAN, NAN, NAN, n};
    measure(s, f, f->all, s->experts->all, (double)n, &out->area.value, &out->hypervolume.value);
    for (size_t r = 0; r < s->resamples; r++)
        measure(s, f, f->sum + r * f->q, s->experts->sum + r * s->experts->q,
                bootstrap_sizes(s->draws)[r], &f->area[r], &f->volume[r]);
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
        for (size_t r = 0; r < s->resamples; r++)
            s->v[r] = share_of(f[0].area[r], f[k].area[r], f[oracle].area[r]);
        bootstrap_interval(s->draws, s->v, &v->lo, &v->hi);
    }
}

/* ---- rivals ---- */

static size_t find_rivals(const sweep_curve *curve, size_t n, size_t *rival)
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

static pm_status set_rivals(const sweep *s, const front *f, size_t n, pm_err *err)
{
    size_t *rival = arena_alloc(s->scratch, n, sizeof *rival);
    if (!rival) return starve(f, err);
    s->out->n_rivals = find_rivals(f[0].from, n, rival);
    str name = STR_INIT;
    bool fits = true;
    for (size_t k = 0; k < n && fits; k++) {
        sweep_score *out = &s->out->curve[k];
        out->rival = arena_alloc(s->a, s->out->n_rivals, sizeof *out->rival);
        for (size_t l = 0; l < s->out->n_rivals && out->rival && fits; l++) {
            const front *other = &f[rival[l]];
            str_clear(&name);
            str_printf(&name, "diff_rival_area:%s", other->from->label);
            metric_value *v = &out->rival[l];
            *v = (metric_value){name.failed ? NULL : arena_strdup(s->a, str_text(&name)),
                                out->area.value - s->out->curve[rival[l]].area.value, NAN, NAN,
                                s->t->n};
            for (size_t r = 0; r < s->resamples; r++) s->v[r] = f[k].area[r] - other->area[r];
            bootstrap_interval(s->draws, s->v, &v->lo, &v->hi);
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
    for (size_t j = 0; j < f->from->n; j++) {
        const double *of = f->all + 2 * f->where[j];
        double n = (double)s->t->n;
        double y = s->sign * of[0] / n, x = of[1] / n;
        double best = s->sign * f->all[2 * f->where[s->cheapest]] / n;
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
    front *f = arena_alloc(s->scratch, n, sizeof *f);
    s->point = arena_alloc(s->scratch, most + 1, sizeof *s->point);
    s->v = arena_alloc(s->scratch, s->resamples, sizeof *s->v);
    s->out->curve = arena_alloc(s->a, n, sizeof *s->out->curve);
    if (!f || !s->point || !s->v || !s->out->curve)
        return err_set(err, PM_E_MEMORY, "sweep of %zu curves", n);
    s->experts = f;
    pm_status status = PM_OK;
    for (size_t k = 0; k < n && !status; k++) {
        f[k].from = &curve[k];
        status = make_front(s, &f[k], err);
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
    sweep s = {.c = c,
               .t = t,
               .penalty = penalty,
               .resamples = spec->resamples,
               .sign = -policy_sign(t->kind),
               .out = out,
               .a = a,
               .scratch = arena_open(0)};
    *out = (sweep_scores){0};
    pm_status status = s.scratch ? PM_OK : err_set(err, PM_E_MEMORY, "sweep");
    if (!status) status = bootstrap_draw(spec, c, t->cluster, t->n, s.scratch, &s.draws, err);
    if (!status) status = measure_all(&s, curve, n_curves, oracle, err);
    arena_close(s.scratch);
    return status;
}
