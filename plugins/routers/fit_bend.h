/* SPDX-License-Identifier: MIT
 *
 * Predictions that leave the range of their kind.  Shared by the routers of this folder that predict losses.
 */
#ifndef FIT_BEND_H
#define FIT_BEND_H

#include <math.h>

/* Into [0, infinity) without making ties: what is below the edge bends and comes near 0, in order. */
static inline double fit_bend(double y, double edge)
{
    if (y >= edge) return y;
    return edge > 0 ? edge * exp(fmax(y / edge - 1, -80)) : 0;
}

#endif
