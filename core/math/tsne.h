/* SPDX-License-Identifier: MIT
 *
 * A map of points in two dimensions: exact t-SNE (van der Maaten and Hinton 2008).  For pictures of some thousand
 * points; positions and distances between far clusters mean nothing, so numbers are taken from the points themselves.
 */
#ifndef PM_MATH_TSNE_H
#define PM_MATH_TSNE_H

#include "base/mem.h"
#include "math/compute.h"
#include "pointsman/plugin.h"

typedef struct tsne_spec {
    uint32_t size;
    double perplexity; /* effective neighbours; lowered to (n - 1) / 3 where there are few points */
    size_t iterations;
    double exaggeration; /* of attraction, for the first quarter of the iterations */
    uint64_t seed;       /* of what is added to equal points so that they part */
} tsne_spec;
#define TSNE_SPEC_DEFAULT                                                                          \
    {                                                                                              \
        sizeof(tsne_spec), 30, 500, 12, 0                                                          \
    }

/* x [n x d] finite -> out [n x 2], centred.  Begins with the first two principal components (Kobak and Berens 2019), so
 * that the picture keeps the large structure and does not depend on luck.  Same bits whatever the thread count.
 *
 * Errors  PM_E_SHAPE: out is not [n x 2], n > 5000.  PM_E_MEMORY.
 * Cost    O(n^2 (d + iterations)) time, 16 n^2 bytes of scratch: 1,200 points in about 2 s. */
PM_MUST_USE pm_status tsne_map(const compute *c, arena *scratch, pm_cmat x, const tsne_spec *spec,
                               pm_mat out, pm_err *err);

#endif
