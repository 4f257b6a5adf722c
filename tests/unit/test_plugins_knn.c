/* SPDX-License-Identifier: MIT
 *
 * knn against scikit-learn's NearestNeighbors, its tuning against the same program, and what must be
 * equal to the bit.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plugins_golden.inc"

enum { N = 60, D = 8, M = 3, QUERIES = 6, CELLS = QUERIES * M };

static bed b;
static pm_library *lib;
static pm_prompts *query;

static void setup(void)
{
    bed_open(&b);
    lib = bed_library(&b, M);
    query = bed_prompts(&b, QUERIES, D, 5);
}
static void teardown(void)
{
    bed_close(&b);
}

static pm_fit fit_of(size_t seed)
{
    return (pm_fit){.size = sizeof(pm_fit),
                    .lib = lib,
                    .x = bed_prompts(&b, N, D, seed),
                    .y = bed_outcomes(&b, N, M, seed, true)};
}

static void expect(const char *params, const pm_fit *fit, const double *mean, const double *sd)
{
    router *r = bed_reload(&b, bed_router(&b, "knn", params, fit));
    pm_scores s = bed_predict(&b, r, lib, query, true);
    bed_near(s.value.at, mean, CELLS, 1e-6, params);
    if (sd) bed_near(s.spread.at, sd, CELLS, 2e-6, params);
    router_close(r);
}

START_TEST(agrees_with_scikit_learn)
{
    pm_fit fit = fit_of(0);
    expect("k=1", &fit, golden_knn_1_uniform_mean, golden_knn_1_uniform_sd);
    expect("k=3", &fit, golden_knn_3_uniform_mean, golden_knn_3_uniform_sd);
    expect("k=40", &fit, golden_knn_40_uniform_mean, golden_knn_40_uniform_sd);
    expect("k=3 weights=similarity", &fit, golden_knn_3_similarity_mean,
           golden_knn_3_similarity_sd);
}
END_TEST

START_TEST(half_precision_and_bytes_are_near)
{
    pm_fit fit = fit_of(0);
    expect("k=40 store=f16", &fit, golden_knn_40_uniform_mean, NULL);
    router *r = bed_router(&b, "knn", "k=40 store=i8", &fit);
    bed_near(bed_predict(&b, r, lib, query, false).value.at, golden_knn_40_uniform_mean, CELLS,
             0.05, "int8 may swap neighbours at the edge");
    router_close(r);
}
END_TEST

START_TEST(tunes_on_the_tuning_part_and_takes_it_in)
{
    pm_fit fit = fit_of(0);
    fit.tune_x = bed_prompts(&b, 30, D, 12);
    fit.tune_y = bed_outcomes(&b, 30, M, 3, true);
    expect("k=auto", &fit, golden_knn_tuned_choice, NULL);                        /* 20 */
    expect("k=auto tune_on=squared_error", &fit, golden_knn_tuned_squared, NULL); /* 40 */
    expect("k=20", &fit, golden_knn_tuned_choice, NULL); /* a fixed k takes the part in as well */
}
END_TEST

START_TEST(tunes_by_leaving_out)
{
    pm_fit fit = fit_of(0);
    uint64_t group[N];
    expect("k=auto", &fit, golden_knn_left_out_choice, NULL);                        /* 10 */
    expect("k=auto tune_on=squared_error", &fit, golden_knn_left_out_squared, NULL); /* 131 -> 60 */
    fit = fit_of(1);
    for (size_t i = 0; i < N; i++) group[i] = i % 7;
    fit.group = group;
    expect("k=auto", &fit, golden_knn_grouped_choice, NULL); /* 10; 5 without groups */
}
END_TEST

START_TEST(large_groups_and_twins_are_left_out)
{
    enum { MANY = 600, SEED = 13 }; /* half of the rows may not vote; rows repeat after 97 */
    static uint64_t group[MANY];
    pm_fit fit = {.size = sizeof fit,
                  .lib = lib,
                  .x = bed_prompts(&b, MANY, D, SEED),
                  .y = bed_outcomes(&b, MANY, M, SEED, true),
                  .group = group};
    for (size_t i = 0; i < MANY; i++) group[i] = i % 2;
    expect("k=auto", &fit, golden_knn_halves_choice, NULL);                        /* 40 */
    expect("k=auto tune_on=squared_error", &fit, golden_knn_halves_squared, NULL); /* 80 */
}
END_TEST

START_TEST(batch_and_single_are_equal_to_the_bit)
{
    pm_fit fit = fit_of(0);
    pm_prompts *many = bed_prompts(&b, 500, D, 3);
    static const char *const stores[] = {"k=7 store=f32", "k=7 store=f16", "k=7 store=i8"};
    for (size_t v = 0; v < 3; v++) {
        router *r = bed_router(&b, "knn", stores[v], &fit);
        pm_scores all = bed_predict(&b, r, lib, many, true);
        for (size_t i = 0; i < many->n; i += 41) {
            pm_prompts one = *many;
            one.n = 1, one.id += i;
            one.embed = (pm_cmat){pm_crow(many->embed, i), 1, D, D};
            pm_scores s = bed_predict(&b, r, lib, &one, true);
            ck_assert_mem_eq(s.value.at, pm_row(all.value, i), M * sizeof(float));
            ck_assert_mem_eq(s.spread.at, pm_row(all.spread, i), M * sizeof(float));
        }
        router_close(r);
    }
}
END_TEST

/* The embeddings as sparse rows: the same cosines. */
static void sparse_of(pm_prompts *x)
{
    uint64_t *start = arena_alloc(b.room, x->n + 1, sizeof *start);
    uint32_t *col = arena_alloc(b.room, x->n * D, sizeof *col);
    for (size_t i = 0; i < x->n * D; i++) col[i] = (uint32_t)(i % D);
    for (size_t i = 0; i <= x->n; i++) start[i] = i * D;
    x->sparse = (pm_csr){start, col, x->embed.at, x->n, D};
}

START_TEST(sparse_features_serve_as_well)
{
    pm_fit fit = fit_of(0);
    pm_prompts x = *fit.x, tune = *bed_prompts(&b, 30, D, 12);
    sparse_of(&x), sparse_of(&tune), sparse_of(query);
    fit.x = &x;
    expect("k=3 features=sparse", &fit, golden_knn_3_uniform_mean, golden_knn_3_uniform_sd);
    fit.tune_x = &tune;
    fit.tune_y = bed_outcomes(&b, 30, M, 3, true);
    expect("k=auto features=sparse", &fit, golden_knn_tuned_choice, NULL);
    x.embed.at = NULL; /* auto: what is there */
    tune.embed.at = NULL;
    expect("k=auto", &fit, golden_knn_tuned_choice, NULL);
}
END_TEST

START_TEST(refuses_features_that_are_not_there)
{
    pm_fit fit = fit_of(0);
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "knn");
    router_spec spec = {e, bed_params(&b, e, "features=sparse"), 7};
    router *r = NULL;
    bed_fails(&b, router_train(b.call, &spec, &fit, &r, &b.err), PM_E_ARG, "sparse");
}
END_TEST

START_TEST(unknown_columns_fall_back)
{
    enum { ROWS = 4 };
    static const float y[ROWS * M] = {1, NAN, NAN, 1, NAN, NAN, 0, NAN, NAN, 0, 0.5f, NAN};
    pm_prompts *x = bed_prompts(&b, ROWS, D, 0);
    pm_fit fit = {.size = sizeof fit,
                  .lib = lib,
                  .x = x,
                  .y = bed_outcomes_of(&b, PM_VALUE_LOSS, ROWS, M, y)};
    router *r = bed_reload(&b, bed_router(&b, "knn", "k=1", &fit));
    ck_assert_int_eq(router_kind(r), PM_VALUE_LOSS);
    pm_scores s = bed_predict(&b, r, lib, x, true); /* every prompt is its own neighbour */
    bed_near(s.value.at, (double[]){1, .5, .5, 1, .5, .5, 0, .5, .5, 0, .5, .5}, ROWS * M, 1e-7,
             "column mean, then the mean of all");
    bed_near(s.spread.at, (double[]){.5, 0, sqrt(.2)}, M, 1e-6, "column spread");
    router_close(r);
}
END_TEST

START_TEST(sample_weights_weigh_votes)
{
    static const float y[] = {1, 0, 0, 0, 1, 0}, weight[] = {3, 1};
    pm_fit fit = {.size = sizeof fit,
                  .lib = lib,
                  .x = bed_prompts(&b, 2, D, 0),
                  .weight = weight,
                  .y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 2, M, y)};
    router *r = bed_reload(&b, bed_router(&b, "knn", "k=2", &fit));
    bed_near(bed_predict(&b, r, lib, query, false).value.at, (double[]){.75, .25, 0}, M, 1e-7,
             "3:1");
    router_close(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("router knn");
    TCase *t = tcase_create("knn");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, agrees_with_scikit_learn);
    tcase_add_test(t, half_precision_and_bytes_are_near);
    tcase_add_test(t, tunes_on_the_tuning_part_and_takes_it_in);
    tcase_add_test(t, tunes_by_leaving_out);
    tcase_add_test(t, large_groups_and_twins_are_left_out);
    tcase_add_test(t, batch_and_single_are_equal_to_the_bit);
    tcase_add_test(t, sparse_features_serve_as_well);
    tcase_add_test(t, refuses_features_that_are_not_there);
    tcase_add_test(t, unknown_columns_fall_back);
    tcase_add_test(t, sample_weights_weigh_votes);
    suite_add_tcase(s, t);
    return suite_main(s);
}
