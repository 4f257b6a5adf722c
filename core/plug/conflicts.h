/* SPDX-License-Identifier: MIT
 *
 * Minimal conflicting sets: which hard constraints together leave nobody.  A set of constraints excludes every
 * expert iff it meets, for each expert, the set of constraints that forbid him; so these are the minimal
 * hitting sets of those sets.  Knows bits alone, neither constraints nor experts.
 */
#ifndef PM_PLUG_CONFLICTS_H
#define PM_PLUG_CONFLICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFLICTS_TOLD = 8 };

typedef struct conflicts {
    uint64_t set[CONFLICTS_TOLD]; /* bit k: constraint k; smallest sets first */
    size_t n;                     /* 0: somebody is left */
    bool is_all; /* there are no others; false: more than that, or the search was long */
} conflicts;

/* broken [m]: bit k of broken[j] says that constraint k forbids j; is put into another order.  At least one set
 * is found where nobody is left; work is bounded whatever the input. */
void conflicts_find(uint64_t *broken, size_t m, conflicts *out);

#endif
