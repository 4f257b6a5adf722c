/* SPDX-License-Identifier: MIT
 *
 * sw_ranking behind the real host: RouteLLM's toy problem with planted embeddings, an independent refit over the
 * battles by gradient ascent, gamma = "auto".
 */
#include "config.h"

#include "sw_bed.h"

static double elo(double p)
{
    return 400 * log10(p / (1 - p));
}

/* ---- the golden toy --------------------------------------------------------------------------------- */

/* Eight prompts whose cosines with the query (1, 0, ...) make the weights of the reference at gamma = 10: weight
 * = 10^(1 + cos), as the nearest has cosine 1.  Tiers 0 | 1 2 | 3 4; what tier 1 or 2 does both its members
 * do with half the weight, so that they are rated alike. */
static problem toy(pm_prompts **query)
{
    static const double weight[8] = {100, 20, 50, 30, 40, 15, 25, 60};
    problem p = problem_open(8, 9, 5, 32);
    for (size_t i = 0; i < 8; i++) {
        float *row = (float *)(uintptr_t)pm_crow(p.x->embed, i);
        double cosine = log10(weight[i]) - 1, length = 0.5 + (double)i;
        memset(row, 0, 9 * sizeof *row);
        row[0] = (float)(length * cosine);
        row[1 + i] = (float)(length * sqrt(1 - cosine * cosine));
    }
    for (size_t s = 1; s <= 2; s++) {
        fight(&p, 0, 0, s, 1, .5), fight(&p, 1, 0, s, 0, .5);
        fight(&p, 4, 0, 2 + s, 1, .5);
        fight(&p, 5, 2 + s, 0, 1, .5);
        for (size_t t = 3; t <= 4; t++) fight(&p, 2, s, t, 1, .25), fight(&p, 3, s, t, .5, .25);
        fight(&p, 6, 2 + s, 5 - s, 1, .5); /* either way round: "a wins" within the tier */
    }
    fight(&p, 7, 1, 2, .5, 1);
    *query = bed_prompts(&b, 1, 9, 2);
    float *q = (float *)(uintptr_t)(*query)->embed.at;
    memset(q, 0, 9 * sizeof *q);
    q[0] = 3;
    return p;
}

START_TEST(toy_as_routellm)
{
    pm_prompts *query;
    problem p = toy(&query);
    router *r = bed_router(&b, "sw_ranking", "compat=true tiers=3", &p.fit);
    const float *v = ask(&p, r, query, 3);
    near(v[0], 0.9024863559, 1e-6);
    near(elo(v[0]), 1137.448847 - 750.898744, 1e-3);
    near(v[4], 0.5, 1e-7);
    v = ask(&p, r, query, 1);
    near(elo(v[0]), 1137.448847 - 943.784338, 1e-3);
    near(v[2], 0.5, 1e-7);
    r = bed_reload(&b, r);
    near(ask(&p, r, query, 4)[0], 0.9024863559, 1e-6);
    router_close(r);
}
END_TEST

START_TEST(toy_without_quirk)
{
    static const char *const same[] = {"tiers=3 prior=0", "tiers=3 prior=0 store=float16"};
    static const double within[] = {1e-6, 2e-4};
    pm_prompts *query;
    problem p = toy(&query);
    for (size_t i = 0; i < 2; i++) {
        router *r = bed_router(&b, "sw_ranking", same[i], &p.fit);
        near(ask(&p, r, query, 3)[0], 0.8840047925, within[i]);
        near(ask(&p, r, query, 0)[3], 1 - 0.8840047925, within[i]);
        near(ask(&p, r, query, 0)[0], 0.5, 0);
        router_close(r);
    }
}
END_TEST

/* ---- refitted over rows -------------------------------------------------------------------------------- */

/* The weights of all battles for query q: gamma^(1 + cos / max), max over prompts with battles. */
static void weigh(const problem *p, const float *q, double gamma, double *weight)
{
    size_t d = p->x->embed.cols, n = p->y->n_battles;
    double most = -2;
    for (size_t e = 0; e < n; e++) {
        const float *row = pm_crow(p->x->embed, p->y->battle[e].prompt);
        double dot = 0, xx = 0, qq = 0;
        for (size_t t = 0; t < d; t++) {
            dot += (double)row[t] * (double)q[t];
            xx += (double)row[t] * (double)row[t], qq += (double)q[t] * (double)q[t];
        }
        weight[e] = dot / sqrt(xx * qq);
        most = fmax(most, weight[e]);
    }
    for (size_t e = 0; e < n; e++) weight[e] = pow(gamma, 1 + weight[e] / most);
}

/* Gradient ascent on the log-likelihood, battle by battle, in ratings of each expert. */
static void refit(const problem *p, const double *weight, double prior, double *theta)
{
    size_t m = p->lib->n, n = p->y->n_battles;
    double slope[8], total[8] = {0}, mean = 0;
    for (size_t e = 0; e < n; e++) {
        double w = weight[e] * (double)p->y->battle[e].weight;
        total[p->y->battle[e].a] += w, total[p->y->battle[e].b] += w;
        mean += w / (double)n;
    }
    for (size_t j = 0; j < m; j++) theta[j] = 0;
    for (int step = 0; step < 20000; step++) {
        for (size_t j = 0; j < m; j++) slope[j] = prior * mean * (.5 - 1 / (1 + exp(-theta[j])));
        for (size_t e = 0; e < n; e++) {
            const pm_battle *x = &p->y->battle[e];
            double w = weight[e] * (double)x->weight;
            double off = (double)x->outcome - 1 / (1 + exp(theta[x->b] - theta[x->a]));
            slope[x->a] += w * off, slope[x->b] -= w * off;
        }
        for (size_t j = 0; j < m; j++) theta[j] += 1.9 * slope[j] / (total[j] + prior * mean);
    }
}

START_TEST(equals_a_refit_over_battles)
{
    static const struct {
        const char *params;
        double gamma, prior;
    } rows[] = {{"tiers=0", 10, 1},
                {"tiers=0 prior=0 gamma=100", 100, 0},
                {"tiers=0 prior=3.5 gamma=1", 1, 3.5},
                {"tiers=0 compat=true gamma=1000", 1000, 0},
                {"tiers=64", 10, 1}};
    const size_t m = 5;
    problem p = random_problem((uint64_t)_i, 40, m);
    pm_prompts *query = bed_prompts(&b, 4, 6, (size_t)_i);
    double *weight = arena_alloc(b.room, p.y->n_battles, sizeof *weight), theta[8];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        router *r = bed_router(&b, "sw_ranking", rows[k].params, &p.fit);
        const float *v = ask(&p, r, query, 2);
        for (size_t i = 0; i < query->n; i++) {
            weigh(&p, pm_crow(query->embed, i), rows[k].gamma, weight);
            refit(&p, weight, rows[k].prior, theta);
            for (size_t j = 0; j < m; j++)
                near(v[i * m + j], 1 / (1 + exp(theta[2] - theta[j])), 2e-5);
        }
        router_close(r);
    }
}
END_TEST

START_TEST(battles_of_one_prompt_may_be_split)
{
    problem p = random_problem(3, 20, 4), twice = random_problem(3, 20, 4);
    pm_prompts *query = bed_prompts(&b, 3, 6, 9);
    size_t n = twice.y->n_battles;
    pm_battle *at = (pm_battle *)(uintptr_t)twice.y->battle;
    for (size_t e = 0; e < n; e++) { /* half of the weight, and turned round */
        at[e].weight /= 2;
        fight(&twice, at[e].prompt, at[e].b, at[e].a, 1 - (double)at[e].outcome,
              (double)at[e].weight);
    }
    router *r = bed_router(&b, "sw_ranking", "tiers=0 prior=0", &p.fit);
    router *s = bed_router(&b, "sw_ranking", "tiers=0 prior=0", &twice.fit);
    const float *v = ask(&p, r, query, 0), *w = ask(&p, s, query, 0);
    for (size_t i = 0; i < 12; i++) near(v[i], w[i], 1e-6);
    router_close(r), router_close(s);
}
END_TEST

START_TEST(sample_weights_multiply)
{
    problem p = random_problem(4, 20, 4), q = random_problem(4, 20, 4);
    pm_prompts *query = bed_prompts(&b, 3, 6, 9);
    float *weight = arena_alloc(b.room, 20, sizeof *weight);
    pm_battle *at = (pm_battle *)(uintptr_t)q.y->battle;
    for (size_t i = 0; i < 20; i++) weight[i] = (float)(1 + i % 3);
    for (size_t e = 0; e < q.y->n_battles; e++) at[e].weight *= weight[at[e].prompt];
    p.fit.weight = weight;
    router *r = bed_router(&b, "sw_ranking", "", &p.fit);
    router *s = bed_router(&b, "sw_ranking", "", &q.fit);
    const float *v = ask(&p, r, query, 0), *w = ask(&p, s, query, 0);
    ck_assert_mem_eq(v, w, 12 * sizeof *v);
    router_close(r), router_close(s);
}
END_TEST

/* ---- gamma = "auto" --------------------------------------------------------------------------------------- */

/* Two topics; expert 0 wins on one, expert 1 on the other (or by the toss of a coin). */
static problem topics(size_t n, bool by_topic, uint64_t from)
{
    problem p = problem_open(n, 6, 3, 3 * n);
    for (size_t i = 0; i < n; i++) {
        float *row = (float *)(uintptr_t)pm_crow(p.x->embed, i);
        for (size_t t = 0; t < 6; t++) row[t] = (float)(0.3 * rng_normal(8, 1, (from + i) * 6 + t));
        row[i % 2] += 1;
        double first = by_topic ? (double)(i % 2) : (double)rng_below(8, 2, from + i, 2);
        fight(&p, i, 0, 1, first, 1);
        fight(&p, i, 1, 2, (double)rng_below(8, 3, from + i, 2), 1);
    }
    return p;
}

static double settled(const problem *p)
{
    router *r = bed_router(&b, "sw_ranking", "gamma=auto tiers=0", &p->fit);
    double gamma = 0;
    ck_assert_msg(sscanf(router_settled(r), "gamma=%lf", &gamma) == 1, "%s", router_settled(r));
    router_close(r);
    return gamma;
}

START_TEST(gamma_follows_the_battles)
{
    for (int by_topic = 0; by_topic < 2; by_topic++) {
        problem p = topics(400, by_topic, 0), tune = topics(200, by_topic, 1000);
        double alone = settled(&p);
        p.fit.tune_x = tune.x, p.fit.tune_y = tune.y;
        double by_part = settled(&p);
        ck_assert_msg(by_topic ? alone >= 1000 : alone == 10, "%g", alone);
        ck_assert_msg(by_topic ? by_part >= 1000 : by_part == 10, "%g", by_part);
    }
}
END_TEST

START_TEST(battles_to_tune_on_join_those_to_fit)
{
    problem p = random_problem(5, 30, 4), all = random_problem(5, 30, 4);
    pm_prompts *query = bed_prompts(&b, 3, 6, 9);
    pm_prompts tune = *p.x, head = *p.x;
    pm_outcomes tune_y = *p.y;
    size_t cut = 0;
    while (cut < p.y->n_battles && p.y->battle[cut].prompt < 20) cut++;
    head.n = head.embed.rows = 20;
    tune.n = tune.embed.rows = 10;
    tune.embed.at = pm_crow(p.x->embed, 20);
    tune.id += 20;
    tune_y.battle += cut, tune_y.n_battles -= cut;
    for (size_t e = 0; e < tune_y.n_battles; e++)
        ((pm_battle *)(uintptr_t)tune_y.battle)[e].prompt -= 20;
    p.y->n_battles = cut;
    p.fit.x = &head, p.fit.tune_x = &tune, p.fit.tune_y = &tune_y;
    router *r = bed_router(&b, "sw_ranking", "", &p.fit);
    router *s = bed_router(&b, "sw_ranking", "", &all.fit);
    const float *v = ask(&p, r, query, 0), *w = ask(&p, s, query, 0);
    ck_assert_mem_eq(v, w, 12 * sizeof *v);
    router_close(r), router_close(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sw_ranking");
    TCase *t = tcase_create("sw_ranking");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, toy_as_routellm);
    tcase_add_test(t, toy_without_quirk);
    tcase_add_loop_test(t, equals_a_refit_over_battles, 0, 4);
    tcase_add_test(t, battles_of_one_prompt_may_be_split);
    tcase_add_test(t, sample_weights_multiply);
    tcase_add_test(t, gamma_follows_the_battles);
    tcase_add_test(t, battles_to_tune_on_join_those_to_fit);
    suite_add_tcase(s, t);
    return suite_main(s);
}
