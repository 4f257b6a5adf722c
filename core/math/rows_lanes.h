/* SPDX-License-Identifier: MIT
 *
 * Sixteen lanes of float32 and the functions of activations over them, once for each instruction set: the
 * including file defines LANES_AVX512 or LANES_AVX2 (and sets the target by pragma) or neither (any CPU).  Every
 * step is an exactly rounded operation in one order, so all of them give the same bits.
 *
 * Largest errors, measured against double by tests/unit/test_rows.c: exp 1.1 ulp (gradual underflow
 * below the normal numbers, 0 below -104, infinity above 88.73), log 0.9 ulp, tanh 1.4 ulp, gelu 5e-7 of itself on
 * both sides down to x = -12 (erf(x) = 1 - 2 tail(sqrt(2) x) is not needed as such), slopes of gelu 3e-7, of the
 * others 2e-6, absolute.
 */
#ifndef PM_MATH_ROWS_LANES_H
#define PM_MATH_ROWS_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "math/linear.h"

/* In registers everything has to be inlined and unrolled; arrays are left to the compiler, or it works for minutes. */
#if !defined(LANES_AVX512) && !defined(LANES_AVX2)
#define LANES_UNROLL
#define LANES_INLINE static inline __attribute__((unused))
#else
#if defined(__clang__)
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 16")
#endif
#define LANES_INLINE static inline __attribute__((always_inline, unused))
#endif

#if defined(LANES_AVX512)
#include "math/rows_lanes_avx512.h"
#elif defined(LANES_AVX2)
#include "math/rows_lanes_avx2.h"
#else
#include "math/rows_lanes_plain.h"
#endif

/* Each of the above: v16 and
 *   v16_zero(), v16_set1(a), v16_load(p), v16_store(p, v), v16_load_n(p, n) (zeros above), v16_store_n(p, v, n)
 *   v16_add, v16_sub, v16_mul, v16_div, v16_fma(a, b, c) = a b + c, v16_sqrt
 *   v16_max(a, b) = a > b ? a : b, v16_min(a, b) = a < b ? a : b (b when one is a NaN)
 *   v16_abs, v16_pick_lt(a, b, x, y) = a < b ? x : y
 *   v16_scale(p, t): p 2^n for p in [.5, 2), n in [-150, 128] held as t = n + LANES_MAGIC
 *   v16_split(x, e): mantissa in [sqrt(1/2), sqrt(2)) and exponent e of positive normal numbers
 *   v16_sum(v), v16_most(v): lanes l and l + 8, then + 4, + 2, + 1
 *   v16_turn: transposes up to 16 x 16 numbers. */

#define LANES_MAGIC 12582912.0f /* 1.5 2^23: adding it rounds to whole numbers */

/* exp(x + low), |low| much smaller than 1.  Cody and Waite; minimax polynomial of degree 6 (3e-9). */
LANES_INLINE v16 v16_exp_more(v16 x, v16 low)
{
    x = v16_min(v16_set1(89.0f), v16_max(v16_set1(-104.0f), x)); /* a NaN stays one */
    v16 t = v16_fma(x, v16_set1(1.44269504f), v16_set1(LANES_MAGIC));
    v16 n = v16_sub(t, v16_set1(LANES_MAGIC));
    v16 r = v16_fma(n, v16_set1(-0.693359375f), x); /* exact */
    r = v16_add(v16_fma(n, v16_set1(2.12194440e-4f), r), low);
    v16 p = v16_fma(r, v16_set1(0x1.6a23d0p-10f), v16_set1(0x1.123a20p-7f));
    p = v16_fma(p, r, v16_set1(0x1.5558f2p-5f));
    p = v16_fma(p, r, v16_set1(0x1.555492p-3f));
    p = v16_fma(p, r, v16_set1(0x1.fffffcp-2f));
    p = v16_fma(v16_mul(r, r), p, r);
    return v16_scale(v16_add(p, v16_set1(1.0f)), t);
}

LANES_INLINE v16 v16_exp(v16 x)
{
    return v16_exp_more(x, v16_zero());
}

/* Natural logarithm of positive normal numbers; Cephes' logf, fused. */
LANES_INLINE v16 v16_log(v16 x)
{
    v16 e, m = v16_sub(v16_split(x, &e), v16_set1(1.0f)), z = v16_mul(m, m);
    v16 y = v16_fma(m, v16_set1(7.0376836292e-2f), v16_set1(-1.1514610310e-1f));
    y = v16_fma(y, m, v16_set1(1.1676998740e-1f));
    y = v16_fma(y, m, v16_set1(-1.2420140846e-1f));
    y = v16_fma(y, m, v16_set1(1.4249322787e-1f));
    y = v16_fma(y, m, v16_set1(-1.6668057665e-1f));
    y = v16_fma(y, m, v16_set1(2.0000714765e-1f));
    y = v16_fma(y, m, v16_set1(-2.4999993993e-1f));
    y = v16_fma(y, m, v16_set1(3.3333331174e-1f));
    y = v16_fma(v16_mul(y, m), z, v16_mul(e, v16_set1(-2.12194440e-4f)));
    y = v16_fma(z, v16_set1(-0.5f), y);
    return v16_fma(e, v16_set1(0.693359375f), v16_add(m, y));
}

/* The normal density times sqrt(2 pi) (exp(-x^2 / 2)) and the tail Phi(-|x|) = density t P(t), t = 1 / (1 + .35 |x|)
 * (the form of Hastings 1955; minimax of degree 8 up to 14.2, 3e-8 relative). */
typedef struct v16_normal {
    v16 bell, tail;
} v16_normal;

LANES_INLINE v16_normal v16_normal_of(v16 x)
{
    v16 a = v16_min(v16_set1(14.2f), v16_abs(x)), one = v16_set1(1.0f);
    v16 half = v16_mul(a, v16_set1(-0.5f)), h = v16_mul(half, a),
        low = v16_fma(half, a, v16_sub(v16_zero(), h));
    v16 bell = v16_exp_more(h, low);
    v16 t = v16_div(one, v16_fma(a, v16_set1(0.35f), one));
    v16 p = v16_fma(t, v16_set1(-0.029151537341973042f), v16_set1(0.1439994848388598f));
    p = v16_fma(p, t, v16_set1(-0.2557728144455974f));
    p = v16_fma(p, t, v16_set1(0.15924251119481397f));
    p = v16_fma(p, t, v16_set1(-0.023158008441673796f));
    p = v16_fma(p, t, v16_set1(0.10552892565843842f));
    p = v16_fma(p, t, v16_set1(0.1198274197036717f));
    p = v16_fma(p, t, v16_set1(0.13986264449032285f));
    p = v16_fma(p, t, v16_set1(0.1396213583794335f));
    return (v16_normal){bell, v16_mul(v16_mul(p, t), bell)};
}

/* Cephes' tanhf, fused: a polynomial below .625, 1 - 2 / (exp(2 |x|) + 1) above. */
LANES_INLINE v16 v16_tanh(v16 x)
{
    v16 a = v16_abs(x), z = v16_mul(x, x), one = v16_set1(1.0f);
    v16 p = v16_fma(z, v16_set1(-5.70498872745e-3f), v16_set1(2.06390887954e-2f));
    p = v16_fma(p, z, v16_set1(-5.37397155531e-2f));
    p = v16_fma(p, z, v16_set1(1.33314422036e-1f));
    p = v16_fma(p, z, v16_set1(-3.33332819422e-1f));
    p = v16_fma(v16_mul(p, z), x, x);
    v16 e = v16_exp(v16_min(v16_set1(20.0f), v16_add(a, a)));
    v16 far = v16_sub(one, v16_div(v16_set1(2.0f), v16_add(e, one)));
    far = v16_pick_lt(x, v16_zero(), v16_sub(v16_zero(), far), far);
    return v16_pick_lt(a, v16_set1(0.625f), p, far);
}

/* 1 / (1 + exp(-x)). */
LANES_INLINE v16 v16_sigmoid(v16 x)
{
    v16 one = v16_set1(1.0f);
    return v16_div(one, v16_add(one, v16_exp(v16_sub(v16_zero(), x))));
}

/* 2 sqrt(2 / pi) (x + .044715 x^3): GELU by tanh is x sigmoid of it. */
LANES_INLINE v16 v16_gelu_inner(v16 x)
{
    v16 z = v16_mul(x, x);
    return v16_mul(x, v16_fma(z, v16_set1(0.0713548162726f), v16_set1(1.59576912161f)));
}

/* max(x, 0) - |x| Phi(-|x|). */
LANES_INLINE v16 v16_gelu(v16 x)
{
    v16 minus = v16_sub(v16_zero(), v16_abs(x));
    return v16_fma(minus, v16_normal_of(x).tail, v16_max(x, v16_zero()));
}

LANES_INLINE v16 v16_act(linear_act act, v16 x)
{
    switch (act) {
    case LINEAR_GELU:
        return v16_gelu(x);
    case LINEAR_GELU_TANH:
        return v16_mul(x, v16_sigmoid(v16_gelu_inner(x)));
    case LINEAR_SILU:
        return v16_mul(x, v16_sigmoid(x));
    case LINEAR_RELU:
        return v16_max(x, v16_zero());
    case LINEAR_TANH:
        return v16_tanh(x);
    case LINEAR_NONE:
        break;
    }
    return x;
}

/* act'(x). */
LANES_INLINE v16 v16_act_slope(linear_act act, v16 x)
{
    v16 one = v16_set1(1.0f), zero = v16_zero(), s, z;
    switch (act) {
    case LINEAR_GELU: { /* Phi(x) + x phi(x) */
        v16_normal n = v16_normal_of(x);
        s = v16_pick_lt(x, zero, n.tail, v16_sub(one, n.tail));
        v16 near = v16_pick_lt(v16_abs(x), v16_set1(14.0f), x, zero);
        return v16_fma(v16_mul(near, v16_set1(0.398942280401f)), n.bell, s);
    }
    case LINEAR_GELU_TANH: /* s + x s (1 - s) inner'(x) */
        s = v16_sigmoid(v16_gelu_inner(x));
        x = v16_min(v16_set1(100.0f), v16_max(v16_set1(-100.0f), x));
        z = v16_fma(v16_mul(x, x), v16_set1(0.2140644488178f), v16_set1(1.59576912161f));
        return v16_fma(v16_mul(v16_mul(x, z), s), v16_sub(one, s), s);
    case LINEAR_SILU: /* s + x s (1 - s) */
        s = v16_sigmoid(x);
        return v16_fma(v16_mul(x, s), v16_sub(one, s), s);
    case LINEAR_RELU:
        return v16_pick_lt(zero, x, one, zero);
    case LINEAR_TANH:
        s = v16_tanh(x);
        return v16_sub(one, v16_mul(s, s));
    case LINEAR_NONE:
        break;
    }
    return one;
}

#endif
