/* SPDX-License-Identifier: MIT
 *
 * willingness_to_pay, lexicographic, chance, pareto, mixture and the fast penalty: formulas worked out again,
 * stages and tolerances by hand, fronts by brute force, draws against shares, and refusals.
 */
#include "config.h"

#include "objectives_bed.h"

#include "base/rng.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

enum { SEEDS = 12 };

/* A question of one prompt and few experts without hard terms: value and two soft terms. */
static asked *by_hand(pm_value_kind kind, size_t m, const float *value, const float *price,
                      const float *latency)
{
    asked *a = ask(&b, kind, 1);
    const float *from[3] = {value, price, latency};
    float *to[3] = {a->value, a->cell[0], a->cell[1]};
    for (size_t r = 0; r < 3; r++)
        for (size_t j = 0; j < m; j++) to[r][j] = from[r] ? from[r][j] : 0;
    a->q.lib = bed_library(&b, m);
    a->q.x = bed_prompts(&b, 1, 0, 0);
    a->q.value = (pm_cmat){a->value, 1, m, m};
    a->q.spread = (pm_cmat){a->spread, 1, m, m};
    a->q.cost_usd.at = NULL;
    a->q.mask = NULL;
    a->q.prior = NULL;
    a->q.n_terms = latency ? 2 : price ? 1 : 0;
    pm_mat *out[] = {&a->d.utility, &a->d.share, &a->d.value_part, &a->part[0], &a->part[1]};
    for (size_t t = 0; t < sizeof out / sizeof *out; t++) *out[t] = (pm_mat){out[t]->at, 1, m, m};
    for (size_t k = 0; k < 2; k++) a->term[k].value = (pm_cmat){a->cell[k], 1, m, 0};
    return a;
}

static uint32_t chosen(asked *a, const char *name, const char *params)
{
    ask_decide(&b, a, name, params);
    return a->choice[0];
}

/* ---- lexicographic ------------------------------------------------------------------------------ */

START_TEST(stages_narrow)
{
    static const float value[] = {0.75f, 0.74f, 0.5f, 0.75f}, price[] = {4, 2, 1, 4},
                       latency[] = {1, 9, 0, 2};
    asked *a = by_hand(PM_VALUE_QUALITY, 4, value, price, latency);
    ck_assert_uint_eq(chosen(a, "lexicographic", ""), 0); /* 0 and 3 tie twice: latency */
    ck_assert(a->refused[1] && a->refused[2]);
    ck_assert_uint_eq(a->refused[3], 0);
    ck_assert(a->utility[0] == -1 && a->utility[3] == -2 && a->utility[1] == -INFINITY);
    ck_assert(a->term_part[1][0] == -1 && a->term_part[0][0] == 0 && a->value_part[0] == 0);
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=value,price tolerance=0.02,0"), 1);
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=price,value tolerance=1,0"), 1);
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=value"), 0); /* no prior: the lower */
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=latency"), 2);
    a->term[1].weight = -1; /* the slowest, please */
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=latency"), 1);
}
END_TEST

/* Equal in the last stage: back to the first, without its tolerance, before the prior is asked. */
START_TEST(equal_ones_go_through_the_stages_again)
{
    static const float value[] = {0.70f, 0.71f, 0.71f}, price[] = {1, 1, 1},
                       prior[] = {0.9f, 0.1f, 0.2f};
    asked *a = by_hand(PM_VALUE_QUALITY, 3, value, price, NULL);
    a->q.prior = prior;
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=value,price tolerance=0.1,0"), 2);
}
END_TEST

/* The tolerance is taken from the best, so a chain of small steps down does not carry. */
START_TEST(tolerance_is_from_the_best)
{
    static const float value[] = {0.75f, 0.625f, 0.5f}, price[] = {3, 2, 1};
    asked *a = by_hand(PM_VALUE_QUALITY, 3, value, price, NULL);
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=value,price tolerance=0.125,0"), 1);
    ck_assert_uint_eq(a->refused[2], 1);
    ck_assert_uint_eq(chosen(a, "lexicographic", "order=value,price tolerance=0.25,0"), 2);
}
END_TEST

static const struct {
    const char *params, *says;
} wrong[] = {
    {"order=value,prise", "found \"prise\", wanted \"value\" or the label of one of 3 soft "
                          "constraints; did you mean \"price\"?"},
    {"order=valu", "did you mean \"value\"?"},
    {"order=value,", "found \"\", wanted \"value\""},
    {"order=value,value", "\"value\" stands twice"},
    {"order=size", "\"size\" is hard, which forbids and does not compare"},
    {"tolerance=0.1,x", "found \"x\", wanted a decimal number such as 0.02"},
    {"tolerance=-1,0", "found \"-1\""},
    {"order=value,price tolerance=0.1,0.1", "the last of 2 stages takes its best"},
    {"order=value tolerance=0,0", "want at most 0 numbers"},
};

START_TEST(wrong_stages_are_told)
{
    ask_refused(&b, ask(&b, PM_VALUE_QUALITY, 1), "lexicographic", wrong[_i].params, PM_E_ARG,
                wrong[_i].says);
}
END_TEST

START_TEST(stages_by_plugin_and_ranks)
{
    asked *a = ask(&b, PM_VALUE_QUALITY, 1);
    a->term[1].plugin = a->term[0].plugin; /* both "price"; term 0 also has the label */
    a->term[0].name = "dear";
    ask_refused(&b, a, "lexicographic", "order=price", PM_E_ARG,
                "2 soft constraints are \"price\"; use their labels");
    a->term[1].plugin = "other";
    ask_decide(&b, a, "lexicographic", "order=price");
    a->q.kind = PM_VALUE_RANK;
    ask_refused(&b, a, "lexicographic", "order=value,dear tolerance=0.1,0", PM_E_UNSUPPORTED,
                "RANK, whose distances mean nothing");
}
END_TEST

/* ---- chance ------------------------------------------------------------------------------------- */

START_TEST(chance_by_the_normal_table)
{
    static const float value[] = {0.5f, 0.75f, 1, 0.25f}, price[] = {2, 3, 4, 1};
    asked *a = by_hand(PM_VALUE_QUALITY, 4, value, price, NULL);
    for (size_t j = 0; j < 4; j++) a->spread[j] = 0.25f;
    a->spread[2] = 0; /* certain */
    ck_assert_uint_eq(chosen(a, "chance", "quality=0.5 chance=0.5"), 0);
    ck_assert_uint_eq(a->refused[3], 1);
    ck_assert(a->utility[1] == -0.75f); /* weight .25 x price 3 */
    ck_assert_uint_eq(chosen(a, "chance", "quality=0.5 chance=0.8413"), 1); /* one deviation */
    ck_assert_uint_eq(chosen(a, "chance", "quality=0.5 chance=0.8414"), 2);
    ck_assert_uint_eq(chosen(a, "chance", "quality=0 chance=1"), 3); /* clipped at 0 */
    a->spread[2] = 0.5f;
    ck_assert_uint_eq(chosen(a, "chance", "quality=1 chance=0.9"), 2); /* nobody: most likely */
    bed_near(a->utility, (double[]){0.02275, 0.158655, 0.5, 0.00135}, 4, 1e-5, "chances");
    ck_assert(!a->refused[0] && !a->refused[1] && !a->refused[3]);
    ask_refused(&b, a, "chance", "quality=1 chance=0.9 otherwise=error", PM_E_INFEASIBLE,
                "no expert has a quality of at least 1 with probability 0.9; the highest is 0.5");
    a->q.n_terms = 0;
    ck_assert_uint_eq(chosen(a, "chance", "quality=0.5 chance=0.4"), 2); /* the best prediction */
    ck_assert(a->utility[0] == 0.5f);
    a->q.spread.at = NULL;
    ask_refused(&b, a, "chance", "", PM_E_ARG, "needs the spread of every prediction");
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "chance");
    pm_router_type type = {.size = sizeof type, .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY)};
    plugin_entry toy = {.kind = PLUGIN_ROUTER, .name = "toy", .type.router = &type};
    bed_fails(
        &b, objective_accepts(e, &toy, &b.err), PM_E_ARG,
        "objective \"chance\" needs the spread of every prediction; router \"toy\" gives none");
    type.spread_kind = PM_SPREAD_STDDEV;
    ck_assert_int_eq(objective_accepts(e, &toy, &b.err), PM_OK);
}
END_TEST

START_TEST(chance_of_losses)
{
    static const float value[] = {1, 2, 0}, price[] = {2, 1, 3};
    asked *a = by_hand(PM_VALUE_LOSS, 3, value, price, NULL);
    for (size_t j = 0; j < 3; j++) a->spread[j] = 0.5f;
    ck_assert_uint_eq(chosen(a, "chance", "loss=2 chance=0.5"), 1);
    ck_assert_uint_eq(chosen(a, "chance", "loss=1.5 chance=0.84"), 0);
    ck_assert_uint_eq(chosen(a, "chance", "loss=0 chance=0.5"), 2); /* mass clipped to 0 counts */
}
END_TEST

/* More chance or more quality: fewer experts reach it, and the cheapest of them is no cheaper. */
START_TEST(chance_is_monotone)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int what = 0; what < 2; what++) {
            asked *last = NULL;
            for (int step = 0; step < 12; step++) {
                asked *a = ask(&b, PM_VALUE_QUALITY, seed);
                char params[64];
                snprintf(params, sizeof params, "quality=%g chance=%g", what ? step / 12.0 : 0.5,
                         what ? 0.6 : step / 12.0);
                ask_decide(&b, a, "chance", params);
                for (size_t i = 0; last && i < ASK_N; i++) {
                    size_t refused = 0, before = 0;
                    for (size_t c = i * ASK_M; c < (i + 1) * ASK_M; c++) {
                        refused += a->refused[c];
                        before += last->refused[c];
                    }
                    if (!refused) continue; /* everybody reaches it, or nobody */
                    ck_assert_uint_ge(refused, before);
                    ck_assert(a->utility[i * ASK_M + a->choice[i]] <=
                              last->utility[i * ASK_M + last->choice[i]]);
                }
                last = a;
            }
        }
}
END_TEST

/* ---- pareto -------------------------------------------------------------------------------------- */

static bool beaten(const asked *a, size_t i, size_t j, size_t by)
{
    bool some = ask_worth(a, i, by) > ask_worth(a, i, j);
    if (a->mask[i * ASK_M + by] || ask_worth(a, i, by) < ask_worth(a, i, j)) return false;
    for (size_t k = 0; k < ASK_SOFT; k++) {
        if (ask_cell(a, k, i, by) > ask_cell(a, k, i, j)) return false;
        some |= ask_cell(a, k, i, by) < ask_cell(a, k, i, j);
    }
    return some;
}

START_TEST(front_by_brute_force)
{
    size_t on = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        asked *a = ask(&b, seed % 2 ? PM_VALUE_LOSS : PM_VALUE_QUALITY, seed);
        ask_decide(&b, a, "pareto", seed % 3 ? "pick=knee" : "pick=value");
        for (size_t c = 0; c < ASK_N * ASK_M; c++) {
            bool want = !a->mask[c];
            for (size_t e = 0; e < ASK_M; e++)
                if (beaten(a, c / ASK_M, c % ASK_M, e)) want = false;
            ck_assert_uint_eq(a->front[c], want);
            ck_assert_uint_eq(a->refused[c], !want && !a->mask[c]);
            on += want;
        }
    }
    ck_assert_uint_gt(on, 40 * ASK_N);
}
END_TEST

START_TEST(picks_of_a_front)
{
    /* expert 1 bulges above the chord from 0 to 3; 2 is beaten by 1; 4 equals 1 */
    static const float value[] = {0.25f, 0.6875f, 0.625f, 0.75f, 0.6875f},
                       price[] = {1, 2, 2, 5, 2};
    asked *a = by_hand(PM_VALUE_QUALITY, 5, value, price, NULL);
    ck_assert_uint_eq(chosen(a, "pareto", "pick=knee"), 1);
    bed_near(a->utility + 3, (double[]){0, 0.875 - 0.25}, 2, 1e-6, "distance");
    ck_assert(a->front[0] && a->front[1] && !a->front[2] && a->front[3] && a->front[4]);
    ck_assert_uint_eq(chosen(a, "pareto", "pick=value"), 3);
    a->term[0].weight = 1;
    ck_assert_uint_eq(chosen(a, "pareto", ""), 0);
    a->term[0].weight = -1; /* the dearer the better: 3 beats all */
    ck_assert_uint_eq(chosen(a, "pareto", ""), 3);
    ck_assert(!a->front[0] && !a->front[1] && !a->front[2] && !a->front[4]);
    a->q.n_terms = 0;
    ck_assert_uint_eq(chosen(a, "pareto", "pick=knee"), 3);
}
END_TEST

START_TEST(knee_ignores_units)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        asked *a = ask(&b, PM_VALUE_QUALITY, seed), *u = ask(&b, PM_VALUE_QUALITY, seed);
        for (size_t c = 0; c < ASK_N * ASK_M; c++) u->cell[1][c] = 1024 * u->cell[1][c] + 512;
        for (size_t k = 0; k < ASK_SOFT; k++) u->term[k].weight *= 3;
        ask_decide(&b, a, "pareto", "pick=knee");
        ask_decide(&b, u, "pareto", "pick=knee");
        for (size_t i = 0; i < ASK_N; i++) ck_assert_uint_eq(a->choice[i], u->choice[i]);
    }
}
END_TEST

/* ---- mixture -------------------------------------------------------------------------------------- */

enum { DRAWS = 4000 };

START_TEST(draws_follow_exact_shares)
{
    static const float value[] = {0.75f, 0.5f}, price[] = {4, 1};
    static uint64_t id[DRAWS];
    asked *a = by_hand(PM_VALUE_QUALITY, 2, value, price, NULL);
    pm_prompts one = {.size = sizeof one, .n = 1, .id = id};
    size_t dear = 0, moved = 0;
    a->q.x = &one;
    for (size_t n = 0; n < DRAWS; n++) {
        id[0] = n * 0x9e3779b97f4a7c15u;
        uint32_t first = chosen(a, "mixture", "lo=0 hi=1 share=0.25");
        ck_assert(a->share[0] == 0.25f && a->share[1] == 0.75f);
        ck_assert(a->utility[first] >= a->utility[1 - first]); /* of the setting drawn */
        dear += first == 0;
        moved += chosen(a, "mixture", "lo=0 hi=1 share=0.25") != first;
    }
    ck_assert_uint_eq(moved, 0);
    ck_assert(fabs((double)dear / DRAWS - 0.25) < 5 * sqrt(0.25 * 0.75 / DRAWS));
    chosen(a, "mixture", "lo=0 hi=0.001 share=0.25"); /* both settings agree */
    ck_assert(a->share[0] == 1 && a->share[1] == 0);
    ck_assert_uint_eq(chosen(a, "mixture", "lo=0 hi=1 share=1"), 0);
    ck_assert_uint_eq(chosen(a, "mixture", "lo=0 hi=1 share=0"), 1);
}
END_TEST

/* Expectations are on the line between the two settings, prompt by prompt. */
START_TEST(expectations_interpolate)
{
    asked *lo = ask(&b, PM_VALUE_QUALITY, 3), *hi = ask(&b, PM_VALUE_QUALITY, 3),
          *mix = ask(&b, PM_VALUE_QUALITY, 3);
    ask_decide(&b, lo, "mixture", "lo=0 hi=0");
    ask_decide(&b, hi, "mixture", "lo=8 hi=8");
    ask_decide(&b, mix, "mixture", "lo=0 hi=8 share=0.75");
    size_t differ = 0;
    for (size_t i = 0; i < ASK_N; i++) {
        double want = 0.75 * ask_worth(lo, i, lo->choice[i]) +
                      0.25 * ask_worth(hi, i, hi->choice[i]),
               got = 0;
        for (size_t j = 0; j < ASK_M; j++)
            got += (double)mix->share[i * ASK_M + j] * ask_worth(mix, i, j);
        ck_assert(fabs(got - want) < 1e-6);
        differ += lo->choice[i] != hi->choice[i];
    }
    ck_assert_uint_gt(differ, ASK_N / 4);
}
END_TEST

/* ---- the fast penalty against the plain formula --------------------------------------------------------- */

enum { WIDE = 101, ROWS = 3, TERMS = 4 };

typedef struct wide {
    float value[ROWS * WIDE], cell[TERMS][ROWS * WIDE], row[ROWS], prior[WIDE];
    uint32_t mask[ROWS * WIDE], choice[ROWS];
    float utility[ROWS * WIDE];
    pm_term term[TERMS];
    const pm_term *list[TERMS];
} wide;

static pm_question wide_ask(wide *w, size_t m, uint64_t seed, pm_value_kind kind)
{
    static const uint64_t arrival[ROWS] = {0, 1, 2};
    for (size_t c = 0; c < ROWS * m; c++) {
        w->value[c] = (float)rng_uniform(seed, 1, c);
        w->mask[c] = c % m != seed % m && rng_uniform(seed, 2, c) < 0.3;
        for (size_t k = 0; k < TERMS; k++)
            w->cell[k][c] = (float)rng_uniform(seed, (uint32_t)(10 + k), c);
    }
    for (size_t i = 0; i < ROWS; i++) w->row[i] = (float)rng_uniform(seed, 3, i);
    for (size_t k = 0; k < TERMS; k++) {
        w->term[k] = (pm_term){.size = sizeof(pm_term),
                               .name = "t",
                               .sense = k == 2 ? PM_HARD : PM_SOFT,
                               .weight = rng_uniform(seed, 4, k),
                               .weight_row = k == 1 ? w->row : NULL,
                               .bound = 2,
                               .value = {w->cell[k], ROWS, m, k == 0 || k == 3 ? 0 : m}};
        w->list[k] = &w->term[k];
    }
    return (pm_question){.size = sizeof(pm_question),
                         .kind = kind,
                         .value = {w->value, ROWS, m, m},
                         .lib = bed_library(&b, m),
                         .x = bed_prompts(&b, ROWS, 0, 0),
                         .term = w->list,
                         .n_terms = TERMS,
                         .arrival = arrival,
                         .mask = seed % 2 ? w->mask : NULL,
                         .reference_col = PM_NO_COL};
}

static double plain_utility(const wide *w, const pm_question *q, size_t i, size_t j)
{
    double v = (double)pm_crow(q->value, i)[j], u = q->kind == PM_VALUE_LOSS ? -v : v;
    for (size_t k = 0; k < TERMS; k++) {
        const pm_term *t = &w->term[k];
        volatile double part = (t->weight_row ? (double)t->weight_row[i] : t->weight) *
                               (double)pm_crow(t->value, i)[j]; /* rounded before it is taken off */
        if (t->sense == PM_SOFT) u -= part;
    }
    return u;
}

static void check_wide(const wide *w, const pm_question *q)
{
    size_t m = q->value.cols;
    for (size_t i = 0; i < q->value.rows; i++) {
        size_t best = SIZE_MAX;
        for (size_t j = 0; j < m; j++) {
            if (!pm_is_allowed(q, i, j)) continue;
            ck_assert((float)plain_utility(w, q, i, j) == w->utility[i * m + j]);
            if (best == SIZE_MAX || plain_utility(w, q, i, j) > plain_utility(w, q, i, best))
                best = j;
        }
        ck_assert_uint_eq(w->choice[i], best);
    }
}

START_TEST(blocks_are_the_formula_to_the_bit)
{
    static wide w;
    objective *o = ask_made(&b, "penalty", "");
    for (size_t m = 1; m <= WIDE; m++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            pm_question q = wide_ask(&w, m, seed, seed < 2 ? PM_VALUE_LOSS : PM_VALUE_QUALITY);
            pm_decisions d = {
                .size = sizeof d, .choice = w.choice, .utility = {w.utility, ROWS, m, m}};
            bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
            check_wide(&w, &q);
            q.value.rows = d.utility.rows = 1; /* one prompt: nothing is multiplied ahead */
            q.x = bed_prompts(&b, 1, 0, 0);
            for (size_t k = 0; k < TERMS; k++) w.term[k].value.rows = 1;
            bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
            check_wide(&w, &q);
        }
    objective_close(o);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("objectives");
    TCase *t = tcase_create("objectives");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, stages_narrow);
    tcase_add_test(t, equal_ones_go_through_the_stages_again);
    tcase_add_test(t, tolerance_is_from_the_best);
    tcase_add_loop_test(t, wrong_stages_are_told, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, stages_by_plugin_and_ranks);
    tcase_add_test(t, chance_by_the_normal_table);
    tcase_add_test(t, chance_of_losses);
    tcase_add_test(t, chance_is_monotone);
    tcase_add_test(t, front_by_brute_force);
    tcase_add_test(t, picks_of_a_front);
    tcase_add_test(t, knee_ignores_units);
    tcase_add_test(t, draws_follow_exact_shares);
    tcase_add_test(t, expectations_interpolate);
    tcase_add_test(t, blocks_are_the_formula_to_the_bit);
    suite_add_tcase(s, t);
    return suite_main(s);
}
