/* SPDX-License-Identifier: MIT
 *
 * From a bundle's scores on a sample to an alpha for a target, and what that alpha really gives there.
 */
#ifndef PM_APP_CALIBRATE_FIND_H
#define PM_APP_CALIBRATE_FIND_H

#include "app/sample.h"
#include "eval/calibrate.h"
#include "math/compute.h"

typedef enum target_kind { TARGET_SHARE, TARGET_COST, TARGET_QUALITY } target_kind;
typedef struct calibrate_target {
    target_kind kind;
    double value;
    const char *text; /* as given */
} calibrate_target;

/* "share=.5", "cost=0.001" (USD a prompt) or "quality=0.8" (mean outcome; of losses: at most that). */
PM_MUST_USE pm_status calibrate_target_read(const char *text, calibrate_target *out, pm_err *err);

typedef struct calibrate_work { /* of one bundle; made by calibrate_score */
    call_ctx *call;
    pipeline_ctx *pipeline;
    const compute *compute;
    arena *a;
    const pipeline *bundle;   /* as it was measured */
    const param_value *given; /* [n_given] parameters, a place for alpha being the last */
    param_value *param;       /* [n_param] the same with the pair's names, then alpha */
    size_t n_given, n_param;
    sample sample; /* its own view of the prompts */
    sample_scores scores;
    const double **cost;    /* [m] each [n] USD, or NULL: not known */
    const double **quality; /* [m] each [n] utility, or NULL */
    bool is_cost_recorded;  /* else the expected cost of a call */
} calibrate_work;

typedef struct calibrate_mean {
    double at, lo, hi; /* NaN: not known */
} calibrate_mean;

typedef struct calibrate_met { /* what alpha gives on the sample */
    double alpha;
    calibrate_mean share, cost, quality; /* share: of strong calls; 95 % bootstrap intervals */
    size_t n_strong, n_tied;             /* n_tied: scores that are the lowest at or above alpha */
} calibrate_met;

/* Scores of all prompts of w->sample. */
PM_MUST_USE pm_status calibrate_score(calibrate_work *w, pm_err *err);
PM_MUST_USE pm_status calibrate_find(calibrate_work *w, const calibrate_target *t, double *alpha,
                                     pm_err *err);
PM_MUST_USE pm_status calibrate_measure(calibrate_work *w, double alpha, calibrate_met *out,
                                        pm_err *err);

/* The scores, ascending, in the arena; NULL: no memory. */
double *calibrate_sorted(const calibrate_work *w);

/* The objective with w's parameters at alpha. */
PM_MUST_USE pm_status calibrate_at(calibrate_work *w, double alpha, threshold **out, pm_err *err);

#endif
