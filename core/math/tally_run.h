/* SPDX-License-Identifier: MIT
 *
 * What the parts of the weighted pass share: one pass over the table for some queries.  Private to tally*.c.
 */
#ifndef PM_MATH_TALLY_RUN_H
#define PM_MATH_TALLY_RUN_H

#include "math/scan.h"
#include "math/tally.h"

typedef struct tally_worker {
    float *row;   /* [cols] */
    int8_t *fine; /* [ld_bytes] what int8 left of a query, in int8 again */
    void *block;  /* a prepared block */
} tally_worker;

typedef struct tally_run {
    const kernels *k;
    const scan_kind *kind;
    const table *t;
    scan_entries entries;
    pm_cmat query;           /* of this pass */
    double *out;             /* [query.rows x classes] */
    float *nearest;          /* [query.rows] or NULL */
    size_t width;            /* of a group: 1 for a query alone, else SCAN_GROUP */
    size_t groups, blocks;   /* of queries; of SCAN_ROWS rows */
    bool hides;              /* some rows have no entries */
    size_t parts, part_rows; /* the rows whose sums are made together */
    size_t ld, ld_bytes;     /* of queries */
    float *unit;             /* [groups x width x ld] */
    int8_t *bytes, *packed;  /* [groups x width x ld_bytes] for int8 tables */
    float *step;             /* [groups x SCAN_GROUP] */
    int32_t *sum;            /* [groups x SCAN_GROUP] */
    double *error;           /* [groups x width] |similarity - canonical| <= error */
    float *s;                /* [groups][blocks * SCAN_ROWS][width] */
    float *top;              /* [groups][blocks][width] */
    float *inverse;          /* [groups x SCAN_GROUP] 1 / largest similarity, or 0 */
    double *acc;             /* [groups][parts][classes][width] */
    tally_worker *worker;    /* [threads] */
} tally_run;

/* Query i: normalised, and for int8 tables in bytes, with its error bound. */
void tally_prepare(const tally_run *t, size_t i);
/* The largest canonical similarity of query i to a row that has entries; 0 if there is none. */
float tally_nearest(const tally_run *t, size_t i, const tally_worker *w);

static inline bool tally_has_entries(const pm_tally *how, size_t r)
{
    return !how->start || how->start[r + 1] > how->start[r];
}

#endif
