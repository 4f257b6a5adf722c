/* SPDX-License-Identifier: MIT
 *
 * Dense layers for inference: out = act(x W' + b) * mul + residual, with W packed once for one precision and
 * bias, activation, product and residual fused into the store.  Kernels by what the CPU really has: AMX
 * (bf16, int8), AVX512-BF16 where it is faster than float32 (AMD), VNNI, AVX-512, AVX2, plain C.
 *
 * Row i of `out` depends on row i of x alone, to the bit: whatever the batch, the blocks and the threads.
 * LINEAR_F32 gives the same bits on every instruction set (one fma chain over the inner dimension, ascending,
 * from 0; then + bias).  LINEAR_BF16 rounds x and W to bfloat16 (nearest even) and sums in float32.  LINEAR_I8 has
 * W in int8 with one scale an output column (symmetric, largest = 127) and quantises each row of x by its
 * own largest magnitude; integer sums are exact.  Columns of x far larger than the others would leave them few steps:
 * such a layer takes x with each column times its own `even`, packed with weights divided by it (SmoothQuant, Xiao
 * et al. 2022, equation 3).
 */
#ifndef PM_MATH_LINEAR_H
#define PM_MATH_LINEAR_H

#include "base/mem.h"
#include "math/compute.h"

typedef enum linear_kind { LINEAR_F32 = 1, LINEAR_BF16, LINEAR_I8 } linear_kind;
typedef enum linear_act {
    LINEAR_NONE = 0,
    LINEAR_GELU,      /* x Phi(x), by erf */
    LINEAR_GELU_TANH, /* .5 x (1 + tanh(sqrt(2 / pi) (x + .044715 x^3))) */
    LINEAR_SILU,      /* x / (1 + exp(-x)) */
    LINEAR_RELU,
    LINEAR_TANH
} linear_act;

typedef struct linear { /* packed; read-only */
    linear_kind kind;
    size_t n_in, n_out;
    const void *packed;   /* layout is the kernel's own, chosen when packed */
    const float *bias;    /* [n_out rounded up to LINEAR_COLS] or NULL */
    const float *scale;   /* LINEAR_I8: of each output column */
    const int32_t *shift; /* LINEAR_I8: column sums for unsigned kernels, or NULL */
    const float *
        even; /* LINEAR_I8: [n_in] what columns of x are multiplied by, or NULL; the packer of the weights sets it */
    const struct linear_kernels *k;
} linear;

#define LINEAR_COLS ((size_t)64) /* column blocks given to linear_block are multiples of it */

/* Packs w [n_out x n_in] (row o = weights of output o, as torch's Linear) and bias [n_out] or NULL into
 * `a`.  `rows` fetches rows [lo, hi) of w as floats, so that quantised or half files need no float copy; it is
 * called by several threads at once (those of c->pool), so it writes to `out` alone.
 * Errors: PM_E_MEMORY, whatever `rows` returns; PM_E_FORMAT for a NaN or infinity, saying where. */
typedef pm_status (*linear_fetch)(void *arg, size_t lo, size_t hi, float *out, pm_err *err);
PM_MUST_USE pm_status linear_pack(const compute *c, arena *a, size_t n_out, size_t n_in,
                                  linear_fetch rows, void *arg, const float *bias, linear_kind kind,
                                  linear *out, pm_err *err);
size_t linear_bytes(const linear *l);
const char *linear_kernel_name(const compute *c,
                               linear_kind kind); /* "amx bf16", "avx512 f32", ... for doctor */

typedef struct linear_run {
    const float *x; /* [rows x n_in] */
    size_t ldx;
    float *out; /* [rows x n_out]; may be `mul` or `residual` itself, never x */
    size_t ldo;
    linear_act act;
    const float
        *mul; /* [rows x n_out] or NULL: multiplied in after act (SwiGLU: silu(gate) * up) */
    size_t ldm;
    const float *residual; /* [rows x n_out] or NULL: added last */
    size_t ldr;
    size_t
        col0; /* first column that out, mul and residual hold: blocks of columns need not have room for all */
} linear_run;

/* Working memory of one caller of linear_block for `rows` rows at most; 64-byte aligned. */
size_t linear_room(const linear *l, size_t rows);
/* Rows [r0, r1), columns [c0, c1) (multiples of LINEAR_COLS, or c1 = n_out), in the caller's thread. */
void linear_block(const linear *l, const linear_run *run, size_t r0, size_t r1, size_t c0,
                  size_t c1, void *room);
/* All of it over the pool (NULL: the caller alone); room: threads_count(pool) times linear_room(l, rows). */
void linear_apply(const linear *l, threads *pool, const linear_run *run, size_t rows, void *room);

#endif
