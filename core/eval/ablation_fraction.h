/* SPDX-License-Identifier: MIT
 *
 * Regular fractions of two-level factorials: which products of factors the others are set to.
 */
#ifndef PM_EVAL_ABLATION_FRACTION_H
#define PM_EVAL_ABLATION_FRACTION_H

#include "base/err.h"
#include "base/str.h"

#define FRACTION_FACTORS 20

typedef struct ablation_fraction { /* 2^base runs of n factors */
    size_t n, base;
    int resolution; /* reached: letters of the shortest word; n + 1: nothing is aliased */
    uint32_t
        word[FRACTION_FACTORS]; /* [n - base] bits of the factors whose product is constant +1 */
} ablation_fraction;

/* The smallest fraction found of at least that resolution.   Errors  PM_E_ARG: n outside 1 to 20. */
PM_MUST_USE pm_status ablation_fraction_make(size_t n, int resolution, ablation_fraction *out,
                                             pm_err *err);
/* Bits of the factors that are high in run r < 2^base. */
uint32_t ablation_fraction_run(const ablation_fraction *f, uint32_t r);
/* "8 runs, resolution IV: price = size * security * latency; aliased: size:security with price:latency, ..." */
void ablation_fraction_note(const ablation_fraction *f, const char *const *label, str *out);

#endif
