/* SPDX-License-Identifier: MIT
 *
 * The kernels of train.h for any CPU: vectors of four as the compiler makes them.
 */
#include <math.h>

#include "math/kernels.h"
#include "math/train.h"

#define LANES        4
#define ROWS         4
#define VECS         2
#define vl_mul(a, m) (((a)&0xffffffffu) * (m))
#define vf_sqrt(v)   sqrt_each(v)
#define vf_fma       fma_each
#define TRAIN_TABLE  train_plain

typedef float four __attribute__((vector_size(16)));

static inline four sqrt_each(four v)
{
    for (int k = 0; k < 4; k++) v[k] = sqrtf(v[k]);
    return v;
}
static inline four fma_each(four a, four b, four c)
{
    for (int k = 0; k < 4; k++) c[k] = __builtin_fmaf(a[k], b[k], c[k]);
    return c;
}

#include "math/train_lanes.h"
