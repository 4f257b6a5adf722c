/* SPDX-License-Identifier: MIT
 *
 * The experts that an instance was trained on, and how a served library maps onto them: a subset, a new
 * order and new prices need no training; an unknown expert or a changed attribute that the router reads
 * is PM_E_STALE.
 */
#ifndef PM_PLUG_MEMBERS_H
#define PM_PLUG_MEMBERS_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

typedef struct members {
    pm_library lib;           /* a deep copy in the instance's arena */
    const char *const *reads; /* the plugin's */
    char hex[65];             /* library_members() */
    uint64_t key;             /* its first digits */
} members;

/* The mapping of the library last served; a call context keeps it, so that the decision path compares
 * pointers instead of names. */
typedef struct member_cache {
    uint64_t members_key, revision; /* revision 0: unknown, never reused */
    const pm_expert **served;       /* [n_served] as they were */
    size_t n_served, served_capacity;
    uint32_t *column; /* [n_served] trained column of each served expert */
    size_t column_capacity;
    const pm_expert **merged; /* [trained n] the served expert, or else the trained one */
    size_t merged_capacity;
    bool is_same; /* same experts in the same order: no mapping */
    bool is_valid;
} member_cache;

PM_MUST_USE pm_status members_copy(const pm_library *lib, const char *const *reads, arena *a,
                                   members *out, pm_err *err);

/* Fills `cache` for `served`.  Errors  PM_E_STALE naming the expert, or expert, attribute and both values. */
PM_MUST_USE pm_status members_match(const members *m, const pm_library *served, member_cache *cache,
                                    pm_err *err);
void member_cache_close(member_cache *c);

/* [{"id":"a","attr":[["price","number",0.5],...]},...]: exact, unlike the forms that people write. */
void members_to_json(const pm_library *lib, str *out);
PM_MUST_USE pm_status members_from_json(const json *j, arena *a, pm_library *out, pm_err *err);

#endif
