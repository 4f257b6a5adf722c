/* SPDX-License-Identifier: MIT
 *
 * Fused attention against sums in double; rows to the bit whatever the blocks, the heads given and the instruction
 * set; derivatives against finite differences of the double form and against its formulas.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "math/attention.h"
#include "math/rows.h"
#include "math_tools.h"

typedef struct shape {
    size_t heads, kv, dim, n_q, n_k;
    bool causal;
    float size; /* of queries */
} shape;

static const shape shapes[] = {
    {12, 12, 32, 128, 128, false, 2}, {2, 2, 64, 37, 37, false, 3},
    {9, 3, 64, 50, 50, true, 3},      {4, 2, 80, 1, 530, true, 2},
    {2, 1, 128, 19, 700, true, 2},    {1, 1, 32, 5, 2048, false, 3},
    {3, 3, 7, 13, 13, true, 2},       {2, 2, 40, 33, 33, false, 2},
    {2, 1, 8, 1, 1, true, 1},         {1, 1, 20, 70, 1100, true, 2},
    {2, 2, 32, 512, 512, false, 40},  {3, 1, 24, 1, 100, false, 2},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

typedef struct bed {
    arena *a;
    attention_run r;
    attention_drop drop;
    float *lse, *dout;
    double *out, *dq, *dk, *dv; /* in double */
} bed;

static bed lay(const shape *s, float drop)
{
    bed b = {.a = arena_open(0)};
    const size_t w = s->heads * s->dim, wk = s->kv * s->dim;
    float *q = tools_floats(b.a, s->n_q * (w + 3), 1), *k = tools_floats(b.a, s->n_k * (wk + 5), 2),
          *v = tools_floats(b.a, s->n_k * (wk + 5), 3);
    for (size_t i = 0; i < s->n_q * (w + 3); i++) q[i] *= s->size;
    b.r = (attention_run){q,
                          w + 3,
                          k,
                          v,
                          wk + 5,
                          wk + 5,
                          tools_floats(b.a, s->n_q * (w + 1), 4),
                          w + 1,
                          s->heads,
                          s->kv,
                          s->dim,
                          s->n_q,
                          s->n_k,
                          s->causal,
                          1 / sqrtf((float)s->dim),
                          false};
    b.lse = tools_floats(b.a, s->heads * s->n_q, 5);
    b.dout = tools_floats(b.a, s->n_q * w, 6);
    b.drop = (attention_drop){drop, 99, 640, 7};
    b.out = arena_alloc(b.a, s->n_q * w, sizeof(double));
    b.dq = arena_alloc(b.a, s->n_q * w, sizeof(double));
    b.dk = arena_alloc(b.a, s->n_k * wk, sizeof(double));
    b.dv = arena_alloc(b.a, s->n_k * wk, sizeof(double));
    ck_assert(b.out && b.dq && b.dk && b.dv);
    return b;
}

static size_t seen(const attention_run *r, size_t i)
{
    return r->causal ? r->n_k - r->n_q + i + 1 : r->n_k;
}

/* Factors of dropout of row (h, i). */
static void factors(const bed *b, size_t h, size_t i, float *z)
{
    const cpu_features none = {.avx2 = false};
    compute plain = {.k = kernels_choose(&none, "scalar")};
    for (size_t j = 0; j < b->r.n_k; j++) z[j] = 1;
    rows_dropout(&plain, z, b->r.n_k, b->drop.p, b->drop.seed, b->drop.stream,
                 b->drop.first + attention_row_places(b->r.n_k) * (h * b->r.n_q + i));
}

/* p [n_k] of row (h, i). */
static void softmax_row(const attention_run *r, size_t h, size_t i, double *p)
{
    const float *q = r->q + i * r->ldq + h * r->head_dim;
    double most = -INFINITY, sum = 0;
    for (size_t j = 0; j < seen(r, i); j++) {
        const float *k = r->k + j * r->ldk + h / (r->n_heads / r->n_kv_heads) * r->head_dim;
        p[j] = 0;
        for (size_t e = 0; e < r->head_dim; e++) p[j] += (double)q[e] * (double)k[e];
        p[j] *= (double)r->scale;
        most = p[j] > most ? p[j] : most;
    }
    for (size_t j = 0; j < seen(r, i); j++) sum += p[j] = exp(p[j] - most);
    for (size_t j = 0; j < r->n_k; j++) p[j] = j < seen(r, i) ? p[j] / sum : 0;
}

/* The formulas, row by row. */
static void reference_row(bed *b, size_t h, size_t i, double *p, float *z)
{
    const attention_run *r = &b->r;
    const size_t d = r->head_dim, g = h / (r->n_heads / r->n_kv_heads), w = r->n_heads * d,
                 wk = r->n_kv_heads * d;
    double *o = b->out + i * w + h * d, dot = 0;
    const float *dout = b->dout + i * w + h * d;
    softmax_row(r, h, i, p);
    factors(b, h, i, z);
    memset(o, 0, d * sizeof *o);
    for (size_t j = 0; j < seen(r, i); j++)
        for (size_t e = 0; e < d; e++) {
            double pz = p[j] * (double)z[j];
            o[e] += pz * (double)r->v[j * r->ldv + g * d + e];
            b->dv[j * wk + g * d + e] += pz * (double)dout[e];
        }
    for (size_t e = 0; e < d; e++) dot += o[e] * (double)dout[e];
    for (size_t j = 0; j < seen(r, i); j++) {
        double dp = 0;
        for (size_t e = 0; e < d; e++) dp += (double)dout[e] * (double)r->v[j * r->ldv + g * d + e];
        double ds = p[j] * (dp * (double)z[j] - dot) * (double)r->scale;
        for (size_t e = 0; e < d; e++) {
            b->dq[i * w + h * d + e] += ds * (double)r->k[j * r->ldk + g * d + e];
            b->dk[j * wk + g * d + e] += ds * (double)r->q[i * r->ldq + h * d + e];
        }
    }
}

static void reference(bed *b)
{
    const attention_run *r = &b->r;
    double *p = arena_alloc(b->a, r->n_k, sizeof *p);
    float *z = tools_floats(b->a, r->n_k, 0);
    memset(b->dq, 0, r->n_q * r->n_heads * r->head_dim * sizeof(double));
    memset(b->dk, 0, r->n_k * r->n_kv_heads * r->head_dim * sizeof(double));
    memset(b->dv, 0, r->n_k * r->n_kv_heads * r->head_dim * sizeof(double));
    for (size_t h = 0; h < r->n_heads; h++)
        for (size_t i = 0; i < r->n_q; i++) reference_row(b, h, i, p, z);
}

static void *room_of(bed *b, size_t bytes)
{
    ck_assert_uint_eq(bytes % 64, 0);
    float *room = tools_floats(b->a, bytes / sizeof(float), 77);
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        room[i] = NAN; /* nothing is expected there */
    return room;
}

static double apart(const float *x, size_t ld, const double *want, size_t rows, size_t cols)
{
    double most = 0, size = 1e-9;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double e = fabs((double)x[i * ld + j] - want[i * cols + j]);
            most = e > most || isnan(e) ? e : most;
            size = fmax(size, fabs(want[i * cols + j]));
        }
    return most / size;
}

START_TEST(heads_are_sums_in_double)
{
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    for (size_t s = 0; s < N_SHAPES; s++) {
        bed b = lay(&shapes[s], 0);
        reference(&b);
        const size_t w = b.r.n_heads * b.r.head_dim;
        float *first = tools_floats(b.a, b.r.n_q * b.r.ldo, 1);
        for (size_t i = 0; i < n; i++) {
            compute c = {.k = k[i]};
            tools_fill(b.r.out, b.r.n_q * b.r.ldo, 4);
            attention_heads(&c, &b.r, 0, b.r.n_heads, room_of(&b, attention_room(&c, &b.r)));
            double e = apart(b.r.out, b.r.ldo, b.out, b.r.n_q, w);
            ck_assert_msg(e <= (shapes[s].size > 10 ? 3e-5 : 4e-6), "shape %zu %s: %g", s,
                          k[i]->name, e);
            if (i == 0) memcpy(first, b.r.out, b.r.n_q * b.r.ldo * sizeof *first);
            ck_assert(tools_same_bits(first, b.r.out, b.r.n_q * b.r.ldo * sizeof *first));
        }
        arena_close(b.a);
    }
}
END_TEST

/* One query after another, one head after another, as a decoder does it: the same bits. */
START_TEST(rows_do_not_know_their_blocks)
{
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    for (size_t s = 0; s < N_SHAPES; s++) {
        bed b = lay(&shapes[s], 0);
        const attention_run r = b.r;
        const size_t w = r.n_heads * r.head_dim;
        compute c = {.k = k[n - 1]};
        float *whole = tools_floats(b.a, r.n_q * r.ldo, 4), *one = tools_floats(b.a, r.ldo, 5);
        void *room = room_of(&b, attention_room(&c, &r));
        attention_run all = r;
        all.out = whole;
        attention_heads(&c, &all, 0, r.n_heads, room);
        for (size_t i = 0; i<r.n_q; i += r.n_q> 100 ? 31 : 3) {
            attention_run row = r;
            row.q = r.q + i * r.ldq;
            row.out = one;
            row.n_q = 1;
            row.n_k = seen(&r, i);
            void *small = room_of(&b, attention_room(&c, &row));
            attention_heads(&c, &row, 0, r.n_heads, small);
            ck_assert_msg(tools_same_bits(one, whole + i * r.ldo, w * sizeof *one),
                          "shape %zu row %zu", s, i);
            tools_fill(one, r.ldo, 8);
            for (size_t h = 0; h < r.n_heads; h++) attention_heads(&c, &row, h, h + 1, small);
            ck_assert(tools_same_bits(one, whole + i * r.ldo, w * sizeof *one));
        }
        arena_close(b.a);
    }
}
END_TEST

static void run_both(bed *b, const compute *c, float *grad[3])
{
    const attention_run *r = &b->r;
    const size_t w = r->n_heads * r->head_dim, wk = r->n_kv_heads * r->head_dim;
    attention_forward_keep(c, r, &b->drop, b->lse, 0, r->n_heads, room_of(b, attention_room(c, r)));
    attention_back back = {r, &b->drop, b->lse, b->dout, w, grad[0], grad[1], grad[2], w, wk, wk};
    attention_backward(c, &back, 0, r->n_kv_heads, room_of(b, attention_back_room(c, r)));
}

START_TEST(derivatives_are_the_formulas)
{
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    for (size_t s = 0; s < N_SHAPES; s++) {
        bed b = lay(&shapes[s], s % 2 ? 0.3f : 0);
        const attention_run *r = &b.r;
        const size_t w = r->n_heads * r->head_dim, wk = r->n_kv_heads * r->head_dim;
        const size_t rows[3] = {r->n_q, r->n_k, r->n_k}, cols[3] = {w, wk, wk};
        const double *want[3] = {b.dq, b.dk, b.dv};
        float *first[3], *grad[3];
        reference(&b);
        for (size_t t = 0; t < 3; t++) {
            first[t] = tools_floats(b.a, rows[t] * cols[t], 11);
            grad[t] = tools_floats(b.a, rows[t] * cols[t], 12);
        }
        for (size_t i = 0; i < n; i++) {
            run_both(&b, &(compute){.k = k[i]}, i == 0 ? first : grad);
            ck_assert_double_le(apart(r->out, r->ldo, b.out, r->n_q, w),
                                shapes[s].size > 10 ? 3e-5 : 4e-6);
            for (size_t t = 0; t < 3; t++) {
                double e = apart((i == 0 ? first : grad)[t], cols[t], want[t], rows[t], cols[t]);
                ck_assert_msg(e <= (shapes[s].size > 10 ? 2e-4 : 1e-5) || r->n_k == 1,
                              "shape %zu %s part %zu: %g", s, k[i]->name, t, e);
                ck_assert(i == 0 ||
                          tools_same_bits(first[t], grad[t], rows[t] * cols[t] * sizeof(float)));
            }
        }
        arena_close(b.a);
    }
}
END_TEST

/* Of the loss sum(dout out) by the reference itself, so that its formulas are not taken on trust. */
static double loss(bed *b)
{
    double sum = 0;
    reference(b);
    for (size_t i = 0; i < b->r.n_q * b->r.n_heads * b->r.head_dim; i++)
        sum += b->out[i] * (double)b->dout[i];
    return sum;
}

START_TEST(formulas_are_finite_differences)
{
    const shape s = {4, 2, 8, 5, 9, true, 1};
    for (int drop = 0; drop < 2; drop++) {
        bed b = lay(&s, drop ? 0.4f : 0);
        float *part[3] = {(float *)b.r.q, (float *)b.r.k, (float *)b.r.v};
        const size_t ld[3] = {b.r.ldq, b.r.ldk, b.r.ldv};
        double *grad[3] = {b.dq, b.dk, b.dv};
        const size_t cols[3] = {32, 16, 16}, rows[3] = {5, 9, 9};
        for (size_t t = 0; t < 3; t++)
            for (size_t i = 0; i < rows[t]; i++)
                for (size_t j = i % 3; j < cols[t]; j += 3) {
                    float *x = part[t] + i * ld[t] + j, was = *x;
                    *x = was + 0x1p-10f;
                    double up = loss(&b), wide = (double)*x;
                    *x = was - 0x1p-10f;
                    double slope = (up - loss(&b)) / (wide - (double)*x);
                    *x = was;
                    (void)loss(&b);
                    ck_assert_double_eq_tol(grad[t][i * cols[t] + j], slope, 2e-6);
                }
        arena_close(b.a);
    }
}
END_TEST

/* Scores of 1e4: the softmax picks one key; equal keys share; one key gives its value. */
START_TEST(extremes_stay_finite)
{
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    const shape s = {1, 1, 16, 3, 600, false, 1};
    bed b = lay(&s, 0);
    float *q = (float *)b.r.q, *key = (float *)b.r.k;
    for (size_t i = 0; i < 3; i++)
        for (size_t e = 0; e < 16; e++) q[i * b.r.ldq + e] = i == 2 ? 0 : 1e4f;
    for (size_t e = 0; e < 16; e++) key[577 * b.r.ldk + e] = 1;
    double mean = 0;
    for (size_t j = 0; j < 600; j++) mean += (double)b.r.v[j * b.r.ldv] / 600;
    for (size_t i = 0; i < n; i++) {
        compute c = {.k = k[i]};
        attention_heads(&c, &b.r, 0, 1, room_of(&b, attention_room(&c, &b.r)));
        for (size_t e = 0; e < 16; e++) ck_assert_float_eq(b.r.out[e], b.r.v[577 * b.r.ldv + e]);
        ck_assert_double_eq_tol((double)b.r.out[2 * b.r.ldo], mean, 1e-6);
    }
    arena_close(b.a);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("attention");
    tcase_add_test(tc, heads_are_sums_in_double);
    tcase_add_test(tc, rows_do_not_know_their_blocks);
    tcase_add_test(tc, derivatives_are_the_formulas);
    tcase_add_test(tc, formulas_are_finite_differences);
    tcase_add_test(tc, extremes_stay_finite);
    return tools_run(tc, "attention");
}
