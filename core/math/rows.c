/* SPDX-License-Identifier: MIT
 *
 * Rows of activations: the choice of an instruction set's kernels; see rows.h and rows_body.h.
 */
#include "math/rows.h"

#include "math/kernels.h"
#include "math/rows_kernels.h"

static const rows_kernels *of(const compute *c)
{
#if defined(__x86_64__)
    if (c->k == &kernels_avx2) return &rows_avx2;
    if (c->k != &kernels_scalar) return &rows_avx512;
#endif
    (void)c;
    return &rows_plain;
}

void rows_layer_norm(const compute *c, pm_cmat x, const float *g, const float *b, float eps,
                     pm_mat out, float *mean, float *rstd)
{
    of(c)->layer_norm(x, g, b, eps, out, mean, rstd);
}

void rows_layer_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g,
                          const float *mean, const float *rstd, pm_mat dx, float *dg, float *db)
{
    of(c)->layer_norm_back(x, dy, g, mean, rstd, dx, dg, db);
}

void rows_rms_norm(const compute *c, pm_cmat x, const float *g, float eps, pm_mat out, float *rstd)
{
    of(c)->rms_norm(x, g, eps, out, rstd);
}

void rows_rms_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g, const float *rstd,
                        pm_mat dx, float *dg)
{
    of(c)->rms_norm_back(x, dy, g, rstd, dx, dg);
}

void rows_act(const compute *c, linear_act act, const float *x, float *out, size_t n)
{
    of(c)->act(act, x, out, n);
}

void rows_act_back(const compute *c, linear_act act, const float *x, const float *dy, float *dx,
                   size_t n)
{
    of(c)->act_back(act, x, dy, dx, n);
}

void rows_softmax(const compute *c, pm_mat x)
{
    of(c)->softmax(x);
}

void rows_softmax_back(const compute *c, pm_cmat p, pm_mat dy)
{
    of(c)->softmax_back(p, dy);
}

void rows_logsumexp(const compute *c, pm_cmat x, float *out, uint32_t *best)
{
    of(c)->logsumexp(x, out, best);
}

void rows_cross_entropy(const compute *c, pm_mat x, const uint32_t *target, const float *weight,
                        float *nats)
{
    of(c)->cross_entropy(x, target, weight, nats);
}

void rows_rotary(const compute *c, pm_mat x, size_t n_heads, size_t head_dim, const float *cos_sin,
                 const uint32_t *position, int sign)
{
    of(c)->rotary(x, n_heads, head_dim, cos_sin, position, sign);
}

void rows_mean(const compute *c, pm_cmat x, const uint32_t *start, pm_mat out)
{
    of(c)->mean(x, start, out);
}

void rows_normalise(const compute *c, pm_mat x)
{
    of(c)->normalise(x);
}

void rows_dropout(const compute *c, float *x, size_t n, float p, uint64_t seed, uint32_t stream,
                  uint64_t first)
{
    if (p > 0)
        of(c)->dropout(x, n, &(attention_drop){.p = p, .seed = seed, .stream = stream}, first);
}
