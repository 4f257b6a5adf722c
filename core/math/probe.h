/* SPDX-License-Identifier: MIT
 *
 * Machine limits for `pointsman doctor` and the benchmarks: peak FMA rate, rates of gemm and of dense layers, read bandwidth.
 */
#ifndef PM_MATH_PROBE_H
#define PM_MATH_PROBE_H

#include "math/compute.h"

typedef struct probe_result {
    double fma_gflops_1, fma_gflops_all;   /* register FMA loop, 1 thread / all */
    double gemm_gflops_1, gemm_gflops_all; /* our gemm, 1024^3 */
    double linear_gflops_1[3],
        linear_gflops_all[3];        /* dense layers of linear_kind - 1, 1536 to 384 */
    double read_gbs_1, read_gbs_all; /* 256 MiB, larger than cache */
} probe_result;

PM_MUST_USE pm_status probe_machine(const compute *c, probe_result *out, pm_err *err);
/* Seconds to read `bytes` bytes already in memory once with the pool (best of `repeats`). */
double probe_read_seconds(const compute *c, threads *pool, const void *at, size_t bytes,
                          int repeats);

#endif
