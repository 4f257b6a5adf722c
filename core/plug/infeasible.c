/* SPDX-License-Identifier: MIT
 *
 * Words for prompts without anybody.  Slow beside the masks themselves: asked for on the way to an error or
 * an explanation only.
 */
#include "plug/infeasible.h"

#include <string.h>

#include "base/mem.h"

pm_status infeasible_sets(const pipeline *p, const pm_cmat *value, size_t i, conflicts *out,
                          pm_err *err)
{
    size_t m = p->lib->n;
    uint64_t *broken = mem_alloc(m + 1, sizeof *broken);
    if (!broken) return err_set(err, PM_E_MEMORY, "conflicts among %zu experts", m);
    for (size_t k = 0; k < p->n_terms && k < FEASIBLE_TERMS; k++)
        for (size_t j = 0; p->term[k].sense == PM_HARD && j < m; j++)
            if ((double)pm_crow(value[k], i)[j] > p->term[k].bound) broken[j] |= (uint64_t)1 << k;
    conflicts_find(broken, m, out);
    mem_free(broken);
    return PM_OK;
}

size_t infeasible_find(const pipeline *p, const char *name, pm_err *err)
{
    const char *all[FEASIBLE_TERMS];
    size_t n = 0;
    for (size_t k = 0; k < p->n_terms; k++) {
        bool is_hard = p->term[k].sense == PM_HARD;
        if (strcmp(p->term[k].name, name) == 0) {
            if (is_hard) return k;
            err_set(err, PM_E_ARG, "constraint \"%s\" is not hard: it excludes nobody", name);
            return SIZE_MAX;
        }
        if (is_hard && n < FEASIBLE_TERMS) all[n++] = p->term[k].name;
    }
    const char *near = str_suggest(name, all, n);
    err_set(err, PM_E_ARG, "there is no hard constraint \"%s\"%s%s%s", name,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return SIZE_MAX;
}

/* '"price" (at most 0.5 USD)'. */
static void put_term(const pipeline_term *t, str *out)
{
    const char *unit = constraint_unit(t->k);
    str_printf(out, "\"%s\" (at most ", t->name);
    str_number(out, t->bound);
    /* "0.5: 0 allowed, 1 not", where the unit is a list of codes */
    str_printf(out, "%s%s)", !unit[0] ? "" : unit[0] >= '0' && unit[0] <= '9' ? ": " : " ", unit);
}

void infeasible_put_sets(const pipeline *p, const conflicts *c, str *out)
{
    for (size_t s = 0; s < c->n; s++) {
        const char *between = "";
        if (s) str_puts(out, "; ");
        for (size_t k = 0; k < p->n_terms && k < FEASIBLE_TERMS; k++) {
            if (!(c->set[s] >> k & 1)) continue;
            str_puts(out, between);
            put_term(&p->term[k], out);
            between = " with ";
        }
        if (!(c->set[s] & (c->set[s] - 1))) str_puts(out, " alone");
    }
    if (!c->is_all) str_puts(out, "; and other sets");
}

static void put_given_up(const pipeline *p, str *out)
{
    const pipeline_infeasible *how = &p->infeasible;
    if (how->policy != INFEASIBLE_RELAX) return;
    str_puts(out, how->n_relax ? ", even with" : ", and none of them may be relaxed");
    for (size_t k = 0; k < how->n_relax; k++)
        str_printf(out, "%s \"%s\"", k ? "," : "", p->term[how->relax[k]].name);
    if (how->n_relax) str_puts(out, " given up");
}

pm_status infeasible_refuse(const pipeline *p, const pm_cmat *value, const feasible_answer *found,
                            size_t n, pm_err *err)
{
    conflicts c;
    str text = STR_INIT;
    pm_status st = infeasible_sets(p, value, found->first_stuck, &c, err);
    if (st != PM_OK) return st;
    str_printf(&text, "hard constraints leave none of %zu experts", p->lib->n);
    put_given_up(p, &text);
    str_puts(&text, ": ");
    infeasible_put_sets(p, &c, &text);
    if (n > 1)
        str_printf(&text, "; nobody is left for %zu of %zu prompts (number %zu is the first)",
                   found->n_stuck, n, found->first_stuck + 1);
    str_puts(&text, ". Raise a bound, make one soft, or say what is to happen: ");
    str_puts(&text,
             p->advice ? p->advice : "on_infeasible = \"relax\" or { fallback = \"EXPERT\" }");
    st = err_set(err, PM_E_INFEASIBLE, "%s", str_text(&text));
    str_close(&text);
    return st;
}
