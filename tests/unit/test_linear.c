/* SPDX-License-Identifier: MIT
 *
 * Dense layers against sums in double and against the plain kernels: every kernel that this CPU can run, odd shapes,
 * every finish, and the steps of a matrix unit emulated.  Float32 and int8 to the bit, whatever the rows at once, the
 * columns, the threads and the instruction set.
 */
#include "math_tools.h"

#include "linear_emulated.h"

static arena *room;

static void setup(void)
{
    room = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
}

typedef struct layer {
    size_t rows, n_in, n_out;
    float *x, *w, *bias, *mul, *residual;
} layer;

static layer layer_of(size_t rows, size_t n_in, size_t n_out)
{
    layer y = {rows, n_in, n_out, NULL, NULL, NULL, NULL, NULL};
    y.x = tools_floats(room, rows * n_in, 1);
    y.w = tools_floats(room, n_out * n_in, 2);
    y.bias = tools_floats(room, n_out, 3);
    y.mul = tools_floats(room, rows * n_out, 4);
    y.residual = tools_floats(room, rows * n_out, 5);
    return y;
}

static pm_status fetch(void *arg, size_t lo, size_t hi, float *out, pm_err *err)
{
    const layer *y = arg;
    (void)err;
    memcpy(out, y->w + lo * y->n_in, (hi - lo) * y->n_in * sizeof *out);
    return PM_OK;
}

/* Every kernel of a kind that this CPU can run, and the emulated one; the plain one is the first. */
static size_t kernels_of(linear_kind kind, const linear_kernels *out[8])
{
    const kernels *set[4];
    size_t n_sets = tools_kernels(set), n = 0;
    compute c = {.cpu = cpu_detect()};
    for (size_t s = 0; s < n_sets; s++)
        for (int plain = 0; plain < 2; plain++) {
            compute d = c;
            d.k = set[s];
            if (plain) d.cpu.avx512_vnni = d.cpu.avx512_bf16 = d.cpu.avx_vnni = false;
            const linear_kernels *k = linear_choose(&d, kind);
            size_t i = 0;
            while (i < n && out[i] != k) i++;
            if (i == n) out[n++] = k;
        }
    if (kind == LINEAR_BF16) out[n++] = &emulated_bf16;
    if (kind == LINEAR_I8) out[n++] = &emulated_i8;
    return n;
}

static linear packed(const linear_kernels *k, layer *y, linear_kind kind, bool bias)
{
    compute c = {.pool = NULL};
    linear l;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(linear_pack_for(k, &c, room, y->n_out, y->n_in, fetch, y, bias ? y->bias : NULL,
                                  kind, &l, &err) == PM_OK,
                  "%s", err_text(&err));
    return l;
}

static float *applied(const linear *l, const linear_run *how, size_t rows)
{
    float *out = arena_alloc_uncleared(room, rows * l->n_out, sizeof *out);
    void *work = arena_alloc_uncleared(room, linear_room(l, rows), 1);
    linear_run run = *how;
    run.out = out;
    run.ldo = l->n_out;
    memset(out, 0xff, rows * l->n_out * sizeof *out);
    memset(work, 0xff, linear_room(l, rows));
    linear_apply(l, NULL, &run, rows, work);
    return out;
}

static float rounded(float v, linear_kind kind)
{
    return kind == LINEAR_BF16 ? linear_from_bf16(linear_bf16(v)) : v;
}

static double plain_act(linear_act act, double v)
{
    switch (act) {
    case LINEAR_GELU:
        return 0.5 * v * (1 + erf(v * M_SQRT1_2));
    case LINEAR_GELU_TANH:
        return 0.5 * v * (1 + tanh(sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
    case LINEAR_SILU:
        return v / (1 + exp(-v));
    case LINEAR_RELU:
        return v > 0 ? v : 0;
    case LINEAR_TANH:
        return tanh(v);
    default:
        return v;
    }
}

/* Largest magnitudes 1: int8 errs by half a step of 1/127 in each factor. */
static double tolerance(const layer *y, linear_kind kind)
{
    double n = (double)y->n_in;
    if (kind == LINEAR_I8) return 1e-5 + 0.02 * sqrt(n); /* many standard deviations: 0.0033 each */
    return 2e-6 + 3e-7 * n;
}

static void near(const layer *y, const linear *l, const linear_run *run, const float *out)
{
    for (size_t i = 0; i < y->rows; i++)
        for (size_t o = 0; o < y->n_out; o++) {
            double v = l->bias ? y->bias[o] : 0;
            for (size_t k = 0; k < y->n_in; k++)
                v += (double)rounded(y->x[i * y->n_in + k], l->kind) *
                     (double)rounded(y->w[o * y->n_in + k], l->kind);
            v = plain_act(run->act, v);
            if (run->mul) v *= y->mul[i * y->n_out + o];
            if (run->residual) v += y->residual[i * y->n_out + o];
            double got = out[i * y->n_out + o];
            ck_assert_msg(fabs(got - v) <= 2 * tolerance(y, l->kind),
                          "%s: [%zu x %zu] to %zu, act %d, row %zu, output %zu: %g, wanted %g",
                          l->k->name, y->rows, y->n_in, y->n_out, (int)run->act, i, o, got, v);
        }
}

static linear_run run_of(const layer *y, linear_act act, bool mul, bool residual)
{
    return (linear_run){.x = y->x,
                        .ldx = y->n_in,
                        .act = act,
                        .mul = mul ? y->mul : NULL,
                        .ldm = y->n_out,
                        .residual = residual ? y->residual : NULL,
                        .ldr = y->n_out};
}

static void agree(layer *y, linear_kind kind, linear_act act, unsigned bits)
{
    const linear_kernels *set[8];
    size_t n = kernels_of(kind, set);
    linear_run run = run_of(y, act, bits & 1, bits & 2);
    float *first = NULL;
    for (size_t s = 0; s < n; s++) {
        linear l = packed(set[s], y, kind, bits & 4);
        float *out = applied(&l, &run, y->rows);
        near(y, &l, &run, out);
        if (first && set[s]->form != LINEAR_HALVES) /* which has an order of its own */
            ck_assert_msg(tools_same_bits(first, out, y->rows * y->n_out * sizeof *out),
                          "%s: [%zu x %zu] to %zu, act %d: other bits than %s", set[s]->name,
                          y->rows, y->n_in, y->n_out, (int)act, set[0]->name);
        if (!first) first = out;
    }
}

static const linear_kind kinds[] = {LINEAR_F32, LINEAR_BF16, LINEAR_I8};

START_TEST(odd_shapes_agree)
{
    static const size_t ins[] = {1, 2, 3, 4, 5, 15, 16, 31, 33, 63, 64, 65, 70, 384};
    static const size_t outs[] = {1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 130};
    static const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 14, 15, 16, 17, 28, 29, 67};
    for (size_t i = 0; i < 14; i++)
        for (size_t o = 0; o < 14; o++) {
            arena_mark m = arena_save(room);
            layer y = layer_of(rows[(i * 5 + o * 3) % 17], ins[i], outs[o]);
            agree(&y, kinds[(i + o) % 3], LINEAR_NONE, (unsigned)(i + o) % 8);
            arena_release(room, m);
        }
}
END_TEST

START_TEST(finishes_agree)
{
    for (int act = LINEAR_NONE; act <= (int)LINEAR_TANH; act++)
        for (unsigned bits = 0; bits < 8; bits++) {
            arena_mark m = arena_save(room);
            layer y = layer_of(9, 20, 83);
            for (size_t k = 0; k < 3; k++) agree(&y, kinds[k], (linear_act)act, bits);
            arena_release(room, m);
        }
}
END_TEST

/* Rows alone, blocks of columns, several threads and longer strides: the same bits as all at once. */
static void alone_and_apart(layer *y, const linear_kernels *k, linear_kind kind, threads *pool)
{
    linear l = packed(k, y, kind, true);
    linear_run run = run_of(y, LINEAR_SILU, true, true);
    float *all = applied(&l, &run, y->rows);
    size_t n = y->rows * y->n_out, ld = y->n_out + 7;
    float *out = arena_alloc(room, y->rows, ld * sizeof *out);
    size_t work_bytes = linear_room(&l, y->rows) * (size_t)threads_count(pool);
    void *work = arena_alloc_uncleared(room, work_bytes, 1);
    run.out = out;
    run.ldo = ld;
    memset(work, 0xff, work_bytes);
    for (size_t r = 0; r < y->rows; r++)
        for (size_t c0 = 0; c0 < y->n_out; c0 += LINEAR_COLS) {
            size_t c1 = y->n_out - c0 < LINEAR_COLS ? y->n_out : c0 + LINEAR_COLS;
            linear_block(&l, &run, r, r + 1, c0, c1, work);
        }
    for (size_t r = 0; r < y->rows; r++) {
        ck_assert_msg(tools_same_bits(out + r * ld, all + r * y->n_out, y->n_out * sizeof *out),
                      "%s: [%zu x %zu] to %zu: row %zu alone has other bits", k->name, y->rows,
                      y->n_in, y->n_out, r);
        for (size_t j = y->n_out; j < ld; j++) ck_assert(out[r * ld + j] == 0);
    }
    run.out = arena_alloc(room, n, sizeof *out);
    run.ldo = y->n_out;
    linear_apply(&l, pool, &run, y->rows, work);
    ck_assert_msg(tools_same_bits(run.out, all, n * sizeof *out),
                  "%s: [%zu x %zu] to %zu: other bits on several threads", k->name, y->rows,
                  y->n_in, y->n_out);
}

START_TEST(rows_depend_on_themselves_alone)
{
    static const size_t shape[][3] = {{67, 384, 130}, {130, 384, 200}, {13, 1536, 70},
                                      {300, 96, 384}, {20, 1024, 64},  {1, 384, 1500}};
    threads *pool = threads_open(3);
    ck_assert_ptr_nonnull(pool);
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        for (size_t kind = 0; kind < 3; kind++) {
            arena_mark m = arena_save(room);
            layer y = layer_of(shape[i][0], shape[i][1], shape[i][2]);
            const linear_kernels *set[8];
            size_t n = kernels_of(kinds[kind], set);
            for (size_t s = i == 0 ? 0 : 1; s < n; s++)
                alone_and_apart(&y, set[s], kinds[kind], pool);
            arena_release(room, m);
        }
    threads_close(pool);
}
END_TEST

START_TEST(large_inner_dimensions_agree)
{
    layer y = layer_of(15, 1536, 65);
    for (size_t k = 0; k < 3; k++) agree(&y, kinds[k], LINEAR_NONE, 4);
}
END_TEST

START_TEST(out_may_be_mul_or_residual)
{
    layer y = layer_of(17, 40, 75);
    size_t n = y.rows * y.n_out;
    for (size_t k = 0; k < 3; k++) {
        compute c;
        ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
        linear l = packed(linear_choose(&c, kinds[k]), &y, kinds[k], true);
        linear_run run = run_of(&y, LINEAR_GELU, true, true);
        const float *want = applied(&l, &run, y.rows);
        void *work = arena_alloc(room, linear_room(&l, y.rows), 1);
        for (int which = 0; which < 2; which++) {
            float *mine = arena_alloc(room, n, sizeof *mine);
            linear_run in_place = run;
            memcpy(mine, which ? y.residual : y.mul, n * sizeof *mine);
            in_place.out = mine;
            in_place.ldo = y.n_out;
            *(which ? &in_place.residual : &in_place.mul) = mine;
            linear_apply(&l, NULL, &in_place, y.rows, work);
            ck_assert(tools_same_bits(mine, want, n * sizeof *mine));
        }
        compute_close(&c);
    }
}
END_TEST

/* int8: rows and columns of zeros, the largest numbers, and rows that hold what is not finite. */
START_TEST(extremes_of_int8)
{
    const linear_kernels *set[8];
    size_t n = kernels_of(LINEAR_I8, set);
    layer y = layer_of(6, 200, 40);
    for (size_t k = 0; k < y.n_in; k++) {
        y.x[k] = 0;
        y.x[y.n_in + k] = k % 2 ? 3e38f : -3e38f;
        y.x[2 * y.n_in + k] = 1e-38f;
        y.w[k] = 0;
        y.w[y.n_in + k] = k % 2 ? 1 : -1; /* the largest sum */
    }
    y.x[3 * y.n_in + 77] = NAN;
    y.x[4 * y.n_in + 199] = -INFINITY;
    linear_run run = run_of(&y, LINEAR_NONE, false, false);
    float *first = NULL;
    for (size_t s = 0; s < n; s++) {
        linear l = packed(set[s], &y, LINEAR_I8, false);
        float *out = applied(&l, &run, y.rows);
        for (size_t o = 0; o < y.n_out; o++) {
            ck_assert(out[o] == 0 && out[2 * y.n_out + o] == 0);
            ck_assert(isnan(out[3 * y.n_out + o]) && isnan(out[4 * y.n_out + o]));
            ck_assert(isfinite(out[5 * y.n_out + o]));
        }
        ck_assert(out[y.n_out] == 0 && out[5 * y.n_out] == 0);
        ck_assert(isinf(out[y.n_out + 1])); /* 200 times 3e38 */
        if (first)
            ck_assert(
                tools_same_bits(first, out, 3 * y.n_out * sizeof *out) &&
                tools_same_bits(first + 5 * y.n_out, out + 5 * y.n_out, y.n_out * sizeof *out));
        first = out;
    }
}
END_TEST

/* x with columns of very different sizes: evened out it errs far less, and the same on every kernel. */
START_TEST(columns_are_evened_out)
{
    const linear_kernels *set[8];
    size_t n = kernels_of(LINEAR_I8, set);
    layer y = layer_of(5, 150, 40);
    float *even = tools_floats(room, y.n_in, 9), *first = NULL;
    linear_run run = run_of(&y, LINEAR_NONE, false, false);
    for (size_t k = 0; k < y.n_in; k++) {
        even[k] = k % 50 == 7 ? .01f : 1 + fabsf(even[k]);
        for (size_t i = 0; i < y.rows; i++) y.x[i * y.n_in + k] /= even[k];
    }
    layer divided = y;
    divided.w = arena_alloc(room, y.n_in * y.n_out, sizeof *y.w);
    for (size_t i = 0; i < y.n_in * y.n_out; i++) {
        y.w[i] *= even[i % y.n_in];
        divided.w[i] = y.w[i] / even[i % y.n_in];
    }
    for (size_t s = 0; s < n; s++) {
        linear l = packed(set[s], &divided, LINEAR_I8, true);
        l.even = even;
        float *out = applied(&l, &run, y.rows);
        near(&y, &l, &run, out);
        ck_assert(!first || tools_same_bits(first, out, y.rows * y.n_out * sizeof *out));
        first = out;
    }
}
END_TEST

static pm_status refusing(void *arg, size_t lo, size_t hi, float *out, pm_err *err)
{
    (void)arg;
    memset(out, 0, (hi - lo) * 10 * sizeof *out);
    return lo >= 128 ? err_set(err, PM_E_IO, "rows %zu: cannot be read", lo) : PM_OK;
}

START_TEST(bad_weights_are_refused)
{
    compute c;
    linear l;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(2, &c, NULL), PM_OK);
    layer y = layer_of(1, 10, 400);
    y.w[3999] = NAN;
    y.w[2345] = -INFINITY;
    for (size_t k = 0; k < 3; k++) {
        pm_status s = linear_pack(&c, room, 400, 10, fetch, &y, NULL, kinds[k], &l, &err);
        ck_assert_int_eq(s, PM_E_FORMAT);
        ck_assert_msg(strstr(err_text(&err), "output 234, input 5"), "%s", err_text(&err));
        ck_assert_ptr_null(l.packed);
        s = linear_pack(&c, room, 400, 10, refusing, NULL, NULL, kinds[k], &l, &err);
        ck_assert_int_eq(s, PM_E_IO);
        ck_assert_msg(strstr(err_text(&err), "rows 128"), "%s", err_text(&err));
    }
    y.w[3999] = 3.4e38f; /* rounds to infinity in bfloat16 */
    y.w[2345] = 0;
    ck_assert_int_eq(linear_pack(&c, room, 400, 10, fetch, &y, NULL, LINEAR_F32, &l, &err), PM_OK);
    ck_assert_int_eq(linear_pack(&c, room, 400, 10, fetch, &y, NULL, LINEAR_BF16, &l, &err),
                     PM_E_FORMAT);
    y.w[3999] = 0;
    y.bias[7] = NAN;
    ck_assert_int_eq(linear_pack(&c, room, 400, 10, fetch, &y, y.bias, LINEAR_F32, &l, &err),
                     PM_E_FORMAT);
    ck_assert_msg(strstr(err_text(&err), "bias: output 7"), "%s", err_text(&err));
    ck_assert_int_eq(linear_pack(&c, room, 1, 65537, fetch, &y, NULL, LINEAR_I8, &l, &err),
                     PM_E_SHAPE);
    compute_close(&c);
}
END_TEST

START_TEST(memory_may_be_short)
{
    compute c;
    linear l;
    pm_err err = PM_ERR_INIT;
    layer y = layer_of(1, 64, 400);
    ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
    for (size_t k = 0; k < 3; k++) {
        size_t n = 0;
        pm_status s = PM_E_MEMORY;
        for (; s != PM_OK && n < 40; n++) {
            arena *a = arena_open(0);
            mem_fail_after(n + 1);
            s = linear_pack(&c, a, 400, 64, fetch, &y, y.bias, kinds[k], &l, &err);
            mem_fail_after(0);
            ck_assert(s == PM_OK || s == PM_E_MEMORY);
            arena_close(a);
        }
        ck_assert(s == PM_OK && n > 1);
        arena *a = arena_open(0);
        s = linear_pack(&c, a, (size_t)1 << 40, (size_t)1 << 40, fetch, &y, NULL, kinds[k], &l,
                        &err);
        ck_assert(s == PM_E_MEMORY || s == PM_E_SHAPE);
        arena_close(a);
    }
    compute_close(&c);
}
END_TEST

START_TEST(bytes_and_names_are_told)
{
    compute c;
    ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
    layer y = layer_of(1, 64, 128);
    static const size_t bytes[] = {64 * 128 * 4, 64 * 128 * 2, 64 * 128};
    for (size_t k = 0; k < 3; k++) {
        linear l = packed(linear_choose(&c, kinds[k]), &y, kinds[k], false);
        ck_assert(linear_bytes(&l) >= bytes[k]);
        ck_assert(linear_bytes(&l) <= bytes[k] * (k == 2 ? 2 : 1) + 2 * 128 * 4);
        ck_assert_str_eq(linear_kernel_name(&c, kinds[k]), l.k->name);
    }
    compute_close(&c);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("linear");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, odd_shapes_agree);
    tcase_add_test(tc, finishes_agree);
    tcase_add_test(tc, rows_depend_on_themselves_alone);
    tcase_add_test(tc, large_inner_dimensions_agree);
    tcase_add_test(tc, out_may_be_mul_or_residual);
    tcase_add_test(tc, extremes_of_int8);
    tcase_add_test(tc, columns_are_evened_out);
    tcase_add_test(tc, bad_weights_are_refused);
    tcase_add_test(tc, memory_may_be_short);
    tcase_add_test(tc, bytes_and_names_are_told);
    return tools_run(tc, "linear");
}
