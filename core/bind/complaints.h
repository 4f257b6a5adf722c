/* SPDX-License-Identifier: MIT
 *
 * The list of everything that is wrong with a script: up to twenty lines, each once.
 */
#ifndef PM_BIND_COMPLAINTS_H
#define PM_BIND_COMPLAINTS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define COMPLAINTS_MAX 20

typedef struct complaints {
    arena *a;
    const char *line[COMPLAINTS_MAX];
    size_t n;       /* all of them, shown or not */
    bool no_memory; /* a builder gave up; so did one if the arena has refused */
} complaints;

/* "where: text".  A line that is there already is not added again. */
void complain(complaints *c, const char *where, const char *fmt, ...) PM_PRINTF(3, 4);

/* All lines into out (may be NULL).  PM_OK when there are none, else PM_E_ARG with the first in err; PM_E_MEMORY
 * if the list may not be complete. */
PM_MUST_USE pm_status complaints_end(const complaints *c, str *out, pm_err *err);

/* Text in the arena; "" when memory is out. */
const char *bind_text(arena *a, const char *fmt, ...) PM_PRINTF(2, 3);

#endif
