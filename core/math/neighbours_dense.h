/* SPDX-License-Identifier: MIT
 *
 * What building and searching of dense tables share.  Private to neighbours_*.c.
 */
#ifndef PM_MATH_NEIGHBOURS_DENSE_H
#define PM_MATH_NEIGHBOURS_DENSE_H

#include "math/neighbours.h"
#include "math/neighbours_pick.h"

size_t dense_bytes(pm_dtype d);      /* of one element, 0 if it cannot be stored */
size_t dense_panels(const table *t); /* ceil(rows / FIX_ROWS) */
size_t dense_pairs(const table *t);  /* ceil(cols / 2) */
/* Row r as float32: in place for PM_F32, else dequantised into room [cols]. */
const float *dense_row(const table *t, size_t r, float *room);
/* Fixed point of x [cols] into q, `step` elements from pair to pair; the norm of the difference squared. */
double dense_fix(const float *x, size_t cols, int16_t *q, size_t step);
/* Panel `p` in fixed point into room; float_room [cols]. */
double dense_panel(const table *t, size_t p, int16_t *room, float *float_room);
/* out = x / |x| rounded to float; false if x is zero (out is zero then). */
bool dense_normalise(const float *x, size_t cols, float *out);

/* ---- searching ---- */

#define DENSE_FEW 8 /* queries: up to here the table is split over threads, not the queries */
/* One worker's room. */
typedef struct dense_worker {
    int16_t *packed; /* [groups][pairs][FIX_QUERY][2] */
    float *unit;     /* [batch x cols] */
    float *bound;    /* [batch] */
    pick *picks;     /* [batch] */
    int16_t *panel;  /* one panel, when the table keeps none */
    float *row;      /* [cols] */
} dense_worker;

/* A query as coarse + fine int8: unit ~ step[0] part[0] + step[1] part[1]. */
typedef struct dense_bytes_query {
    int8_t *part[2]; /* [cols] */
    float step[2];
} dense_bytes_query;

typedef struct dense_search {
    const kernels *k;
    const table *t;
    pm_cmat query;
    size_t k_asked, k_found; /* k_found = min(k, rows) */
    size_t batch;
    uint32_t *index;
    float *similarity;
    dense_worker *room;
    float *approx;         /* few queries: [n x panels * FIX_ROWS] */
    size_t n_group;        /* few queries: packed together */
    dense_bytes_query *q8; /* few queries of an int8 table: [n] */
} dense_search;

/* The query of a canonical product. */
typedef struct dense_asked {
    const dense_search *s;
    const float *unit;
    float *row;
} dense_asked;

float dense_exact(const void *query, uint32_t row, float approx); /* query: dense_asked */
/* Normalises query i; the error bound of the fixed-point pass for it. */
double dense_prepare(const dense_search *s, size_t i, float *unit, int16_t *packed, size_t stride);
bool dense_is_zero(const float *x, size_t n);
void dense_answer_zero(const dense_search *s, size_t i); /* equally far from all: the first rows */
pm_status dense_few(dense_search *s, threads *pool, arena *scratch, pm_err *err);

#endif
