/* SPDX-License-Identifier: MIT
 *
 * Attention of one sequence: the choice of an instruction set's kernels; see attention.h and attention_body.h.
 */
#include "math/attention.h"

#include "math/kernels.h"
#include "math/rows_kernels.h"

static const attention_kernels *of(const compute *c)
{
#if defined(__x86_64__)
    if (c->k == &kernels_avx2) return &attention_avx2;
    if (c->k != &kernels_scalar) return &attention_avx512;
#endif
    (void)c;
    return &attention_plain;
}

size_t attention_room(const compute *c, const attention_run *r)
{
    return attend_round(of(c)->room(r)) * sizeof(float);
}

void attention_heads(const compute *c, const attention_run *r, size_t h0, size_t h1, void *room)
{
    of(c)->forward(r, NULL, NULL, h0, h1, room);
}

void attention_forward_keep(const compute *c, const attention_run *r, const attention_drop *drop,
                            float *lse, size_t h0, size_t h1, void *room)
{
    of(c)->forward(r, drop, lse, h0, h1, room);
}

size_t attention_back_room(const compute *c, const attention_run *r)
{
    return attend_round(of(c)->back_room(r)) * sizeof(float);
}

void attention_backward(const compute *c, const attention_back *b, size_t g0, size_t g1, void *room)
{
    of(c)->backward(b, g0, g1, room);
}
