/* SPDX-License-Identifier: MIT
 *
 * penalty, size, price and recency: formulas, parts, ties, masks and refusals worked out by hand; and
 * recorded, which replays.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plug/backend.h"
#include "plug/constraint.h"
#include "plug/feasible.h"
#include "plug/objective.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

enum { N = 2, M = 3 };

static const uint64_t arrival[N] = {0, 1};

struct table { /* a question on N x M and room for every answer */
    pm_question q;
    pm_decisions d;
    uint32_t choice[N], mask[N * M];
    float utility[N * M], value_part[N * M], term_part[2][N * M];
    pm_mat part[2];
    objective *o;
};

static void lay(struct table *t, pm_value_kind kind, const float *value, const pm_term *const *term,
                size_t n_terms)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "penalty");
    objective_spec spec = {e, bed_params(&b, e, ""), 7};
    bed_ok(&b, objective_build(b.call, &spec, NULL, NULL, &t->o, &b.err));
    t->part[0] = (pm_mat){t->term_part[0], N, M, M};
    t->part[1] = (pm_mat){t->term_part[1], N, M, M};
    t->q = (pm_question){.size = sizeof t->q,
                         .kind = kind,
                         .value = {value, N, M, M},
                         .lib = bed_library(&b, M),
                         .x = bed_prompts(&b, N, 0, 0),
                         .term = term,
                         .n_terms = n_terms,
                         .arrival = arrival};
    t->d = (pm_decisions){.size = sizeof t->d,
                          .choice = t->choice,
                          .utility = {t->utility, N, M, M},
                          .value_part = {t->value_part, N, M, M},
                          .term_part = t->part};
}

static const float cost[] = {1, 0.5f, 0};
static const pm_term price = {.size = sizeof(pm_term),
                              .name = "price",
                              .sense = PM_SOFT,
                              .weight = 0.5,
                              .value = {cost, N, M, 0}};

START_TEST(penalty_adds_weighted_terms)
{
    static const float quality[] = {0.9f, 0.5f, 0.3f, 0.9f, 0.7f, 0.3f};
    const pm_term *term[] = {&price};
    struct table t;
    lay(&t, PM_VALUE_QUALITY, quality, term, 1);
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    bed_near(t.utility, (double[]){.4, .25, .3, .4, .45, .3}, N * M, 1e-6, "utility");
    bed_near(t.value_part, (double[]){.9, .5, .3, .9, .7, .3}, N * M, 1e-6, "value part");
    bed_near(t.term_part[0], (double[]){-.5, -.25, 0, -.5, -.25, 0}, N * M, 1e-6, "price part");
    ck_assert_uint_eq(t.choice[0], 0);
    ck_assert_uint_eq(t.choice[1], 1);
    objective_close(t.o);
}
END_TEST

START_TEST(penalty_turns_losses_round)
{
    static const float loss[] = {1, 2, 3, 3, 2.5f, 2};
    const pm_term *term[] = {&price};
    struct table t;
    lay(&t, PM_VALUE_LOSS, loss, term, 1);
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    bed_near(t.utility, (double[]){-1.5, -2.25, -3, -3.5, -2.75, -2}, N * M, 1e-6, "utility");
    ck_assert_uint_eq(t.choice[0], 0);
    ck_assert_uint_eq(t.choice[1], 2);
    objective_close(t.o);
}
END_TEST

START_TEST(penalty_weights_follow_the_prompt)
{
    static const float quality[] = {0.9f, 0.6f, 0.3f, 0.9f, 0.6f, 0.3f}, weight[] = {0, 2};
    pm_term flagged = price;
    flagged.weight_row = weight;
    const pm_term *term[] = {&flagged};
    struct table t;
    lay(&t, PM_VALUE_QUALITY, quality, term, 1);
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    ck_assert_uint_eq(t.choice[0], 0);
    ck_assert_uint_eq(t.choice[1], 2);
    objective_close(t.o);
}
END_TEST

START_TEST(penalty_breaks_ties_by_prior_then_column)
{
    static const float quality[] = {0.5f, 0.5f, 0.5f, 0.25f, 0.5f, 0.5f},
                       prior[] = {0.1f, 0.7f, 0.7f};
    struct table t;
    lay(&t, PM_VALUE_QUALITY, quality, NULL, 0);
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    ck_assert_uint_eq(t.choice[0], 0);
    ck_assert_uint_eq(t.choice[1], 1);
    t.q.prior = prior;
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    ck_assert_uint_eq(t.choice[0], 1);
    ck_assert_uint_eq(t.choice[1], 1);
    objective_close(t.o);
}
END_TEST

START_TEST(penalty_forbids_what_is_above_a_bound)
{
    static const float quality[] = {0.9f, 0.5f, 0.3f, 0.9f, 0.7f, 0.3f};
    pm_term hard = price;
    hard.sense = PM_HARD, hard.bound = 0.5;
    const pm_term *term[] = {&price, &hard};
    struct table t;
    lay(&t, PM_VALUE_QUALITY, quality, term, 2);
    ck_assert(feasible_mask(&t.q, t.mask));
    t.q.mask = t.mask;
    bed_ok(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err));
    ck_assert_uint_eq(t.choice[0], 2);
    ck_assert_uint_eq(t.choice[1], 1);
    ck_assert_uint_eq(t.mask[0], 2);
    ck_assert_uint_eq(t.mask[1], 0); /* at the bound is allowed */
    ck_assert(isinf(t.utility[0]) && t.utility[0] < 0);
    bed_near(t.term_part[1], (double[]){0, 0, 0, 0, 0, 0}, N * M, 0, "hard part");
    hard.bound = -1;
    ck_assert(!feasible_mask(&t.q, t.mask));
    bed_fails(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err), PM_E_INFEASIBLE, "nobody");
    objective_close(t.o);
}
END_TEST

START_TEST(penalty_refuses_budgets_and_ranks)
{
    static const float quality[N * M] = {0};
    pm_term budget = price;
    budget.sense = PM_BUDGET;
    const pm_term *term[] = {&budget};
    struct table t;
    lay(&t, PM_VALUE_QUALITY, quality, term, 1);
    bed_fails(&b, objective_decide(t.o, b.call, &t.q, &t.d, &b.err), PM_E_UNSUPPORTED, "budget");
    objective_close(t.o);
    lay(&t, PM_VALUE_RANK, quality, NULL, 0);
    ck_assert_int_ne(objective_decide(t.o, b.call, &t.q, &t.d, &b.err), PM_OK);
    objective_close(t.o);
}
END_TEST

/* ---- constraints -------------------------------------------------------------------------------- */

/* Without a fit: built on one prompt of which no cost was recorded. */
static constraint *made(const char *name, const char *params, const pm_fit *fit)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_CONSTRAINT, name);
    constraint_spec spec = {e, bed_params(&b, e, params), 7};
    pm_fit bare = {.size = sizeof bare,
                   .lib = bed_library(&b, M),
                   .x = bed_prompts(&b, 1, 0, 0),
                   .y = bed_outcomes(&b, 1, M, 0, false)};
    constraint *k = NULL;
    bed_ok(&b, constraint_build(b.call, &spec, fit ? fit : &bare, &k, &b.err));
    return k;
}

static void expect(const char *name, const char *params, const pm_fit *fit, const pm_library *lib,
                   const double *want)
{
    float row[8];
    constraint *k = made(name, params, fit);
    ck_assert(!constraint_is_per_prompt(k));
    bed_ok(&b, constraint_eval(k, b.call, lib, bed_prompts(&b, 1, 0, 0), NULL,
                               (pm_mat){row, 1, lib->n, lib->n}, &b.err));
    bed_near(row, want, lib->n, 1e-5, params);
    constraint_close(k);
}

static void refuses(const char *name, const char *params, const pm_library *lib, const char *text)
{
    float row[8];
    constraint *k = made(name, params, NULL);
    bed_fails(&b,
              constraint_eval(k, b.call, lib, bed_prompts(&b, 1, 0, 0), NULL,
                              (pm_mat){row, 1, lib->n, lib->n}, &b.err),
              PM_E_ARG, text);
    constraint_close(k);
}

START_TEST(size_by_formula)
{
    pm_library *lib = bed_library(&b, 4);
    static const double params[] = {1e9, 1e10, 1e11};
    for (size_t j = 0; j < 3; j++) bed_attr(lib, j, "params", PM_ATTR_NUMBER, params[j]);
    refuses("size", "", lib, "e3");
    refuses("size", "", lib, "params");
    expect("size", "missing=worst", NULL, lib, (double[]){0, .5, 1, 1});
    expect("size", "missing=worst scale=max", NULL, lib, (double[]){.01, .1, 1, 1});
    expect("size", "missing=worst scale=raw", NULL, lib, (double[]){1, 10, 100, 100});
    pm_library *same = bed_library(&b, 2);
    for (size_t j = 0; j < 2; j++) bed_attr(same, j, "params", PM_ATTR_NUMBER, 7e9);
    expect("size", "", NULL, same, (double[]){0, 0});
    refuses("size", "missing=worst", bed_library(&b, 2), "params");
}
END_TEST

START_TEST(recency_by_formula)
{
    pm_library *lib = bed_library(&b, 4);
    static const double day[] = {19723, 19723 - 100, 19723 - 400}; /* 2024-01-01 and before */
    for (size_t j = 0; j < 3; j++) bed_attr(lib, j, "released", PM_ATTR_DATE, day[j]);
    refuses("recency", "", lib, "e3");
    expect("recency", "missing=worst", NULL, lib, (double[]){0, .25, 1, 1});
    expect("recency", "missing=worst scale=raw", NULL, lib, (double[]){0, 100, 400, 400});
    expect("recency", "missing=worst scale=raw as_of=2024-03-01", NULL, lib,
           (double[]){60, 160, 460, 460});
    expect("recency", "missing=worst scale=raw as_of=2023-12-01", NULL, lib,
           (double[]){0, 69, 369, 369});
    refuses("recency", "missing=worst as_of=2023-02-29", lib, "2023-02-29");
    refuses("recency", "missing=worst as_of=soon", lib, "YYYY-MM-DD");
}
END_TEST

START_TEST(price_from_lists)
{
    pm_library *lib = bed_library(&b, 3);
    static const double in[] = {10, 1, 0}, out[] = {30, 2, 0};
    for (size_t j = 0; j < 3; j++) {
        bed_attr(lib, j, "price_in", PM_ATTR_NUMBER, in[j]);
        bed_attr(lib, j, "price_out", PM_ATTR_NUMBER, out[j]);
    }
    /* (500 * 10 + 250 * 30) / 1e6 = .0125 USD; .001; 0 */
    expect("price", "scale=raw", NULL, lib, (double[]){12.5, 1, 0});
    expect("price", "", NULL, lib, (double[]){1, .08, 0});
    expect("price", "scale=raw tokens_in=1000 tokens_out=0", NULL, lib, (double[]){10, 1, 0});
    pm_library *bare = bed_library(&b, 2);
    bed_attr(bare, 0, "price_in", PM_ATTR_NUMBER, 1);
    refuses("price", "basis=list", bare, "price_out");
}
END_TEST

START_TEST(price_learns_recorded_costs)
{
    static const float usd[] = {0.01f, 0.001f, 0.03f, NAN}, value[] = {1, 1, 0, 0};
    pm_library *lib = bed_library(&b, 2), *turned = bed_library(&b, 2), *more = bed_library(&b, 3);
    pm_outcomes *y = bed_outcomes_of(&b, PM_VALUE_QUALITY, 2, 2, value);
    y->cost_usd = (pm_cmat){usd, 2, 2, 2};
    pm_fit fit = {.size = sizeof fit, .lib = lib, .x = bed_prompts(&b, 2, 0, 0), .y = y};
    expect("price", "scale=raw", &fit, lib, (double[]){20, 1});
    expect("price", "basis=recorded", &fit, lib, (double[]){1, .05});
    const pm_expert *back[] = {turned->expert[1], turned->expert[0]};
    turned->expert = back;
    expect("price", "", &fit, turned, (double[]){.05, 1});
    expect("price", "missing=worst scale=raw", &fit, more, (double[]){20, 1, 20});
    constraint *k = made("price", "scale=raw", &fit);
    char path[300];
    float row[2];
    snprintf(path, sizeof path, "%s/price", b.folder);
    bed_ok(&b, constraint_save(k, b.call, path, &b.err));
    constraint_close(k);
    bed_ok(&b, constraint_load(b.call, path, &k, &b.err));
    bed_ok(&b, constraint_eval(k, b.call, lib, bed_prompts(&b, 1, 0, 0), NULL,
                               (pm_mat){row, 1, 2, 2}, &b.err));
    bed_near(row, (double[]){20, 1}, 2, 1e-5, "loaded");
    constraint_close(k);
}
END_TEST

/* ---- recorded ----------------------------------------------------------------------------------- */

START_TEST(recorded_replays_by_id)
{
    static const uint64_t id[] = {30, 10, 20, 10}, asked[] = {10, 20, 30, 40};
    static const float value[] = {1, 0, NAN, 1}, usd[] = {0.5f, 0.25f, 0.125f, NAN};
    pm_prompts x = {.size = sizeof x, .n = 4, .id = id};
    pm_outcomes y = {.size = sizeof y,
                     .kind = PM_VALUE_QUALITY,
                     .value = {value, 4, 1, 1},
                     .cost_usd = {usd, 4, 1, 1}};
    pm_library *lib = bed_library(&b, 1);
    pm_backend_fit fit = {.size = sizeof fit, .expert = lib->expert[0], .x = &x, .y = &y};
    const plugin_entry *e = bed_plugin(&b, PLUGIN_BACKEND, "recorded");
    backend_spec spec = {e, bed_params(&b, e, ""), 7};
    backend *k = NULL;
    char path[300];
    snprintf(path, sizeof path, "%s/recorded", b.folder);
    bed_ok(&b, backend_train(b.call, &spec, &fit, &k, &b.err));
    bed_ok(&b, backend_save(k, b.call, path, &b.err));
    backend_close(k);
    bed_ok(&b, backend_load(b.call, path, &k, &b.err));
    double v[4], c[4], t[4], u[4];
    pm_measured out = {.size = sizeof out, .value = v, .cost_usd = c, .tokens = t, .chars = u};
    pm_prompts q = {.size = sizeof q, .n = 4, .id = asked};
    bed_ok(&b, backend_score(k, b.call, &q, &out, &b.err));
    ck_assert_int_eq(out.kind, PM_VALUE_QUALITY);
    ck_assert(v[0] == 0.5 && isnan(v[1]) && v[2] == 1 && isnan(v[3]));
    ck_assert(c[0] == 0.25 && c[1] == 0.125 && c[2] == 0.5 && isnan(c[3]));
    ck_assert(isnan(t[0]) && isnan(u[0]));
    backend_close(k);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("penalty, constraints, recorded");
    TCase *t = tcase_create("policy");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, penalty_adds_weighted_terms);
    tcase_add_test(t, penalty_turns_losses_round);
    tcase_add_test(t, penalty_weights_follow_the_prompt);
    tcase_add_test(t, penalty_breaks_ties_by_prior_then_column);
    tcase_add_test(t, penalty_forbids_what_is_above_a_bound);
    tcase_add_test(t, penalty_refuses_budgets_and_ranks);
    tcase_add_test(t, size_by_formula);
    tcase_add_test(t, recency_by_formula);
    tcase_add_test(t, price_from_lists);
    tcase_add_test(t, price_learns_recorded_costs);
    tcase_add_test(t, recorded_replays_by_id);
    suite_add_tcase(s, t);
    return suite_main(s);
}
