/* SPDX-License-Identifier: MIT
 *
 * A whole experiment with a sweep, a second constraint and a baseline among the rivals: which rows there are, and
 * that the rule's theorem holds in them.
 */
#include "config.h"

#include <math.h>

#include "experiment_tools.h"

#define WEIGHTS 6

static const double weight[WEIGHTS] = {0, 0.02, 0.1, 0.5, 2, 1000};
static const double other[2] = {0, 0.5};
static const char *const rivals[] = {"knn", "domain majority", "domain of another planet"};

typedef struct swept { /* a finished run */
    trial t;
    constraint_choice constraint[2];
    char dir[256];
    store_row *row;
    size_t n;
} swept;

static void swept_open(swept *s)
{
    temp_folder_open(s->dir);
    trial_open(&s->t, 2);
    s->constraint[0] = s->t.price;
    s->constraint[0].weight = weight;
    s->constraint[0].n_weights = WEIGHTS;
    s->constraint[1] = (constraint_choice){.at = choose(&s->t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                                           .sense = PM_SOFT,
                                           .weight = other,
                                           .n_weights = 2};
    s->t.x.constraint = s->constraint;
    s->t.x.n_constraints = 2;
    s->t.x.split = (split_spec){SPLIT_GIVEN, 0.6, 0.2, 0.2, 17, 0, 0};
    s->t.x.rival = rivals;
    s->t.x.n_rivals = 3;
    run_options o = {.size = sizeof o, .out_dir = s->dir};
    run_summary out;
    store *st;
    MUST(experiment_run(&s->t.env, &s->t.x, &o, s->t.a, &out, err));
    MUST(store_open(s->dir, &st, err));
    MUST(store_rows(st, out.key, s->t.a, &s->row, &s->n, err));
    store_close(st);
}

static void swept_close(swept *s)
{
    trial_close(&s->t);
    temp_folder_close(s->dir);
}

static const store_row *find(const swept *s, const char *point, const char *label,
                             const char *subset, const char *metric)
{
    for (size_t k = 0; k < s->n; k++)
        if (!strcmp(s->row[k].point, point) && !strcmp(s->row[k].label, label) &&
            !strcmp(s->row[k].subset, subset) && !strcmp(s->row[k].metric, metric))
            return &s->row[k];
    return NULL;
}

static double value(const swept *s, const char *point, const char *label, const char *subset,
                    const char *metric)
{
    const store_row *row = find(s, point, label, subset, metric);
    ck_assert_msg(row != NULL, "no %s of %s at %s (%s)", metric, label, point, subset);
    return row->value;
}

/* The mean price never rises with its weight, whatever the router; in the end the cheapest is chosen. */
static void check_points(const swept *s, const char *who, const char *subset, double size)
{
    double last = INFINITY, least = value(s, "", "cheapest single", "all", "mean:price");
    size_t corners = 0;
    for (size_t k = 0; k < WEIGHTS; k++) {
        str point = STR_INIT;
        str_puts(&point, "price=");
        str_number(&point, weight[k]);
        str_puts(&point, ", size=");
        str_number(&point, size);
        double mean = value(s, str_text(&point), who, subset, "mean:price");
        ck_assert_double_le(mean, last + 1e-9);
        last = mean;
        bool hull = value(s, str_text(&point), who, subset, "on_hull:price") > 0;
        ck_assert(!hull || value(s, str_text(&point), who, subset, "on_front:price") > 0);
        corners += hull;
        ck_assert_ptr_null(find(s, str_text(&point), who, subset, "on_hull:size"));
        str_close(&point);
    }
    ck_assert_double_eq_tol(last, least, 1e-6);
    ck_assert_uint_ge(corners, 1);
}

START_TEST(sweeps_have_their_rows)
{
    static const char *const who[] = {"prior", "length", "knn"}, *subset[] = {"all", "seeds:all"};
    static const char *const sweep[] = {"sweep:price, size=0", "sweep:price, size=0.5"};
    swept s;
    swept_open(&s);
    for (int g = 0; g < 2; g++)
        for (int c = 0; c < 2; c++) {
            double oracle = value(&s, sweep[c], "oracle", subset[g], "area");
            double zero = value(&s, sweep[c], "zero router", subset[g], "area");
            ck_assert_double_lt(zero, oracle); /* a quality */
            ck_assert_double_eq(value(&s, sweep[c], "oracle", subset[g], "area_share"), 1);
            ck_assert_double_eq(value(&s, sweep[c], "zero router", subset[g], "area_share"), 0);
            for (int r = 0; r < 3; r++) {
                check_points(&s, who[r], subset[g], other[c]);
                const store_row *area = find(&s, sweep[c], who[r], subset[g], "area");
                ck_assert(area && area->lo <= area->value && area->value <= area->hi);
                double share = value(&s, sweep[c], who[r], subset[g], "area_share");
                ck_assert_double_eq_tol(share, (zero - area->value) / (zero - oracle), 1e-9);
                ck_assert_double_ge(value(&s, sweep[c], who[r], subset[g], "hypervolume"), 0);
            }
            ck_assert_double_eq(value(&s, sweep[c], "knn", subset[g], "diff_rival_area:knn"), 0);
            ck_assert_double_lt(value(&s, sweep[c], "prior", subset[g], "diff_rival_area:knn"), 0);
        }
    for (size_t k = 0; k < s.n; k++) /* two weights make no front */
        ck_assert_ptr_null(strstr(s.row[k].point, "sweep:size"));
    double most = value(&s, "", "toy-max", "all", "mean_params");
    ck_assert_double_ge(most, value(&s, "price=0, size=0", "knn", "all", "mean_params"));
    ck_assert_double_eq(value(&s, "", "toy-max", "all", "mean:size"), 1);
    swept_close(&s);
}
END_TEST

/* The same in recorded dollars, of the seeds together too. */
START_TEST(sweeps_have_their_costs)
{
    static const char *const label[] = {"zero router (train)",
                                        "prompt length, 10 bins",
                                        "domain majority",
                                        "domain, shrunk n0=10",
                                        "knn",
                                        "oracle"};
    static const char *const cost[] = {"cost:price, size=0", "cost:price, size=0.5"};
    swept s;
    swept_open(&s);
    for (int c = 0; c < 2; c++) {
        double zero = value(&s, cost[c], "zero router", "seeds:all", "aiq");
        double knn = value(&s, cost[c], "knn", "seeds:all", "aiq");
        for (size_t l = 0; l < sizeof label / sizeof label[0]; l++) {
            double aiq = value(&s, cost[c], label[l], "seeds:all", "aiq");
            const store_row *zeroed = find(&s, cost[c], label[l], "seeds:all", "diff_zero_aiq");
            ck_assert_double_eq_tol(zeroed->value, aiq - zero, 1e-12);
            ck_assert(zeroed->lo <= zeroed->value + 1e-12 && zeroed->value <= zeroed->hi + 1e-12);
            ck_assert_double_eq_tol(value(&s, cost[c], label[l], "seeds:all", "diff_rival_aiq:knn"),
                                    aiq - knn, 1e-12);
            ck_assert_ptr_nonnull(find(&s, cost[c], label[l], "all", "corner_usd:00"));
        }
        ck_assert_double_gt(value(&s, cost[c], "oracle", "all", "diff_zero_aiq"), 0);
        ck_assert_ptr_nonnull(find(&s, cost[c], "placebo", "all", "diff_zero_aiq"));
        ck_assert_double_eq(value(&s, cost[c], "toy-max", "all", "cost_usd"),
                            value(&s, "", "toy-max", "all", "cost_usd"));
        ck_assert_double_eq_tol(
            value(&s, cost[c], "oracle, cheapest of the best", "all", "quality"),
            value(&s, "", "oracle", "all", "quality"), 1e-9);
        const store_row *own = find(&s, cost[c], "knn, true price", "all", "aiq");
        ck_assert(!own || own->value > 0); /* where the constraint can tell what a call cost */
    }
    swept_close(&s);
}
END_TEST

START_TEST(rivals_may_be_baselines_or_missing)
{
    swept s;
    swept_open(&s);
    ck_assert_double_eq(
        value(&s, "", "domain majority", "all", "diff_rival_accuracy:domain majority"), 0);
    double mine = value(&s, "price=0, size=0", "knn", "all", "selection_accuracy");
    double theirs = value(&s, "", "domain majority", "all", "selection_accuracy");
    ck_assert_double_eq_tol(
        value(&s, "price=0, size=0", "knn", "all", "diff_rival_accuracy:domain majority"),
        mine - theirs, 1e-12);
    ck_assert_ptr_nonnull(
        find(&s, "price=2, size=0.5", "prior", "seeds:all", "diff_rival_gap:domain majority"));
    const store_row *told = find(&s, "", "run", "rival", "rival without a row in these data");
    ck_assert_ptr_nonnull(told);
    ck_assert_str_eq(told->setting, "domain of another planet");
    swept_close(&s);
}
END_TEST

/* Curves that do not stand beside the routers' are told: of mixtures, and of sweeps too long to keep them. */
START_TEST(curves_left_out_are_told)
{
    enum { LONG = 2001 };
    static double many[LONG];
    for (size_t k = 0; k < LONG; k++) many[k] = (double)k / 1000;
    for (int is_long = 0; is_long < 2; is_long++) {
        const char *want = is_long ? "more than 2,000 points" : "does not promise to be additive";
        swept s;
        run_summary out;
        store *st;
        size_t told = 0;
        temp_folder_open(s.dir);
        trial_open(&s.t, 2);
        s.t.x.n_routers = 1;
        s.t.x.bootstrap.resamples = 2;
        s.t.price.weight = is_long ? many : weight;
        s.t.price.n_weights = is_long ? LONG : WEIGHTS;
        if (!is_long) s.t.x.objective = choose(&s.t, PLUGIN_OBJECTIVE, "mixture", NULL, 0);
        run_options o = {.size = sizeof o, .out_dir = s.dir};
        MUST(experiment_run(&s.t.env, &s.t.x, &o, s.t.a, &out, err));
        MUST(store_open(s.dir, &st, err));
        MUST(store_rows(st, out.key, s.t.a, &s.row, &s.n, err));
        store_close(st);
        for (size_t k = 0; k < s.n; k++)
            told += !strcmp(s.row[k].subset, "cost curves") && strstr(s.row[k].setting, want);
        ck_assert_uint_eq(told, 1);
        swept_close(&s);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("experiment sweep");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, sweeps_have_their_rows);
    tcase_add_test(c, sweeps_have_their_costs);
    tcase_add_test(c, curves_left_out_are_told);
    tcase_add_test(c, rivals_may_be_baselines_or_missing);
    Suite *s = suite_create("experiment sweep");
    suite_add_tcase(s, c);
    return suite_main(s);
}
