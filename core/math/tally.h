/* SPDX-License-Identifier: MIT
 *
 * Sums over classes of entries of a dense table's rows, each row weighted by its similarity to a query: what
 * similarity-weighted ranking needs of its battles.  The ratings are fitted elsewhere (math/bradley_terry.h).
 */
#ifndef PM_MATH_TALLY_H
#define PM_MATH_TALLY_H

#include "math/neighbours.h"

#define TALLY_I8_COLS ((size_t)1 << 16) /* of int8 tables: the integer sums stay below 2^31 */

/* As the service pm.table/1 documents tally (pointsman/plugin.h).
 *
 * scratch marked and released: nothing is allocated once it has grown to its size
 * Errors  PM_E_SHAPE, PM_E_ARG (query that is not finite, gamma, n_classes, starts that fall, a class out of range,
 *         amounts that are not finite), PM_E_UNSUPPORTED (sparse, or int8 beyond TALLY_I8_COLS), PM_E_NOT_TRAINED.
 * Threads over blocks of rows. */
PM_MUST_USE pm_status table_tally(const compute *c, threads *pool, arena *scratch, const table *t,
                                  pm_cmat query, const pm_tally *how, double *out, float *nearest,
                                  pm_err *err);

#endif
