/* SPDX-License-Identifier: MIT
 *
 * What the files of the library share and others do not see.
 */
#ifndef PM_DATA_LIBRARY_PRIVATE_H
#define PM_DATA_LIBRARY_PRIVATE_H

#include "data/library.h"

/* The row of a well-known attribute, or NULL. */
const library_attr_row *library_attr_row_of(const char *name);

/* Refuses a bad name, a near-miss of a well-known one, and a kind or number that the row does not allow.
 * who: the expert, for the message. */
pm_status library_attr_check(const char *who, const pm_attr *attr, pm_err *err);

/* The word for a kind: "number", "text", "date", "flag". */
const char *library_kind_name(pm_attr_kind kind);

bool library_attr_equal(const pm_attr *a, const pm_attr *b);

/* Fills view.revision and revision_hex from the rest. */
void library_seal(library *l);

#endif
