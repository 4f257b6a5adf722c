/* SPDX-License-Identifier: MIT
 *
 * The two-model evaluator on the outcomes that RouteLLM released (GPT-4-1106-preview and Mixtral-8x7B): its golden
 * rows, computed independently of this code from the same files in Python.  Wants the folder of the sets in
 * POINTSMAN_DATA, and is skipped without it.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "data/dataset.h"
#include "eval/two_models_lines.h"

#define SKIPPED 77 /* automake's word for it */
#define STRONG  0
#define WEAK    1

typedef struct bench { /* prompts in RouteLLM's order, without those it holds to be contaminated */
    arena *a;
    size_t n, n_all; /* n_all: contaminated ones behind the others (MT-Bench's optimal line) */
    const char **id;
    double *weak, *strong, *length, *negative;
} bench;

static bool starts(const char *id, const char *with)
{
    size_t n = strlen(with);
    return strncmp(id, with, n) == 0 && (id[n] == '/' || id[n] == '\0');
}

/* Lines of a small file, NULL behind the last. */
static const char **lines_of(const char *dir, const char *name, arena *a)
{
    const char *path = io_join(a, dir, name);
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s", path);
    const char **line = arena_alloc(a, 256, sizeof *line);
    char text[256];
    size_t n = 0;
    while (fgets(text, sizeof text, f)) {
        text[strcspn(text, "\r\n")] = '\0';
        ck_assert_uint_lt(n, 255);
        if (text[0]) line[n++] = arena_strdup(a, text);
    }
    fclose(f);
    return line;
}

static bool is_listed(const char *const *line, const char *id)
{
    for (; *line; line++)
        if (strcmp(*line, id) == 0) return true;
    return false;
}

static void add(bench *b, const dataset *d, size_t i)
{
    size_t chars = utf8_count(d->text[i].ptr, d->text[i].len), at = b->n++;
    b->id[at] = d->id[i];
    b->strong[at] = (double)pm_crow(d->value, i)[STRONG];
    b->weak[at] = (double)pm_crow(d->value, i)[WEAK];
    b->length[at] = two_models_length(chars, false);
    b->negative[at] = two_models_length(chars, true);
}

/* Judge scores as the judge gave them, to half points; both turns of a question averaged; routed on the first. */
static void add_question(bench *b, const dataset *d, size_t i)
{
    add(b, d, i);
    double *side[2] = {&b->strong[b->n - 1], &b->weak[b->n - 1]};
    for (int k = 0; k < 2; k++) {
        double first = round(18 * (double)pm_crow(d->value, i)[k] + 2) / 2;
        double second = round(18 * (double)pm_crow(d->value, i + 1)[k] + 2) / 2;
        *side[k] = (first + second) / 2;
    }
}

static void add_all(bench *b, const dataset *d, const char *under, const char *const *gone,
                    bool want_gone)
{
    for (size_t i = 0; i < d->n; i++) {
        size_t len = strlen(d->id[i]);
        if (!starts(d->id[i], under) || is_listed(gone, d->id[i]) != want_gone) continue;
        if (strcmp(under, "mt_bench") != 0)
            add(b, d, i);
        else if (strcmp(d->id[i] + len - 3, "/t1") == 0)
            add_question(b, d, i);
    }
}

static bench read_bench(const char *name)
{
    pm_err err = PM_ERR_INIT;
    bench b = {.a = arena_open(0)};
    dataset d;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    const char *dir = io_join(b.a, getenv("POINTSMAN_DATA"), "routellm_pair");
    ck_assert_msg(dataset_read(dir, &o, b.a, &d, &err) == PM_OK, "%s", err_text(&err));
    const char **gone = lines_of(dir, "contaminated.txt", b.a);
    b.id = arena_alloc(b.a, d.n, sizeof *b.id);
    b.weak = arena_alloc(b.a, d.n, sizeof *b.weak);
    b.strong = arena_alloc(b.a, d.n, sizeof *b.strong);
    b.length = arena_alloc(b.a, d.n, sizeof *b.length);
    b.negative = arena_alloc(b.a, d.n, sizeof *b.negative);
    if (strcmp(name, "mmlu") != 0) {
        add_all(&b, &d, name, gone, false);
    } else {
        const char **subject = lines_of(dir, "mmlu_order.txt", b.a);
        for (; *subject; subject++) add_all(&b, &d, *subject, gone, false);
    }
    size_t kept = b.n;
    if (strcmp(name, "mt_bench") == 0) add_all(&b, &d, name, gone, true);
    b.n_all = b.n;
    b.n = kept;
    return b;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

typedef struct golden_row {
    double cpt20, cpt50, cpt80, auc, apgr; /* NaN: not recorded */
} golden_row;

typedef struct golden_bench {
    const char *name;
    size_t n;
    double unit; /* RouteLLM prints percent on MMLU and GSM8K */
    double weak, strong;
    golden_row random, length, negative, optimal, oracle;
} golden_bench;

/* clang-format off */
static const golden_bench goldens[] = {
    {"mmlu", 14037, 100, 68.09147253686685, 80.58702001852248,
     {19.8986, 50.0377, 79.3240, 74.354804, .501245}, {15.3549, 36.7023, 69.2044, 75.385101, .583698},
     {30.4395, 63.2616, 84.6547, 73.304536, .417194}, {2.4991, 6.2478, 9.9964, 84.205813, 1.289607},
     {NAN, 6.2478, NAN, NAN, 1.26844}},
    {"gsm8k", 1307, 100, 63.73374139250191, 85.76893649579189,
     {18.9623, 48.7897, 80.1615, 74.903445, .506903}, {10.5080, 36.5133, 66.6565, 76.925232, .598655},
     {33.5884, 62.9352, 88.6552, 72.622288, .403380}, {4.4070, 11.0176, 17.6282, 88.654170, 1.130938},
     {NAN, 11.0176, NAN, NAN, 1.11460}},
    {"mt_bench", 72, 1, 8.28125, 9.211805555555555,
     {17.6471, 51.2908, 78.5483, 8.753033, .506991}, {15.1913, 34.4444, 77.5654, 8.798177, .555504},
     {22.4346, 65.5556, 84.8087, 8.694878, .444496}, {2.7037, 8.6593, 18.2407, 9.179688, .965485},
     {NAN, 9.0786, NAN, NAN, .95268}},
};
/* clang-format on */

static void near(const char *bench_name, const char *row, double got, double want, double within)
{
    if (isnan(want)) return;
    ck_assert_msg(fabs(got - want) <= within, "%s, %s: %.8f, want %.8f", bench_name, row, got,
                  want);
}

/* Printed digits are all there is: half of the last one, and 1e-6 where they are that many. */
static void check_row(const golden_bench *g, const char *name, const two_models_curve *c,
                      const bench *b, const golden_row *want, double apgr_within)
{
    two_models_score s;
    two_models_measure(c, mean_of(b->weak, b->n), mean_of(b->strong, b->n), &s);
    near(g->name, name, s.cpt20, want->cpt20, 5.1e-5);
    near(g->name, name, s.cpt50, want->cpt50, 5.1e-5);
    near(g->name, name, s.cpt80, want->cpt80, 5.1e-5);
    near(g->name, name, g->unit * s.auc, want->auc, 1e-6);
    near(g->name, name, s.apgr, want->apgr, apgr_within);
    near(g->name, name, s.first_cpt50, s.cpt50, 1e-9); /* both agree on every golden row */
    near(g->name, name, s.first_cpt80, s.cpt80, 1e-9);
}

static void check_scores(const golden_bench *g, const char *name, const double *score,
                         const bench *b, const golden_row *want)
{
    pm_err err = PM_ERR_INIT;
    two_models_curve c;
    ck_assert(two_models_curve_of(score, b->weak, b->strong, b->n, b->a, &c, &err) == PM_OK);
    check_row(g, name, &c, b, want, strcmp(name, "oracle") == 0 ? 5.1e-6 : 1e-6);
}

START_TEST(rows_are_the_golden_ones)
{
    const golden_bench *g = &goldens[_i];
    pm_err err = PM_ERR_INIT;
    bench b = read_bench(g->name);
    ck_assert_uint_eq(b.n, g->n);
    near(g->name, "weak", g->unit * mean_of(b.weak, b.n), g->weak, 1e-9);
    near(g->name, "strong", g->unit * mean_of(b.strong, b.n), g->strong, 1e-9);
    check_scores(g, "length", b.length, &b, &g->length);
    check_scores(g, "negative length", b.negative, &b, &g->negative);
    double *oracle = arena_alloc(b.a, b.n, sizeof *oracle);
    ck_assert(two_models_oracle(b.weak, b.strong, b.n, b.a, oracle, &err) == PM_OK);
    check_scores(g, "oracle", oracle, &b, &g->oracle);
    two_models_curve c;
    ck_assert(two_models_random_compat(b.weak, b.strong, b.n, 10, b.a, &c, &err) == PM_OK);
    check_row(g, "random", &c, &b, &g->random, 1e-6);
    bool judged = strcmp(g->name, "mt_bench") == 0;
    two_models_optimal_options o = {judged, b.n};
    ck_assert(two_models_optimal(b.weak, b.strong, b.n_all, judged ? &o : NULL, b.a, &c, &err) ==
              PM_OK);
    if (judged) near(g->name, "optimal at 0 %", c.point[0].quality, 8.3406, 5.1e-5);
    check_row(g, "optimal", &c, &b, &g->optimal, 1e-6);
    arena_close(b.a);
}
END_TEST

START_TEST(length_asks_the_strong_model_so_often)
{
    static const size_t want[3][TWO_MODELS_EDGES] = {
        {0, 1404, 2812, 4226, 5617, 7019, 8434, 9842, 11267, 12662, 14037},
        {0, 134, 262, 393, 527, 654, 790, 916, 1052, 1177, 1307},
        {0, 8, 15, 22, 29, 36, 43, 50, 57, 64, 72}};
    pm_err err = PM_ERR_INIT;
    two_models_curve c;
    bench b = read_bench(goldens[_i].name);
    ck_assert(two_models_curve_of(b.length, b.weak, b.strong, b.n, b.a, &c, &err) == PM_OK);
    ck_assert_uint_eq(c.n, TWO_MODELS_EDGES);
    for (size_t k = 0; k < TWO_MODELS_EDGES; k++)
        ck_assert_uint_eq((size_t)llround(c.point[k].share * (double)b.n), want[_i][k]);
    arena_close(b.a);
}
END_TEST

START_TEST(random_of_our_own_is_a_half)
{
    pm_err err = PM_ERR_INIT;
    /* sd of one draw as recorded with 200 draws; the mean lies within four of its own standard errors */
    static const double sd[] = {.0085, .0197, .0626};
    bench b = read_bench(goldens[_i].name);
    two_models_draws d;
    ck_assert(two_models_random(b.weak, b.strong, b.n, 200, 1, b.a, &d, &err) == PM_OK);
    near(goldens[_i].name, "random, mean", d.mean.apgr, .5, 4 * sd[_i] / sqrt(200) + .001);
    near(goldens[_i].name, "random, sd", d.sd.apgr, sd[_i], .25 * sd[_i]);
    arena_close(b.a);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        printf("skipped: POINTSMAN_DATA, the folder of the real sets, is not set\n");
        return SKIPPED;
    }
    TCase *t = tcase_create("two_models_real");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, rows_are_the_golden_ones, 0, 3);
    tcase_add_loop_test(t, length_asks_the_strong_model_so_often, 0, 3);
    tcase_add_loop_test(t, random_of_our_own_is_a_half, 0, 3);
    Suite *all = suite_create("two_models_real");
    suite_add_tcase(all, t);
    return suite_main(all);
}
