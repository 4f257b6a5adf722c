/* SPDX-License-Identifier: MIT
 *
 * The suite of embedders.
 */
#include <math.h>

#include "app/conform_trial.h"
#include "plug/embedder.h"

enum { LONG_TEXT = 100 * 1024, WITH_ODD = 5 };

static pm_status build_with(trial *t, call_ctx *c, uint64_t seed, embedder **out, pm_err *err)
{
    embedder_spec spec = {t->e, t->params, seed};
    *out = NULL;
    return embedder_train(c, &spec, &t->data->x, out, err);
}

static void trains(trial *t, conform_result *r)
{
    toy_shape shape = toy_usual(t->seed);
    pm_err err = PM_ERR_INIT;
    embedder *e = NULL;
    if (trial_lacks_model(t, r)) return;
    t->data = toy_make(t->keep, &shape);
    if (!t->data)
        check_fail(r, "out of memory");
    else if (build_with(t, t->c, t->seed, &e, &err) != PM_OK)
        check_fail_err(r, "train", &err);
    else if (!embedder_dim(e))
        check_fail(r, "dim is 0");
    t->base = e;
}

/* Test texts, then an empty one, a blank one, bytes that are no UTF-8, 100 kB, and one NUL byte. */
static pm_str *texts_of(trial *t, size_t *n)
{
    const pm_prompts *x = &t->data->test_x;
    pm_str *text = arena_alloc(t->a, x->n + WITH_ODD, sizeof *text);
    char *big = arena_alloc(t->a, LONG_TEXT, 1);
    if (!text || !big) return NULL;
    memcpy(text, x->text, x->n * sizeof *text);
    for (size_t i = 0; i < LONG_TEXT; i++) big[i] = "prove the theorem \xc3\xa9 "[i % 21];
    *n = x->n + WITH_ODD;
    text[x->n] = (pm_str){"", 0};
    text[x->n + 1] = (pm_str){" \n\t ", 4};
    text[x->n + 2] = (pm_str){"\xff\xfe prove \xc3", 10};
    text[x->n + 3] = (pm_str){big, LONG_TEXT};
    text[x->n + 4] = (pm_str){"\0", 1};
    return text;
}

static bool embed_with(trial *t, conform_result *r, const embedder *e, const pm_str *text,
                       pm_mat *out)
{
    pm_err err = PM_ERR_INIT;
    out->at = trial_mat(t, out->rows, embedder_dim(e)).at;
    out->cols = out->ld = embedder_dim(e);
    if (!out->at)
        check_fail(r, "out of memory");
    else if (embedder_embed(e, t->c, text, out->rows, *out, &err) != PM_OK)
        check_fail_err(r, "embed", &err);
    return r->passed;
}

/* Embeds all texts with e. */
static bool embed_all(trial *t, conform_result *r, const embedder *e, pm_mat *out)
{
    size_t n = 0;
    pm_str *text = texts_of(t, &n);
    if (!text) check_fail(r, "out of memory");
    *out = (pm_mat){NULL, n, 0, 0};
    return text && embed_with(t, r, e, text, out);
}

static void embeds(trial *t, conform_result *r)
{
    pm_mat v;
    if (!embed_all(t, r, t->base, &v)) return;
    for (size_t c = 0; c < v.rows * v.cols; c++)
        if (!isfinite(v.at[c]))
            check_fail(r, "text %zu, column %zu is %g", c / v.cols, c % v.cols, (double)v.at[c]);
}

static void batch(trial *t, conform_result *r)
{
    size_t n = 0;
    pm_str *text = texts_of(t, &n);
    pm_mat all, one;
    if (!embed_all(t, r, t->base, &all)) return;
    for (uint32_t i = 0; i < n && r->passed; i++) {
        same_spec same = {&i, NULL, 0, "one text alone"};
        one = (pm_mat){NULL, 1, 0, 0};
        if (embed_with(t, r, t->base, &text[i], &one)) check_same(r, all, one, &same);
    }
}

static void row_order(trial *t, conform_result *r)
{
    size_t n = 0;
    pm_str *text = texts_of(t, &n), *other = arena_alloc(t->a, n, sizeof *other);
    uint32_t *row = toy_order(t->a, t->seed, n);
    same_spec same = {row, NULL, 0, "texts in another order"};
    pm_mat want, got = {NULL, n, 0, 0};
    if (!text || !other || !row) {
        check_fail(r, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++) other[i] = text[row[i]];
    if (embed_all(t, r, t->base, &want) && embed_with(t, r, t->base, other, &got))
        check_same(r, want, got, &same);
}

static void same_as_first(trial *t, conform_result *r, const embedder *e, const char *what)
{
    same_spec same = {NULL, NULL, 0, what};
    pm_mat want, got;
    if (embedder_dim(e) != embedder_dim(t->base))
        check_fail(r, "%s: dim is %zu, expected %zu", what, embedder_dim(e), embedder_dim(t->base));
    else if (embed_all(t, r, t->base, &want) && embed_all(t, r, e, &got))
        check_same(r, want, got, &same);
}

static void same_seed(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    embedder *other = NULL, *again = NULL;
    if (build_with(t, t->c, t->seed + 1, &other, &err) != PM_OK ||
        build_with(t, t->c, t->seed, &again, &err) != PM_OK)
        check_fail_err(r, "train", &err);
    else
        same_as_first(t, r, again, "built again with the same seed");
    embedder_close(other);
    embedder_close(again);
}

static void thread_count(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    embedder *one = NULL;
    if (build_with(t, t->c_one, t->seed, &one, &err) != PM_OK)
        check_fail_err(r, "train with one thread", &err);
    else
        same_as_first(t, r, one, "built with one thread instead of two");
    embedder_close(one);
}

/* Another instance, trained on other texts, changes nothing in the first. */
static void independent(trial *t, conform_result *r)
{
    embedder_spec spec = {t->e, t->params, t->seed};
    pm_err err = PM_ERR_INIT;
    embedder *other = NULL;
    same_spec same = {NULL, NULL, 0, "after another instance was built and used"};
    pm_mat want, mine, got;
    if (!embed_all(t, r, t->base, &want)) return;
    if (embedder_train(t->c, &spec, &t->data->tune_x, &other, &err) != PM_OK)
        check_fail_err(r, "train on other texts", &err);
    else if (embed_all(t, r, other, &mine) && embed_all(t, r, t->base, &got))
        check_same(r, want, got, &same);
    embedder_close(other);
}

static void save_load(trial *t, conform_result *r)
{
    char *path = trial_path(t, "saved"), *second = trial_path(t, "second");
    pm_err err = PM_ERR_INIT;
    embedder *loaded = NULL;
    if (embedder_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else if (embedder_load(t->c, path, &loaded, &err) != PM_OK)
        check_fail_err(r, "load", &err);
    else
        same_as_first(t, r, loaded, "loaded instance");
    if (r->passed && embedder_save(loaded, t->c, second, &err) != PM_OK)
        check_fail_err(r, "save the loaded instance", &err);
    if (r->passed) check_same_file(r, path, second, "first and second checkpoint");
    embedder_close(loaded);
}

static pm_status load_and_drop(trial *t, const char *path, pm_err *err)
{
    embedder *loaded = NULL;
    pm_status s = embedder_load(t->c, path, &loaded, err);
    embedder_close(loaded);
    return s;
}

static void damaged(trial *t, conform_result *r)
{
    char *path = trial_path(t, "whole");
    pm_err err = PM_ERR_INIT;
    if (embedder_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else
        check_damage(t, r, path, load_and_drop);
}

/* ---- sparse features ---------------------------------------------------------------------------------- */

static bool sparse_of(trial *t, conform_result *r, const pm_str *text, size_t n, pm_csr *out)
{
    pm_err err = PM_ERR_INIT;
    if (embedder_sparse(t->base, t->c, text, n, t->a, out, &err) != PM_OK)
        check_fail_err(r, "sparse", &err);
    return r->passed;
}

static void sparse_row_is_sane(conform_result *r, const pm_csr *s, size_t i)
{
    for (uint64_t p = s->start[i]; p < s->start[i + 1]; p++) {
        if (s->col[p] >= s->cols || (p > s->start[i] && s->col[p] <= s->col[p - 1]))
            check_fail(r, "text %zu: columns are not ascending below %zu", i, s->cols);
        if (!isfinite(s->val[p])) check_fail(r, "text %zu: a value is not finite", i);
    }
}

static void sparse(trial *t, conform_result *r)
{
    size_t n = 0;
    pm_str *text = texts_of(t, &n);
    pm_csr all, one;
    if (!embedder_sparse_dim(t->base)) {
        check_skip(r, "sparse features are not offered");
        return;
    }
    if (!text || !sparse_of(t, r, text, n, &all)) return;
    if (all.rows != n || all.cols != embedder_sparse_dim(t->base))
        check_fail(r, "shape is %zu x %zu, expected %zu x %zu", all.rows, all.cols, n,
                   embedder_sparse_dim(t->base));
    for (size_t i = 0; i < n && r->passed; i++) {
        sparse_row_is_sane(r, &all, i);
        if (!r->passed || !sparse_of(t, r, &text[i], 1, &one)) return;
        size_t nnz = (size_t)(one.start[1] - one.start[0]);
        if (nnz != all.start[i + 1] - all.start[i] ||
            (nnz &&
             (memcmp(one.col + one.start[0], all.col + all.start[i], nnz * sizeof *one.col) ||
              memcmp(one.val + one.start[0], all.val + all.start[i], nnz * sizeof *one.val))))
            check_fail(r, "text %zu alone and in a batch differ", i);
    }
}

/* ---- threads and edges ---------------------------------------------------------------------------------- */

typedef struct choir { /* two threads that embed the same texts */
    const embedder *e;
    const pm_str *text;
    pm_mat want, got[2];
    conform_result seen[2];
} choir;

static pm_status choir_embeds(void *arg, call_ctx *c, int worker, size_t i)
{
    choir *k = arg;
    conform_result *seen = &k->seen[worker];
    same_spec same = {NULL, NULL, 0, "two threads at once"};
    pm_err err = PM_ERR_INIT;
    (void)i;
    if (embedder_embed(k->e, c, k->text, k->want.rows, k->got[worker], &err) != PM_OK)
        check_fail_err(seen, "embed on two threads at once", &err);
    else
        check_same(seen, k->want, k->got[worker], &same);
    return seen->passed ? PM_OK : PM_E_CONTRACT;
}

static void concurrent(trial *t, conform_result *r)
{
    size_t n = t->data->test_x.n;
    choir k = {.e = t->base, .text = t->data->test_x.text, .want = {NULL, n, 0, 0}};
    at_once job = {choir_embeds, &k, 200};
    pm_err err = PM_ERR_INIT;
    k.seen[0].passed = k.seen[1].passed = true;
    if (!embed_with(t, r, k.e, k.text, &k.want)) return;
    for (int w = 0; w < 2; w++) {
        k.got[w] = trial_mat(t, n, k.want.cols);
        if (!k.got[w].at) check_fail(r, "out of memory");
    }
    if (!r->passed) return;
    pm_status s = trial_at_once(t, &job, &err);
    for (int w = 0; w < 2; w++)
        if (!k.seen[w].passed) check_fail(r, "%s", k.seen[w].why);
    if (s != PM_OK && r->passed) check_fail_err(r, "two threads at once", &err);
}

static void works_on(trial *t, conform_result *r, const void *params, const pm_prompts *x)
{
    embedder_spec spec = {t->e, params, t->seed};
    pm_err err = PM_ERR_INIT;
    embedder *e = NULL;
    pm_mat got;
    if (embedder_train(t->c, &spec, x, &e, &err) != PM_OK)
        check_fail_err(r, "train", &err);
    else
        embed_all(t, r, e, &got);
    embedder_close(e);
}

static void one_text(trial *t, conform_result *r)
{
    const uint32_t first = 0;
    pm_prompts *x = toy_rows(t->a, &t->data->x, &first, 1);
    if (!x)
        check_fail(r, "out of memory");
    else
        works_on(t, r, t->params, x);
}

static void empty_texts(trial *t, conform_result *r)
{
    pm_prompts x = t->data->x;
    pm_str *text = arena_alloc(t->a, x.n, sizeof *text);
    if (!text) {
        check_fail(r, "out of memory");
        return;
    }
    memcpy(text, x.text, x.n * sizeof *text);
    for (size_t i = 0; i < x.n; i += 2) text[i] = (pm_str){"", 0};
    x.text = text;
    works_on(t, r, t->params, &x);
}

static void works_with_params(trial *t, conform_result *r, const void *params)
{
    works_on(t, r, params, &t->data->x);
}

static void every_word(trial *t, conform_result *r)
{
    check_choices(t, r, works_with_params);
}

static pm_status build_and_drop(trial *t, pm_err *err)
{
    embedder *e = NULL;
    pm_status s = build_with(t, t->c, t->seed, &e, err);
    embedder_close(e);
    return s;
}

static void cancel(trial *t, conform_result *r)
{
    check_cancel(t, r, build_and_drop);
}

static void cancel_leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, true);
}

static void build_leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, false);
}

static void suite_close(trial *t)
{
    if (t->base) embedder_close(t->base);
}

static const check_row rows[] = {
    {"documented", "doc, source and every parameter row say something", "", check_documented},
    {"trains", "builds on the usual toy texts", "", trains},
    {"embeds", "every value is finite, also for empty, blank, broken and 100 kB texts", "trains",
     embeds},
    {"row-order", "permuting the texts permutes the rows, to the bit", "embeds", row_order},
    {"batch-equals-single", "row i depends on text i alone, to the bit", "embeds", batch},
    {"same-seed-same-bits", "the same texts, parameters and seed give the same bits", "embeds",
     same_seed},
    {"instances-independent", "building and using another instance changes nothing in this one",
     "same-seed-same-bits", independent},
    {"thread-count", "one and two threads give the same bits", "same-seed-same-bits", thread_count},
    {"concurrent-embed", "two threads embed at once what one embeds alone, to the bit", "embeds",
     concurrent},
    {"sparse", "where offered, sparse rows are sorted, finite and depend on their text alone",
     "embeds", sparse},
    {"one-text", "works when there is one text to fit", "embeds", one_text},
    {"empty-texts", "works when half of the texts to fit are empty", "embeds", empty_texts},
    {"every-word", "works with every word of every parameter", "embeds", every_word},
    {"save-load", "a loaded instance gives the same bits and saves the same bytes", "embeds",
     save_load},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", damaged},
    {"cancel", "canceled at ten progress points, the build ends with PM_E_CANCELED", "trains",
     cancel},
    {"cancel-leaks-nothing", "canceled builds leave no memory behind", "cancel", cancel_leak},
    {"build-leaks-nothing", "finished and closed builds leave no memory behind", "trains",
     build_leak},
};

const suite suite_embedder = {rows, sizeof rows / sizeof *rows, suite_close};
