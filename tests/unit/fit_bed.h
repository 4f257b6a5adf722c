/* SPDX-License-Identifier: MIT
 *
 * What the tests of routers fitted by gradients share: features and outcomes by formula, slopes by finite
 * differences.
 */
#ifndef PM_TEST_FIT_BED_H
#define PM_TEST_FIT_BED_H

#include "plugins_bed.h"
#include "routers/fit_data.h"

/* n prompts with embeddings of d columns (0: none) and 6 of v word features each (0: none). */
pm_prompts *fit_bed_prompts(bed *b, size_t n, size_t d, size_t v, size_t seed);
/* Outcomes that are linear in the embeddings, weights by formula: [x->n x m], in the kind's range. */
pm_outcomes *fit_bed_planted(bed *b, const pm_prompts *x, size_t m, pm_value_kind kind);
pm_fit fit_bed_fit(bed *b, pm_prompts *x, pm_outcomes *y);

typedef double (*fit_bed_loss)(const void *goal, size_t row, const float *answer, float *slope);
/* Compares slopes [units] with differences of the loss at row; answers are drawn from `seed`. */
void fit_bed_slopes(fit_bed_loss loss, const void *goal, size_t row, size_t units, size_t seed);

/* Predictions with 1 and with 2 threads are the same bits, and so are the checkpoints. */
void fit_bed_threads(bed *b, const char *name, const char *params, const pm_fit *fit);

/* Trains while noting what "tune" was after each epoch: curve[e] for epochs 1 .. *n. */
router *fit_bed_watched(bed *b, const char *name, const char *params, const pm_fit *fit,
                        double *curve, size_t *n);

#endif
