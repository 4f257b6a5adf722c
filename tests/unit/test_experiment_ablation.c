/* SPDX-License-Identifier: MIT
 *
 * A whole experiment with an ablation: its means are those that the pipeline's own points give (a sweep over the same
 * weights), values add up, nothing is predicted again for another ablation, hard constraints take part.
 */
#include "config.h"

#include <math.h>

#include "eval/ablation.h"
#include "experiment_tools.h"

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

static double value(const ablated *s, const char *point, const char *label, const char *metric)
{
    for (size_t k = 0; k < s->n; k++)
        if (!strcmp(s->row[k].point, point) && !strcmp(s->row[k].label, label) &&
            !strcmp(s->row[k].subset, "all") && !strcmp(s->row[k].metric, metric))
            return s->row[k].value;
    ck_abort_msg("no %s of %s at \"%s\"", metric, label, point);
    return NAN;
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
    tcase_add_test(c, bad_designs_say_where);
    Suite *s = suite_create("experiment_ablation");
    suite_add_tcase(s, c);
    return suite_main(s);
}
