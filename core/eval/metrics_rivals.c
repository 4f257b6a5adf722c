/* SPDX-License-Identifier: MIT
 *
 * Paired differences to rivals: in the mean outcome, in selection accuracy and in the gap recovered
 * (docs/metrics.md, section 1).
 */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "eval/metrics_private.h"

static bool same_point(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The first rival carrying `label` at the point of p; where either has no point, the first of that label. */
static size_t rival_of(const policy *p, size_t n, const policy *who, const char *label)
{
    for (size_t k = 0; k < n; k++)
        if (p[k].is_rival && strcmp(p[k].label, label) == 0 &&
            (!who->point || !p[k].point || same_point(p[k].point, who->point)))
            return k;
    return SIZE_MAX;
}

/* Distinct rivals by rank, then by place. */
static size_t find_rivals(const policy *p, size_t n, const policy **rival)
{
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        bool is_new = p[k].is_rival;
        for (size_t l = 0; l < count && is_new; l++)
            is_new = strcmp(rival[l]->label, p[k].label) != 0;
        if (!is_new) continue;
        size_t at = count++;
        for (; at > 0 && rival[at - 1]->rival_rank > p[k].rival_rank; at--)
            rival[at] = rival[at - 1];
        rival[at] = &p[k];
    }
    return count;
}

static bool name_all(const scorer *s, const char *before, const policy *const *rival, size_t n,
                     metric_value *v)
{
    str name = STR_INIT;
    bool fits = true;
    for (size_t l = 0; l < n && fits; l++) {
        str_clear(&name);
        str_printf(&name, "%s:%s", before, rival[l]->label);
        v[l] = (metric_value){name.failed ? NULL : arena_strdup(s->out, str_text(&name)), NAN, NAN,
                              NAN, s->t->n};
        fits = v[l].name != NULL;
    }
    str_close(&name);
    return fits;
}

/* Differences of the outcome as shares of the way from best single to oracle. */
static void set_gap(const scorer *s, const metrics_means *mine, const metrics_means *other,
                    metric_value *out)
{
    double gap = metrics_snap(s->oracle - s->best_single);
    if (gap == 0) return;
    out->value = metrics_snap(mine->value_mean - other->value_mean) / gap;
    for (size_t r = 0; r < s->resamples; r++) {
        double room = metrics_snap(s->oracle_r[r] - s->best_single_r[r]);
        s->v[r] = room != 0 ? metrics_snap(mine->value[r] - other->value[r]) / room : NAN;
    }
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
}

static pm_status compare(const scorer *s, const policy *p, size_t n, size_t who,
                         const policy *const *rival, size_t n_rivals, const metrics_means *m,
                         policy_score *out, pm_err *err)
{
    metric_value *v = arena_alloc(s->out, n_rivals, sizeof *v);
    metric_value *accuracy = arena_alloc(s->out, n_rivals, sizeof *accuracy);
    metric_value *gap = arena_alloc(s->out, n_rivals, sizeof *gap);
    if (!v || !accuracy || !gap || !name_all(s, "diff_rival", rival, n_rivals, v) ||
        !name_all(s, "diff_rival_accuracy", rival, n_rivals, accuracy) ||
        !name_all(s, "diff_rival_gap", rival, n_rivals, gap))
        return err_set(err, PM_E_MEMORY, "differences of policy \"%s\"", p[who].label);
    const metrics_means *mine = &m[who];
    for (size_t l = 0; l < n_rivals; l++) {
        size_t k = rival_of(p, n, &p[who], rival[l]->label);
        if (k == SIZE_MAX) continue;
        metrics_difference(s, mine->value_mean, mine->value, m[k].value_mean, m[k].value, &v[l]);
        metrics_difference(s, mine->accuracy_mean, mine->accuracy, m[k].accuracy_mean,
                           m[k].accuracy, &accuracy[l]);
        set_gap(s, mine, &m[k], &gap[l]);
    }
    if (n_rivals > 0) {
        out->metric[METRIC_DIFF_RIVAL] = v[0];
        out->metric[METRIC_DIFF_RIVAL].name = "diff_rival";
    }
    out->rival = v;
    out->rival_accuracy = accuracy;
    out->rival_gap = gap;
    out->n_rivals = n_rivals;
    return PM_OK;
}

pm_status metrics_rivals(const scorer *s, const policy *p, size_t n, const metrics_means *r,
                         policy_score *score, pm_err *err)
{
    const policy **rival = arena_alloc(s->scratch, n, sizeof *rival);
    if (!rival) return err_set(err, PM_E_MEMORY, "%zu policies", n);
    size_t n_rivals = find_rivals(p, n, rival);
    pm_status status = PM_OK;
    for (size_t k = 0; k < n && !status; k++)
        status = compare(s, p, n, k, rival, n_rivals, r, &score[k], err);
    return status;
}
