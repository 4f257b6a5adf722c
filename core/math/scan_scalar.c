/* SPDX-License-Identifier: MIT
 *
 * Kernels of the weighted pass in plain C: the reference for the others.
 */
#include <math.h>
#include <string.h>

#include "math/half.h"
#include "math/scan.h"

static float tree16(float lane[SCAN_LANES])
{
    for (size_t half = SCAN_LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

static float product(const float *x, const float *q, size_t n)
{
    float lane[SCAN_LANES] = {0};
    for (size_t j = 0; j < n; j++) lane[j % SCAN_LANES] = fmaf(x[j], q[j], lane[j % SCAN_LANES]);
    return tree16(lane);
}

static float product_f16(const uint16_t *x, const float *q, size_t n)
{
    float lane[SCAN_LANES] = {0};
    for (size_t j = 0; j < n; j++)
        lane[j % SCAN_LANES] = fmaf(half_to_float(x[j]), q[j], lane[j % SCAN_LANES]);
    return tree16(lane);
}

static float product_i8(const scan_rows *rows, size_t r, const int8_t *q, float step)
{
    const int8_t *x = (const int8_t *)rows->at + r * rows->ld;
    int32_t sum = 0;
    for (size_t j = 0; j < rows->cols; j++) sum += x[j] * q[j];
    return rows->scale[r] * (step * (float)sum);
}

static void one_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++)
        out[r] = product((const float *)rows->at + r * rows->ld, q->at, rows->cols);
}

static void one_f16(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++)
        out[r] = product_f16((const uint16_t *)rows->at + r * rows->ld, q->at, rows->cols);
}

static void one_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++) out[r] = product_i8(rows, r, q->bytes, q->step[0]);
}

static void many_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++)
        for (size_t i = 0; i < q->n; i++)
            out[r * SCAN_GROUP + i] =
                product((const float *)rows->at + r * rows->ld, q->at + i * q->ld, rows->cols);
}

static void many_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++)
        for (size_t i = 0; i < q->n; i++)
            out[r * SCAN_GROUP + i] = product_i8(rows, r, q->bytes + i * q->ld_bytes, q->step[i]);
}

static void widen(scan_rows *rows, void *room)
{
    size_t ld = (rows->cols + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
    float *to = room;
    for (size_t r = 0; r < rows->n; r++) {
        const uint16_t *h = (const uint16_t *)rows->at + r * rows->ld;
        for (size_t j = 0; j < rows->cols; j++) to[r * ld + j] = half_to_float(h[j]);
    }
    rows->at = room;
    rows->ld = ld;
}

static void top(const float *s, size_t n, float most[SCAN_GROUP])
{
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < SCAN_GROUP; i++)
            most[i] = s[r * SCAN_GROUP + i] > most[i] ? s[r * SCAN_GROUP + i] : most[i];
}

static float weight(float s, float inverse, float log2_gamma)
{
    float x = s * inverse;
    float t = (x < 1 ? x : 1) * log2_gamma;
    t = t > -EXP2_MOST ? t : -EXP2_MOST;
    float rounded = t + EXP2_ROUND, f = t - (rounded - EXP2_ROUND);
    float p = fmaf(EXP2_C6, f, EXP2_C5);
    p = fmaf(p, f, EXP2_C4);
    p = fmaf(p, f, EXP2_C3);
    p = fmaf(p, f, EXP2_C2);
    p = fmaf(p, f, EXP2_C1);
    p = fmaf(p, f, 1);
    uint32_t bits, whole;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&whole, &rounded, sizeof whole);
    bits += whole << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

static void weigh(const float *s, size_t n, float inverse, float log2_gamma, float *w)
{
    for (size_t i = 0; i < n; i++) w[i] = weight(s[i], inverse, log2_gamma);
}

static bool add(const scan_entries *e, const float *s, size_t lo, size_t hi,
                const float inverse[SCAN_GROUP], double *acc)
{
    const pm_tally *how = e->how;
    for (size_t r = lo; r < hi; r++) {
        size_t first, last;
        if (!scan_range(e, r, &first, &last)) return false;
        if (first == last) continue;
        float w[SCAN_GROUP];
        for (size_t i = 0; i < SCAN_GROUP; i++)
            w[i] = weight(s[(r - lo) * SCAN_GROUP + i], inverse[i], e->log2_gamma);
        for (size_t at = first; at < last; at++) {
            if (how->cls[at] >= how->n_classes) return false;
            double *to = acc + how->cls[at] * SCAN_GROUP;
            double amount = how->amount ? (double)how->amount[at] : 1;
            for (size_t i = 0; i < SCAN_GROUP; i++) to[i] += amount * (double)w[i];
        }
    }
    return true;
}

const scan_kernels scan_scalar = {.f32 = {one_f32, many_f32, NULL, NULL, NULL},
                                  .f16 = {one_f16, many_f32, widen, NULL, NULL},
                                  .i8 = {one_i8, many_i8, NULL, NULL, NULL},
                                  .top = top,
                                  .weigh = weigh,
                                  .add = add};
