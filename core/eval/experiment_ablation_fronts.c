/* SPDX-License-Identifier: MIT
 *
 * Fronts over the points of an ablation in two or three objectives, their hypervolume and knee; and the table of all
 * points as ablation-SEED-ROUTER.csv.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "eval/experiment_ablation.h"
#include "eval/pareto.h"
#include "eval/pareto3.h"
#include "math/mat.h"

typedef struct front_work {
    const exp_ablation *x;
    const exp_ablated *one;
    size_t measure[ABLATION_AXES], n_axes;
    double sign[ABLATION_AXES], worst[ABLATION_AXES];
    uint32_t *on;         /* [points] 1 + rank on the front, 0: dominated */
    size_t n_front, knee; /* point; SIZE_MAX: none */
    double volume;
} front_work;

static bool find_measure(const exp_ablation *x, const char *axis, size_t *out)
{
    for (*out = 0; *out < x->n_measures; ++*out)
        if (strcmp(exp_ablation_measure(x, *out), axis) == 0 &&
            (*out != ABLATION_COST || x->has_cost))
            return true;
    return false;
}

bool exp_ablation_has_front(const exp_ablation *x, const ablation_front *f, const char **why_not)
{
    size_t measure;
    *why_not = NULL;
    for (size_t k = 0; k < f->n; k++) {
        if (find_measure(x, f->axis[k], &measure)) continue;
        str text = STR_INIT;
        for (size_t e = 0; e < f->n; e++) str_printf(&text, "%s%s", e ? ", " : "", f->axis[e]);
        if (strcmp(f->axis[k], "cost_usd") == 0)
            str_puts(&text, " is left out: no costs are recorded");
        else
            str_printf(&text, " is left out: there is no %s, outcomes are %s", f->axis[k],
                       x->w->truth.kind == PM_VALUE_LOSS ? "losses" : "qualities");
        *why_not = text.failed ? NULL : arena_strdup(x->r->keep, str_text(&text));
        str_close(&text);
        return false;
    }
    return true;
}

/* Small is good: qualities and utilities change their sign. */
static double sign_of(const exp_ablation *x, size_t measure)
{
    if (measure == ABLATION_UTILITY) return -1;
    return measure == ABLATION_VALUE && x->w->truth.kind != PM_VALUE_LOSS ? -1 : 1;
}

static double at(const front_work *f, size_t p, size_t axis)
{
    return f->sign[axis] * f->one->mean[p * f->x->n_measures + f->measure[axis]];
}

static pm_status two(front_work *f, pm_err *err)
{
    size_t n = f->x->d.n, kept;
    pareto_point *p = arena_alloc(f->x->r->a, n, sizeof *p);
    if (!p) return err_set(err, PM_E_MEMORY, "fronts of an ablation");
    for (size_t k = 0; k < n; k++) p[k] = (pareto_point){at(f, k, 0), at(f, k, 1), k};
    f->volume = pareto_hypervolume(p, n, f->worst[0], f->worst[1]);
    for (size_t k = 0; k < n; k++) p[k] = (pareto_point){at(f, k, 0), at(f, k, 1), k};
    kept = pareto_front(p, n);
    for (size_t k = 0; k < kept; k++) f->on[p[k].id] = (uint32_t)k + 1;
    size_t knee = pareto_knee(p, kept, NULL);
    f->knee = knee == SIZE_MAX ? SIZE_MAX : p[knee].id;
    f->n_front = kept;
    return PM_OK;
}

static pm_status three(front_work *f, pm_err *err)
{
    size_t n = f->x->d.n, kept;
    pareto3_point *p = arena_alloc(f->x->r->a, n, sizeof *p);
    if (!p) return err_set(err, PM_E_MEMORY, "fronts of an ablation");
    for (size_t k = 0; k < n; k++)
        p[k] = (pareto3_point){{at(f, k, 0), at(f, k, 1), at(f, k, 2)}, k};
    f->volume = pareto3_hypervolume(p, n, f->worst);
    for (size_t k = 0; k < n; k++)
        p[k] = (pareto3_point){{at(f, k, 0), at(f, k, 1), at(f, k, 2)}, k};
    kept = pareto3_front(p, n);
    for (size_t k = 0; k < kept; k++) f->on[p[k].id] = (uint32_t)k + 1;
    size_t knee = pareto3_knee(p, kept, NULL);
    f->knee = knee == SIZE_MAX ? SIZE_MAX : p[knee].id;
    f->n_front = kept;
    return PM_OK;
}

/* An axis that this run does not have (no recorded costs): the front is left out, which the facts tell. */
static pm_status make_front(front_work *f, const ablation_front *from, bool *is_there, pm_err *err)
{
    f->n_axes = from->n;
    f->on = arena_alloc(f->x->r->a, f->x->d.n, sizeof *f->on);
    if (!f->on) return err_set(err, PM_E_MEMORY, "fronts of an ablation");
    *is_there = true;
    for (size_t k = 0; k < from->n && *is_there; k++) {
        *is_there = find_measure(f->x, from->axis[k], &f->measure[k]);
        if (!*is_there) return PM_OK;
        f->sign[k] = sign_of(f->x, f->measure[k]);
        f->worst[k] = -INFINITY;
        for (size_t p = 0; p < f->x->d.n; p++) f->worst[k] = fmax(f->worst[k], at(f, p, k));
    }
    return from->n == 2 ? two(f, err) : three(f, err);
}

static const char *axes_text(const exp_ablation *x, const ablation_front *from)
{
    str text = STR_INIT;
    for (size_t k = 0; k < from->n; k++)
        str_printf(&text, "%s%s", k ? ", " : "front ", from->axis[k]);
    const char *kept = text.failed ? NULL : arena_strdup(x->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static pm_status put_row(const front_work *f, const char *point, const char *metric, double value,
                         pm_err *err)
{
    ablation_contrast v = {.value = value, .lo = NAN, .hi = NAN, .prompts = f->x->n};
    return exp_ablation_put(f->x, f->one, point, metric, &v, err);
}

/* The knee's row holds its name as setting, and a mean for each axis. */
static pm_status put_knee(const front_work *f, const char *point, pm_err *err)
{
    if (f->knee == SIZE_MAX) return PM_OK;
    const char *name = arena_strdup(f->x->r->keep, f->x->d.point[f->knee].name);
    pm_status s = name ? PM_OK : err_set(err, PM_E_MEMORY, "fronts of an ablation");
    for (size_t k = 0; k < f->n_axes && !s; k++) {
        str text = STR_INIT;
        str_printf(&text, "knee:%s", exp_ablation_measure(f->x, f->measure[k]));
        const char *metric = text.failed ? NULL : arena_strdup(f->x->r->keep, str_text(&text));
        str_close(&text);
        s = put_row(f, point, metric, f->sign[k] * at(f, f->knee, k), err);
        if (!s) f->x->r->row[f->x->r->n_rows - 1].setting = name;
    }
    return s;
}

/* All points of the design by the front's axes, and 1 in the last column where they are on it, for reports: an object
 * that the row names as its setting. */
static pm_status put_cloud(const front_work *f, const char *point, pm_err *err)
{
    exp_run *r = f->x->r;
    char hex[65];
    pm_mat m = mat_new(r->a, f->x->d.n, f->n_axes + 1);
    if (!m.at) return err_set(err, PM_E_MEMORY, "fronts of an ablation");
    for (size_t p = 0; p < m.rows; p++) {
        for (size_t k = 0; k < f->n_axes; k++) pm_row(m, p)[k] = (float)(f->sign[k] * at(f, p, k));
        pm_row(m, p)[f->n_axes] = f->on[p] > 0 ? 1 : 0;
    }
    pm_status s = store_put_matrix(r->st, mat_const(m), hex, err);
    const char *kept = s ? NULL : arena_strdup(r->keep, hex);
    if (!s && !kept) s = err_set(err, PM_E_MEMORY, "fronts of an ablation");
    if (!s) s = put_row(f, point, "points of the design", (double)m.rows, err);
    if (!s) r->row[r->n_rows - 1].setting = kept;
    return s;
}

pm_status exp_ablation_fronts(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < x->how->n_fronts && !s; k++) {
        front_work f = {.x = x, .one = one};
        bool is_there;
        s = make_front(&f, &x->how->front[k], &is_there, err);
        if (s || !is_there) continue;
        const char *axes = axes_text(x, &x->how->front[k]);
        const char *point = axes ? exp_ablation_point(x, axes, "", "", "") : NULL;
        s = put_row(&f, point, "hypervolume", f.volume, err);
        if (!s) s = put_row(&f, point, "points on the front", (double)f.n_front, err);
        if (!s) s = put_cloud(&f, point, err);
        if (!s) s = put_knee(&f, point, err);
    }
    return s;
}

/* ---- the table of points ---- */

static void put_field(const char *text, str *out)
{
    str_puts(out, "\"");
    for (const char *c = text; *c; c++) str_put(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    str_puts(out, "\"");
}

/* Quoted where a reader of CSV wants it. */
static void put_title(const char *before, const char *label, str *out)
{
    if (!strpbrk(label, ",\"\r\n")) {
        str_printf(out, "%s%s", before, label);
        return;
    }
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, label);
    put_field(str_text(&text), out);
    out->failed |= text.failed;
    str_close(&text);
}

static void put_head(const exp_ablation *x, str *out)
{
    str_puts(out, "point,grid");
    for (size_t k = 0; k < x->d.n_factors; k++) {
        str_puts(out, ",");
        put_title("weight:", x->how->spec.factor[k].label, out);
    }
    for (size_t q = 0; q < x->n_measures; q++) {
        if (q == ABLATION_COST && !x->has_cost) continue;
        str_puts(out, ",");
        put_title("mean:", exp_ablation_measure(x, q), out);
    }
    str_puts(out, ",changed,tau_b");
    for (size_t f = 0; f < x->how->n_fronts; f++) {
        str axes = STR_INIT;
        for (size_t k = 0; k < x->how->front[f].n; k++)
            str_printf(&axes, "%s%s", k ? "+" : "", x->how->front[f].axis[k]);
        str_puts(out, ",");
        put_title("front:", str_text(&axes), out);
        out->failed |= axes.failed;
        str_close(&axes);
    }
    str_puts(out, "\n");
}

static void put_line(const exp_ablation *x, const exp_ablated *one, size_t p, str *out)
{
    const ablation_point *at_point = &x->d.point[p];
    put_field(at_point->name, out);
    str_printf(out, ",%d", at_point->is_grid);
    for (size_t k = 0; k < x->d.n_factors; k++) {
        str_puts(out, ",");
        str_number(out, at_point->weight[k]);
    }
    for (size_t q = 0; q < x->n_measures; q++) {
        if (q == ABLATION_COST && !x->has_cost) continue;
        str_puts(out, ",");
        if (!isnan(one->mean[p * x->n_measures + q]))
            str_number(out, one->mean[p * x->n_measures + q]);
    }
    str_puts(out, ",");
    str_number(out, one->changed[p]);
    str_puts(out, ",");
    double tau = exp_ablation_tau(x, one, p);
    if (!isnan(tau)) str_number(out, tau);
}

static pm_status file_name(const exp_ablation *x, const exp_ablated *one, const char **out,
                           pm_err *err)
{
    char name[160], seed[32] = "all";
    if (!x->before[0]) snprintf(seed, sizeof seed, "%llu", (unsigned long long)x->seed);
    snprintf(name, sizeof name, "ablation-%s-%.100s.csv", seed, one->label);
    for (char *c = name; *c; c++)
        if (strchr("/\\ :\"'", *c)) *c = '_';
    *out = io_join(x->r->a, x->r->dir, name);
    return *out ? PM_OK : err_set(err, PM_E_MEMORY, "%s", name);
}

pm_status exp_ablation_csv(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    const char *path = NULL;
    size_t n = x->how->n_fronts;
    front_work *f = arena_alloc(x->r->a, n, sizeof *f);
    pm_status s = f ? file_name(x, one, &path, err) : err_set(err, PM_E_MEMORY, "ablation");
    for (size_t k = 0; k < n && !s; k++) {
        bool is_there;
        f[k] = (front_work){.x = x, .one = one};
        s = make_front(&f[k], &x->how->front[k], &is_there, err);
    }
    if (s) return s;
    str out = STR_INIT;
    put_head(x, &out);
    for (size_t p = 0; p < x->d.n; p++) {
        put_line(x, one, p, &out);
        for (size_t k = 0; k < n; k++) str_printf(&out, ",%d", f[k].on[p] > 0);
        str_puts(&out, "\n");
    }
    s = out.failed ? err_set(err, PM_E_MEMORY, "%s", path) : io_write(path, out.at, out.len, err);
    str_close(&out);
    return s;
}
