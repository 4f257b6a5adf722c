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

/* [a-z][a-z0-9_]* of at most 64 bytes. */
bool library_attr_name_is_good(const char *name);

/* The next word of a list by commas, blanks around it left out; false at the end.  Words may be empty. */
bool library_modality_next(const char **rest, pm_str *word);
/* text, image, audio, video, file; upper and lower case alike, and nothing. */
bool library_is_modality(pm_str word);

/* The word for a kind: "number", "text", "date", "flag". */
const char *library_kind_name(pm_attr_kind kind);

bool library_attr_equal(const pm_attr *a, const pm_attr *b);

/* Fills view.revision and revision_hex from the rest. */
void library_seal(library *l);

#endif
