/* SPDX-License-Identifier: MIT
 *
 * The functions of rows.h and attention.h of one instruction set, and the masks that both drop by.  Private to
 * the floor.
 */
#ifndef PM_MATH_ROWS_KERNELS_H
#define PM_MATH_ROWS_KERNELS_H

#include "math/attention.h"
#include "math/rows.h"

typedef struct rows_kernels {
    void (*layer_norm)(pm_cmat x, const float *g, const float *b, float eps, pm_mat out,
                       float *mean, float *rstd);
    void (*layer_norm_back)(pm_cmat x, pm_cmat dy, const float *g, const float *mean,
                            const float *rstd, pm_mat dx, float *dg, float *db);
    void (*rms_norm)(pm_cmat x, const float *g, float eps, pm_mat out, float *rstd);
    void (*rms_norm_back)(pm_cmat x, pm_cmat dy, const float *g, const float *rstd, pm_mat dx,
                          float *dg);
    void (*act)(linear_act act, const float *x, float *out, size_t n);
    void (*act_back)(linear_act act, const float *x, const float *dy, float *dx, size_t n);
    void (*softmax)(pm_mat x);
    void (*softmax_back)(pm_cmat p, pm_mat dy);
    void (*logsumexp)(pm_cmat x, float *out, uint32_t *best);
    void (*cross_entropy)(pm_mat x, const uint32_t *target, const float *weight, float *nats);
    void (*rotary)(pm_mat x, size_t n_heads, size_t head_dim, const float *cos_sin,
                   const uint32_t *position, int sign);
    void (*mean)(pm_cmat x, const uint32_t *start, pm_mat out);
    void (*normalise)(pm_mat x);
    void (*dropout)(float *x, size_t n, const attention_drop *d, uint64_t first);
} rows_kernels;

typedef struct attention_kernels {
    size_t (*room)(const attention_run *r), (*back_room)(const attention_run *r); /* floats */
    void (*forward)(const attention_run *r, const attention_drop *drop, float *lse, size_t h0,
                    size_t h1, float *room);
    void (*backward)(const attention_back *b, size_t g0, size_t g1, float *room);
} attention_kernels;

extern const rows_kernels rows_plain;
extern const attention_kernels attention_plain;
#if defined(__x86_64__)
extern const rows_kernels rows_avx2, rows_avx512;
extern const attention_kernels attention_avx2, attention_avx512;
#endif

/* ---- sizes of attention's room, in floats ---- */
#define ATTEND_KEYS 512 /* keys of a chunk, from key 0 on */
#define ATTEND_STRIDE                                                                              \
    528 /* of rows of scores, queries and turned keys; not a power of two: caches have sets */
#define ATTEND_MOST 512 /* head_dim */
#define BACK_KEYS   128
#define BACK_ROWS   48

static inline size_t attend_round(size_t n)
{
    return (n + 15) / 16 * 16;
}

#endif
