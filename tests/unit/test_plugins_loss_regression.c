/* SPDX-License-Identifier: MIT
 *
 * loss_regression: slopes, planted models, early stopping, what must not matter.
 */
#include "config.h"

#include "base/rng.h"
#include "fit_bed.h"
#include "routers/loss_regression_goal.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

/* ---- one row ---------------------------------------------------------------------------------------- */

enum { M = 4 };
static const float two_rows[2 * M] = {1.5f, 0.75f, NAN, 2, 1.25f, 1, 1.75f, 1};
static const double shift[M] = {1.25, 1, 1.5, 1.75}, scale[M] = {0.5, 0.25, 1, 2};

static struct loss_goal goal_of(const struct fit_data *data, int64_t divergence, int64_t targets)
{
    return (struct loss_goal){.data = data,
                              .divergence = divergence,
                              .targets = targets,
                              .delta = 0.7,
                              .temperature = 0.3,
                              .anchor = 0.2,
                              .shift = shift,
                              .scale = scale,
                              .level_scale = 0.6,
                              .units = M + (targets == TARGETS_CENTRED)};
}

START_TEST(slopes_are_derivatives)
{
    for (int kind = PM_VALUE_QUALITY; kind <= PM_VALUE_LOSS; kind++) {
        struct fit_data data = {
            .n = 2, .n_x = 2, .m = M, .kind = (pm_value_kind)kind, .y = two_rows};
        for (int64_t d = DIVERGENCE_MAE; d <= DIVERGENCE_KL; d++)
            for (int64_t t = TARGETS_STANDARDISED; t <= TARGETS_RAW; t++) {
                struct loss_goal g = goal_of(&data, d, t);
                for (size_t k = 0; k < 8; k++)
                    fit_bed_slopes(loss_goal_loss, &g, k % 2, g.units, 10 + k);
            }
    }
}
END_TEST

START_TEST(divergences_by_hand)
{
    struct fit_data data = {.n = 2, .n_x = 2, .m = M, .kind = PM_VALUE_LOSS, .y = two_rows};
    const float zero[M + 1] = {0};
    /* Row 1: y - shift = 0, 0, .25, -.75; standardised 0, 0, .25, -.375. */
    struct loss_goal g = goal_of(&data, DIVERGENCE_MAE, TARGETS_STANDARDISED);
    ck_assert_double_eq_tol(loss_goal_loss(&g, 1, zero, NULL), 0.625, 1e-12);
    g.divergence = DIVERGENCE_MSE;
    ck_assert_double_eq_tol(loss_goal_loss(&g, 1, zero, NULL), (0.0625 + 0.140625) / 2, 1e-12);
    g.divergence = DIVERGENCE_HUBER, g.delta = 0.3; /* .25^2 / 2; .3 (.375 - .15) */
    ck_assert_double_eq_tol(loss_goal_loss(&g, 1, zero, NULL), 0.03125 + 0.0675, 1e-12);
    /* Softmaxes of two experts: p = 1 / (1 + e^(-1)), q = 1/2. */
    const float pair[2] = {1, 1.3f};
    const double same[2] = {0, 0}, one[2] = {1, 1}, p = 1 / (1 + exp(-1));
    struct fit_data two = {.n = 1, .n_x = 1, .m = 2, .kind = PM_VALUE_LOSS, .y = pair};
    g = goal_of(&two, DIVERGENCE_KL, TARGETS_RAW);
    g.anchor = 0, g.shift = same, g.scale = one;
    ck_assert_double_eq_tol(loss_goal_loss(&g, 0, zero, NULL),
                            p * log(2 * p) + (1 - p) * log(2 * (1 - p)), 1e-6);
}
END_TEST

/* What all experts share on a prompt is nothing to KL, neither in outcomes nor in predictions. */
START_TEST(kl_sees_differences_only)
{
    float moved[2 * M], answer[M] = {0.5f, -0.25f, 0, 1}, more[M];
    for (size_t c = 0; c < (size_t)2 * M; c++) moved[c] = two_rows[c] + 4;
    struct fit_data data = {.n = 2, .n_x = 2, .m = M, .kind = PM_VALUE_LOSS, .y = two_rows};
    struct fit_data there = data;
    there.y = moved;
    struct loss_goal g = goal_of(&data, DIVERGENCE_KL, TARGETS_STANDARDISED), h = g;
    g.anchor = h.anchor = 0;
    h.data = &there;
    for (size_t j = 0; j < M; j++) more[j] = answer[j] + (float)(0.5 / scale[j]);
    for (size_t i = 0; i < 2; i++) {
        float slope[M] = {0}, same[M] = {0};
        double at = loss_goal_loss(&g, i, answer, slope);
        ck_assert_double_gt(at, 0.01);
        ck_assert_double_eq_tol(loss_goal_loss(&h, i, answer, same), at, 1e-5);
        ck_assert_double_eq_tol(loss_goal_loss(&g, i, more, NULL), at, 1e-5);
        for (size_t j = 0; j < M; j++)
            ck_assert_double_eq_tol((double)slope[j], (double)same[j], 1e-5);
    }
}
END_TEST

/* ---- whole fits ---------------------------------------------------------------------------------------- */

static double largest_error(const pm_scores *s, const pm_outcomes *y)
{
    double most = 0;
    for (size_t i = 0; i < s->value.rows; i++)
        for (size_t j = 0; j < s->value.cols; j++)
            most =
                fmax(most, fabs((double)pm_row(s->value, i)[j] - (double)pm_crow(y->value, i)[j]));
    return most;
}

START_TEST(recovers_a_planted_linear_model)
{
    static const char *const ways[] = {
        "divergence=mse targets=raw", "divergence=mse targets=standardised",
        "divergence=huber targets=centred", "divergence=mae targets=standardised",
        "divergence=kl targets=centred"};
    for (int kind = PM_VALUE_QUALITY; kind <= PM_VALUE_LOSS; kind++)
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            char params[160];
            pm_prompts *x = fit_bed_prompts(&b, 400, 5, 0, 1),
                       *new = fit_bed_prompts(&b, 50, 5, 0, 2);
            pm_fit fit = fit_bed_fit(&b, x, fit_bed_planted(&b, x, 3, (pm_value_kind)kind));
            snprintf(params, sizeof params, "%s epochs=300 patience=300 weight_decay=0 batch=32",
                     ways[k]);
            router *r = bed_reload(&b, bed_router(&b, "loss_regression", params, &fit));
            ck_assert_int_eq(router_kind(r), kind);
            pm_scores s = bed_predict(&b, r, fit.lib, new, true);
            double most = largest_error(&s, fit_bed_planted(&b, new, 3, (pm_value_kind)kind));
            ck_assert_msg(most < 0.02, "kind %d, %s: off by %g", kind, ways[k], most);
            ck_assert_double_lt((double)s.spread.at[0], 0.02);
            router_close(r);
        }
}
END_TEST

/* y is |x_0|: no linear layer can say it, a hidden one can. */
START_TEST(hidden_layer_bends)
{
    pm_prompts *x = fit_bed_prompts(&b, 600, 3, 0, 1);
    float *y = arena_alloc(b.room, 600 * 2, sizeof *y);
    for (size_t i = 0; i < 600; i++)
        y[2 * i] = 1 + fabsf(pm_crow(x->embed, i)[0]), y[2 * i + 1] = 1.25f;
    pm_outcomes *seen = bed_outcomes_of(&b, PM_VALUE_LOSS, 600, 2, y);
    pm_fit fit = fit_bed_fit(&b, x, seen);
    double off[2];
    for (int k = 0; k < 2; k++) {
        router *r = bed_router(
            &b, "loss_regression",
            k ? "head=mlp hidden=32 weight_decay=0 divergence=mse epochs=300 patience=300 lr=0.01"
              : "head=linear divergence=mse epochs=300 patience=300",
            &fit);
        pm_scores s = bed_predict(&b, r, fit.lib, x, false);
        off[k] = largest_error(&s, seen);
        router_close(r);
    }
    ck_assert_msg(off[1] < 0.05 && off[0] > 0.15, "linear %g, hidden %g", off[0], off[1]);
}
END_TEST

START_TEST(stops_at_the_best_epoch)
{
    double curve[101];
    size_t n = 0;
    /* Training outcomes follow the embedding, with noise that 60 weights can learn; the tuning part has other noise. */
    pm_prompts *x = fit_bed_prompts(&b, 60, 20, 0, 1), *tune = fit_bed_prompts(&b, 60, 20, 0, 2);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, 60, 3, 1, false));
    fit.tune_x = tune;
    fit.tune_y = bed_outcomes(&b, 60, 3, 2, false);
    router *r = fit_bed_watched(&b, "loss_regression",
                                "divergence=mse epochs=100 patience=6 lr=0.003 refit=false", &fit,
                                curve, &n);
    size_t best = 1, settled = 999;
    for (size_t e = 1; e <= n; e++)
        if (curve[e] < curve[best]) best = e;
    ck_assert_int_eq(sscanf(router_settled(r), "epoch=%zu", &settled), 1);
    /* Nothing may have helped at all: then it is epoch 0.  Small progress is kept but does not count. */
    ck_assert_msg(n < 100 && n >= 6 && n <= settled + 6, "%zu epochs, settled on %zu", n, settled);
    ck_assert(settled == best || settled == 0);
    router_close(r);
}
END_TEST

/* The tuning part says that x is worth nothing: means are all that is left. */
START_TEST(keeps_the_means_where_nothing_helps)
{
    pm_prompts *x = fit_bed_prompts(&b, 80, 4, 0, 1), *tune = fit_bed_prompts(&b, 40, 4, 0, 2);
    pm_outcomes *y = fit_bed_planted(&b, x, 2, PM_VALUE_QUALITY);
    double mean[2] = {0, 0};
    float *flat = arena_alloc(b.room, 80, sizeof *flat);
    for (size_t i = 0; i < 160; i++) mean[i % 2] += (double)y->value.at[i] / 80;
    for (size_t i = 0; i < 80; i++) flat[i] = (float)mean[i % 2];
    pm_fit fit = fit_bed_fit(&b, x, y);
    fit.tune_x = tune;
    fit.tune_y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 40, 2, flat);
    router *r = bed_router(&b, "loss_regression", "divergence=mse targets=raw", &fit);
    ck_assert_msg(strncmp(router_settled(r), "epoch=0,", 8) == 0, "%s", router_settled(r));
    bed_near(bed_predict(&b, r, fit.lib, tune, false).value.at,
             (double[]){mean[0], mean[1], mean[0], mean[1]}, 4, 1e-6, "means");
    router_close(r);
}
END_TEST

START_TEST(constant_and_missing_outcomes)
{
    enum { N = 30 };
    pm_prompts *x = fit_bed_prompts(&b, N, 4, 30, 1);
    float *y = arena_alloc(b.room, N * 3, sizeof *y);
    for (size_t i = 0; i < N; i++)
        y[3 * i] = 0.5f, y[3 * i + 1] = i % 3 ? 0.5f : NAN, y[3 * i + 2] = NAN;
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes_of(&b, PM_VALUE_QUALITY, N, 3, y));
    static const char *const ways[] = {"", "divergence=mse targets=standardised", "features=sparse",
                                       "head=mlp hidden=8 features=both"};
    for (size_t k = 0; k < 4; k++) {
        router *r = bed_router(&b, "loss_regression", ways[k], &fit);
        pm_scores s = bed_predict(&b, r, fit.lib, x, true);
        for (size_t c = 0; c < (size_t)N * 3; c++) {
            ck_assert_double_eq_tol((double)s.value.at[c], 0.5, 0.02);
            ck_assert_double_lt((double)s.spread.at[c], 0.02);
        }
        router_close(r);
    }
}
END_TEST

START_TEST(one_prompt_one_expert)
{
    static const float y[] = {0.7f};
    pm_prompts *x = fit_bed_prompts(&b, 1, 3, 12, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes_of(&b, PM_VALUE_LOSS, 1, 1, y));
    static const char *const ways[] = {"", "features=sparse", "features=both head=mlp hidden=4"};
    for (size_t k = 0; k < 3; k++) {
        router *r = bed_reload(&b, bed_router(&b, "loss_regression", ways[k], &fit));
        bed_near(bed_predict(&b, r, fit.lib, x, false).value.at, (double[]){.7}, 1, 0.01, ways[k]);
        router_close(r);
    }
}
END_TEST

/* Quality q and loss 1 - q are the same problem. */
START_TEST(losses_mirror_qualities)
{
    pm_prompts *x = fit_bed_prompts(&b, 90, 6, 40, 1);
    pm_outcomes *q = bed_outcomes(&b, 90, 3, 1, true);
    float *loss = arena_alloc(b.room, 270, sizeof *loss);
    for (size_t c = 0; c < 270; c++) loss[c] = 1 - q->value.at[c];
    pm_fit fit = fit_bed_fit(&b, x, q), other = fit;
    other.y = bed_outcomes_of(&b, PM_VALUE_LOSS, 90, 3, loss);
    static const char *const ways[] = {"temperature=0.3", "features=sparse temperature=0.3",
                                       "divergence=huber targets=standardised"};
    for (size_t k = 0; k < 3; k++) {
        router *r = bed_router(&b, "loss_regression", ways[k], &fit);
        router *s = bed_router(&b, "loss_regression", ways[k], &other);
        pm_scores u = bed_predict(&b, r, fit.lib, x, true),
                  v = bed_predict(&b, s, fit.lib, x, true);
        for (size_t c = 0; c < 270; c++) {
            ck_assert_double_eq_tol((double)u.value.at[c], 1 - (double)v.value.at[c], 2e-3);
            ck_assert_double_eq_tol((double)u.spread.at[c], (double)v.spread.at[c], 2e-3);
        }
        router_close(r);
        router_close(s);
    }
}
END_TEST

START_TEST(same_bits_with_two_threads)
{
    pm_prompts *x = fit_bed_prompts(&b, 600, 24, 5000, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, 600, 5, 1, true));
    fit_bed_threads(&b, "loss_regression", "epochs=3", &fit);
    fit_bed_threads(&b, "loss_regression", "epochs=3 features=sparse", &fit);
    fit_bed_threads(&b, "loss_regression", "epochs=3 head=mlp features=sparse hidden=40", &fit);
    fit_bed_threads(&b, "loss_regression", "epochs=3 head=mlp features=both dropout=0.2", &fit);
}
END_TEST

/* Held-out residuals: normal noise of deviation .1 and .3 around a planted model. */
START_TEST(spread_is_the_noise)
{
    enum { N = 1200 };
    pm_prompts *x = fit_bed_prompts(&b, N, 5, 0, 1);
    pm_outcomes *y = fit_bed_planted(&b, x, 2, PM_VALUE_LOSS);
    float *noisy = arena_alloc(b.room, 2 * N, sizeof *noisy);
    for (size_t c = 0; c < (size_t)2 * N; c++) {
        double z = rng_normal(9, 1, c) * (c % 2 ? 0.3 : 0.1);
        noisy[c] = fmaxf(0, y->value.at[c] + (float)z);
    }
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes_of(&b, PM_VALUE_LOSS, N, 2, noisy));
    router *r = bed_router(&b, "loss_regression", "divergence=mse", &fit);
    pm_scores s = bed_predict(&b, r, fit.lib, x, true);
    double mean[2] = {0, 0}, squares[2] = {0, 0};
    for (size_t c = 0; c < (size_t)2 * N; c++) {
        double e = (double)noisy[c] - (double)s.value.at[c];
        mean[c % 2] += e / N, squares[c % 2] += e * e / N;
    }
    for (size_t j = 0; j < 2; j++)
        ck_assert_double_eq_tol((double)s.spread.at[j], sqrt(squares[j]), 0.15 * sqrt(squares[j]));
    ck_assert_double_gt((double)s.spread.at[1], 2 * (double)s.spread.at[0]);
    router_close(r);
}
END_TEST

START_TEST(features_that_are_not_there)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "loss_regression");
    pm_prompts *x = fit_bed_prompts(&b, 10, 3, 0, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, 10, 2, 1, false));
    router *r = NULL;
    router_spec spec = {e, bed_params(&b, e, "features=sparse"), 7};
    bed_fails(&b, router_train(b.call, &spec, &fit, &r, &b.err), PM_E_ARG, "sparse features");
    spec.params = bed_params(&b, e, "lr=1000 epochs=50 divergence=mse");
    pm_status st = router_train(b.call, &spec, &fit, &r, &b.err); /* may diverge, must say so */
    ck_assert(st == PM_OK || st == PM_E_DIVERGED);
    router_close(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("router loss_regression");
    TCase *t = tcase_create("loss_regression");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, slopes_are_derivatives);
    tcase_add_test(t, divergences_by_hand);
    tcase_add_test(t, kl_sees_differences_only);
    tcase_add_test(t, recovers_a_planted_linear_model);
    tcase_add_test(t, hidden_layer_bends);
    tcase_add_test(t, stops_at_the_best_epoch);
    tcase_add_test(t, keeps_the_means_where_nothing_helps);
    tcase_add_test(t, constant_and_missing_outcomes);
    tcase_add_test(t, one_prompt_one_expert);
    tcase_add_test(t, losses_mirror_qualities);
    tcase_add_test(t, same_bits_with_two_threads);
    tcase_add_test(t, spread_is_the_noise);
    tcase_add_test(t, features_that_are_not_there);
    suite_add_tcase(s, t);
    return suite_main(s);
}
