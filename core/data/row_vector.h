/* SPDX-License-Identifier: MIT
 *
 * The vector that a JSON line carries: {"embedding": [0.1, ...]}.  One reading for the importer and for who routes
 * prompts with their vectors.
 */
#ifndef PM_DATA_ROW_VECTOR_H
#define PM_DATA_ROW_VECTOR_H

#include "data/jsonl.h"

typedef struct row_vector { /* all zero at first; the room is kept from row to row */
    float *at;
    size_t n, room;
} row_vector;

/* The member of that name, with NULL the first there is of "embedding", "vector", "values".  NULL: none. */
const jsonl_field *row_vector_field(const jsonl_field *f, size_t n, const char *name);

/* The numbers of the array, each as number_parse reads it and then as float32, into v->at [v->n].
 * Errors  PM_E_FORMAT "NAME: found F, wanted W", without a place: no array of numbers, a number that fits no float
 *         (JSON has no NaN), more than 2^20 of them; PM_E_MEMORY. */
PM_MUST_USE pm_status row_vector_read(row_vector *v, const jsonl_field *f, pm_err *err);
void row_vector_close(row_vector *v);

#endif
