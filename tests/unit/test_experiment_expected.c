/* SPDX-License-Identifier: MIT
 *
 * Constraints that learn within an experiment whose routers read nothing: they get embeddings, what they expected is
 * told beside the training mean, and policies are measured by what happened.
 */
#include "config.h"

#include "experiment_tools.h"

static const store_row *fact(const store_row *row, size_t n, const char *name)
{
    for (size_t k = 0; k < n; k++)
        if (!strcmp(row[k].subset, "constraint") && !strcmp(row[k].metric, name)) return &row[k];
    ck_abort_msg("no fact \"%s\"", name);
    return NULL;
}

/* Runs the trial's experiment; its rows. */
static store_row *run_rows(trial *t, const char *dir, size_t *n)
{
    run_options o = {.size = sizeof o, .out_dir = dir};
    run_summary out;
    store_row *row;
    store *st;
    MUST(experiment_run(&t->env, &t->x, &o, t->a, &out, err));
    MUST(store_open(dir, &st, err));
    MUST(store_rows(st, out.key, t->a, &row, n, err));
    store_close(st);
    return row;
}

START_TEST(expectations_stand_beside_the_mean)
{
    char dir[256];
    trial t;
    store_row *row;
    size_t n;
    temp_folder_open(dir);
    trial_open(&t, 2);
    constraint_choice verbosity = {.at = choose(&t, PLUGIN_CONSTRAINT, "verbosity", NULL, 0),
                                   .sense = PM_SOFT,
                                   .weight = t.weight,
                                   .n_weights = 2};
    t.x.constraint = &verbosity;
    t.x.n_constraints = 1;
    t.x.n_routers = 2; /* prior, length */
    t.x.split = (split_spec){SPLIT_GIVEN, 0.6, 0.2, 0.2, 17, 0, 0};
    row = run_rows(&t, dir, &n);
    double own = fact(row, n, "verbosity: test MAE")->value;
    double mean = fact(row, n, "verbosity: test MAE of the training mean")->value;
    ck_assert(own > 0 && mean > 0 && own < mean);
    ck_assert_str_eq(fact(row, n, "verbosity: means are of")->setting, "what happened");
    ck_assert(strstr(fact(row, n, "verbosity")->setting, "held-out MAE of answer tokens=") != NULL);
    bool measured = false;
    for (size_t k = 0; k < n; k++)
        measured |= !strcmp(row[k].metric, "mean:verbosity") && row[k].value > 0;
    ck_assert(measured);
    trial_close(&t);
    temp_folder_close(dir);
}
END_TEST

static const store_row *rate(const store_row *row, size_t n, const char *label, const char *metric,
                             const char *subset, uint64_t seed)
{
    for (size_t k = 0; k < n; k++)
        if (!strcmp(row[k].label, label) && !strcmp(row[k].metric, metric) &&
            !strcmp(row[k].subset, subset) && row[k].seed == seed)
            return &row[k];
    ck_abort_msg("no %s of %s (%s, seed %d)", metric, label, subset, (int)seed);
    return NULL;
}

/* How often a hard bound is broken, with intervals, by expectation and as it happened, for folds and all of them. */
START_TEST(violations_of_folds)
{
    static const char *const metric[] = {"violations:verbosity", "violations_realised:verbosity"};
    char dir[256];
    trial t;
    store_row *row;
    size_t n, wide = 0;
    temp_folder_open(dir);
    trial_open(&t, 2);
    constraint_choice verbosity = {
        .at = choose(&t, PLUGIN_CONSTRAINT, "verbosity", NULL, 0), .sense = PM_HARD, .bound = 0.2};
    const size_t relax[] = {0};
    t.x.infeasible = (infeasible_choice){INFEASIBLE_RELAX, relax, 1, NULL, NULL};
    t.x.constraint = &verbosity;
    t.x.n_constraints = 1;
    t.x.n_routers = 2; /* prior, length */
    t.x.split = (split_spec){SPLIT_FOLD, 0.8, 0.2, 0, 17, 2, 0};
    row = run_rows(&t, dir, &n);
    for (size_t m = 0; m < 2; m++)
        for (size_t who = 0; who < 2; who++) {
            const char *label = who ? "prior" : "length";
            const store_row *one = rate(row, n, label, metric[m], "all", 1),
                            *two = rate(row, n, label, metric[m], "all", 2),
                            *all = rate(row, n, label, metric[m], "splits:all", 0);
            ck_assert_uint_eq(all->n, one->n + two->n);
            ck_assert_double_eq_tol(
                all->value,
                (one->value * (double)one->n + two->value * (double)two->n) / (double)all->n, 1e-9);
            ck_assert(all->lo <= all->value && all->value <= all->hi);
            if (all->value > 0 && all->value < 1) {
                ck_assert(all->lo < all->hi && all->lo >= 0 && all->hi <= 1);
                wide++;
            } else {
                ck_assert(all->lo == all->value && all->hi == all->value);
            }
        }
    ck_assert_uint_ge(wide, 2);
    trial_close(&t);
    temp_folder_close(dir);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("experiment expected");
    TCase *t = tcase_create("expected");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, expectations_stand_beside_the_mean);
    tcase_add_test(t, violations_of_folds);
    suite_add_tcase(s, t);
    return suite_main(s);
}
