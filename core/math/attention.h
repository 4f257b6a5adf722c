/* SPDX-License-Identifier: MIT
 *
 * Fused attention of one sequence: softmax(scale q k' [+ causal mask]) v for each head, without the whole
 * matrix of scores in memory.  Grouped heads (GQA): query head h reads key head h / (n_heads / n_kv_heads).
 * Keys and values are finite.  Row i depends on its own query and on the keys it sees alone, to the bit,
 * whatever the blocks and the threads.
 */
#ifndef PM_MATH_ATTENTION_H
#define PM_MATH_ATTENTION_H

#include "math/compute.h"

typedef struct attention_run {
    const float *q; /* [n_q x n_heads * head_dim]; head h at column h * head_dim */
    size_t ldq;
    const float *k, *v; /* [n_k x n_kv_heads * head_dim] */
    size_t ldk, ldv;
    float *out; /* [n_q x n_heads * head_dim]; not q */
    size_t ldo;
    size_t n_heads, n_kv_heads, head_dim; /* head_dim at most 512 */
    size_t n_q, n_k;
    bool causal; /* n_q <= n_k: query i sits at position n_k - n_q + i and sees keys up to itself */
    float scale; /* usually 1 / sqrt(head_dim) */
    bool bf16_ok; /* products may round to bfloat16 where that is faster; none does today */
} attention_run;

size_t attention_room(const compute *c,
                      const attention_run *r); /* bytes for one caller; 64-byte aligned */
void attention_heads(const compute *c, const attention_run *r, size_t h0, size_t h1, void *room);

/* ---- training -------------------------------------------------------------------------------------------- */

/* Dropout on the probabilities, after the softmax: element (head, query, key) has the index first +
 * attention_row_places(n_k) * (head * n_q + query) + key of the masks of rows_dropout.  first: a multiple of 64. */
typedef struct attention_drop {
    float p; /* 0: none */
    uint64_t seed, first;
    uint32_t stream;
} attention_drop;

static inline uint64_t attention_row_places(size_t n_k)
{
    return ((uint64_t)n_k + 63) / 64 * 64;
}

/* As attention_heads (float32; query heads [h0, h1)), and lse [n_heads x n_q] = log of the sum of exp of each row's
 * scaled scores, which the backward needs.  drop NULL: none. */
void attention_forward_keep(const compute *c, const attention_run *r, const attention_drop *drop,
                            float *lse, size_t h0, size_t h1, void *room);

typedef struct attention_back {
    const attention_run *r; /* of the forward; its out is read */
    const attention_drop *drop;
    const float *lse;
    const float *dout; /* as out */
    size_t ld_dout;
    float *dq, *dk, *dv; /* written over; shapes of q, k, v */
    size_t ld_dq, ld_dk, ld_dv;
} attention_back;

/* Derivatives by recomputation (Dao 2023, algorithm 2), KEY heads [g0, g1): dq of the query heads that read
 * them too.  Sums in a fixed order: query heads of a group ascending, then queries ascending. */
size_t attention_back_room(const compute *c, const attention_run *r);
void attention_backward(const compute *c, const attention_back *b, size_t g0, size_t g1,
                        void *room);

#endif
