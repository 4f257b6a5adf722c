/* SPDX-License-Identifier: MIT
 *
 * The suite of constraints.
 */
#include <math.h>

#include "app/conform_trial.h"
#include "plug/constraint.h"

static toy_shape usual_shape(const trial *t)
{
    toy_shape s = toy_usual(t->seed);
    s.reads = t->e->type.constraint->reads;
    return s;
}

static pm_status build(trial *t, constraint **out, pm_err *err)
{
    constraint_spec spec = {t->e, t->params, t->seed};
    *out = NULL;
    return constraint_build(t->c, &spec, &t->data->fit, out, err);
}

static void builds(trial *t, conform_result *r)
{
    toy_shape shape = usual_shape(t);
    pm_err err = PM_ERR_INIT;
    constraint *k = NULL;
    t->data = toy_make(t->keep, &shape);
    if (!t->data)
        check_fail(r, "out of memory");
    else if (build(t, &k, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    t->base = k;
}

/* Scores such as a router would give: the test part's own outcomes. */
static pm_scores scores_of(const toy *d, size_t m)
{
    pm_scores s = {.size = sizeof s, .kind = PM_VALUE_QUALITY, .reference_col = PM_NO_COL};
    s.value = (pm_mat){(float *)(uintptr_t)d->test_y.value.at, d->test_x.n, m, m};
    s.tokens_out = (pm_mat){(float *)(uintptr_t)d->test_y.tokens_out.at, d->test_x.n, m, m};
    return s;
}

typedef struct weighing { /* one evaluation */
    const constraint *k;
    const toy *d;
    const pm_library *lib;
    const pm_prompts *x;
} weighing;

static pm_status evaluate(trial *t, const weighing *w, pm_mat *out, pm_err *err)
{
    bool each = constraint_is_per_prompt(w->k);
    pm_scores s = scores_of(w->d, w->lib->n);
    *out = trial_mat(t, each ? w->x->n : 1, w->lib->n);
    if (!out->at) return err_set(err, PM_E_MEMORY, "out of memory");
    bool whole = w->x == &w->d->test_x && w->lib == &w->d->lib;
    return constraint_eval(w->k, t->c, w->lib, w->x, each && whole ? &s : NULL, *out, err);
}

static bool evaluates_as(trial *t, conform_result *r, const weighing *w, pm_mat *out)
{
    pm_err err = PM_ERR_INIT;
    if (evaluate(t, w, out, &err) != PM_OK) check_fail_err(r, "eval", &err);
    return r->passed;
}

static bool usual(trial *t, conform_result *r, pm_mat *out)
{
    weighing w = {t->base, t->data, &t->data->lib, &t->data->test_x};
    return evaluates_as(t, r, &w, out);
}

static void evaluates(trial *t, conform_result *r)
{
    pm_mat v;
    if (!usual(t, r, &v)) return;
    for (size_t c = 0; c < v.rows * v.cols; c++)
        if (!isfinite(v.at[c]) || v.at[c] < 0)
            check_fail(r, "row %zu, column %zu is %g; finite and >= 0 is wanted", c / v.cols,
                       c % v.cols, (double)v.at[c]);
}

static void senses(trial *t, conform_result *r)
{
    const uint32_t known = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET);
    uint32_t s = t->e->type.constraint->senses;
    if (!s) check_fail(r, "declares no sense: soft, hard or budget");
    if (s & ~known) check_fail(r, "declares senses that this host does not know: %#x", s & ~known);
    if (!t->e->type.constraint->unit) check_fail(r, "unit is NULL; \"\" says there is none");
}

/* ---- what it declares of bounds, weights and words ---- */

static void own_bound(trial *t, conform_result *r)
{
    const pm_constraint_type *d = t->e->type.constraint;
    double bound = PM_HAS(d, usual_bound) ? d->usual_bound : 0;
    if (!isfinite(bound) || bound < 0)
        check_fail(r, "usual_bound is %g; want a bound above 0, or 0 for none", bound);
    else if (bound > 0 && !(d->senses & PM_SENSE_BIT(PM_HARD)))
        check_fail(r, "usual_bound is %g, but the sense hard is not declared", bound);
}

/* Lower case, single blanks, nothing that the grammar of flags gives a meaning. */
static bool is_phrase(const char *text)
{
    size_t len = strlen(text);
    bool good = len > 0 && len <= 64 && text[0] != ' ' && text[len - 1] != ' ';
    for (const char *c = text; good && *c; c++)
        good = (unsigned char)*c >= ' ' && !(*c >= 'A' && *c <= 'Z') && !strchr("[],=", *c) &&
               !(c[0] == ' ' && c[1] == ' ');
    return good;
}

static void phrases(trial *t, conform_result *r)
{
    const pm_constraint_type *d = t->e->type.constraint;
    const pm_phrase *p = PM_HAS(d, phrases) ? d->phrases : NULL;
    if (!p) {
        check_skip(r, "it brings no words for flags");
        return;
    }
    if (!(d->senses & PM_SENSE_BIT(PM_SOFT)))
        check_fail(r, "words add to a weight, but the sense soft is not declared");
    for (size_t k = 0; p[k].text && r->passed; k++) {
        if (!is_phrase(p[k].text))
            check_fail(r,
                       "phrase \"%s\": want 1 to 64 bytes, lower case, single blanks, no "
                       "brackets, commas or =",
                       p[k].text);
        else if (!isfinite(p[k].weight) || (p[k].weight < 0 && !d->signed_weight))
            check_fail(r, "phrase \"%s\" adds %g; want a finite number%s", p[k].text, p[k].weight,
                       d->signed_weight ? "" : " >= 0");
        for (size_t before = 0; before < k && r->passed; before++)
            if (strcmp(p[before].text, p[k].text) == 0)
                check_fail(r, "phrase \"%s\" is there twice", p[k].text);
    }
}

static void column_order(trial *t, conform_result *r)
{
    size_t m = t->data->lib.n;
    uint32_t *col = toy_order(t->a, t->seed, m);
    const toy *data = col ? toy_with_columns(t->a, t->data, col, m) : NULL;
    constraint_spec spec = {t->e, t->params, t->seed};
    same_spec same = {NULL, col, 1e-5, "experts in another order"};
    pm_err err = PM_ERR_INIT;
    constraint *k = NULL;
    pm_mat want, got;
    if (!data)
        check_fail(r, "out of memory");
    else if (constraint_build(t->c, &spec, &data->fit, &k, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    weighing w = {k, data, data ? &data->lib : NULL, data ? &data->test_x : NULL};
    if (r->passed && usual(t, r, &want) && evaluates_as(t, r, &w, &got))
        check_same(r, want, got, &same);
    constraint_close(k);
}

/* Without per_prompt the one row must be the same whatever prompts are asked about; with it, rows follow
 * their prompts. */
static void per_prompt(trial *t, conform_result *r)
{
    size_t n = t->data->test_x.n;
    bool each = constraint_is_per_prompt(t->base);
    uint32_t *row = toy_order(t->a, t->seed, n);
    pm_prompts *x = row ? toy_rows(t->a, &t->data->test_x, row, each ? n : n / 2) : NULL;
    weighing first = {t->base, t->data, &t->data->lib, &t->data->test_x};
    weighing other = {t->base, t->data, &t->data->lib, x};
    same_spec same = {each ? row : NULL, NULL, 0,
                      each ? "prompts in another order" : "other prompts"};
    pm_library *lib = toy_experts(t->a, &t->data->lib, (const uint32_t[]){0, 1, 2, 3, 4}, 5);
    pm_mat want, got;
    if (!x || !lib) {
        check_fail(r, "out of memory");
        return;
    }
    first.lib = lib; /* not the whole toy: without scores, which are in the old order */
    if (evaluates_as(t, r, &first, &want) && evaluates_as(t, r, &other, &got))
        check_same(r, want, got, &same);
}

/* ---- what it turned out to be ---- */

/* Every row becomes the first of `from`. */
static void repeat(pm_cmat table, pm_cmat from)
{
    for (size_t i = 0; i < table.rows; i++)
        memmove((float *)(uintptr_t)pm_crow(table, i), pm_crow(from, 0),
                table.cols * sizeof(float));
}

/* The usual problem, in which every expert does the same on every prompt: nothing is left to foresee. */
static toy *even_toy(trial *t)
{
    toy_shape shape = usual_shape(t);
    toy *d = toy_make(t->a, &shape);
    pm_outcomes *part[] = {d ? &d->y : NULL, d ? &d->tune_y : NULL, d ? &d->test_y : NULL};
    for (size_t p = 0; d && p < 3; p++) {
        repeat(part[p]->cost_usd, d->y.cost_usd);
        repeat(part[p]->tokens_out, d->y.tokens_out);
        for (size_t k = 0; k < part[p]->n_extra; k++)
            repeat(part[p]->extra[k].value, d->y.extra[k].value);
    }
    return d;
}

static bool realises(trial *t, conform_result *r, const weighing *w, pm_mat *out)
{
    pm_err err = PM_ERR_INIT;
    *out = trial_mat(t, w->x->n, w->lib->n);
    if (!out->at)
        check_fail(r, "out of memory");
    else if (constraint_realised(w->k, t->c, w->lib, w->x, &w->d->test_y, *out, &err) != PM_OK)
        check_fail_err(r, "realised", &err);
    return r->passed;
}

/* Values foreseen and found have one scale: their sums over what is known differ by less than a factor of 2. */
static void same_scale(conform_result *r, pm_mat seen, pm_mat foreseen)
{
    double a = 0, b = 0;
    for (size_t i = 0; i < seen.rows; i++)
        for (size_t j = 0; j < seen.cols; j++) {
            double v = pm_row(seen, i)[j];
            if (isnan(v)) continue;
            a += v;
            b += (double)pm_row(foreseen, foreseen.rows == 1 ? 0 : i)[j];
        }
    if (a > 2 * b || b > 2 * a)
        check_fail(r,
                   "experts that do the same on every prompt: eval foresees %g in all, realised "
                   "finds %g; both must be scaled alike",
                   b, a);
}

static void realised(trial *t, conform_result *r)
{
    uint32_t *col = toy_order(t->a, t->seed, t->data->lib.n);
    const toy *even = even_toy(t),
              *moved = col && even ? toy_with_columns(t->a, even, col, even->lib.n) : NULL;
    constraint_spec spec = {t->e, t->params, t->seed};
    same_spec same = {NULL, col, 1e-5, "realised, experts in another order"};
    pm_err err = PM_ERR_INIT;
    constraint *k = NULL;
    pm_mat seen, turned, foreseen;
    if (!constraint_has_realised(t->base)) {
        check_skip(r, "it does not tell realised values");
        return;
    }
    if (!moved)
        check_fail(r, "out of memory");
    else if (constraint_build(t->c, &spec, &even->fit, &k, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    weighing w = {k, even, even ? &even->lib : NULL, even ? &even->test_x : NULL};
    weighing other = {k, moved, moved ? &moved->lib : NULL, moved ? &moved->test_x : NULL};
    if (r->passed && realises(t, r, &w, &seen) && realises(t, r, &other, &turned) &&
        evaluates_as(t, r, &w, &foreseen)) {
        check_same(r, seen, turned, &same);
        if (r->passed) same_scale(r, seen, foreseen);
    }
    constraint_close(k);
}

static void same_answer(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    constraint *again = NULL;
    pm_mat want, got;
    same_spec same = {NULL, NULL, 0, "built again"};
    if (build(t, &again, &err) != PM_OK) check_fail_err(r, "build again", &err);
    weighing w = {again, t->data, &t->data->lib, &t->data->test_x};
    if (r->passed && usual(t, r, &want) && evaluates_as(t, r, &w, &got))
        check_same(r, want, got, &same);
    constraint_close(again);
}

/* The library with one attribute of expert 2 taken away. */
static const pm_library *without(trial *t, const char *name)
{
    const pm_library *lib = &t->data->lib;
    const pm_expert *e = lib->expert[2];
    pm_library *out = toy_experts(t->a, lib, (const uint32_t[]){0, 1, 2, 3, 4}, 5);
    const pm_expert **expert = arena_alloc(t->a, 5, sizeof *expert);
    pm_expert *bare = arena_alloc(t->a, 1, sizeof *bare);
    pm_attr *attr = arena_alloc(t->a, e->n_attr, sizeof *attr);
    if (!out || !expert || !bare || !attr) return NULL;
    *bare = *e;
    bare->attr = attr;
    bare->n_attr = 0;
    for (size_t k = 0; k < e->n_attr; k++)
        if (strcmp(e->attr[k].name, name) != 0) attr[bare->n_attr++] = e->attr[k];
    for (size_t j = 0; j < 5; j++) expert[j] = j == 2 ? bare : lib->expert[j];
    out->expert = expert;
    out->revision++;
    return out;
}

static void missing_attribute(trial *t, conform_result *r)
{
    const char *const *reads = t->e->type.constraint->reads;
    if (!reads || !*reads) {
        check_skip(r, "it reads no attribute");
        return;
    }
    for (; *reads && r->passed; reads++) {
        weighing w = {t->base, t->data, without(t, *reads), &t->data->test_x};
        pm_err err = PM_ERR_INIT;
        pm_mat got;
        pm_status s = w.lib ? evaluate(t, &w, &got, &err) : PM_E_MEMORY;
        if (s != PM_E_ARG)
            check_fail(r, "without attribute %s the answer is %s, expected %s", *reads,
                       s == PM_OK ? "a value" : err_text(&err), pm_status_name(PM_E_ARG));
        else if (!strstr(err.text, *reads) || !strstr(err.text, t->data->lib.expert[2]->id))
            check_fail(r, "the message does not name expert %s and attribute %s: %s",
                       t->data->lib.expert[2]->id, *reads, err.text);
    }
}

static void one_expert(trial *t, conform_result *r)
{
    toy_shape shape = usual_shape(t);
    constraint_spec spec = {t->e, t->params, t->seed};
    pm_err err = PM_ERR_INIT;
    constraint *k = NULL;
    pm_mat got;
    shape.m = 1;
    const toy *data = toy_make(t->a, &shape);
    if (!data)
        check_fail(r, "out of memory");
    else if (constraint_build(t->c, &spec, &data->fit, &k, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    weighing w = {k, data, data ? &data->lib : NULL, data ? &data->test_x : NULL};
    if (r->passed) evaluates_as(t, r, &w, &got);
    constraint_close(k);
}

static void works_with_params(trial *t, conform_result *r, const void *params)
{
    constraint_spec spec = {t->e, params, t->seed};
    pm_err err = PM_ERR_INIT;
    constraint *k = NULL;
    pm_mat got;
    if (constraint_build(t->c, &spec, &t->data->fit, &k, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    weighing w = {k, t->data, &t->data->lib, &t->data->test_x};
    if (r->passed) evaluates_as(t, r, &w, &got);
    constraint_close(k);
}

static void every_word(trial *t, conform_result *r)
{
    check_choices(t, r, works_with_params);
}

typedef struct scale { /* two threads that weigh the same prompts */
    const constraint *k;
    const toy *d;
    pm_mat want, got[2];
    conform_result seen[2];
} scale;

static pm_status scale_weighs(void *arg, call_ctx *c, int worker, size_t i)
{
    scale *s = arg;
    conform_result *seen = &s->seen[worker];
    pm_scores scores = scores_of(s->d, s->d->lib.n);
    bool each = constraint_is_per_prompt(s->k);
    same_spec same = {NULL, NULL, 0, "two threads at once"};
    pm_err err = PM_ERR_INIT;
    (void)i;
    if (constraint_eval(s->k, c, &s->d->lib, &s->d->test_x, each ? &scores : NULL, s->got[worker],
                        &err) != PM_OK)
        check_fail_err(seen, "eval on two threads at once", &err);
    else
        check_same(seen, s->want, s->got[worker], &same);
    return seen->passed ? PM_OK : PM_E_CONTRACT;
}

static void concurrent(trial *t, conform_result *r)
{
    scale s = {.k = t->base, .d = t->data};
    at_once job = {scale_weighs, &s, 500};
    pm_err err = PM_ERR_INIT;
    s.seen[0].passed = s.seen[1].passed = true;
    if (!usual(t, r, &s.want)) return;
    for (int w = 0; w < 2; w++) {
        s.got[w] = trial_mat(t, s.want.rows, s.want.cols);
        if (!s.got[w].at) check_fail(r, "out of memory");
    }
    if (!r->passed) return;
    pm_status status = trial_at_once(t, &job, &err);
    for (int w = 0; w < 2; w++)
        if (!s.seen[w].passed) check_fail(r, "%s", s.seen[w].why);
    if (status != PM_OK && r->passed) check_fail_err(r, "two threads at once", &err);
}

static void save_load(trial *t, conform_result *r)
{
    char *path = trial_path(t, "saved"), *second = trial_path(t, "second");
    same_spec same = {NULL, NULL, 0, "loaded instance"};
    pm_err err = PM_ERR_INIT;
    constraint *loaded = NULL;
    pm_mat want, got;
    if (constraint_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else if (constraint_load(t->c, path, &loaded, &err) != PM_OK)
        check_fail_err(r, "load", &err);
    weighing w = {loaded, t->data, &t->data->lib, &t->data->test_x};
    if (r->passed && usual(t, r, &want) && evaluates_as(t, r, &w, &got))
        check_same(r, want, got, &same);
    if (r->passed && constraint_save(loaded, t->c, second, &err) != PM_OK)
        check_fail_err(r, "save the loaded instance", &err);
    if (r->passed) check_same_file(r, path, second, "first and second checkpoint");
    constraint_close(loaded);
}

static pm_status load_and_drop(trial *t, const char *path, pm_err *err)
{
    constraint *loaded = NULL;
    pm_status s = constraint_load(t->c, path, &loaded, err);
    constraint_close(loaded);
    return s;
}

static void damaged(trial *t, conform_result *r)
{
    char *path = trial_path(t, "whole");
    pm_err err = PM_ERR_INIT;
    if (constraint_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else
        check_damage(t, r, path, load_and_drop);
}

static pm_status build_and_drop(trial *t, pm_err *err)
{
    constraint *k = NULL;
    pm_status s = build(t, &k, err);
    constraint_close(k);
    return s;
}

static void leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, false);
}

static void suite_close(trial *t)
{
    if (t->base) constraint_close(t->base);
}

static const check_row rows[] = {
    {"documented", "doc, source and every parameter row say something", "", check_documented},
    {"builds", "is built with its default parameters", "", builds},
    {"evaluates", "every value is finite and >= 0", "builds", evaluates},
    {"senses-declared", "declares the senses it supports, and its unit", "", senses},
    {"usual-bound", "its own bound is finite, >= 0, and goes with the sense hard", "", own_bound},
    {"phrases", "words of flags: lower case, none twice, weights that it allows", "", phrases},
    {"column-order", "permuting the experts permutes the columns (to 1e-5)", "evaluates",
     column_order},
    {"per-prompt-honest", "one row does not depend on the prompts; else rows follow their prompts",
     "evaluates", per_prompt},
    {"same-answer", "built twice, the same bits", "evaluates", same_answer},
    {"realised",
     "what happened has the scale of what was foreseen, >= 0 or unknown; columns follow",
     "evaluates", realised},
    {"missing-attribute", "an expert without an attribute it reads: PM_E_ARG naming both",
     "evaluates", missing_attribute},
    {"one-expert", "works with a library of one expert", "evaluates", one_expert},
    {"every-word", "works with every word of every parameter", "evaluates", every_word},
    {"concurrent-eval", "two threads evaluate at once what one evaluates alone, to the bit",
     "evaluates", concurrent},
    {"save-load", "a loaded instance gives the same bits and saves the same bytes", "evaluates",
     save_load},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", damaged},
    {"build-leaks-nothing", "finished and closed builds leave no memory behind", "builds", leak},
};

const suite suite_constraint = {rows, sizeof rows / sizeof *rows, suite_close};
