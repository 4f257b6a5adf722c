/* SPDX-License-Identifier: MIT
 *
 * Twenty steps of lm_fit beside torch and transformers (losses recorded): tokens, masks, forward, backward, clipping, AdamW
 * and its schedule all at once.
 */
#include "config.h"

#include "fit_golden.inc"
#include "formula_weights.h"
#include "lm_fit_bed.h"

static void beside(bool masked, const double *golden)
{
    const vocab_want w = {.kind = masked ? VOCAB_WORDPIECE : VOCAB_BPE,
                          .size = masked ? GOLDEN_PIECES : 257, /* letters alone */
                          .lower_case = true};
    const size_t n = sizeof golden_texts / sizeof *golden_texts;
    fit_bed *b = fit_bed_open(masked, 2);
    pm_str *text = arena_alloc(b->a, n, sizeof *text);
    for (size_t i = 0; i < n; i++) text[i] = pm_str_of(golden_texts[i]);
    b->data = (lm_fit_data){.text = text, .n = n};
    ck_assert_int_eq(vocab_train(&w, text, n, b->a, &b->t, NULL, NULL, &b->err), PM_OK);
    nn_config config = masked ? fit_bed_bert(tokenizer_size(b->t))
                              : fit_bed_llama(tokenizer_size(b->t));
    ck_assert_uint_eq(config.n_vocab, w.size);
    config.width = 32;
    config.head_dim = 8;
    config.inner = 48;
    config.n_positions = masked ? 96 : 64;
    config.dropout = config.attention_dropout = 0;
    fit_bed_model(b, config);
    formula_fill(&b->l, b->start);
    b->o.batch_tokens = masked ? 230 : 279; /* all of them */
    b->o.micro_tokens = 130;                /* several micro batches */
    b->o.max_steps = GOLDEN_STEPS;
    b->o.epochs = GOLDEN_STEPS;
    b->o.tune_share = 0;
    b->o.clip = 1;
    b->o.schedule = (nn_schedule){.peak = .02, .warm_up = GOLDEN_WARM_UP, .decay = NN_COSINE};
    fit_bed_must(b);
    size_t step = 0;
    for (size_t i = 0; i < b->n_points; i++) {
        if (strcmp(b->point[i].curve, "train_loss") != 0) continue;
        ck_assert_msg(fabs(b->point[i].value / golden[step] - 1) < 1e-4,
                      "step %zu: found %.9g, wanted %.9g", step + 1, b->point[i].value,
                      golden[step]);
        step++;
    }
    ck_assert_uint_eq(step, GOLDEN_STEPS);
    fit_bed_close(b);
}

START_TEST(a_causal_model_learns_as_torch_does)
{
    beside(false, golden_causal);
}
END_TEST

START_TEST(a_masked_model_learns_as_torch_does)
{
    beside(true, golden_masked);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_fit_torch");
    TCase *tc = tcase_create("lm_fit_torch");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, a_causal_model_learns_as_torch_does);
    tcase_add_test(tc, a_masked_model_learns_as_torch_does);
    return suite_main(s);
}
