/* SPDX-License-Identifier: MIT
 *
 * Rows of x made ready and sums finished, written once over the lanes of math/rows_lanes.h: every step is exactly
 * rounded in one order, so that all instruction sets give the same bits.
 * Included by linear_scalar.c, linear_avx2.c and linear_avx512.c only.
 */
#include <math.h>
#include <string.h>

#include "math/linear_kernels.h"
#include "math/rows_lanes.h"

#define LANE_COUNT ((size_t)16)
typedef uint32_t lanes_u32 __attribute__((vector_size(64)));
typedef int32_t lanes_i32 __attribute__((vector_size(64)));
typedef float lanes_f32 __attribute__((vector_size(64)));
typedef uint16_t lanes_u16 __attribute__((vector_size(32)));
typedef uint8_t lanes_u8 __attribute__((vector_size(16)));

/* ---- ready ---- */

/* The bits of bfloat16, in the upper half of each word: nearest even; not a number becomes a quiet one. */
LANES_INLINE void upper_halves(const float in[16], uint32_t out[16])
{
    lanes_u32 u, odd, r;
    memcpy(&u, in, sizeof u);
    odd = u >> 16 & 1;
    r = u + 0x7fff + odd;
    lanes_u32 nan = (lanes_u32)((u & 0x7fffffffu) > 0x7f800000u);
    r = ((r & ~nan) | ((u | 0x400000u) & nan)) & 0xffff0000u;
    memcpy(out, &r, sizeof r);
}

LANES_INLINE void put_halves(linear_form form, const float in[16], char *to)
{
    uint32_t bits[16];
    upper_halves(in, bits);
    if (form == LINEAR_ROUNDED) {
        memcpy(to, bits, sizeof bits);
    } else {
        lanes_u32 r;
        memcpy(&r, bits, sizeof r);
        lanes_u16 h = __builtin_convertvector(r >> 16, lanes_u16);
        memcpy(to, &h, sizeof h);
    }
}

/* Whole numbers held as n + LANES_MAGIC: their low bits are those of n. */
LANES_INLINE void put_integers(linear_form form, const float in[16], char *to)
{
    lanes_u32 u;
    memcpy(&u, in, sizeof u);
    if (form == LINEAR_I16) {
        lanes_u16 h = __builtin_convertvector(u, lanes_u16);
        memcpy(to, &h, sizeof h);
    } else {
        lanes_u8 b = __builtin_convertvector(form == LINEAR_U8 ? u + 128 : u, lanes_u8);
        memcpy(to, &b, sizeof b);
    }
}

/* n numbers from x[k], of `most`, times their evens; zeros follow. */
LANES_INLINE v16 evened(const float *x, const float *even, size_t k, size_t most)
{
    bool whole = k + LANE_COUNT <= most;
    v16 v = whole ? v16_load(x + k) : k < most ? v16_load_n(x + k, most - k) : v16_zero();
    if (!even || k >= most) return v;
    return v16_mul(v, whole ? v16_load(even + k) : v16_load_n(even + k, most - k));
}

/* The largest magnitude / 127, and its inverse; rows of almost nothing are zero, and their inverse too. */
LANES_INLINE float scale_of(const float *x, const float *even, size_t n, float *quotient)
{
    v16 most = v16_zero(), poison = v16_zero(); /* 0 times what is not finite is not a number */
    for (size_t k = 0; k < n; k += LANE_COUNT) {
        v16 v = evened(x, even, k, n);
        most = v16_max(v16_abs(v), most);
        poison = v16_fma(v, v16_zero(), poison);
    }
    float top = v16_most(most);
    *quotient = 0;
    if (v16_sum(poison) != 0) return NAN;
    if (top < LINEAR_LEAST) return 0;
    *quotient = 127.0f / top;
    return top / 127.0f;
}

LANES_INLINE void ready_row(linear_form form, const linear_ready *r, const float *x, size_t n,
                            float quotient, char *to)
{
    size_t bytes = form == LINEAR_ROUNDED ? 4 : form == LINEAR_HALVES || form == LINEAR_I16 ? 2 : 1;
    bool halves = form == LINEAR_ROUNDED || form == LINEAR_HALVES;
    for (size_t k = 0; k < n; k += LANE_COUNT, to += bytes * LANE_COUNT) {
        v16 v = evened(x, halves ? NULL : r->even, k, r->n_in);
        if (!halves) v = v16_fma(v, v16_set1(quotient), v16_set1(LANES_MAGIC));
        float buffer[16];
        v16_store(buffer, v);
        if (halves)
            put_halves(form, buffer, to);
        else
            put_integers(form, buffer, to);
    }
}

LANES_INLINE void ready_rows(linear_form form, const linear_ready *r)
{
    char *to = r->to;
    size_t row_bytes = r->ld * 4;
    size_t per = form == LINEAR_ROUNDED ? 1 : form == LINEAR_HALVES || form == LINEAR_I16 ? 2 : 4;
    for (size_t i = 0; i < r->rows; i++) {
        const float *x = r->x + i * r->ldx;
        float quotient = 0;
        if (form >= LINEAR_I16) {
            r->scale[i] = scale_of(x, r->even, r->n_in, &quotient);
            if (isnan(r->scale[i])) { /* its numbers are not asked for */
                memset(to + i * row_bytes, 0, row_bytes);
                continue;
            }
        }
        ready_row(form, r, x, r->words * per, quotient, to + i * row_bytes);
    }
    if (r->rows_up > r->rows)
        memset(to + r->rows * row_bytes, 0, (r->rows_up - r->rows) * row_bytes);
}

static void ready(linear_form form, const linear_ready *r)
{
    switch (form) {
    case LINEAR_ROUNDED:
        ready_rows(LINEAR_ROUNDED, r);
        break;
    case LINEAR_HALVES:
        ready_rows(LINEAR_HALVES, r);
        break;
    case LINEAR_I16:
        ready_rows(LINEAR_I16, r);
        break;
    case LINEAR_S8:
        ready_rows(LINEAR_S8, r);
        break;
    case LINEAR_U8:
        ready_rows(LINEAR_U8, r);
        break;
    case LINEAR_AS_IS:
        for (size_t i = 0; i < r->rows; i++)
            memcpy((float *)r->to + i * r->ld, r->x + i * r->ldx, r->n_in * sizeof(float));
        break;
    }
}

/* ---- weights that lie as [inner][columns] ---- */

/* n words of pairs from two rows; the second may be missing. */
LANES_INLINE void put_pairs(const float *first, const float *second, size_t n, uint32_t *to)
{
    float in[16];
    uint32_t low[16], high[16] = {0};
    v16_store(in, n < LANE_COUNT ? v16_load_n(first, n) : v16_load(first));
    upper_halves(in, low);
    if (second) {
        v16_store(in, n < LANE_COUNT ? v16_load_n(second, n) : v16_load(second));
        upper_halves(in, high);
    }
    lanes_u32 l, h;
    memcpy(&l, low, sizeof l);
    memcpy(&h, high, sizeof h);
    h |= l >> 16;
    memcpy(to, &h, sizeof h);
}

static void columns(const linear_columns *w)
{
    size_t per = linear_per_word(w->word);
    for (size_t k = 0; k < w->n_in; k += per)
        for (size_t j = 0; j < w->n; j += LANE_COUNT) {
            const float *at = w->at + k * w->ld + j;
            uint32_t *to = w->to + k / per * w->width + j;
            size_t n = w->n - j;
            if (per == 2)
                put_pairs(at, k + 1 < w->n_in ? at + w->ld : NULL, n, to);
            else
                v16_store((float *)to, n < LANE_COUNT ? v16_load_n(at, n) : v16_load(at));
        }
}

/* ---- finish ---- */

LANES_INLINE v16 from_integers(const int32_t *sum, const int32_t *shift)
{
    lanes_i32 s, h = {0};
    float buffer[16];
    memcpy(&s, sum, sizeof s);
    if (shift) memcpy(&h, shift, sizeof h);
    lanes_f32 f = __builtin_convertvector(s - h, lanes_f32);
    memcpy(buffer, &f, sizeof f);
    return v16_load(buffer);
}

LANES_INLINE void finish_row(const linear_finish *f, size_t i)
{
    const linear *l = f->l;
    const linear_run *run = f->run;
    size_t row = f->row + i;
    for (size_t j = 0; j < f->cols; j += LANE_COUNT) {
        size_t n = f->cols - j, col = f->col + j, place = col - run->col0;
        bool whole = n >= LANE_COUNT;
        v16 v;
        if (l->kind == LINEAR_I8)
            v = v16_mul(from_integers((const int32_t *)f->sums + i * f->lds + j,
                                      l->shift ? l->shift + col : NULL),
                        v16_mul(v16_set1(f->row_scale[i]), v16_load(l->scale + col)));
        else
            v = v16_load((const float *)f->sums + i * f->lds + j);
        if (l->bias) v = v16_add(v, v16_load(l->bias + col));
        if (run->act != LINEAR_NONE) v = v16_act(run->act, v);
        if (run->mul) {
            const float *m = run->mul + row * run->ldm + place;
            v = v16_mul(v, whole ? v16_load(m) : v16_load_n(m, n));
        }
        if (run->residual) {
            const float *r = run->residual + row * run->ldr + place;
            v = v16_add(v, whole ? v16_load(r) : v16_load_n(r, n));
        }
        if (whole)
            v16_store(run->out + row * run->ldo + place, v);
        else
            v16_store_n(run->out + row * run->ldo + place, v, n);
    }
}

static void finish(const linear_finish *f)
{
    for (size_t i = 0; i < f->rows; i++) finish_row(f, i);
}
