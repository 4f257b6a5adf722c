/* SPDX-License-Identifier: MIT
 *
 * A fixed pool of threads and one loop over blocks.  Blocks are [b * grain, (b + 1) * grain):
 * fixed by n and grain, never by the thread count, so that results do not depend on it.
 */
#ifndef PM_BASE_THREADS_H
#define PM_BASE_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct threads threads;

/* n workers including the caller; 0 = POINTSMAN_JOBS or the CPUs this process may use. */
threads *threads_open(int n);
void threads_close(threads *t);
int threads_count(const threads *t); /* 1 when t is NULL */

/* body(worker, lo, hi, arg) with worker in [0, threads_count).  Blocks are handed out in order; the
 * status of the lowest failing block is returned; after a failure, later blocks may be skipped.
 * Nested calls and calls from several threads at once run in the caller alone: no deadlock.  A
 * nested call keeps its worker number; a second caller is 0 too, so per-worker scratch belongs to
 * the call, not the pool.  grain 0 is one block.  Allocates nothing. */
typedef pm_status (*threads_body)(int worker, size_t lo, size_t hi, void *arg);
pm_status threads_for(threads *t, size_t n, size_t grain, threads_body body, void *arg);

#endif
