/* SPDX-License-Identifier: MIT
 *
 * A table from ids to their numbers 0, 1, 2 ... in order of arrival that keeps the ids' bytes itself and little
 * else: for folders of a million rows that are being written.  names.h is for what an arena holds anyway.
 */
#ifndef PM_DATA_IDS_H
#define PM_DATA_IDS_H

#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

typedef struct ids {
    arena *text; /* the ids, each ended by a zero byte */
    char ***chunk;
    size_t room_chunks;
    uint32_t *slot; /* [slots] 0 = free, else number + 1; at most three quarters full */
    size_t slots, n;
} ids;

bool ids_open(ids *t); /* false: no memory */
void ids_close(ids *t);
const char *ids_at(const ids *t, size_t k);
size_t ids_find(const ids *t, pm_str id); /* SIZE_MAX if absent */
/* Adds an id without zero bytes that is not in the table; false when memory is out or 2^31 ids are reached. */
bool ids_add(ids *t, pm_str id);

#endif
