/* SPDX-License-Identifier: MIT
 *
 * Prompts that hard constraints leave nobody, as an experiment sees them: what it asked for, which prompt an
 * error is about, and how many decisions were made only because constraints were given up or an expert stood
 * in.  The policy itself is plug/feasible.h's.
 */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"

pm_status exp_find_fallback(const exp_run *r, pm_err *err)
{
    const infeasible_choice *how = &r->x->infeasible;
    const pm_library *lib = &r->source.lib->view;
    if (how->policy != INFEASIBLE_FALLBACK) return PM_OK;
    const char **all = arena_alloc(r->a, lib->n + 1, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "%zu experts", lib->n);
    for (size_t j = 0; j < lib->n; j++) {
        all[j] = lib->expert[j]->id;
        if (strcmp(all[j], how->fallback) == 0) return PM_OK;
    }
    const char *near = str_suggest(how->fallback, all, lib->n);
    return err_set(err, PM_E_ARG,
                   "%s: on_infeasible.fallback = \"%s\" is none of the %zu experts%s%s%s",
                   how->where ? how->where : r->x->name, how->fallback, lib->n,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

void exp_infeasible_key(const experiment *x, str *out)
{
    const infeasible_choice *how = &x->infeasible;
    if (how->policy == INFEASIBLE_RELAX) {
        str_puts(out, ",\"on_infeasible\":{\"relax\":[");
        for (size_t k = 0; k < how->n_relax; k++) {
            const char *label = x->constraint[how->relax[k]].at.label;
            str_puts(out, k ? "," : "");
            str_json(out, label, strlen(label));
        }
        str_puts(out, "]}");
    } else if (how->policy == INFEASIBLE_FALLBACK) {
        str_puts(out, ",\"on_infeasible\":{\"fallback\":");
        str_json(out, how->fallback, strlen(how->fallback));
        str_puts(out, "}");
    }
}

pm_status exp_infeasible_prompt(const exp_run *r, const seed_work *w, pm_status s, pm_err *err)
{
    const feasible_answer *found = pipeline_found(r->pipe);
    if (s != PM_E_INFEASIBLE || found->n_stuck == 0 || found->first_stuck >= w->s.n_test) return s;
    return err_wrap(err, s, "prompt \"%s\"", r->data.id[w->s.test[found->first_stuck]]);
}

/* What was done for prompts without anybody goes with the policy. */
pm_status exp_infeasible_keep(exp_run *r, const pipeline_result *result, policy *out, pm_err *err)
{
    size_t n = result->n;
    if (result->relaxed) {
        uint64_t *relaxed = arena_alloc(r->a, n, sizeof *relaxed);
        if (!relaxed) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
        memcpy(relaxed, result->relaxed, n * sizeof *relaxed);
        out->relaxed = relaxed;
    }
    if (result->fell_back) {
        uint8_t *fell = arena_alloc(r->a, n, 1);
        if (!fell) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
        memcpy(fell, result->fell_back, n);
        out->fell_back = fell;
    }
    return PM_OK;
}

/* ---- counts ---- */

static size_t count_relaxed(const policy *p, size_t n, uint64_t bits)
{
    size_t found = 0;
    for (size_t i = 0; p->relaxed && i < n; i++) found += (p->relaxed[i] & bits) != 0;
    return found;
}

static size_t count_fell(const policy *p, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; p->fell_back && i < n; i++) found += p->fell_back[i];
    return found;
}

static pm_status put_count(exp_run *r, const policy *p, const char *metric, size_t count, size_t n,
                           pm_err *err)
{
    const char *kept = arena_strdup(r->keep, metric);
    store_row row = {.point = exp_point_of(r, p),
                     .label = p->label,
                     .role = policy_role_name(p->role),
                     .seed = p->seed,
                     .subset = "all",
                     .metric = kept,
                     .value = (double)count,
                     .lo = NAN,
                     .hi = NAN,
                     .n = n,
                     .setting = p->setting ? p->setting : ""};
    return kept ? exp_put(r, &row, err) : err_set(err, PM_E_MEMORY, "rows");
}

static pm_status put_counts(exp_run *r, const seed_work *w, const policy *p, pm_err *err)
{
    size_t n = w->s.n_test;
    const infeasible_choice *how = &r->x->infeasible;
    if (how->policy == INFEASIBLE_FALLBACK)
        return put_count(r, p, "fell_back", count_fell(p, n), n, err);
    pm_status s = put_count(r, p, "relaxed", count_relaxed(p, n, UINT64_MAX), n, err);
    for (size_t k = 0; k < how->n_relax && !s; k++) {
        str name = STR_INIT;
        str_printf(&name, "relaxed:%s", r->x->constraint[how->relax[k]].at.label);
        s = put_count(r, p, str_text(&name), count_relaxed(p, n, (uint64_t)1 << how->relax[k]), n,
                      err);
        str_close(&name);
    }
    return s;
}

pm_status exp_infeasible_rows(exp_run *r, const seed_work *w, pm_err *err)
{
    pm_status s = PM_OK;
    if (r->x->infeasible.policy == INFEASIBLE_ERROR) return s; /* there are none */
    for (size_t k = 0; k < w->n_policies && !s; k++)
        if (w->policy[k].role == POLICY_ROUTER) s = put_counts(r, w, &w->policy[k], err);
    return s;
}

pm_status exp_about_infeasible(exp_run *r, const seed_work *w, pm_err *err)
{
    const infeasible_choice *how = &r->x->infeasible;
    size_t most = 0;
    if (how->policy == INFEASIBLE_ERROR) return PM_OK;
    for (size_t k = 0; k < w->n_policies; k++) {
        size_t relaxed = count_relaxed(&w->policy[k], w->s.n_test, UINT64_MAX),
               fell = count_fell(&w->policy[k], w->s.n_test);
        most = relaxed > most ? relaxed : most;
        most = fell > most ? fell : most;
    }
    str text = STR_INIT;
    str_printf(&text, "of %zu, at most; %s", w->s.n_test,
               how->policy == INFEASIBLE_FALLBACK ? "fallback " : "relaxed in order:");
    if (how->policy == INFEASIBLE_FALLBACK) str_puts(&text, how->fallback);
    for (size_t k = 0; k < how->n_relax; k++)
        str_printf(&text, "%s %s", k ? "," : "", r->x->constraint[how->relax[k]].at.label);
    if (most)
        log_line(LOG_WARN, "seed %llu: hard constraints leave nobody for %zu prompts (%s)",
                 (unsigned long long)w->seed, most, str_text(&text));
    const char *kept = arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    if (!kept) return err_set(err, PM_E_MEMORY, "rows");
    pm_status s = exp_fact(r, "seed", "prompts nobody may serve", (double)most, kept, err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    return s;
}
