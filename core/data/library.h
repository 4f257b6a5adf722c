/* SPDX-License-Identifier: MIT
 *
 * The expert library: an ordered, revisioned set of experts with typed attributes.
 * `revision` hashes everything that a plugin can see: ids, order, attributes (provenance; the name is
 * not in it); `members` hashes ids, order and the attributes that a router says it reads (what a
 * trained router depends on).
 */
#ifndef PM_DATA_LIBRARY_H
#define PM_DATA_LIBRARY_H

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"

typedef struct library {
    pm_library view; /* what plugins see; arrays live in the arena it was built in */
    const char *name;
    char revision_hex[65];
} library;

/* Well-known attributes (docs/libraries.md): name, kind, unit, range; NULL-terminated. */
typedef struct library_attr_row {
    const char *name;
    pm_attr_kind kind;
    const char *unit;
    double min, max;
    const char *doc;
} library_attr_row;
const library_attr_row *library_attr_rows(void);

typedef struct library_builder library_builder;
/* An empty library in the arena; NULL when memory is out.  Attributes belong to the expert added last. */
library_builder *library_begin(arena *a, const char *name);
/* Errors  PM_E_ARG: duplicate or empty id (more than 200 bytes or control characters too), name pattern,
 * wrong kind or range of a well-known attribute, an attribute given twice or before any expert, with a
 * suggestion for a near-miss of a well-known name. */
PM_MUST_USE pm_status library_add(library_builder *b, const char *id, pm_err *err);
PM_MUST_USE pm_status library_attr_number(library_builder *b, const char *name, double v,
                                          pm_err *err);
PM_MUST_USE pm_status library_attr_text(library_builder *b, const char *name, const char *v,
                                        pm_err *err);
PM_MUST_USE pm_status library_attr_date(library_builder *b, const char *name, const char *iso,
                                        pm_err *err);
PM_MUST_USE pm_status library_attr_flag(library_builder *b, const char *name, bool v, pm_err *err);
/* A copy of another expert's attribute. */
PM_MUST_USE pm_status library_add_attr(library_builder *b, const pm_attr *a, pm_err *err);
PM_MUST_USE pm_status library_finish(library_builder *b, library *out, pm_err *err);

/* Days since 1970-01-01 (proleptic Gregorian, years 0001 to 9999) of "YYYY-MM-DD" (or "YYYY-MM", "YYYY":
 * first day); false if malformed. */
bool library_parse_date(const char *iso, double *days);
void library_format_date(double days, char out[16]);

/* Hash of ids, order and the attributes named in reads (NULL-terminated or NULL). */
void library_members(const pm_library *lib, const char *const *reads, char hex[65]);

size_t library_find(const pm_library *lib, const char *id); /* SIZE_MAX if absent */

/* The experts `col` [n] of a library, in that order, as a library of its own; PM_E_ARG for a column that
 * does not exist or is named twice. */
PM_MUST_USE pm_status library_select(const library *l, const uint32_t *col, size_t n, arena *a,
                                     library *out, pm_err *err);

/* A copy in which experts that lack the attribute `name` have value[j] [n]; NaN leaves them without.  Profiles
 * are not copied. */
PM_MUST_USE pm_status library_with_number(const library *l, const char *name, const double *value,
                                          arena *a, library *out, pm_err *err);

/* Tells, line by line ("expert \"a\": licence: found ..."), what is odd and not wrong: a licence that is nearly an
 * SPDX identifier or written otherwise, an unknown modality, a date after `today` (days since 1970-01-01; NaN:
 * none is), a knowledge cut-off after the release.  At most 20 lines, then how many more. */
typedef void (*library_tell)(void *arg, const char *text);
void library_notes(const pm_library *lib, double today, library_tell tell, void *arg);
/* The day of the clock (UTC).  For notes: nothing that is computed may depend on it. */
double library_today(void);

/* JSON form (models.json, bundle manifests) in both directions: an array of objects with "name" (or
 * "id").  Number, text and flag are themselves, a list of texts is joined by commas, null is skipped.
 * Text of a well-known date is a date; a date of one's own is {"date": "2024-05-13"}.  "params_b"
 * (billions) becomes params, "license" licence. */
PM_MUST_USE pm_status library_from_json(const json *j, const char *name, arena *a, library *out,
                                        pm_err *err);
void library_to_json(const library *l, str *out);

/* The changes from one library to the next, in the arena: what was removed in old order, then what was
 * added or has other attributes in new order.  An expert that only moved is not a change. */
PM_MUST_USE pm_status library_diff(const library *before, const library *after, arena *a,
                                   pm_change **out, size_t *n, pm_err *err);

#endif
