/* SPDX-License-Identifier: MIT
 *
 * Products packed on both sides, in every orientation and beyond every block, beside sums in double; and adjoints: <A x, y> =
 * <x, A' y>.
 */
#define _XOPEN_SOURCE 700

#include "math/product.h"
#include "math_tools.h"

typedef struct shape {
    size_t m, n, k;
} shape;

static const shape shapes[] = {{1, 1, 1},    {3, 5, 2},     {17, 33, 19},  {40, 7, 129},
                               {70, 65, 64}, {5, 2100, 31}, {4100, 6, 9},  {9, 8, 4200},
                               {130, 48, 1}, {16, 64, 256}, {129, 530, 77}};

static pm_cmat matrix(arena *a, char t, size_t rows, size_t cols, uint64_t seed)
{
    size_t r = t == 'T' ? cols : rows, c = t == 'T' ? rows : cols;
    return (pm_cmat){tools_floats(a, r * (c + 3), seed), r, c, c + 3};
}

static double at(char t, pm_cmat m, size_t i, size_t j)
{
    return (double)(t == 'T' ? pm_crow(m, j)[i] : pm_crow(m, i)[j]);
}

typedef struct trial {
    arena *a;
    compute c;
    void *room;
} trial;

static void trial_open(trial *t, int n_threads)
{
    t->a = arena_open(1 << 20);
    ck_assert_int_eq(compute_open(n_threads, &t->c, NULL), PM_OK);
    t->room = arena_alloc_uncleared(t->a, product_room(), 1);
    ck_assert_ptr_nonnull(t->room);
}

static void trial_close(trial *t)
{
    compute_close(&t->c);
    arena_close(t->a);
}

/* The sum of magnitudes bounds the rounding: float32 sums, and bfloat16 inputs of 8 bits each. */
static void check_one(const product *p, const pm_mat was, size_t i, size_t j, double unit)
{
    size_t inner = p->ta == 'T' ? p->a.rows : p->a.cols;
    double sum = p->adds ? (double)pm_row(was, i)[j] : 0, size = fabs(sum);
    for (size_t k = 0; k < inner; k++) {
        double x = at(p->ta, p->a, i, k) * at(p->tb, p->b, k, j);
        sum += x;
        size += fabs(x);
    }
    if (p->bias) sum += (double)p->bias[j];
    ck_assert_msg(fabs((double)pm_row(p->out, i)[j] - sum) <= unit * (size + 1),
                  "%c%c [%zu x %zu x %zu] at %zu, %zu: found %g, wanted %g", p->ta, p->tb,
                  p->out.rows, p->out.cols, inner, i, j, (double)pm_row(p->out, i)[j], sum);
}

static void check_shape(trial *t, const shape *s, const char *letters, bool adds, bool bf16)
{
    arena_mark mark = arena_save(t->a);
    size_t ld = s->n + 5;
    product p = {.ta = letters[0], .tb = letters[1], .adds = adds, .bf16_ok = bf16};
    p.a = matrix(t->a, p.ta, s->m, s->k, 1);
    p.b = matrix(t->a, p.tb, s->k, s->n, 2);
    p.out = (pm_mat){tools_floats(t->a, s->m * ld, 3), s->m, s->n, ld};
    p.bias = adds ? NULL : tools_floats(t->a, s->n, 4);
    pm_mat was = {tools_floats(t->a, s->m * ld, 3), s->m, s->n, ld};
    product_run(&t->c, t->c.pool, &p, t->room);
    size_t step_i = s->m / 40 + 1, step_j = s->n / 40 + 1;
    for (size_t i = 0; i < s->m; i += step_i)
        for (size_t j = 0; j < s->n; j += step_j) check_one(&p, was, i, j, bf16 ? 8e-3 : 2e-6);
    check_one(&p, was, s->m - 1, s->n - 1, bf16 ? 8e-3 : 2e-6);
    for (size_t i = 0; i < s->m; i++) /* what lies between rows stays */
        ck_assert_mem_eq(pm_row(p.out, i) + s->n, pm_row(was, i) + s->n, 5 * sizeof(float));
    arena_release(t->a, mark);
}

START_TEST(every_orientation)
{
    static const char *const letters[] = {"NN", "NT", "TN", "TT"};
    trial t;
    setenv("POINTSMAN_CPU", _i == 0 ? "scalar" : "", 1);
    if (_i != 0) unsetenv("POINTSMAN_CPU");
    trial_open(&t, 2);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t l = 0; l < 4; l++)
            for (int adds = 0; adds < 2; adds++)
                for (int bf16 = 0; bf16 < 2; bf16++)
                    check_shape(&t, &shapes[s], letters[l], adds != 0, bf16 != 0);
    trial_close(&t);
}
END_TEST

static double inner_product(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

START_TEST(adjoints)
{
    enum { T = 37, I = 50, O = 70 };
    trial t;
    trial_open(&t, 2);
    float *w = tools_floats(t.a, O * I, 1), *x = tools_floats(t.a, T * I, 2);
    float *dy = tools_floats(t.a, T * O, 3), *y = tools_floats(t.a, T * O, 4);
    float *dx = tools_floats(t.a, T * I, 5), *dw = tools_floats(t.a, O * I, 6);
    pm_cmat cw = {w, O, I, I}, cx = {x, T, I, I}, cdy = {dy, T, O, O};
    product forward = {.ta = 'N', .tb = 'T', .a = cx, .b = cw, .out = {y, T, O, O}};
    product to_x = {.ta = 'N', .tb = 'N', .a = cdy, .b = cw, .out = {dx, T, I, I}};
    product to_w = {.ta = 'T', .tb = 'N', .a = cdy, .b = cx, .out = {dw, O, I, I}};
    product_run(&t.c, t.c.pool, &forward, t.room);
    product_run(&t.c, t.c.pool, &to_x, t.room);
    product_run(&t.c, t.c.pool, &to_w, t.room);
    double along = inner_product(y, dy, T * O);
    ck_assert_double_eq_tol(inner_product(x, dx, T * I), along, 1e-4);
    ck_assert_double_eq_tol(inner_product(w, dw, O * I), along, 1e-4);
    trial_close(&t);
}
END_TEST

START_TEST(threads_change_no_byte)
{
    trial one, three;
    trial_open(&one, 1);
    trial_open(&three, 3);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        float *x = tools_floats(one.a, 300 * 90, 1), *y = tools_floats(one.a, 300 * 700, 2);
        float *a = tools_floats(one.a, 90 * 700, 3), *b = tools_floats(one.a, 90 * 700, 3);
        product p = {.ta = 'T', .tb = 'N', .adds = true, .bf16_ok = bf16 != 0};
        p.a = (pm_cmat){x, 300, 90, 90};
        p.b = (pm_cmat){y, 300, 700, 700};
        p.out = (pm_mat){a, 90, 700, 700};
        product_run(&one.c, one.c.pool, &p, one.room);
        p.out.at = b;
        product_run(&three.c, three.c.pool, &p, three.room);
        ck_assert_mem_eq(a, b, 90 * 700 * sizeof *a);
    }
    trial_close(&one);
    trial_close(&three);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("product");
    tcase_add_loop_test(t, every_orientation, 0, 2);
    tcase_add_test(t, adjoints);
    tcase_add_test(t, threads_change_no_byte);
    return tools_run(t, "product");
}
