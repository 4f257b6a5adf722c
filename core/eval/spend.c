/* SPDX-License-Identifier: MIT
 *
 * Ratios of what was chosen to what could have been: one pass over the test prompts each.
 */
#include "eval/spend.h"

#include <math.h>

#define SAME     1e-12
#define ROUNDING 1e-9

size_t spend_cheapest_best(const eval_truth *t, size_t i)
{
    const float *value = pm_crow(t->value, i);
    double sign = policy_sign(t->kind), best = policy_best(t, i);
    size_t cheapest = t->m;
    for (size_t j = 0; j < t->m; j++) {
        if (sign * (double)value[j] < best - SAME) continue;
        if (cheapest == t->m ||
            (t->cost_usd.at && pm_crow(t->cost_usd, i)[j] < pm_crow(t->cost_usd, i)[cheapest]))
            cheapest = j;
    }
    return cheapest;
}

spend_oracle spend_of_oracle(const eval_truth *t)
{
    spend_oracle out = {0, 0, 0};
    for (size_t i = 0; i < t->n; i++) {
        size_t j = spend_cheapest_best(t, i);
        double usd = t->cost_usd.at ? (double)pm_crow(t->cost_usd, i)[j] : (double)NAN;
        out.value += (double)pm_crow(t->value, i)[j];
        out.usd += usd;
        if (t->kind == PM_VALUE_LOSS || policy_best(t, i) > 0 || isnan(usd)) out.usd_right += usd;
    }
    double n = (double)t->n;
    return (spend_oracle){out.value / n, out.usd / n, out.usd_right / n};
}

spend_arena spend_of_arena(const eval_truth *t, const policy *p)
{
    spend_arena out = {NAN, NAN, NAN};
    if (!p->choice || !t->cost_usd.at || t->kind != PM_VALUE_QUALITY) return out;
    double right = 0, cheapest = 0, least = 0, spent = 0, sum = 0, best = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t mine = p->choice[i], theirs = spend_cheapest_best(t, i);
        double value = (double)pm_crow(t->value, i)[mine], top = policy_best(t, i);
        sum += value;
        best += top;
        if (!(top > 0) || value < top - SAME) continue;
        const float *usd = pm_crow(t->cost_usd, i);
        right++;
        cheapest += usd[mine] <= usd[theirs] ? 1 : 0;
        least += (double)usd[theirs];
        spent += (double)usd[mine];
    }
    if (right > 0) out.selection = cheapest / right;
    if (right > 0) out.cost = spent > 0 ? least / spent : 1;
    if (best > 0) out.accuracy = sum / best;
    return out;
}

static double ratio(double mean, double mark)
{
    return fabs(mark) > 0 ? mean / mark : (double)NAN;
}

spend_gains spend_gain(double mean, spend_marks marks)
{
    return (spend_gains){.over_random = ratio(mean, marks.random) - 1,
                         .over_best = ratio(mean, marks.best) - 1,
                         .over_domains = ratio(mean, marks.domains) - 1,
                         .to_oracle = 1 - ratio(mean, marks.oracle),
                         .v_best = ratio(mean, marks.best),
                         .v_reference = ratio(mean, marks.reference)};
}

static double share_of(double part, double budget)
{
    return part > 0 ? part / budget : 0;
}

spend_budget spend_compliance(const double *cost, size_t n, double budget)
{
    spend_budget out = {0, 0, 0, 0, false};
    double most = budget * (1 + ROUNDING);
    for (size_t i = 0; i < n; i++) {
        out.spent += cost[i];
        if (out.within == i && out.spent <= most) out.within++;
    }
    out.is_kept = out.spent <= most;
    out.use = share_of(out.spent, budget);
    out.over = out.is_kept ? 0 : share_of(out.spent - budget, budget);
    return out;
}
