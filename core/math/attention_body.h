/* SPDX-License-Identifier: MIT
 *
 * Attention, forward: written once over sixteen lanes.  Keys come in chunks of ATTEND_KEYS from key 0 on; within a
 * chunk all scores of a tile of rows are there before the softmax, between chunks it is the online one (Milakov and
 * Gimelshein 2018; Dao et al. 2022).  Every score and every output is one fma chain (over dimensions, over
 * keys), so tiles of any shape give the same bits.  A row is a (query, query head) pair of one key head.
 * Included by attention_plain.c, attention_avx2.c and attention_avx512.c only.
 */
#include "math/attention_product.h"
#include "math/rows_drop.h"

typedef struct attend { /* one key head */
    const attention_run *r;
    const attention_drop *drop;
    float *lse;
    size_t g, h0, heads; /* query heads [h0, h0 + heads) */
    size_t c0, keys;     /* chunk */
    float *kt, *v, *score, *q,
        *out;          /* room: [head_dim][STRIDE], [keys][round], 3 x [TALL][STRIDE] */
    float *most, *sum; /* [rows] */
    bool packed;
} attend;

static size_t room_floats(const attention_run *r)
{
    const size_t keys = r->n_k < ATTEND_KEYS ? attend_round(r->n_k) : ATTEND_KEYS;
    return r->head_dim * ATTEND_STRIDE + keys * attend_round(r->head_dim) +
           3 * TALL * ATTEND_STRIDE + 2 * attend_round(r->n_q * (r->n_heads / r->n_kv_heads));
}

static const float *key_row(const attend *a, size_t j)
{
    return a->r->k + (a->c0 + j) * a->r->ldk + a->g * a->r->head_dim;
}
static const float *value_row(const attend *a, size_t j)
{
    return a->r->v + (a->c0 + j) * a->r->ldv + a->g * a->r->head_dim;
}

/* Keys of the chunk that row t sees. */
static size_t visible(const attend *a, size_t t)
{
    const attention_run *r = a->r;
    if (!r->causal) return a->keys;
    const size_t end = r->n_k - r->n_q + t / a->heads + 1;
    return end <= a->c0 ? 0 : end - a->c0 < a->keys ? end - a->c0 : a->keys;
}

/* The last chunk in which row t sees a key. */
static bool ends(const attend *a, size_t t)
{
    const attention_run *r = a->r;
    return (r->causal ? r->n_k - r->n_q + t / a->heads + 1 : r->n_k) <= a->c0 + a->keys;
}

static void load_queries(const attend *a, size_t t0, size_t rows)
{
    const attention_run *r = a->r;
    for (size_t i = 0; i < rows; i++) {
        const size_t t = t0 + i, h = a->h0 + t % a->heads;
        scaled_row(r->q + t / a->heads * r->ldq + h * r->head_dim, r->scale, r->head_dim,
                   a->q + i * ATTEND_STRIDE);
    }
}

/* score = q k'; few rows: keys are turned as they come, so that they stay in the first cache. */
static void scores(const attend *a, size_t rows, size_t keys)
{
    const attention_run *r = a->r;
    product p = {rows,          attend_round(keys), r->head_dim,   a->q, a->kt,
                 ATTEND_STRIDE, a->score,           ATTEND_STRIDE, false};
    if (a->packed) {
        product_rows(&p);
        return;
    }
    for (size_t j = 0; j < keys; j += 64) {
        const size_t n = keys - j < 64 ? keys - j : 64;
        turn_rows(key_row(a, j), r->ldk, n, r->head_dim, a->kt);
        p.cols = attend_round(n);
        p.c = a->score + j;
        product_rows(&p);
    }
}

/* Scores of row i become exp(score - largest); what is not seen becomes 0.  Returns the factor of what was summed
 * in earlier chunks. */
static float soften(const attend *a, size_t i, size_t t, size_t keys)
{
    float *s = a->score + i * ATTEND_STRIDE;
    const size_t n = visible(a, t), all = attend_round(keys);
    for (size_t j = n; j < all; j++) s[j] = -INFINITY;
    v16 top = v16_set1(-INFINITY), sum = v16_zero();
    for (size_t j = 0; j < all; j += 16) top = v16_max(v16_load(s + j), top);
    const float before = a->c0 > 0 ? a->most[t] : -INFINITY;
    float now = v16_most(top), factor = 0;
    now = before > now ? before : now;
    const v16 m = v16_set1(now);
    for (size_t j = 0; j < all; j += 16) {
        v16 e = v16_exp(v16_sub(v16_load(s + j), m));
        sum = v16_add(sum, e);
        v16_store(s + j, e);
    }
    if (a->c0 > 0) factor = first_lane(v16_exp(v16_set1(before - now)));
    a->sum[t] = a->c0 > 0 ? __builtin_fmaf(a->sum[t], factor, v16_sum(sum)) : v16_sum(sum);
    a->most[t] = now;
    return factor;
}

static void drop_scores(const attend *a, size_t i, size_t t, size_t keys)
{
    const size_t h = a->h0 + t % a->heads;
    const uint64_t row = attention_row_places(a->r->n_k) * (h * a->r->n_q + t / a->heads);
    drop_span(a->score + i * ATTEND_STRIDE, keys, a->drop, a->drop->first + row + a->c0);
}

static float *out_row(const attend *a, size_t t)
{
    return a->r->out + t / a->heads * a->r->ldo + (a->h0 + t % a->heads) * a->r->head_dim;
}

/* The sums of row t go to the output, divided when they are whole.  + 0: no negative zeros, so that the zeros of
 * keys that are not seen leave no trace. */
static void store_row(const attend *a, size_t i, size_t t)
{
    const float *o = a->out + i * ATTEND_STRIDE;
    const size_t d = a->r->head_dim;
    const bool whole = ends(a, t);
    const v16 by = v16_set1(whole ? 1 / a->sum[t] : 1);
    float *to = out_row(a, t);
    for (size_t e = 0; e < d; e += 16) {
        v16 x = v16_add(v16_mul(v16_load(o + e), by), v16_zero());
        put(to + e, x, d - e < 16 ? d - e : 16);
    }
    if (whole && a->lse)
        a->lse[(a->h0 + t % a->heads) * a->r->n_q + t / a->heads] =
            a->most[t] + first_lane(v16_log(v16_set1(a->sum[t])));
}

static void attend_tile(const attend *a, size_t t0, size_t rows)
{
    const attention_run *r = a->r;
    const size_t d = r->head_dim, keys = visible(a, t0 + rows - 1);
    if (keys == 0) return;
    load_queries(a, t0, rows);
    scores(a, rows, keys);
    for (size_t i = 0; i < rows; i++) {
        float factor = soften(a, i, t0 + i, keys);
        if (a->c0 > 0) scaled_row(out_row(a, t0 + i), factor, d, a->out + i * ATTEND_STRIDE);
        if (a->drop) drop_scores(a, i, t0 + i, keys);
    }
    product p = {rows,
                 a->packed ? attend_round(d) : d,
                 keys,
                 a->score,
                 a->packed ? a->v : value_row(a, 0),
                 a->packed ? attend_round(d) : r->ldv,
                 a->out,
                 ATTEND_STRIDE,
                 a->c0 > 0};
    product_rows(&p);
    for (size_t i = 0; i < rows; i++)
        if (visible(a, t0 + i) > 0) store_row(a, i, t0 + i);
}

static void pack_chunk(const attend *a)
{
    const attention_run *r = a->r;
    turn_rows(key_row(a, 0), r->ldk, a->keys, r->head_dim, a->kt);
    for (size_t j = 0; j < a->keys; j++)
        scaled_row(value_row(a, j), 1, r->head_dim, a->v + j * attend_round(r->head_dim));
}

static void forward(const attention_run *r, const attention_drop *drop, float *lse, size_t h0,
                    size_t h1, float *room)
{
    const size_t group = r->n_heads / r->n_kv_heads;
    attend a = {.r = r, .drop = drop && drop->p > 0 ? drop : NULL, .lse = lse, .kt = room};
    a.score = a.kt + r->head_dim * ATTEND_STRIDE;
    a.q = a.score + TALL * ATTEND_STRIDE;
    a.out = a.q + TALL * ATTEND_STRIDE;
    a.most = a.out + TALL * ATTEND_STRIDE;
    a.sum = a.most + attend_round(r->n_q * group);
    a.v = a.sum + attend_round(r->n_q * group);
    for (size_t h = h0; h < h1; h += a.heads) {
        a.g = h / group;
        a.h0 = h;
        a.heads = ((a.g + 1) * group < h1 ? (a.g + 1) * group : h1) - h;
        const size_t rows = r->n_q * a.heads;
        a.packed = rows > TALL;
        for (a.c0 = 0; a.c0 < r->n_k; a.c0 += ATTEND_KEYS) {
            a.keys = r->n_k - a.c0 < ATTEND_KEYS ? r->n_k - a.c0 : ATTEND_KEYS;
            if (a.packed) pack_chunk(&a);
            for (size_t t = 0; t < rows; t += TALL)
                attend_tile(&a, t, rows - t < TALL ? rows - t : TALL);
        }
    }
}
