/* SPDX-License-Identifier: MIT
 *
 * Two-model scores of several rows together, and similarity: against the plain evaluator, differences that are paired,
 * calibration by hand, threads, bad input.  The evaluator itself: test_two_models.c.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/pair.h"
#include "eval/similarity.h"
#include "eval/two_models_lines.h"

#define N 300

typedef struct sample {
    arena *a;
    compute c;
    double weak[N], strong[N], cost[2][N], need[4][N];
    const double *list[4];
    pair_row row[8];
    size_t n;
    pair_truth t;
    bootstrap_spec b;
} sample;

enum { GOOD, NOISE, MONOTONE, CHANCE };

static void add(sample *s, const char *label, pair_kind kind, int need)
{
    s->row[s->n] = (pair_row){.label = label, .role = POLICY_ROUTER, .kind = kind};
    if (kind == PAIR_ROUTED) {
        s->row[s->n].need = &s->list[need];
        s->row[s->n].n_need = 1;
    }
    s->n++;
}

static void open_sample(sample *s, int workers)
{
    pm_err err = PM_ERR_INIT;
    memset(s, 0, sizeof *s);
    s->a = arena_open(0);
    ck_assert(compute_open(workers, &s->c, &err) == PM_OK);
    for (size_t i = 0; i < N; i++) {
        double hard = rng_uniform(7, 0, i);
        s->weak[i] = rng_uniform(7, 1, i) > hard;
        s->strong[i] = rng_uniform(7, 2, i) > .3 * hard;
        s->cost[0][i] = .001;
        s->cost[1][i] = .01 + .001 * hard;
        s->need[GOOD][i] = hard;
        s->need[NOISE][i] = rng_uniform(7, 3, i);
        s->need[MONOTONE][i] = 5 * hard * hard * hard - 9;
        s->need[CHANCE][i] = .5 + .35 * hard;
    }
    for (size_t k = 0; k < 4; k++) s->list[k] = s->need[k];
    s->t = (pair_truth){.n = N,
                        .kind = PM_VALUE_QUALITY,
                        .weak = s->weak,
                        .strong = s->strong,
                        .cost_weak = s->cost[0],
                        .cost_strong = s->cost[1]};
    s->b = (bootstrap_spec)BOOTSTRAP_DEFAULT;
    s->b.resamples = 200;
    add(s, "good", PAIR_ROUTED, GOOD);
    add(s, "noise", PAIR_ROUTED, NOISE);
    add(s, "monotone", PAIR_ROUTED, MONOTONE);
    add(s, "chance", PAIR_ROUTED, CHANCE);
    add(s, "random", PAIR_RANDOM, 0);
    add(s, "optimal", PAIR_OPTIMAL, 0);
    add(s, "strong", PAIR_STRONG, 0);
    add(s, "weak", PAIR_WEAK, 0);
    s->row[1].is_length = true;
    s->row[0].is_rival = true;
    s->row[3].is_chance = true;
}

static void close_sample(sample *s)
{
    compute_close(&s->c);
    arena_close(s->a);
}

static pair_score *score(sample *s)
{
    pm_err err = PM_ERR_INIT;
    pair_score *out;
    ck_assert_msg(pair_scores(&s->c, &s->t, s->row, s->n, &s->b, s->a, &out, &err) == PM_OK, "%s",
                  err_text(&err));
    return out;
}

static double value(const pair_score *p, size_t metric)
{
    return p->metric[metric].value;
}

START_TEST(values_are_the_evaluators)
{
    sample s;
    pm_err err = PM_ERR_INIT;
    two_models_curve c;
    two_models_score want;
    open_sample(&s, 1);
    pair_score *got = score(&s);
    double sum[2] = {0, 0};
    for (size_t i = 0; i < N; i++) {
        sum[0] += s.weak[i];
        sum[1] += s.strong[i];
    }
    ck_assert(two_models_curve_of(s.need[GOOD], s.weak, s.strong, N, s.a, &c, &err) == PM_OK);
    two_models_measure(&c, sum[0] / N, sum[1] / N, &want);
    ck_assert_double_eq(value(&got[0], PAIR_APGR), want.apgr);
    ck_assert_double_eq(value(&got[0], PAIR_CPT80), want.cpt80);
    ck_assert_double_eq(value(&got[0], PAIR_FIRST50), want.first_cpt50);
    ck_assert_double_eq(value(&got[6], PAIR_VALUE), sum[1] / N);
    ck_assert_double_eq(value(&got[0], PAIR_AT), sum[0] / N);
    ck_assert_double_eq_tol(value(&got[0], PAIR_AT + 10), sum[1] / N, 1e-12);
    const metric_value *m = &got[0].metric[PAIR_APGR];
    ck_assert(m->lo < m->value && m->value < m->hi);
    ck_assert(isnan(value(&got[0], PAIR_ECE)) && isnan(value(&got[6], PAIR_APGR)));
    double usd = value(&got[0], PAIR_USD50), cpt = value(&got[0], PAIR_CPT50) / 100;
    ck_assert_double_gt(usd, .001 + .009 * cpt); /* the hard ones cost more */
    ck_assert_double_lt(usd, .001 + .0101 * cpt);
    close_sample(&s);
}
END_TEST

START_TEST(rows_stand_as_they_must)
{
    sample s;
    open_sample(&s, 1);
    pair_score *got = score(&s);
    ck_assert_double_gt(value(&got[0], PAIR_DIFF_LENGTH), 0);
    ck_assert_double_gt(got[0].metric[PAIR_DIFF_LENGTH].lo, 0);
    /* the same ranking is the same score, and paired: no width at all */
    ck_assert_double_eq(value(&got[2], PAIR_APGR), value(&got[0], PAIR_APGR));
    ck_assert_uint_eq(got[2].n_rivals, 1);
    ck_assert_str_eq(got[2].rival[0].name, "diff_rival_apgr:good");
    ck_assert(got[2].rival[0].value == 0 && got[2].rival[0].lo == 0 && got[2].rival[0].hi == 0);
    ck_assert_double_eq_tol(value(&got[4], PAIR_APGR), .5, .02);
    ck_assert_double_gt(value(&got[4], PAIR_APGR_SD), 0);
    for (size_t k = 0; k < 4; k++)
        ck_assert_double_gt(value(&got[5], PAIR_APGR), value(&got[k], PAIR_APGR));
    close_sample(&s);
}
END_TEST

START_TEST(threads_change_nothing)
{
    sample s, t;
    open_sample(&s, 1);
    open_sample(&t, 2);
    pair_score *one = score(&s), *two = score(&t);
    for (size_t k = 0; k < s.n; k++)
        for (size_t m = 0; m < PAIR_METRICS; m++) {
            const metric_value *a = &one[k].metric[m], *b = &two[k].metric[m];
            ck_assert(memcmp(&a->value, &b->value, 3 * sizeof(double)) == 0);
        }
    close_sample(&s);
    close_sample(&t);
}
END_TEST

/* Two seeds that say the same are one; of two that differ the scores are averaged. */
START_TEST(seeds_are_averaged)
{
    sample s;
    open_sample(&s, 1);
    pair_score *one = score(&s);
    const double *both[2] = {s.need[GOOD], s.need[NOISE]};
    s.row[2].need = both;
    s.row[2].n_need = 2;
    pair_score *two = score(&s);
    ck_assert_double_eq_tol(value(&two[2], PAIR_APGR),
                            (value(&one[0], PAIR_APGR) + value(&one[1], PAIR_APGR)) / 2, 1e-12);
    close_sample(&s);
}
END_TEST

/* Ten chances of a sample that independent code has scored: Brier .146, ECE of equal widths by hand. */
START_TEST(golden_brier)
{
    static const double p[] = {.95, .9, .8, .7, .65, .55, .4, .3, .2, .05},
                        y[] = {1, 1, 1, 0, 1, 0, 1, 0, 0, 0};
    sample s;
    open_sample(&s, 1);
    double width = 0; /* no two of them share one of 15 bins */
    for (size_t i = 0; i < 10; i++) {
        s.need[CHANCE][i] = p[i];
        s.strong[i] = y[i];
        s.weak[i] = 1 - y[i];
        width += fabs(p[i] - y[i]) / 10;
    }
    s.t.n = 10;
    pair_score *got = score(&s);
    ck_assert_double_eq_tol(value(&got[3], PAIR_BRIER), 0.146, 1e-12);
    ck_assert_double_eq_tol(value(&got[3], PAIR_ECE_WIDTH), width, 1e-12);
    ck_assert_double_eq_tol(value(&got[3], PAIR_ECE_WIDTH_DECIDED), width, 1e-12);
    close_sample(&s);
}
END_TEST

START_TEST(calibration_by_hand)
{
    sample s;
    open_sample(&s, 1);
    double brier = 0, loss = 0;
    for (size_t i = 0; i < N; i++) {
        double p = s.need[CHANCE][i], d = s.strong[i] - s.weak[i], y = d > 0 ? 1 : d < 0 ? 0 : .5;
        brier += (p - y) * (p - y) / N;
        loss -= (y * log(p) + (1 - y) * log(1 - p)) / N;
    }
    pair_score *got = score(&s);
    ck_assert_double_eq_tol(value(&got[3], PAIR_BRIER), brier, 1e-12);
    ck_assert_double_eq_tol(value(&got[3], PAIR_LOG_LOSS), loss, 1e-12);
    ck_assert_uint_eq(got[3].n_bins, PAIR_BINS);
    double ece = 0;
    for (size_t k = 0; k < PAIR_BINS; k++) {
        ck_assert_uint_eq(got[3].bin[k].n, N / PAIR_BINS);
        ece += fabs(got[3].bin[k].chance - got[3].bin[k].outcome) / PAIR_BINS;
        if (k) ck_assert_double_gt(got[3].bin[k].chance, got[3].bin[k - 1].chance);
    }
    ck_assert_double_eq_tol(value(&got[3], PAIR_ECE), ece, 1e-12);
    ck_assert(isfinite(value(&got[3], PAIR_ECE_DECIDED)));
    close_sample(&s);
}
END_TEST

/* Losses come out as losses; what ranks well for quality ranks well for minus the loss. */
START_TEST(losses_are_told_as_losses)
{
    sample s;
    open_sample(&s, 1);
    double apgr = value(&score(&s)[0], PAIR_APGR), weak = 0;
    for (size_t i = 0; i < N; i++) {
        s.weak[i] -= 1;
        s.strong[i] -= 1;
        weak += s.weak[i] / N;
    }
    s.t.kind = PM_VALUE_LOSS;
    pair_score *got = score(&s);
    ck_assert_double_eq_tol(value(&got[0], PAIR_APGR), apgr, 1e-9);
    ck_assert_double_eq_tol(value(&got[0], PAIR_AT), -weak, 1e-12);
    ck_assert_str_eq(got[0].metric[PAIR_VALUE].name, "loss");
    ck_assert(got[6].metric[PAIR_VALUE].lo < got[6].metric[PAIR_VALUE].hi);
    close_sample(&s);
}
END_TEST

START_TEST(bad_input)
{
    sample s;
    pm_err err = PM_ERR_INIT;
    pair_score *out;
    open_sample(&s, 1);
    memcpy(s.weak, s.strong, sizeof s.weak); /* one outcome only: nothing to tell, no crash */
    out = score(&s);
    ck_assert(isnan(value(&out[0], PAIR_APGR)) && isnan(value(&out[0], PAIR_CPT50)));
    ck_assert(isnan(value(&out[0], PAIR_DIFF_LENGTH)) && isfinite(value(&out[0], PAIR_AUC)));
    s.need[NOISE][17] = NAN;
    ck_assert(pair_scores(&s.c, &s.t, s.row, s.n, &s.b, s.a, &out, &err) == PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "noise"));
    ck_assert_ptr_nonnull(strstr(err_text(&err), "17"));
    s.need[NOISE][17] = 0;
    s.need[CHANCE][3] = 1.5;
    ck_assert(pair_scores(&s.c, &s.t, s.row, s.n, &s.b, s.a, &out, &err) == PM_E_ARG);
    s.need[CHANCE][3] = 1; /* certain: the log-loss stays finite */
    s.strong[3] = 0;
    s.weak[3] = 1;
    ck_assert(isfinite(value(&score(&s)[3], PAIR_LOG_LOSS)));
    s.strong[5] = NAN;
    ck_assert(pair_scores(&s.c, &s.t, s.row, s.n, &s.b, s.a, &out, &err) == PM_E_ARG);
    s.t.n = 0;
    ck_assert(pair_scores(&s.c, &s.t, s.row, s.n, &s.b, s.a, &out, &err) == PM_E_ARG);
    close_sample(&s);
}
END_TEST

/* ---- similarity ---- */

START_TEST(similarity_by_hand)
{
    static float train[] = {1, 0, 0, 0, 2, 0}, more[] = {0, 0, 3};
    static float test[] = {5, 0, 0, 1, 1, 0, 0, 1, 1, -1, 0, 0};
    const pm_cmat table[2] = {{train, 2, 3, 3}, {more, 1, 3, 3}}, x = {test, 4, 3, 3};
    const double half = sqrt(.5);
    sample s;
    pm_err err = PM_ERR_INIT;
    float best[4];
    similarity_mean m;
    open_sample(&s, 1);
    ck_assert(similarity_nearest(&s.c, x, table, 2, best, &err) == PM_OK);
    ck_assert_double_eq_tol((double)best[0], 1, 1e-6);
    ck_assert_double_eq_tol((double)best[1], half, 1e-6);
    ck_assert_double_eq_tol((double)best[2], half, 1e-6);
    ck_assert_double_eq_tol((double)best[3], 0, 1e-6);
    ck_assert(similarity_summarise(&s.c, best, 4, NULL, &s.b, 1, &m, &err) == PM_OK);
    ck_assert_uint_eq(m.n_at, 1);
    ck_assert_double_eq_tol(m.mean, (1 + 2 * half) / 4, 1e-6);
    ck_assert(m.lo <= m.mean && m.mean <= m.hi);
    ck_assert(similarity_nearest(&s.c, x, table, 0, best, &err) == PM_E_ARG);
    const pm_cmat other = {more, 1, 2, 3};
    ck_assert(similarity_nearest(&s.c, x, &other, 1, best, &err) == PM_E_SHAPE);
    close_sample(&s);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("pair");
    tcase_add_test(t, values_are_the_evaluators);
    tcase_add_test(t, rows_stand_as_they_must);
    tcase_add_test(t, threads_change_nothing);
    tcase_add_test(t, seeds_are_averaged);
    tcase_add_test(t, calibration_by_hand);
    tcase_add_test(t, golden_brier);
    tcase_add_test(t, losses_are_told_as_losses);
    tcase_add_test(t, bad_input);
    tcase_add_test(t, similarity_by_hand);
    Suite *all = suite_create("pair");
    suite_add_tcase(all, t);
    return suite_main(all);
}
