/* SPDX-License-Identifier: MIT
 *
 * sw_ranking at the edge: ties, separation and what the user is told of it, single battles, memory, bad input.
 */
#include "config.h"

#include <unistd.h>

#include "sw_bed.h"

/* ---- at the edge ------------------------------------------------------------------------------------------ */

static const char *const each[] = {"",
                                   "tiers=0",
                                   "tiers=0 prior=0",
                                   "compat=true",
                                   "compat=true tiers=2",
                                   "tiers=1",
                                   "compat=true tiers=1",
                                   "gamma=auto",
                                   "gamma=1000000 store=int8"};
enum { N_EACH = sizeof each / sizeof *each };

/* What the body says on stderr. */
static FILE *listen(int *before)
{
    FILE *f = tmpfile();
    ck_assert_ptr_nonnull(f);
    fflush(stderr);
    *before = dup(STDERR_FILENO);
    dup2(fileno(f), STDERR_FILENO);
    return f;
}
static const char *heard(FILE *f, int before)
{
    char *text = arena_alloc(b.room, 4096, 1);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(f);
    size_t n = fread(text, 1, 4095, f);
    text[n] = 0;
    fclose(f);
    return text;
}

START_TEST(all_ties_are_even)
{
    problem p = problem_open(12, 6, 4, 100);
    pm_prompts *query = bed_prompts(&b, 3, 6, 5);
    for (size_t i = 0; i < 12; i++)
        for (size_t j = 1; j < 4; j++) fight(&p, i, j - 1, j, .5, 1 + (double)i);
    for (int k = 0; k < _i; k++) fight(&p, 0, 0, 1, .5, 1); /* a line that repeats is not said */
    char want[64];
    snprintf(want, sizeof want, "all %d battles are ties", 36 + _i);
    int before;
    FILE *f = listen(&before);
    router *r = bed_reload(&b, bed_router(&b, "sw_ranking", each[_i], &p.fit));
    const char *said = heard(f, before);
    ck_assert_msg(strstr(said, want) != NULL, "%s", said);
    const float *v = ask(&p, r, query, 1);
    for (size_t i = 0; i < 12; i++) near(v[i], .5, 1e-6);
    router_close(r);
}
END_TEST

START_TEST(never_won_stays_finite_and_is_told)
{
    problem p = problem_open(12, 6, 5, 100); /* expert 3 never wins; expert 4 never fights */
    pm_prompts *query = bed_prompts(&b, 3, 6, 5);
    for (size_t i = 0; i < 12; i++) {
        fight(&p, i, 0, 1, (double)(i % 2), 1), fight(&p, i, 1, 2, i % 3 == 0, 1);
        fight(&p, i, 2, 0, i % 4 == 0, 1), fight(&p, i, i % 3, 3, 1, 1);
    }
    int before;
    FILE *f = listen(&before);
    router *r = bed_router(&b, "sw_ranking", each[_i], &p.fit);
    const char *said = heard(f, before);
    ck_assert_msg(strstr(said, "\"e3\": never won") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "\"e4\": without any battle") != NULL, "%s", said);
    const float *v = ask(&p, r, query, 0);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(v[i * 5 + 3] >= 0 && v[i * 5 + 3] <= 0.5f);
        if (strcmp(each[_i], "tiers=0") == 0) ck_assert(v[i * 5 + 3] < 0.2f);
        if (strcmp(each[_i], "tiers=0 prior=0") == 0) ck_assert(v[i * 5 + 3] < 1e-6f);
        for (size_t j = 0; j < 5; j++) ck_assert(isfinite(v[i * 5 + j]));
    }
    router_close(r);
}
END_TEST

START_TEST(two_sets_that_never_met)
{
    problem p = problem_open(8, 6, 4, 100);
    for (size_t i = 0; i < 8; i++)
        fight(&p, i, 0, 1, (double)(i % 2), 1), fight(&p, i, 2, 3, i % 4 == 0, 1);
    int before;
    FILE *f = listen(&before);
    router *r = bed_router(&b, "sw_ranking", "tiers=0", &p.fit);
    const char *said = heard(f, before);
    ck_assert_msg(strstr(said, "2 sets of experts that never met") != NULL, "%s", said);
    const float *v = ask(&p, r, p.x, 0);
    for (size_t i = 0; i < 32; i++) ck_assert(v[i] > 0 && v[i] < 1);
    router_close(r);
}
END_TEST

START_TEST(one_battle_is_enough)
{
    problem p = problem_open(2, 6, 2, 1);
    fight(&p, 1, 0, 1, 1, 1);
    router *r = bed_reload(&b, bed_router(&b, "sw_ranking", each[_i], &p.fit));
    const float *v = ask(&p, r, p.x, 1);
    ck_assert(v[0] >= .5f && v[0] <= 1);
    near(v[1], .5, 0);
    router_close(r);
}
END_TEST

/* ---- calls ----------------------------------------------------------------------------------------------- */

START_TEST(predicting_takes_no_memory)
{
    problem p = random_problem(6, 60, 6);
    pm_prompts *query = bed_prompts(&b, 40, 6, 3), one = *query;
    one.n = one.embed.rows = 1;
    router *r = bed_router(&b, "sw_ranking", each[_i], &p.fit);
    compute alone; /* with more threads it is left to chance which of them need room when */
    call_ctx *call;
    bed_ok(&b, compute_open(1, &alone, &b.err));
    plug_env env = {.compute = &alone, .registry = b.registry};
    bed_ok(&b, call_ctx_open(&env, true, &call, &b.err));
    float *value = arena_alloc(b.room, 40 * 6, sizeof *value);
    pm_scores s = {.size = sizeof s, .value = {value, 40, 6, 6}}, t = s;
    t.value.rows = 1;
    size_t before = 0;
    for (int round = 0; round < 6; round++) {
        if (round == 3) before = mem_count();
        bed_ok(&b, router_predict(r, call, p.lib, query, &s, &b.err));
        bed_ok(&b, router_predict(r, call, p.lib, &one, &t, &b.err));
    }
    ck_assert_uint_eq(mem_count(), before);
    call_ctx_close(call);
    compute_close(&alone);
    router_close(r);
}
END_TEST

/* ---- bad input ------------------------------------------------------------------------------------------ */

static pm_status try(const problem *p, const char *given)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_ROUTER, "sw_ranking");
    router_spec spec = {e, bed_params(&b, e, given), 1};
    router *r = NULL;
    pm_status st = router_train(b.call, &spec, &p->fit, &r, &b.err);
    router_close(r);
    return st;
}

START_TEST(battles_that_make_no_sense)
{
    static const double outcome[] = {(double)NAN, -.1, 1.1}, weight[] = {(double)NAN, 0, -1};
    problem p = problem_open(4, 6, 3, 8);
    bed_fails(&b, try(&p, ""), PM_E_ARG, "needs battles");
    fight(&p, 0, 0, 1, 1, 1), fight(&p, 1, 1, 1, 1, 1);
    bed_fails(&b, try(&p, ""), PM_E_ARG, "battle 1 is on prompt 1 of 4 between experts 1 and 1");
    p.y->n_battles = 1;
    fight(&p, 9, 0, 1, 1, 1);
    bed_fails(&b, try(&p, ""), PM_E_ARG, "battle 1 is on prompt 9");
    p.y->n_battles = 1;
    fight(&p, 1, 0, 7, 1, 1);
    bed_fails(&b, try(&p, ""), PM_E_ARG, "between experts 0 and 7 of 3");
    for (size_t i = 0; i < 3; i++) {
        p.y->n_battles = 1;
        fight(&p, 1, 0, 1, outcome[i], 1);
        bed_fails(&b, try(&p, ""), PM_E_ARG, "battle 1 has outcome");
        p.y->n_battles = 1;
        fight(&p, 1, 0, 1, 1, weight[i]);
        bed_fails(&b, try(&p, ""), PM_E_ARG, "battle 1 has outcome");
    }
}
END_TEST

START_TEST(nothing_is_left)
{
    problem p = problem_open(4, 6, 3, 8);
    pm_str text[4] = {{"  0123456789abcde\n", 18},
                      {"short", 5},
                      {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 16},
                      {"0123456789abcdef", 16}};
    fight(&p, 0, 0, 1, 1, 1), fight(&p, 1, 0, 1, 0, 1), fight(&p, 2, 2, 1, 0, 1);
    bed_fails(&b, try(&p, "min_chars=16"), PM_E_ARG, "the prompts carry no text");
    p.x->text = text;
    bed_fails(&b, try(&p, "min_chars=16"), PM_E_ARG,
              "no battle to fit on is left: 3 are on prompts below min_chars, 0 of other");
    bed_fails(&b, try(&p, "source=2"), PM_E_ARG, "0 are on prompts below min_chars, 3 of other");
    bed_ok(&b, try(&p, "min_chars=15"));
    fight(&p, 3, 0, 1, 1, 1);
    bed_ok(&b, try(&p, "min_chars=16 source=0"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sw_ranking at the edge");
    TCase *t = tcase_create("sw_ranking at the edge");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, all_ties_are_even, 0, N_EACH);
    tcase_add_loop_test(t, never_won_stays_finite_and_is_told, 0, N_EACH);
    tcase_add_test(t, two_sets_that_never_met);
    tcase_add_loop_test(t, one_battle_is_enough, 0, N_EACH);
    tcase_add_loop_test(t, predicting_takes_no_memory, 0, N_EACH);
    tcase_add_test(t, battles_that_make_no_sense);
    tcase_add_test(t, nothing_is_left);
    suite_add_tcase(s, t);
    return suite_main(s);
}
