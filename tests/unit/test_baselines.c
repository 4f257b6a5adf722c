/* SPDX-License-Identifier: MIT
 *
 * The standing rows on a data set made by hand: every choice worked out on paper.  The real sets are in
 * test_baselines_real.c.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval/baselines.h"
#include "suite.h"

#define N 14
#define M 3

/* Ten train prompts, four of test; domains a, b, and c that only test has.  Train means: .5, .5, .4. */
static const float value[N * M] = {1, 0, 0, 1, 0, 0, 1, 0, 0, /* a: x wins */
                                   0, 1, 0, 0, 1, 0,          /* a: y */
                                   0, 1, 1, 0, 1, 1,          /* b: y and z are as good */
                                   1, 0, 1, 0, 1, 1, 1, 0, 0, /* b: y 3 of 5, z 4 of 5 */
                                   0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0};
static const uint32_t domain[N] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1, 2, UINT32_MAX};
static const char *const domains[] = {"a", "b", "c"};
static const char *const ids[N] = {"0", "1", "2", "3",  "4",  "5",  "6",
                                   "7", "8", "9", "10", "11", "12", "13"};
static const uint32_t train[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, test[] = {10, 11, 12, 13};

typedef struct bench {
    arena *a;
    dataset d;
    split s;
    library_builder *b;
    library lib;
} bench;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pm_err must_err = PM_ERR_INIT;                                                             \
        pm_err *err = &must_err;                                                                   \
        ck_assert_msg((call) == PM_OK, "%s", err_text(err));                                       \
    } while (0)

static bench open_bench(void)
{
    static const char *const name[M] = {"x", "y", "z"};
    static const char *const text[N] = {"l",        "ll",       "lll",     "l",     "ll",
                                        "lllll",    "llllll",   "lllllll", "lllll", "llllll",
                                        "\xc3\xa9", "llllllll", "lll",     "l"};
    bench k = {.a = arena_open(0)};
    pm_str *texts = arena_alloc(k.a, N, sizeof *texts);
    for (int i = 0; i < N; i++) texts[i] = pm_str_of(text[i]);
    k.b = library_begin(k.a, "hand");
    for (int j = 0; j < M; j++) {
        MUST(library_add(k.b, name[j], err));
        MUST(library_attr_number(k.b, "params", j == 1 ? 1e9 : 2e9, err));
        if (j < 2) MUST(library_attr_number(k.b, "price_in", 3 - j, err));
        if (j < 2) MUST(library_attr_number(k.b, "price_out", 3 - j, err));
    }
    MUST(library_finish(k.b, &k.lib, err));
    k.d = (dataset){.name = "hand",
                    .n = N,
                    .m = M,
                    .id = ids,
                    .text = texts,
                    .domain = domain,
                    .domains = domains,
                    .n_domains = 3,
                    .kind = PM_VALUE_QUALITY,
                    .value = {value, N, M, M}};
    k.s = (split){
        .fit = train, .test = test, .train = train, .n_fit = 10, .n_test = 4, .n_train = 10};
    return k;
}

static const policy *find(const policy *p, size_t n, const char *label)
{
    for (size_t k = 0; k < n; k++)
        if (strcmp(p[k].label, label) == 0) return &p[k];
    return NULL;
}

static void check_choice(const policy *p, size_t n, const char *label, const char *want)
{
    const policy *found = find(p, n, label);
    ck_assert_msg(found != NULL, "no row \"%s\"", label);
    for (int i = 0; i < 4; i++)
        ck_assert_msg((char)('x' + found->choice[i]) == want[i],
                      "%s: prompt %d goes to %c, want %c", label, i, 'x' + (char)found->choice[i],
                      want[i]);
}

START_TEST(rows_by_hand)
{
    bench k = open_bench();
    policy *p;
    size_t n, best;
    MUST(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, err));
    ck_assert_uint_eq(n, 9 + M);
    ck_assert_uint_eq(best, 0); /* x and y tie at .5: the lower column */
    check_choice(p, n, "best single (train)", "xxxx");
    check_choice(p, n, "cheapest single", "yyyy"); /* z has no price, so parameters decide */
    ck_assert_str_eq(find(p, n, "cheapest single")->setting, "parameters");
    check_choice(p, n, "best single (test, hindsight)", "xxxx"); /* .5 .5 .5: train mean, column */
    check_choice(p, n, "domain majority", "xzxx"); /* a: x .6; b: z .8; unseen and none: x */
    /* b shrunk: y (3 + 5)/15 = .533, z (4 + 4)/15 = .533: tied, y has the better train mean. */
    check_choice(p, n, "domain, shrunk n0=10", "xyxx");
    check_choice(p, n, "domain oracle", "yxzx"); /* b: x and z are right, x is better on train */
    check_choice(p, n, "oracle", "yxzx");
    check_choice(p, n, "z", "zzzz");
    const policy *random = find(p, n, "random (exact)");
    ck_assert_float_eq_tol(pm_crow(random->share, 3)[2], 1.0f / 3, 1e-6f);
    ck_assert_int_eq(find(p, n, "oracle")->role, POLICY_CEILING);
    arena_close(k.a);
}
END_TEST

/* Lengths of train: 1 2 3 1 2 5 6 7 5 6, deciles by linear interpolation 1 1.8 2 2.6 4 5 5.3 6 6.1.  Bins hold
 * edges at or below the length: 1 -> bin 1 {0, 3}: x, y tie -> x; 8 -> bin 9 {7}: x, z tie -> x. */
START_TEST(length_counts_code_points)
{
    bench k = open_bench();
    policy *p;
    size_t n, best;
    MUST(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, err));
    check_choice(p, n, "prompt length, 10 bins", "xxxx");
    float more[N * M];
    memcpy(more, value, sizeof more);
    more[0 * M + 0] = 0; /* now only y is ever right among prompts of one code point */
    k.d.value.at = more;
    MUST(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, err));
    ck_assert_uint_eq(find(p, n, "prompt length, 10 bins")->choice[0], 1);
    arena_close(k.a);
}
END_TEST

START_TEST(losses_are_read_the_other_way)
{
    bench k = open_bench();
    float loss[N * M], prior[M];
    for (int c = 0; c < N * M; c++) loss[c] = 1 - value[c];
    k.d.value.at = loss;
    k.d.kind = PM_VALUE_LOSS;
    policy *p;
    size_t n, best;
    MUST(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, err));
    check_choice(p, n, "domain majority", "xzxx");
    check_choice(p, n, "oracle", "yxzx");
    baselines_prior(&k.d, &k.s, prior);
    ck_assert_float_eq_tol(prior[2], -0.6f, 1e-6f);
    arena_close(k.a);
}
END_TEST

START_TEST(cheapest_by_cost_then_price)
{
    bench k = open_bench();
    float usd[N * M];
    for (int c = 0; c < N * M; c++) usd[c] = c % M == 2 ? 0.5f : 1;
    policy *p;
    size_t n, best;
    k.d.cost_usd = (pm_cmat){usd, N, M, M};
    MUST(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, err));
    check_choice(p, n, "cheapest single", "zzzz");
    ck_assert_str_eq(find(p, n, "cheapest single")->setting, "cost");
    arena_close(k.a);
}
END_TEST

START_TEST(rows_without_evidence_are_left_out)
{
    bench k = open_bench();
    library bare;
    library_builder *b = library_begin(k.a, "bare");
    policy *p;
    size_t n, best;
    for (int j = 0; j < M; j++) MUST(library_add(b, j == 0 ? "x" : j == 1 ? "y" : "z", err));
    MUST(library_finish(b, &bare, err));
    k.d.n_domains = 0;
    MUST(baselines_make(&k.d, &k.s, &bare.view, k.a, &p, &n, &best, err));
    ck_assert_ptr_null(find(p, n, "cheapest single"));
    ck_assert_ptr_null(find(p, n, "domain majority"));
    ck_assert_ptr_nonnull(find(p, n, "oracle"));
    arena_close(k.a);
}
END_TEST

START_TEST(unknown_cells_are_refused)
{
    bench k = open_bench();
    float holes[N * M];
    memcpy(holes, value, sizeof holes);
    holes[11 * M + 1] = NAN;
    k.d.value.at = holes;
    policy *p;
    size_t n, best;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "prompt \"11\", expert \"y\""));
    k.s.n_test = 0;
    ck_assert_int_eq(baselines_make(&k.d, &k.s, &k.lib.view, k.a, &p, &n, &best, &err), PM_E_ARG);
    arena_close(k.a);
}
END_TEST

START_TEST(picks_break_ties_by_prior)
{
    const double prior[] = {.1, .3, .2}, tied[] = {.5, .5, .5}, near[] = {.5, .5 - 1e-8, .5 + 2e-6};
    ck_assert_uint_eq(baselines_pick(tied, prior, 3), 1);
    ck_assert_uint_eq(baselines_pick(near, prior, 3), 2);
    ck_assert_uint_eq(baselines_pick(near, prior, 2), 1);
    ck_assert_uint_eq(baselines_pick(tied, tied, 3), 0);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("baselines");
    tcase_add_test(c, rows_by_hand);
    tcase_add_test(c, length_counts_code_points);
    tcase_add_test(c, losses_are_read_the_other_way);
    tcase_add_test(c, cheapest_by_cost_then_price);
    tcase_add_test(c, rows_without_evidence_are_left_out);
    tcase_add_test(c, unknown_cells_are_refused);
    tcase_add_test(c, picks_break_ties_by_prior);
    Suite *s = suite_create("baselines");
    suite_add_tcase(s, c);
    return suite_main(s);
}
