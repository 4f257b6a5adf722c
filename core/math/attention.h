/* SPDX-License-Identifier: MIT
 *
 * Fused attention of one sequence: softmax(scale q k' [+ causal mask]) v for each head, without the whole
 * matrix of scores in memory.  Grouped heads (GQA): query head h reads key head h / (n_heads / n_kv_heads).
 * Row i depends on its own query and on the keys it sees alone, to the bit, whatever the blocks and the threads.
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
    size_t n_heads, n_kv_heads, head_dim;
    size_t n_q, n_k; /* causal: query i sits at position n_k - n_q + i and sees keys up to itself */
    bool causal;
    float scale;  /* usually 1 / sqrt(head_dim) */
    bool bf16_ok; /* products may round to bfloat16 where that is faster (AMX) */
} attention_run;

size_t attention_room(const compute *c,
                      const attention_run *r); /* bytes for one caller; 64-byte aligned */
void attention_heads(const compute *c, const attention_run *r, size_t h0, size_t h1, void *room);

#endif
