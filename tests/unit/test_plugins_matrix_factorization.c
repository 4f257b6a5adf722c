/* SPDX-License-Identifier: MIT
 *
 * matrix_factorization: slopes, planted models, RouteLLM's recipe against numpy, the folded pair, edges.
 */
#include "config.h"

#include "routers/matrix_factorization_train.h"

#include "base/rng.h"
#include "fit_bed.h"
#include "math/bradley_terry.h"
#include "math/gemm.h"
#include "math/train.h"

static bed b;
static size_t asked_dots; /* calls of pm.linalg/1's dots */
static const pm_tensor *shelf[5];
static const char *const shelf_name[] = {"winprob", "fold", "bias", "prompts", "experts"};
#include "plain_host.h"

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

/* ---- made-up battles: the formulas made the golden number --------------------------------------------- */

enum { D = 16, M = 6 };

static double hash(double x, double y)
{
    double v = sin(x * 12.9898 + y * 78.233 + 0.5) * 43758.5453;
    return v - floor(v);
}

static pm_prompts *unit_prompts(size_t n, size_t first)
{
    pm_prompts *x = bed_prompts(&b, n, D, 1);
    for (size_t i = 0; i < n; i++) {
        float *e = (float *)(uintptr_t)pm_crow(x->embed, i);
        double square = 0;
        for (size_t t = 0; t < D; t++) {
            e[t] = (float)(2 * hash((double)(first + i) + 1, (double)t + 1) - 1);
            square += (double)e[t] * (double)e[t];
        }
        for (size_t t = 0; t < D; t++) e[t] = (float)((double)e[t] / sqrt(square));
    }
    return x;
}

static double taste(size_t j, const float *e)
{
    double sum = 0;
    for (size_t t = 0; t < D; t++)
        sum += 6 * (2 * hash(1000 + (double)j, (double)t + 1) - 1) * (double)e[t];
    return sum;
}

/* Battle k is on prompt k mod x->n; soft: the outcome is the probability itself. */
static pm_outcomes *battles(const pm_prompts *x, size_t n, size_t first, bool soft)
{
    pm_outcomes *y = arena_alloc(b.room, 1, sizeof *y);
    pm_battle *k = arena_alloc(b.room, n, sizeof *k);
    for (size_t i = 0; i < n; i++) {
        double at = (double)(first + i) + 0.25;
        uint32_t a = (uint32_t)(M * hash(at, 3)), by = (uint32_t)((M - 1) * hash(at, 5));
        uint32_t row = (uint32_t)((first + i) % x->n), other = (a + 1 + by) % M;
        const float *e = pm_crow(x->embed, row);
        double p = 1 / (1 + exp(taste(other, e) - taste(a, e)));
        k[i] = (pm_battle){row, a, other, 0, soft ? (float)p : hash(at, 7) < p ? 1 : 0, 1};
    }
    *y = (pm_outcomes){.size = sizeof *y, .kind = PM_VALUE_QUALITY, .battle = k, .n_battles = n};
    return y;
}

static pm_fit fit_of(pm_prompts *x, pm_outcomes *y, size_t m)
{
    return (pm_fit){.size = sizeof(pm_fit), .lib = bed_library(&b, m), .x = x, .y = y};
}

/* Probabilities [x->n x m] of beating column `reference`. */
static const float *win(const router *r, const pm_library *lib, const pm_prompts *x,
                        uint32_t reference)
{
    pm_scores s = {.size = sizeof s, .reference_col = reference};
    s.value = (pm_mat){arena_alloc(b.room, x->n * lib->n, sizeof(float)), x->n, lib->n, lib->n};
    bed_ok(&b, router_predict(r, b.call, lib, x, &s, &b.err));
    return s.value.at;
}

static double log_loss(const router *r, const pm_fit *fit, const pm_prompts *x,
                       const pm_outcomes *y)
{
    const float *p[M];
    double sum = 0;
    for (uint32_t j = 0; j < M; j++) p[j] = win(r, fit->lib, x, j);
    for (size_t k = 0; k < y->n_battles; k++) {
        const pm_battle *at = &y->battle[k];
        double q = (double)p[at->b][at->prompt * M + at->a], o = (double)at->outcome;
        sum -= o * log(q) + (1 - o) * log(1 - q);
    }
    return sum / (double)y->n_battles;
}

/* ---- slopes --------------------------------------------------------------------------------------------- */

static double mean_loss(struct mf_step *s, pm_call *c)
{
    double loss;
    ck_assert_int_eq(mf_step_look(s, c, s->data->fit, s->data->n_fit, 0, &loss), PM_OK);
    return loss;
}

/* Derivatives of the mean loss by some weights of every part against differences. */
static void check_slopes(const pm_fit *fit, const struct mf_how *how)
{
    pm_call c = {.size = sizeof c, .host = &host, .seed = 5};
    struct mf_data data;
    struct mf_reading reading = {.form = MF_AUTO};
    ck_assert_int_eq(mf_data_open(&c, fit, &reading, &data), PM_OK);
    ck_assert_int_eq(mf_data_hold(&c, &data, MF_NEVER, MF_NEVER), PM_OK);
    struct mf_step s = {.data = &data, .how = how, .math = &math_here};
    ck_assert_int_eq(mf_step_open(&s, &c), PM_OK);
    mf_step_begin(&s, &c, 0);
    for (size_t j = 0; j < s.m; j++) /* biases that are not at their best */
        s.part[MF_BIAS].at[j] += 0.1f * (float)(j + 1);
    double ignored = 0;
    ck_assert_int_eq(mf_step_run(&s, &c, data.fit, data.n_fit, &ignored), PM_OK); /* lr is 0 */
    for (size_t part = 0; part < MF_PARTS; part++) {
        if (part == MF_C && !how->is_scaled) continue;
        pm_mat w = s.part[part];
        size_t cols = part == MF_BIAS ? s.m : how->rank;
        for (size_t t = 0; t < 12; t++) {
            size_t i = t * 5 % w.rows, k = t * 3 % cols;
            float *at = pm_row(w, i) + k, kept = *at;
            double slope = 0;
            if (part == MF_W)
                for (size_t r = 0; r < s.n; r++)
                    slope += (double)pm_row(s.x, r)[i] * (double)pm_row(s.g, r)[k];
            else
                slope = (double)pm_row(s.slope[part], i)[k];
            struct mf_step look = s; /* a batch of another kind does not disturb this one */
            look.x.at = arena_alloc(b.room, how->batch * s.x.ld, sizeof(float));
            look.h.at = arena_alloc(b.room, how->batch * s.h.ld, sizeof(float));
            look.g.at = arena_alloc(b.room, how->batch * s.g.ld, sizeof(float));
            *at = kept + 1.0f / 64;
            double above = mean_loss(&look, &c);
            *at = kept - 1.0f / 64;
            double below = mean_loss(&look, &c), want = 32 * (above - below);
            *at = kept;
            ck_assert_msg(fabs(want - slope) < 2e-4 + 2e-3 * fabs(want),
                          "part %zu [%zu, %zu]: slope %g, by differences %g", part, i, k, slope,
                          want);
        }
    }
}

START_TEST(slopes_are_derivatives)
{
    for (int way = 0; way < 12; way++) {
        struct mf_how how = {.rank = 5, .epochs = 1, .batch = 64, .members = 1};
        how.is_unit = way & 1, how.is_scaled = way & 2, how.bias = MF_BIAS_LEARNED;
        pm_prompts *x = unit_prompts(40, 0);
        pm_fit fit;
        if (way < 4)
            fit = fit_of(x, battles(x, 60, 0, true), M);
        else
            fit = fit_of(x, bed_outcomes(&b, 40, M, 3, true), M);
        pm_outcomes *y = (pm_outcomes *)(uintptr_t)fit.y;
        if (way >= 8) y->kind = PM_VALUE_LOSS;
        check_slopes(&fit, &how);
    }
}
END_TEST

/* ---- whole fits ---------------------------------------------------------------------------------------- */

START_TEST(recovers_planted_battles)
{
    pm_prompts *x = unit_prompts(300, 0), *new = unit_prompts(60, 5000);
    pm_fit fit = fit_of(x, battles(x, 4000, 0, true), M);
    static const char *const ways[] = {
        "l2=1e-6 tune_l2=false",
        "l2=1e-6 tune_l2=false rank=8 weights=learned experts=unit lr=3e-3"};
    for (size_t k = 0; k < 2; k++) {
        char text[160];
        snprintf(text, sizeof text, "%s members=1 folds=0 epochs=60 batch=32", ways[k]);
        router *r = bed_reload(&b, bed_router(&b, "matrix_factorization", text, &fit));
        ck_assert_int_eq(router_kind(r), PM_VALUE_WINPROB);
        const float *p = win(r, fit.lib, new, 2);
        for (size_t i = 0; i < new->n; i++)
            for (size_t j = 0; j < M; j++) {
                const float *e = pm_crow(new->embed, i);
                double want = 1 / (1 + exp(taste(2, e) - taste(j, e)));
                ck_assert_msg(fabs((double)p[i * M + j] - want) < 0.04, "%s: %g, planted %g",
                              ways[k], (double)p[i * M + j], want);
            }
        router_close(r);
    }
}
END_TEST

START_TEST(recovers_planted_outcomes)
{
    for (int kind = PM_VALUE_QUALITY; kind <= PM_VALUE_LOSS; kind++) {
        pm_prompts *x = fit_bed_prompts(&b, 400, 5, 0, 1), *new = fit_bed_prompts(&b, 50, 5, 0, 2);
        pm_fit fit = fit_bed_fit(&b, x, fit_bed_planted(&b, x, 3, (pm_value_kind)kind));
        router *r = bed_reload(
            &b, bed_router(&b, "matrix_factorization",
                           "l2=1e-6 tune_l2=false members=2 folds=0 epochs=200 lr=3e-3", &fit));
        ck_assert_int_eq(router_kind(r), kind);
        pm_scores s = bed_predict(&b, r, fit.lib, new, false);
        pm_outcomes *want = fit_bed_planted(&b, new, 3, (pm_value_kind)kind);
        for (size_t i = 0; i < new->n; i++)
            for (size_t j = 0; j < 3; j++)
                ck_assert_double_eq_tol((double)pm_row(s.value, i)[j],
                                        (double)pm_crow(want->value, i)[j], 0.02);
        router_close(r);
    }
}
END_TEST

/* numpy 2.4, float64, PCG64: V ~ N(0, 1), W and w2 ~ U(+-1 / sqrt(inputs)); batches of 64 of a fresh permutation each
 * epoch; softplus of the loser's lead; v / |v|; noise .1 N(0, 1) on every coordinate; Adam (.9, .999, 1e-8), L2
 * 1e-5 in the gradient, lr 2e-3 instead of 3e-4 (10 epochs of 3000 battles are few), no bias.  Held-out log-loss of
 * ten seeds: mean .31556, standard deviation .00177 (the truth has .23512). */
START_TEST(routellm_recipe_as_numpy)
{
    static const char recipe[] =
        "rank=128 members=1 epochs=10 folds=0 slows=false ties=drop labels=hard "
        "experts=unit weights=learned bias=none lr=2e-3 l2=1e-5 noise=0.1 batch=64";
    pm_prompts *x = unit_prompts(300, 0), *new = unit_prompts(100, 5000);
    pm_fit fit = fit_of(x, battles(x, 3000, 0, false), M);
    pm_outcomes *held = battles(new, 1000, 100000, false);
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "matrix_factorization");
    double sum = 0;
    enum { SEEDS = 5 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        router_spec spec = {e, bed_params(&b, e, recipe), seed};
        router *r = NULL;
        bed_ok(&b, router_train(b.call, &spec, &fit, &r, &b.err));
        sum += log_loss(r, &fit, new, held) / SEEDS;
        router_close(r);
    }
    ck_assert_msg(fabs(sum - 0.31556) < 0.005, "mean held-out log-loss %.5f", sum);
}
END_TEST

/* On battles that the prompt does not decide, the default stays at the ratings; where it does, it is better. */
START_TEST(default_is_not_worse_than_ratings)
{
    pm_prompts *x = unit_prompts(200, 0), *new = unit_prompts(100, 5000);
    for (int decides = 0; decides < 2; decides++) {
        pm_outcomes *y = battles(x, 2000, 0, false), *held = battles(new, 2000, 100000, true);
        for (size_t k = 0; k < y->n_battles && !decides; k++) {
            pm_battle *at = (pm_battle *)(uintptr_t)&y->battle[k],
                      *h = (pm_battle *)(uintptr_t)&held->battle[k];
            at->outcome = hash((double)k, 9) < 1 / (1 + exp((double)at->b - (double)at->a));
            h->outcome = (float)(1 / (1 + exp((double)h->b - (double)h->a)));
        }
        pm_fit fit = fit_of(x, y, M);
        router *r = bed_router(&b, "matrix_factorization", "members=1", &fit);
        router *bare = bed_router(&b, "matrix_factorization",
                                  "members=1 folds=0 epochs=1 lr=1e-9 rank=1 bias=rating", &fit);
        double ours = log_loss(r, &fit, new, held), ratings = log_loss(bare, &fit, new, held);
        ck_assert_msg(decides ? ours < 0.7 * ratings : ours < ratings + 0.005, "%g, ratings %g",
                      ours, ratings);
        router_close(r);
        router_close(bare);
    }
}
END_TEST

/* ---- predicting ----------------------------------------------------------------------------------------- */

START_TEST(folded_pair_is_the_full_scores)
{
    enum { N = 300, THREE = 3 };
    pm_prompts *x = unit_prompts(N, 0);
    float fold[D * THREE], pair[D * 2], bias[THREE] = {0.3f, -0.4f, 0.1f};
    for (size_t t = 0; t < D; t++)
        for (size_t j = 0; j < THREE; j++) {
            fold[t * THREE + j] = (float)(4 * hash((double)t, (double)j) - 2);
            if (j < 2) pair[t * 2 + j] = fold[t * THREE + j];
        }
    pm_call c = {.size = sizeof c, .host = &host};
    const pm_router_type *type = pm_plugin_entry(PM_ABI)->routers[0];
    void *full = arena_alloc(b.room, 1, type->state_bytes),
         *two = arena_alloc(b.room, 1, type->state_bytes);
    const double unit[2] = {0, 1};
    for (size_t m = THREE; m >= 2; m--) {
        const pm_tensor t[] = {{PM_F64, 1, {2}, unit},
                               {PM_F32, 2, {D, m}, m == 2 ? pair : fold},
                               {PM_F32, 1, {m}, bias},
                               {PM_F32, 2, {D, 1}, fold},
                               {PM_F32, 2, {m, 1}, fold}};
        for (size_t k = 0; k < 5; k++) shelf[k] = &t[k];
        ck_assert_int_eq(type->load(m == 2 ? two : full, &c, NULL), PM_OK);
    }
    for (uint32_t ref = 0; ref < 2; ref++) {
        float all[N * THREE], both[N * 2];
        pm_scores a = {.size = sizeof a, .reference_col = ref, .value = {all, N, THREE, THREE}};
        pm_scores o = {.size = sizeof o, .reference_col = ref, .value = {both, N, 2, 2}};
        ck_assert_int_eq(type->predict(full, &c, NULL, x, &a), PM_OK);
        ck_assert_uint_eq(asked_dots, ref * 2); /* of 256 prompts each */
        ck_assert_int_eq(type->predict(two, &c, NULL, x, &o), PM_OK);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < 2; j++)
                ck_assert_double_eq_tol((double)both[i * 2 + j], (double)all[i * THREE + j], 1e-6);
    }
}
END_TEST

/* A prompt's latent times an expert's is the logit without the bias. */
START_TEST(latents_multiply_to_logits)
{
    pm_call c = {.size = sizeof c, .host = &host, .seed = 3};
    pm_prompts *x = unit_prompts(60, 0);
    pm_fit fit = fit_of(x, battles(x, 600, 0, false), M);
    struct mf_reading reading = {.form = MF_AUTO};
    struct mf_how how = {.rank = 4, .epochs = 0, .batch = 16, .members = 3, .is_scaled = 1};
    struct mf_data data;
    struct mf_result result;
    ck_assert_int_eq(mf_data_open(&c, &fit, &reading, &data), PM_OK);
    ck_assert_int_eq(mf_train(&c, &data, &how, &result), PM_OK);
    ck_assert_uint_eq(result.fold.k, 12);
    for (size_t t = 0; t < D; t++)
        for (size_t j = 0; j < M; j++) {
            double sum = 0;
            for (size_t k = 0; k < 12; k++)
                sum += (double)result.fold.prompts[t * 12 + k] *
                       (double)result.fold.experts[j * 12 + k];
            ck_assert_double_eq_tol((double)result.fold.fold[t * M + j], sum, 1e-5);
        }
}
END_TEST

START_TEST(threads_do_not_matter)
{
    pm_prompts *x = fit_bed_prompts(&b, 150, 40, 0, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, 150, M, 1, true));
    fit_bed_threads(&b, "matrix_factorization", "epochs=3 noise=0.1 rank=40 batch=48", &fit);
    pm_outcomes *y = (pm_outcomes *)(uintptr_t)fit.y;
    pm_outcomes *more = battles(unit_prompts(150, 0), 700, 0, false);
    y->battle = more->battle, y->n_battles = more->n_battles;
    fit_bed_threads(&b, "matrix_factorization", "epochs=3 noise=0.1 rank=140 members=2", &fit);
}
END_TEST

/* ---- edges ------------------------------------------------------------------------------------------------ */

static pm_status try_fit(const char *given, const pm_fit *fit)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "matrix_factorization");
    router_spec spec = {e, bed_params(&b, e, given), 1};
    router *r = NULL;
    pm_status st = router_train(b.call, &spec, fit, &r, &b.err);
    router_close(r);
    return st;
}

START_TEST(all_ties)
{
    pm_prompts *x = unit_prompts(50, 0);
    pm_outcomes *y = battles(x, 400, 0, false);
    for (size_t k = 0; k < y->n_battles; k++) ((pm_battle *)(uintptr_t)y->battle)[k].outcome = 0.5f;
    pm_fit fit = fit_of(x, y, M);
    router *r = bed_router(&b, "matrix_factorization", "", &fit);
    const float *p = win(r, fit.lib, x, 1);
    for (size_t i = 0; i < x->n * M; i++) ck_assert_double_eq_tol((double)p[i], 0.5, 0.02);
    router_close(r);
    bed_fails(&b, try_fit("ties=drop", &fit), PM_E_ARG, "every battle is a tie");
}
END_TEST

START_TEST(forms_need_their_data)
{
    pm_prompts *x = unit_prompts(30, 0);
    pm_fit duels = fit_of(x, battles(x, 100, 0, false), M);
    pm_fit cells = fit_of(x, bed_outcomes(&b, 30, M, 1, true), M);
    bed_fails(&b, try_fit("form=pairwise", &cells), PM_E_ARG, "there are no battles");
    bed_fails(&b, try_fit("form=bilinear", &duels), PM_E_ARG, "no outcomes but battles");
    pm_outcomes none = {.size = sizeof none, .kind = PM_VALUE_QUALITY};
    pm_fit nothing = fit_of(x, &none, M);
    bed_fails(&b, try_fit("", &nothing), PM_E_ARG, "neither battles nor outcomes");
}
END_TEST

/* An expert that never won, one that never fought, hardly a known cell, one expert alone. */
START_TEST(thin_data)
{
    pm_prompts *x = unit_prompts(40, 0);
    pm_outcomes *y = battles(x, 200, 0, false);
    for (size_t k = 0; k < y->n_battles; k++) {
        pm_battle *at = &((pm_battle *)(uintptr_t)y->battle)[k];
        if (at->a == 0) at->outcome = 0;
        if (at->b == 0) at->outcome = 1;
    }
    pm_fit fit = fit_of(x, y, M + 1);
    router *r = bed_router(&b, "matrix_factorization", "", &fit);
    const float *p = win(r, fit.lib, x, 1);
    for (size_t i = 0; i < x->n; i++) ck_assert_double_lt((double)p[i * (M + 1)], 0.3);
    router_close(r);
    float *cell = arena_alloc(b.room, 40 * M, sizeof *cell);
    for (size_t i = 0; i < 40 * (size_t)M; i++) cell[i] = i % 23 ? NAN : 0.7f;
    fit = fit_of(x, bed_outcomes_of(&b, PM_VALUE_QUALITY, 40, M, cell), M);
    r = bed_router(&b, "matrix_factorization", "", &fit);
    pm_scores s = bed_predict(&b, r, fit.lib, x, false);
    for (size_t i = 0; i < 40 * (size_t)M; i++)
        ck_assert_double_eq_tol((double)s.value.at[i], 0.7, 0.15);
    router_close(r);
    fit = fit_of(x, bed_outcomes(&b, 40, 1, 1, false), 1);
    r = bed_router(&b, "matrix_factorization", "", &fit);
    (void)bed_predict(&b, r, fit.lib, x, false);
    router_close(r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("matrix_factorization");
    TCase *t = tcase_create("matrix_factorization");
    tcase_set_timeout(t, 240);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, slopes_are_derivatives);
    tcase_add_test(t, recovers_planted_battles);
    tcase_add_test(t, recovers_planted_outcomes);
    tcase_add_test(t, routellm_recipe_as_numpy);
    tcase_add_test(t, default_is_not_worse_than_ratings);
    tcase_add_test(t, folded_pair_is_the_full_scores);
    tcase_add_test(t, latents_multiply_to_logits);
    tcase_add_test(t, threads_do_not_matter);
    tcase_add_test(t, all_ties);
    tcase_add_test(t, forms_need_their_data);
    tcase_add_test(t, thin_data);
    suite_add_tcase(suite, t);
    return suite_main(suite);
}
