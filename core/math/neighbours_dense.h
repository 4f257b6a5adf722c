/* SPDX-License-Identifier: MIT
 *
 * What building and searching of dense tables share.  Private to neighbours_*.c.
 */
#ifndef PM_MATH_NEIGHBOURS_DENSE_H
#define PM_MATH_NEIGHBOURS_DENSE_H

#include "math/neighbours.h"

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

#endif
