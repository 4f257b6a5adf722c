/* SPDX-License-Identifier: MIT
 *
 * How a latent space lies to the domains: numbers beside the picture.
 */
#ifndef PM_EVAL_LATENT_H
#define PM_EVAL_LATENT_H

#include "base/mem.h"
#include "math/compute.h"
#include "pointsman/plugin.h"

typedef struct latent_question {
    pm_cmat x;              /* [n x d] finite; compared by Euclidean distance */
    const uint32_t *domain; /* [n] below n_domains, or UINT32_MAX: left out */
    const uint64_t *
        cluster; /* [n] document: neighbours of one's own document do not count; NULL: each its own */
    size_t n_domains, k; /* neighbours, 10 */
} latent_question;

typedef struct latent_score {
    double
        silhouette; /* mean over points of (b - a) / max(a, b), a the mean distance to one's own domain, b to the
                             nearest other one; in [-1, 1].  Rousseeuw 1987.  Alone in its domain: 0 */
    double
        knn_accuracy; /* share of points whose k nearest of other documents vote for their domain; ties: the nearer */
    double majority;     /* share of the commonest domain: what knn_accuracy must beat */
    size_t n, n_domains; /* points and domains that took part */
} latent_score;

/* Errors  PM_E_ARG: fewer than two domains or k = 0.  PM_E_MEMORY.   Cost  O(n^2 d). */
PM_MUST_USE pm_status latent_measure(const compute *c, arena *scratch, const latent_question *q,
                                     latent_score *out, pm_err *err);

#endif
