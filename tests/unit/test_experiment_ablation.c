/* SPDX-License-Identifier: MIT
 *
 * A whole experiment with an ablation: its means are those that the pipeline's own points give (a sweep over the same
 * weights), values add up, nothing is predicted again for another ablation, hard constraints take part.
 */
#include "config.h"

#include <math.h>

#include "corpus_trial.h"
#include "eval/ablation.h"

static const double price_weight[2] = {0.25, 0}, size_weight[2] = {0.5, 0};

typedef struct ablated { /* a finished run */
    trial t;
    constraint_choice constraint[2];
    ablation_factor factor[2];
    ablation_front front[1];
    ablation_choice how;
    char dir[256];
    run_summary out;
    store_row *row;
    size_t n;
} ablated;

static void run(ablated *s)
{
    run_options o = {.size = sizeof o, .out_dir = s->dir};
    store *st;
    MUST(experiment_run(&s->t.env, &s->t.x, &o, s->t.a, &s->out, err));
    MUST(store_open(s->dir, &st, err));
    MUST(store_rows(st, s->out.key, s->t.a, &s->row, &s->n, err));
    store_close(st);
}

static void ablated_open(ablated *s)
{
    temp_folder_open(s->dir);
    trial_open(&s->t, 2);
    s->constraint[0] = s->t.price;
    s->constraint[0].weight = price_weight;
    s->constraint[1] = (constraint_choice){.at = choose(&s->t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                                           .sense = PM_SOFT,
                                           .weight = size_weight,
                                           .n_weights = 2};
    s->t.x.constraint = s->constraint;
    s->t.x.n_constraints = 2;
    s->t.x.n_seeds = 1;
    s->factor[0] = (ablation_factor){.label = "price", .nominal = 0.25, .low = 0, .high = 1};
    s->factor[1] = (ablation_factor){.label = "size", .nominal = 0.5, .low = 0, .high = 1};
    s->front[0] = (ablation_front){{"quality", "cost_usd", "size"}, 3};
    s->how = (ablation_choice){.spec = {.factor = s->factor,
                                        .n = 2,
                                        .leave_one_out = true,
                                        .one_at_a_time = true,
                                        .pairs = true,
                                        .subsets = true,
                                        .grid = ABLATION_LATIN,
                                        .points = 20,
                                        .seed = 1},
                               .interactions = true,
                               .shapley = true,
                               .front = s->front,
                               .n_fronts = 1};
    s->t.x.ablation = &s->how;
}

static void ablated_close(ablated *s)
{
    trial_close(&s->t);
    temp_folder_close(s->dir);
}

typedef struct cell_name {
    const char *point, *label, *metric;
} cell_name;

static const store_row *find(const store_row *row, size_t n, cell_name at, const char *subset,
                             uint64_t seed)
{
    for (size_t k = 0; k < n; k++)
        if (!strcmp(row[k].point, at.point) && !strcmp(row[k].label, at.label) &&
            !strcmp(row[k].subset, subset) && !strcmp(row[k].metric, at.metric) &&
            row[k].seed == seed)
            return &row[k];
    ck_abort_msg("no %s of %s at \"%s\", subset %s, seed %d", at.metric, at.label, at.point, subset,
                 (int)seed);
    return NULL;
}

static double value(const ablated *s, const char *point, const char *label, const char *metric)
{
    return find(s->row, s->n, (cell_name){point, label, metric}, "all", 1)->value;
}

static const char *const routers[] = {"prior", "length", "knn"};

START_TEST(points_are_those_of_the_pipeline)
{
    static const char *const same[][2] = {{"ablation:nominal", "price=0.25, size=0.5"},
                                          {"ablation:without price", "price=0, size=0.5"},
                                          {"ablation:without size", "price=0.25, size=0"},
                                          {"ablation:none", "price=0, size=0"}};
    ablated s;
    ablated_open(&s);
    run(&s);
    for (size_t k = 0; k < 3; k++)
        for (size_t p = 0; p < 4; p++) {
            ck_assert_double_eq_tol(value(&s, same[p][0], routers[k], "mean:quality"),
                                    value(&s, same[p][1], routers[k], "quality"), 1e-12);
            ck_assert_double_eq_tol(value(&s, same[p][0], routers[k], "mean:cost_usd"),
                                    value(&s, same[p][1], routers[k], "cost_usd"), 1e-12);
        }
    ablated_close(&s);
}
END_TEST

START_TEST(values_add_up)
{
    ablated s;
    ablated_open(&s);
    run(&s);
    for (size_t k = 0; k < 3; k++) {
        const char *who = routers[k];
        double nominal = value(&s, "ablation:nominal", who, "mean:utility");
        double without = value(&s, "ablation:without size", who, "mean:utility");
        double none = value(&s, "ablation:none", who, "mean:utility");
        ck_assert_double_eq_tol(value(&s, "ablation:shapley price", who, "shapley:utility") +
                                    value(&s, "ablation:shapley size", who, "shapley:utility"),
                                nominal - none, 1e-12);
        ck_assert_double_eq_tol(value(&s, "ablation:without size", who, "effect:utility"),
                                without - nominal, 1e-12);
        ck_assert_double_eq_tol(
            value(&s, "ablation:pair price and size", who, "interaction:utility"),
            nominal - without + none - value(&s, "ablation:without price", who, "mean:utility"),
            1e-12);
        ck_assert_double_eq(value(&s, "ablation:nominal", who, "changed"), 0);
        ck_assert_double_ge(
            value(&s, "ablation:front quality, cost_usd, size", who, "points on the front"), 1);
    }
    ck_assert_double_ge(value(&s, "ablation:without price", "all routers", "flips:utility"), 0);
    const char *path = io_join(s.t.a, s.out.dir, "ablation-1-knn.csv");
    str file = STR_INIT;
    MUST(io_read(path, (size_t)1 << 20, &file, err));
    const char *text = str_text(&file);
    ck_assert_ptr_nonnull(strstr(
        text, "point,grid,weight:price,weight:size,mean:quality,mean:utility,mean:cost_usd,"));
    ck_assert_ptr_nonnull(strstr(text, "\"nominal\",0,0.25,0.5,"));
    str_close(&file);
    ck_assert_ptr_nonnull(strstr(s.out.table, "ablation of constraints: knn"));
    ablated_close(&s);
}
END_TEST

START_TEST(nothing_is_predicted_twice)
{
    ablated s;
    ablated_open(&s);
    run(&s);
    ck_assert_uint_gt(s.out.jobs_done, 0);
    const char *first = s.out.key;
    double before = value(&s, "ablation:shapley size", "knn", "shapley:quality");
    s.how.spec.grid = ABLATION_RANDOM; /* another run by its key, of the same jobs */
    s.how.spec.points = 500;
    run(&s);
    ck_assert_str_ne(s.out.key, first);
    ck_assert_uint_eq(s.out.jobs_done, 0);
    ck_assert_double_eq(value(&s, "ablation:shapley size", "knn", "shapley:quality"), before);
    ablated_close(&s);
}
END_TEST

START_TEST(hard_constraints_are_in_or_out)
{
    ablated s;
    ablated_open(&s);
    s.constraint[1].sense = PM_HARD;
    s.constraint[1].bound = 0.1;
    s.factor[1] = (ablation_factor){.label = "size", .nominal = 1, .is_switch = true};
    run(&s);
    ck_assert_double_le(value(&s, "ablation:nominal", "knn", "mean:size"), 0.1);
    ck_assert_double_gt(value(&s, "ablation:without size", "knn", "mean:size"), 0.1);
    ck_assert_double_gt(value(&s, "ablation:without size", "knn", "changed"), 0);
    ck_assert_double_eq_tol(value(&s, "ablation:without size", "knn", "effect:utility"),
                            value(&s, "ablation:without size", "knn", "mean:utility") -
                                value(&s, "ablation:nominal", "knn", "mean:utility"),
                            1e-12);
    ablated_close(&s);
}
END_TEST

/* An objective that mixes counts with its shares, as its own rows do. */
START_TEST(mixed_decisions)
{
    ablated s;
    ablated_open(&s);
    s.t.x.objective = choose(&s.t, PLUGIN_OBJECTIVE, "mixture", NULL, 0);
    run(&s);
    ck_assert_double_eq_tol(value(&s, "ablation:nominal", "knn", "mean:quality"),
                            value(&s, "price=0.25, size=0.5", "knn", "quality"), 1e-7);
    ck_assert_double_eq_tol(value(&s, "ablation:nominal", "knn", "mean:cost_usd"),
                            value(&s, "price=0.25, size=0.5", "knn", "cost_usd"), 1e-9);
    ck_assert_double_gt(value(&s, "ablation:without price", "knn", "changed"), 0);
    ablated_close(&s);
}
END_TEST

/* Seeds that test on the same prompts: cells are averaged prompt by prompt.  Folds: laid end to end. */
START_TEST(seeds_are_pooled)
{
    static const cell_name pooled[] = {{"ablation:without price", "knn", "effect:quality"},
                                       {"ablation:shapley size", "knn", "shapley:utility"},
                                       {"ablation:nominal", "knn", "mean:cost_usd"},
                                       {"ablation:without price", "knn", "changed"}};
    for (int folds = 0; folds < 2; folds++) {
        ablated s;
        ablated_open(&s);
        s.t.x.n_seeds = 2;
        s.t.x.split = (split_spec){SPLIT_GIVEN, 1, 0, 0, 17, 0, 0};
        s.t.router[2].n_candidates = 1; /* nothing to tune on */
        if (folds) s.t.x.split = (split_spec){SPLIT_FOLD, 0.8, 0.2, 0, 17, 2, 0};
        run(&s);
        for (size_t k = 0; k < sizeof pooled / sizeof pooled[0]; k++) {
            const store_row *one = find(s.row, s.n, pooled[k], "all", 1),
                            *two = find(s.row, s.n, pooled[k], "all", 2);
            const store_row *both =
                find(s.row, s.n, pooled[k], folds ? "splits:all" : "seeds:all", 0);
            double n[2] = {(double)one->n, (double)two->n};
            ck_assert_double_eq_tol(both->value,
                                    (n[0] * one->value + n[1] * two->value) / (n[0] + n[1]), 1e-12);
            ck_assert_uint_eq(both->n, folds ? one->n + two->n : one->n);
            if (k < 2) ck_assert(both->lo <= both->value && both->value <= both->hi);
        }
        if (!folds) { /* of one prompt both seeds count: no interval is wider than both of theirs */
            const store_row *one = find(s.row, s.n, pooled[0], "all", 1),
                            *two = find(s.row, s.n, pooled[0], "all", 2),
                            *both = find(s.row, s.n, pooled[0], "seeds:all", 0);
            ck_assert_double_le(both->hi - both->lo, fmax(one->hi - one->lo, two->hi - two->lo));
        }
        ck_assert_ptr_nonnull(strstr(s.out.table, "ablation of constraints: knn"));
        ck_assert(io_exists(io_join(s.t.a, s.out.dir, "ablation-all-knn.csv")));
        ablated_close(&s);
    }
}
END_TEST

/* Experts that are trained and run: losses, and no dollars. */
START_TEST(losses_without_costs)
{
    corpus_trial c;
    char dir[256];
    temp_folder_open(dir);
    corpus_trial_open(&c, 2);
    constraint_choice size = {.at = choose(&c.t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                              .sense = PM_SOFT,
                              .weight = size_weight,
                              .n_weights = 2};
    ablation_factor factor = {.label = "size", .nominal = 0.5, .low = 0, .high = 1};
    ablation_front front[] = {
        {{"loss", "size"}, 2}, {{"loss", "cost_usd"}, 2}, {{"quality", "size", "utility"}, 3}};
    ablation_choice how = {
        .spec = {.factor = &factor, .n = 1, .leave_one_out = true, .subsets = true},
        .shapley = true,
        .front = front,
        .n_fronts = 3};
    c.t.x.constraint = &size;
    c.t.x.n_constraints = 1;
    c.t.x.ablation = &how;
    run_options o = {.size = sizeof o, .out_dir = dir};
    run_summary out;
    store *st;
    store_row *row;
    size_t n, told = 0;
    MUST(experiment_run(&c.t.env, &c.t.x, &o, c.t.a, &out, err));
    MUST(store_open(dir, &st, err));
    MUST(store_rows(st, out.key, c.t.a, &row, &n, err));
    store_close(st);
    double with =
               find(row, n, (cell_name){"ablation:nominal", "knn", "mean:loss"}, "all", 1)->value,
           none = find(row, n, (cell_name){"ablation:none", "knn", "mean:loss"}, "all", 1)->value,
           price =
               find(row, n, (cell_name){"ablation:nominal", "knn", "mean:size"}, "all", 1)->value;
    ck_assert_double_eq_tol(
        find(row, n, (cell_name){"ablation:without size", "knn", "effect:loss"}, "all", 1)->value,
        none - with, 1e-12);
    ck_assert_double_eq_tol(
        find(row, n, (cell_name){"ablation:shapley size", "knn", "shapley:loss"}, "all", 1)->value,
        with - none, 1e-12);
    ck_assert_double_eq_tol(/* minus the loss, minus w* times the size */
                            find(row, n, (cell_name){"ablation:nominal", "knn", "mean:utility"},
                                 "all", 1)
                                ->value,
                            -with - 0.5 * price, 1e-12);
    double points = find(row, n,
                         (cell_name){"ablation:front loss, size", "knn", "points on the front"},
                         "all", 1)
                        ->value;
    ck_assert(points >= 1 && points <= 2);
    for (size_t k = 0; k < n; k++) {
        ck_assert(!strstr(row[k].metric, "cost_usd") || !strstr(row[k].point, "ablation"));
        if (strcmp(row[k].metric, "fronts left out")) continue;
        ck_assert_str_eq(row[k].setting, "loss, cost_usd is left out: no costs are recorded; "
                                         "quality, size, utility is left out: there is "
                                         "no quality, outcomes are losses");
        told++;
    }
    ck_assert_uint_eq(told, 1);
    corpus_trial_close(&c);
    temp_folder_close(dir);
}
END_TEST

START_TEST(bad_designs_say_where)
{
    ablated s;
    ablated_open(&s);
    pm_err err = PM_ERR_INIT;
    run_options o = {.size = sizeof o, .out_dir = s.dir};
    s.factor[0].nominal = NAN;
    s.how.where = "trial.lua:9";
    ck_assert_int_eq(experiment_run(&s.t.env, &s.t.x, &o, s.t.a, &s.out, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), "trial.lua:9: ablation: weight of \"price\" is nan"), "%s",
                  err_text(&err));
    ablated_close(&s);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("experiment_ablation");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, points_are_those_of_the_pipeline);
    tcase_add_test(c, values_add_up);
    tcase_add_test(c, nothing_is_predicted_twice);
    tcase_add_test(c, hard_constraints_are_in_or_out);
    tcase_add_test(c, mixed_decisions);
    tcase_add_test(c, seeds_are_pooled);
    tcase_add_test(c, losses_without_costs);
    tcase_add_test(c, bad_designs_say_where);
    Suite *s = suite_create("experiment_ablation");
    suite_add_tcase(s, c);
    return suite_main(s);
}
