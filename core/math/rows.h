/* SPDX-License-Identifier: MIT
 *
 * What is done to rows of activations: norms, activations, softmax, rotary positions, cross-entropy; each
 * forward next to its derivative.  Vectorised by instruction set, same bits on all of them: lanes and trees are fixed,
 * exp and erf are our own polynomials (math/rows_lanes.h says their errors).  In the caller's thread; rows are
 * independent of one another, so callers split them.
 */
#ifndef PM_MATH_ROWS_H
#define PM_MATH_ROWS_H

#include "math/compute.h"
#include "math/linear.h"

/* out = (x - mean) / sqrt(var + eps) * g + b; x may be out; b NULL: none.  mean, rstd [rows] or NULL. */
void rows_layer_norm(const compute *c, pm_cmat x, const float *g, const float *b, float eps,
                     pm_mat out, float *mean, float *rstd);
/* dx = d/dx; dg, db [cols] are added to. */
void rows_layer_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g,
                          const float *mean, const float *rstd, pm_mat dx, float *dg, float *db);
/* out = x / sqrt(mean(x^2) + eps) * g (RMSNorm, Zhang and Sennrich 2019). */
void rows_rms_norm(const compute *c, pm_cmat x, const float *g, float eps, pm_mat out, float *rstd);
void rows_rms_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g, const float *rstd,
                        pm_mat dx, float *dg);

/* out = act(x), and dx = dy act'(x); in place allowed (out = x; dx = dy). */
void rows_act(const compute *c, linear_act act, const float *x, float *out, size_t n);
void rows_act_back(const compute *c, linear_act act, const float *x, const float *dy, float *dx,
                   size_t n);

/* Softmax of each row, in place; and its derivative given p: dx = p (dy - sum p dy), over dy. */
void rows_softmax(const compute *c, pm_mat x);
void rows_softmax_back(const compute *c, pm_cmat p, pm_mat dy);
/* Natural logarithm of the sum of exp of each row; best [rows] the column of the largest (lowest first), or NULL. */
void rows_logsumexp(const compute *c, pm_cmat x, float *out, uint32_t *best);
/* nats [rows] = logsumexp(x) - x[target]; x becomes weight[r] (softmax(x) - onehot(target)); weight NULL: 1. */
void rows_cross_entropy(const compute *c, pm_mat x, const uint32_t *target, const float *weight,
                        float *nats);

/* Rotary positions (Su et al. 2021) in place on heads [rows x n_heads * head_dim]: pairs (i, i + head_dim / 2).
 * cos_sin [positions x head_dim]: cos then sin halves; position [rows].  sign -1: the derivative. */
void rows_rotary(const compute *c, pm_mat x, size_t n_heads, size_t head_dim, const float *cos_sin,
                 const uint32_t *position, int sign);

/* out[r] = mean over rows [start[r], start[r + 1]) of x. */
void rows_mean(const compute *c, pm_cmat x, const uint32_t *start, pm_mat out);
/* Each row divided by max(its length, 1e-12). */
void rows_normalise(const compute *c, pm_mat x);

/* Dropout (Srivastava et al. 2014): keep with probability 1 - p, then / (1 - p); a pure function of (seed, stream,
 * first + i).  The derivative is the same call on dy. */
void rows_dropout(const compute *c, float *x, size_t n, float p, uint64_t seed, uint32_t stream,
                  uint64_t first);

#endif
