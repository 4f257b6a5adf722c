/* SPDX-License-Identifier: MIT
 *
 * Picking the next token.  Nothing is sorted and nothing allocated: sets of the likeliest tokens are found as a
 * least probability, by halving the order of floats; among equals the lowest ids come first.
 */
#include <math.h>
#include <string.h>

#include "nn/engine.h"

static uint32_t likeliest(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return (uint32_t)best;
}

/* Tokens with p above a bound, and their mass. */
typedef struct above {
    size_t count;
    double mass;
} above;

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static above count_above(const float *p, size_t n, float bound)
{
    above a = {0, 0};
    for (size_t i = 0; i < n; i++)
        if (p[i] > bound) {
            a.count++;
            a.mass += (double)p[i];
        }
    return a;
}

/* The least set of likeliest tokens that holds `count` tokens, or has `mass`: others become 0.  Non-negative floats
 * are ordered as their bits are. */
static void keep(float *p, size_t n, size_t count, double mass)
{
    uint32_t lo = 0, hi = 0x3f800000u; /* 1: nothing is above it */
    while (lo < hi) {                  /* the lowest bound above which there are too few */
        uint32_t mid = lo + (hi - lo) / 2;
        above a = count_above(p, n, float_of(mid));
        if (a.count >= count || a.mass >= mass)
            lo = mid + 1;
        else
            hi = mid;
    }
    float least = float_of(lo);
    above a = count_above(p, n, least);
    for (size_t i = 0; i < n; i++) {
        if (p[i] > least) continue;
        if (p[i] == least && a.count < count && a.mass < mass) {
            a.count++;
            a.mass += (double)p[i];
        } else {
            p[i] = 0;
        }
    }
}

uint32_t nn_sample(const nn_sampling *s, float *logits, size_t n, double u)
{
    uint32_t best = likeliest(logits, n);
    if (!(s->temperature > 0) || s->top_k == 1) return best;
    float top = logits[best];
    for (size_t i = 0; i < n; i++)
        logits[i] = (float)exp(((double)logits[i] - (double)top) / s->temperature);
    if (s->top_k > 0 && s->top_k < n) keep(logits, n, s->top_k, HUGE_VAL);
    double mass = count_above(logits, n, 0).mass;
    if (s->top_p > 0 && s->top_p < 1) {
        keep(logits, n, SIZE_MAX, s->top_p * mass);
        mass = count_above(logits, n, 0).mass;
    }
    double left = u * mass;
    uint32_t last = best;
    for (size_t i = 0; i < n; i++) {
        if (!(logits[i] > 0)) continue;
        last = (uint32_t)i;
        left -= (double)logits[i];
        if (left < 0) return last;
    }
    return last;
}
