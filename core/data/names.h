/* SPDX-License-Identifier: MIT
 *
 * A table from names to their numbers 0, 1, 2 ... in order of arrival: prompt ids, experts, domains,
 * judges.  Lives in an arena; the names' bytes are the caller's and must live as long.
 */
#ifndef PM_DATA_NAMES_H
#define PM_DATA_NAMES_H

#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

typedef struct names {
    arena *a;
    pm_str *name;   /* [n] */
    uint64_t *hash; /* [n] */
    uint32_t *slot; /* [slots] 0 = free, else number + 1 */
    size_t n, capacity, slots;
} names;

static inline names names_of(arena *a)
{
    names t = {a, NULL, NULL, NULL, 0, 0, 0};
    return t;
}

size_t names_find(const names *t, pm_str name); /* SIZE_MAX if absent */

/* Adds a name that is not in the table; false when memory is out or 2^31 names are reached. */
bool names_add(names *t, pm_str name);

#endif
