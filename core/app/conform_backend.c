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
    if (trial_lacks_model(t, r)) return;
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

enum { PARTS = 3 };

/* out->n_parts says how many parts are asked for; the rest is set here. */
static bool score_with(trial *t, conform_result *r, const backend *b, const pm_prompts *x,
                       pm_measured *out)
{
    pm_err err = PM_ERR_INIT;
    *out = (pm_measured){.size = sizeof *out, .n_parts = out->n_parts};
    if (out->n_parts) out->part = arena_alloc(t->a, x->n, out->n_parts * sizeof *out->part);
    out->value = arena_alloc(t->a, x->n, sizeof *out->value);
    out->cost_usd = arena_alloc(t->a, x->n, sizeof *out->cost_usd);
    out->tokens = arena_alloc(t->a, x->n, sizeof *out->tokens);
    out->chars = arena_alloc(t->a, x->n, sizeof *out->chars);
    if (!out->value || !out->cost_usd || !out->tokens || !out->chars ||
        (out->n_parts && !out->part))
        check_fail(r, "out of memory");
    else if (backend_score(b, t->c, x, out, &err) != PM_OK)
        check_fail_err(r, "score", &err);
    return r->passed;
}

static void scores(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_measured got = {0};
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
    pm_measured got = {0};
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
    pm_measured got = {0};
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
    if (want->n_parts) same_column(r, "part", want->part, got->part, n * want->n_parts);
}

static void batch_of(trial *t, conform_result *r, size_t n_parts)
{
    backend_trial *bt = t->base;
    pm_measured all = {.n_parts = n_parts}, one = {.n_parts = n_parts};
    if (!score_with(t, r, bt->built, &t->data->x, &all)) return;
    for (uint32_t i = 0; i < t->data->x.n && r->passed; i++) {
        pm_prompts *x = toy_rows(t->a, &t->data->x, &i, 1);
        if (!x || !score_with(t, r, bt->built, x, &one)) return;
        pm_measured want = {.size = sizeof want,
                            .kind = all.kind,
                            .value = all.value + i,
                            .cost_usd = all.cost_usd + i,
                            .tokens = all.tokens + i,
                            .chars = all.chars + i,
                            .n_parts = all.n_parts,
                            .part = all.n_parts ? all.part + i * all.n_parts : NULL};
        same_measured(r, &want, &one, 1);
    }
}

static void batch(trial *t, conform_result *r)
{
    batch_of(t, r, 0);
}

/* That parts add up is the guard's; here: asking for them changes nothing, and they follow their text. */
static void parts(trial *t, conform_result *r)
{
    const backend_trial *bt = t->base;
    const size_t n = t->data->x.n;
    pm_measured with = {.n_parts = PARTS}, without = {0};
    size_t known = 0;
    if (!score_with(t, r, bt->built, &t->data->x, &with) ||
        !score_with(t, r, bt->built, &t->data->x, &without))
        return;
    for (size_t c = 0; c < n * PARTS; c++) known += isnan(with.part[c]) == 0;
    same_measured(r, &without, &with, n);
    if (!known)
        check_skip(r, "it gives no parts");
    else
        batch_of(t, r, PARTS);
}

/* ---- backends that are built from text -------------------------------------------------------------------------- */

/* Trained on `text`, it scores the strange texts with finite values, and counts no more code points than there are. */
static void score_strange(trial *t, conform_result *r, const backend *b)
{
    pm_str text[] = {{"", 0},
                     {" \n\t ", 4},
                     {"\xff\xfe broken \xc3", 10},
                     {"a\0b", 3},
                     {"caf\xc3\xa9 \xe2\x82\xac", 9},
                     {NULL, 100000}};
    static const double chars[] = {0, 4, 10, 3, 6, 100000};
    enum { STRANGE = sizeof text / sizeof *text };
    const uint64_t id[STRANGE] = {1, 2, 3, 4, 5, 6};
    const pm_prompts x = {.size = sizeof x, .n = STRANGE, .id = id, .text = text};
    char *longest = arena_alloc(t->a, 100000, 1);
    pm_measured got = {0};
    if (longest) memset(longest, 'x', 100000);
    text[STRANGE - 1].ptr = longest;
    if (!longest)
        check_fail(r, "out of memory");
    else if (!score_with(t, r, b, &x, &got))
        return;
    for (size_t i = 0; i < STRANGE && r->passed; i++) {
        if (isnan(got.value[i]))
            check_fail(r, "strange text %zu has no value", i);
        else if (got.kind == PM_VALUE_LOSS &&
                 !(got.chars[i] < chars[i] + 0.5)) /* masked models score some */
            check_fail(r, "strange text %zu has %g code points, counted were %g", i, chars[i],
                       got.chars[i]);
    }
}

static void strange_texts(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_str *text = arena_alloc(t->a, t->data->x.n, sizeof *text);
    pm_err err = PM_ERR_INIT;
    backend *b = NULL;
    if (bt->recorded) {
        check_skip(r, "it is built from recorded outcomes");
        return;
    }
    score_strange(t, r, bt->built);
    for (size_t i = 0; text && i < t->data->x.n; i += 2) text[i] = t->data->x.text[i];
    const pm_corpus half = {sizeof half, text, t->data->x.n}, one = {sizeof one, text, 1};
    const pm_corpus *corpus[] = {&half, &one};
    for (int k = 0; text && k < 2 && r->passed; k++) { /* every other document is empty; only one */
        backend_spec spec = {t->e, t->params, t->seed};
        pm_backend_fit fit = bt->fit;
        fit.corpus = corpus[k];
        if (backend_train(t->c, &spec, &fit, &b, &err) != PM_OK)
            check_fail_err(r, k ? "train on one document" : "train on empty documents too", &err);
        else
            score_strange(t, r, b);
        backend_close(b);
        b = NULL;
    }
}

static void thread_count(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_err err = PM_ERR_INIT;
    backend *one = NULL;
    call_ctx *two = t->c;
    pm_measured want = {0}, got = {0};
    if (!score_with(t, r, bt->built, &t->data->x, &want)) return;
    t->c = t->c_one;
    if (build(t, &one, &err) != PM_OK)
        check_fail_err(r, "train with one thread", &err);
    else if (score_with(t, r, one, &t->data->x, &got))
        same_measured(r, &want, &got, t->data->x.n);
    t->c = two;
    backend_close(one);
}

static void same_answer(trial *t, conform_result *r)
{
    backend_trial *bt = t->base;
    pm_err err = PM_ERR_INIT;
    backend *again = NULL;
    pm_measured want = {0}, got = {0};
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
    pm_measured want = {0}, got = {0};
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

static void cancel(trial *t, conform_result *r)
{
    check_cancel(t, r, build_and_drop);
}

static void cancel_leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, true);
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
    {"parts", "parts of losses add up, follow their text, and change nothing else", "scores",
     parts},
    {"strange-texts", "empty, blank, broken and long texts are learned from and scored", "scores",
     strange_texts},
    {"same-answer", "built twice, the same bits", "scores", same_answer},
    {"thread-count", "one and two threads give the same bits", "same-answer", thread_count},
    {"save-load", "a loaded instance gives the same bits and saves the same bytes", "scores",
     save_load},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", damaged},
    {"cancel", "canceled at ten progress points, the build ends with PM_E_CANCELED", "trains",
     cancel},
    {"cancel-leaks-nothing", "canceled builds leave no memory behind", "cancel", cancel_leak},
    {"build-leaks-nothing", "finished and closed builds leave no memory behind", "trains", leak},
};

const suite suite_backend = {rows, sizeof rows / sizeof *rows, suite_close};
