/* SPDX-License-Identifier: MIT
 *
 * Predictions of every kind as the probability that one expert beats another, and as a height over a line.
 */
#include "threshold.h"

#include <math.h>

/* Half a step of float32 below 1: probabilities of 0 and 1 have finite odds. */
#define CLOSEST 0x1p-25

static double logit(double p)
{
    if (p < CLOSEST) p = CLOSEST;
    if (p > 1 - CLOSEST) p = 1 - CLOSEST;
    return log(p / (1 - p));
}

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* Both are against one reference; under Bradley-Terry their odds divide, whoever it is.  Against the reference
 * itself nothing is to be computed. */
static double from_wins(const pm_question *q, size_t a, size_t b, double va, double vb)
{
    uint32_t reference = PM_HAS(q, reference_col) ? q->reference_col : PM_NO_COL;
    if (b == reference) return va;
    if (a == reference) return 1 - vb;
    return sigmoid(logit(va) - logit(vb));
}

float threshold_beats(const pm_question *q, size_t i, size_t a, size_t b)
{
    double va = (double)pm_crow(q->value, i)[a], vb = (double)pm_crow(q->value, i)[b];
    switch (q->kind) {
    case PM_VALUE_WINPROB:
        return (float)from_wins(q, a, b, va, vb);
    case PM_VALUE_BEST:
        return va + vb > 0 ? (float)(va / (va + vb)) : 0.5f;
    case PM_VALUE_LOSS:
        return (float)sigmoid(vb - va);
    default:
        return (float)(0.5 + (va - vb) / 2);
    }
}

double threshold_worth(const pm_question *q, size_t i, size_t j)
{
    double v = (double)pm_crow(q->value, i)[j];
    return q->kind == PM_VALUE_LOSS ? -v : v;
}

/* Compared in the precision of predictions, so that 0.7 clears 0.7. */
double threshold_margin(const pm_question *q, const struct threshold_params *p, size_t i, size_t j,
                        size_t best)
{
    double v = threshold_worth(q, i, j), top = threshold_worth(q, i, best), line = p->alpha;
    if (q->kind == PM_VALUE_LOSS)
        v = p->clears == CLEARS_RELATIVE ? exp(v - top) : exp(v);
    else if (p->clears == CLEARS_RELATIVE)
        line = p->alpha * top;
    return (double)(float)v - (double)(float)line;
}
