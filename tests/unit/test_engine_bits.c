/* SPDX-License-Identifier: MIT
 *
 * What a sequence gives does not depend on the batch it is in, on the threads, nor on how many tokens at a time are fed
 * through a cache of keys: to the bit, at every precision.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "engine_tools.h"
#include "math/mat.h"
#include "suite.h"

#define MUST(call) ck_assert_msg((call) == PM_OK, "%s", err_text(&err))

static const nn_precision precisions[] = {NN_EXACT, NN_FAST, NN_BYTES};

static nn_config encoder(void)
{
    nn_config c = engine_shaped(engine_bert(NN_BERT), 96, 2, 4, 224);
    c.n_positions = 700;
    c.n_vocab = 1500;
    return c;
}

static nn_config decoder(void)
{
    nn_config c = engine_llama(6, 2);
    c.n_positions = 700;
    c.n_vocab = 1500;
    return c;
}

static void same(pm_cmat a, pm_cmat b, const char *what)
{
    ck_assert_uint_eq(a.rows, b.rows);
    for (size_t i = 0; i < a.rows; i++)
        ck_assert_msg(memcmp(a.at + i * a.ld, b.at + i * b.ld, a.cols * sizeof(float)) == 0,
                      "%s: row %zu of %zu", what, i, a.rows);
}

static pm_mat kept(engine_bed *b, pm_mat m)
{
    pm_mat out = mat_new(b->a, m.rows, m.cols);
    mat_copy(mat_const(m), out);
    return out;
}

static pm_mat hidden_of(engine_bed *b, threads *pool, const nn_batch *batch)
{
    pm_err err = PM_ERR_INIT;
    pm_mat h;
    MUST(nn_hidden(b->e, pool, b->room, batch, &h, &err));
    return kept(b, h);
}

/* A batch as a whole, with several counts of threads, beside each of its sequences alone. */
static void check_batch(engine_bed *b, const size_t *length, size_t n)
{
    nn_batch all = engine_batch(b->a, &b->config, length, n, 0);
    pm_mat one = hidden_of(b, NULL, &all);
    for (int count = 2; count <= 3; count++) {
        threads *pool = threads_open(count);
        same(mat_const(hidden_of(b, pool, &all)), mat_const(one), "threads");
        threads_close(pool);
    }
    for (size_t i = 0; i<n; i += n> 8 ? 5 : 1) {
        nn_batch alone = engine_batch(b->a, &b->config, length + i, 1, i);
        pm_mat h = hidden_of(b, i % 2 ? b->c.pool : NULL, &alone);
        same(mat_const(h), mat_const(mat_rows(one, all.start[i], length[i])), "alone");
    }
}

START_TEST(batches_and_threads)
{
    pm_err err = PM_ERR_INIT;
    static const size_t few[] = {600, 3}, some[] = {1, 64, 17};
    size_t many[60];
    for (size_t i = 0; i < 60; i++) many[i] = 1 + i * 37 % 61;
    for (int k = 0; k < 2; k++) {
        engine_bed b;
        MUST(engine_bed_open(&b, k ? decoder() : encoder(), precisions[_i], 2, &err));
        check_batch(&b, few, 2);
        check_batch(&b, some, 3);
        check_batch(&b, many, 60);
        engine_bed_close(&b);
    }
}
END_TEST

/* Nats do not depend on which other tokens are asked for, and are what the logits say. */
static void check_nats(engine_bed *b, pm_cmat hidden)
{
    enum { N = 300 };
    pm_err err = PM_ERR_INIT;
    uint32_t at[N], target[N], best[N], best_alone;
    double nats[N], alone;
    for (size_t i = 0; i < N; i++) {
        at[i] = (uint32_t)(i * hidden.rows / N);
        target[i] = formula_token(7, i, 0, (uint32_t)b->config.n_vocab);
    }
    nn_asked q = {N, at, target};
    MUST(nn_nats(b->e, b->c.pool, b->room, hidden, &q, nats, best, &err));
    pm_mat logits = mat_new(b->a, 1, b->config.n_vocab);
    for (size_t i = 0; i < N; i += 29) {
        nn_asked one = {1, at + i, target + i};
        MUST(nn_nats(b->e, NULL, b->room, hidden, &one, &alone, &best_alone, &err));
        ck_assert(alone == nats[i] && best_alone == best[i]);
        pm_cmat row = {hidden.at + at[i] * hidden.ld, 1, hidden.cols, hidden.ld};
        MUST(nn_logits(b->e, NULL, b->room, row, logits, &err));
        double sum = 0;
        for (size_t j = 0; j < logits.cols; j++) sum += exp((double)logits.at[j]);
        ck_assert_double_eq_tol(nats[i], log(sum) - (double)logits.at[target[i]], 1e-5);
        for (size_t j = 0; j < logits.cols; j++)
            ck_assert(logits.at[j] < logits.at[best[i]] || j >= best[i]);
    }
}

START_TEST(nats_of_any_company)
{
    pm_err err = PM_ERR_INIT;
    size_t length[] = {40, 350};
    for (int k = 0; k < 2; k++) {
        engine_bed b;
        MUST(engine_bed_open(&b, k ? decoder() : encoder(), precisions[_i], 2, &err));
        nn_batch batch = engine_batch(b.a, &b.config, length, 2, 0);
        check_nats(&b, mat_const(hidden_of(&b, b.c.pool, &batch)));
        engine_bed_close(&b);
    }
}
END_TEST

static void check_cache(engine_bed *b)
{
    static const size_t piece[] = {1, 5, 1, 70, 2, 521};
    pm_err err = PM_ERR_INIT;
    size_t length = 600, at = 0;
    nn_batch whole = engine_batch(b->a, &b->config, &length, 1, 3);
    pm_mat wanted = hidden_of(b, NULL, &whole), h;
    nn_cache *k = NULL;
    MUST(nn_cache_open(b->e, 4000, &k, &err));
    for (size_t i = 0; i < sizeof piece / sizeof *piece; at += piece[i++]) {
        ck_assert_uint_eq(nn_cache_len(k), at);
        MUST(nn_extend(b->e, i % 2 ? b->c.pool : NULL, b->room, k, whole.id + at, piece[i], &h,
                       &err));
        same(mat_const(h), mat_const(mat_rows(wanted, at, piece[i])), "cache");
    }
    nn_cache_cut(k, 7);
    MUST(nn_extend(b->e, b->c.pool, b->room, k, whole.id + 7, 3, &h, &err));
    same(mat_const(h), mat_const(mat_rows(wanted, 7, 3)), "cut");
    nn_cache_close(k);
}

START_TEST(a_cache_of_keys)
{
    pm_err err = PM_ERR_INIT;
    for (int k = 0; k < 2; k++) {
        engine_bed b;
        nn_config gpt2 = engine_gpt2();
        gpt2.n_positions = 700;
        MUST(engine_bed_open(&b, k ? decoder() : gpt2, precisions[_i], 2, &err));
        check_cache(&b);
        engine_bed_close(&b);
    }
}
END_TEST

/* Rounded products stay near: what FAST and BYTES promise on made-up weights. */
START_TEST(precisions_agree)
{
    static const double least[] = {1, .9999, .999};
    pm_err err = PM_ERR_INIT;
    size_t length[] = {128};
    nn_config c = engine_minilm();
    c.n_layers = 3;
    c.n_vocab = 2000;
    engine_bed exact, b;
    MUST(engine_bed_open(&exact, c, NN_EXACT, 2, &err));
    MUST(engine_bed_open(&b, c, precisions[_i], 2, &err));
    nn_batch batch = engine_batch(b.a, &c, length, 1, 0);
    pm_mat x = hidden_of(&exact, NULL, &batch), y = hidden_of(&b, NULL, &batch);
    for (size_t i = 0; i < x.rows; i++) {
        double xy = 0, xx = 0, yy = 0;
        for (size_t j = 0; j < x.cols; j++) {
            double u = (double)x.at[i * x.ld + j], v = (double)y.at[i * y.ld + j];
            xy += u * v;
            xx += u * u;
            yy += v * v;
        }
        ck_assert_double_ge(xy / sqrt(xx * yy) + 1e-9, least[_i]);
    }
    engine_bed_close(&b);
    engine_bed_close(&exact);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_bits");
    TCase *one = tcase_create("bits");
    tcase_set_timeout(one, 60);
    tcase_add_loop_test(one, batches_and_threads, 0, 3);
    tcase_add_loop_test(one, nats_of_any_company, 0, 3);
    tcase_add_loop_test(one, a_cache_of_keys, 0, 3);
    tcase_add_loop_test(one, precisions_agree, 0, 3);
    suite_add_tcase(suite, one);
    return suite_main(suite);
}
