/* SPDX-License-Identifier: MIT
 *
 * One prompt of penalty: columns in blocks that stay in registers while the terms pass, so that the compiler
 * makes vectors of them.  Each column does the same operations in the same order, in a block or not.
 */
#include "penalty.h"

enum { BLOCK = 8 };

static void start_block(double sign, const float *restrict value, double *restrict u)
{
    for (size_t l = 0; l < BLOCK; l++) u[l] = sign * (double)value[l];
}

static void take_row(double weight, const float *restrict row, double *restrict u)
{
    for (size_t l = 0; l < BLOCK; l++) u[l] -= weight * (double)row[l];
}

static void take_product(const double *restrict product, double *restrict u)
{
    for (size_t l = 0; l < BLOCK; l++) u[l] -= product[l];
}

static void forbid(const uint32_t *restrict mask, double *restrict u)
{
    for (size_t l = 0; l < BLOCK; l++) u[l] = mask[l] ? -INFINITY : u[l];
}

static void keep_best(const double *restrict u, double *restrict utility, double *restrict best)
{
    for (size_t l = 0; l < BLOCK; l++) {
        utility[l] = u[l];
        best[l] = u[l] > best[l] ? u[l] : best[l];
    }
}

static double one_column(const penalty_terms *s, double value, size_t j)
{
    double u = s->sign * value;
    for (size_t k = 0; k < s->n; k++) {
        const penalty_term *t = &s->term[k];
        u -= t->product ? t->product[j] : t->weight * (double)t->row[j];
    }
    return u;
}

double penalty_row(const penalty_terms *s, const float *value, const uint32_t *mask,
                   double *utility)
{
    double lane[BLOCK], best = -INFINITY;
    size_t j = 0;
    for (size_t l = 0; l < BLOCK; l++) lane[l] = -INFINITY;
    for (; j + BLOCK <= s->m; j += BLOCK) {
        double u[BLOCK];
        start_block(s->sign, value + j, u);
        for (size_t k = 0; k < s->n; k++) {
            const penalty_term *t = &s->term[k];
            if (t->product)
                take_product(t->product + j, u);
            else
                take_row(t->weight, t->row + j, u);
        }
        if (mask) forbid(mask + j, u);
        keep_best(u, utility + j, lane);
    }
    for (size_t l = 0; l < BLOCK; l++) best = lane[l] > best ? lane[l] : best;
    for (; j < s->m; j++) {
        utility[j] = mask && mask[j] ? -INFINITY : one_column(s, (double)value[j], j);
        best = utility[j] > best ? utility[j] : best;
    }
    return best;
}

void penalty_narrow(const double *from, size_t m, float *to)
{
    size_t j = 0;
    for (; j + BLOCK <= m; j += BLOCK)
        for (size_t l = 0; l < BLOCK; l++) to[j + l] = (float)from[j + l];
    for (; j < m; j++) to[j] = (float)from[j];
}

/* Taken from 0, so that no part is a negative zero. */
static void take_off(double by, const float *restrict from, size_t m, float *restrict to)
{
    size_t j = 0;
    for (; j + BLOCK <= m; j += BLOCK)
        for (size_t l = 0; l < BLOCK; l++) to[j + l] = (float)(0 - by * (double)from[j + l]);
    for (; j < m; j++) to[j] = (float)(0 - by * (double)from[j]);
}

void penalty_parts(const pm_question *q, size_t i, double sign, pm_decisions *out)
{
    size_t m = q->value.cols;
    if (out->value_part.at) take_off(-sign, pm_crow(q->value, i), m, pm_row(out->value_part, i));
    for (size_t k = 0; out->term_part && k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        float *part = pm_row(out->term_part[k], i);
        if (t->sense == PM_SOFT)
            take_off(terms_weight(t, i), pm_crow(t->value, i), m, part);
        else
            memset(part, 0, m * sizeof *part);
    }
}
