/* SPDX-License-Identifier: MIT
 *
 * Points one after another into a list that keeps each once (a hash of its weights finds it again).
 */
#include "eval/ablation_design.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/ablation_fraction.h"

#define NONE UINT32_MAX

typedef struct design_work {
    const ablation_spec *s;
    ablation_design *out;
    arena *a;
    uint32_t *slot; /* [n_slots] point + 1, or 0 */
    size_t n_slots;
    double *w; /* [n] the point at hand */
    pm_err *err;
} design_work;

/* ---- the list ---- */

static size_t hash_of(const double *w, size_t n)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a over the bytes of the weights */
    const unsigned char *byte = (const unsigned char *)w;
    for (size_t b = 0; b < n * sizeof *w; b++) h = (h ^ byte[b]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static const char *weights_text(const design_work *d)
{
    str text = STR_INIT;
    for (size_t k = 0; k < d->s->n; k++) {
        const ablation_factor *f = &d->s->factor[k];
        str_printf(&text, "%s%s", k ? ", " : "", f->label);
        if (f->is_switch) {
            str_puts(&text, d->w[k] > 0 ? " on" : " off");
            continue;
        }
        str_printf(&text, "=%.6g", d->w[k]);
    }
    const char *kept = text.failed ? NULL : arena_strdup(d->a, str_text(&text));
    str_close(&text);
    return kept;
}

/* The point with weights d->w, new if it is not there; `name` NULL: its weights. */
static pm_status put(design_work *d, const char *name, bool is_grid, uint32_t *at)
{
    ablation_design *o = d->out;
    size_t n = d->s->n, slot;
    for (size_t k = 0; k < n; k++) d->w[k] += 0.0; /* -0 is 0 */
    for (slot = hash_of(d->w, n) % d->n_slots; d->slot[slot]; slot = (slot + 1) % d->n_slots) {
        ablation_point *p = &o->point[d->slot[slot] - 1];
        if (memcmp(p->weight, d->w, n * sizeof *d->w) != 0) continue;
        p->is_grid |= is_grid;
        if (at) *at = d->slot[slot] - 1;
        return PM_OK;
    }
    if (o->n == ABLATION_POINTS_MOST)
        return err_set(d->err, PM_E_ARG, "the ablation's design has more than %d points",
                       ABLATION_POINTS_MOST);
    double *w = arena_alloc(d->a, n, sizeof *w);
    const char *kept = name ? name : weights_text(d);
    if (!w || !kept) return err_set(d->err, PM_E_MEMORY, "points of an ablation");
    memcpy(w, d->w, n * sizeof *w);
    o->point[o->n] = (ablation_point){kept, w, is_grid};
    if (at) *at = (uint32_t)o->n;
    d->slot[slot] = (uint32_t)++o->n;
    return PM_OK;
}

/* Tells of a point by that name, unless it is told of already. */
static void tell(design_work *d, const char *name, uint32_t point)
{
    d->out->named[d->out->n_named++] = (ablation_named){name, point};
}

static bool is_told(const design_work *d, const char *name)
{
    for (size_t k = 0; k < d->out->n_named; k++)
        if (strcmp(d->out->named[k].name, name) == 0) return true;
    return false;
}

static bool is_told_alone(const design_work *d, uint32_t point)
{
    for (size_t k = 0; k < d->out->n_named; k++)
        if (d->out->named[k].point == point && strncmp(d->out->named[k].name, "only ", 5) == 0)
            return true;
    return false;
}

static void set_subset(design_work *d, const bool *in)
{
    for (size_t k = 0; k < d->s->n; k++) d->w[k] = in[k] ? d->s->factor[k].nominal : 0;
}

static const char *label_text(const design_work *d, const char *before, const char *label,
                              const char *between, const char *second)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s%s%s", before, label, between, second);
    const char *kept = text.failed ? NULL : arena_strdup(d->a, str_text(&text));
    str_close(&text);
    return kept;
}

/* ---- around w* ---- */

static pm_status put_corners(design_work *d)
{
    uint32_t nominal, none;
    for (size_t k = 0; k < d->s->n; k++) d->w[k] = d->s->factor[k].nominal;
    pm_status s = put(d, "nominal", false, &nominal);
    memset(d->w, 0, d->s->n * sizeof *d->w);
    if (!s) s = put(d, "none", false, &none);
    if (s) return s;
    d->out->none = none;
    tell(d, "nominal", nominal);
    tell(d, "none", none);
    return PM_OK;
}

static pm_status put_without(design_work *d, size_t k, size_t l, uint32_t *at)
{
    const ablation_factor *f = d->s->factor;
    for (size_t i = 0; i < d->s->n; i++) d->w[i] = i == k || i == l ? 0 : f[i].nominal;
    const char *name =
        label_text(d, "without ", f[k].label, k == l ? "" : " and ", k == l ? "" : f[l].label);
    if (!name) return err_set(d->err, PM_E_MEMORY, "points of an ablation");
    pm_status s = put(d, name, false, at);
    if (!s && k == l) tell(d, name, *at);
    return s;
}

static pm_status put_left_out(design_work *d)
{
    size_t n = d->s->n;
    pm_status s = PM_OK;
    for (size_t k = 0; k < n && !s; k++) {
        if (d->s->leave_one_out || d->s->pairs) s = put_without(d, k, k, &d->out->without[k]);
        for (size_t l = 0; l < k && d->s->pairs && !s; l++) {
            s = put_without(d, l, k, &d->out->without_two[k * n + l]);
            d->out->without_two[l * n + k] = d->out->without_two[k * n + l];
        }
    }
    return s;
}

static size_t levels_of(const ablation_factor *f)
{
    return f->level && !f->is_switch ? f->n_levels : 2;
}

static double level_of(const ablation_factor *f, size_t l)
{
    return f->level && !f->is_switch ? f->level[l] : l ? f->nominal : 0;
}

/* Levels that six digits do not tell apart are written in full. */
static const char *alone_text(const design_work *d, const ablation_factor *f, double level)
{
    const char *name = NULL;
    for (int digits = 6; digits <= 17 && !name; digits += 11) {
        str text = STR_INIT;
        str_printf(&text, "only %s", f->label);
        if (!f->is_switch) str_printf(&text, "=%.*g", digits, level);
        if (digits == 17 || !is_told(d, str_text(&text)))
            name = text.failed ? NULL : arena_strdup(d->a, str_text(&text));
        str_close(&text);
    }
    return name;
}

static pm_status put_level(design_work *d, size_t k, double level)
{
    uint32_t at;
    memset(d->w, 0, d->s->n * sizeof *d->w);
    d->w[k] = level;
    const char *name = alone_text(d, &d->s->factor[k], level);
    pm_status s = name ? put(d, name, false, &at) : err_set(d->err, PM_E_MEMORY, "points");
    if (!s && at != d->out->none && !is_told_alone(d, at)) tell(d, name, at);
    return s;
}

static pm_status put_alone(design_work *d)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < d->s->n && !s; k++)
        for (size_t l = 0; l < levels_of(&d->s->factor[k]) && !s; l++)
            s = put_level(d, k, level_of(&d->s->factor[k], l));
    return s;
}

/* ---- subsets, for Shapley values ---- */

static const char *subset_text(const design_work *d, const bool *in)
{
    str text = STR_INIT;
    bool first = true;
    for (size_t k = 0; k < d->s->n; k++) {
        if (!in[k]) continue;
        str_printf(&text, "%s%s", first ? "only " : ", ", d->s->factor[k].label);
        first = false;
    }
    const char *kept = text.failed ? NULL : arena_strdup(d->a, str_text(&text));
    str_close(&text);
    return kept;
}

static pm_status put_subset(design_work *d, const bool *in, uint32_t *at)
{
    set_subset(d, in);
    const char *name = subset_text(d, in);
    return name ? put(d, name, false, at) : err_set(d->err, PM_E_MEMORY, "points of an ablation");
}

static pm_status put_all_subsets(design_work *d)
{
    size_t n = d->s->n, all = (size_t)1 << n;
    bool in[ABLATION_SUBSETS_MOST];
    d->out->subset = arena_alloc(d->a, all, sizeof *d->out->subset);
    if (!d->out->subset) return err_set(d->err, PM_E_MEMORY, "subsets of %zu constraints", n);
    pm_status s = PM_OK;
    for (size_t set = 0; set < all && !s; set++) {
        for (size_t k = 0; k < n; k++) in[k] = set >> k & 1;
        s = put_subset(d, in, &d->out->subset[set]);
    }
    for (size_t k = 0; k < n && !s; k++) {
        uint32_t at = d->out->subset[(size_t)1 << k];
        if (at == d->out->none || is_told_alone(d, at)) continue;
        const char *name = label_text(d, "only ", d->s->factor[k].label, "", "");
        if (!name) return err_set(d->err, PM_E_MEMORY, "points of an ablation");
        tell(d, name, at);
    }
    return s;
}

static pm_status put_orders(design_work *d)
{
    size_t n = d->s->n, m = d->s->permutations;
    if (m == 0)
        return err_set(d->err, PM_E_ARG,
                       "permutations = 0: Shapley values of %zu constraints are sampled; want at "
                       "least 1",
                       n);
    ablation_design *o = d->out;
    uint64_t seed = rng_derive(d->s->seed, "ablation orders");
    bool *in = arena_alloc(d->a, n, sizeof *in);
    o->order = arena_alloc(d->a, m, n * sizeof *o->order);
    o->joined = arena_alloc(d->a, m, (n + 1) * sizeof *o->joined);
    if (!in || !o->order || !o->joined) return err_set(d->err, PM_E_MEMORY, "%zu orders", m);
    pm_status s = PM_OK;
    for (size_t r = 0; r < m && !s; r++) {
        uint32_t *order = o->order + r * n, *joined = o->joined + r * (n + 1);
        for (size_t k = 0; k < n; k++) order[k] = (uint32_t)k;
        if (r % 2 == 0) rng_shuffle(seed, (uint32_t)(r / 2), order, n);
        for (size_t k = 0; r % 2 && k < n; k++) /* antithetic: the order before, backwards */
            order[k] = o->order[(r - 1) * n + n - 1 - k];
        memset(in, 0, n * sizeof *in);
        joined[0] = (uint32_t)o->none;
        for (size_t k = 0; k < n && !s; k++) {
            in[order[k]] = true;
            s = put_subset(d, in, &joined[k + 1]);
        }
    }
    o->n_orders = m;
    return s;
}

/* ---- the grid ---- */

static pm_status put_full(design_work *d)
{
    size_t all = 1;
    for (size_t k = 0; k < d->s->n; k++) {
        all *= levels_of(&d->s->factor[k]);
        if (all > ABLATION_POINTS_MOST)
            return err_set(d->err, PM_E_ARG,
                           "the full grid of levels has more than %d points; want fewer levels, "
                           "or design = \"fractional\", \"random\" or \"latin_hypercube\"",
                           ABLATION_POINTS_MOST);
    }
    pm_status s = PM_OK;
    for (size_t p = 0; p < all && !s; p++) {
        size_t left = p;
        for (size_t k = d->s->n; k-- > 0;) {
            size_t levels = levels_of(&d->s->factor[k]);
            d->w[k] = level_of(&d->s->factor[k], left % levels);
            left /= levels;
        }
        s = put(d, NULL, true, NULL);
    }
    return s;
}

static pm_status put_fraction(design_work *d)
{
    ablation_fraction f;
    pm_status s = ablation_fraction_make(d->s->n, d->s->resolution, &f, d->err);
    const char *label[FRACTION_FACTORS];
    for (size_t k = 0; k < d->s->n && !s; k++) label[k] = d->s->factor[k].label;
    for (uint32_t r = 0; !s && r < 1u << f.base; r++) {
        uint32_t high = ablation_fraction_run(&f, r);
        for (size_t k = 0; k < d->s->n; k++) {
            const ablation_factor *one = &d->s->factor[k];
            double low = one->is_switch ? 0 : one->low, top = one->is_switch ? 1 : one->high;
            d->w[k] = high >> k & 1 ? top : low;
        }
        s = put(d, NULL, true, NULL);
    }
    if (s) return s;
    str text = STR_INIT;
    ablation_fraction_note(&f, label, &text);
    d->out->note = text.failed ? NULL : arena_strdup(d->a, str_text(&text));
    str_close(&text);
    return d->out->note ? PM_OK : err_set(d->err, PM_E_MEMORY, "fractional design");
}

static double in_range(const ablation_factor *f, double u)
{
    if (!f->is_log) return f->low + u * (f->high - f->low);
    return exp(log(f->low) + u * (log(f->high) - log(f->low)));
}

static pm_status put_drawn(design_work *d)
{
    size_t n = d->s->n, points = d->s->points;
    bool latin = d->s->grid == ABLATION_LATIN;
    uint64_t seed = rng_derive(d->s->seed, latin ? "ablation latin" : "ablation random");
    uint32_t *slice = arena_alloc(d->a, points, n * sizeof *slice);
    if (!slice) return err_set(d->err, PM_E_MEMORY, "%zu points", points);
    for (size_t k = 0; k < n; k++) {
        for (size_t p = 0; p < points; p++) slice[k * points + p] = (uint32_t)p;
        rng_shuffle(seed, (uint32_t)(2 * k), slice + k * points, points);
    }
    pm_status s = PM_OK;
    for (size_t p = 0; p < points && !s; p++) {
        for (size_t k = 0; k < n; k++) {
            const ablation_factor *f = &d->s->factor[k];
            double u = rng_uniform(seed, (uint32_t)(2 * k + 1), p);
            if (latin) u = ((double)slice[k * points + p] + u) / (double)points;
            d->w[k] = f->is_switch ? 1 : in_range(f, u);
        }
        s = put(d, NULL, true, NULL);
    }
    return s;
}

static pm_status put_grid(design_work *d)
{
    switch (d->s->grid) {
    case ABLATION_FULL:
        return put_full(d);
    case ABLATION_FRACTIONAL:
        return put_fraction(d);
    case ABLATION_RANDOM:
    case ABLATION_LATIN:
        return put_drawn(d);
    case ABLATION_NO_GRID:
        break;
    }
    return PM_OK;
}

/* ---- the whole ---- */

static pm_status check_factor(const ablation_spec *s, const ablation_factor *f, pm_err *err)
{
    bool drawn = s->grid == ABLATION_RANDOM || s->grid == ABLATION_LATIN;
    if (!isfinite(f->nominal))
        return err_set(err, PM_E_ARG, "weight of \"%s\" is %g; want a finite number", f->label,
                       f->nominal);
    if (f->level && f->n_levels == 0)
        return err_set(err, PM_E_ARG, "levels of \"%s\": none; want at least one", f->label);
    for (size_t l = 0; f->level && l < f->n_levels; l++)
        if (!isfinite(f->level[l]))
            return err_set(err, PM_E_ARG, "levels of \"%s\": %g; want finite numbers", f->label,
                           f->level[l]);
    if (f->is_switch || (!drawn && s->grid != ABLATION_FRACTIONAL)) return PM_OK;
    if (!isfinite(f->low) || !isfinite(f->high) || f->low > f->high)
        return err_set(err, PM_E_ARG, "range of \"%s\" = {%g, %g}; want a low end and a high one",
                       f->label, f->low, f->high);
    if (f->is_log && f->low <= 0)
        return err_set(err, PM_E_ARG,
                       "range of \"%s\" = {%g, %g} on a logarithmic scale; want it above 0",
                       f->label, f->low, f->high);
    return PM_OK;
}

static pm_status check(const ablation_spec *s, pm_err *err)
{
    bool drawn = s->grid == ABLATION_RANDOM || s->grid == ABLATION_LATIN;
    if (s->n == 0)
        return err_set(err, PM_E_ARG, "an ablation without constraints; want at least one");
    if (drawn && (s->points == 0 || s->points > ABLATION_POINTS_MOST))
        return err_set(err, PM_E_ARG, "points = %zu; want 1 to %d", s->points,
                       ABLATION_POINTS_MOST);
    pm_status status = PM_OK;
    for (size_t k = 0; k < s->n && !status; k++) status = check_factor(s, &s->factor[k], err);
    return status;
}

static bool make_room(design_work *d)
{
    ablation_design *o = d->out;
    size_t n = d->s->n, told = 2 + 2 * n; /* corners, all but one, subsets of one; levels */
    for (size_t k = 0; k < n; k++) told += levels_of(&d->s->factor[k]);
    o->named = arena_alloc(d->a, told, sizeof *o->named);
    d->n_slots = 2 * ABLATION_POINTS_MOST + 1;
    d->slot = arena_alloc(d->a, d->n_slots, sizeof *d->slot);
    d->w = arena_alloc(d->a, n, sizeof *d->w);
    o->point = arena_alloc(d->a, ABLATION_POINTS_MOST, sizeof *o->point);
    o->without = arena_alloc(d->a, n, sizeof *o->without);
    o->without_two = arena_alloc(d->a, n, n * sizeof *o->without_two);
    if (!d->slot || !d->w || !o->point || !o->without || !o->without_two || !o->named) return false;
    for (size_t k = 0; k < n; k++) o->without[k] = NONE;
    for (size_t k = 0; k < n * n; k++) o->without_two[k] = NONE;
    return true;
}

pm_status ablation_design_make(const ablation_spec *s, arena *a, ablation_design *out, pm_err *err)
{
    *out = (ablation_design){.n_factors = s->n, .note = ""};
    design_work d = {.s = s, .out = out, .a = a, .err = err};
    pm_status status = check(s, err);
    if (!status && !make_room(&d)) status = err_set(err, PM_E_MEMORY, "points of an ablation");
    if (!status) status = put_corners(&d);
    if (!status) status = put_left_out(&d);
    if (!status && s->one_at_a_time) status = put_alone(&d);
    if (!status && s->subsets)
        status = s->n <= ABLATION_SUBSETS_MOST ? put_all_subsets(&d) : put_orders(&d);
    return status ? status : put_grid(&d);
}
