/* SPDX-License-Identifier: MIT
 *
 * Weights of a dense layer into the panels of its kernels (math/linear_kernels.h): fetched a panel at a time, checked,
 * rounded or quantised, and laid out; the panels are shared out over the pool.
 */
#include <math.h>
#include <string.h>

#include "math/linear_kernels.h"

#define MOST_IN_I8 ((size_t)65536) /* 65536 * 255 * 127 < 2^31 */

#define RUN ((size_t)32) /* of the inner dimension, laid out at a time: its lines stay near */

typedef struct packing {
    const linear_kernels *k;
    linear_fetch fetch;
    void *arg;
    size_t n_out, n_in, steps;
    uint32_t *packed;
    float *scale;
    int32_t *shift;
    float *slab; /* [workers][width x n_in] */
    pm_err *err; /* [workers]: of the first panel that failed, which is the worker's lowest */
    size_t *failed;
} packing;

/* Weights have to be finite, and stay so when rounded. */
static pm_status check_row(const packing *p, const float *w, size_t row, pm_err *err)
{
    uint32_t top = 0, bound = p->k->word == LINEAR_WORD_BF16 ? 0x7f7f8000u : 0x7f800000u;
    for (size_t i = 0; i < p->n_in; i++) {
        uint32_t u;
        memcpy(&u, w + i, sizeof u);
        u &= 0x7fffffffu;
        top = u > top ? u : top;
    }
    if (top < bound) return PM_OK;
    for (size_t i = 0; i < p->n_in; i++) {
        uint32_t u;
        memcpy(&u, w + i, sizeof u);
        if ((u & 0x7fffffffu) >= bound)
            return err_set(err, PM_E_FORMAT,
                           "weights: output %zu, input %zu: found %g, wanted a finite number%s",
                           row, i, (double)w[i], isfinite(w[i]) ? " that bfloat16 can hold" : "");
    }
    return PM_OK;
}

/* The quotient of each column; 0 for columns of zeros. */
static void quantise(const packing *p, const float *slab, size_t n, size_t first, float *quotient)
{
    for (size_t j = 0; j < n; j++) {
        const float *w = slab + j * p->n_in;
        float most = 0;
        for (size_t k = 0; k < p->n_in; k++) most = fabsf(w[k]) > most ? fabsf(w[k]) : most;
        quotient[j] = most < LINEAR_LEAST ? 0 : 127.0f / most;
        p->scale[first + j] = quotient[j] == 0 ? 0 : most / 127.0f;
    }
}

static uint32_t word_of(linear_word word, const float *w, size_t n, float quotient, int32_t *sum)
{
    uint32_t out = 0;
    if (word == LINEAR_WORD_F32) {
        memcpy(&out, w, sizeof out);
    } else if (word == LINEAR_WORD_BF16) {
        out = linear_bf16(w[0]) | (n > 1 ? (uint32_t)linear_bf16(w[1]) << 16 : 0);
    } else {
        uint32_t bits = word == LINEAR_WORD_I8 ? 8 : 16, mask = (1u << bits) - 1;
        for (size_t i = 0; i < n; i++) {
            int q = (int)nearbyintf(w[i] * quotient);
            out |= ((uint32_t)q & mask) << (bits * (uint32_t)i);
            *sum += q;
        }
    }
    return out;
}

static void lay_out(const packing *p, const float *slab, size_t n, size_t first, uint32_t *to)
{
    const linear_word word = p->k->word;
    size_t per = linear_per_word(word), width = p->k->width;
    float quotient[LINEAR_COLS] = {0};
    int32_t sum[LINEAR_COLS] = {0};
    if (p->scale) quantise(p, slab, n, first, quotient);
    for (size_t k0 = 0; k0 < p->n_in; k0 += RUN)
        for (size_t j = 0; j < n; j++) {
            const float *w = slab + j * p->n_in;
            size_t k1 = p->n_in - k0 < RUN ? p->n_in : k0 + RUN;
            for (size_t k = k0; k < k1; k += per)
                to[k / per * width + j] =
                    word_of(word, w + k, k1 - k < per ? k1 - k : per, quotient[j], &sum[j]);
        }
    for (size_t j = 0; p->shift && j < n; j++) p->shift[first + j] = 128 * sum[j];
}

static pm_status pack_panel(const packing *p, size_t panel, float *slab, pm_err *err)
{
    size_t width = p->k->width, first = panel * width;
    size_t n = p->n_out - first < width ? p->n_out - first : width;
    pm_status s = p->fetch(p->arg, first, first + n, slab, err);
    for (size_t j = 0; s == PM_OK && j < n; j++)
        s = check_row(p, slab + j * p->n_in, first + j, err);
    if (s == PM_OK) lay_out(p, slab, n, first, p->packed + panel * p->steps * width);
    return s;
}

static pm_status pack_panels(int worker, size_t lo, size_t hi, void *arg)
{
    const packing *p = arg;
    float *slab = p->slab + (size_t)worker * p->k->width * p->n_in;
    for (size_t panel = lo; panel < hi; panel++) {
        pm_status s = pack_panel(p, panel, slab, &p->err[worker]);
        if (s == PM_OK) continue;
        p->failed[worker] = panel;
        return s;
    }
    return PM_OK;
}

/* The message of the lowest panel that failed. */
static pm_status refused(const packing *p, size_t workers, pm_status s, pm_err *err)
{
    size_t best = 0;
    for (size_t w = 1; w < workers; w++)
        if (p->failed[w] < p->failed[best]) best = w;
    if (err) *err = p->err[best];
    return s;
}

static bool rooms(packing *p, arena *a, arena *scratch, linear *l, size_t workers)
{
    size_t width = p->k->width, panels = linear_up(p->n_out, width) / width;
    size_t cols = linear_up(p->n_out, LINEAR_COLS), words, floats;
    if (!mem_size(panels * width, p->steps, &words) || !mem_size(workers * width, p->n_in, &floats))
        return false;
    l->packed = p->packed = arena_alloc(a, words, sizeof *p->packed);
    p->slab = arena_alloc_uncleared(scratch, floats, sizeof *p->slab);
    p->err = arena_alloc(scratch, workers, sizeof *p->err);
    p->failed = arena_alloc_uncleared(scratch, workers, sizeof *p->failed);
    if (l->kind == LINEAR_I8) {
        l->scale = p->scale = arena_alloc(a, cols, sizeof *p->scale);
        if (p->k->form == LINEAR_U8) l->shift = p->shift = arena_alloc(a, cols, sizeof *p->shift);
        if (!p->scale || (p->k->form == LINEAR_U8 && !p->shift)) return false;
    }
    for (size_t w = 0; p->failed && w < workers; w++) p->failed[w] = SIZE_MAX;
    return p->packed && p->slab && p->err && p->failed;
}

static pm_status pack(packing *p, const compute *c, arena *a, const float *bias, linear *l,
                      pm_err *err)
{
    size_t workers = (size_t)threads_count(c->pool), width = p->k->width;
    arena *scratch = arena_open(0);
    pm_status s = PM_OK;
    if (!scratch || !rooms(p, a, scratch, l, workers))
        s = err_set(err, PM_E_MEMORY, "weights [%zu x %zu]: no memory to pack them", p->n_out,
                    p->n_in);
    if (s == PM_OK && bias) {
        float *copy = arena_alloc(a, linear_up(p->n_out, LINEAR_COLS), sizeof *copy);
        if (copy)
            memcpy(copy, bias, p->n_out * sizeof *copy);
        else
            s = err_set(err, PM_E_MEMORY, "bias [%zu]: no memory", p->n_out);
        l->bias = copy;
    }
    if (s == PM_OK) {
        s = threads_for(c->pool, linear_up(p->n_out, width) / width, 1, pack_panels, p);
        if (s) s = refused(p, workers, s, err);
    }
    arena_close(scratch);
    return s;
}

pm_status linear_pack_for(const linear_kernels *k, const compute *c, arena *a, size_t n_out,
                          size_t n_in, linear_fetch rows, void *arg, const float *bias,
                          linear_kind kind, linear *out, pm_err *err)
{
    memset(out, 0, sizeof *out);
    if (kind == LINEAR_I8 && n_in > MOST_IN_I8)
        return err_set(err, PM_E_SHAPE,
                       "weights [%zu x %zu] in int8: wanted at most %zu inputs, beyond which sums "
                       "could overflow",
                       n_out, n_in, MOST_IN_I8);
    for (size_t i = 0; bias && i < n_out; i++)
        if (!isfinite(bias[i]))
            return err_set(err, PM_E_FORMAT, "bias: output %zu: found %g, wanted a finite number",
                           i, (double)bias[i]);
    if (n_out > SIZE_MAX / 2 || n_in > SIZE_MAX / 2)
        return err_set(err, PM_E_SHAPE, "weights [%zu x %zu]: too many to count", n_out, n_in);
    linear l = {.kind = kind, .n_in = n_in, .n_out = n_out, .k = k};
    packing p = {.k = k, .fetch = rows, .arg = arg, .n_out = n_out, .n_in = n_in};
    p.steps = linear_steps(k, n_in);
    pm_status s = pack(&p, c, a, bias, &l, err);
    if (s == PM_OK) *out = l;
    return s;
}

pm_status linear_pack(const compute *c, arena *a, size_t n_out, size_t n_in, linear_fetch rows,
                      void *arg, const float *bias, linear_kind kind, linear *out, pm_err *err)
{
    return linear_pack_for(linear_choose(c, kind), c, a, n_out, n_in, rows, arg, bias, kind, out,
                           err);
}

size_t linear_bytes(const linear *l)
{
    size_t cols = linear_up(l->n_out, LINEAR_COLS), width = l->k->width;
    size_t columns = (size_t)(l->bias != NULL) + (l->scale != NULL) + (l->shift != NULL);
    return linear_up(l->n_out, width) * linear_steps(l->k, l->n_in) * 4 + columns * cols * 4;
}
