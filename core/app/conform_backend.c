/* SPDX-License-Identifier: MIT
 *
 * The suite of backends that score.  Backends that only answer over a network have nothing to build and
 * are skipped: their answers are not ours to repeat.
 */
#include <math.h>

#include "app/conform_trial.h"
#include "plug/backend.h"

/* What is built from: recorded outcomes of one expert, or text. */
static pm_backend_fit fit_of(trial *t, bool recorded)
{
    static const uint32_t col[] = {2};
    const toy *d = t->data;
    pm_backend_fit fit = {.size = sizeof fit, .expert = d->lib.expert[2]};
    if (recorded) {
        fit.x = &d->x;
        fit.y = toy_cells(t->keep, &d->y, d->x.n, col, 1);
    } else {
        pm_corpus *corpus = arena_alloc(t->keep, 1, sizeof *corpus);
        if (corpus) *corpus = (pm_corpus){sizeof *corpus, d->x.text, d->x.n};
        fit.corpus = corpus;
    }
    return fit;
}

typedef struct backend_trial {
    backend *built;
    pm_backend_fit fit;
    bool recorded;
} backend_trial;

static pm_status build(trial *t, backend **out, pm_err *err)
{
    backend_trial *bt = t->base;
    backend_spec spec = {t->e, t->params, t->seed};
    *out = NULL;
    return backend_train(t->c, &spec, &bt->fit, out, err);
}

static void trains(trial *t, conform_result *r)
{
    toy_shape shape = toy_usual(t->seed);
    pm_err err = PM_ERR_INIT;
    shape.observed = 0.8;
    t->data = toy_make(t->keep, &shape);
    backend_trial *bt = arena_alloc(t->keep, 1, sizeof *bt);
    t->base = bt;
    if (!t->data || !bt) {
        check_fail(r, "out of memory");
        return;
    }
    if (!t->e->type.backend->train || !t->e->type.backend->score) {
        check_skip(r, "it cannot be trained and asked to score");
        return;
    }
    for (int k = 0; k < 2 && !bt->built; k++) { /* recorded outcomes, else text */
        bt->recorded = k == 0;
        bt->fit = fit_of(t, bt->recorded);
        if (build(t, &bt->built, &err) == PM_OK) return;
    }
    check_fail_err(r, "train on recorded outcomes, then on text", &err);
}

static bool score_with(trial *t, conform_result *r, const backend *b, const pm_prompts *x,
                       pm_measured *out)
{
    pm_err err = PM_ERR_INIT;
    *out = (pm_measured){.size = sizeof *out};
    out->value = arena_alloc(t->a, x->n, sizeof *out->value);
    out->cost_usd = arena_alloc(t->a, x->n, sizeof *out->cost_usd);
    out->tokens = arena_alloc(t->a, x->n, sizeof *out->tokens);
    out->chars = arena_alloc(t->a, x->n, sizeof *out->chars);
    if (!out->value || !out->cost_usd || !out->tokens || !out->chars)
        check_fail(r, "out of memory");
    else if (backend_score(b, t->c, x, out, &err) != PM_OK)
        check_fail_err(r, "score", &err);
    return r->passed;
}

static void scores(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_measured got;
    if (!score_with(t, r, bt->built, &t->data->x, &got)) return;
    if (got.kind != PM_VALUE_QUALITY && got.kind != PM_VALUE_LOSS)
        check_fail(r, "its kind is neither QUALITY nor LOSS");
    for (size_t i = 0; i < t->data->x.n && r->passed; i++) {
        double v = got.value[i];
        if (isinf(v) || v < 0 || (got.kind == PM_VALUE_QUALITY && v > 1))
            check_fail(r, "prompt %zu has value %g", i, v);
    }
}

/* Bit-equal as the float that was recorded; NaN where nothing was. */
static void replays(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_measured got;
    if (!bt->recorded) {
        check_skip(r, "it is built from text");
        return;
    }
    if (!score_with(t, r, bt->built, &t->data->x, &got)) return;
    if (got.kind != bt->fit.y->kind) check_fail(r, "its kind is not that of the recorded outcomes");
    for (size_t i = 0; i < t->data->x.n && r->passed; i++) {
        float want = pm_crow(bt->fit.y->value, i)[0], have = (float)got.value[i];
        if (isnan(want) ? !isnan(have) : memcmp(&want, &have, sizeof want) != 0)
            check_fail(r, "prompt %zu replays %g, recorded was %g", i, (double)have, (double)want);
    }
}

static void unknown_prompt(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_measured got;
    if (!bt->recorded) {
        check_skip(r, "it is built from text");
        return;
    }
    if (!score_with(t, r, bt->built, &t->data->test_x, &got)) return;
    for (size_t i = 0; i < t->data->test_x.n && r->passed; i++)
        if (!isnan(got.value[i]))
            check_fail(r, "prompt %zu was never recorded, but has value %g", i, got.value[i]);
}

static void same_column(conform_result *r, const char *what, const double *want, const double *got,
                        size_t n)
{
    for (size_t i = 0; i < n && r->passed; i++)
        if (isnan(want[i]) ? !isnan(got[i]) : memcmp(&want[i], &got[i], sizeof *want) != 0)
            check_fail(r, "%s of prompt %zu is %g, expected %g", what, i, got[i], want[i]);
}

static void same_measured(conform_result *r, const pm_measured *want, const pm_measured *got,
                          size_t n)
{
    same_column(r, "value", want->value, got->value, n);
    same_column(r, "cost_usd", want->cost_usd, got->cost_usd, n);
    same_column(r, "tokens", want->tokens, got->tokens, n);
    same_column(r, "chars", want->chars, got->chars, n);
}

static void batch(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_measured all, one;
    if (!score_with(t, r, bt->built, &t->data->x, &all)) return;
    for (uint32_t i = 0; i < t->data->x.n && r->passed; i++) {
        pm_prompts *x = toy_rows(t->a, &t->data->x, &i, 1);
        if (!x || !score_with(t, r, bt->built, x, &one)) return;
        pm_measured want = {.size = sizeof want,
                            .kind = all.kind,
                            .value = all.value + i,
                            .cost_usd = all.cost_usd + i,
                            .tokens = all.tokens + i,
                            .chars = all.chars + i};
        same_measured(r, &want, &one, 1);
    }
}

static void same_answer(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_err err = PM_ERR_INIT;
    backend *again = NULL;
    pm_measured want, got;
    if (build(t, &again, &err) != PM_OK)
        check_fail_err(r, "train again", &err);
    else if (score_with(t, r, bt->built, &t->data->x, &want) &&
             score_with(t, r, again, &t->data->x, &got))
        same_measured(r, &want, &got, t->data->x.n);
    if (again) backend_close(again);
}

static void save_load(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    char *path = trial_path(t, "saved"), *second = trial_path(t, "second");
    pm_err err = PM_ERR_INIT;
    backend *loaded = NULL;
    pm_measured want, got;
    if (backend_save(bt->built, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else if (backend_load(t->c, path, &loaded, &err) != PM_OK)
        check_fail_err(r, "load", &err);
    else if (score_with(t, r, bt->built, &t->data->x, &want) &&
             score_with(t, r, loaded, &t->data->x, &got))
        same_measured(r, &want, &got, t->data->x.n);
    if (r->passed && backend_save(loaded, t->c, second, &err) != PM_OK)
        check_fail_err(r, "save the loaded instance", &err);
    if (r->passed) check_same_file(r, path, second, "first and second checkpoint");
    if (loaded) backend_close(loaded);
}

static pm_status load_and_drop(trial *t, const char *path, pm_err *err)
{
    backend *loaded = NULL;
    pm_status s = backend_load(t->c, path, &loaded, err);
    if (loaded) backend_close(loaded);
    return s;
}

static void damaged(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    char *path = trial_path(t, "whole");
    pm_err err = PM_ERR_INIT;
    if (backend_save(bt->built, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else
        check_damage(t, r, path, load_and_drop);
}

static pm_status build_and_drop(trial *t, pm_err *err)
{
    backend *b = NULL;
    pm_status s = build(t, &b, err);
    if (b) backend_close(b);
    return s;
}

static void leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, false);
}

static void suite_close(trial *t)
{
    backend_trial *bt = t->base;
    if (bt && bt->built) backend_close(bt->built);
}

static const check_row rows[] = {
    {"documented", "doc, source and every parameter row say something", "", check_documented},
    {"trains", "builds from recorded outcomes, or else from text", "", trains},
    {"scores", "values are of the declared kind and in its domain, or NaN", "trains", scores},
    {"replays", "recorded outcomes come back to the bit, NaN where nothing was observed", "scores",
     replays},
    {"unknown-prompt", "a prompt that was not recorded has value NaN", "replays", unknown_prompt},
    {"batch-equals-single", "a batch and its prompts one by one give the same bits", "scores",
     batch},
    {"same-answer", "built twice, the same bits", "scores", same_answer},
    {"save-load", "a loaded instance gives the same bits and saves the same bytes", "scores",
     save_load},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", damaged},
    {"build-leaks-nothing", "finished and closed builds leave no memory behind", "trains", leak},
};

const suite suite_backend = {rows, sizeof rows / sizeof *rows, suite_close};
