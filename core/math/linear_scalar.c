/* SPDX-License-Identifier: MIT
 *
 * Dense layers in plain C: the reference for the others and the only ones on a CPU that is not x86-64.  One row and one
 * panel at a time; fmaf() is correctly rounded whether or not the CPU has the instruction.
 */
#include <math.h>
#include <string.h>

#include "math/linear_kernels.h"

#define WIDTH 16

static size_t one_panel(size_t rows)
{
    (void)rows;
    return 1;
}

static void tile_f32(const linear_tile *t)
{
    const float *x = t->x, *w = t->w;
    float *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += WIDTH)
        for (size_t j = 0; j < WIDTH; j++) sum[j] = fmaf(x[k], w[j], sum[j]);
}

static void tile_bf16(const linear_tile *t)
{
    const float *x = t->x;
    const uint16_t *w = t->w;
    float *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += 2 * WIDTH, x += 2)
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < WIDTH; j++)
                sum[j] = fmaf(x[i], linear_from_bf16(w[2 * j + i]), sum[j]);
}

static void tile_i8(const linear_tile *t)
{
    const int8_t *x = t->x, *w = t->w;
    int32_t *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += 4 * WIDTH, x += 4)
        for (size_t j = 0; j < WIDTH; j++)
            for (size_t i = 0; i < 4; i++) sum[j] += x[i] * w[4 * j + i];
}

static void ready_bf16(const linear_ready *r)
{
    for (size_t i = 0; i < r->rows; i++) {
        const float *x = r->x + i * r->ldx;
        float *to = (float *)r->to + i * r->ld;
        for (size_t k = 0; k < r->n_in; k++) to[k] = linear_from_bf16(linear_bf16(x[k]));
        memset(to + r->n_in, 0, (r->words - r->n_in) * sizeof *to);
    }
}

/* The largest magnitude by its bits: infinities and what is not a number come out on top. */
static float row_scale(const float *x, size_t n, float *quotient)
{
    uint32_t top = 0;
    for (size_t k = 0; k < n; k++) {
        uint32_t u;
        memcpy(&u, x + k, sizeof u);
        u &= 0x7fffffffu;
        top = u > top ? u : top;
    }
    float most;
    memcpy(&most, &top, sizeof most);
    *quotient = 0;
    if (top >= 0x7f800000u) return NAN;
    if (most < LINEAR_LEAST) return 0;
    *quotient = 127.0f / most;
    return most / 127.0f;
}

static void ready_i8(const linear_ready *r)
{
    for (size_t i = 0; i < r->rows; i++) {
        const float *x = r->x + i * r->ldx;
        int8_t *to = (int8_t *)r->to + i * r->ld * 4;
        float quotient;
        r->scale[i] = row_scale(x, r->n_in, &quotient);
        memset(to, 0, r->words * 4);
        if (quotient == 0) continue;
        for (size_t k = 0; k < r->n_in; k++) to[k] = (int8_t)nearbyintf(x[k] * quotient);
    }
}

static float activated(linear_act act, float x)
{
    switch (act) {
    case LINEAR_NONE:
        return x;
    case LINEAR_GELU:
        return 0.5f * x * (1 + erff(x * 0.70710678f));
    case LINEAR_GELU_TANH:
        return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    case LINEAR_SILU:
        return x / (1 + expf(-x));
    case LINEAR_RELU:
        return x > 0 ? x : 0;
    case LINEAR_TANH:
        return tanhf(x);
    }
    return x;
}

static float sum_of(const linear_finish *f, size_t i, size_t j)
{
    const linear *l = f->l;
    if (l->kind != LINEAR_I8) return ((const float *)f->sums)[i * f->lds + j];
    int32_t sum = ((const int32_t *)f->sums)[i * f->lds + j];
    if (l->shift) sum -= l->shift[f->col + j];
    return (float)sum * (f->row_scale[i] * l->scale[f->col + j]);
}

void linear_finish_scalar(const linear_finish *f)
{
    const linear_run *run = f->run;
    for (size_t i = 0; i < f->rows; i++) {
        size_t r = f->row + i;
        for (size_t j = 0; j < f->cols; j++) {
            size_t c = f->col + j;
            float v = sum_of(f, i, j);
            if (f->l->bias) v += f->l->bias[c];
            v = activated(run->act, v);
            if (run->mul) v *= run->mul[r * run->ldm + c];
            if (run->residual) v += run->residual[r * run->ldr + c];
            run->out[r * run->ldo + c] = v;
        }
    }
}

#define SCALAR(name, word, depth, x_words, ready, tile)                                            \
    {                                                                                              \
        name, word, WIDTH, depth, 1, x_words, 1, false, one_panel, ready, tile,                    \
            linear_finish_scalar, NULL, NULL                                                       \
    }

const linear_kernels linear_scalar_f32 =
    SCALAR("scalar f32", LINEAR_WORD_F32, 1, 1, NULL, tile_f32);
const linear_kernels linear_scalar_bf16 =
    SCALAR("scalar f32 of bf16", LINEAR_WORD_BF16, 2, 2, ready_bf16, tile_bf16);
const linear_kernels linear_scalar_i8 =
    SCALAR("scalar i8", LINEAR_WORD_I8, 4, 1, ready_i8, tile_i8);
