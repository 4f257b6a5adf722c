/* SPDX-License-Identifier: MIT
 *
 * Cost curves of three real priced sets against numbers computed independently with numpy (the project's baseline
 * study, section 6: lambda = 0, 121 steps from 1e-4 to 1e2 evenly in the logarithm, 1e6; cost = mean train cost over
 * the largest).  Wants the folder of the sets in POINTSMAN_DATA, and is skipped without it.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiment_tools.h"

#define SKIPPED 77 /* automake's word for it */
#define WEIGHTS 123

static const struct golden {
    const char *set;
    double least, most; /* USD per 1,000 calls */
    double zero, domain, length, oracle_usd, oracle_free;
    double true_oracle;   /* AIQ of the oracle that knows each call's cost */
    double words, within; /* kNN on words, and how near ours is to be */
} golden[] = {
    {"routerbench_3", 0.08094, 4.99577, .8217, .8539, .8453, 0.19595, 0.19456, .9763, .8532, .004},
    {"llmdrift_4", 0.86526, 38.22211, .7158, .7193, .7286, 6.08490, 6.03604, .9589, .7451, .012},
    {"routerarena_2", 0.05296, 0.18123, .6839, .6839, .6839, 0.06504, 0.05067, .7485, .6885, .005},
};

typedef struct done {
    trial t;
    char dir[256];
    double weight[WEIGHTS];
    store_row *row;
    size_t n;
} done;

static void run_set(done *d, const char *set)
{
    temp_folder_open(d->dir);
    trial_open(&d->t, 0);
    d->weight[0] = 0;
    for (size_t k = 0; k < 121; k++) d->weight[k + 1] = pow(10, -4 + (double)k / 20);
    d->weight[WEIGHTS - 1] = 1e6;
    d->t.price.weight = d->weight;
    d->t.price.n_weights = WEIGHTS;
    d->t.x.data_dir = io_join(d->t.a, getenv("POINTSMAN_DATA"), set);
    d->t.x.n_seeds = 1;
    d->t.x.split = (split_spec){SPLIT_GIVEN, 0, 0, 0.25, 1, 0, 0};
    param_value words = {.name = "features", .kind = PARAM_TEXT, .text = "sparse"};
    d->t.router[1] = (router_choice){choose(&d->t, PLUGIN_ROUTER, "knn", &words, 1), NULL, 0, true};
    d->t.x.n_routers = 2;
    run_options o = {.size = sizeof o, .out_dir = d->dir};
    run_summary out;
    store *st;
    MUST(experiment_run(&d->t.env, &d->t.x, &o, d->t.a, &out, err));
    MUST(store_open(d->dir, &st, err));
    MUST(store_rows(st, out.key, d->t.a, &d->row, &d->n, err));
    store_close(st);
}

static double value(const done *d, const char *label, const char *metric)
{
    for (size_t k = 0; k < d->n; k++)
        if (!strcmp(d->row[k].point, "cost:price") && !strcmp(d->row[k].label, label) &&
            !strcmp(d->row[k].metric, metric))
            return d->row[k].value;
    ck_abort_msg("no %s of %s", metric, label);
    return NAN;
}

static double about(const done *d, const char *before)
{
    for (size_t k = 0; k < d->n; k++)
        if (!strcmp(d->row[k].subset, "cost:price") &&
            !strncmp(d->row[k].metric, before, strlen(before)))
            return d->row[k].value;
    ck_abort_msg("no %s", before);
    return NAN;
}

START_TEST(sets_give_the_published_rows)
{
    const struct golden *g = &golden[_i];
    done d;
    run_set(&d, g->set);
    ck_assert_double_eq_tol(1000 * about(&d, "c_min"), g->least, 1e-5);
    ck_assert_double_eq_tol(1000 * about(&d, "c_max"), g->most, 1e-5);
    ck_assert_double_eq_tol(value(&d, "zero router", "aiq"), g->zero, 5e-5);
    ck_assert_double_eq_tol(value(&d, "zero router (train)", "aiq"), g->zero, 5e-5);
    ck_assert_double_eq_tol(value(&d, "prior", "aiq"), g->zero, 5e-5);
    ck_assert_double_eq_tol(value(&d, "domain majority", "aiq"), g->domain, 5e-4);
    ck_assert_double_eq_tol(value(&d, "domain, shrunk n0=10", "aiq"), g->domain, 5e-4);
    ck_assert_double_eq_tol(value(&d, "prompt length, 10 bins", "aiq"), g->length, 6e-4);
    ck_assert_double_eq_tol(value(&d, "knn", "aiq"), g->words, g->within);
    ck_assert_double_eq_tol(value(&d, "oracle, true price", "aiq"), g->true_oracle, 5e-5);
    double usd = value(&d, "oracle, cheapest of the best", "cost_usd");
    double right = value(&d, "oracle, cheapest of the best", "cost_usd_nothing_right_is_free");
    ck_assert_double_eq_tol(1000 * usd, g->oracle_usd, 1e-5);
    ck_assert_double_eq_tol(1000 * right, g->oracle_free, 1e-5);
    trial_close(&d.t);
    temp_folder_close(d.dir);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        printf("skipped: POINTSMAN_DATA, the folder of the real sets, is not set\n");
        return SKIPPED;
    }
    TCase *c = tcase_create("cost real");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, sets_give_the_published_rows, 0, sizeof golden / sizeof golden[0]);
    Suite *s = suite_create("cost real");
    suite_add_tcase(s, c);
    return suite_main(s);
}
