/* SPDX-License-Identifier: MIT
 *
 * budget over streams: never beyond the total by more than one decision, whatever the order; prices against the offline
 * optimum; zero-width and ample budgets; several budgets; permutations; checkpoints.
 */
#include "config.h"

#include "budget_bed.h"

static double cheapest(const stream *s, size_t i)
{
    double least = (double)INFINITY;
    for (size_t j = 0; j < s->m; j++)
        if ((double)s->cost[0][i * s->m + j] < least) least = (double)s->cost[0][i * s->m + j];
    return least;
}

/* The whole stream one after another; what was spent.  A choice other than the cheapest is only made where it fits. */
static double run(stream *s, const char *params, size_t n_prefix)
{
    double total = s->term[0].bound * N, spent = 0;
    objective *o = build(params, NULL);
    for (size_t i = 0; i < N; i++) {
        if (i == n_prefix && n_prefix) {
            pm_question q = ask(s, 0, n_prefix);
            objective_close(o);
            o = build(params, &q);
            for (size_t e = 0; e < n_prefix; e++) observe(o, s, e, s->choice[e], 1);
        }
        uint32_t j = s->choice[i] = decide_one(o, s, i);
        double cost = (double)s->cost[0][i * s->m + j];
        ck_assert(cost <= cheapest(s, i) || spent + cost <= total * (1 + 1e-8));
        spent += cost;
        observe(o, s, i, j, 1);
    }
    objective_close(o);
    return spent;
}

/* Dear prompts first, or last. */
static void order_by_cost(stream *s, bool dear_first)
{
    for (size_t i = 1; i < N; i++)
        for (size_t k = i; k > 0; k--) {
            float *a = s->cost[0] + (k - 1) * M, *c = s->cost[0] + k * M;
            if (dear_first ? a[M - 1] >= c[M - 1] : a[M - 1] <= c[M - 1]) break;
            for (size_t j = 0; j < M; j++) {
                float t = a[j], v = s->value[(k - 1) * M + j];
                a[j] = c[j], c[j] = t;
                s->value[(k - 1) * M + j] = s->value[k * M + j], s->value[k * M + j] = v;
            }
        }
}

static const char *const ways[] = {"", "pace=dual", "pace=adaptive", "pace=dual before=total",
                                   "pace=dual reserve=0"};

START_TEST(never_beyond_by_more_than_one)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (int order = 0; order < 3; order++)
            for (int k = 1; k <= 4; k++) {
                stream *s = make(seed, false);
                if (order) order_by_cost(s, order == 1);
                s->term[0].bound = 0.4 * k;
                double spent = run(s, ways[_i], seed % 2 ? 12 : 0), dearest = 0;
                for (size_t e = 0; e < N * M; e++) dearest = fmax(dearest, (double)s->cost[0][e]);
                ck_assert(spent <= s->term[0].bound * N + dearest);
                ck_assert(spent <= best_of(s, (double)INFINITY).spend + 1e-6);
            }
}
END_TEST

/* Twice what was predicted is spent: the stop holds on what is known then. */
START_TEST(dearer_than_predicted)
{
    stream *s = make(3, true);
    objective *o = build(ways[_i], NULL);
    double spent = 0, total = s->term[0].bound * N;
    for (size_t i = 0; i < N; i++) {
        uint32_t j = decide_one(o, s, i);
        double cost = (double)s->cost[0][i * M + j];
        ck_assert(j == 0 || spent + cost <= total * (1 + 1e-8));
        spent += 2 * cost;
        observe(o, s, i, j, 2);
    }
    ck_assert(spent > total / 2 && spent <= total + 4 + 1e-6);
    objective_close(o);
}
END_TEST

START_TEST(close_to_the_optimum)
{
    static const double share[] = {0.95, 0.95, 0.9, 0.8, 0.95}; /* greedy prefixes spend too much */
    for (uint64_t seed = 1; seed <= 8; seed++) {
        stream *s = make(seed, seed % 2);
        s->term[0].bound = 0.8;
        double spent = run(s, ways[_i], 24);
        choice_optimum best = best_of(s, 0.8 * N);
        ck_assert(spent <= 0.8 * N * (1 + 1e-8) && value_of(s) <= best.value + 1e-6);
        ck_assert_msg(value_of(s) > share[_i] * best.value, "seed %llu: %g of %g",
                      (unsigned long long)seed, value_of(s), best.value);
    }
}
END_TEST

START_TEST(zero_width_is_the_cheapest)
{
    stream *s = make(4, true);
    for (size_t e = 0; e < N * M; e++) s->cost[0][e] += 0.1f; /* nobody is free */
    s->term[0].bound = (double)s->cost[0][0];
    run(s, ways[_i], 0);
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(s->choice[i], 0);
    run(s, ways[_i], 24);
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(s->choice[i], 0);
    s->term[0].bound = 0;
    run(s, ways[_i], 24);
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(s->choice[i], 0);
}
END_TEST

START_TEST(ample_is_penalty)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "penalty");
    objective_spec spec = {e, bed_params(&b, e, ""), 1};
    objective *o = NULL;
    bed_ok(&b, objective_build(b.call, &spec, NULL, NULL, &o, &b.err));
    stream *s = make(5, false);
    uint32_t want[N];
    pm_question q = ask(s, 0, N);
    pm_decisions d = {.size = sizeof d, .choice = want};
    s->term[0].sense = PM_SOFT;
    s->term[0].weight = 0;
    s->term[1].weight = 0.3;
    bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
    objective_close(o);
    s->term[0].sense = PM_BUDGET;
    s->term[0].bound = 1000;
    run(s, ways[_i], 24);
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(s->choice[i], want[i]);
}
END_TEST

/* A batch is its prompts in their order, with what is predicted to be spent. */
START_TEST(batches_are_streams)
{
    stream *s = make(6, false);
    uint32_t batch[N];
    pm_question prefix = ask(s, 0, 24);
    objective *o = build(ways[_i], &prefix);
    pm_question q = ask(s, 0, N);
    pm_decisions d = {.size = sizeof d, .choice = batch};
    bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
    for (size_t i = 0; i < N; i++) {
        ck_assert_uint_eq(decide_one(o, s, i), batch[i]);
        observe(o, s, i, batch[i], 1);
    }
    objective_close(o);
}
END_TEST

START_TEST(permuting_experts_permutes)
{
    stream *s = make(7, false), *t = make(7, false);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < M; j++) {
            size_t to = i * M + (j + 2) % M, from = i * M + j;
            t->value[to] = s->value[from];
            t->cost[0][to] = s->cost[0][from];
            t->cost[1][to] = s->cost[1][from];
        }
    run(s, ways[_i], 24);
    run(t, ways[_i], 24);
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(t->choice[i], (s->choice[i] + 2) % M);
}
END_TEST

/* ---- prices ---- */

/* Of a budget that binds, over a question: what decisions without a stop spend is near it. */
START_TEST(two_budgets_hold)
{
    static const char *const paces[] = {"pace=dual reserve=0 horizon=1000000",
                                        "reserve=0 horizon=1000000"};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        stream *s = make(seed, false);
        double spent[2] = {0};
        float room[4][N * M];
        uint32_t choice[N];
        pm_mat parts[2] = {{room[2], N, M, M}, {room[3], N, M, M}};
        s->term[1].sense = PM_BUDGET;
        s->term[0].bound = 0.8;
        s->term[1].bound = 0.4;
        pm_question q = ask(s, 0, N);
        objective *o = build(paces[_i], &q); /* so long that nothing stops */
        pm_decisions d = {.size = sizeof d,
                          .choice = choice,
                          .utility = {room[0], N, M, M},
                          .value_part = {room[1], N, M, M},
                          .term_part = parts};
        bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
        for (size_t k = 0; k < 2; k++)
            for (size_t e = 0; e < N * M; e++) ck_assert(room[2 + k][e] <= 0); /* prices are >= 0 */
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < 2; k++) spent[k] += (double)s->cost[k][i * M + choice[i]];
        for (size_t k = 0; k < 2; k++)
            ck_assert_msg(spent[k] <= s->term[k].bound * N * 1.05, "seed %llu: %g of %g",
                          (unsigned long long)seed, spent[k], s->term[k].bound * N);
        objective_close(o);
    }
}
END_TEST

START_TEST(kept_in_a_checkpoint)
{
    char path[300], second[300];
    stream *s = make(8, false);
    pm_question q = ask(s, 0, 24);
    objective *o = build(ways[_i], &q), *back = NULL;
    for (size_t i = 0; i < 100; i++) observe(o, s, i, decide_one(o, s, i), 1);
    snprintf(path, sizeof path, "%s/o.safetensors", b.folder);
    snprintf(second, sizeof second, "%s/p.safetensors", b.folder);
    bed_ok(&b, objective_save(o, b.call, path, &b.err));
    bed_ok(&b, objective_load(b.call, path, &back, &b.err));
    for (size_t i = 100; i < N; i++) {
        uint32_t j = decide_one(o, s, i);
        ck_assert_uint_eq(decide_one(back, s, i), j);
        observe(o, s, i, j, 1);
        observe(back, s, i, j, 1);
    }
    objective_close(back);
    objective_close(o);
}
END_TEST

START_TEST(refusals)
{
    stream *s = make(9, false);
    uint32_t choice;
    pm_decisions d = {.size = sizeof d, .choice = &choice};
    s->term[0].bound = -1;
    pm_question q = ask(s, 0, 1);
    objective *o = build("", NULL);
    bed_fails(&b, objective_decide(o, b.call, &q, &d, &b.err), PM_E_ARG, "budget of -1 a prompt");
    err_clear(&b.err);
    double nan[1] = {(double)NAN};
    pm_feedback f = {.size = sizeof f, .term = nan, .n_terms = 1};
    bed_fails(&b, objective_observe(o, b.call, &f, &b.err), PM_E_ARG, "want what was spent");
    objective_close(o);
    s->term[0].bound = 1;
    q = ask(s, 0, 10);
    o = build("", &q);
    s->term[0].sense = PM_SOFT;
    s->term[1].sense = PM_BUDGET;
    q = ask(s, 0, 1);
    err_clear(&b.err);
    bed_fails(&b, objective_decide(o, b.call, &q, &d, &b.err), PM_E_ARG, "other budgets");
    objective_close(o);
}
END_TEST

int main(void)
{
    enum { WAYS = sizeof ways / sizeof *ways };
    Suite *suite = suite_create("budget");
    TCase *tc = tcase_create("streams");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, never_beyond_by_more_than_one, 0, WAYS);
    tcase_add_loop_test(tc, dearer_than_predicted, 0, WAYS);
    tcase_add_loop_test(tc, close_to_the_optimum, 0, WAYS);
    tcase_add_loop_test(tc, zero_width_is_the_cheapest, 0, 4);
    tcase_add_loop_test(tc, ample_is_penalty, 0, WAYS);
    tcase_add_loop_test(tc, batches_are_streams, 0, WAYS);
    tcase_add_loop_test(tc, permuting_experts_permutes, 0, WAYS);
    tcase_add_loop_test(tc, two_budgets_hold, 0, 2);
    tcase_add_loop_test(tc, kept_in_a_checkpoint, 0, WAYS);
    tcase_add_test(tc, refusals);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
