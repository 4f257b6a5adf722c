/* SPDX-License-Identifier: MIT
 *
 * What the files that narrow a dataset share.
 */
#ifndef PM_DATA_NARROW_PRIVATE_H
#define PM_DATA_NARROW_PRIVATE_H

#include "data/narrow.h"

/* Rows whose ids differ only in "/t1", "/t2" ... become one; see dataset_narrowing.join_turns. */
PM_MUST_USE pm_status narrow_join_turns(const dataset *d, arena *a, dataset *out, pm_err *err);

/* The id without a final "/t" and a number; the number (0: there is no such ending) to *turn. */
pm_str narrow_stem(const char *id, size_t *turn);

#endif
