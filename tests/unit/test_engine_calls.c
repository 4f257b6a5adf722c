/* SPDX-License-Identifier: MIT
 *
 * Calls of the inference engine: what they refuse and in which words, that they allocate nothing once warm, and how the
 * next token is picked.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "count_allocations.h"
#include "engine_tools.h"
#include "math/mat.h"
#include "suite.h"

#define MUST(call) ck_assert_msg((call) == PM_OK, "%s", err_text(&err))

static void refused(pm_status found, pm_status wanted, const pm_err *err, const char *words)
{
    ck_assert_int_eq(found, wanted);
    ck_assert_msg(strstr(err_text(err), words) != NULL, "'%s' in '%s'", words, err_text(err));
}

START_TEST(bad_batches)
{
    pm_err err = PM_ERR_INIT;
    engine_bed b;
    MUST(engine_bed_open(&b, engine_bert(NN_BERT), NN_EXACT, 1, &err));
    uint32_t start[] = {0, 4, 4, 8}, id[80] = {5, 6, 7, 8, 9, 10, 11, 12};
    uint8_t type[80] = {0};
    nn_batch batch = {3, start, id, type};
    pm_mat h;
    refused(nn_hidden(b.e, NULL, b.room, &batch, &h, &err), PM_E_ARG, &err,
            "sequence 1 of 3 is empty");
    start[2] = 6;
    id[7] = 101;
    refused(nn_hidden(b.e, NULL, b.room, &batch, &h, &err), PM_E_ARG, &err,
            "token 7: found id 101, wanted one below the vocabulary's 101");
    id[7] = 100;
    type[2] = 2;
    refused(nn_hidden(b.e, NULL, b.room, &batch, &h, &err), PM_E_ARG, &err,
            "token 2: found type 2, the model has 2 types");
    type[2] = 1;
    MUST(nn_hidden(b.e, NULL, b.room, &batch, &h, &err));
    start[3] = 6 + 34;
    refused(nn_hidden(b.e, NULL, b.room, &batch, &h, &err), PM_E_ARG, &err,
            "sequence 2 of 3 has 34 tokens, the model has 33 positions");
    batch.n = 0;
    MUST(nn_hidden(b.e, NULL, b.room, &batch, &h, &err));
    ck_assert_uint_eq(h.rows, 0);
    engine_bed_close(&b);
}
END_TEST

START_TEST(heads_that_are_absent)
{
    pm_err err = PM_ERR_INIT;
    engine_bed b;
    nn_config c = engine_bert(NN_BERT);
    c.lm_head = NN_LM_NONE;
    c.n_outputs = 0;
    MUST(engine_bed_open(&b, c, NN_EXACT, 1, &err));
    uint32_t start[] = {0, 1}, id[] = {5}, at[] = {0, 1};
    nn_batch batch = {1, start, id, NULL};
    pm_mat h, row = mat_new(b.a, 1, 101);
    double nats[2];
    MUST(nn_hidden(b.e, NULL, b.room, &batch, &h, &err));
    nn_asked q = {1, at, id};
    refused(nn_nats(b.e, NULL, b.room, mat_const(h), &q, nats, NULL, &err), PM_E_UNSUPPORTED, &err,
            "no language-model head: its file holds a pooler");
    refused(nn_logits(b.e, NULL, b.room, mat_const(h), row, &err), PM_E_UNSUPPORTED, &err,
            "no language-model head");
    refused(nn_outputs(b.e, b.room, mat_const(h), row, &err), PM_E_UNSUPPORTED, &err,
            "no classification or regression head");
    nn_cache *k;
    refused(nn_cache_open(b.e, 10, &k, &err), PM_E_UNSUPPORTED, &err, "reads both ways");
    engine_bed_close(&b);
    MUST(engine_bed_open(&b, engine_gpt2(), NN_EXACT, 1, &err));
    MUST(nn_hidden(b.e, NULL, b.room, &batch, &h, &err));
    refused(nn_pool(b.e, NULL, b.room, &batch, mat_const(h), NN_POOL_POOLER, false, h, &err),
            PM_E_UNSUPPORTED, &err, "no pooler");
    q.at = at + 1;
    refused(nn_nats(b.e, NULL, b.room, mat_const(h), &q, nats, NULL, &err), PM_E_ARG, &err,
            "row 1 of 1");
    MUST(nn_cache_open(b.e, 4, &k, &err));
    uint32_t five[] = {5, 5, 5, 5, 5};
    refused(nn_extend(b.e, NULL, b.room, k, five, 5, &h, &err), PM_E_ARG, &err,
            "5 tokens after 0: the cache holds 4");
    refused(nn_extend(b.e, NULL, b.room, k, five, 0, &h, &err), PM_E_ARG, &err, "no tokens");
    nn_cache_close(k);
    engine_bed_close(&b);
}
END_TEST

/* One of each call, on batches of both strategies; without asserts, which allocate. */
static pm_status call_all(engine_bed *b, const nn_batch *few, const nn_batch *many, nn_cache *k,
                          pm_mat out)
{
    pm_mat h;
    uint32_t at[] = {0, 3}, target[] = {8, 9}, best[2];
    double nats[2];
    nn_asked q = {2, at, target};
    threads *pool = b->c.pool;
    pm_status s = nn_hidden(b->e, pool, b->room, few, &h, NULL);
    if (s == PM_OK) s = nn_nats(b->e, pool, b->room, mat_const(h), &q, nats, best, NULL);
    if (s == PM_OK) s = nn_hidden(b->e, pool, b->room, many, &h, NULL);
    if (s == PM_OK)
        s = nn_pool(b->e, pool, b->room, many, mat_const(h), NN_POOL_MEAN, true, out, NULL);
    nn_cache_cut(k, 0);
    if (s == PM_OK) s = nn_extend(b->e, pool, b->room, k, few->id, 5, &h, NULL);
    return s == PM_OK ? nn_extend(b->e, pool, b->room, k, few->id, 1, &h, NULL) : s;
}

START_TEST(nothing_is_allocated_once_warm)
{
    pm_err err = PM_ERR_INIT;
    engine_bed b;
    MUST(engine_bed_open(&b, engine_gpt2(), (nn_precision)(_i + 1), 2, &err));
    size_t one[] = {20}, lots[40];
    for (size_t i = 0; i < 40; i++) lots[i] = 10 + i % 7;
    nn_batch few = engine_batch(b.a, &b.config, one, 1, 0);
    nn_batch many = engine_batch(b.a, &b.config, lots, 40, 0);
    pm_mat out = mat_new(b.a, 40, b.config.width);
    nn_cache *k;
    MUST(nn_cache_open(b.e, 30, &k, &err));
    pm_status s = call_all(&b, &few, &many, k, out);
    size_t ours = mem_count(), ours_after;
    unsigned long all = atomic_load(&allocations), all_after;
    for (int i = 0; s == PM_OK && i < 5; i++) s = call_all(&b, &few, &many, k, out);
    ours_after = mem_count();
    all_after = atomic_load(&allocations);
    ck_assert_int_eq(s, PM_OK);
    ck_assert_uint_eq(ours_after, ours);
    if (CAN_COUNT) ck_assert_uint_eq(all_after, all);
    nn_cache_close(k);
    engine_bed_close(&b);
}
END_TEST

START_TEST(memory_that_runs_out)
{
    pm_err err = PM_ERR_INIT;
    engine_bed b;
    MUST(engine_bed_open(&b, engine_bert(NN_BERT), NN_EXACT, 1, &err));
    uint32_t start[] = {0, 4}, id[] = {5, 6, 7, 8};
    nn_batch batch = {1, start, id, NULL};
    pm_mat h;
    mem_fail_after(1);
    refused(nn_hidden(b.e, NULL, b.room, &batch, &h, &err), PM_E_MEMORY, &err, "4 tokens");
    mem_fail_after(0);
    MUST(nn_hidden(b.e, NULL, b.room, &batch, &h, &err));
    engine_bed_close(&b);
}
END_TEST

/* ---- sampling ---- */

static uint32_t pick(nn_sampling s, const float *logits, size_t n, double u)
{
    float x[64];
    memcpy(x, logits, n * sizeof *x);
    return nn_sample(&s, x, n, u);
}

START_TEST(picks)
{
    /* probabilities .4 .1 .3 .1 .1 */
    float l[5] = {logf(.4F), logf(.1F), logf(.3F), logf(.1F), logf(.1F)};
    nn_sampling greedy = {0, 0, 0}, all = {1, 0, 0}, two = {1, 0, 2}, most = {1, .65, 0},
                three = {1, 0, 3}, cold = {.01, 0, 0}, hot = {2, 0, 0};
    ck_assert_uint_eq(pick(greedy, l, 5, .99), 0);
    ck_assert_uint_eq(pick(all, l, 5, 0), 0);
    ck_assert_uint_eq(pick(all, l, 5, .39), 0);
    ck_assert_uint_eq(pick(all, l, 5, .41), 1);
    ck_assert_uint_eq(pick(all, l, 5, .51), 2);
    ck_assert_uint_eq(pick(all, l, 5, .85), 3);
    ck_assert_uint_eq(pick(all, l, 5, .999999999), 4);
    ck_assert_uint_eq(pick(two, l, 5, .56), 0); /* .4 / .7 = .571 */
    ck_assert_uint_eq(pick(two, l, 5, .58), 2);
    ck_assert_uint_eq(pick(two, l, 5, .9999), 2);
    ck_assert_uint_eq(pick(most, l, 5, .9999), 2); /* .4 + .3 reach .65 */
    ck_assert_uint_eq(pick(most, l, 5, .5), 0);
    ck_assert_uint_eq(pick(three, l, 5, .51), 1); /* ids 0, 1 and 2: of equals the lowest */
    ck_assert_uint_eq(pick(three, l, 5, .45), 0);
    ck_assert_uint_eq(pick(three, l, 5, .64), 2);
    ck_assert_uint_eq(pick(cold, l, 5, .999999), 0);
    double top = sqrt(.4) / (sqrt(.4) + sqrt(.3) + 3 * sqrt(.1));
    ck_assert_uint_eq(pick(hot, l, 5, top - 1e-4), 0);
    ck_assert_uint_eq(pick(hot, l, 5, top + 1e-4), 1);
}
END_TEST

START_TEST(a_nucleus_is_the_least_that_holds_its_mass)
{
    enum { N = 61 };
    float l[N];
    for (size_t i = 0; i < N; i++) l[i] = 3 * formula_unit(3, i);
    for (int k = 1; k < 20; k++) {
        double share = k / 20.0, sum = 0, in = 0, least = HUGE_VAL;
        bool seen[N] = {false};
        nn_sampling s = {1, share, 0};
        for (int d = 0; d < 3000; d++) seen[pick(s, l, N, (d + .5) / 3000)] = true;
        for (size_t i = 0; i < N; i++) {
            double p = exp((double)l[i]);
            sum += p;
            if (seen[i]) {
                in += p;
                least = p < least ? p : least;
            }
        }
        ck_assert_double_ge(in, share * sum * (1 - 1e-6));
        ck_assert_double_lt(in - least, share * sum);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_calls");
    TCase *one = tcase_create("calls");
    tcase_add_test(one, bad_batches);
    tcase_add_test(one, heads_that_are_absent);
    tcase_add_loop_test(one, nothing_is_allocated_once_warm, 0, 3);
    tcase_add_test(one, memory_that_runs_out);
    tcase_add_test(one, picks);
    tcase_add_test(one, a_nucleus_is_the_least_that_holds_its_mass);
    suite_add_tcase(suite, one);
    return suite_main(suite);
}
