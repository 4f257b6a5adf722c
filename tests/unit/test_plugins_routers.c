/* SPDX-License-Identifier: MIT
 *
 * prior, random, length and knn against numbers worked out by hand or by another program.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plugins_golden.inc"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

static pm_str text_of(const char *s)
{
    return (pm_str){s, strlen(s)};
}

START_TEST(prior_is_the_mean_of_what_is_known)
{
    static const float y[] = {1, 0.5f, 0, NAN, 1, NAN, NAN, NAN, NAN};
    static const float weight[] = {1, 3, 1};
    pm_library *lib = bed_library(&b, 3);
    pm_prompts *x = bed_prompts(&b, 3, 0, 0);
    pm_fit fit = {.size = sizeof fit,
                  .lib = lib,
                  .x = x,
                  .y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 3, 3, y)};
    router *r = bed_router(&b, "prior", "", &fit);
    ck_assert_int_eq(router_kind(r), PM_VALUE_QUALITY);
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){1, .75, 0}, 3, 1e-7, "plain");
    router_close(r);
    /* Grand mean 2.5 / 4; one pseudo-prompt: 1.625 / 2, 2.125 / 3, .625 / 2. */
    r = bed_reload(&b, bed_router(&b, "prior", "shrink=1", &fit));
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){.8125, 2.125 / 3, .3125}, 3,
             1e-7, "shrunk");
    router_close(r);
    fit.weight = weight; /* column 1: (.5 + 3 * 1) / 4 */
    r = bed_router(&b, "prior", "", &fit);
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){1, .875, 0}, 3, 1e-7,
             "weights");
    router_close(r);
}
END_TEST

START_TEST(prior_keeps_losses_and_fills_unseen_experts)
{
    static const float y[] = {2, NAN, 4, NAN};
    pm_library *lib = bed_library(&b, 2);
    pm_prompts *x = bed_prompts(&b, 2, 0, 0);
    pm_fit fit = {
        .size = sizeof fit, .lib = lib, .x = x, .y = bed_outcomes_of(&b, PM_VALUE_LOSS, 2, 2, y)};
    router *r = bed_reload(&b, bed_router(&b, "prior", "", &fit));
    ck_assert_int_eq(router_kind(r), PM_VALUE_LOSS);
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){3, 3, 3, 3}, 4, 1e-7, "loss");
    router_close(r);
}
END_TEST

START_TEST(prior_refuses_no_outcome_at_all)
{
    static const float y[] = {NAN, NAN};
    pm_fit fit = {.size = sizeof fit,
                  .lib = bed_library(&b, 2),
                  .x = bed_prompts(&b, 1, 0, 0),
                  .y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 1, 2, y)};
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "prior");
    router_spec spec = {e, bed_params(&b, e, ""), 7};
    router *r = NULL;
    bed_fails(&b, router_train(b.call, &spec, &fit, &r, &b.err), PM_E_ARG, "outcome");
}
END_TEST

/* Prompts whose texts are their numbers. */
static pm_prompts *numbered(size_t n)
{
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    pm_str *text = arena_alloc(b.room, n, sizeof *text);
    for (size_t i = 0; i < n; i++) {
        char *at = arena_alloc(b.room, 24, 1);
        text[i] = (pm_str){at, (size_t)snprintf(at, 24, "prompt %zu", i)};
    }
    x->text = text;
    return x;
}

START_TEST(random_depends_on_seed_text_and_expert_alone)
{
    enum { N = 2000 };
    pm_library *lib = bed_library(&b, 3);
    pm_prompts *x = numbered(N);
    pm_fit fit = {.size = sizeof fit, .lib = lib, .x = x, .y = bed_outcomes(&b, N, 3, 0, true)};
    router *r = bed_router(&b, "random", "", &fit);
    pm_scores s = bed_predict(&b, r, lib, x, false);
    double sum = 0, squares = 0, product = 0;
    for (size_t i = 0; i < N; i++) {
        double u = (double)pm_row(s.value, i)[0], v = (double)pm_row(s.value, i)[1];
        ck_assert(u >= 0 && u <= 1);
        sum += u, squares += u * u, product += u * v;
    }
    ck_assert_double_eq_tol(sum / N, 0.5, 0.03);
    ck_assert_double_eq_tol(squares / N, 1.0 / 3, 0.03);
    ck_assert_double_eq_tol(product / N, 0.25, 0.03);
    pm_prompts one = *x; /* prompt 5 alone, after loading: the same bits */
    one.n = 1, one.id = x->id + 5, one.text = x->text + 5;
    r = bed_reload(&b, r);
    pm_scores t = bed_predict(&b, r, lib, &one, false);
    ck_assert_mem_eq(t.value.at, pm_row(s.value, 5), 3 * sizeof(float));
    pm_str same = text_of("equal text");
    one.text = &same;
    t = bed_predict(&b, r, lib, &one, false);
    one.id = x->id + 6;
    ck_assert_mem_eq(t.value.at, bed_predict(&b, r, lib, &one, false).value.at, 3 * sizeof(float));
    router_close(r);
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "random");
    router_spec spec = {e, bed_params(&b, e, ""), 8};
    bed_ok(&b, router_train(b.call, &spec, &fit, &r, &b.err));
    ck_assert_mem_ne(bed_predict(&b, r, lib, x, false).value.at, s.value.at, 3 * sizeof(float));
    router_close(r);
}
END_TEST

START_TEST(random_losses_stay_in_the_range_seen)
{
    static const float y[] = {2, 3.5f, NAN, 2.5f};
    pm_library *lib = bed_library(&b, 2);
    pm_prompts *x = numbered(500), *two = numbered(2);
    pm_fit fit = {
        .size = sizeof fit, .lib = lib, .x = two, .y = bed_outcomes_of(&b, PM_VALUE_LOSS, 2, 2, y)};
    router *r = bed_reload(&b, bed_router(&b, "random", "", &fit));
    ck_assert_int_eq(router_kind(r), PM_VALUE_LOSS);
    pm_scores s = bed_predict(&b, r, lib, x, false);
    float low = 9, high = 0;
    for (size_t i = 0; i < 1000; i++) {
        low = fminf(low, s.value.at[i]);
        high = fmaxf(high, s.value.at[i]);
    }
    ck_assert(low >= 2 && low < 2.1f && high <= 3.5f && high > 3.4f);
    router_close(r);
}
END_TEST

START_TEST(length_bins_by_hand)
{
    /* Code points 1 2 3 4 (5 bytes): edge of 2 bins = 2.5. */
    pm_str text[] = {text_of("a"), text_of("bb"), text_of("ccc"),
                     text_of("d\xc3\xa9"
                             "dd")};
    static const float y[] = {1, 0, 0, 0, 1, 1, NAN, 0};
    pm_library *lib = bed_library(&b, 2);
    pm_prompts *x = bed_prompts(&b, 4, 0, 0);
    x->text = text;
    pm_fit fit = {.size = sizeof fit,
                  .lib = lib,
                  .x = x,
                  .y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 4, 2, y)};
    router *r = bed_reload(&b, bed_router(&b, "length", "bins=2", &fit));
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){.5, 0, .5, 0, 1, .5, 1, .5}, 8,
             1e-7, "two bins");
    router_close(r);
    /* Means 2/3 and 1/4; two pseudo-prompts: (1 + 4/3) / 4, (0 + 1/2) / 4, (1 + 4/3) / 3, (1 + 1/2) / 4. */
    r = bed_router(&b, "length", "bins=2 shrink=2", &fit);
    bed_near(bed_predict(&b, r, lib, x, false).value.at,
             (double[]){7.0 / 12, .125, 7.0 / 12, .125, 7.0 / 9, .375, 7.0 / 9, .375}, 8, 1e-6,
             "shrunk");
    router_close(r);
    r = bed_reload(&b, bed_router(&b, "length", "bins=1", &fit));
    bed_near(bed_predict(&b, r, lib, x, false).value.at, (double[]){2.0 / 3, .25}, 2, 1e-7,
             "one bin");
    router_close(r);
}
END_TEST

START_TEST(length_agrees_with_numpy)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    pm_library *lib = bed_library(&b, 3);
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    x->text = text;
    pm_fit fit = {.size = sizeof fit, .lib = lib, .x = x, .y = bed_outcomes(&b, n, 3, 2, true)};
    router *r = bed_router(&b, "length", "", &fit);
    bed_near(bed_predict(&b, r, lib, x, false).value.at, golden_length_plain, 60, 1e-6, "plain");
    router_close(r);
    r = bed_router(&b, "length", "shrink=4", &fit);
    bed_near(bed_predict(&b, r, lib, x, false).value.at, golden_length_shrunk, 60, 1e-6, "shrunk");
    router_close(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("routers prior, random, length");
    TCase *t = tcase_create("routers");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, prior_is_the_mean_of_what_is_known);
    tcase_add_test(t, prior_keeps_losses_and_fills_unseen_experts);
    tcase_add_test(t, prior_refuses_no_outcome_at_all);
    tcase_add_test(t, random_depends_on_seed_text_and_expert_alone);
    tcase_add_test(t, random_losses_stay_in_the_range_seen);
    tcase_add_test(t, length_bins_by_hand);
    tcase_add_test(t, length_agrees_with_numpy);
    suite_add_tcase(s, t);
    return suite_main(s);
}
