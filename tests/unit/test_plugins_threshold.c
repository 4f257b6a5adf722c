/* SPDX-License-Identifier: MIT
 *
 * threshold: the probability that strong beats weak by every kind, ties at alpha, both ends of alpha, many
 * experts against a search over definitions, what raising alpha does to cost, terms, and refusals.
 */
#include "config.h"

#include "plugins_bed.h"

#include "base/rng.h"
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

enum { N = 60, M = 5 };

typedef struct table { /* a question of N prompts and room for every answer */
    pm_question q;
    pm_decisions d;
    float value[N * M], cost[M], prior[M];
    uint64_t arrival[N];
    uint32_t choice[N], mask[N * M];
    float utility[N * M], value_part[N * M], term_part[2][N * M];
    pm_mat part[2];
} table;

static table *lay(pm_value_kind kind, size_t n, size_t m)
{
    table *t = arena_alloc(b.room, 1, sizeof *t);
    for (size_t i = 0; i < N; i++) t->arrival[i] = i;
    for (size_t j = 0; j < M; j++) t->cost[j] = (float)(j + 1);
    t->part[0] = (pm_mat){t->term_part[0], n, m, m};
    t->part[1] = (pm_mat){t->term_part[1], n, m, m};
    t->q = (pm_question){.size = sizeof t->q,
                         .kind = kind,
                         .value = {t->value, n, m, m},
                         .lib = bed_library(&b, m),
                         .x = bed_prompts(&b, n, 0, 0),
                         .cost_usd = {t->cost, n, m, 0},
                         .arrival = t->arrival,
                         .reference_col = kind == PM_VALUE_WINPROB ? 0 : PM_NO_COL};
    t->d = (pm_decisions){.size = sizeof t->d,
                          .choice = t->choice,
                          .utility = {t->utility, n, m, m},
                          .value_part = {t->value_part, n, m, m},
                          .term_part = t->part};
    return t;
}

/* Values on a grid of fortieths, so that ties occur; costs with ties too. */
static void scatter(table *t, uint64_t seed)
{
    size_t n = t->q.value.rows, m = t->q.value.cols;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < m; j++) {
            double v = floor(1 + 38 * rng_uniform(seed, 1, i * M + j)) / 40;
            if (t->q.kind == PM_VALUE_WINPROB && j == t->q.reference_col) v = 0.5;
            t->value[i * m + j] = (float)v;
            sum += v;
        }
        for (size_t j = 0; t->q.kind == PM_VALUE_BEST && j < m; j++)
            t->value[i * m + j] = (float)((double)t->value[i * m + j] / sum);
    }
    for (size_t j = 0; j < m; j++) {
        t->cost[j] = (float)floor(1 + 3 * rng_uniform(seed, 2, j));
        t->prior[j] = (float)rng_uniform(seed, 3, j);
    }
    t->q.prior = t->prior;
}

static objective *made(const char *params)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "threshold");
    objective_spec spec = {e, bed_params(&b, e, params), 7};
    objective *o = NULL;
    bed_ok(&b, objective_build(b.call, &spec, NULL, NULL, &o, &b.err));
    return o;
}

static void decide(table *t, const char *params)
{
    objective *o = made(params);
    t->q.mask = t->mask;
    ck_assert(feasible_mask(&t->q, t->mask));
    bed_ok(&b, objective_decide(o, b.call, &t->q, &t->d, &b.err));
    objective_close(o);
}

static void refuses(table *t, const char *params, pm_status status, const char *text)
{
    objective *o = made(params);
    bed_fails(&b, objective_decide(o, b.call, &t->q, &t->d, &b.err), status, text);
    objective_close(o);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* P(a beats b), written down anew. */
static double beats(const table *t, size_t i, size_t a, size_t e)
{
    double va = (double)t->value[i * t->q.value.cols + a];
    double ve = (double)t->value[i * t->q.value.cols + e];
    switch (t->q.kind) {
    case PM_VALUE_WINPROB:
        return va * (1 - ve) / (va * (1 - ve) + ve * (1 - va));
    case PM_VALUE_BEST:
        return va / (va + ve);
    case PM_VALUE_LOSS:
        return sigmoid(ve - va);
    default:
        return 0.5 + (va - ve) / 2;
    }
}

/* ---- the pair ------------------------------------------------------------------------------------ */

static const pm_value_kind kinds[] = {PM_VALUE_QUALITY, PM_VALUE_LOSS, PM_VALUE_WINPROB,
                                      PM_VALUE_BEST};

START_TEST(pair_scores_every_kind)
{
    table *t = lay(kinds[_i], N, M);
    scatter(t, 11);
    for (size_t s = 0; s < M; s++)
        for (size_t w = 0; w < M; w++) {
            char params[64];
            if (s == w) continue;
            snprintf(params, sizeof params, "alpha=0 strong=e%zu weak=e%zu", s, w);
            decide(t, params);
            for (size_t i = 0; i < N; i++) {
                double p = (double)t->value_part[i * M + s];
                ck_assert_msg(fabs(p - beats(t, i, s, w)) < 1e-6, "%zu over %zu, prompt %zu: %g", s,
                              w, i, p);
                ck_assert_uint_eq(t->choice[i], s); /* alpha 0: always strong */
            }
        }
}
END_TEST

START_TEST(pair_is_strong_at_alpha_itself)
{
    table *t = lay(PM_VALUE_WINPROB, 5, 2);
    const float win[] = {0.5f, 0.7f, 0.5f, 0.69999f, 0.5f, 0.70001f, 0.5f, 1, 0.5f, 0};
    memcpy(t->value, win, sizeof win);
    decide(t, "alpha=0.7 strong=e1 weak=e0");
    const uint32_t want[] = {1, 0, 1, 1, 0};
    ck_assert_mem_eq(t->choice, want, sizeof want);
    ck_assert(t->value_part[1] == 0.0f); /* P - alpha */
    decide(t, "alpha=1 strong=e1 weak=e0");
    const uint32_t at_one[] = {0, 0, 0, 1, 0};
    ck_assert_mem_eq(t->choice, at_one, sizeof at_one);
    decide(t, "alpha=0 strong=e1 weak=e0");
    for (size_t i = 0; i < 5; i++) ck_assert_uint_eq(t->choice[i], 1);
}
END_TEST

/* The reference's own column is taken as it is; without it the odds give the same. */
START_TEST(pair_takes_the_reference_directly)
{
    table *t = lay(PM_VALUE_WINPROB, 1, 3);
    t->value[0] = 0.5f, t->value[1] = 0.8f, t->value[2] = 0.3f;
    decide(t, "alpha=0 strong=e1 weak=e0");
    ck_assert(t->value_part[1] == 0.8f);
    decide(t, "alpha=0 strong=e0 weak=e2");
    ck_assert(t->value_part[0] == 0.7f);
    decide(t, "alpha=0 strong=e1 weak=e2"); /* odds 4 / (3/7) */
    bed_near(&t->value_part[1], (double[]){28.0 / 31}, 1, 1e-6, "odds");
    t->q.size = offsetof(pm_question, reference_col); /* a host that does not say */
    decide(t, "alpha=0 strong=e1 weak=e0");
    bed_near(&t->value_part[1], (double[]){0.8}, 1, 1e-6, "no reference");
    t->value[1] = t->value[2] = 1;
    decide(t, "alpha=0 strong=e1 weak=e2");
    bed_near(&t->value_part[1], (double[]){0.5}, 1, 1e-6, "both certain");
}
END_TEST

START_TEST(pair_is_chosen_by_prior_and_cost)
{
    table *t = lay(PM_VALUE_QUALITY, 1, 4);
    const float q[] = {0.9f, 0.1f, 0.1f, 0.2f}, prior[] = {0.1f, 0.4f, 0.9f, 0.9f};
    memcpy(t->value, q, sizeof q);
    t->q.prior = prior;
    decide(t, "alpha=0"); /* strong: the first of the best priors */
    ck_assert_uint_eq(t->choice[0], 2);
    decide(t, "alpha=1"); /* weak: the cheapest, whatever its value */
    ck_assert_uint_eq(t->choice[0], 0);
    t->q.prior = NULL; /* strong: the dearest */
    decide(t, "alpha=0");
    ck_assert_uint_eq(t->choice[0], 3);
    decide(t, "alpha=0 cheap=order weak=e1");
    ck_assert_uint_eq(t->choice[0], 3);
    t->q.cost_usd.at = NULL; /* list prices decide */
    pm_library *lib = bed_library(&b, 4);
    for (size_t j = 0; j < 4; j++) {
        bed_attr(lib, j, "price_in", PM_ATTR_NUMBER, 4 - (double)j);
        bed_attr(lib, j, "price_out", PM_ATTR_NUMBER, 1);
    }
    t->q.lib = lib;
    decide(t, "alpha=1 strong=e1");
    ck_assert_uint_eq(t->choice[0], 3);
    refuses(t, "cheap=params", PM_E_ARG, "\"e0\" has no params");
    refuses(t, "cheap=cost", PM_E_ARG, "has no the expected cost of a call");
}
END_TEST

START_TEST(pair_refuses_what_is_no_pair)
{
    table *t = lay(PM_VALUE_QUALITY, 1, 3);
    refuses(t, "strong=e9", PM_E_ARG, "strong = \"e9\" is none of the 3 experts");
    refuses(t, "weak=nobody", PM_E_ARG, "weak = \"nobody\"");
    refuses(t, "strong=e1 weak=e1", PM_E_ARG, "the same expert \"e1\"");
    t->value[2] = NAN;
    refuses(t, "", PM_E_ARG, "prediction for expert \"e2\"");
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "threshold");
    void *out;
    const double outside[] = {-0.01, 1.01, NAN, INFINITY};
    for (size_t k = 0; k < 4; k++) {
        param_value alpha = {.name = "alpha", .kind = PARAM_NUMBER, .number = outside[k]};
        bed_fails(
            &b,
            params_build(e->params, e->params_bytes, &alpha, 1, b.room, &out, NULL, NULL, &b.err),
            PM_E_ARG, "alpha");
    }
}
END_TEST

START_TEST(one_expert_is_chosen)
{
    table *t = lay(PM_VALUE_QUALITY, 1, 1);
    decide(t, "");
    ck_assert_uint_eq(t->choice[0], 0);
    decide(t, "rule=cheapest");
    ck_assert_uint_eq(t->choice[0], 0);
}
END_TEST

/* ---- terms ----------------------------------------------------------------------------------------- */

static const float size[] = {0, 0.5f, 1};
static const pm_term soft = {.size = sizeof(pm_term),
                             .name = "size",
                             .sense = PM_SOFT,
                             .weight = 0.2,
                             .value = {size, 1, 3, 0}};

START_TEST(soft_terms_count_against_experts)
{
    table *t = lay(PM_VALUE_QUALITY, 1, 3);
    const pm_term *term[] = {&soft};
    t->q.term = term, t->q.n_terms = 1;
    const float q[] = {0.5f, 0.6f, 0.9f}; /* P(e2 beats e0) = .7, dearer by .2 */
    memcpy(t->value, q, sizeof q);
    decide(t, "alpha=0.45 strong=e2 weak=e0");
    ck_assert_uint_eq(t->choice[0], 2);
    bed_near(t->utility, (double[]){0, -1, 0.05}, 3, 1e-6, "utility");
    bed_near(t->term_part[0], (double[]){0, 0, -.2}, 3, 1e-6, "part");
    decide(t, "alpha=0.55 strong=e2 weak=e0");
    ck_assert_uint_eq(t->choice[0], 0);
    decide(t, "rule=cheapest alpha=0.6 cheap=terms"); /* e1 and e2 clear .54 */
    ck_assert_uint_eq(t->choice[0], 1);
    bed_near(t->utility, (double[]){-1.24, -.1, -.2}, 3, 1e-6, "utility of the cheapest");
    t->cost[1] = 1, t->cost[2] = 0.95f;
    decide(t, "rule=cheapest alpha=0.6 cheap=cost"); /* 1.1 against 1.15 */
    ck_assert_uint_eq(t->choice[0], 1);
}
END_TEST

START_TEST(hard_terms_forbid)
{
    table *t = lay(PM_VALUE_QUALITY, 1, 3);
    pm_term hard = soft;
    hard.sense = PM_HARD, hard.bound = 0.5;
    const pm_term *term[] = {&hard};
    t->q.term = term, t->q.n_terms = 1;
    const float q[] = {0.5f, 0.6f, 0.9f};
    memcpy(t->value, q, sizeof q);
    decide(t, "alpha=0 strong=e2 weak=e0");
    ck_assert_uint_eq(t->choice[0], 0); /* strong is forbidden */
    ck_assert_uint_eq(t->mask[2], 1);
    decide(t, "alpha=1 strong=e0 weak=e2");
    ck_assert_uint_eq(t->choice[0], 0); /* weak is */
    decide(t, "rule=cheapest alpha=1"); /* best of those allowed */
    ck_assert_uint_eq(t->choice[0], 1);
    const float other[] = {1, 0, 1};
    hard.value.at = other;
    decide(t, "strong=e2 weak=e0"); /* both are: the best of the rest */
    ck_assert_uint_eq(t->choice[0], 1);
    hard.sense = PM_BUDGET;
    refuses(t, "", PM_E_UNSUPPORTED, "budget");
}
END_TEST

/* ---- many experts ---------------------------------------------------------------------------------- */

static double height(const table *t, size_t i, size_t j)
{
    double v = (double)t->value[i * M + j];
    return t->q.kind == PM_VALUE_LOSS ? exp(-v) : v;
}

static bool clears(const table *t, size_t i, size_t j, double alpha, const char *how)
{
    double best = -1;
    for (size_t k = 0; k < M; k++) {
        best = fmax(best, height(t, i, k));
        if (!strcmp(how, "unbeaten") && t->cost[k] > t->cost[j] && beats(t, i, k, j) >= alpha)
            return false;
    }
    if (!strcmp(how, "unbeaten")) return true;
    return height(t, i, j) >= (!strcmp(how, "absolute") ? alpha : alpha * best);
}

/* Columns in order of preference: clears, cost, value, prior; where none clears, value before cost. */
static size_t searched(const table *t, size_t i, double alpha, const char *how)
{
    bool any = false;
    size_t choice = M;
    for (size_t j = 0; j < M; j++) any |= clears(t, i, j, alpha, how);
    for (size_t j = 0; j < M; j++) {
        if (any && !clears(t, i, j, alpha, how)) continue;
        if (choice == M) {
            choice = j;
            continue;
        }
        double cost = (double)t->cost[j] - (double)t->cost[choice];
        double value = height(t, i, choice) - height(t, i, j);
        double key[3] = {any ? cost : value, any ? value : cost,
                         (double)t->prior[choice] - (double)t->prior[j]};
        for (size_t k = 0; k < 3; k++) {
            if (fabs(key[k]) < 1e-9) continue;
            if (key[k] < 0) choice = j;
            break;
        }
    }
    return choice;
}

static const char *const hows[] = {"relative", "absolute", "unbeaten"};
static const double alphas[] = {0, 0.1234, 0.3321, 0.5017, 0.7123, 0.9111, 0.9999, 1};

/* Alphas between the steps of the values: rounding does not decide; 0 and 1 are exact. */
START_TEST(cheapest_is_what_a_search_finds)
{
    for (size_t k = 0; k < 4; k++)
        for (uint64_t seed = 0; seed < 10; seed++) {
            table *t = lay(kinds[k], N, M);
            scatter(t, seed);
            for (size_t h = 0; h < 3; h++)
                for (size_t a = 0; a < sizeof alphas / sizeof *alphas; a++) {
                    char params[80];
                    snprintf(params, sizeof params, "rule=cheapest clears=%s alpha=%.17g", hows[h],
                             alphas[a]);
                    decide(t, params);
                    for (size_t i = 0; i < N; i++)
                        ck_assert_msg(t->choice[i] == searched(t, i, alphas[a], hows[h]),
                                      "%s kind %d seed %d prompt %zu: %u, want %zu", params,
                                      (int)kinds[k], (int)seed, i, t->choice[i],
                                      searched(t, i, alphas[a], hows[h]));
                }
        }
}
END_TEST

static double spent(const table *t)
{
    double sum = 0;
    for (size_t i = 0; i < t->q.value.rows; i++) sum += (double)t->cost[t->choice[i]];
    return sum;
}

/* Raising alpha never raises the cost of a pair or of "unbeaten", never lowers that of the other two. */
START_TEST(cost_follows_alpha)
{
    for (size_t k = 0; k < 4; k++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            table *t = lay(kinds[k], N, M);
            scatter(t, seed);
            for (size_t h = 0; h < 4; h++) {
                double before = 0;
                for (size_t a = 0; a <= 50; a++) {
                    char params[80];
                    if (h < 3)
                        snprintf(params, sizeof params, "rule=cheapest clears=%s alpha=%.17g",
                                 hows[h], (double)a / 50);
                    else {
                        t->q.prior = NULL; /* strong is the dearest */
                        snprintf(params, sizeof params, "alpha=%.17g", (double)a / 50);
                    }
                    decide(t, params);
                    double now = spent(t);
                    ck_assert_msg(a == 0 || (h >= 2 ? now <= before : now >= before),
                                  "%s kind %d: cost goes from %g to %g", params, (int)kinds[k],
                                  before, now);
                    before = now;
                }
            }
        }
}
END_TEST

/* "unbeaten" between two experts is the pair rule. */
START_TEST(unbeaten_of_two_is_the_pair)
{
    for (size_t k = 0; k < 4; k++) {
        table *t = lay(kinds[k], N, 2), *u = lay(kinds[k], N, 2);
        scatter(t, 3);
        memcpy(u->value, t->value, sizeof t->value);
        t->cost[0] = u->cost[0] = 1, t->cost[1] = u->cost[1] = 2;
        for (size_t a = 0; a <= 40; a++) {
            char params[80];
            snprintf(params, sizeof params, "strong=e1 weak=e0 alpha=%.17g", (double)a / 40);
            decide(t, params);
            snprintf(params, sizeof params, "rule=cheapest clears=unbeaten alpha=%.17g",
                     (double)a / 40);
            decide(u, params);
            ck_assert_mem_eq(t->choice, u->choice, sizeof t->choice);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("threshold");
    TCase *c = tcase_create("threshold");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, pair_scores_every_kind, 0, 4);
    tcase_add_test(c, pair_is_strong_at_alpha_itself);
    tcase_add_test(c, pair_takes_the_reference_directly);
    tcase_add_test(c, pair_is_chosen_by_prior_and_cost);
    tcase_add_test(c, pair_refuses_what_is_no_pair);
    tcase_add_test(c, one_expert_is_chosen);
    tcase_add_test(c, soft_terms_count_against_experts);
    tcase_add_test(c, hard_terms_forbid);
    tcase_add_test(c, cheapest_is_what_a_search_finds);
    tcase_add_test(c, cost_follows_alpha);
    tcase_add_test(c, unbeaten_of_two_is_the_pair);
    suite_add_tcase(s, c);
    return suite_main(s);
}
