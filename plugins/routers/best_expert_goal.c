/* SPDX-License-Identifier: MIT
 *
 * Objectives of best_expert; see best_expert_goal.h.
 */
#include "best_expert_goal.h"

#include <math.h>

#include "fit_softmax.h"

/* Share of the target that belongs to expert j, before they are made to sum to 1; best: of the row. */
static double claim(const struct best_goal *g, double best, float y)
{
    if (y != y) return 0;
    double behind = fit_sign(g->data) * (best - (double)y);
    if (g->temperature > 0) return exp(-behind / g->temperature);
    return behind <= 0 ? 1 : 0;
}

/* -sum p log q over the known experts, q = their softmax. */
static double cross_entropy(const struct best_goal *g, size_t row, const float *answer,
                            const struct fit_softmax *q, float *slope)
{
    const float *y = g->data->y + row * g->data->m;
    double best = fit_best(g->data, row), all = 0, sum = 0;
    for (size_t j = 0; j < g->data->m; j++) all += claim(g, best, y[j]);
    for (size_t j = 0; j < g->data->m; j++) {
        if (y[j] != y[j]) continue;
        double p = claim(g, best, y[j]) / all, lq = fit_softmax_log(q, (double)answer[j]);
        sum -= p * lq;
        if (slope) slope[j] += (float)(exp(lq) - p);
    }
    return sum;
}

/* sum q_j regret_j / lead over the known experts. */
static double expected_regret(const struct best_goal *g, size_t row, const float *answer,
                              const struct fit_softmax *q, float *slope)
{
    const float *y = g->data->y + row * g->data->m;
    double unit = fit_sign(g->data) / g->lead, best = fit_best(g->data, row), sum = 0;
    for (size_t j = 0; j < g->data->m; j++)
        if (y[j] == y[j])
            sum += exp(fit_softmax_log(q, (double)answer[j])) * unit * (best - (double)y[j]);
    for (size_t j = 0; slope && j < g->data->m; j++) {
        if (y[j] != y[j]) continue;
        double share = exp(fit_softmax_log(q, (double)answer[j]));
        slope[j] += (float)(share * (unit * (best - (double)y[j]) - sum));
    }
    return sum;
}

double best_goal_loss(const void *goal, size_t row, const float *answer, float *slope)
{
    const struct best_goal *g = goal;
    const float *y = g->data->y + row * g->data->m;
    struct fit_softmax q = fit_softmax_begin();
    for (size_t j = 0; j < g->data->m; j++)
        if (y[j] == y[j]) fit_softmax_add(&q, (double)answer[j]);
    if (q.log_sum <= 0) return 0; /* nothing is known */
    return g->objective == OBJECTIVE_LIKELIHOOD ? cross_entropy(g, row, answer, &q, slope)
                                                : expected_regret(g, row, answer, &q, slope);
}

double best_goal_regret(const void *goal, size_t row, const float *answer)
{
    const struct best_goal *g = goal;
    size_t chosen = 0;
    for (size_t j = 1; j < g->data->m; j++)
        if (answer[j] > answer[chosen]) chosen = j;
    return fit_regret(g->data, row, chosen);
}

/* Where nothing of the prompt is known: log of the share of prompts on which j was best, with half a prompt
 * more for everybody. */
pm_status best_goal_open(pm_call *c, const struct fit_data *data, struct best_goal *g)
{
    float *start = c->host->scratch(c, data->m, sizeof *start);
    double *share = c->host->scratch(c, data->m, sizeof *share), rows = 0;
    if (!start || !share) return PM_E_MEMORY;
    g->data = data;
    g->lead = fit_lead(data);
    g->temperature *= g->lead;
    for (size_t i = 0; i < data->n_fit; i++) {
        const float *y = data->y + data->fit[i] * data->m;
        double best = fit_best(data, data->fit[i]), all = 0;
        double w = data->weight ? (double)data->weight[data->fit[i]] : 1;
        for (size_t j = 0; j < data->m; j++) all += claim(g, best, y[j]);
        if (all <= 0) continue;
        rows += w;
        for (size_t j = 0; j < data->m; j++) share[j] += w * claim(g, best, y[j]) / all;
    }
    if (rows <= 0) return c->host->fail(c, PM_E_ARG, "no training outcome is known");
    for (size_t j = 0; j < data->m; j++)
        start[j] = (float)log((share[j] + 0.5) / (rows + 0.5 * (double)data->m));
    g->start = start;
    return PM_OK;
}
