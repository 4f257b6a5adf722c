/* SPDX-License-Identifier: MIT
 *
 * The kernel tables that compute.c chooses from, and the few scalar steps that all of them share.
 * Private to the floor; users see only the table in math/compute.h.
 */
#ifndef PM_MATH_KERNELS_H
#define PM_MATH_KERNELS_H

#include "math/compute.h"

extern const kernels kernels_scalar;
#if defined(__x86_64__)
extern const kernels kernels_avx2;
extern const kernels kernels_avx512;
extern const kernels kernels_avx512_vnni; /* differs in the integer products only */
extern const kernels kernels_amx;         /* and in the products of bytes; if PM_HAVE_AMX */
#endif

/* Constant-trip loops over register arrays have to be unrolled for the arrays to live in registers. */
#if defined(__clang__)
#define KERNEL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define KERNEL_UNROLL _Pragma("GCC unroll 16")
#endif

/* The fixed tree of dot64. */
static inline double kernel_tree8(const double lane[8])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

#endif
