/* SPDX-License-Identifier: MIT
 *
 * Engines of made-up models for tests: configurations of every family (the ones of tests/golden/forward.py), weights by
 * the formula without a slab of them, and batches of made-up tokens.
 */
#ifndef PM_TEST_ENGINE_TOOLS_H
#define PM_TEST_ENGINE_TOOLS_H

#include "formula_weights.h"
#include "nn/engine.h"

enum { ENGINE_LEAST = 5 }; /* ids below are not drawn */

static inline nn_config engine_bert(nn_family family)
{
    bool roberta = family == NN_ROBERTA, distil = family == NN_DISTILBERT;
    return (nn_config){.family = family,
                       .n_layers = 2,
                       .width = 24,
                       .n_heads = 4,
                       .n_kv_heads = 4,
                       .head_dim = 6,
                       .inner = 40,
                       .n_vocab = 101,
                       .n_positions = 33,
                       .position_offset = roberta ? 2 : 0,
                       .n_types = roberta  ? 1
                                  : distil ? 0
                                           : 2,
                       .norm_eps = roberta ? 1e-5 : 1e-12,
                       .act = LINEAR_GELU,
                       .qkv_bias = true,
                       .bias = true,
                       .lm_head = NN_LM_MASKED,
                       .pooler = family == NN_BERT,
                       .n_outputs = 3,
                       .head_dense = family != NN_BERT,
                       .head_act = distil ? LINEAR_RELU : LINEAR_TANH,
                       .init_std = .02,
                       .pad_id = roberta ? 1 : 0,
                       .bos_id = -1,
                       .eos_id = -1,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

static inline nn_config engine_gpt2(void)
{
    nn_config c = engine_bert(NN_GPT2);
    c.n_positions = 64;
    c.n_types = 0;
    c.n_outputs = 0;
    c.causal = c.norm_first = true;
    c.norm_eps = 1e-5;
    c.act = LINEAR_GELU_TANH;
    c.lm_head = NN_LM_TIED;
    c.pooler = c.head_dense = false;
    c.pad_id = -1;
    return c;
}

static inline nn_config engine_llama(size_t heads, size_t kv_heads)
{
    nn_config c = engine_gpt2();
    c.family = NN_LLAMA;
    c.width = 48;
    c.n_heads = heads;
    c.n_kv_heads = kv_heads;
    c.head_dim = 48 / heads;
    c.rotary = c.rms_norm = c.gated = true;
    c.rope_theta = 10000;
    c.act = LINEAR_SILU;
    c.qkv_bias = c.bias = false;
    c.lm_head = NN_LM_OWN;
    return c;
}

static inline nn_config engine_llama3(void)
{
    nn_config c = engine_llama(3, 1);
    c.rope_theta = 500;
    c.rope_factor = 4;
    c.rope_low = 1;
    c.rope_high = 4;
    c.rope_original = 32;
    return c;
}

static inline nn_config engine_qwen2(void)
{
    nn_config c = engine_llama(6, 3);
    c.family = NN_QWEN2;
    c.norm_eps = 1e-6;
    c.rope_theta = 1e6;
    c.qkv_bias = true;
    c.lm_head = NN_LM_TIED;
    return c;
}

/* Real shapes: width, layers, heads, inner width. */
static inline nn_config engine_shaped(nn_config c, size_t width, size_t layers, size_t heads,
                                      size_t inner)
{
    c.width = width;
    c.n_layers = layers;
    c.n_heads = c.n_kv_heads = heads;
    c.head_dim = width / heads;
    c.inner = inner;
    return c;
}

static inline nn_config engine_minilm(void)
{
    nn_config c = engine_shaped(engine_bert(NN_BERT), 384, 6, 12, 1536);
    c.n_vocab = 30522;
    c.n_positions = 512;
    c.n_outputs = 0;
    return c;
}

static inline nn_config engine_smollm2(size_t n_vocab)
{
    nn_config c = engine_shaped(engine_llama(6, 2), 576, 30, 9, 1536);
    c.n_kv_heads = 3;
    c.n_vocab = n_vocab;
    c.n_positions = 8192;
    c.rope_theta = 100000;
    c.lm_head = NN_LM_TIED;
    return c;
}

static inline pm_status engine_formula_rows(const nn_weights *w, size_t p, size_t lo, size_t hi,
                                            float *out, pm_err *err)
{
    const nn_param *q = &w->layout->param[p];
    (void)err;
    for (size_t i = lo * q->cols; i < hi * q->cols; i++) *out++ = formula_value(q, i);
    return PM_OK;
}

typedef struct engine_bed {
    compute c;
    arena *a;
    nn_config config;
    nn_layout layout;
    nn_weights weights;
    nn_engine *e;
    nn_room *room;
} engine_bed;

/* Fails by its own status: benchmarks use it too. */
static inline pm_status engine_bed_open(engine_bed *b, nn_config config, nn_precision p,
                                        int n_threads, pm_err *err)
{
    *b = (engine_bed){.config = config};
    b->a = arena_open(0);
    b->room = nn_room_open();
    pm_status s = compute_open(n_threads, &b->c, err);
    if (s == PM_OK) s = nn_layout_of(&b->config, b->a, &b->layout, err);
    b->weights = (nn_weights){.layout = &b->layout, .rows = engine_formula_rows};
    return s == PM_OK ? nn_engine_build(&b->c, b->a, &b->weights, p, &b->e, err) : s;
}

static inline void engine_bed_close(engine_bed *b)
{
    nn_room_close(b->room);
    arena_close(b->a);
    compute_close(&b->c);
}

/* Sequences of these lengths; text i of the batch is made-up text `first` + i. */
static inline nn_batch engine_batch(arena *a, const nn_config *c, const size_t *length, size_t n,
                                    size_t first)
{
    size_t tokens = 0;
    for (size_t i = 0; i < n; i++) tokens += length[i];
    uint32_t *start = arena_alloc(a, n + 1, sizeof *start);
    uint32_t *id = arena_alloc(a, tokens, sizeof *id);
    uint8_t *type = arena_alloc(a, tokens, 1);
    for (size_t i = 0; i < n; i++) {
        start[i + 1] = start[i] + (uint32_t)length[i];
        for (size_t t = 0; t < length[i]; t++) {
            id[start[i] + t] = formula_token(first + i, t, ENGINE_LEAST, (uint32_t)c->n_vocab);
            type[start[i] + t] = c->family == NN_BERT && t >= length[i] - length[i] / 3;
        }
    }
    return (nn_batch){n, start, id, c->n_types > 1 ? type : NULL};
}

#endif
