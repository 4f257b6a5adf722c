/* SPDX-License-Identifier: MIT
 *
 * One fold of expect_learn(): what is fitted on some rows and guessed for others, at every setting.
 */
#ifndef EXPECT_FOLD_H
#define EXPECT_FOLD_H

#include "expect.h"

enum { EXPECT_LAMBDAS = 5, EXPECT_KS = 5 };
extern const double expect_lambda[EXPECT_LAMBDAS];
extern const uint32_t expect_k[EXPECT_KS];

#define EXPECT_NEVER UINT32_MAX /* fold of a row that is never held out */

struct expect_rows {       /* of the study: training prompts, then those of the tuning part */
    size_t n, m, d, width; /* width = d + EXPECT_SHAPES */
    pm_mat x;              /* [n x width] features */
    pm_mat embed;          /* [n x d] */
    float *y;              /* [n x m] NaN: not known */
    uint32_t *fold;        /* [n] */
    uint32_t n_folds;
};

/* The guess of a way at a setting, of every row that is held out: [n x m], NaN where there is none. */
struct expect_guesses {
    float *mean, *ridge[EXPECT_LAMBDAS], *log[EXPECT_LAMBDAS], *near[EXPECT_KS];
};

/* Sums of known amounts among the rows outside of `fold`. */
struct expect_means {
    double *mean, *most; /* [m] NaN, 0 where nothing is known */
    double *offset;      /* [m] log is of y + offset */
};
pm_status expect_means_of(pm_call *c, const struct expect_rows *a, uint32_t fold,
                          struct expect_means *out);

/* Ridge on the rows outside of `fold`: w [width x 2 m], intercept [2 m], smear [m]. */
struct expect_linear {
    pm_mat w;
    float *intercept;
    double *smear;
};
struct expect_chosen { /* the rows that are fitted on */
    uint32_t fold;
    size_t n;
    pm_mat x, y; /* [n x width], [n x 2 m]: raw, log */
};
pm_status expect_choose(pm_call *c, const struct expect_rows *a, const struct expect_means *means,
                        uint32_t fold, struct expect_chosen *out);
pm_status expect_linear_fit(pm_call *c, const struct expect_chosen *rows,
                            const struct expect_means *means, double lambda,
                            struct expect_linear *out);

/* Guesses raw and log of one row of 2 m answers, held within [0, most]. */
double expect_raw(double answer, double most);
double expect_log(double answer, double smear, double offset, double most);

pm_status expect_fold_guess(pm_call *c, const struct expect_rows *a, uint32_t fold,
                            struct expect_guesses *out);

#endif
