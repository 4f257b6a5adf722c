/* SPDX-License-Identifier: MIT
 *
 * What tests of lm_fit share: tiny models, a tokeniser learned from the toy corpus, and curves that are kept.
 */
#ifndef PM_TESTS_LM_FIT_BED_H
#define PM_TESTS_LM_FIT_BED_H

#include <math.h>

#include "lm/fit.h"
#include "suite.h"
#include "toy_texts.h"

enum { FIT_MOST_POINTS = 4000 };

typedef struct fit_bed {
    arena *a;
    compute c;
    tokenizer *t;
    pm_str *text;
    size_t n;
    nn_config config;
    nn_layout l;
    float *start;
    lm_fit_data data;
    lm_fit_options o;
    lm_fit_watch watch;
    lm_fit_result result;
    pm_err err;
    /* what the watch saw */
    size_t n_points, stop_after, calls;
    struct {
        const char *curve;
        double step, value;
    } point[FIT_MOST_POINTS];
} fit_bed;

static inline void fit_bed_point(void *arg, const char *curve, double step, double value)
{
    fit_bed *b = arg;
    ck_assert_uint_lt(b->n_points, FIT_MOST_POINTS);
    b->point[b->n_points].curve = curve;
    b->point[b->n_points].step = step;
    b->point[b->n_points++].value = value;
}

static inline pm_status fit_bed_progress(void *arg, double done, double loss, double speed,
                                         double left)
{
    fit_bed *b = arg;
    (void)loss;
    (void)left;
    ck_assert(done >= 0 && done <= 1 && speed >= 0);
    return ++b->calls == b->stop_after ? PM_E_CANCELED : PM_OK;
}

static inline nn_config fit_bed_bert(size_t n_vocab)
{
    return (nn_config){.family = NN_BERT,
                       .n_layers = 2,
                       .width = 64,
                       .n_heads = 4,
                       .n_kv_heads = 4,
                       .head_dim = 16,
                       .inner = 128,
                       .n_vocab = n_vocab,
                       .n_positions = 64,
                       .n_types = 2,
                       .norm_eps = 1e-12,
                       .act = LINEAR_GELU,
                       .qkv_bias = true,
                       .bias = true,
                       .lm_head = NN_LM_MASKED,
                       .dropout = .02,
                       .attention_dropout = .02,
                       .init_std = .05,
                       .pad_id = 0,
                       .bos_id = -1,
                       .eos_id = -1,
                       .mask_id = 4,
                       .cls_id = 2,
                       .sep_id = 3};
}

static inline nn_config fit_bed_llama(size_t n_vocab)
{
    return (nn_config){.family = NN_LLAMA,
                       .n_layers = 2,
                       .width = 64,
                       .n_heads = 4,
                       .n_kv_heads = 2,
                       .head_dim = 16,
                       .inner = 128,
                       .n_vocab = n_vocab,
                       .n_positions = 64,
                       .causal = true,
                       .rotary = true,
                       .rope_theta = 10000,
                       .rms_norm = true,
                       .norm_first = true,
                       .norm_eps = 1e-5,
                       .act = LINEAR_SILU,
                       .gated = true,
                       .lm_head = NN_LM_TIED,
                       .init_std = .05,
                       .pad_id = -1,
                       .bos_id = 0,
                       .eos_id = 0,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

/* In place: the layout points into the bed. */
static inline void fit_bed_model(fit_bed *b, nn_config config)
{
    b->config = config;
    ck_assert_msg(!nn_layout_of(&b->config, b->a, &b->l, &b->err), "%s", err_text(&b->err));
    b->start = arena_alloc(b->a, b->l.floats, sizeof *b->start);
    nn_init(&b->l, 7, b->start);
}

static inline fit_bed *fit_bed_open(bool masked, int n_threads)
{
    arena *a = arena_open(0);
    fit_bed *b = arena_alloc(a, 1, sizeof *b);
    b->a = a;
    ck_assert_int_eq(compute_open(n_threads, &b->c, NULL), PM_OK);
    b->text = toy_texts(a, &b->n);
    const vocab_want w = {
        .kind = masked ? VOCAB_WORDPIECE : VOCAB_BPE, .size = 400, .lower_case = true};
    ck_assert_int_eq(vocab_train(&w, b->text, b->n, a, &b->t, NULL, NULL, &b->err), PM_OK);
    fit_bed_model(b, masked ? fit_bed_bert(tokenizer_size(b->t))
                            : fit_bed_llama(tokenizer_size(b->t)));
    b->data = (lm_fit_data){.text = b->text, .n = b->n};
    b->o = LM_FIT_DEFAULT;
    b->o.masked = masked;
    b->o.batch_tokens = 1024;
    b->o.schedule.peak = 5e-3;
    b->o.schedule.warm_up = 20;
    b->o.max_steps = 40;
    b->o.epochs = 50;
    b->watch = (lm_fit_watch){fit_bed_progress, fit_bed_point, b};
    return b;
}

static inline void fit_bed_close(fit_bed *b)
{
    compute_close(&b->c);
    arena_close(b->a);
}

static inline pm_status fit_bed_run(fit_bed *b)
{
    b->n_points = b->calls = 0;
    err_clear(&b->err);
    return lm_fit(&b->c, &b->l, b->start, b->t, &b->data, &b->o, &b->watch, b->a, &b->result,
                  &b->err);
}

static inline void fit_bed_must(fit_bed *b)
{
    const pm_status s = fit_bed_run(b);
    ck_assert_msg(!s, "%s", err_text(&b->err));
}

#endif
