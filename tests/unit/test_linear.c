/* SPDX-License-Identifier: MIT
 *
 * Dense layers against sums in double and against the plain kernels: every kernel that this CPU can run, odd shapes,
 * every finish.  Float32 and int8 to the bit, whatever the rows at once, the columns, the threads and the
 * instruction set.
 */
#include "math_tools.h"

#include "math/linear_kernels.h"

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

/* Every kernel of a kind that this CPU can run; the plain one is the first. */
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
        if (kind != LINEAR_BF16 && first)
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

int main(void)
{
    TCase *tc = tcase_create("linear");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, odd_shapes_agree);
    tcase_add_test(tc, finishes_agree);
    return tools_run(tc, "linear");
}
