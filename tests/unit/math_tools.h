/* SPDX-License-Identifier: MIT
 *
 * What the tests of floor math share: a runner, reproducible numbers, and the kernel sets of this CPU.
 */
#ifndef PM_TESTS_MATH_TOOLS_H
#define PM_TESTS_MATH_TOOLS_H

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/compute.h"

static inline int tools_run(TCase *tc, const char *name)
{
    Suite *s = suite_create(name);
    tcase_set_timeout(tc, 300); /* room for valgrind; nothing here is timed */
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Uniform in [-1, 1). */
static inline void tools_fill(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)(2 * rng_uniform(seed, 0, i) - 1);
}

static inline float *tools_floats(arena *a, size_t n, uint64_t seed)
{
    float *x = arena_alloc(a, n, sizeof *x);
    ck_assert_ptr_nonnull(x);
    tools_fill(x, n, seed);
    return x;
}

static inline bool tools_same_bits(const void *a, const void *b, size_t bytes)
{
    return memcmp(a, b, bytes) == 0;
}

/* Every kernel set that this CPU can run; scalar is always the first. */
static inline size_t tools_kernels(const kernels *out[4])
{
    static const char *const names[] = {"scalar", "avx2", "avx512", "amx"};
    cpu_features cpu = cpu_detect();
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        const kernels *k = kernels_choose(&cpu, names[i]);
        if (k) out[n++] = k;
    }
    return n;
}

#endif
