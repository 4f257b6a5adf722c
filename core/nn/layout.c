/* SPDX-License-Identifier: MIT
 *
 * The list of parameters of a configuration and where each lies in a slab; fresh values for them.  What files
 * call them is in names.c.
 */
#include "nn/layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#define ALIGN_FLOATS ((size_t)16)

static const char *const part_name[NN_N_PARTS] = {[NN_TOKENS] = "tokens",
                                                  [NN_POSITIONS] = "positions",
                                                  [NN_TYPES] = "types",
                                                  [NN_EMBED_NORM] = "embed_norm",
                                                  [NN_Q] = "q",
                                                  [NN_K] = "k",
                                                  [NN_V] = "v",
                                                  [NN_O] = "o",
                                                  [NN_NORM_1] = "norm_1",
                                                  [NN_GATE] = "gate",
                                                  [NN_UP] = "up",
                                                  [NN_DOWN] = "down",
                                                  [NN_NORM_2] = "norm_2",
                                                  [NN_FINAL_NORM] = "final_norm",
                                                  [NN_LM_DENSE] = "lm_dense",
                                                  [NN_LM_NORM] = "lm_norm",
                                                  [NN_LM_OUT] = "lm_out",
                                                  [NN_POOLER] = "pooler",
                                                  [NN_HEAD_DENSE] = "head_dense",
                                                  [NN_HEAD_OUT] = "head_out"};

static bool is_norm(nn_part p)
{
    return p == NN_EMBED_NORM || p == NN_NORM_1 || p == NN_NORM_2 || p == NN_FINAL_NORM ||
           p == NN_LM_NORM;
}

static bool is_table(nn_part p)
{
    return p == NN_TOKENS || p == NN_POSITIONS || p == NN_TYPES;
}

static bool is_of_layer(nn_part p)
{
    return p >= NN_Q && p <= NN_NORM_2;
}

/* Rows and columns of a part's weight; false where the configuration has no such part. */
static bool shape_of(const nn_config *c, nn_part p, size_t *rows, size_t *cols)
{
    size_t inside = c->n_heads * c->head_dim, shared = c->n_kv_heads * c->head_dim;
    bool masked = c->lm_head == NN_LM_MASKED;
    *rows = *cols = c->width;
    switch (p) {
    case NN_TOKENS:
        *rows = c->n_vocab;
        return true;
    case NN_POSITIONS:
        *rows = c->n_positions + c->position_offset;
        return !c->rotary;
    case NN_TYPES:
        *rows = c->n_types;
        return c->n_types > 0;
    case NN_EMBED_NORM:
        *rows = 1;
        return !c->norm_first;
    case NN_Q:
        *rows = inside;
        return true;
    case NN_K:
    case NN_V:
        *rows = shared;
        return true;
    case NN_O:
        *cols = inside;
        return true;
    case NN_NORM_1:
    case NN_NORM_2:
        *rows = 1;
        return true;
    case NN_GATE:
        *rows = c->inner;
        return c->gated;
    case NN_UP:
        *rows = c->inner;
        return true;
    case NN_DOWN:
        *cols = c->inner;
        return true;
    case NN_FINAL_NORM:
        *rows = 1;
        return c->norm_first;
    case NN_LM_DENSE:
        return masked;
    case NN_LM_NORM:
        *rows = 1;
        return masked;
    case NN_LM_OUT:
        *rows = c->n_vocab;
        return masked || c->lm_head == NN_LM_OWN;
    case NN_POOLER:
        return c->pooler;
    case NN_HEAD_DENSE:
        return c->n_outputs > 0 && c->head_dense;
    case NN_HEAD_OUT:
        *rows = c->n_outputs;
        return c->n_outputs > 0;
    default:
        return false;
    }
}

static bool has_weight(const nn_config *c, nn_part p)
{
    return p != NN_LM_OUT || c->lm_head == NN_LM_OWN;
}

static bool has_bias(const nn_config *c, nn_part p)
{
    if (is_table(p)) return false;
    if (is_norm(p)) return !c->rms_norm;
    switch (p) {
    case NN_Q:
    case NN_K:
    case NN_V:
        return c->qkv_bias;
    case NN_LM_DENSE:
    case NN_POOLER:
    case NN_HEAD_DENSE:
        return true;
    case NN_LM_OUT:
        return c->lm_head == NN_LM_MASKED;
    case NN_HEAD_OUT:
        return !c->causal; /* the score matrix of decoders has none */
    default:
        return c->bias;
    }
}

typedef struct list { /* counts when param is NULL */
    nn_param *param;
    size_t n, floats, n_parameters;
    bool overflows;
} list;

static void add(list *l, nn_part part, int layer, bool is_bias, size_t rows, size_t cols)
{
    size_t count = 0, bytes = 0;
    nn_param p = {.part = part, .layer = layer, .is_bias = is_bias, .at = l->floats};
    p.rows = is_bias ? 1 : rows;
    p.cols = is_bias && !is_norm(part) ? rows : cols;
    p.decays = !is_bias && !is_norm(part);
    const char *end = is_bias ? "bias" : "weight";
    if (layer >= 0)
        snprintf(p.name, sizeof p.name, "layer.%d.%s.%s", layer, part_name[part], end);
    else
        snprintf(p.name, sizeof p.name, "%s.%s", part_name[part], end);
    if (!mem_size(p.rows, p.cols, &count) || !mem_size(count, sizeof(float), &bytes) ||
        count > (SIZE_MAX >> 8) - l->floats)
        l->overflows = true;
    if (l->param) l->param[l->n] = p;
    l->n++;
    if (l->overflows) return;
    l->n_parameters += count;
    l->floats += (count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

static void add_part(list *l, const nn_config *c, nn_part p, int layer)
{
    size_t rows = 0, cols = 0;
    if (!shape_of(c, p, &rows, &cols)) return;
    if (has_weight(c, p)) add(l, p, layer, false, rows, cols);
    if (has_bias(c, p)) add(l, p, layer, true, rows, cols);
}

static void walk(list *l, const nn_config *c)
{
    for (nn_part p = NN_TOKENS; p <= NN_EMBED_NORM; p++) add_part(l, c, p, NN_NO_LAYER);
    for (size_t i = 0; i < c->n_layers; i++)
        for (nn_part p = NN_Q; p <= NN_NORM_2; p++) add_part(l, c, p, (int)i);
    for (nn_part p = NN_FINAL_NORM; p < NN_N_PARTS; p++) add_part(l, c, p, NN_NO_LAYER);
}

pm_status nn_layout_of(const nn_config *c, arena *a, nn_layout *out, pm_err *err)
{
    *out = (nn_layout){0};
    pm_status st = nn_config_check(c, "model", err);
    if (st != PM_OK) return st;
    list l = {0};
    walk(&l, c);
    if (l.overflows) return err_set(err, PM_E_FORMAT, "model: its weights do not fit any memory");
    nn_config *kept = arena_alloc(a, 1, sizeof *kept);
    nn_param *param = arena_alloc(a, l.n, sizeof *param);
    if (!kept || !param) return err_set(err, PM_E_MEMORY, "out of memory for %zu parameters", l.n);
    *kept = *c;
    l = (list){.param = param};
    walk(&l, c);
    *out = (nn_layout){.config = kept,
                       .param = param,
                       .n = l.n,
                       .floats = l.floats,
                       .n_parameters = l.n_parameters};
    return PM_OK;
}

size_t nn_layout_find(const nn_layout *l, nn_part part, int layer, bool is_bias)
{
    if (!is_of_layer(part)) layer = NN_NO_LAYER;
    for (size_t i = 0; i < l->n; i++) {
        const nn_param *p = &l->param[i];
        if (p->part == part && p->layer == layer && p->is_bias == is_bias) return i;
    }
    return NN_NONE;
}

/* ---- fresh weights --------------------------------------------------------------------------------------- */

/* GPT-2 (Radford et al. 2019, section 2.3) shrinks what is added to the residual stream: two branches a layer. */
static double deviation(const nn_config *c, nn_part p)
{
    bool shrinks = c->family == NN_GPT2 && (p == NN_O || p == NN_DOWN);
    return shrinks ? c->init_std / sqrt(2.0 * (double)c->n_layers) : c->init_std;
}

/* The row of padding, which torch keeps at zero; SIZE_MAX: none. */
static size_t zero_row(const nn_config *c, const nn_param *p)
{
    bool known = p->part == NN_TOKENS || (p->part == NN_POSITIONS && c->position_offset > 0);
    if (!known || c->family == NN_GPT2 || c->pad_id < 0) return SIZE_MAX;
    return (size_t)c->pad_id;
}

void nn_init(const nn_layout *l, uint64_t seed, float *slab)
{
    memset(slab, 0, l->floats * sizeof *slab);
    for (size_t i = 0; i < l->n; i++) {
        const nn_param *p = &l->param[i];
        float *at = slab + p->at;
        size_t n = p->rows * p->cols, empty = zero_row(l->config, p);
        double std = deviation(l->config, p->part);
        if (p->is_bias) continue;
        for (size_t k = 0; k < n; k++)
            at[k] = is_norm(p->part) ? 1.0F : (float)(std * rng_normal(seed, (uint32_t)i, k));
        if (empty < p->rows) memset(at + empty * p->cols, 0, p->cols * sizeof *at);
    }
}
