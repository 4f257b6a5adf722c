/* SPDX-License-Identifier: MIT
 *
 * Metrics of policies with paired intervals: every policy is averaged over the same resamples, so that a
 * difference of two is the difference of their resampled means (docs/metrics.md, section 3).
 */
#include "eval/metrics.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "eval/metrics_private.h"
#include "math/special.h"

const char *const *metric_names(pm_value_kind kind, size_t *n)
{
    static const char *const quality[] = {"quality",
                                          "cost_usd",
                                          "selection_accuracy",
                                          "selection_accuracy_plain",
                                          "selection_accuracy_disagreeing",
                                          "within_delta",
                                          "regret",
                                          "gap_recovered",
                                          "entropy",
                                          "experts_used",
                                          "diff_best_single",
                                          "diff_rival",
                                          "mae",
                                          "rmse",
                                          "spearman",
                                          "coverage_90"};
    static const char *const loss[] = {"loss",
                                       "cost_usd",
                                       "selection_accuracy",
                                       "selection_accuracy_plain",
                                       "selection_accuracy_disagreeing",
                                       "within_delta",
                                       "regret",
                                       "gap_recovered",
                                       "entropy",
                                       "experts_used",
                                       "diff_best_single",
                                       "diff_rival",
                                       "mae",
                                       "rmse",
                                       "spearman",
                                       "coverage_90"};
    *n = METRIC_COUNT;
    return kind == PM_VALUE_LOSS ? loss : quality;
}

/* value = ratio of two columns' means, interval of the ratio of their resampled sums; den < 0: prompts. */
static void set_ratio(const scorer *s, const policy_columns *c, int num, int den, metric_value *out)
{
    const double *size = bootstrap_sizes(s->draws);
    double below = den < 0 ? 1 : c->mean[den];
    out->value = below > 0 ? c->mean[num] / below : NAN;
    for (size_t r = 0; r < s->resamples; r++) {
        const double *sum = s->sum + r * c->q;
        double d = den < 0 ? size[r] : sum[den];
        s->v[r] = d > 0 ? sum[num] / d : NAN;
    }
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
    if (den >= 0) out->n = (size_t)llround(c->mean[den] * (double)s->t->n);
}

static void set_root(metric_value *v)
{
    v->value = sqrt(v->value);
    v->lo = sqrt(v->lo);
    v->hi = sqrt(v->hi);
}

static void set_gap(const scorer *s, const metrics_means *mine, metric_value *out)
{
    double gap = s->oracle - s->best_single;
    out->value = metrics_snap(gap) != 0 ? metrics_snap(mine->value_mean - s->best_single) / gap
                                        : NAN;
    if (isnan(out->value)) return;
    for (size_t r = 0; r < s->resamples; r++) {
        double room = s->oracle_r[r] - s->best_single_r[r];
        s->v[r] = metrics_snap(room) != 0
                      ? metrics_snap(mine->value[r] - s->best_single_r[r]) / room
                      : NAN;
    }
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
}

void metrics_difference(const scorer *s, double mean, const double *mine, double other,
                        const double *theirs, metric_value *out)
{
    out->value = metrics_snap(mean - other);
    for (size_t r = 0; r < s->resamples; r++) s->v[r] = metrics_snap(mine[r] - theirs[r]);
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
}

static void set_predictions(const scorer *s, const policy_columns *c, policy_score *out)
{
    metric_value *m = out->metric;
    set_ratio(s, c, COL_ABS_ERROR, -1, &m[METRIC_MAE]);
    set_ratio(s, c, COL_SQUARED_ERROR, -1, &m[METRIC_RMSE]);
    set_root(&m[METRIC_RMSE]);
    set_ratio(s, c, COL_SPEARMAN, COL_SPEARMAN_KNOWN, &m[METRIC_SPEARMAN]);
    out->spearman_left_out = s->t->n - m[METRIC_SPEARMAN].n;
    if (isfinite(c->mean[COL_COVERED])) set_ratio(s, c, COL_COVERED, -1, &m[METRIC_COVERAGE]);
}

/* Shares per expert (routers), their entropy, and how many experts are used at all. */
static pm_status set_shares(const scorer *s, const policy_columns *c, policy_score *out,
                            pm_err *err)
{
    size_t m = s->t->m, used = 0;
    double *share = arena_alloc(s->scratch, m, sizeof *share);
    if (!share) return err_set(err, PM_E_MEMORY, "shares of %zu experts", m);
    policy_shares(s->t, out->who, share);
    for (size_t j = 0; j < m; j++) used += share[j] > 0 ? 1 : 0;
    out->metric[METRIC_ENTROPY].value = policy_entropy(share, m);
    out->metric[METRIC_USED].value = (double)used;
    if (!c->first_share) return PM_OK;
    metric_value *v = arena_alloc(s->out, m, sizeof *v);
    if (!v) return err_set(err, PM_E_MEMORY, "shares of %zu experts", m);
    for (size_t j = 0; j < m; j++) {
        v[j] = (metric_value){"share", NAN, NAN, NAN, s->t->n};
        set_ratio(s, c, (int)(c->first_share + j), -1, &v[j]);
    }
    out->share = v;
    for (size_t r = 0; r < s->resamples; r++) {
        const double *sum = s->sum + r * c->q + c->first_share;
        for (size_t j = 0; j < m; j++) share[j] = sum[j] / bootstrap_sizes(s->draws)[r];
        s->v[r] = policy_entropy(share, m);
    }
    bootstrap_interval(s->draws, s->v, &out->metric[METRIC_ENTROPY].lo,
                       &out->metric[METRIC_ENTROPY].hi);
    return PM_OK;
}

static pm_status score_policy(scorer *s, const policy *p, policy_score *out, metrics_means *mine,
                              pm_err *err)
{
    size_t n_names;
    const char *const *name = metric_names(s->t->kind, &n_names);
    policy_columns c = {NULL, NULL, 0, 0};
    pm_status status = metrics_columns(s, p, &c, err);
    if (status) return status;
    size_t bytes;
    mine->value = arena_alloc(s->out, s->resamples, sizeof(double));
    mine->accuracy = arena_alloc(s->out, s->resamples, sizeof(double));
    out->who = p;
    out->n_metrics = METRIC_COUNT;
    out->metric = arena_alloc(s->out, METRIC_COUNT, sizeof *out->metric);
    if (!mem_size(c.q, sizeof(double), &bytes)) bytes = 0;
    s->sum = bytes ? arena_alloc(s->scratch, s->resamples, bytes) : NULL;
    if (!mine->value || !mine->accuracy || !out->metric || !s->sum)
        return err_set(err, PM_E_MEMORY, "scores of policy \"%s\"", p->label);
    if (!bootstrap_all_sums(s->draws, s->c, c.x, c.q, s->scratch, s->sum))
        return err_set(err, PM_E_MEMORY, "scores of policy \"%s\"", p->label);
    metric_value *m = out->metric;
    for (size_t k = 0; k < METRIC_COUNT; k++)
        m[k] = (metric_value){name[k], NAN, NAN, NAN, s->t->n};
    mine->value_mean = c.mean[COL_VALUE];
    mine->accuracy_mean = c.mean[COL_ACCURACY];
    for (size_t r = 0; r < s->resamples; r++) {
        double size = bootstrap_sizes(s->draws)[r];
        mine->value[r] = s->sum[r * c.q + COL_VALUE] / size;
        mine->accuracy[r] = s->sum[r * c.q + COL_ACCURACY] / size;
    }
    set_ratio(s, &c, COL_VALUE, -1, &m[METRIC_VALUE]);
    if (s->t->cost_usd.at) set_ratio(s, &c, COL_COST, -1, &m[METRIC_COST]);
    set_ratio(s, &c, COL_ACCURACY, -1, &m[METRIC_ACCURACY]);
    set_ratio(s, &c, COL_PLAIN, -1, &m[METRIC_PLAIN]);
    set_ratio(s, &c, COL_AGREED, COL_DISAGREE, &m[METRIC_DISAGREEING]);
    set_ratio(s, &c, COL_WITHIN, -1, &m[METRIC_WITHIN]);
    set_ratio(s, &c, COL_REGRET, -1, &m[METRIC_REGRET]);
    set_gap(s, mine, &m[METRIC_GAP]);
    metrics_difference(s, mine->value_mean, mine->value, s->best_single, s->best_single_r,
                       &m[METRIC_DIFF_BEST]);
    if (metrics_predicts(p)) set_predictions(s, &c, out);
    return set_shares(s, &c, out, err);
}

/* Best single and oracle: what gap and differences are measured from. */
static pm_status score_anchors(scorer *s, pm_err *err)
{
    const eval_truth *t = s->t;
    double *x = arena_alloc(s->scratch, t->n, BOOTSTRAP_LANES * sizeof *x);
    double *column = arena_alloc(s->scratch, t->n, 2 * sizeof *column);
    double *sum = arena_alloc(s->scratch, s->resamples, BOOTSTRAP_LANES * sizeof *sum);
    s->best_single_r = arena_alloc(s->scratch, s->resamples, sizeof(double));
    s->oracle_r = arena_alloc(s->scratch, s->resamples, sizeof(double));
    s->v = arena_alloc(s->scratch, s->resamples, sizeof(double));
    if (!x || !column || !sum || !s->best_single_r || !s->oracle_r || !s->v)
        return err_set(err, PM_E_MEMORY, "%zu resamples", s->resamples);
    for (size_t i = 0; i < t->n; i++) {
        size_t best = s->o->best_single_of ? s->o->best_single_of[i] : s->o->best_single;
        column[i] = x[i * BOOTSTRAP_LANES] = (double)pm_crow(t->value, i)[best];
        column[t->n + i] = x[i * BOOTSTRAP_LANES + 1] = policy_sign(t->kind) * policy_best(t, i);
    }
    s->best_single = special_mean(column, t->n);
    s->oracle = special_mean(column + t->n, t->n);
    if (!bootstrap_all_sums(s->draws, s->c, x, BOOTSTRAP_LANES, s->scratch, sum))
        return err_set(err, PM_E_MEMORY, "%zu resamples", s->resamples);
    for (size_t r = 0; r < s->resamples; r++) {
        double size = bootstrap_sizes(s->draws)[r];
        s->best_single_r[r] = sum[r * BOOTSTRAP_LANES] / size;
        s->oracle_r[r] = sum[r * BOOTSTRAP_LANES + 1] / size;
    }
    return PM_OK;
}

static pm_status score_all(scorer *s, const policy *p, size_t n, policy_score *score, pm_err *err)
{
    metrics_means *kept = arena_alloc(s->out, n, sizeof *kept);
    if (!kept) return err_set(err, PM_E_MEMORY, "%zu policies", n);
    pm_status status = score_anchors(s, err);
    for (size_t k = 0; k < n && !status; k++) {
        arena_mark mark = arena_save(s->scratch);
        status = score_policy(s, &p[k], &score[k], &kept[k], err);
        arena_release(s->scratch, mark);
    }
    if (status) return status;
    status = metrics_rivals(s, p, n, kept, score, err);
    if (status) return status;
    s->sum = arena_alloc(s->scratch, s->resamples, METRICS_DOMAIN_BATCH * sizeof(double));
    if (!s->sum) return err_set(err, PM_E_MEMORY, "%zu resamples", s->resamples);
    return metrics_domains(s, score, n, err);
}

pm_status metrics_score(const compute *c, const eval_truth *t, const policy *p, size_t n_policies,
                        const metrics_options *o, arena *a, policy_score **out, pm_err *err)
{
    if (t->n == 0 || t->m == 0)
        return err_set(err, PM_E_SHAPE, "truth is %zu x %zu; want at least one prompt and expert",
                       t->n, t->m);
    if (o->best_single >= t->m)
        return err_set(err, PM_E_SHAPE, "best single is column %zu of %zu", o->best_single, t->m);
    scorer s = {.c = c, .t = t, .o = o, .resamples = o->bootstrap.resamples, .out = a};
    s.scratch = arena_open(0);
    policy_score *score = arena_alloc(a, n_policies, sizeof *score);
    pm_status status = PM_OK;
    if (!s.scratch || !score)
        status = err_set(err, PM_E_MEMORY, "scores of %zu policies", n_policies);
    if (!status)
        status = bootstrap_draw(&o->bootstrap, c, t->cluster, t->n, s.scratch, &s.draws, err);
    if (!status) status = score_all(&s, p, n_policies, score, err);
    arena_close(s.scratch);
    *out = score;
    return status;
}
