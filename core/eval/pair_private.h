/* SPDX-License-Identifier: MIT
 *
 * What pair.c (rows, intervals, differences) and pair_row.c (one row on one resample) share.
 */
#ifndef PM_EVAL_PAIR_PRIVATE_H
#define PM_EVAL_PAIR_PRIVATE_H

#include "eval/pair.h"
#include "eval/two_models_lines.h"

enum { PAIR_SUM_WEAK, PAIR_SUM_STRONG, PAIR_SUM_COST_WEAK, PAIR_SUM_COST_STRONG };

typedef struct pair_list { /* one need of a row, sorted once */
    two_models_ranking rank;
    const double *cost_gain;        /* [n] by position, or NULL */
    const double *chance, *outcome; /* [n] by position, or NULL: calibration */
    const double *log_loss;         /* [n] by position */
} pair_list;

typedef struct pair_sample { /* a resample, or the prompts themselves */
    const uint16_t *times;   /* NULL: once each */
    size_t size;
    const double *sum; /* PAIR_SUM_* over it */
} pair_sample;

/* What every prompt is worth, by position: in `a`. */
PM_MUST_USE pm_status pair_list_make(const pair_truth *t, const pair_row *row, size_t k, arena *a,
                                     pair_list *out, pm_err *err);
PM_MUST_USE pm_status pair_list_optimal(const pair_truth *t, arena *a, pair_list *out, pm_err *err);

/* Fills out [PAIR_DRAWN]; curve: NULL, or where the curve goes. */
void pair_measure(const pair_list *l, pair_kind kind, const pair_sample *s, two_models_work *w,
                  double *out, two_models_curve *curve);
size_t pair_reliability(const pair_list *l, pair_bin bin[PAIR_BINS]);

#endif
