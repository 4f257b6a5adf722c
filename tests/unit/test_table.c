/* SPDX-License-Identifier: MIT
 *
 * Tables to the letter: numbers, intervals, marks, sections, seeds, Markdown, long settings, comparisons.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval/table.h"
#include "suite.h"

#define NONE ((double)NAN)

static str out;

static void setup(void)
{
    out = (str)STR_INIT;
}

static void teardown(void)
{
    str_close(&out);
}

static const store_row rows[] = {
    {"", "run", "about", 0, "data", "data", NONE, NONE, NONE, 0, "hand 123456"},
    {"", "run", "about", 0, "data", "prompts", 12, NONE, NONE, 0, ""},
    {"", "run", "about", 1, "seed", "test", 4, NONE, NONE, 0, "prompts"},
    {"", "oracle", "ceiling", 1, "all", "quality", 1, 1, 1, 4, ""},
    {"", "best single (train)", "baseline", 1, "all", "quality", 0.8028, 0.79123, 0.8149, 4, "m"},
    {"", "best single (train)", "baseline", 1, "all", "diff_best_single", 0, 0, 0, 4, "m"},
    {"", "best single (train)", "baseline", 1, "domain:a", "quality", 0.75, 0.5, 1, 2, "m"},
    {"w=1", "knn", "router", 1, "all", "quality", 0.805, 0.79, 0.82, 4, "k=5"},
    {"w=1", "knn", "router", 1, "all", "diff_best_single", 0.0041, 0.001, 0.0072, 4, "k=5"},
    {"w=1", "knn", "router", 1, "all", "diff_rival:knn", 0, 0, 0, 4, "k=5"},
    {"w=1", "knn", "router", 1, "all", "cost_usd", 0.0012345, NONE, NONE, 4, "k=5"},
    {"w=1", "knn", "router", 1, "all", "gap_recovered", -1.279, NONE, NONE, 4, "k=5"},
    {"w=1", "knn", "router", 1, "all", "experts_used", 2, NONE, NONE, 4, "k=5"},
    {"w=1", "knn", "router", 1, "domain:a", "quality", 0.5, 0.25, 0.75, 2, "k=5"},
    {"w=1", "length", "router", 1, "all", "quality", 0.8, 0.79, 0.82, 4, ""},
    {"w=1", "length", "router", 1, "all", "diff_best_single", -0.0028, -0.01, 0.004, 4, ""},
    {"w=1", "length", "router", 1, "all", "diff_rival:knn", -0.005, -0.009, -0.0009, 4, ""},
};
#define N_ROWS (sizeof rows / sizeof rows[0])

static void summary(const store_row *row, size_t n, table_style style)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(table_summary(row, n, style, &out, &err) == PM_OK, "%s", err_text(&err));
}

START_TEST(summary_to_the_letter)
{
    static const char want[] =
        "data: hand 123456, prompts: 12\n"
        "test: 4 prompts\n"
        "\n"
        "whatever the weights (rivals: at w=1)\n"
        "policy                             quality  vs best single  setting\n"
        "best single (train)     .8028 [.791, .815]               0  m\n"
        "oracle               1.0000 [1.000, 1.000]\n"
        "\n"
        "w=1\n"
        "policy             quality          vs best single                  vs knn    $/1k     "
        "gap "
        " "
        "used  setting\n"
        "knn     .8050 [.790, .820]  +.0041 [+.001, +.007]*                       0  1.2345  "
        "-1.279     2  k=5\n"
        "length  .8000 [.790, .820]   -.0028 [-.010, +.004]  -.0050 [-.009, -.001]*\n"
        "\n"
        "[lo, hi]: bootstrap interval over test prompts; * the interval of the difference excludes "
        "0.";
    summary(rows, N_ROWS, TABLE_TEXT);
    ck_assert_msg(strncmp(str_text(&out), want, strlen(want)) == 0, "%s", str_text(&out));
}
END_TEST

START_TEST(markdown_has_the_same_cells)
{
    summary(rows, N_ROWS, TABLE_MARKDOWN);
    static const char *const want[] = {
        "- data: hand 123456, prompts: 12\n", "**w=1**\n\n",
        ("| policy | quality | vs best single | vs knn | $/1k | gap | used | setting |\n"
         "|---|---:|---:|---:|---:|---:|---:|---|\n"),
        "| knn | .8050 [.790, .820] | +.0041 [+.001, +.007]* | 0 | 1.2345 | -1.279 | 2 | k=5 |\n"};
    for (int k = 0; k < 4; k++)
        ck_assert_msg(strstr(str_text(&out), want[k]) != NULL, "no %s in\n%s", want[k],
                      str_text(&out));
}
END_TEST

static const store_row seeds[] = {
    {"", "knn", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, "k=5"},
    {"", "knn", "router", 1, "all", "experts_used", 2, NONE, NONE, 4, "k=5"},
    {"", "knn", "router", 1, "all", "diff_best_single", 0.1, 0.05, 0.15, 4, "k=5"},
    {"", "knn", "router", 1, "all", "diff_rival:x", 0.1, 0.05, 0.15, 4, "k=5"},
    {"", "knn", "router", 2, "all", "quality", 0.7, 0.6, 0.8, 4, "k=20"},
    {"", "knn", "router", 2, "all", "experts_used", 3, NONE, NONE, 4, "k=20"},
    {"", "knn", "router", 2, "all", "diff_best_single", 0.2, 0.05, 0.25, 4, "k=20"},
    {"", "knn", "router", 2, "all", "diff_rival:x", -0.1, -0.15, -0.05, 4, "k=20"},
    {"", "knn", "router", 0, "seeds:all", "quality", 0.6, 0.45, 0.75, 4, ""},
    {"", "knn", "router", 0, "seeds:all", "diff_best_single", 0.15, -0.01, 0.31, 4, ""},
    {"", "knn", "router", 0, "seeds:all", "diff_rival:x", 0, -0.1, 0.1, 4, ""},
};

static void says(const char *want)
{
    ck_assert_msg(strstr(str_text(&out), want) != NULL, "no %s in\n%s", want, str_text(&out));
}

/* sd of .5, .7 is .1414; the rows of the means have the intervals, whatever every seed says */
START_TEST(means_over_seeds_have_their_interval)
{
    summary(seeds, sizeof seeds / sizeof seeds[0], TABLE_MARKDOWN);
    says("| knn | .6000 [.450, .750] | +.1500 [-.010, +.310] | 0 [-.100, +.100] | 2.5 | k=5 / k=20 "
         "|\n");
    says("| sd over seeds of | quality | vs best single | vs x |\n");
    says("| knn | .1414 | .0707 | .1414 |\n");
    says("resamples each prompt's mean over seeds");
}
END_TEST

START_TEST(seeds_with_other_test_prompts_average_their_intervals)
{
    summary(seeds, 8, TABLE_MARKDOWN);
    says(
        "| knn | .6000 [.500, .700] | +.1500 [+.050, +.200]* | 0 [-.050, +.050] | 2.5 | k=5 / k=20 "
        "|\n");
    says("means of the seeds' own lo and hi");
}
END_TEST

START_TEST(one_seed_has_no_words_about_seeds)
{
    summary(seeds, 4, TABLE_TEXT);
    ck_assert_msg(strstr(str_text(&out), "seeds") == NULL, "%s", str_text(&out));
}
END_TEST

START_TEST(long_settings_stand_below)
{
    char long_text[301];
    memset(long_text, 's', 300);
    for (int k = 29; k < 300; k += 30) long_text[k] = ' ';
    long_text[299] = '\0';
    const store_row two[] = {
        {"", "a", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, long_text},
        {"", "b", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, "centroids=32, shrink=1"}};
    summary(two, 2, TABLE_TEXT);
    says("policy             quality\n"
         "a       .5000 [.400, .600]\n"
         "b       .5000 [.400, .600]\n"
         "settings: a: sssss");
    says("\n          b: centroids=32, shrink=1\n");
    ck_assert_ptr_null(strchr(str_text(&out), '~'));
    size_t letters = 0;
    for (const char *line = str_text(&out), *end; (end = strchr(line, '\n')); line = end + 1) {
        ck_assert_int_le(end - line, 160);
        if (strstr(line, "sssss") < end)
            for (const char *c = line; c < end; c++) letters += *c == 's';
    }
    ck_assert_uint_ge(letters, 290);
}
END_TEST

START_TEST(loss_is_called_loss)
{
    store_row row = {"", "a", "router", 1, "all", "loss", 2.5, 2.25, 2.75, 4, ""};
    summary(&row, 1, TABLE_TEXT);
    ck_assert_ptr_nonnull(strstr(str_text(&out), "loss\n"));
    ck_assert_ptr_nonnull(strstr(str_text(&out), "2.5000 [2.250, 2.750]"));
    ck_assert_ptr_nonnull(strstr(str_text(&out), "lower is better"));
    ck_assert_ptr_nonnull(strstr(str_text(&out), "$/1k: USD per 1,000 calls"));
}
END_TEST

START_TEST(more_rivals_have_their_own_tables)
{
    static const store_row two[] = {
        {"", "a", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival:first", 0.25, 0.2, 0.3, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival_accuracy:first", 0.5, 0, 0.75, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival:second", 0.125, 0.1, 0.15, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival_gap:second", -0.5, -1, -0.25, 4, ""}};
    summary(two, 5, TABLE_TEXT);
    says("vs first\n");
    says("against first\n"
         "policy                 quality  sel.acc\n"
         "a       +.2500 [+.200, +.300]*  +.5000 [0, +.750]\n");
    says("against second\n"
         "policy                 quality  gap\n");
    says("+.1250 [+.100, +.150]*  -.5000 [-1.000, -.250]*\n");
}
END_TEST

/* One rival: below only where it is a baseline, since the sections show the outcome alone. */
START_TEST(a_baseline_as_rival_has_its_table)
{
    static const store_row one[] = {
        {"", "d", "baseline", 1, "all", "quality", 0.5, 0.4, 0.6, 4, ""},
        {"", "a", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival:d", 0.25, 0.2, 0.3, 4, ""},
        {"", "a", "router", 1, "all", "diff_rival_accuracy:d", 0.5, 0, 0.75, 4, ""}};
    summary(one, 4, TABLE_TEXT);
    says("against d\n");
    str_clear(&out);
    summary(rows, N_ROWS, TABLE_TEXT);
    ck_assert_ptr_null(strstr(str_text(&out), "against"));
}
END_TEST

#define AT(weight, value, mean, hull)                                                              \
    {"size=" weight ", price=1", "knn", "router", 1, "all", "loss", value, NONE, NONE, 4, ""},     \
        {"size=" weight ", price=1",                                                               \
         "knn",                                                                                    \
         "router",                                                                                 \
         1,                                                                                        \
         "all",                                                                                    \
         "mean:size",                                                                              \
         mean,                                                                                     \
         NONE,                                                                                     \
         NONE,                                                                                     \
         4,                                                                                        \
         ""},                                                                                      \
    {                                                                                              \
        "size=" weight ", price=1", "knn", "router", 1, "all", "on_hull:size", hull, NONE, NONE,   \
            4, ""                                                                                  \
    }

START_TEST(sweeps_are_summed_up)
{
    static const store_row sweep[] = {
        AT("0", 1, 0.9, 1),
        AT("0.0123456", 1, 0.9, 1), /* the same point */
        AT("0.1", 1.5, 0.8, 0),
        AT("0.2", 1.25, 0.75, 1),
        AT("0.3", 1.5, 0.6, 1),
        AT("0.4", 1.75, 0.5, 1),
        AT("0.5", 2, 0.4, 1),
        AT("0.6", 2.25, 0.3, 1),
        AT("0.7", 2.5, 0.2, 1),
        AT("0.8", 2.75, 0.1, 1),
        {"size=0.9, price=2", "knn", "router", 1, "all", "on_hull:size", 1, NONE, NONE, 4, ""},
        {"sweep:size, price=1", "knn", "router", 1, "all", "area", 1.5, 1.25, 1.75, 4, ""},
        {"sweep:size, price=1", "knn", "router", 1, "all", "area_share", .5, .25, .75, 4, ""},
        {"sweep:size, price=1", "knn", "router", 1, "all", "diff_rival_area:x", -.5, -.75, -.25, 4,
         ""},
        {"sweep:size, price=1", "oracle", "ceiling", 1, "all", "area", 1, .75, 1.25, 4, ""}};
    summary(sweep, sizeof sweep / sizeof sweep[0], TABLE_MARKDOWN);
    says("**size=0, price=1**"); /* only the first point has a section */
    ck_assert_ptr_null(strstr(str_text(&out), "**size=0.2"));
    ck_assert_ptr_null(strstr(str_text(&out), "**sweep:size, price=1**\n\n| policy | loss"));
    says("**sweep:size, price=1**\n\n"
         "| policy | area | zero to oracle | area vs x |\n"
         "|---|---:|---:|---|\n"
         "| knn | 1.5000 [1.250, 1.750] | .5000 [.250, .750] | -.5000 [-.750, -.250]* |\n"
         "| oracle | 1.0000 [.750, 1.250] |  |  |\n");
    says("| on the hull | weight | mean size | loss |\n"
         "|---|---:|---:|---|\n"
         "| knn | 0 | .900 | 1.0000 |\n"
         "| knn | 0.2 | .750 | 1.2500 |\n"
         "| knn | 0.4 | .500 | 1.7500 |\n");
    says("| knn | 0.8 | .100 | 2.7500 |\n\n"); /* six of eight corners: the ends are among them */
    ck_assert_ptr_null(strstr(str_text(&out), "| knn | 0.9"));
    ck_assert_ptr_null(strstr(str_text(&out), "| knn | 0.0123"));
    says("zero to oracle: share of");
}
END_TEST

START_TEST(learning_curves_are_grids)
{
    static const store_row curve[] = {
        {"", "knn", "router", 1, "all", "loss", 1, .75, 1.25, 4, ""},
        {"train=500", "knn", "curve", 1, "all", "loss", 2, 1.75, 2.25, 4, ""},
        {"train=500", "knn", "curve", 1, "all", "selection_accuracy", .5, .25, .75, 4, ""},
        {"train=500", "knn", "curve", 1, "all", "diff_rival:knn", 1, .5, 1.5, 4, ""},
        {"train=500", "mlp", "curve", 1, "all", "loss", 2.5, 2.25, 2.75, 4, ""},
        {"train=all", "knn", "curve", 1, "all", "loss", 1, .75, 1.25, 4, ""},
        {"", "oracle, labels re-drawn", "ceiling", 1, "all", "loss", 1, .75, 1.25, 4, ""},
        {"", "oracle, labels re-drawn", "ceiling", 1, "all", "split_half_agreement", .625, .5, .75,
         4, ""}};
    summary(curve, sizeof curve / sizeof curve[0], TABLE_MARKDOWN);
    says("| labels against themselves | halves agree |\n|---|---|\n"
         "| oracle, labels re-drawn | .6250 [.500, .750] |\n");
    says("**learning curves: trained on so many prompts, no constraints**\n\n"
         "| loss | train=500 | train=all |\n|---|---:|---|\n"
         "| knn | 2.0000 [1.750, 2.250] | 1.0000 [.750, 1.250] |\n"
         "| mlp | 2.5000 [2.250, 2.750] |  |\n");
    says("| sel.acc | train=500 |\n");
    ck_assert_ptr_null(strstr(str_text(&out), "**train=500**"));
}
END_TEST

START_TEST(domains_stand_side_by_side)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(table_domains(rows, N_ROWS, TABLE_TEXT, &out, &err), PM_OK);
    ck_assert_str_eq(str_text(&out), "w=1\n"
                                     "domain  n  best single (train)  knn\n"
                                     "a       2  .7500 [.500, 1.000]  .5000 [.250, .750]\n"
                                     "\n");
}
END_TEST

START_TEST(runs_are_compared)
{
    static const store_row other[] = {
        {"", "run", "about", 0, "data", "data", NONE, NONE, NONE, 0, "other 99"},
        {"w=1", "knn", "router", 1, "all", "quality", 0.825, 0.8, 0.85, 4, ""},
        {"w=1", "new", "router", 1, "all", "quality", 0.5, 0.4, 0.6, 4, ""}};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(table_compare(rows, N_ROWS, other, 3, TABLE_MARKDOWN, &out, &err), PM_OK);
    static const char *const want[] = {"A and B are on DIFFERENT data\n",
                                       "| .8050 [.790, .820] | .8250 [.800, .850] | +.0200 |",
                                       "| only in B |", "| only in A |", "no interval"};
    for (int k = 0; k < 5; k++)
        ck_assert_msg(strstr(str_text(&out), want[k]) != NULL, "no %s in\n%s", want[k],
                      str_text(&out));
    store_row loss = {"", "a", "router", 1, "all", "loss", 2.5, 2.25, 2.75, 4, ""};
    ck_assert_int_eq(table_compare(rows, N_ROWS, &loss, 1, TABLE_TEXT, &out, &err), PM_E_ARG);
}
END_TEST

START_TEST(nothing_gives_nothing)
{
    summary(NULL, 0, TABLE_TEXT);
    ck_assert_str_eq(str_text(&out), "");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("table");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, summary_to_the_letter);
    tcase_add_test(c, markdown_has_the_same_cells);
    tcase_add_test(c, means_over_seeds_have_their_interval);
    tcase_add_test(c, seeds_with_other_test_prompts_average_their_intervals);
    tcase_add_test(c, one_seed_has_no_words_about_seeds);
    tcase_add_test(c, long_settings_stand_below);
    tcase_add_test(c, loss_is_called_loss);
    tcase_add_test(c, more_rivals_have_their_own_tables);
    tcase_add_test(c, a_baseline_as_rival_has_its_table);
    tcase_add_test(c, sweeps_are_summed_up);
    tcase_add_test(c, learning_curves_are_grids);
    tcase_add_test(c, domains_stand_side_by_side);
    tcase_add_test(c, runs_are_compared);
    tcase_add_test(c, nothing_gives_nothing);
    Suite *s = suite_create("table");
    suite_add_tcase(s, c);
    return suite_main(s);
}
