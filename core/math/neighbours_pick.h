/* SPDX-License-Identifier: MIT
 *
 * Keeping the k best of a stream of approximate similarities, exactly.  Candidates whose approximation
 * is within the error bound of the best wait in a buffer; when it fills, hopeless ones are dropped, and if
 * that is not enough the rest are computed canonically ("settled").  Private to neighbours_*.c.
 */
#ifndef PM_MATH_NEIGHBOURS_PICK_H
#define PM_MATH_NEIGHBOURS_PICK_H

#include "base/mem.h"
#include "math/neighbours.h"

/* The canonical similarity of a row; `approx` is what the first pass said. */
typedef float (*pick_exact)(const void *query, uint32_t row, float approx);

typedef struct pick {
    size_t k, room;
    uint32_t *row; /* [room] candidates in ascending order of row */
    float *approx; /* [room] */
    float *sorted; /* [room] scratch of the selection; may be shared by a worker's picks */
    size_t n;
    uint32_t *best_row; /* [k] settled: a heap, worst on top */
    float *best;        /* [k] */
    size_t n_best;
    double e;    /* |approximation - canonical| <= e */
    float bound; /* a row matters only if its approximation is above */
} pick;

size_t pick_room(size_t k, size_t rows); /* a sensible `room` */
void pick_start(pick *p, double e);      /* arrays, k and room are set */
void pick_full(pick *p, pick_exact exact, const void *query);
/* Sorts the answer into index and similarity, [k_asked]. */
void pick_end(pick *p, pick_exact exact, const void *query, size_t k_asked, uint32_t *index,
              float *similarity);

static inline void pick_push(pick *p, uint32_t row, float approx, pick_exact exact,
                             const void *query)
{
    if (!(approx > p->bound)) return;
    if (p->n == p->room) {
        pick_full(p, exact, query);
        if (!(approx > p->bound)) return;
    }
    p->row[p->n] = row;
    p->approx[p->n++] = approx;
}

#endif
