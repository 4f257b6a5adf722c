/* SPDX-License-Identifier: MIT
 *
 * Definitions of policies: reading the table, its parameter rows, its descriptor, its place in the registry.
 */
#include "bind/policy.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bind/nouns.h"
#include "bind/script_private.h"

#define PARAMS_MAX   32
#define POLICIES_MAX 100

/* ---- words ---- */

const char *const *policy_kind_words(void)
{
    static const char *const words[] = {"quality", "loss", "winprob", "best", "rank", NULL};
    return words; /* in the order of pm_value_kind */
}

const char *policy_kind_word(pm_value_kind kind)
{
    return kind >= PM_VALUE_QUALITY && kind <= PM_VALUE_RANK ? policy_kind_words()[kind - 1]
                                                             : "unknown";
}

uint32_t policy_kind_bit(const char *word)
{
    for (size_t i = 0; policy_kind_words()[i]; i++)
        if (strcmp(policy_kind_words()[i], word) == 0) return PM_VALUE_BIT(i + 1);
    return 0;
}

/* ---- parameters ---- */

static bool row_from_table(lua_policy *p, const node *v, const char *path, pm_param *row)
{
    static const schema_row rows[] = {
        {"default", WANT_ANY, 0, 0, NULL, true, "the value that is used when none is given"},
        {"min", WANT_NUMBER, -1e300, 1e300, NULL, false, NULL},
        {"max", WANT_NUMBER, -1e300, 1e300, NULL, false, NULL},
        {"choices", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"doc", WANT_TEXT, 0, 0, NULL, false, NULL},
        SCHEMA_END};
    if (!schema_check(&p->s->wrong, v, path, rows, false)) return false;
    row->min = schema_number(v, "min", row->min);
    row->max = schema_number(v, "max", row->max);
    row->doc = schema_text(v, "doc", row->doc);
    const node *choices = node_field(v, "choices");
    if (!choices) return true;
    const char **word = arena_alloc(p->s->a, choices->n_items + 1, sizeof *word);
    for (size_t i = 0; word && i < choices->n_items; i++) word[i] = choices->item[i].text;
    row->choices = word;
    return word != NULL;
}

static bool row_default(lua_policy *p, const node *v, const char *path, pm_param *row,
                        bool *is_whole)
{
    script *s = p->s;
    if (v->kind == NODE_NUMBER && !row->choices) {
        if (!(v->number >= row->min && v->number <= row->max)) {
            complain(&s->wrong, v->where, "%s: the default %s is outside [%g, %g]", path,
                     node_show(v, s->a), row->min, row->max);
            return false;
        }
        row->type = PM_P_F64;
        row->fallback = v->number;
        *is_whole = v->is_whole;
        return true;
    }
    if (v->kind == NODE_FLAG && !row->choices) {
        row->type = PM_P_BOOL;
        row->fallback = v->flag;
        row->min = 0;
        row->max = 1;
        return true;
    }
    if (v->kind == NODE_TEXT && !row->choices) {
        row->type = PM_P_STR;
        row->fallback_str = v->text;
        return true;
    }
    for (size_t i = 0; v->kind == NODE_TEXT && row->choices[i]; i++) {
        if (strcmp(row->choices[i], v->text) != 0) continue;
        row->type = PM_P_CHOICE;
        row->fallback = (double)i;
        row->min = 0;
        return true;
    }
    complain(&s->wrong, v->where, "%s = %s; want %s", path, node_show(v, s->a),
             row->choices ? "one of its choices" : "a number, a text, true or false");
    return false;
}

/* params = { caution = 1.0, mode = { default = "a", choices = { "a", "b" } } } -> rows of 8 bytes each. */
static void define_params(lua_policy *p, const node *v)
{
    script *s = p->s;
    const node *params = node_field(v, "params");
    size_t n = params && params->kind == NODE_TABLE ? params->n_fields : 0;
    if (params &&
        (params->kind != NODE_TABLE || params->noun || params->n_items || n > PARAMS_MAX)) {
        complain(&s->wrong, params->where,
                 "%s \"%s\": params = %s; want up to %d fields: { name = default, ... }", v->noun,
                 p->name, node_show(params, s->a), PARAMS_MAX);
        n = 0;
    }
    p->rows = arena_alloc(s->a, n + 1, sizeof *p->rows);
    p->is_whole = arena_alloc(s->a, n + 1, sizeof *p->is_whole);
    for (size_t i = 0; p->rows && p->is_whole && i < n; i++) {
        const node *f = &params->field[i];
        const char *path = bind_text(s->a, "%s \"%s\".params.%s", v->noun, p->name, f->key);
        pm_param row = {.name = f->key,
                        .offset = (uint32_t)(p->n_params * sizeof(double)),
                        .bytes = sizeof(double),
                        .min = -1e300,
                        .max = 1e300,
                        .doc = "parameter of a Lua policy"};
        bool is_table = f->kind == NODE_TABLE && !f->noun;
        if (is_table && !row_from_table(p, f, path, &row)) continue;
        if (row_default(p, is_table ? node_field(f, "default") : f, path, &row,
                        &p->is_whole[p->n_params]))
            p->rows[p->n_params++] = row;
    }
}

/* ---- definitions ---- */

/* What is no list of texts is told by the schema. */
static const char *const *reads_of(const lua_policy *p, const node *v)
{
    const node *list = node_field(v, "reads");
    if (!list) return NULL;
    const char **name = arena_alloc(p->s->a, list->n_items + 1, sizeof *name);
    for (size_t i = 0; name && i < list->n_items; i++)
        name[i] = list->item[i].kind == NODE_TEXT ? list->item[i].text : "";
    return name;
}

static plugin_kind kind_of(const char *noun)
{
    return strcmp(noun, "router_fn") == 0      ? PLUGIN_ROUTER
           : strcmp(noun, "objective_fn") == 0 ? PLUGIN_OBJECTIVE
                                               : PLUGIN_CONSTRAINT;
}

static policy_function function_of(lua_State *L, const script *s, const node *v, const char *key)
{
    const node *f = node_field(v, key);
    policy_function out = {0, v->where};
    if (!f || f->kind != NODE_FUNCTION) return out;
    lua_Debug ar;
    lua_rawgeti(L, LUA_REGISTRYINDEX, f->function);
    lua_getinfo(L, ">S", &ar);
    out.ref = f->function;
    if (ar.linedefined > 0)
        out.where = bind_text(s->a, "%s:%d", ar.source[0] == '@' ? ar.source + 1 : ar.short_src,
                              ar.linedefined);
    return out;
}

static lua_policy *define(lua_State *L, script *s, const node *v)
{
    const node *name = node_field(v, "name");
    lua_policy *p = arena_alloc(s->a, 1, sizeof *p);
    if (!p || !schema_shape(&s->wrong, v, v->noun, NAME_EITHER)) return NULL;
    p->s = s;
    p->kind = kind_of(v->noun);
    p->name = v->name ? v->name : name && name->kind == NODE_TEXT ? name->text : NULL;
    p->where = v->where;
    p->identity = v->identity;
    p->doc =
        schema_text(v, "doc", bind_text(s->a, "A %s written in Lua.", plugin_kind_name(p->kind)));
    if (!p->name || (v->name && name)) {
        complain(&s->wrong, v->where,
                 p->name ? "%s: the name is given twice"
                         : "%s: name is missing (what results call it)",
                 v->noun);
        return NULL;
    }
    if (strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(p->name) ||
        p->name[0] < 'a' || strlen(p->name) > 63) {
        complain(&s->wrong, v->where,
                 "%s: name = \"%.80s\"; want up to 63 of a-z, 0-9 and _, beginning with a letter",
                 v->noun, p->name);
        return NULL;
    }
    define_params(p, v);
    if (!p->rows || !p->is_whole) return NULL;
    policy_hash(L, s, v, p->span);
    p->reads = reads_of(p, v);
    p->train = function_of(L, s, v, "train");
    p->predict = function_of(L, s, v, "predict");
    p->score = function_of(L, s, v, "score");
    p->value = function_of(L, s, v, "value");
    if (p->kind == PLUGIN_ROUTER) policy_router_define(p, v);
    if (p->kind == PLUGIN_OBJECTIVE) policy_objective_define(p, v);
    if (p->kind == PLUGIN_CONSTRAINT) policy_constraint_define(p, v);
    return p;
}

void policies_read(lua_State *L, script *s)
{
    noun_push_policies(L);
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    if (n > POLICIES_MAX)
        luaL_error(L, "%I policies in one script; want at most %d", (LUAI_UACINT)n, POLICIES_MAX);
    s->policy = arena_alloc(s->a, n + 1, sizeof *s->policy);
    s->broken = arena_alloc(s->a, n + 1, sizeof *s->broken);
    for (size_t i = 0; s->policy && s->broken && i < n; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        size_t before = s->wrong.n;
        const node *v = node_read(L, lua_gettop(L), s->path, &s->wrong);
        lua_policy *p = v && v->kind == NODE_TABLE && v->noun ? define(L, s, v) : NULL;
        if (p && s->wrong.n == before)
            s->policy[s->n_policies++] = p;
        else if (v)
            s->broken[s->n_broken++] = v;
        lua_pop(L, 1);
    }
    lua_settop(L, list - 1);
}

static const char *file_of(const lua_policy *p)
{
    const char *colon = strrchr(p->where, ':');
    return colon ? bind_text(p->s->a, "%.*s", (int)(colon - p->where), p->where) : p->where;
}

void policies_register(script *s)
{
    for (size_t i = 0; i < s->n_policies; i++) {
        lua_policy *p = s->policy[i];
        pm_err err = PM_ERR_INIT;
        plugin_entry e = {.kind = p->kind,
                          .file = file_of(p),
                          .span_sha256 = p->span,
                          .is_scripted = true,
                          .user = p,
                          .package = "lua",
                          .version = "0",
                          .license = "of the script"};
        if (p->kind == PLUGIN_ROUTER)
            e.type.router = &p->type.router;
        else if (p->kind == PLUGIN_OBJECTIVE)
            e.type.objective = &p->type.objective;
        else
            e.type.constraint = &p->type.constraint;
        if (registry_add(s->env->registry, &e, &err) == PM_OK)
            p->entry = registry_find(s->env->registry, p->kind, p->name);
        else
            complain(&s->wrong, p->where, "%s_fn \"%s\": %s", plugin_kind_name(p->kind), p->name,
                     err_text(&err));
    }
}

void policies_forget(script *s)
{
    for (size_t i = 0; i < s->n_policies; i++)
        if (s->policy[i]->entry) registry_remove(s->env->registry, s->policy[i]->entry);
}

bool policy_is_broken(const script *s, plugin_kind kind, const char *name)
{
    for (size_t i = 0; i < s->n_broken; i++) {
        const node *v = s->broken[i], *field = node_field(v, "name");
        const char *own = v->name ? v->name : field && field->kind == NODE_TEXT ? field->text : "";
        if (v->noun && kind_of(v->noun) == kind && strcmp(own, name) == 0) return true;
    }
    return false;
}

const lua_policy *policy_of_node(const script *s, const node *v)
{
    for (size_t i = 0; i < s->n_policies; i++)
        if (s->policy[i]->identity == v->identity) return s->policy[i];
    return NULL;
}
