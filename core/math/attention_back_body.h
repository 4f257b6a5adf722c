/* SPDX-License-Identifier: MIT
 *
 * Attention, backward: scores are computed again from the queries, the keys and the logarithms that the forward
 * kept.  Blocks of BACK_KEYS keys, in each the query heads of the group, in each blocks of BACK_ROWS queries.
 * Included by attention_plain.c, attention_avx2.c and attention_avx512.c only.
 */
#include "math/attention_product.h"
#include "math/rows_drop.h"

typedef struct back {
    const attention_back *b;
    const attention_run *r;
    const attention_drop *drop;
    size_t g, h, j0, keys, i0, rows;
    float *kt, *vt, *k;         /* [head_dim][STRIDE] twice, [keys][round] times scale */
    float *q, *d_out, *p, *d_p; /* [BACK_ROWS][STRIDE] each; q times scale */
    float *d_k, *d_v;           /* [BACK_KEYS][round] */
} back;

static size_t back_floats(const attention_run *r)
{
    return 2 * r->head_dim * STRIDE + 3 * BACK_KEYS * attend_round(r->head_dim) +
           4 * BACK_ROWS * STRIDE;
}

static void product_turned(const product *p)
{
    product_any(p, true);
}

static size_t back_seen(const back *a, size_t i)
{
    const attention_run *r = a->r;
    const size_t end = r->causal ? r->n_k - r->n_q + i + 1 : r->n_k;
    return end <= a->j0 ? 0 : end - a->j0 < a->keys ? end - a->j0 : a->keys;
}

static void back_load_keys(const back *a)
{
    const attention_run *r = a->r;
    const size_t d = r->head_dim, w = attend_round(d), at = a->g * d;
    turn_rows(r->k + a->j0 * r->ldk + at, r->ldk, a->keys, d, a->kt);
    turn_rows(r->v + a->j0 * r->ldv + at, r->ldv, a->keys, d, a->vt);
    for (size_t j = 0; j < a->keys; j++)
        scaled_row(r->k + (a->j0 + j) * r->ldk + at, r->scale, d, a->k + j * w);
    memset(a->d_k, 0, 2 * BACK_KEYS * w * sizeof *a->d_k);
}

static float dot_rows(const float *x, const float *y, size_t n)
{
    v16 s = v16_zero();
    for (size_t j = 0; j < n; j += 16) {
        const size_t some = n - j < 16 ? n - j : 16;
        s = v16_fma(take(x + j, some), take(y + j, some), s);
    }
    return v16_sum(s);
}

/* Row i of the block: p = exp(score - lse), d_p = p (mask d_p - out . d_out), and p = mask p. */
static void back_row(const back *a, size_t i, size_t keys)
{
    const attention_run *r = a->r;
    const size_t q = a->i0 + i, n = back_seen(a, q), at = a->h * r->head_dim;
    float *p = a->p + i * STRIDE, *d_p = a->d_p + i * STRIDE;
    const v16 l = v16_set1(a->b->lse[a->h * r->n_q + q]);
    const v16 dot =
        v16_set1(dot_rows(r->out + q * r->ldo + at, a->d_out + i * STRIDE, r->head_dim));
    for (size_t j = n; j < attend_round(keys); j++) p[j] = -INFINITY;
    const uint64_t place = attention_row_places(r->n_k) * (a->h * r->n_q + q) + a->j0;
    if (a->drop) drop_span(d_p, keys, a->drop, a->drop->first + place);
    for (size_t j = 0; j < keys; j += 16) {
        v16 e = v16_exp(v16_sub(v16_load(p + j), l));
        v16_store(p + j, e);
        v16_store(d_p + j, v16_mul(e, v16_sub(v16_load(d_p + j), dot)));
    }
    if (a->drop) drop_span(p, keys, a->drop, a->drop->first + place);
}

static void back_block(const back *a)
{
    const attention_run *r = a->r;
    const attention_back *b = a->b;
    const size_t d = r->head_dim, w = attend_round(d), at = a->h * d;
    const size_t keys = back_seen(a, a->i0 + a->rows - 1);
    if (keys == 0) return;
    for (size_t i = 0; i < a->rows; i++) {
        scaled_row(r->q + (a->i0 + i) * r->ldq + at, r->scale, d, a->q + i * STRIDE);
        scaled_row(b->dout + (a->i0 + i) * b->ld_dout + at, 1, d, a->d_out + i * STRIDE);
    }
    product_rows(
        &(product){a->rows, attend_round(keys), d, a->q, a->kt, STRIDE, a->p, STRIDE, false});
    product_rows(
        &(product){a->rows, attend_round(keys), d, a->d_out, a->vt, STRIDE, a->d_p, STRIDE, false});
    for (size_t i = 0; i < a->rows; i++) back_row(a, i, keys);
    product_rows(&(product){a->rows, d, keys, a->d_p, a->k, w, b->dq + a->i0 * b->ld_dq + at,
                            b->ld_dq, a->j0 > 0});
    product_turned(&(product){keys, w, a->rows, a->d_p, a->q, STRIDE, a->d_k, w, true});
    product_turned(&(product){keys, w, a->rows, a->p, a->d_out, STRIDE, a->d_v, w, true});
}

static void back_store_keys(const back *a)
{
    const size_t d = a->r->head_dim, w = attend_round(d);
    for (size_t j = 0; j < a->keys; j++) {
        memcpy(a->b->dk + (a->j0 + j) * a->b->ld_dk + a->g * d, a->d_k + j * w, d * sizeof(float));
        memcpy(a->b->dv + (a->j0 + j) * a->b->ld_dv + a->g * d, a->d_v + j * w, d * sizeof(float));
    }
}

static void backward(const attention_back *b, size_t g0, size_t g1, float *room)
{
    const attention_run *r = b->r;
    const size_t d = r->head_dim, w = attend_round(d), group = r->n_heads / r->n_kv_heads;
    back a = {.b = b, .r = r, .drop = b->drop && b->drop->p > 0 ? b->drop : NULL, .kt = room};
    a.vt = a.kt + d * STRIDE;
    a.q = a.vt + d * STRIDE;
    a.d_out = a.q + BACK_ROWS * STRIDE;
    a.p = a.d_out + BACK_ROWS * STRIDE;
    a.d_p = a.p + BACK_ROWS * STRIDE;
    a.k = a.d_p + BACK_ROWS * STRIDE;
    a.d_k = a.k + BACK_KEYS * w;
    a.d_v = a.d_k + BACK_KEYS * w;
    for (a.g = g0; a.g < g1; a.g++)
        for (a.j0 = 0; a.j0 < r->n_k; a.j0 += BACK_KEYS) {
            a.keys = r->n_k - a.j0 < BACK_KEYS ? r->n_k - a.j0 : BACK_KEYS;
            back_load_keys(&a);
            for (a.h = a.g * group; a.h < (a.g + 1) * group; a.h++)
                for (a.i0 = 0; a.i0 < r->n_q; a.i0 += BACK_ROWS) {
                    a.rows = r->n_q - a.i0 < BACK_ROWS ? r->n_q - a.i0 : BACK_ROWS;
                    back_block(&a);
                }
            back_store_keys(&a);
        }
}

const attention_kernels ATTENTION_TABLE = {room_floats, back_floats, forward, backward};
