/* SPDX-License-Identifier: MIT
 *
 * best_expert: slopes, shares of ties and weights, an independent logistic regression; and who fit_data holds
 * out.
 */
#include "config.h"

#include "fit_bed.h"
#include "routers/best_expert_goal.h"

#include "best_expert_golden.inc"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

START_TEST(slopes_are_derivatives)
{
    enum { M = 4 };
    static const float y[2 * M] = {0.5f, 0.75f, NAN, 0.75f, 0.25f, 1, 0, 0.5f};
    for (int kind = PM_VALUE_QUALITY; kind <= PM_VALUE_LOSS; kind++) {
        struct fit_data data = {.n = 2, .n_x = 2, .m = M, .kind = (pm_value_kind)kind, .y = y};
        for (int64_t o = OBJECTIVE_LIKELIHOOD; o <= OBJECTIVE_REGRET; o++)
            for (int soft = 0; soft < 2; soft++) {
                struct best_goal g = {&data, o, soft ? 0.3 : 0, 0.4, NULL};
                for (size_t k = 0; k < 8; k++) fit_bed_slopes(best_goal_loss, &g, k % 2, M, 30 + k);
            }
    }
}
END_TEST

START_TEST(losses_by_hand)
{
    static const float y[] = {0.5f, 0.75f, NAN, 0.75f};
    static const float even[] = {0, 0, 0, 0}, odd[] = {0, (float)0.6931471805599453, 0, 0};
    struct fit_data data = {.n = 1, .n_x = 1, .m = 4, .kind = PM_VALUE_QUALITY, .y = y};
    struct best_goal g = {&data, OBJECTIVE_LIKELIHOOD, 0, 0.25, NULL};
    ck_assert_double_eq_tol(best_goal_loss(&g, 0, even, NULL), log(3), 1e-7);
    /* q = 1/4, 1/2, 1/4 of the known; both of the best share: (log 2 + log 4) / 2. */
    ck_assert_double_eq_tol(best_goal_loss(&g, 0, odd, NULL), 1.5 * log(2), 1e-6);
    g.objective = OBJECTIVE_REGRET; /* the first is .25 behind, one lead: its share */
    ck_assert_double_eq_tol(best_goal_loss(&g, 0, odd, NULL), 0.25, 1e-6);
    ck_assert_double_eq_tol(best_goal_regret(&g, 0, odd), 0, 1e-9);
    static const float first[] = {1, 0, 0, 0}, unknown[] = {0, 0, 1, 0};
    ck_assert_double_eq_tol(best_goal_regret(&g, 0, first), 0.25, 1e-9);
    ck_assert(isnan(best_goal_regret(&g, 0, unknown)));
}
END_TEST

static pm_fit by_hand(pm_prompts *x, size_t n, size_t m, const float *y)
{
    return fit_bed_fit(&b, x, bed_outcomes_of(&b, PM_VALUE_QUALITY, n, m, y));
}

/* Prompts that are all alike: probabilities are the shares of having been best. */
START_TEST(shares_ties_weights_and_unknown_cells)
{
    static const float y[] = {1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, NAN};
    static const float weight[] = {1, 1, 1, 1}, heavy[] = {3, 1, 1, 1};
    static const char long_fit[] = "epochs=2000 lr=0.01 weight_decay=0 batch=4 temperature=0";
    pm_prompts *x = fit_bed_prompts(&b, 4, 0, 0, 0);
    static const float same[] = {1, 1, 1, 1, 1, 1, 1, 1};
    x->embed = (pm_cmat){same, 4, 2, 2};
    pm_fit fit = by_hand(x, 4, 3, y);
    fit.weight = weight;
    router *r = bed_router(&b, "best_expert", long_fit, &fit);
    ck_assert_int_eq(router_kind(r), PM_VALUE_BEST);
    /* 1.5 and 2.5 of 4; the third has never been best. */
    bed_near(bed_predict(&b, r, fit.lib, x, false).value.at, (double[]){.375, .625, 0}, 3, 0.01,
             "shares");
    router_close(r);
    fit.weight = heavy; /* 3.5 and 2.5 of 6 */
    r = bed_reload(&b, bed_router(&b, "best_expert", long_fit, &fit));
    bed_near(bed_predict(&b, r, fit.lib, x, false).value.at, (double[]){3.5 / 6, 2.5 / 6, 0}, 3,
             0.01, "weights");
    router_close(r);
}
END_TEST

/* Full batches, no early stopping (the tuning part is the training part): the maximum of the likelihood. */
START_TEST(agrees_with_scikit_learn)
{
    enum { N = 120, D = 4, M = 3 };
    pm_prompts *x = fit_bed_prompts(&b, N, D, 0, 3);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, N, M, 4, false));
    float *y = arena_alloc(b.room, N * M, sizeof *y); /* no ties: scikit-learn has no shared ones */
    for (size_t c = 0; c < (size_t)N * M; c++)
        y[c] = fit.y->value.at[c] * 0.9f + (float)(c % M) * 0.01f;
    fit.y = bed_outcomes_of(&b, PM_VALUE_QUALITY, N, M, y);
    fit.tune_x = x;
    fit.tune_y = fit.y;
    router *r = bed_router(
        &b, "best_expert",
        "epochs=3000 patience=3000 lr=0.02 weight_decay=0 batch=120 refit=false temperature=0",
        &fit);
    bed_near(bed_predict(&b, r, fit.lib, x, false).value.at, golden_logistic,
             sizeof golden_logistic / sizeof *golden_logistic, 2e-3, "probabilities");
    router_close(r);
}
END_TEST

/* Word features tell who is best without fail: every choice is right, for all objectives and heads. */
START_TEST(separable_words)
{
    enum { N = 200, M = 3 };
    pm_prompts *x = fit_bed_prompts(&b, N, 8, 36, 5);
    float *y = arena_alloc(b.room, N * M, sizeof *y);
    for (size_t i = 0; i < N; i++) y[i * M + x->sparse.col[x->sparse.start[i]] % M] = 1;
    pm_fit fit = by_hand(x, N, M, y);
    static const char *const ways[] = {"features=sparse epochs=60",
                                       "features=both epochs=60",
                                       "features=sparse epochs=60 objective=regret lr_words=0.5",
                                       "features=both head=mlp hidden=16 epochs=60",
                                       "features=sparse head=mlp hidden=16 epochs=60",
                                       "features=sparse temperature=0.1 epochs=60"};
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        router *r = bed_reload(&b, bed_router(&b, "best_expert", ways[k], &fit));
        pm_scores s = bed_predict(&b, r, fit.lib, x, false);
        size_t wrong = 0;
        for (size_t i = 0; i < N; i++) {
            const float *p = pm_row(s.value, i);
            for (size_t j = 0; j < M; j++) wrong += y[i * M + j] < 1 && p[j] >= 0.5f;
        }
        ck_assert_msg(wrong == 0, "%s: %zu of %d are wrong", ways[k], wrong, N);
        router_close(r);
    }
}
END_TEST

START_TEST(same_bits_with_two_threads)
{
    pm_prompts *x = fit_bed_prompts(&b, 600, 24, 5000, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, 600, 5, 1, true));
    fit_bed_threads(&b, "best_expert", "epochs=3", &fit);
    fit_bed_threads(&b, "best_expert", "epochs=3 features=sparse temperature=0.2", &fit);
    fit_bed_threads(&b, "best_expert", "epochs=3 features=both head=mlp objective=regret", &fit);
}
END_TEST

/* ---- runs of bytes ---------------------------------------------------------------------------------------- */

/* Texts whose kind is told by case and white space only; every third is long, one is empty. */
static pm_prompts *byte_prompts(size_t n)
{
    static const char *const kind[] = {"Ab  c", "aB  c", "ab c"};
    pm_prompts *x = fit_bed_prompts(&b, n, 4, 0, 6);
    pm_str *text = arena_alloc(b.room, n, sizeof *text);
    for (size_t i = 0; i < n; i++) {
        size_t at = 0, room = i == 5 ? 70000 : 40;
        char *t = arena_alloc(b.room, room + 64, 1);
        while (at < room) at += (size_t)snprintf(t + at, 64, "%s w%zu. ", kind[i % 3], i % 7);
        text[i] = (pm_str){t, i == 9 ? 0 : at};
    }
    x->text = text;
    return x;
}

static pm_fit byte_fit(pm_prompts *x)
{
    enum { M = 3 };
    float *y = arena_alloc(b.room, x->n * M, sizeof *y);
    for (size_t i = 0; i < x->n; i++) y[i * M + i % M] = 1;
    return by_hand(x, x->n, M, y);
}

START_TEST(bytes_tell_case_and_white_space)
{
    enum { N = 210 };
    static const char *const ways[] = {"bytes=4 features=sparse epochs=60",
                                       "bytes=3 features=both head=mlp hidden=16 epochs=60"};
    pm_prompts *x = byte_prompts(N);
    pm_fit fit = byte_fit(x);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        router *r = bed_reload(&b, bed_router(&b, "best_expert", ways[k], &fit));
        pm_scores s = bed_predict(&b, r, fit.lib, x, false);
        size_t wrong = 0;
        for (size_t i = 0; i < N; i++) wrong += i != 9 && pm_row(s.value, i)[i % 3] < 0.5f;
        ck_assert_msg(wrong == 0, "%s: %zu of %d are wrong", ways[k], wrong, N);
        for (size_t i = 0; i < 12; i++) { /* alone as in a batch */
            pm_prompts one = {.size = sizeof one, .n = 1, .id = x->id + i, .text = x->text + i};
            one.embed = (pm_cmat){pm_crow(x->embed, i), 1, x->embed.cols, x->embed.ld};
            pm_scores alone = bed_predict(&b, r, fit.lib, &one, false);
            ck_assert_mem_eq(alone.value.at, pm_row(s.value, i), 3 * sizeof(float));
        }
        router_close(r);
    }
    fit_bed_threads(&b, "best_expert", "epochs=3 bytes=6 features=both head=mlp", &fit);
}
END_TEST

/* What one document repeats is no column: with 40 documents, its 3 prompts cannot be told by their own word. */
START_TEST(bytes_of_one_document_are_no_columns)
{
    enum { N = 120 };
    static const char *const kind[] = {"one", "two", "ten"};
    pm_prompts *x = byte_prompts(N);
    pm_fit fit = byte_fit(x);
    uint64_t *group = arena_alloc(b.room, N, sizeof *group);
    pm_str *text = arena_alloc(b.room, N, sizeof *text);
    for (size_t i = 0; i < N; i++) {
        group[i] = i / 3;
        text[i] = (pm_str){i < 3 ? "xyz" : kind[i % 3], 3};
    }
    x->text = text;
    fit.group = group;
    router *r = bed_router(&b, "best_expert", "bytes=5 features=sparse epochs=5", &fit);
    text[119] = (pm_str){"", 0};
    pm_scores s = bed_predict(&b, r, fit.lib, x, false);
    ck_assert_mem_eq(pm_row(s.value, 0), pm_row(s.value, 119), 3 * sizeof(float));
    ck_assert_mem_ne(pm_row(s.value, 0), pm_row(s.value, 60), 3 * sizeof(float));
    router_close(r);
}
END_TEST

START_TEST(bytes_need_text)
{
    pm_prompts *x = fit_bed_prompts(&b, 30, 4, 0, 6);
    x->text = NULL;
    pm_fit fit = byte_fit(x);
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "best_expert");
    router_spec spec = {e, bed_params(&b, e, "bytes=4 features=both"), 7};
    router *r;
    bed_fails(&b, router_train(b.call, &spec, &fit, &r, &b.err), PM_E_ARG, "carry no text");
    spec.params = bed_params(&b, e, "bytes=4 features=embed");
    bed_fails(&b, router_train(b.call, &spec, &fit, &r, &b.err), PM_E_ARG,
              "reads no word features");
}
END_TEST

/* ---- who is held out: a router of our own that looks at fit_data ------------------------------------------ */

struct pm_router {
    int nothing;
};

static struct fit_data seen; /* what the last build found; rows copied below */
static uint32_t seen_row[2000];

static pm_status look(pm_router *r, pm_call *c, const pm_fit *fit)
{
    (void)r;
    pm_status st = fit_data_open(c, fit, FIT_AUTO, &seen);
    if (st == PM_OK) memcpy(seen_row, seen.fit, seen.n * sizeof *seen_row);
    return st;
}

static pm_status never_predict(const pm_router *r, pm_call *c, const pm_library *lib,
                               const pm_prompts *x, pm_scores *out)
{
    (void)r, (void)c, (void)lib, (void)x, (void)out;
    return PM_E_UNSUPPORTED;
}

static pm_status never_save(const pm_router *r, pm_call *c, pm_store *s)
{
    (void)r, (void)c, (void)s;
    return PM_E_UNSUPPORTED;
}

static pm_status never_load(pm_router *r, pm_call *c, pm_store *s)
{
    return never_save(r, c, s);
}

static const pm_param no_params[] = {PM_PARAM_END};
static const pm_router_type looker = {.size = sizeof looker,
                                      .name = "looker",
                                      .doc = "Looks at who is held out.",
                                      .source = "none",
                                      .params = no_params,
                                      .needs = PM_NEEDS_EMBED_OR_SPARSE | PM_NEEDS_VALUES,
                                      .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY),
                                      .state_bytes = sizeof(pm_router),
                                      .train = look,
                                      .predict = never_predict,
                                      .save = never_save,
                                      .load = never_load};

START_TEST(groups_never_straddle)
{
    enum { N = 1000, GROUPS = 90 };
    plugin_entry entry = {.kind = PLUGIN_ROUTER, .type.router = &looker};
    bed_ok(&b, registry_add(b.registry, &entry, &b.err));
    pm_prompts *x = fit_bed_prompts(&b, N, 3, 60, 1);
    pm_fit fit = fit_bed_fit(&b, x, bed_outcomes(&b, N, 2, 1, false));
    uint64_t *group = arena_alloc(b.room, N, sizeof *group);
    for (size_t i = 0; i < N; i++) group[i] = i * i * 7919 % GROUPS;
    fit.group = group;
    router_close(bed_router(&b, "looker", "", &fit));
    int side[GROUPS] = {0};
    ck_assert_uint_eq(seen.n_fit + seen.n_stop, N);
    ck_assert(seen.n_stop >= 150 && seen.n_stop < 250);
    for (size_t k = 0; k < N; k++) {
        int here = k < seen.n_fit ? 1 : 2;
        int *at = &side[group[seen_row[k]]];
        ck_assert_msg(*at == 0 || *at == here, "group %u on both sides",
                      (unsigned)group[seen_row[k]]);
        *at = here;
    }
    /* A few groups: nobody is held out.  A tuning part: only that. */
    for (size_t i = 0; i < N; i++) group[i] = i % 4;
    router_close(bed_router(&b, "looker", "", &fit));
    ck_assert_uint_eq(seen.n_stop, 0);
    ck_assert_uint_eq(seen.n_fit, N);
    fit.tune_x = fit_bed_prompts(&b, 50, 3, 60, 2);
    fit.tune_y = bed_outcomes(&b, 50, 2, 2, false);
    router_close(bed_router(&b, "looker", "", &fit));
    ck_assert_uint_eq(seen.n_stop, 50);
    for (size_t k = 0; k < 50; k++) ck_assert_uint_eq(seen_row[N + k], N + k);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("router best_expert");
    TCase *t = tcase_create("best_expert");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, slopes_are_derivatives);
    tcase_add_test(t, losses_by_hand);
    tcase_add_test(t, shares_ties_weights_and_unknown_cells);
    tcase_add_test(t, agrees_with_scikit_learn);
    tcase_add_test(t, separable_words);
    tcase_add_test(t, same_bits_with_two_threads);
    tcase_add_test(t, bytes_tell_case_and_white_space);
    tcase_add_test(t, bytes_of_one_document_are_no_columns);
    tcase_add_test(t, bytes_need_text);
    tcase_add_test(t, groups_never_straddle);
    suite_add_tcase(s, t);
    return suite_main(s);
}
