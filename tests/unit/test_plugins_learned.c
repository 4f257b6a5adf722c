/* SPDX-License-Identifier: MIT
 *
 * price, verbosity and readability that learn: planted lengths of answers are found, holes and odd data are lived with,
 * and a prompt alone, a batch and a loaded instance say the same.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plug/constraint.h"

enum { N = 240, TEST = 80, M = 3, D = 8 };

static bed b;

typedef struct plan { /* a planted problem: tokens = 40 (j + 1) (2 + x_0) + 3 x_1 on every prompt */
    pm_prompts x, test;
    pm_library *lib;
    pm_outcomes y, truth;
    pm_fit fit;
    float *tokens, *usd, *chars, *grade; /* [N + TEST x M] */
    pm_extra extra[2];
} plan;

static pm_mat all(float *at, size_t n)
{
    return (pm_mat){at, n, M, M};
}

static pm_cmat cells(const float *at, size_t first, size_t n)
{
    return (pm_cmat){at + first * M, n, M, M};
}

static void texts(pm_prompts *x)
{
    pm_str *text = arena_alloc(b.room, x->n, sizeof *text);
    for (size_t i = 0; i < x->n; i++) {
        char *at = arena_alloc(b.room, 32, 1);
        snprintf(at, 32, "What is %llu?", (unsigned long long)x->id[i]);
        text[i] = pm_str_of(at);
    }
    x->text = text;
}

static void outcomes(plan *p, pm_outcomes *y, size_t first, size_t n)
{
    *y = *bed_outcomes(&b, n, M, 0, false);
    y->tokens_out = cells(p->tokens, first, n);
    y->cost_usd = cells(p->usd, first, n);
}

static plan *planned(void)
{
    plan *p = arena_alloc(b.room, 1, sizeof *p);
    size_t cell = (size_t)(N + TEST) * M;
    pm_prompts *x = bed_prompts(&b, N + TEST, D, 3);
    p->tokens = arena_alloc(b.room, cell, sizeof(float));
    p->usd = arena_alloc(b.room, cell, sizeof(float));
    p->chars = arena_alloc(b.room, cell, sizeof(float));
    p->grade = arena_alloc(b.room, cell, sizeof(float));
    texts(x);
    for (size_t k = 0; k < cell; k++) {
        const float *e = pm_crow(x->embed, k / M);
        p->tokens[k] = 40 * (float)(k % M + 1) * (2 + e[0]) + 3 * e[1];
        ck_assert(p->tokens[k] > 0);
        p->usd[k] = 1e-5f * p->tokens[k];
        p->chars[k] = 4 * p->tokens[k];
        p->grade[k] = 2 * (float)(k % M + 1) + 2 * e[0];
    }
    p->x = p->test = *x;
    p->x.n = N, p->x.embed.rows = N;
    p->test.n = TEST, p->test.embed.rows = TEST;
    p->test.id += N, p->test.text += N;
    p->test.embed.at = pm_crow(x->embed, N);
    p->lib = bed_library(&b, M);
    outcomes(p, &p->y, 0, N);
    outcomes(p, &p->truth, N, TEST);
    p->fit = (pm_fit){.size = sizeof p->fit, .lib = p->lib, .x = &p->x, .y = &p->y};
    return p;
}

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

static constraint *made(const char *name, const char *params, const pm_fit *fit)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_CONSTRAINT, name);
    constraint_spec spec = {e, bed_params(&b, e, params), 7};
    constraint *k = NULL;
    bed_ok(&b, constraint_build(b.call, &spec, fit, &k, &b.err));
    ck_assert(constraint_is_per_prompt(k));
    return k;
}

static void refuses(const char *name, const char *params, const pm_fit *fit, const char *text)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_CONSTRAINT, name);
    constraint_spec spec = {e, bed_params(&b, e, params), 7};
    constraint *k = NULL;
    bed_fails(&b, constraint_build(b.call, &spec, fit, &k, &b.err), PM_E_ARG, text);
}

static float *values(const constraint *k, const pm_library *lib, const pm_prompts *x)
{
    float *at = arena_alloc(b.room, x->n * lib->n, sizeof *at);
    bed_ok(&b,
           constraint_eval(k, b.call, lib, x, NULL, (pm_mat){at, x->n, lib->n, lib->n}, &b.err));
    return at;
}

/* Mean absolute error of `got` on the test part over that of the mean of the training part. */
static double share_of_error(const float *got, const float *truth, double unit)
{
    double mean[M] = {0}, own = 0, theirs = 0;
    for (size_t k = 0; k < N * M; k++) mean[k % M] += unit * (double)truth[k] / N;
    for (size_t k = 0; k < TEST * M; k++) {
        double y = unit * (double)truth[N * M + k];
        own += fabs((double)got[k] - y);
        theirs += fabs(mean[k % M] - y);
    }
    return own / theirs;
}

START_TEST(planted_amounts_are_found)
{
    plan *p = planned();
    constraint *k = made("price", "predict=prompt scale=raw", &p->fit);
    ck_assert_double_lt(share_of_error(values(k, p->lib, &p->test), p->usd, 1000), 0.1);
    ck_assert(strstr(constraint_settled(k), "held-out MAE of USD") != NULL);
    constraint_close(k);
    k = made("verbosity", "scale=raw", &p->fit);
    ck_assert_double_lt(share_of_error(values(k, p->lib, &p->test), p->tokens, 1), 0.1);
    constraint_close(k);
    p->y.tokens_out.at = NULL; /* a quarter of the characters then */
    p->extra[0] = (pm_extra){"output_chars", cells(p->chars, 0, N)};
    p->extra[1] = (pm_extra){"reading_grade", cells(p->grade, 0, N)};
    p->y.extra = p->extra, p->y.n_extra = 2;
    k = made("verbosity", "scale=raw", &p->fit);
    ck_assert_double_lt(share_of_error(values(k, p->lib, &p->test), p->tokens, 1), 0.1);
    constraint_close(k);
    k = made("readability", "scale=raw", &p->fit);
    ck_assert_double_lt(share_of_error(values(k, p->lib, &p->test), p->grade, 1), 0.3);
    constraint_close(k);
}
END_TEST

START_TEST(a_tuning_part_chooses)
{
    plan *p = planned();
    p->fit.tune_x = &p->test, p->fit.tune_y = &p->truth;
    constraint *k = made("price", "predict=prompt scale=raw", &p->fit);
    ck_assert_double_lt(share_of_error(values(k, p->lib, &p->test), p->usd, 1000), 0.1);
    constraint_close(k);
}
END_TEST

START_TEST(one_and_many_and_loaded_agree)
{
    plan *p = planned();
    constraint *k = made("price", "predict=prompt", &p->fit), *again;
    float *want = values(k, p->lib, &p->test), *got;
    char path[300];
    snprintf(path, sizeof path, "%s/learned", b.folder);
    bed_ok(&b, constraint_save(k, b.call, path, &b.err));
    bed_ok(&b, constraint_load(b.call, path, &again, &b.err));
    got = values(again, p->lib, &p->test);
    ck_assert_mem_eq(got, want, (size_t)TEST * M * sizeof *got);
    for (size_t i = 0; i < TEST; i += 7) {
        pm_prompts one = p->test;
        one.n = 1, one.embed.rows = 1;
        one.id += i, one.text += i;
        one.embed.at = pm_crow(p->test.embed, i);
        ck_assert_mem_eq(values(k, p->lib, &one), want + i * M, M * sizeof *want);
    }
    constraint_close(k);
    constraint_close(again);
}
END_TEST

START_TEST(holes_are_lived_with)
{
    plan *p = planned();
    for (size_t k = 0; k < (size_t)N * M; k++)
        if (k % 3 == (k / 5) % 3) p->usd[k] = NAN;
    constraint *k = made("price", "predict=prompt scale=raw", &p->fit);
    const float *got = values(k, p->lib, &p->test);
    for (size_t c = 0; c < (size_t)TEST * M; c++) {
        double want = 1000 * (double)p->usd[N * M + c];
        ck_assert_double_lt(fabs((double)got[c] - want), 0.2 * want);
    }
    constraint_close(k);
}
END_TEST

START_TEST(unknown_experts_by_the_policy)
{
    plan *p = planned();
    for (size_t i = 0; i < N; i++) p->usd[i * M + 1] = NAN;
    constraint *k = made("price", "predict=prompt scale=raw", &p->fit);
    float row[TEST * M];
    bed_fails(&b, constraint_eval(k, b.call, p->lib, &p->test, NULL, all(row, TEST), &b.err),
              PM_E_ARG, "\"e1\" has no recorded cost");
    constraint_close(k);
    k = made("price", "predict=prompt scale=raw missing=worst", &p->fit);
    const float *got = values(k, p->lib, &p->test);
    for (size_t i = 0; i < TEST; i++) ck_assert(got[i * M + 1] == got[i * M + 2]);
    constraint_close(k);
    k = made("price", "predict=prompt scale=raw missing=mean", &p->fit);
    got = values(k, p->lib, &p->test);
    for (size_t i = 0; i < TEST; i++)
        ck_assert_float_eq_tol(got[i * M + 1], (got[i * M] + got[i * M + 2]) / 2, 1e-5f);
    constraint_close(k);
}
END_TEST

START_TEST(little_to_learn_from)
{
    plan *p = planned();
    for (size_t k = 0; k < (size_t)N * M; k++) p->usd[k] = k % M == 0 ? 0 : 0.002f;
    constraint *k = made("price", "predict=prompt scale=raw missing=worst", &p->fit);
    const float *got = values(k, p->lib, &p->test);
    for (size_t c = 0; c < (size_t)TEST * M; c++)
        ck_assert_float_eq_tol(got[c], c % M == 0 ? 0.0f : 2.0f, 1e-6f);
    constraint_close(k);
    p->x.n = 1, p->x.embed.rows = 1; /* one prompt: its own cost */
    outcomes(p, &p->y, N, 1);
    k = made("price", "predict=prompt scale=raw", &p->fit);
    got = values(k, p->lib, &p->test);
    for (size_t c = 0; c < (size_t)TEST * M; c++)
        ck_assert_float_eq_tol(got[c], 1000 * p->usd[N * M + c % M], 1e-6f);
    constraint_close(k);
}
END_TEST

START_TEST(list_prices_times_learned_tokens)
{
    plan *p = planned();
    static const uint32_t in[TEST] = {100, 200};
    for (size_t j = 0; j < M; j++) {
        bed_attr(p->lib, j, "price_in", PM_ATTR_NUMBER, 10 * (double)j);
        bed_attr(p->lib, j, "price_out", PM_ATTR_NUMBER, 5);
    }
    p->test.tokens_in = in;
    constraint *k = made("price", "predict=prompt basis=list scale=raw", &p->fit);
    const float *got = values(k, p->lib, &p->test);
    for (size_t c = 0; c < (size_t)TEST * M; c++) {
        double t = (double)p->tokens[N * M + c];
        double want = 1e-3 * (10 * (double)(c % M) * in[c / M] + 5 * t);
        ck_assert_double_eq_tol(got[c], want, 0.05 * want + 1e-3);
    }
    constraint_close(k);
}
END_TEST

START_TEST(what_happened_is_told)
{
    plan *p = planned();
    float real[TEST * M];
    constraint *k = made("price", "predict=prompt scale=raw", &p->fit);
    p->usd[N * M + 4] = NAN;
    bed_ok(&b,
           constraint_realised(k, b.call, p->lib, &p->test, &p->truth, all(real, TEST), &b.err));
    for (size_t c = 0; c < (size_t)TEST * M; c++)
        ck_assert(c == 4 ? isnan(real[c]) : fabsf(real[c] - 1000 * p->usd[N * M + c]) < 1e-4f);
    constraint_close(k);
    k = made("verbosity", "scale=raw", &p->fit);
    bed_ok(&b,
           constraint_realised(k, b.call, p->lib, &p->test, &p->truth, all(real, TEST), &b.err));
    ck_assert_mem_eq(real, p->tokens + (size_t)N * M, sizeof real);
    constraint_close(k);
}
END_TEST

START_TEST(attributes_stand_in)
{
    plan *p = planned();
    p->y.tokens_out.at = NULL;
    refuses("verbosity", "", &p->fit, "tokens_out.csv or output_chars.csv");
    refuses("readability", "", &p->fit, "reading_grade");
    p->y.cost_usd.at = NULL;
    refuses("price", "predict=prompt", &p->fit, "has neither");
    bed_attr(p->lib, 0, "output_tokens", PM_ATTR_NUMBER, 100);
    bed_attr(p->lib, 2, "output_tokens", PM_ATTR_NUMBER, 300);
    bed_attr(p->lib, 0, "reading_grade", PM_ATTR_NUMBER, 9);
    constraint *k = made("verbosity", "missing=mean", &p->fit);
    bed_near(values(k, p->lib, &p->test), (double[]){1. / 3, 2. / 3, 1}, M, 1e-6, "verbosity");
    constraint_close(k);
    k = made("readability", "missing=worst", &p->fit);
    bed_near(values(k, p->lib, &p->test), (double[]){.5, .5, .5}, M, 1e-6, "readability");
    constraint_close(k);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("constraints that learn");
    TCase *t = tcase_create("learned");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, planted_amounts_are_found);
    tcase_add_test(t, a_tuning_part_chooses);
    tcase_add_test(t, one_and_many_and_loaded_agree);
    tcase_add_test(t, holes_are_lived_with);
    tcase_add_test(t, unknown_experts_by_the_policy);
    tcase_add_test(t, little_to_learn_from);
    tcase_add_test(t, list_prices_times_learned_tokens);
    tcase_add_test(t, what_happened_is_told);
    tcase_add_test(t, attributes_stand_in);
    suite_add_tcase(s, t);
    return suite_main(s);
}
