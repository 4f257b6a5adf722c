/* SPDX-License-Identifier: MIT
 *
 * pm.objective_fn: score(cell, p), higher is better, as a full objective.  Hard constraints are applied
 * before it is asked; equal scores go to the expert with the better training mean, then to the lower column.
 */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "bind/script_private.h"
#include "bind/strict.h"

typedef struct decide_job {
    const lua_policy *p;
    pm_call *c;
    const pm_question *q;
    pm_decisions *out;
} decide_job;

static double weight_of(const pm_term *t, size_t i)
{
    return t->weight_row ? (double)t->weight_row[i] : t->weight;
}

static void set_number(lua_State *L, int table, const char *name, double v)
{
    lua_pushnumber(L, v);
    lua_setfield(L, table, name);
}

/* The one table that score sees, filled anew for every cell. */
typedef struct cell_tables {
    int cell, terms, raw, experts;
} cell_tables;

/* A constraint is known by its label and, where no other has it, by its plugin's name. */
static void alias_term(lua_State *L, const pm_question *q, size_t k)
{
    const char *name = PM_HAS(q->term[k], plugin) ? q->term[k]->plugin : NULL;
    if (!name) return;
    size_t same = 0;
    for (size_t i = 0; i < q->n_terms; i++) {
        const pm_term *t = q->term[i];
        if (strcmp(t->name, name) == 0) return;
        same += PM_HAS(t, plugin) && t->plugin && strcmp(t->plugin, name) == 0;
    }
    if (same == 1)
        strict_alias(L, name, q->term[k]->name);
    else
        strict_refuse(L, name, "several constraints are of this name; use their labels");
}

/* Lays the rules on cell.terms or cell.raw on top of the stack; terms are of soft constraints only. */
static void seal_terms(lua_State *L, const pm_question *q, const char *what)
{
    strict_rules(L, what, ": the experiment has no constraint of that label");
    for (size_t k = 0; k < q->n_terms; k++) {
        strict_optional(L, q->term[k]->name);
        alias_term(L, q, k);
    }
    strict_seal(L);
}

static cell_tables push_tables(lua_State *L, const lua_policy *p, const pm_question *q)
{
    cell_tables t;
    lua_newtable(L);
    strict_rules(L, "cell", "");
    strict_optional(L, "spread");
    strict_optional(L, "cost_usd");
    strict_seal(L);
    t.cell = lua_gettop(L);
    lua_pushstring(L, policy_kind_word(q->kind));
    lua_setfield(L, t.cell, "kind");
    lua_newtable(L);
    seal_terms(L, q, "cell.terms");
    t.terms = lua_gettop(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, t.cell, "terms");
    lua_newtable(L);
    seal_terms(L, q, "cell.raw");
    t.raw = lua_gettop(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, t.cell, "raw");
    policy_push_experts(L, p, q->lib, "cell.expert");
    t.experts = lua_gettop(L);
    return t;
}

static void fill_cell(lua_State *L, const pm_question *q, const cell_tables *t, size_t i, size_t j)
{
    set_number(L, t->cell, "value", (double)pm_crow(q->value, i)[j]);
    if (q->spread.at) set_number(L, t->cell, "spread", (double)pm_crow(q->spread, i)[j]);
    if (q->cost_usd.at) set_number(L, t->cell, "cost_usd", (double)pm_crow(q->cost_usd, i)[j]);
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_setfield(L, t->cell, "i");
    lua_pushinteger(L, (lua_Integer)j + 1);
    lua_setfield(L, t->cell, "j");
    lua_rawgeti(L, t->experts, (lua_Integer)j + 1);
    lua_setfield(L, t->cell, "expert");
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *term = q->term[k];
        double raw = (double)pm_crow(term->value, i)[j];
        set_number(L, t->raw, term->name, raw);
        if (term->sense == PM_SOFT) set_number(L, t->terms, term->name, weight_of(term, i) * raw);
    }
}

static bool is_better(const pm_question *q, double score, double best, size_t j, uint32_t choice)
{
    if (choice == PM_NO_COL || score > best) return true;
    return score == best && q->prior && q->prior[j] > q->prior[choice];
}

static double ask(lua_State *L, const decide_job *job, const cell_tables *t, int score, int params,
                  size_t i, size_t j)
{
    fill_cell(L, job->q, t, i, j);
    lua_pushvalue(L, score);
    lua_pushvalue(L, t->cell);
    lua_pushvalue(L, params);
    lua_call(L, 2, 1);
    double v = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(v))
        policy_refuse(L, PM_E_CONTRACT, &job->p->score,
                      "score returned %s for prompt %zu, expert \"%.80s\"; want a number",
                      lua_type(L, -1) == LUA_TNUMBER ? (isnan(v) ? "NaN" : "infinity")
                                                     : luaL_typename(L, -1),
                      i + 1, job->q->lib->expert[j]->id);
    lua_pop(L, 1);
    return v;
}

static int decide_body(lua_State *L)
{
    decide_job *job = lua_touserdata(L, 1);
    const pm_question *q = job->q;
    pm_decisions *out = job->out;
    policy_push(L, &job->p->score);
    int score = lua_gettop(L);
    policy_push_params(L, job->p, job->c->params);
    int params = lua_gettop(L);
    cell_tables t = push_tables(L, job->p, q);
    for (size_t i = 0; i < q->value.rows; i++) {
        uint32_t choice = PM_NO_COL;
        double best = 0;
        for (size_t j = 0; j < q->value.cols; j++) {
            if (!pm_is_allowed(q, i, j)) continue;
            double v = ask(L, job, &t, score, params, i, j);
            if (out->utility.at) pm_row(out->utility, i)[j] = (float)v;
            if (!is_better(q, v, best, j, choice)) continue;
            best = v;
            choice = (uint32_t)j;
        }
        out->choice[i] = choice;
    }
    return 0;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    (void)o;
    decide_job job = {policy_of_call(c), c, q, out};
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_BUDGET)
            return c->host->fail(
                c, PM_E_UNSUPPORTED,
                "objective_fn \"%s\" scores one cell at a time and cannot keep the budget of "
                "\"%s\"; want sense = \"soft\" or \"hard\"",
                job.p->name, q->term[k]->name);
    return policy_run(job.p, c, decide_body, &job, q->value.rows * q->value.cols);
}

static uint32_t accepts_of(lua_policy *p, const node *v)
{
    const node *list = node_field(v, "accepts");
    uint32_t mask = 0;
    for (size_t i = 0; list && i < list->n_items; i++) {
        uint32_t bit = list->item[i].kind == NODE_TEXT ? policy_kind_bit(list->item[i].text) : 0;
        if (!bit)
            complain(&p->s->wrong, list->item[i].where,
                     "objective_fn \"%s\": accepts[%zu] = %s; want \"quality\", \"loss\", "
                     "\"winprob\", \"best\" or "
                     "\"rank\"",
                     p->name, i + 1, node_show(&list->item[i], p->s->a));
        mask |= bit;
    }
    if (list && list->n_items == 0 && list->kind == NODE_TABLE)
        complain(&p->s->wrong, list->where,
                 "objective_fn \"%s\": accepts is empty; want { \"quality\" } or more", p->name);
    return mask;
}

void policy_objective_define(lua_policy *p, const node *v)
{
    static const schema_row rows[] = {
        {"name", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"doc", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"params", WANT_ANY, 0, 0, NULL, false, NULL},
        {"accepts", WANT_TEXTS, 0, 0, NULL, true, "what the values may mean: { \"quality\" }"},
        {"reads", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"needs_spread", WANT_FLAG, 0, 0, NULL, false, NULL},
        {"score", WANT_FUNCTION, 0, 0, NULL, true, "function(cell, p) ... return number end"},
        SCHEMA_END};
    const char *path = bind_text(p->s->a, "objective_fn \"%.80s\"", p->name);
    schema_check(&p->s->wrong, v, path, rows, false);
    p->type.objective = (pm_objective_type){.size = sizeof(pm_objective_type),
                                            .name = p->name,
                                            .doc = p->doc,
                                            .source = p->where,
                                            .params = p->rows,
                                            .params_bytes = p->n_params * sizeof(double),
                                            .accepts = accepts_of(p, v),
                                            .offers = PM_OFFERS_UTILITY,
                                            .decide = decide,
                                            .needs_spread = schema_flag(v, "needs_spread", false)};
}
