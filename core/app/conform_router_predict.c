/* SPDX-License-Identifier: MIT
 *
 * Router checks of one built instance: what it writes, in which order, whatever the batch; what its
 * numbers mean.
 */
#include <math.h>

#include "app/conform_router.h"
#include "plug/objective.h"

void router_predicts(trial *t, conform_result *r)
{
    router_trial *rt = router_trial_of(t);
    const toy *d = t->data;
    pm_err err = PM_ERR_INIT;
    if (!router_room(t, t->keep, d->test_x.n, d->lib.n, &rt->want)) {
        check_fail(r, "out of memory");
        return;
    }
    if (router_predict(rt->built, t->c, &d->lib, &d->test_x, &rt->want, &err) == PM_OK) return;
    rt->rule = guard_rule_of(&err);
    memcpy(rt->why, err.text, sizeof rt->why - 1);
    if (rt->rule == RULE_NONE || rt->rule == RULE_OTHER)
        check_fail_err(r, "predict", &err);
    else
        check_skip(r, "refused by the guard, see the next checks");
}

/* The four rules that the guard watches over: who broke which is known from the refusal above. */
static void rule(trial *t, conform_result *r, guard_rule which)
{
    const router_trial *rt = router_trial_of(t);
    if (rt->rule == which) check_fail(r, "%s", rt->why);
}

void router_writes_cells(trial *t, conform_result *r)
{
    rule(t, r, RULE_UNWRITTEN);
}

void router_is_finite(trial *t, conform_result *r)
{
    rule(t, r, RULE_NOT_FINITE);
}

void router_is_in_range(trial *t, conform_result *r)
{
    rule(t, r, RULE_RANGE);
}

void router_owns_nothing(trial *t, conform_result *r)
{
    rule(t, r, RULE_OWN);
}

void router_row_order(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    size_t n = t->data->test_x.n;
    uint32_t *row = toy_order(t->a, t->seed, n);
    pm_prompts *x = row ? toy_rows(t->a, &t->data->test_x, row, n) : NULL;
    router_ask ask = {rt->built, &t->data->lib, x};
    same_spec same = {row, NULL, 0, "prompts in another order"};
    pm_scores got;
    if (!x)
        check_fail(r, "out of memory");
    else if (router_answers(t, r, &ask, &got))
        router_same(r, &rt->want, &got, &same);
}

void router_batch(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    for (uint32_t i = 0; i < t->data->test_x.n && r->passed; i++) {
        pm_prompts *x = toy_rows(t->a, &t->data->test_x, &i, 1);
        router_ask ask = {rt->built, &t->data->lib, x};
        same_spec same = {&i, NULL, 0, "one prompt alone"};
        pm_scores got;
        if (!x)
            check_fail(r, "out of memory");
        else if (router_answers(t, r, &ask, &got))
            router_same(r, &rt->want, &got, &same);
    }
}

void router_spread(trial *t, conform_result *r)
{
    const pm_mat s = router_trial_of(t)->want.spread;
    if (!s.at) {
        check_skip(r, "spread is not offered");
        return;
    }
    for (size_t i = 0; i < s.rows; i++)
        for (size_t j = 0; j < s.cols; j++)
            if (!(pm_row(s, i)[j] >= 0) || isinf(pm_row(s, i)[j]))
                check_fail(r, "spread of row %zu, column %zu is %g", i, j, (double)pm_row(s, i)[j]);
}

static bool latent_of(trial *t, conform_result *r, const pm_prompts *x, pm_mat *out)
{
    const router *built = router_trial_of(t)->built;
    pm_err err = PM_ERR_INIT;
    *out = trial_mat(t, x->n, router_latent_dim(built));
    if (!out->at) {
        check_fail(r, "out of memory");
    } else if (router_latent(built, t->c, x, *out, &err) != PM_OK) {
        check_fail_err(r, "latent", &err);
    }
    for (size_t i = 0; r->passed && i < x->n * out->cols; i++)
        if (!isfinite(out->at[i])) check_fail(r, "latent cell %zu is not finite", i);
    return r->passed;
}

void router_latent_rows(trial *t, conform_result *r)
{
    size_t n = t->data->test_x.n;
    uint32_t *row = toy_order(t->a, t->seed, n);
    pm_prompts *x = row ? toy_rows(t->a, &t->data->test_x, row, n) : NULL;
    same_spec same = {row, NULL, 0, "latent of prompts in another order"};
    pm_mat want, got;
    if (!router_latent_dim(router_trial_of(t)->built))
        check_skip(r, "latent is not offered");
    else if (!x)
        check_fail(r, "out of memory");
    else if (latent_of(t, r, &t->data->test_x, &want) && latent_of(t, r, x, &got))
        check_same(r, want, got, &same);
}

/* ---- kinds ------------------------------------------------------------------------------------------ */

static bool declares(const trial *t, pm_value_kind k)
{
    return t->e->type.router->value_kinds & PM_VALUE_BIT(k);
}

/* Builds on labels of a kind and looks at what the instance says it emits. */
static void kind_from_labels(trial *t, conform_result *r, pm_value_kind label)
{
    toy_shape shape = router_shape(t);
    shape.kind = label;
    toy *data = toy_make(t->a, &shape);
    pm_err err = PM_ERR_INIT;
    router *built = NULL;
    pm_status s = data ? router_build(t, &data->fit, &built, &err) : PM_E_MEMORY;
    if (s == PM_OK && router_kind(built) == PM_VALUE_WINPROB && declares(t, label) &&
        !(t->e->type.router->needs & PM_NEEDS_BATTLES)) { /* learned from battles; and without? */
        router_close(built);
        data->y.battle = data->tune_y.battle = NULL;
        data->y.n_battles = data->tune_y.n_battles = 0;
        s = router_build(t, &data->fit, &built, &err);
    }
    if (s == PM_OK && !declares(t, router_kind(built)))
        check_fail(r, "emits %s, which it does not declare", value_kind_name(router_kind(built)));
    else if (s == PM_OK && declares(t, PM_VALUE_QUALITY) && declares(t, PM_VALUE_LOSS) &&
             router_kind(built) != label)
        check_fail(r, "emits %s after training on %s labels; it declares both",
                   value_kind_name(router_kind(built)), value_kind_name(label));
    else if (s != PM_OK && declares(t, label))
        check_fail_err(r, "train", &err);
    else if (s != PM_OK && !*err.text)
        check_fail(r, "refuses %s labels without a message", value_kind_name(label));
    router_close(built);
}

void router_kind_declared(trial *t, conform_result *r)
{
    kind_from_labels(t, r, PM_VALUE_QUALITY);
    if (r->passed) kind_from_labels(t, r, PM_VALUE_LOSS);
}

/* In how many (prompt, rival) pairs is `best` predicted to be better, minus worse, of all pairs. */
static double concordance(const pm_scores *s, size_t best)
{
    double sum = 0, sign = s->kind == PM_VALUE_LOSS ? -1 : 1;
    for (size_t i = 0; i < s->value.rows; i++) {
        const float *v = pm_row(s->value, i);
        for (size_t j = 0; j < s->value.cols; j++) sum += (v[best] > v[j]) - (v[best] < v[j]);
    }
    return sign * sum / (double)(s->value.rows * (s->value.cols - 1));
}

/* Every expert is the good one once: what does not depend on the labels sums to zero, exactly. */
static void honest_with(trial *t, conform_result *r, pm_value_kind label)
{
    enum { EXPERTS = 4 };
    double sum = 0;
    pm_value_kind emitted = label;
    for (size_t best = 0; best < EXPERTS; best++) {
        toy_shape shape = router_shape(t);
        pm_err err = PM_ERR_INIT;
        shape.m = EXPERTS;
        shape.kind = label;
        shape.best = best;
        const toy *data = toy_make(t->a, &shape);
        router *built = NULL;
        pm_scores got;
        bool fine = data && router_build(t, &data->fit, &built, &err) == PM_OK;
        router_ask ask = {built, data ? &data->lib : NULL, data ? &data->test_x : NULL};
        fine = fine && router_answer(t, &ask, &got, &err) == PM_OK;
        router_close(built);
        if (!fine && !declares(t, label)) return; /* it may refuse these labels */
        if (!fine) {
            check_fail_err(r, "build or predict", &err);
            return;
        }
        emitted = got.kind;
        sum += concordance(&got, best) / EXPERTS;
    }
    if (sum < -0.25)
        check_fail(r,
                   "declared %s, but after training on %s labels the better expert gets the worse "
                   "value (concordance %.2f)",
                   value_kind_name(emitted), value_kind_name(label), sum);
}

void router_kind_honest(trial *t, conform_result *r)
{
    honest_with(t, r, PM_VALUE_QUALITY);
    if (r->passed) honest_with(t, r, PM_VALUE_LOSS);
}
