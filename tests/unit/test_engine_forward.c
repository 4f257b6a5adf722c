/* SPDX-License-Identifier: MIT
 *
 * Forward passes of every family beside transformers: hidden states, logits, nats, best guesses, pooled texts and the
 * outputs of heads, in float32.
 */
#include "config.h"

#include <math.h>

#include "engine_golden.inc"
#include "engine_tools.h"
#include "math/mat.h"
#include "suite.h"

enum { SAMPLES = 40, ASKED = 12 };
static const double TOLERANCE = 2e-5; /* of values about 1 and of larger ones relative */

typedef struct golden {
    const char *name;
    const double *hidden, *logits, *nats;
    const unsigned *best;
    const double *mean, *pooled, *outputs;
    size_t length[4], n;
} golden;

static void near(const char *name, const char *what, size_t k, double found, double wanted)
{
    double scale = fabs(wanted) > 1 ? fabs(wanted) : 1;
    ck_assert_msg(fabs(found - wanted) <= TOLERANCE * scale, "%s: %s %zu: found %.9g, wanted %.9g",
                  name, what, k, found, wanted);
}

static void samples(const golden *g, const char *what, pm_cmat m, const double *wanted)
{
    for (size_t k = 0; k < SAMPLES; k++) {
        size_t row = k * 7919 % m.rows, col = (k * 104729 + 13 * (k / 3)) % m.cols;
        near(g->name, what, k, (double)m.at[row * m.ld + col], wanted[k]);
    }
}

#define MUST(call) ck_assert_msg((call) == PM_OK, "%s", err_text(&err))

static void check_lm(engine_bed *b, const golden *g, pm_cmat hidden)
{
    pm_err err = PM_ERR_INIT;
    size_t rows = hidden.rows;
    pm_mat logits = mat_new(b->a, rows, b->config.n_vocab);
    MUST(nn_logits(b->e, b->c.pool, b->room, hidden, logits, &err));
    samples(g, "logits", mat_const(logits), g->logits);
    uint32_t at[ASKED], target[ASKED], best[ASKED];
    double nats[ASKED];
    for (size_t k = 0; k < ASKED; k++) {
        at[k] = (uint32_t)(k * rows / ASKED);
        target[k] = formula_token(99, k, 0, (uint32_t)b->config.n_vocab);
    }
    nn_asked asked = {ASKED, at, target};
    MUST(nn_nats(b->e, b->c.pool, b->room, hidden, &asked, nats, best, &err));
    for (size_t k = 0; k < ASKED; k++) {
        near(g->name, "nats", k, nats[k], g->nats[k]);
        ck_assert_msg(best[k] == g->best[k], "%s: best %zu: found %u, wanted %u", g->name, k,
                      (unsigned)best[k], g->best[k]);
    }
}

static void check_pooled(engine_bed *b, const golden *g, const nn_batch *batch, pm_cmat hidden)
{
    pm_err err = PM_ERR_INIT;
    pm_mat p = mat_new(b->a, batch->n, b->config.width);
    MUST(nn_pool(b->e, NULL, b->room, batch, hidden, NN_POOL_MEAN, true, p, &err));
    samples(g, "mean", mat_const(p), g->mean);
    if (g->pooled) {
        MUST(nn_pool(b->e, NULL, b->room, batch, hidden, NN_POOL_POOLER, false, p, &err));
        samples(g, "pooled", mat_const(p), g->pooled);
    }
    if (!g->outputs) return;
    pm_mat out = mat_new(b->a, batch->n, b->config.n_outputs);
    nn_pool_kind kind = b->config.head_dense ? NN_POOL_FIRST : NN_POOL_POOLER;
    MUST(nn_pool(b->e, NULL, b->room, batch, hidden, kind, false, p, &err));
    MUST(nn_outputs(b->e, b->room, mat_const(p), out, &err));
    for (size_t k = 0; k < batch->n * b->config.n_outputs; k++)
        near(g->name, "outputs", k, (double)out.at[k], g->outputs[k]);
}

static void check(nn_config config, const golden *g)
{
    engine_bed b;
    pm_err err = PM_ERR_INIT;
    MUST(engine_bed_open(&b, config, NN_EXACT, 2, &err));
    nn_batch batch = engine_batch(b.a, &b.config, g->length, g->n, 0);
    pm_mat hidden;
    MUST(nn_hidden(b.e, b.c.pool, b.room, &batch, &hidden, &err));
    ck_assert_uint_eq(hidden.rows, batch.start[batch.n]);
    samples(g, "hidden", mat_const(hidden), g->hidden);
    check_pooled(&b, g, &batch, mat_const(hidden));
    check_lm(&b, g, mat_const(hidden));
    engine_bed_close(&b);
}

#define GOLDEN(m) #m, m##_hidden, m##_logits, m##_nats, m##_best, m##_mean

START_TEST(encoders)
{
    golden bert = {GOLDEN(bert), bert_pooled, bert_outputs, {7, 1, 33, 12}, 4};
    golden distil = {GOLDEN(distilbert), NULL, distilbert_outputs, {7, 1, 33, 12}, 4};
    golden roberta = {GOLDEN(roberta), NULL, roberta_outputs, {7, 1, 33, 12}, 4};
    check(engine_bert(NN_BERT), &bert);
    check(engine_bert(NN_DISTILBERT), &distil);
    check(engine_bert(NN_ROBERTA), &roberta);
}
END_TEST

START_TEST(decoders)
{
    golden small = {GOLDEN(gpt2), NULL, NULL, {7, 1, 64, 12}, 4};
    golden llama = {GOLDEN(llama), NULL, NULL, {7, 1, 64, 12}, 4};
    golden stretched = {GOLDEN(llama3), NULL, NULL, {7, 1, 64, 12}, 4};
    golden qwen2 = {GOLDEN(qwen2), NULL, NULL, {7, 1, 64, 12}, 4};
    check(engine_gpt2(), &small);
    check(engine_llama(6, 2), &llama);
    check(engine_llama3(), &stretched);
    check(engine_qwen2(), &qwen2);
}
END_TEST

START_TEST(encoders_of_real_shapes)
{
    golden minilm = {GOLDEN(minilm), NULL, NULL, {128, 9}, 2};
    golden bert_small = {GOLDEN(bert_small), NULL, NULL, {50, 3}, 2};
    nn_config c = engine_minilm();
    check(c, &minilm);
    check(engine_shaped(c, 512, 4, 8, 2048), &bert_small);
}
END_TEST

START_TEST(decoders_of_real_shapes)
{
    golden gpt2 = {GOLDEN(gpt2_124m), NULL, NULL, {40}, 1};
    golden smollm2 = {GOLDEN(smollm2_135m), NULL, NULL, {40}, 1};
    nn_config c = engine_shaped(engine_gpt2(), 768, 12, 12, 3072);
    c.n_vocab = 2000;
    c.n_positions = 1024;
    check(c, &gpt2);
    check(engine_smollm2(2000), &smollm2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_forward");
    TCase *one = tcase_create("families");
    tcase_add_test(one, encoders);
    tcase_add_test(one, decoders);
    suite_add_tcase(suite, one);
    if (!suite_is_quick("models of real shapes")) {
        TCase *real = tcase_create("shapes");
        tcase_set_timeout(real, 60);
        tcase_add_test(real, encoders_of_real_shapes);
        tcase_add_test(real, decoders_of_real_shapes);
        suite_add_tcase(suite, real);
    }
    return suite_main(suite);
}
