/* SPDX-License-Identifier: MIT
 *
 * Counts every allocation of a program that includes it (in one file): wraps the C library's allocator, where that can be done.
 */
#ifndef PM_TESTS_COUNT_ALLOCATIONS_H
#define PM_TESTS_COUNT_ALLOCATIONS_H

#include <stdatomic.h>
#include <stdlib.h>

#include <pointsman/plugin.h>

#include "config.h"

static atomic_ulong allocations;

#if defined(__GLIBC__) && !defined(PM_SANITIZED)
enum { CAN_COUNT = 1 };
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

PM_EXPORT void *malloc(size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(n);
}
PM_EXPORT void *calloc(size_t n, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(n, size);
}
PM_EXPORT void *realloc(void *p, size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(p, n);
}
PM_EXPORT void *aligned_alloc(size_t align, size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(align, n);
}
PM_EXPORT int posix_memalign(void **out, size_t align, size_t n)
{
    atomic_fetch_add(&allocations, 1);
    *out = __libc_memalign(align, n);
    return *out ? 0 : 12;
}
#else
enum { CAN_COUNT = 0 };
#endif

#endif
