/* SPDX-License-Identifier: MIT
 *
 * How much of the process' heap is in use: to see a leak without tools.
 */
#ifndef PM_APP_CONFORM_HEAP_H
#define PM_APP_CONFORM_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes handed out by malloc and not yet freed, all threads; 0 where nobody counts. */
size_t heap_in_use(void);

/* False where the allocator keeps no count (valgrind, other C libraries): tried, not guessed. */
bool heap_is_counted(void);

#endif
