/* SPDX-License-Identifier: MIT
 *
 * Finding alpha.
 */
#include "app/calibrate_find.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"

#define GRID            101 /* alphas tried at once under rule cheapest */
#define BOOTSTRAP_CELLS ((size_t)40000000)

pm_status calibrate_target_read(const char *text, calibrate_target *out, pm_err *err)
{
    static const char *const names[] = {"share=", "cost=", "quality="};
    for (size_t k = 0; k < 3; k++) {
        size_t len = strlen(names[k]);
        char *end = NULL;
        if (strncmp(text, names[k], len) != 0) continue;
        out->kind = (target_kind)k;
        out->text = text;
        out->value = strtod(text + len, &end);
        if (!text[len] || *end || !isfinite(out->value))
            return err_set(err, PM_E_ARG, "--target %s: '%s' is not a number", text, text + len);
        if (k == 0 && !(out->value >= 0 && out->value <= 1))
            return err_set(err, PM_E_ARG, "--target %s: a share lies in [0, 1]", text);
        if (k == 1 && out->value < 0)
            return err_set(err, PM_E_ARG, "--target %s: a cost is not negative", text);
        return PM_OK;
    }
    return err_set(
        err, PM_E_ARG,
        "--target %s: want share=F (of strong calls), cost=USD (a prompt, on average) or "
        "quality=Q (mean outcome)",
        text);
}

pm_status calibrate_at(calibrate_work *w, double alpha, threshold **out, pm_err *err)
{
    w->param[w->n_param - 1] =
        (param_value){.name = "alpha", .kind = PARAM_NUMBER, .number = alpha};
    return threshold_open(w->call, w->bundle, w->param, w->n_param, out, err);
}

/* ---- scores -------------------------------------------------------------------------------------------- */

/* From now on the pair is named: prompts and prices may change, who is meant does not. */
static void name_pair(calibrate_work *w)
{
    const pm_library *lib = w->bundle->lib;
    const char *id[] = {lib->expert[w->scores.strong]->id, lib->expert[w->scores.weak]->id};
    w->n_param--;
    for (size_t k = 0; k < 2; k++)
        w->param[w->n_param++] =
            (param_value){.name = k ? "weak" : "strong", .kind = PARAM_TEXT, .text = id[k]};
    w->n_param++;
}

static bool is_needed(const sample_scores *k, size_t j)
{
    return !k->is_pair || j == k->strong || j == k->weak;
}

/* Recorded costs where every expert that matters has them, else what a call is expected to cost. */
static pm_status take_outcomes(calibrate_work *w, pm_err *err)
{
    const pm_library *lib = w->bundle->lib;
    const sample_scores *k = &w->scores;
    w->cost = arena_alloc(w->a, k->m, sizeof *w->cost);
    w->quality = arena_alloc(w->a, k->m, sizeof *w->quality);
    if (!w->cost || !w->quality) return err_set(err, PM_E_MEMORY, "out of memory");
    w->is_cost_recorded = true;
    for (size_t j = 0; j < k->m; j++) {
        w->quality[j] = sample_recorded(&w->sample, lib, j, false, w->a);
        w->cost[j] = sample_recorded(&w->sample, lib, j, true, w->a);
        w->is_cost_recorded &= w->cost[j] || !is_needed(k, j);
    }
    for (size_t j = 0; j < k->m && !w->is_cost_recorded; j++) {
        float usd = w->bundle->cost_mean ? w->bundle->cost_mean[j] : NAN;
        double *each = isfinite(usd) ? arena_alloc(w->a, k->n, sizeof *each) : NULL;
        for (size_t i = 0; each && i < k->n; i++) each[i] = (double)usd;
        w->cost[j] = each;
    }
    return arena_has_refused(w->a) ? err_set(err, PM_E_MEMORY, "out of memory") : PM_OK;
}

pm_status calibrate_score(calibrate_work *w, pm_err *err)
{
    threshold *t = NULL;
    w->param = arena_alloc(w->a, w->n_given + 4, sizeof *w->param);
    if (!w->param) return err_set(err, PM_E_MEMORY, "out of memory");
    if (w->n_given) memcpy(w->param, w->given, w->n_given * sizeof *w->param);
    w->n_param = w->n_given + 1;
    pm_status st = calibrate_at(w, 0, &t, err);
    if (!st) st = sample_pair(t, w->pipeline, &w->sample, w->a, &w->scores, err);
    if (!st && w->scores.is_pair) {
        threshold_close(t);
        t = NULL;
        name_pair(w);
        st = calibrate_at(w, 0, &t, err);
    }
    if (!st) st = sample_score(t, w->pipeline, &w->sample, w->a, &w->scores, err);
    threshold_close(t);
    return st ? st : take_outcomes(w, err);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double *calibrate_sorted(const calibrate_work *w)
{
    double *v = arena_alloc(w->a, w->scores.n, sizeof *v);
    if (!v) return NULL;
    memcpy(v, w->scores.score, w->scores.n * sizeof *v);
    qsort(v, w->scores.n, sizeof *v, ascending);
    return v;
}

/* ---- what alpha gives ------------------------------------------------------------------------------------ */

typedef struct chosen { /* per prompt; rows of one block */
    double *strong, *cost, *quality;
} chosen;

static pm_status decide(calibrate_work *w, double alpha, chosen *out, pm_err *err)
{
    const sample_scores *k = &w->scores;
    threshold *t;
    pipeline_result r;
    pm_status st = calibrate_at(w, alpha, &t, err);
    if (st) return st;
    st = pipeline_decide(threshold_pipeline(t), w->pipeline, &w->sample.x, &k->predicted, &r, err);
    for (size_t i = 0; i < k->n && !st; i++) {
        uint32_t j = r.choice[i];
        out->strong[i] = k->is_pair ? j == k->strong : (double)NAN;
        out->cost[i] = w->cost[j] ? w->cost[j][i] : (double)NAN;
        out->quality[i] = w->quality[j] ? w->quality[j][i] : (double)NAN;
    }
    threshold_close(t);
    return st;
}

static bool room(calibrate_work *w, chosen *c)
{
    c->strong = arena_alloc(w->a, w->scores.n, sizeof *c->strong);
    c->cost = arena_alloc(w->a, w->scores.n, sizeof *c->cost);
    c->quality = arena_alloc(w->a, w->scores.n, sizeof *c->quality);
    return c->strong && c->cost && c->quality;
}

static double mean(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += v[i];
    return sum / (double)n;
}

static calibrate_mean measure(const bootstrap *b, const compute *c, const double *v, size_t n)
{
    calibrate_mean m = {mean(v, n), (double)NAN, (double)NAN};
    if (isfinite(m.at)) bootstrap_mean(b, c, v, &m.lo, &m.hi);
    return m;
}

pm_status calibrate_measure(calibrate_work *w, double alpha, calibrate_met *out, pm_err *err)
{
    size_t n = w->scores.n, most = BOOTSTRAP_CELLS / n;
    chosen c;
    bootstrap *b;
    bootstrap_spec spec = BOOTSTRAP_DEFAULT;
    if (most < spec.resamples) spec.resamples = most < 200 ? 200 : most;
    *out = (calibrate_met){.alpha = alpha};
    if (!room(w, &c)) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
    pm_status st = decide(w, alpha, &c, err);
    if (!st) st = bootstrap_draw(&spec, w->compute, NULL, n, w->a, &b, err);
    if (st) return st;
    out->share = measure(b, w->compute, c.strong, n);
    out->cost = measure(b, w->compute, c.cost, n);
    out->quality = measure(b, w->compute, c.quality, n);
    float lowest = INFINITY;
    for (size_t i = 0; i < n; i++) {
        float score = (float)w->scores.score[i];
        out->n_strong += c.strong[i] > 0;
        if (score >= (float)alpha && score < lowest) lowest = score;
    }
    for (size_t i = 0; i < n; i++) out->n_tied += (float)w->scores.score[i] == lowest;
    return PM_OK;
}

/* ---- targets ------------------------------------------------------------------------------------------------ */

/* Only prompts of which the outcomes that matter are known. */
static pm_status keep_known(calibrate_work *w, bool quality, pm_err *err)
{
    size_t n = w->scores.n, kept = 0;
    uint32_t *row = arena_alloc(w->a, n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        bool known = true;
        for (size_t j = 0; j < w->scores.m; j++) {
            const double *v = quality ? w->quality[j] : w->cost[j];
            if (is_needed(&w->scores, j) && v) known &= isfinite(v[i]) != 0;
        }
        if (known) row[kept++] = (uint32_t)i;
    }
    if (kept == n) return PM_OK;
    if (kept == 0)
        return err_set(err, PM_E_ARG, "%s: no prompt has outcomes of the experts that matter",
                       w->sample.path);
    pm_status st = sample_select(&w->sample, &w->scores, row, kept, w->a, err);
    return st ? st : take_outcomes(w, err);
}

static pm_status pair_steps(calibrate_work *w, calibrate_step **s, size_t *n, pm_err *err)
{
    const sample_scores *k = &w->scores;
    calibrate_pair p = {k->n,
                        k->score,
                        w->cost[k->strong],
                        w->cost[k->weak],
                        w->quality[k->strong],
                        w->quality[k->weak]};
    return calibrate_steps(&p, w->a, s, n, err);
}

/* Where costs are not known: which way alpha makes decisions dearer. */
static pm_status is_dearer_below(calibrate_work *w, bool *out, pm_err *err)
{
    threshold *t;
    pm_status st = calibrate_at(w, 0, &t, err);
    if (st) return st;
    *out = strstr(threshold_params(t), "\"clears\":\"unbeaten\"") != NULL;
    threshold_close(t);
    return PM_OK;
}

/* Falling alphas from hi to lo; `share` stands for what cannot be priced. */
static pm_status grid_steps(calibrate_work *w, double lo, double hi, calibrate_step *s, pm_err *err)
{
    chosen c;
    bool below = false;
    if (!room(w, &c)) return err_set(err, PM_E_MEMORY, "%zu prompts", w->scores.n);
    pm_status first = is_dearer_below(w, &below, err);
    if (first) return first;
    for (size_t g = 0; g < GRID; g++) {
        s[g].alpha = round((hi - (hi - lo) * (double)g / (GRID - 1)) * 1e5) / 1e5;
        pm_status st = decide(w, s[g].alpha, &c, err);
        if (st) return st;
        s[g].share = below ? 1 - s[g].alpha : s[g].alpha;
        s[g].cost = mean(c.cost, w->scores.n);
        s[g].quality = mean(c.quality, w->scores.n);
    }
    return PM_OK;
}

static pm_status pick(const calibrate_work *w, const calibrate_target *t, const calibrate_step *s,
                      size_t n, size_t *at, pm_err *err)
{
    bool is_loss = w->sample.has_outcomes && w->sample.data.kind == PM_VALUE_LOSS;
    if (t->kind == TARGET_COST) return calibrate_cost(s, n, t->value, at, err);
    return calibrate_quality(s, n, is_loss ? -t->value : t->value, at, err);
}

static pm_status find_many(calibrate_work *w, const calibrate_target *t, double *alpha, pm_err *err)
{
    calibrate_step s[GRID];
    size_t at;
    pm_status st = grid_steps(w, 0, 1, s, err);
    if (!st) st = pick(w, t, s, GRID, &at, err);
    if (st) return st;
    double near = 1.0 / (GRID - 1); /* again, between the neighbours of what was picked */
    st = grid_steps(w, fmax(0, s[at].alpha - near), fmin(1, s[at].alpha + near), s, err);
    if (!st) st = pick(w, t, s, GRID, &at, err);
    *alpha = st ? 0 : s[at].alpha;
    return st;
}

pm_status calibrate_find(calibrate_work *w, const calibrate_target *t, double *alpha, pm_err *err)
{
    if (t->kind == TARGET_SHARE) {
        double *v = calibrate_sorted(w);
        if (!v) return err_set(err, PM_E_MEMORY, "%zu prompts", w->scores.n);
        if (!w->scores.is_pair)
            return err_set(
                err, PM_E_ARG,
                "--target %s is of a pair; rule \"cheapest\" takes cost=USD or quality=Q", t->text);
        *alpha = calibrate_share(v, w->scores.n, t->value);
        *alpha = calibrate_plain(v, w->scores.n, *alpha);
        if (*alpha >= 0 && *alpha <= 1) return PM_OK;
        return err_set(err, PM_E_INFEASIBLE,
                       "--target %s needs alpha = %.5f: soft constraints move scores out of [0, 1]",
                       t->text, *alpha);
    }
    pm_status st = keep_known(w, t->kind == TARGET_QUALITY, err);
    if (st) return st;
    if (!w->scores.is_pair) return find_many(w, t, alpha, err);
    calibrate_step *s;
    size_t n, at;
    st = pair_steps(w, &s, &n, err);
    if (!st) st = pick(w, t, s, n, &at, err);
    if (!st) *alpha = calibrate_plain(w->scores.score, w->scores.n, s[at].alpha);
    return st;
}
