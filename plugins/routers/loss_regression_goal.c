/* SPDX-License-Identifier: MIT
 *
 * Targets and divergences of loss regression; see loss_regression_goal.h.
 */
#include "loss_regression_goal.h"

#include <math.h>

#include "fit_softmax.h"

/* ---- one row ------------------------------------------------------------------------------------------ */

/* Divergence of an error e in standardised units; *slope: its derivative. */
static double pointwise(const struct loss_goal *g, int64_t divergence, double e, double *slope)
{
    double size = fabs(e);
    if (divergence == DIVERGENCE_MAE || (divergence == DIVERGENCE_HUBER && size > g->delta)) {
        double bend = divergence == DIVERGENCE_MAE ? 1 : g->delta;
        *slope = e > 0 ? bend : e < 0 ? -bend : 0;
        return divergence == DIVERGENCE_MAE ? size : g->delta * (size - g->delta / 2);
    }
    *slope = e;
    return e * e / 2;
}

/* Mean over the known experts of y_j - shift_j; *known: how many. */
static double level_of(const struct loss_goal *g, const float *y, double *known)
{
    double sum = 0;
    *known = 0;
    for (size_t j = 0; j < g->data->m; j++)
        if (y[j] == y[j]) sum += (double)y[j] - g->shift[j], *known += 1;
    return *known > 0 ? sum / *known : 0;
}

/* Sum over the known experts of the divergence in standardised units, times `weight`. */
static double errors(const struct loss_goal *g, const float *y, const float *answer, double weight,
                     float *slope)
{
    double known, sum = 0, level = level_of(g, y, &known);
    int64_t how = g->divergence == DIVERGENCE_KL ? DIVERGENCE_MSE : g->divergence;
    if (g->targets != TARGETS_CENTRED) level = 0;
    for (size_t j = 0; j < g->data->m; j++) {
        if (y[j] != y[j]) continue;
        double bend;
        double target = ((double)y[j] - g->shift[j] - level) / g->scale[j];
        sum += pointwise(g, how, (double)answer[j] - target, &bend);
        if (slope) slope[j] += (float)(weight * bend);
    }
    return weight * sum;
}

/* KL(p || q), p = softmax(+-y / T), q = softmax(+-prediction / T) over the known experts: what all of them
 * share cancels. */
static double divergence_kl(const struct loss_goal *g, const float *y, const float *answer,
                            float *slope)
{
    struct fit_softmax p = fit_softmax_begin(), q = fit_softmax_begin();
    double unit = fit_sign(g->data) / g->temperature, sum = 0;
    for (size_t j = 0; j < g->data->m; j++) {
        if (y[j] != y[j]) continue;
        fit_softmax_add(&p, unit * (double)y[j]);
        fit_softmax_add(&q, unit * (g->shift[j] + g->scale[j] * (double)answer[j]));
    }
    for (size_t j = 0; j < g->data->m; j++) {
        if (y[j] != y[j]) continue;
        double lp = fit_softmax_log(&p, unit * (double)y[j]);
        double lq = fit_softmax_log(&q, unit * (g->shift[j] + g->scale[j] * (double)answer[j]));
        sum += exp(lp) * (lp - lq);
        if (slope) slope[j] += (float)((exp(lq) - exp(lp)) * unit * g->scale[j]);
    }
    return sum;
}

double loss_goal_loss(const void *goal, size_t row, const float *answer, float *slope)
{
    const struct loss_goal *g = goal;
    const float *y = g->data->y + row * g->data->m;
    double known, bend, sum = 0, level = level_of(g, y, &known);
    if (known <= 0) return 0;
    if (g->divergence != DIVERGENCE_KL)
        sum = errors(g, y, answer, 1, slope);
    else
        sum = divergence_kl(g, y, answer, slope);
    if (g->divergence == DIVERGENCE_KL && g->anchor > 0)
        sum += errors(g, y, answer, g->anchor, slope);
    if (g->targets != TARGETS_CENTRED) return sum;
    size_t at = g->data->m;
    int64_t how = g->divergence == DIVERGENCE_KL ? DIVERGENCE_MSE : g->divergence;
    sum += pointwise(g, how, (double)answer[at] - level / g->level_scale, &bend);
    if (slope) slope[at] += (float)bend;
    return sum;
}

double loss_goal_outcome(const struct loss_goal *g, size_t j, const float *answer)
{
    double level = g->targets == TARGETS_CENTRED ? g->level_scale * (double)answer[g->data->m] : 0;
    return g->shift[j] + g->scale[j] * (double)answer[j] + level;
}

double loss_goal_regret(const void *goal, size_t row, const float *answer)
{
    const struct loss_goal *g = goal;
    double sign = fit_sign(g->data), most = -INFINITY;
    size_t chosen = 0;
    for (size_t j = 0; j < g->data->m; j++) {
        double y = sign * loss_goal_outcome(g, j, answer);
        if (y > most) most = y, chosen = j;
    }
    return fit_regret(g->data, row, chosen);
}

/* ---- all rows ------------------------------------------------------------------------------------------- */

struct moments {
    double sum, squares, weight;
};

static void count(struct moments *a, double y, double w)
{
    a->sum += w * y, a->squares += w * y * y, a->weight += w;
}

static double mean_of(const struct moments *a)
{
    return a->weight > 0 ? a->sum / a->weight : 0;
}

static double deviation(const struct moments *a)
{
    double mean = mean_of(a), variance = a->weight > 0 ? a->squares / a->weight - mean * mean : 0;
    return variance > 1e-12 * (mean * mean + 1e-12) ? sqrt(variance) : 0;
}

static double weight_at(const struct fit_data *a, size_t row)
{
    return a->weight ? (double)a->weight[row] : 1;
}

/* Means of the experts, and their deviations; who was never observed gets those of all cells. */
static pm_status columns(pm_call *c, const struct fit_data *a, double *shift, double *scale)
{
    struct moments all = {0, 0, 0}, *column = c->host->scratch(c, a->m, sizeof *column);
    if (!column) return PM_E_MEMORY;
    for (size_t i = 0; i < a->n_fit; i++)
        for (size_t j = 0; j < a->m; j++) {
            double y = (double)a->y[a->fit[i] * a->m + j];
            if (y != y) continue;
            count(&column[j], y, weight_at(a, a->fit[i]));
            count(&all, y, weight_at(a, a->fit[i]));
        }
    if (all.weight <= 0) return c->host->fail(c, PM_E_ARG, "no training outcome is known");
    for (size_t j = 0; j < a->m; j++) {
        const struct moments *from = column[j].weight > 0 ? &column[j] : &all;
        shift[j] = mean_of(from);
        scale[j] = deviation(from);
        if (scale[j] <= 0) scale[j] = deviation(&all) > 0 ? deviation(&all) : 1;
    }
    return PM_OK;
}

/* One scale for the differences to a prompt's level, so that their errors count alike for every expert. */
static void centred_scales(const struct fit_data *a, struct loss_goal *g, double *scale)
{
    struct moments level = {0, 0, 0}, difference = {0, 0, 0};
    for (size_t i = 0; i < a->n_fit; i++) {
        const float *y = a->y + a->fit[i] * a->m;
        double known, mean = level_of(g, y, &known), w = weight_at(a, a->fit[i]);
        if (known <= 0) continue;
        count(&level, mean, w);
        for (size_t j = 0; j < a->m; j++)
            if (y[j] == y[j]) count(&difference, (double)y[j] - g->shift[j] - mean, w);
    }
    g->level_scale = deviation(&level) > 0 ? deviation(&level) : 1;
    for (size_t j = 0; j < a->m; j++)
        scale[j] = deviation(&difference) > 0 ? deviation(&difference) : 1;
}

pm_status loss_goal_open(pm_call *c, const struct fit_data *data, struct loss_goal *g)
{
    double *shift = c->host->scratch(c, data->m, sizeof *shift);
    double *scale = c->host->scratch(c, data->m, sizeof *scale);
    if (!shift || !scale) return PM_E_MEMORY;
    g->data = data;
    g->shift = shift;
    g->scale = scale;
    g->level_scale = 0;
    g->units = data->m + (g->targets == TARGETS_CENTRED);
    g->temperature *= fit_lead(data);
    pm_status st = columns(c, data, shift, scale);
    if (st != PM_OK) return st;
    if (g->targets == TARGETS_CENTRED) centred_scales(data, g, scale);
    if (g->targets == TARGETS_RAW)
        for (size_t j = 0; j < data->m; j++) scale[j] = 1;
    return PM_OK;
}
