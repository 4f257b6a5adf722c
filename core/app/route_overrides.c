/* SPDX-License-Identifier: MIT
 *
 * --weight, --bound and --on-infeasible.
 */
#include "app/route_overrides.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "plug/infeasible.h"

/* The constraint and the number of NAME=N.  The name is all before the last '='. */
static pm_status read_setting(const pipeline *p, const char *text, const char *option, size_t *at,
                              double *v, pm_err *err)
{
    const char *eq = strrchr(text, '='), *all[FEASIBLE_TERMS];
    char *end = NULL, name[96] = "";
    *v = eq ? strtod(eq + 1, &end) : 0;
    if (!eq || !eq[1] || *end || !isfinite(*v))
        return err_set(err, PM_E_ARG, "--%s wants NAME=NUMBER with a finite number, found '%s'",
                       option, text);
    size_t len = (size_t)(eq - text), n = 0;
    memcpy(name, text, len < sizeof name ? len : sizeof name - 1);
    for (*at = 0; *at < p->n_terms; ++*at) {
        if (strcmp(p->term[*at].name, name) == 0) return PM_OK;
        if (n < FEASIBLE_TERMS) all[n++] = p->term[*at].name;
    }
    const char *near = str_suggest(name, all, n);
    return err_set(err, PM_E_ARG, "--%s %s: the bundle has no such constraint%s%s%s", option, text,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool takes_negative(const pipeline_term *t)
{
    const pm_constraint_type *d = constraint_plugin(t->k)->type.constraint;
    return PM_HAS(d, signed_weight) && d->signed_weight;
}

pm_status route_set_weight(const pipeline *p, pipeline_term *term, const char *text, pm_err *err)
{
    size_t k;
    double v;
    pm_status st = read_setting(p, text, "weight", &k, &v, err);
    if (st) return st;
    if (v < 0 && !takes_negative(&term[k]))
        return err_set(err, PM_E_ARG,
                       "--weight %s: a weight below 0 means nothing for this constraint; want a "
                       "finite number >= 0",
                       text);
    if (fabs(v) > (double)FLT_MAX)
        return err_set(err, PM_E_ARG, "--weight %s: want a weight of at most %.3g", text,
                       (double)FLT_MAX);
    if (term[k].sense != PM_SOFT)
        return err_set(err, PM_E_ARG,
                       "--weight %s: the constraint is %s, which has a bound: --bound %s=N", text,
                       term[k].sense == PM_HARD ? "hard" : "a budget", term[k].name);
    term[k].weight = v;
    return PM_OK;
}

pm_status route_set_bound(const pipeline *p, pipeline_term *term, const char *text, pm_err *err)
{
    size_t k;
    double v;
    pm_status st = read_setting(p, text, "bound", &k, &v, err);
    if (st) return st;
    if (term[k].sense == PM_SOFT)
        return err_set(err, PM_E_ARG,
                       "--bound %s: the constraint is soft, which has a weight: --weight %s=N",
                       text, term[k].name);
    term[k].bound = v;
    return PM_OK;
}

/* NAME,NAME; "" for all hard ones in their order. */
static pm_status set_relax(pipeline *p, const char *names, arena *a, pm_err *err)
{
    size_t *order = arena_alloc(a, p->n_terms + strlen(names) + 1, sizeof *order), n = 0;
    char *rest = arena_strdup(a, names);
    if (!order || !rest) return err_set(err, PM_E_MEMORY, "out of memory");
    for (size_t k = 0; !names[0] && k < p->n_terms; k++)
        if (p->term[k].sense == PM_HARD) order[n++] = k;
    while (*rest) {
        size_t len = strcspn(rest, ",");
        char *next = rest[len] ? rest + len + 1 : rest + len;
        rest[len] = '\0';
        size_t k = infeasible_find(p, rest, err);
        if (k == SIZE_MAX) return err_wrap(err, PM_E_ARG, "--on-infeasible relax=%s", names);
        order[n++] = k;
        rest = next;
    }
    p->infeasible = (pipeline_infeasible){INFEASIBLE_RELAX, order, n, NULL};
    return PM_OK;
}

static pm_status set_fallback(pipeline *p, const char *id, arena *a, pm_err *err)
{
    const char **all = arena_alloc(a, p->lib->n + 1, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "out of memory");
    for (size_t j = 0; j < p->lib->n; j++) {
        all[j] = p->lib->expert[j]->id;
        if (strcmp(all[j], id) != 0) continue;
        p->infeasible = (pipeline_infeasible){INFEASIBLE_FALLBACK, NULL, 0, all[j]};
        return PM_OK;
    }
    const char *near = str_suggest(id, all, p->lib->n);
    return err_set(err, PM_E_ARG, "--on-infeasible fallback=%s: no such expert is served%s%s%s", id,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

pm_status route_set_infeasible(pipeline *p, const char *text, arena *a, pm_err *err)
{
    if (strcmp(text, "error") == 0) {
        p->infeasible = (pipeline_infeasible){0};
        return PM_OK;
    }
    if (strcmp(text, "relax") == 0) return set_relax(p, "", a, err);
    if (strncmp(text, "relax=", 6) == 0 && text[6]) return set_relax(p, text + 6, a, err);
    if (strncmp(text, "fallback=", 9) == 0) return set_fallback(p, text + 9, a, err);
    return err_set(err, PM_E_ARG,
                   "--on-infeasible %s: want error, relax, relax=NAME,NAME or fallback=EXPERT",
                   text);
}
