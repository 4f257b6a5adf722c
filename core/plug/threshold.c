/* SPDX-License-Identifier: MIT
 *
 * Parameters of an objective, overridden; a pipeline with the objective in place.
 */
#include "plug/threshold.h"

#include <math.h>
#include <string.h>

#define NAME "threshold"

struct threshold {
    arena *a;
    objective *decide;
    pipeline p;
    const json *params;
    double measured;
    size_t dropped;
};

pm_status threshold_given(const char *object, size_t len, arena *a, param_value **out, size_t *n,
                          pm_err *err)
{
    const json *j;
    pm_status st = json_parse(object, len, a, &j, err);
    if (st) return st;
    *n = 0;
    *out = arena_alloc(a, j->n + 1, sizeof **out);
    if (!*out) return err_set(err, PM_E_MEMORY, "out of memory");
    for (const json *v = j->child; v; v = v->next) {
        param_value one = {.name = v->key, .number = v->number, .text = v->text};
        one.flag = v->number != 0;
        one.kind = v->kind == JSON_NUMBER ? PARAM_NUMBER
                   : v->kind == JSON_BOOL ? PARAM_FLAG
                                          : PARAM_TEXT;
        if (v->kind == JSON_STRING || one.kind != PARAM_TEXT) (*out)[(*n)++] = one;
    }
    return PM_OK;
}

/* all [room]: own parameters, then given ones, the later of equal names. */
static size_t merge(param_value *all, size_t n, const param_value *given, size_t n_given)
{
    for (size_t k = 0; k < n_given; k++) {
        size_t at = 0;
        while (at < n && strcmp(all[at].name, given[k].name) != 0) at++;
        all[at] = given[k];
        if (at == n) n++;
    }
    return n;
}

static pm_status make_params(threshold *t, const plugin_entry *e, const param_value *given,
                             size_t n_given, void **out, pm_err *err)
{
    const pipeline *p = &t->p;
    const char *text = objective_params_json(p->decide);
    param_value *own = NULL;
    size_t n = 0;
    if (objective_plugin(p->decide) == e) {
        pm_status st = threshold_given(text, strlen(text), t->a, &own, &n, err);
        if (st) return st;
        for (size_t k = 0; k < n; k++)
            if (strcmp(own[k].name, "alpha") == 0) t->measured = own[k].number;
    }
    param_value *all = arena_alloc(t->a, n + n_given + 1, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "out of memory");
    if (n) memcpy(all, own, n * sizeof *all);
    n = merge(all, n, given, n_given);
    pm_status st = params_build(e->params, e->params_bytes, all, n, t->a, out, NULL, NULL, err);
    return st ? err_wrap(err, st, "objective \"" NAME "\"") : PM_OK;
}

/* The order in which hard constraints are given up, by their new places. */
static pm_status keep_relaxed(threshold *t, const size_t *place, pm_err *err)
{
    pipeline_infeasible *how = &t->p.infeasible;
    size_t *relax = arena_alloc(t->a, how->n_relax + 1, sizeof *relax);
    if (!relax) return err_set(err, PM_E_MEMORY, "out of memory");
    for (size_t k = 0; k < how->n_relax; k++) relax[k] = place[how->relax[k]];
    how->relax = relax;
    return PM_OK;
}

/* The weights of soft constraints belong to the objective that they were measured with. */
static pm_status keep_terms(threshold *t, pm_err *err)
{
    const pipeline_term *from = t->p.term;
    size_t n = t->p.n_terms, kept = 0;
    pipeline_term *term = arena_alloc(t->a, n + 1, sizeof *term);
    size_t *place = arena_alloc(t->a, n + 1, sizeof *place);
    const pm_phrase **phrases = arena_alloc(t->a, n + 1, sizeof *phrases);
    if (!term || !place || !phrases) return err_set(err, PM_E_MEMORY, "out of memory");
    for (size_t k = 0; k < n; k++) {
        place[k] = kept;
        if (from[k].sense == PM_SOFT) continue;
        phrases[kept] = t->p.phrases ? t->p.phrases[k] : NULL;
        term[kept++] = from[k];
    }
    t->p.phrases = phrases;
    t->p.term = term;
    t->p.n_terms = kept;
    t->dropped = n - kept;
    return keep_relaxed(t, place, err);
}

static pm_status fill(threshold *t, call_ctx *c, const param_value *given, size_t n, pm_err *err)
{
    const registry *r = call_ctx_env(c)->registry;
    const plugin_entry *e = registry_find(r, PLUGIN_OBJECTIVE, NAME);
    void *params;
    if (!e) {
        registry_unknown(r, PLUGIN_OBJECTIVE, NAME, err);
        return PM_E_UNSUPPORTED;
    }
    pm_status st = objective_accepts(e, router_plugin(t->p.route), err);
    if (!st) st = make_params(t, e, given, n, &params, err);
    if (!st && objective_plugin(t->p.decide) != e) st = keep_terms(t, err);
    if (st) return st;
    objective_spec spec = {e, params, 0};
    st = objective_build(c, &spec, NULL, NULL, &t->decide, err);
    if (st) return st;
    t->p.decide = t->decide;
    const char *text = objective_params_json(t->decide);
    return json_parse(text, strlen(text), t->a, &t->params, err);
}

pm_status threshold_open(call_ctx *c, const pipeline *p, const param_value *given, size_t n,
                         threshold **out, pm_err *err)
{
    arena *a = arena_open(0);
    threshold *t = a ? arena_alloc(a, 1, sizeof *t) : NULL;
    *out = NULL;
    if (!t) {
        arena_close(a);
        return err_set(err, PM_E_MEMORY, "out of memory");
    }
    *t = (threshold){.a = a, .p = *p, .measured = (double)NAN};
    pm_status st = fill(t, c, given, n, err);
    if (st)
        threshold_close(t);
    else
        *out = t;
    return st;
}

void threshold_close(threshold *t)
{
    if (!t) return;
    objective_close(t->decide);
    arena_close(t->a);
}

const pipeline *threshold_pipeline(const threshold *t)
{
    return &t->p;
}
const char *threshold_params(const threshold *t)
{
    return objective_params_json(t->decide);
}
double threshold_alpha(const threshold *t)
{
    return json_number(t->params, "alpha", (double)NAN);
}
bool threshold_is_pair(const threshold *t)
{
    return strcmp(json_text(t->params, "rule", ""), "pair") == 0;
}
double threshold_measured(const threshold *t)
{
    return t->measured;
}
size_t threshold_dropped(const threshold *t)
{
    return t->dropped;
}
