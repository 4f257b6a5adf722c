/* SPDX-License-Identifier: MIT
 *
 * A policy as columns of numbers per prompt, ready to be averaged and resampled: what its choices were worth,
 * and how good its predictions were where it makes any.
 */
#include <math.h>
#include <string.h>

#include "eval/metrics_private.h"
#include "math/special.h"

#define COVERAGE_Z 1.645 /* half of a 90 % normal interval in standard deviations */

static void put_cells(const eval_truth *t, const policy_cells *cells, const policy_columns *c)
{
    for (size_t i = 0; i < t->n; i++) {
        double *x = c->x + i * c->q;
        x[COL_VALUE] = cells->value[i];
        x[COL_COST] = cells->cost ? cells->cost[i] : 0;
        x[COL_ACCURACY] = cells->accuracy[i];
        x[COL_PLAIN] = cells->plain[i];
        x[COL_AGREED] = cells->disagree[i] ? cells->accuracy[i] : 0;
        x[COL_DISAGREE] = cells->disagree[i];
        x[COL_WITHIN] = cells->within[i];
        x[COL_REGRET] = cells->regret[i];
    }
}

static void put_shares(const eval_truth *t, const policy *p, const policy_columns *c)
{
    for (size_t i = 0; i < t->n; i++) {
        double *x = c->x + i * c->q + c->first_share;
        if (p->share.at)
            for (size_t j = 0; j < t->m; j++) x[j] = (double)pm_crow(p->share, i)[j];
        else
            for (size_t k = 0; k <= p->n_more; k++)
                x[policy_choice(p, k)[i]] += 1 / (double)(p->n_more + 1);
    }
}

/* Errors of one prompt's predictions, averaged over experts. */
static void put_errors(const eval_truth *t, const policy *p, size_t i, double *x)
{
    const float *truth = pm_crow(t->value, i), *guess = pm_crow(p->predicted, i);
    const float *spread = p->spread.at ? pm_crow(p->spread, i) : NULL;
    double absolute = 0, squared = 0, covered = 0, m = (double)t->m;
    for (size_t j = 0; j < t->m; j++) {
        double e = (double)guess[j] - (double)truth[j];
        absolute += fabs(e);
        squared += e * e;
        if (spread && fabs(e) <= COVERAGE_Z * (double)spread[j]) covered += 1;
    }
    x[POLICY_ABS_ERROR] += absolute / m;
    x[POLICY_SQUARED_ERROR] += squared / m;
    x[POLICY_COVERED] += spread ? covered / m : NAN;
}

pm_status metrics_add_errors(const eval_truth *t, const policy *p, arena *scratch, double *sum,
                             pm_err *err)
{
    if (p->predicted.rows != t->n || p->predicted.cols != t->m)
        return err_set(err, PM_E_SHAPE, "policy \"%s\": predictions are %zu x %zu; want %zu x %zu",
                       p->label, p->predicted.rows, p->predicted.cols, t->n, t->m);
    double *truth = arena_alloc(scratch, t->m, sizeof *truth);
    double *guess = arena_alloc(scratch, t->m, sizeof *guess);
    double *work = arena_alloc(scratch, t->m, 2 * sizeof *work);
    uint32_t *index = arena_alloc(scratch, t->m, sizeof *index);
    if (!truth || !guess || !work || !index)
        return err_set(err, PM_E_MEMORY, "ranks of %zu experts", t->m);
    for (size_t i = 0; i < t->n; i++) {
        double *x = sum + i * POLICY_ERRORS;
        put_errors(t, p, i, x);
        for (size_t j = 0; j < t->m; j++) {
            truth[j] = (double)pm_crow(t->value, i)[j];
            guess[j] = (double)pm_crow(p->predicted, i)[j];
        }
        double rho = special_spearman(truth, guess, t->m, work, index);
        x[POLICY_SPEARMAN_KNOWN] += isnan(rho) ? 0 : 1;
        x[POLICY_SPEARMAN] += isnan(rho) ? 0 : rho;
    }
    return PM_OK;
}

static pm_status put_predictions(const scorer *s, const policy *p, const policy_columns *c,
                                 pm_err *err)
{
    const double *errors = p->errors;
    if (!errors) {
        double *own = arena_alloc(s->scratch, s->t->n, POLICY_ERRORS * sizeof *own);
        if (!own) return err_set(err, PM_E_MEMORY, "errors of %zu prompts", s->t->n);
        pm_status status = metrics_add_errors(s->t, p, s->scratch, own, err);
        if (status) return status;
        errors = own;
    }
    for (size_t i = 0; i < s->t->n; i++)
        memcpy(c->x + i * c->q + COL_ABS_ERROR, errors + i * POLICY_ERRORS,
               POLICY_ERRORS * sizeof *errors);
    return PM_OK;
}

pm_status metrics_columns(const scorer *s, const policy *p, policy_columns *out, pm_err *err)
{
    const eval_truth *t = s->t;
    policy_cells cells;
    pm_status status = policy_measure(t, p, s->o->delta, s->scratch, &cells, err);
    if (status) return status;
    size_t fixed = metrics_predicts(p) ? COL_PREDICTED_END : COL_CHOSEN_END;
    out->first_share = p->role == POLICY_ROUTER ? fixed : 0;
    size_t used = fixed + (out->first_share ? t->m : 0);
    out->q = (used + BOOTSTRAP_LANES - 1) / BOOTSTRAP_LANES * BOOTSTRAP_LANES;
    size_t bytes;
    if (!mem_size(out->q, sizeof(double), &bytes))
        return err_set(err, PM_E_MEMORY, "%zu columns", out->q);
    out->x = arena_alloc(s->scratch, t->n, bytes);
    out->mean = arena_alloc(s->scratch, 1, bytes);
    double *column = arena_alloc(s->scratch, t->n, sizeof *column);
    if (!out->x || !out->mean || !column)
        return err_set(err, PM_E_MEMORY, "%zu x %zu columns", t->n, out->q);
    put_cells(t, &cells, out);
    if (out->first_share) put_shares(t, p, out);
    if (metrics_predicts(p)) {
        status = put_predictions(s, p, out, err);
        if (status) return status;
    }
    for (size_t k = 0; k < used; k++) {
        for (size_t i = 0; i < t->n; i++) column[i] = out->x[i * out->q + k];
        out->mean[k] = special_mean(column, t->n);
    }
    return PM_OK;
}
