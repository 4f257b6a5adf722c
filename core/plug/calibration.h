/* SPDX-License-Identifier: MIT
 *
 * calibration.json in the folder of a bundle: the alpha that was found for a target, on which prompts, and how scores
 * were distributed on them.  How alpha is found is in eval/calibrate.h.
 */
#ifndef PM_PLUG_CALIBRATION_H
#define PM_PLUG_CALIBRATION_H

#include "base/json.h"

#define CALIBRATION_QUANTILES 1001

typedef struct calibration {
    double alpha; /* [0, 1] */
    const char
        *objective; /* parameters of the objective threshold, canonical JSON, alpha among them */
    const char *target;  /* "share=0.5" */
    size_t n;            /* prompts */
    const char *prompts; /* SHA-256 over the texts of the prompts */
    double met;          /* share of strong calls on them (rule pair); NaN: not told */
    double
        cost; /* mean USD a prompt that the experts chosen were expected to cost; NaN: not known */
    size_t n_quantiles;     /* min(n, CALIBRATION_QUANTILES) */
    const double *quantile; /* [n_quantiles] of the scores at k / (n_quantiles - 1), ascending */
} calibration;

/* Writes DIR/calibration.json (all or nothing), tied to the bundle.json that lies there. */
PM_MUST_USE pm_status calibration_write(const char *dir, const calibration *c, pm_err *err);

/* Reads it into the arena.
 * Errors  PM_E_NOT_TRAINED: there is none; PM_E_STALE: it was made for another bundle.json; PM_E_FORMAT: damaged. */
PM_MUST_USE pm_status calibration_read(const char *dir, arena *a, calibration *out, pm_err *err);

#endif
