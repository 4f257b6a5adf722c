/* SPDX-License-Identifier: MIT
 *
 * pm.constraint_fn: value(cell, p) >= 0, lower is better, as a full constraint.
 */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "bind/script_private.h"
#include "bind/strict.h"

typedef struct eval_job {
    const lua_policy *p;
    pm_call *c;
    const pm_library *lib;
    const pm_prompts *x;
    const pm_scores *s;
    pm_mat out;
} eval_job;

static void fill_cell(lua_State *L, const eval_job *job, int cell, int experts, size_t i, size_t j)
{
    lua_pushinteger(L, (lua_Integer)j + 1);
    lua_setfield(L, cell, "j");
    lua_rawgeti(L, experts, (lua_Integer)j + 1);
    lua_setfield(L, cell, "expert");
    if (!job->p->type.constraint.per_prompt) return;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_setfield(L, cell, "i");
    if (job->s && job->s->value.at) {
        lua_pushnumber(L, (lua_Number)pm_row(job->s->value, i)[j]);
        lua_setfield(L, cell, "value");
    }
}

static double ask(lua_State *L, const eval_job *job, int value, int params, int cell, size_t i,
                  size_t j)
{
    lua_pushvalue(L, value);
    lua_pushvalue(L, cell);
    lua_pushvalue(L, params);
    lua_call(L, 2, 1);
    double v = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite((float)v) || v < 0) {
        const char *prompt = job->p->type.constraint.per_prompt
                                 ? lua_pushfstring(L, "prompt %I, ", (LUAI_UACINT)i + 1)
                                 : "";
        int at = *prompt ? -2 : -1;
        const char *found = lua_type(L, at) == LUA_TNUMBER
                                ? lua_pushfstring(L, "%f", (LUAI_UACNUMBER)v)
                                : luaL_typename(L, at);
        policy_refuse(L, PM_E_CONTRACT, &job->p->value,
                      "value returned %s for %sexpert \"%.80s\"; want a number >= 0", found, prompt,
                      job->lib->expert[j]->id);
    }
    lua_pop(L, 1);
    return v;
}

/* Rules of the cell on top of the stack. */
static void seal_cell(lua_State *L, bool per_prompt)
{
    static const char *const of_prompts[] = {"text", "i", "value"};
    strict_rules(L, "cell", "");
    for (size_t k = 0; k < 3; k++)
        if (!per_prompt) strict_refuse(L, of_prompts[k], "this constraint lacks per_prompt = true");
    if (per_prompt) strict_optional(L, "value");
    strict_seal(L);
}

static int eval_body(lua_State *L)
{
    eval_job *job = lua_touserdata(L, 1);
    policy_push(L, &job->p->value);
    int value = lua_gettop(L);
    policy_push_params(L, job->p, job->c->params);
    int params = lua_gettop(L);
    lua_newtable(L);
    int cell = lua_gettop(L);
    seal_cell(L, job->p->type.constraint.per_prompt);
    policy_push_experts(L, job->p, job->lib, "cell.expert");
    int experts = lua_gettop(L);
    for (size_t i = 0; i < job->out.rows; i++) {
        if (job->p->type.constraint.per_prompt && job->x && job->x->text) {
            lua_pushlstring(L, job->x->text[i].ptr ? job->x->text[i].ptr : "", job->x->text[i].len);
            lua_setfield(L, cell, "text");
        }
        for (size_t j = 0; j < job->out.cols; j++) {
            fill_cell(L, job, cell, experts, i, j);
            pm_row(job->out, i)[j] = (float)ask(L, job, value, params, cell, i, j);
        }
    }
    return 0;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    eval_job job = {policy_of_call(c), c, lib, x, s, out};
    return policy_run(job.p, c, eval_body, &job, out.rows * out.cols);
}

static uint32_t senses_of(lua_policy *p, const node *v)
{
    static const char *const words[] = {"soft", "hard", "budget"};
    const node *list = node_field(v, "senses");
    uint32_t mask = list ? 0
                         : PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET);
    for (size_t i = 0; list && i < list->n_items; i++) {
        uint32_t bit = 0;
        for (size_t k = 0; k < 3 && list->item[i].kind == NODE_TEXT; k++)
            if (strcmp(words[k], list->item[i].text) == 0) bit = PM_SENSE_BIT(PM_SOFT + k);
        if (!bit)
            complain(
                &p->s->wrong, list->item[i].where,
                "constraint_fn \"%s\": senses[%zu] = %s; want \"soft\", \"hard\" or \"budget\"",
                p->name, i + 1, node_show(&list->item[i], p->s->a));
        mask |= bit;
    }
    return mask;
}

/* Lower case, single blanks, nothing that the grammar of flags gives a meaning. */
static bool is_phrase(const char *text)
{
    size_t len = strlen(text);
    bool good = len > 0 && len <= 64 && text[0] != ' ' && text[len - 1] != ' ';
    for (const char *c = text; good && *c; c++)
        good = (unsigned char)*c >= ' ' && !(*c >= 'A' && *c <= 'Z') && !strchr("[],=", *c) &&
               !(c[0] == ' ' && c[1] == ' ');
    return good;
}

/* phrases = { ["smallest model"] = 10 }: words of prompt flags. */
static bool add_phrase(lua_policy *p, bool is_signed, const node *f, pm_phrase *out)
{
    complaints *wrong = &p->s->wrong;
    if (!is_phrase(f->key)) {
        complain(wrong, f->where,
                 "constraint_fn \"%s\": phrase \"%.80s\"; want 1 to 64 bytes, lower case, single "
                 "blanks between words, no brackets, commas or =",
                 p->name, f->key);
        return false;
    }
    if (f->kind != NODE_NUMBER || !isfinite(f->number) || (f->number < 0 && !is_signed)) {
        complain(wrong, f->where,
                 "constraint_fn \"%s\": phrase \"%s\" = %s; want a number%s: what it adds to the "
                 "weight",
                 p->name, f->key, node_show(f, p->s->a), is_signed ? "" : " >= 0");
        return false;
    }
    *out = (pm_phrase){f->key, f->number};
    return true;
}

static const pm_phrase *phrases_of(lua_policy *p, const node *v)
{
    const node *list = node_field(v, "phrases");
    if (!list) return NULL;
    if (list->kind != NODE_TABLE || list->noun || list->n_items) {
        complain(&p->s->wrong, list->where,
                 "constraint_fn \"%s\": phrases = %s; want { [\"smallest model\"] = 10, ... }",
                 p->name, node_show(list, p->s->a));
        return NULL;
    }
    pm_phrase *out = arena_alloc(p->s->a, list->n_fields + 1, sizeof *out);
    size_t n = 0;
    for (size_t k = 0; out && k < list->n_fields; k++)
        n += add_phrase(p, schema_flag(v, "signed_weight", false), &list->field[k], &out[n]);
    return out;
}

void policy_constraint_define(lua_policy *p, const node *v)
{
    static const schema_row rows[] = {
        {"name", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"doc", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"unit", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"params", WANT_ANY, 0, 0, NULL, false, NULL},
        {"senses", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"reads", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"per_prompt", WANT_FLAG, 0, 0, NULL, false, NULL},
        {"signed_weight", WANT_FLAG, 0, 0, NULL, false, NULL},
        {"usual_bound", WANT_NUMBER, 0, 1e300, NULL, false, NULL},
        {"phrases", WANT_ANY, 0, 0, NULL, false, NULL},
        {"value", WANT_FUNCTION, 0, 0, NULL, true, "function(cell, p) ... return number end"},
        SCHEMA_END};
    const char *path = bind_text(p->s->a, "constraint_fn \"%.80s\"", p->name);
    schema_check(&p->s->wrong, v, path, rows, false);
    p->type.constraint =
        (pm_constraint_type){.size = sizeof(pm_constraint_type),
                             .name = p->name,
                             .doc = p->doc,
                             .source = p->where,
                             .unit = schema_text(v, "unit", ""),
                             .params = p->rows,
                             .params_bytes = p->n_params * sizeof(double),
                             .senses = senses_of(p, v),
                             .per_prompt = schema_flag(v, "per_prompt", false),
                             .needs = schema_flag(v, "per_prompt", false) ? PM_NEEDS_TEXT : 0,
                             .reads = p->reads,
                             .eval = eval,
                             .signed_weight = schema_flag(v, "signed_weight", false),
                             .usual_bound = schema_number(v, "usual_bound", 0),
                             .phrases = phrases_of(p, v)};
}
