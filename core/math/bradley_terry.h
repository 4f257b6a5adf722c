/* SPDX-License-Identifier: MIT
 *
 * Bradley-Terry with ties as half wins, from weighted win counts: sufficient statistics and Newton.
 */
#ifndef PM_MATH_BRADLEY_TERRY_H
#define PM_MATH_BRADLEY_TERRY_H

#include "base/err.h"
#include "base/mem.h"

typedef struct bt_counts { /* W: what the likelihood depends on */
    size_t k;              /* players */
    /* [k x k] win[a * k + b] = weight with which a beat b; a tie is half to each.  The diagonal is not read */
    const double *win;
    /* Against a fixed player rated 0 (RouteLLM's same-tier quirk): weight of wins and losses of each, or NULL. */
    const double *win_zero, *lose_zero; /* [k] */
    /* >= 0: that weight of a tie with the fixed player rated 0, for every player: keeps ratings finite */
    double prior;
} bt_counts;

typedef struct bt_report {
    size_t iterations;
    double
        log_loss; /* mean negative log-likelihood per unit of weight, prior left out; 0 without any weight */
    bool
        is_separated; /* prior = 0 and the maximum lies at infinity: some set of players never lost (or never won)
                            against the rest.  Ratings were then held finite (at most BT_FURTHEST from the mean) */
    size_t first_beyond; /* a player of such a set; SIZE_MAX: none */
    size_t
        n_parts; /* connected parts of the graph of battles between players (a player without any is a part);
                            each is centred by itself */
} bt_report;

#define BT_FURTHEST 23.0 /* natural-log units (10,000 Elo points) */

/* theta [k] maximises sum_ab win[a,b] log sigmoid(theta_a - theta_b) + prior terms; centred at mean 0 within each
 * connected part, unless win_zero or prior fix the gauge.  Elo points = theta * 400 / ln 10.
 *
 * Newton, where d is the widest change of a difference of ratings: whole steps up to d = 1, beyond it steps of ln(1 + d) / d;
 * neither raises the loss, which is generalised self-concordant.  The last step changes no difference by more than
 * 1e-6, so that about 1e-12 is left.  Separated parts get a tie with the fixed player of 1e-10 of the mean weight of a
 * player, times 100 until they are within BT_FURTHEST.
 *
 * theta   in: finite start (zeros, or an earlier solution); out: solution, to 1e-10 of the gradient per unit of weight
 * scratch marked and released; nothing is allocated once it has grown
 * out     or NULL: saves the logarithms of log_loss
 *
 * Errors  PM_E_ARG: k = 0, a weight that is negative or not finite, a start that is not finite; PM_E_DIVERGED
 *         never for counts within 1e12 of each other.
 * Cost    O(iterations k^3), about 5 iterations.   Threads: safe.
 * Source  Bradley and Terry 1952; Ford 1957 for when the maximum is finite; Sun and Tran-Dinh 2019 (Math. Program. 178) for
 *         the step; RouteLLM (arXiv 2406.18665) section 4.2 for weights and ties. */
PM_MUST_USE pm_status bt_fit(const bt_counts *w, arena *scratch, double *theta, bt_report *out,
                             pm_err *err);

/* P(a beats b) = sigmoid(theta_a - theta_b), ties as half wins; never exactly 0 or 1 within BT_FURTHEST. */
double bt_probability(double theta_a, double theta_b);

#endif
