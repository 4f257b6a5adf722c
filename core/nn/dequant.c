/* SPDX-License-Identifier: MIT
 *
 * Numbers of files as floats: half, bfloat16 and double precision, and the blocks of GGUF (ggml's dequantize_row_*,
 * the same operations in the same order, so the same bits).  Places in files may be unaligned: memcpy reads them.
 */
#include <math.h>
#include <string.h>

#include "nn/source_parts.h"

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE binary16, subnormals and infinities included. */
static float of_half(const unsigned char *at)
{
    uint32_t h = (uint32_t)at[0] | (uint32_t)at[1] << 8;
    uint32_t sign = (h & 0x8000U) << 16, exponent = h >> 10 & 31U, part = h & 0x3ffU;
    if (exponent == 31) return float_of(sign | 0x7f800000U | part << 13);
    if (exponent > 0) return float_of(sign | (exponent + 112) << 23 | part << 13);
    float small = (float)part * 0x1p-24F;
    return sign ? -small : small;
}

static void of_bf16(const unsigned char *at, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, at + 2 * i, sizeof bits);
        out[i] = float_of((uint32_t)bits << 16);
    }
}

static void of_double(const unsigned char *at, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        double d;
        memcpy(&d, at + 8 * i, sizeof d);
        out[i] = (float)d;
    }
}

/* d, 32 signed bytes. */
static void of_q8_0(const unsigned char *b, float *out)
{
    float d = of_half(b);
    for (int i = 0; i < 32; i++) out[i] = (float)(signed char)b[2 + i] * d;
}

/* d, 32 nibbles: the low ones are the first half. */
static void of_q4_0(const unsigned char *b, float *out)
{
    float d = of_half(b);
    for (int i = 0; i < 16; i++) {
        out[i] = (float)((b[2 + i] & 15) - 8) * d;
        out[i + 16] = (float)((b[2 + i] >> 4) - 8) * d;
    }
}

/* d, least, 32 nibbles. */
static void of_q4_1(const unsigned char *b, float *out)
{
    float d = of_half(b), least = of_half(b + 2);
    for (int i = 0; i < 16; i++) {
        out[i] = (float)(b[4 + i] & 15) * d + least;
        out[i + 16] = (float)(b[4 + i] >> 4) * d + least;
    }
}

/* The j-th of eight 6-bit scales and minima, packed in 12 bytes (ggml's get_scale_min_k4). */
static void scale_and_min(const unsigned char *s, int j, int *scale, int *least)
{
    if (j < 4) {
        *scale = s[j] & 63;
        *least = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *least = s[j + 4] >> 4 | (s[j] >> 6) << 4;
    }
}

/* d, dmin, 12 bytes of scales, 256 nibbles in groups of 64: 32 low ones, then 32 high ones. */
static void of_q4_k(const unsigned char *b, float *out)
{
    float d = of_half(b), dmin = of_half(b + 2);
    for (int group = 0; group < 4; group++) {
        const unsigned char *q = b + 16 + 32 * group;
        int s1, m1, s2, m2;
        scale_and_min(b + 4, 2 * group, &s1, &m1);
        scale_and_min(b + 4, 2 * group + 1, &s2, &m2);
        float d1 = d * (float)s1, least1 = dmin * (float)m1;
        float d2 = d * (float)s2, least2 = dmin * (float)m2;
        for (int i = 0; i < 32; i++) {
            out[64 * group + i] = d1 * (float)(q[i] & 15) - least1;
            out[64 * group + 32 + i] = d2 * (float)(q[i] >> 4) - least2;
        }
    }
}

/* 128 bytes of low nibbles, 64 of high pairs, 16 signed scales, d: 256 six-bit numbers less 32. */
static void of_q6_k(const unsigned char *b, float *out)
{
    float d = of_half(b + 208);
    for (int half = 0; half < 2; half++) {
        const unsigned char *low = b + 64 * half, *high = b + 128 + 32 * half;
        const unsigned char *scale = b + 192 + 8 * half;
        for (int i = 0; i < 128; i++) {
            int k = i % 32, part = i / 32; /* parts 0, 1: low nibbles; 2, 3: high ones */
            int nibble = part < 2 ? low[k + 32 * part] & 15 : low[k + 32 * (part - 2)] >> 4;
            int q = (nibble | (high[k] >> 2 * part & 3) << 4) - 32;
            out[128 * half + i] = d * (float)(signed char)scale[k / 16 + 2 * part] * (float)q;
        }
    }
}

typedef void (*of_block)(const unsigned char *block, float *out);

static of_block block_of(nn_type t)
{
    switch (t) {
    case NN_Q8_0:
        return of_q8_0;
    case NN_Q4_0:
        return of_q4_0;
    case NN_Q4_1:
        return of_q4_1;
    case NN_Q4_K:
        return of_q4_k;
    case NN_Q6_K:
        return of_q6_k;
    default:
        return NULL;
    }
}

void nn_convert(nn_type t, const void *from, size_t at, size_t n, float *out)
{
    size_t elements = 0, bytes = 0;
    if (n == 0 || !nn_type_block(t, &elements, &bytes)) return;
    PM_ASSERT(nn_type_is_real(t) && at % elements == 0 && n % elements == 0);
    const unsigned char *p = (const unsigned char *)from + at / elements * bytes;
    of_block block = block_of(t);
    if (block)
        for (size_t i = 0; i < n / elements; i++) block(p + i * bytes, out + i * elements);
    else if (t == NN_F32)
        memcpy(out, p, n * sizeof *out);
    else if (t == NN_BF16)
        of_bf16(p, n, out);
    else if (t == NN_F64)
        of_double(p, n, out);
    else
        for (size_t i = 0; i < n; i++) out[i] = of_half(p + 2 * i);
}

/* ---- rows of tensors ------------------------------------------------------------------------------------- */

static bool all_finite(const float *x, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & 0x7f800000U) == 0x7f800000U;
    }
    return !bad;
}

static size_t row_length(const nn_tensor *t)
{
    size_t n = 1;
    for (size_t d = 1; d < t->n_dims; d++) n *= t->dim[d];
    return n;
}

pm_status nn_check_finite(const nn_tensor *t, size_t at, const float *x, size_t n, pm_err *err)
{
    size_t bad = 0, length = row_length(t);
    if (all_finite(x, n)) return PM_OK;
    while (isfinite(x[bad])) bad++;
    return err_set(
        err, PM_E_FORMAT, "tensor '%.80s' has %s at row %zu, column %zu; is the file damaged?",
        t->name, isnan(x[bad]) ? "a NaN" : "an infinity", (at + bad) / length, (at + bad) % length);
}

pm_status nn_tensor_rows(const nn_tensor *t, size_t lo, size_t hi, float *out, pm_err *err)
{
    size_t rows = t->n_dims ? t->dim[0] : 1, length = row_length(t), elements = 1, bytes = 0;
    if (!nn_type_is_real(t->type))
        return err_set(err, PM_E_FORMAT, "tensor '%.80s' holds %s, not weights", t->name,
                       nn_type_name(t->type));
    if (lo > hi || hi > rows)
        return err_set(err, PM_E_ARG, "rows [%zu, %zu) of tensor '%.80s', which has %zu", lo, hi,
                       t->name, rows);
    (void)nn_type_block(t->type, &elements, &bytes);
    if (lo * length % elements || hi * length % elements)
        return err_set(err, PM_E_FORMAT, "tensor '%.80s': rows of %zu cut through blocks of %zu",
                       t->name, length, elements);
    size_t n = (hi - lo) * length;
    nn_convert(t->type, t->at, lo * length, n, out);
    return nn_check_finite(t, lo * length, out, n, err);
}

/* ---- verifying ------------------------------------------------------------------------------------------- */

#define STEP ((size_t)4096) /* elements; a multiple of every block */

static nn_finding look_at(const nn_tensor *t, float *room)
{
    nn_finding f = {.tensor = t};
    size_t total = row_length(t) * (t->n_dims ? t->dim[0] : 1);
    for (size_t at = 0; at < total; at += STEP) {
        size_t n = total - at < STEP ? total - at : STEP;
        nn_convert(t->type, t->at, at, n, room);
        if (all_finite(room, n)) continue;
        for (size_t i = 0; i < n; i++) {
            if (isfinite(room[i])) continue;
            if (f.n_bad++ == 0) f.first = at + i;
        }
    }
    return f;
}

pm_status nn_source_verify(const nn_source *s, void (*tell)(void *arg, nn_finding f), void *arg,
                           size_t *bad, pm_err *err)
{
    (void)err;
    float room[STEP];
    *bad = 0;
    for (size_t i = 0; i < nn_source_count(s); i++) {
        const nn_tensor *t = nn_source_at(s, i);
        if (!nn_type_is_real(t->type)) continue;
        nn_finding f = look_at(t, room);
        if (f.n_bad == 0) continue;
        ++*bad;
        if (tell) tell(arg, f);
    }
    nn_source_drop(s);
    return PM_OK;
}
