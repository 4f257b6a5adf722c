/* SPDX-License-Identifier: MIT
 *
 * Turns of a conversation that stand as rows of their own, taken as one prompt.
 */
#ifndef PM_DATA_NARROW_TURNS_H
#define PM_DATA_NARROW_TURNS_H

#include "data/dataset.h"

/* Rows "X/t1", "X/t2" ... become one prompt "X": text, domain, part and group of the first, mean of each cell (NaN if
 * one is not known), battles of all.  Other rows stay.  `out` may be `d`.
 * Errors  PM_E_ARG: no id ends so; PM_E_MEMORY. */
PM_MUST_USE pm_status dataset_join_turns(const dataset *d, arena *a, dataset *out, pm_err *err);

#endif
