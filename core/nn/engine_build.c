/* SPDX-License-Identifier: MIT
 *
 * Building an engine: every dense layer packed from where its weights lie, small tables copied, rotary angles
 * computed once.  Embeddings stay where they are and are looked up row by row.
 */
#include <math.h>

#include "math/rows.h"
#include "nn/engine_own.h"
#include "nn/rotary.h"

typedef struct building {
    nn_engine *e;
    arena *a;
    pm_err *err;
} building;

/* How a layer is packed; even: see linear.h. */
typedef struct packed_as {
    linear_kind kind;
    const float *even;
} packed_as;

/* Matrices stacked above one another, as one. */
typedef struct stack {
    const nn_weights *w;
    size_t p[3], n;
    const float *even; /* columns are divided by it; or NULL */
} stack;

static void divide_columns(float *w, size_t rows, size_t cols, const float *even)
{
    for (size_t i = 0; even && i < rows; i++)
        for (size_t j = 0; j < cols; j++) w[i * cols + j] /= even[j];
}

static pm_status stack_rows(void *arg, size_t lo, size_t hi, float *out, pm_err *err)
{
    const stack *k = arg;
    size_t first = 0;
    for (size_t i = 0; i < k->n; i++) {
        const nn_param *p = &k->w->layout->param[k->p[i]];
        size_t from = lo > first ? lo - first : 0;
        size_t to = hi > first ? hi - first : 0;
        if (to > p->rows) to = p->rows;
        if (from < to) {
            float *at = out + (first + from - lo) * p->cols;
            pm_status s = nn_weights_rows(k->w, k->p[i], from, to, at, err);
            if (s != PM_OK) return err_wrap(err, s, "%s", p->name);
            divide_columns(at, to - from, p->cols, k->even);
        }
        first += p->rows;
    }
    return PM_OK;
}

static const nn_param *param(const nn_engine *e, size_t at)
{
    return &e->weights.layout->param[at];
}

static size_t find(const nn_engine *e, nn_part part, int layer, bool is_bias)
{
    return nn_layout_find(e->weights.layout, part, layer, is_bias);
}

static pm_status no_memory(const building *b)
{
    return err_set(b->err, PM_E_MEMORY, "engine: no memory for packed weights");
}

/* A whole small parameter as floats; *out NULL if the layout has none. */
static pm_status copied(const building *b, nn_part part, int layer, bool is_bias, const float **out)
{
    size_t at = find(b->e, part, layer, is_bias);
    *out = NULL;
    if (at == NN_NONE) return PM_OK;
    const nn_param *p = param(b->e, at);
    size_t n;
    float *v = mem_size(p->rows, p->cols, &n) ? arena_alloc(b->a, n, sizeof *v) : NULL;
    if (!v) return no_memory(b);
    *out = v;
    b->e->bytes += n * sizeof *v;
    pm_status s = nn_weights_rows(&b->e->weights, at, 0, p->rows, v, b->err);
    return s == PM_OK ? s : err_wrap(b->err, s, "%s", p->name);
}

static pm_status norm_of(const building *b, nn_part part, int layer, engine_norm *out)
{
    pm_status s = copied(b, part, layer, false, &out->gain);
    return s == PM_OK ? copied(b, part, layer, true, &out->shift) : s;
}

/* Products in bfloat16 pay on tiles, and on vectors where the maker gave them their full width. */
static linear_kind fast_kind(const compute *c)
{
    bool pays = c->cpu.amx_bf16 || (c->cpu.avx512_bf16 && c->cpu.is_amd);
    return pays ? LINEAR_BF16 : LINEAR_F32;
}

/* Of layers that int8 serves well. */
static packed_as small(const nn_engine *e, const float *even)
{
    if (e->precision == NN_BYTES) return (packed_as){LINEAR_I8, even};
    return (packed_as){e->precision == NN_EXACT ? LINEAR_F32 : fast_kind(e->c), NULL};
}

/* Of heads; and of queries, keys, values and the way down from the inner layer, whose inputs have large columns that
 * weights do not tell: docs/engine.md has what int8 costs there. */
static packed_as careful(const nn_engine *e)
{
    return (packed_as){e->precision == NN_EXACT ? LINEAR_F32 : fast_kind(e->c), NULL};
}

/* What evens out the columns that norm `n` gives: the inverse of |shift| + 3 |gain|, their size if what is normalised is
 * normal; the largest column stays as it is, none grows more than a thousandfold.  *out NULL: nothing to even out; nor
 * where norms come first, since the stream between layers then has large columns of its own, which gains do not tell. */
static pm_status even_columns(const building *b, const engine_norm *n, const float **out)
{
    size_t width = b->e->config.width;
    float top = 0, *even;
    *out = NULL;
    if (b->e->precision != NN_BYTES || b->e->config.norm_first) return PM_OK;
    even = arena_alloc(b->a, width, sizeof *even);
    if (!even) return no_memory(b);
    for (size_t j = 0; j < width; j++) {
        even[j] = 3 * fabsf(n->gain[j]) + (n->shift ? fabsf(n->shift[j]) : 0);
        top = even[j] > top ? even[j] : top;
    }
    if (!(top > 0 && isfinite(top))) return PM_OK;
    for (size_t j = 0; j < width; j++) even[j] = even[j] > top * 1e-3f ? top / even[j] : 1e3f;
    b->e->bytes += width * sizeof *even;
    *out = even;
    return PM_OK;
}

/* Packs the matrices of `part` [n], stacked, and their biases [n] or zeros where one has none. */
static pm_status packed(const building *b, const nn_part *part, size_t n, int layer, packed_as as,
                        linear *out)
{
    nn_engine *e = b->e;
    stack k = {&e->weights, {0}, n, as.even};
    size_t n_out = 0, n_in = 0;
    bool biased = false;
    for (size_t i = 0; i < n; i++) {
        k.p[i] = find(e, part[i], layer, false);
        PM_ASSERT(k.p[i] != NN_NONE);
        n_out += param(e, k.p[i])->rows;
        n_in = param(e, k.p[i])->cols;
        biased |= find(e, part[i], layer, true) != NN_NONE;
    }
    float *bias = biased ? arena_alloc(b->a, n_out, sizeof *bias) : NULL;
    if (biased && !bias) return no_memory(b);
    for (size_t i = 0, first = 0; biased && i < n; first += param(e, k.p[i++])->rows) {
        size_t at = find(e, part[i], layer, true);
        if (at == NN_NONE) continue;
        pm_status s = nn_weights_rows(&e->weights, at, 0, 1, bias + first, b->err);
        if (s != PM_OK) return err_wrap(b->err, s, "%s", param(e, at)->name);
    }
    pm_status s = linear_pack(e->c, b->a, n_out, n_in, stack_rows, &k, bias, as.kind, out, b->err);
    if (s != PM_OK) return err_wrap(b->err, s, "%s", param(e, k.p[0])->name);
    out->even = as.even;
    e->bytes += linear_bytes(out);
    return PM_OK;
}

static pm_status one(const building *b, nn_part part, int layer, packed_as as, linear *out)
{
    return packed(b, &part, 1, layer, as, out);
}

static pm_status build_layer(const building *b, int at)
{
    static const nn_part qkv[3] = {NN_Q, NN_K, NN_V};
    engine_layer *l = &b->e->layer[at];
    const nn_config *c = &b->e->config;
    const float *even = NULL;
    packed_as as = careful(b->e);
    pm_status s = norm_of(b, NN_NORM_1, at, &l->norm_1);
    if (s == PM_OK) s = norm_of(b, NN_NORM_2, at, &l->norm_2);
    if (s == PM_OK) s = even_columns(b, c->norm_first ? &l->norm_2 : &l->norm_1, &even);
    if (s == PM_OK) s = packed(b, qkv, 3, at, as, &l->qkv);
    if (s == PM_OK) s = one(b, NN_O, at, small(b->e, NULL), &l->o);
    if (s == PM_OK && c->gated) s = one(b, NN_GATE, at, small(b->e, even), &l->gate);
    if (s == PM_OK) s = one(b, NN_UP, at, small(b->e, even), &l->up);
    if (s == PM_OK) s = one(b, NN_DOWN, at, as, &l->down);
    return s;
}

static pm_status build_rope(const building *b)
{
    nn_engine *e = b->e;
    const nn_config *c = &e->config;
    size_t n;
    float *t = mem_size(c->n_positions, c->head_dim, &n) ? arena_alloc_uncleared(b->a, n, sizeof *t)
                                                         : NULL;
    if (!t) return no_memory(b);
    nn_rotary_table(c, c->n_positions, t);
    e->rope = t;
    e->bytes += n * sizeof *t;
    return PM_OK;
}

static pm_status build_tables(const building *b)
{
    nn_engine *e = b->e;
    const nn_config *c = &e->config;
    e->tokens = find(e, NN_TOKENS, NN_NO_LAYER, false);
    PM_ASSERT(e->tokens != NN_NONE);
    pm_status s = PM_OK;
    if (c->rotary) s = build_rope(b);
    if (s == PM_OK && !c->rotary) {
        s = copied(b, NN_POSITIONS, NN_NO_LAYER, false, &e->positions);
        if (s == PM_OK) e->positions += c->position_offset * c->width;
    }
    if (s == PM_OK) s = copied(b, NN_TYPES, NN_NO_LAYER, false, &e->types);
    if (s == PM_OK) s = norm_of(b, NN_EMBED_NORM, NN_NO_LAYER, &e->embed_norm);
    if (s == PM_OK) s = norm_of(b, NN_FINAL_NORM, NN_NO_LAYER, &e->final_norm);
    return s;
}

/* The masked head's bias stands alone; its matrix is the token embedding. */
static pm_status build_lm_head(const building *b)
{
    nn_engine *e = b->e;
    packed_as as = careful(e);
    if (e->config.lm_head == NN_LM_NONE) return PM_OK;
    if (e->config.lm_head == NN_LM_OWN) return one(b, NN_LM_OUT, NN_NO_LAYER, as, &e->lm_out);
    if (e->config.lm_head == NN_LM_TIED) return one(b, NN_TOKENS, NN_NO_LAYER, as, &e->lm_out);
    const float *bias = NULL;
    pm_status s = one(b, NN_LM_DENSE, NN_NO_LAYER, as, &e->lm_dense);
    if (s == PM_OK) s = norm_of(b, NN_LM_NORM, NN_NO_LAYER, &e->lm_norm);
    if (s == PM_OK) s = copied(b, NN_LM_OUT, NN_NO_LAYER, true, &bias);
    if (s != PM_OK) return s;
    stack k = {&e->weights, {e->tokens}, 1, NULL};
    const nn_param *p = param(e, e->tokens);
    s = linear_pack(e->c, b->a, p->rows, p->cols, stack_rows, &k, bias, as.kind, &e->lm_out,
                    b->err);
    if (s != PM_OK) return err_wrap(b->err, s, "%s", p->name);
    e->bytes += linear_bytes(&e->lm_out);
    return PM_OK;
}

static pm_status build_heads(const building *b)
{
    nn_engine *e = b->e;
    const packed_as exact = {LINEAR_F32, NULL};
    pm_status s = build_lm_head(b);
    if (s == PM_OK && e->config.pooler) s = one(b, NN_POOLER, NN_NO_LAYER, exact, &e->pooler);
    if (s != PM_OK || e->config.n_outputs == 0) return s;
    if (e->config.head_dense) s = one(b, NN_HEAD_DENSE, NN_NO_LAYER, exact, &e->head_dense);
    return s == PM_OK ? one(b, NN_HEAD_OUT, NN_NO_LAYER, exact, &e->head_out) : s;
}

pm_status nn_engine_build(const compute *c, arena *a, const nn_weights *w, nn_precision p,
                          nn_engine **out, pm_err *err)
{
    nn_engine *e = arena_alloc(a, 1, sizeof *e);
    building b = {e, a, err};
    *out = NULL;
    if (!e) return err_set(err, PM_E_MEMORY, "engine: no memory for packed weights");
    e->c = c;
    e->config = *w->layout->config;
    e->weights = *w;
    e->precision = p;
    e->layer = arena_alloc(a, e->config.n_layers, sizeof *e->layer);
    if (!e->layer) return no_memory(&b);
    pm_status s = build_tables(&b);
    for (size_t l = 0; s == PM_OK && l < e->config.n_layers; l++) s = build_layer(&b, (int)l);
    if (s == PM_OK) s = build_heads(&b);
    if (s == PM_OK) *out = e;
    return s;
}

size_t nn_engine_bytes(const nn_engine *e)
{
    return e->bytes;
}

void engine_normalise(const nn_engine *e, const engine_norm *n, pm_cmat x, pm_mat out)
{
    float eps = (float)e->config.norm_eps;
    if (e->config.rms_norm)
        rows_rms_norm(e->c, x, n->gain, eps, out, NULL);
    else
        rows_layer_norm(e->c, x, n->gain, n->shift, eps, out, NULL, NULL);
}
