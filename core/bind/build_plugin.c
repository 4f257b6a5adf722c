/* SPDX-License-Identifier: MIT
 *
 * pm.router "knn" { k = pm.grid { 5, 20 } } -> plugins with built parameters.  What a plugin takes is said
 * by its own parameter rows.
 */
#include <string.h>

#include "bind/script_private.h"

#define CANDIDATES_MAX 1000
#define LABEL_MAX      64

typedef struct request { /* one table on its way to a plugin */
    script *s;
    const node *v;
    const char *path;
    const char *const *reserved;
    const plugin_entry *plugin;
    bool grids;         /* pm.grid may stand for a value */
    const node **field; /* [n] those that are the plugin's */
    param_value *given; /* [n] */
    size_t n;
} request;

static bool is_among(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

static void tell(void *arg, size_t index, const char *message)
{
    const request *r = arg;
    const char *where = index < r->n ? r->field[index]->where : r->v->where;
    complain(&r->s->wrong, where, "%s%s%s", r->path, message[0] == '.' ? "" : ": ", message);
}

static bool take_value(const request *r, const node *f, const char *path, param_value *out)
{
    out->name = f->key;
    switch (f->kind) {
    case NODE_NUMBER:
        out->kind = PARAM_NUMBER;
        out->number = f->number;
        return true;
    case NODE_FLAG:
        out->kind = PARAM_FLAG;
        out->flag = f->flag;
        return true;
    case NODE_TEXT:
        out->kind = PARAM_TEXT;
        out->text = f->text;
        return true;
    default:
        complain(&r->s->wrong, f->where, "%s = %s; want a number, a text, true or false%s", path,
                 node_show(f, r->s->a), r->grids ? ", or pm.grid { ... } to try several" : "");
        return false;
    }
}

static const pm_param *row_of(const plugin_entry *e, const char *name)
{
    for (const pm_param *p = e->params; p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

/* A grid is judged as a list here; its values are judged by the rows like any other. */
static bool check_grid(const request *r, const node *g, const char *path)
{
    script *s = r->s;
    if (!schema_shape(&s->wrong, g, path, NAME_NEVER)) return false;
    if (g->n_fields) {
        complain(&s->wrong, g->where, "%s: pm.grid is a list, found field '%.80s'", path,
                 g->field[0].key);
        return false;
    }
    if (g->n_items == 0) {
        complain(&s->wrong, g->where, "%s: pm.grid is empty; want values to try", path);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < g->n_items; i++) {
        param_value ignored;
        ok &= take_value(r, &g->item[i], schema_item_path(s->a, path, i, NULL), &ignored);
    }
    return ok;
}

/* The plugin's fields, with the first value of every grid. */
static bool collect(request *r)
{
    script *s = r->s;
    bool ok = true;
    r->field = arena_alloc(s->a, r->v->n_fields, sizeof *r->field);
    r->given = arena_alloc(s->a, r->v->n_fields, sizeof *r->given);
    if (!r->field || !r->given) return false;
    for (size_t i = 0; i < r->v->n_items; i++) {
        ok = false;
        complain(&s->wrong, r->v->item[i].where,
                 "%s: %s stands without a name; want parameter = value", r->path,
                 node_show(&r->v->item[i], s->a));
    }
    for (size_t i = 0; i < r->v->n_fields; i++) {
        const node *f = &r->v->field[i];
        if (is_among(r->reserved, f->key)) continue;
        const char *path = bind_text(s->a, "%s.%s", r->path, f->key);
        const node *value = f; /* or the first of its grid */
        if (!row_of(r->plugin, f->key)) {
            char message[400];
            params_unknown(r->plugin->params, r->reserved, f->key, message, sizeof message);
            complain(&s->wrong, f->where, "%s: %s", r->path, message);
            ok = false;
            continue;
        }
        if (r->grids && node_is(f, "grid")) {
            if (!check_grid(r, f, path)) {
                ok = false;
                continue;
            }
            value = &f->item[0];
        }
        param_value *p = &r->given[r->n];
        if (!take_value(r, value, path, p)) {
            ok = false;
            continue;
        }
        p->name = f->key;
        r->field[r->n++] = f;
    }
    return ok;
}

/* Models that parameters name are looked for before anything is computed.  */
static bool find_models(const request *r, const void *params, const char **key)
{
    script *s = r->s;
    pm_err err = PM_ERR_INIT;
    const pm_param *bad = NULL;
    pm_status st =
        params_key(r->plugin->params, r->plugin->params_bytes, params, s->a, key, &bad, &err);
    if (st == PM_OK) return true;
    size_t at = 0;
    while (at < r->n && (!bad || strcmp(r->given[at].name, bad->name) != 0)) at++;
    complain(&s->wrong, at < r->n ? r->field[at]->where : r->v->where, "%s%s%s: %s", r->path,
             bad ? "." : "", bad ? bad->name : "", err_text(&err));
    return false;
}

static bool build(request *r, plugin_choice *out)
{
    script *s = r->s;
    pm_err err = PM_ERR_INIT;
    void *params = NULL;
    pm_status st = params_build(r->plugin->params, r->plugin->params_bytes, r->given, r->n, s->a,
                                &params, tell, r, &err);
    if (st != PM_OK) {
        if (st != PM_E_ARG) complain(&s->wrong, r->v->where, "%s: %s", r->path, err_text(&err));
        return false;
    }
    str canonical = STR_INIT;
    params_to_json(r->plugin->params, params, &canonical);
    const char *text = canonical.failed ? NULL : arena_strdup(s->a, str_text(&canonical));
    str_close(&canonical);
    *out = (plugin_choice){.plugin = r->plugin,
                           .params = params,
                           .params_json = text,
                           .label = r->plugin->name,
                           .where = r->v->where};
    s->wrong.no_memory |= text == NULL;
    return text != NULL && find_models(r, params, &out->params_key);
}

/* The plugin that a table names: of the script itself (pm.router_fn) or of the registry. */
static const plugin_entry *find(script *s, const node *v, plugin_kind kind, const char *path)
{
    const char *noun = plugin_kind_name(kind);
    pm_err err = PM_ERR_INIT;
    if (v->noun && strcmp(v->noun, noun) != 0) { /* the caller let only NOUN and NOUN_fn through */
        const lua_policy *p = policy_of_node(s, v);
        return p ? p->entry : NULL; /* its own mistakes were told when it was defined */
    }
    if (!schema_shape(&s->wrong, v, path, NAME_REQUIRED)) return NULL;
    const plugin_entry *e = registry_find(s->env->registry, kind, v->name);
    if (e || policy_is_broken(s, kind, v->name)) return e;
    registry_unknown(s->env->registry, kind, v->name, &err);
    complain(&s->wrong, v->where, "%s: %s", path, err_text(&err));
    return NULL;
}

static bool open_request(script *s, const node *v, plugin_kind kind, const char *path, request *r)
{
    *r = (request){.s = s, .v = v, .path = path};
    r->plugin = find(s, v, kind, path);
    if (r->plugin && v->noun && strcmp(v->noun, plugin_kind_name(kind)) != 0) {
        node *empty =
            arena_alloc(s->a, 1, sizeof *empty); /* a definition is used with its defaults */
        if (!empty) return false;
        *empty = (node){.kind = NODE_TABLE, .where = v->where};
        r->v = empty;
    }
    return r->plugin != NULL;
}

bool build_plugin(script *s, const node *v, plugin_kind kind, const char *path,
                  const char *const *reserved, plugin_choice *out)
{
    request r;
    if (!open_request(s, v, kind, path, &r)) return false;
    r.reserved = reserved;
    bool ok = collect(&r);
    return build(&r, out) && ok;
}

/* Field `index` takes value number `at` of its grid. */
static void set_point(request *r, size_t index, size_t at)
{
    const node *g = r->field[index];
    param_value *p = &r->given[index];
    take_value(r, &g->item[at], "", p);
    p->name = g->key;
}

bool build_candidates(script *s, const node *v, plugin_kind kind, const char *path,
                      const char *const *reserved, plugin_choice **out, size_t *n)
{
    request r;
    if (!open_request(s, v, kind, path, &r)) return false;
    r.reserved = reserved;
    r.grids = true;
    bool ok = collect(&r);
    double points = 1;
    for (size_t i = 0; i < r.n; i++)
        if (node_is(r.field[i], "grid")) points *= (double)r.field[i]->n_items;
    if (points > CANDIDATES_MAX) {
        complain(&s->wrong, r.v->where, "%s: its grids have %.0f points; want at most %d", path,
                 points, CANDIDATES_MAX);
        return false;
    }
    if (!ok) { /* the rows still have something to say about the rest */
        plugin_choice ignored;
        (void)build(&r, &ignored);
        return false;
    }
    *n = (size_t)points;
    *out = arena_alloc(s->a, *n, sizeof **out);
    for (size_t k = 0; *out && k < *n; k++) {
        size_t rest = k;
        for (size_t i = r.n; i-- > 0;) {
            if (!node_is(r.field[i], "grid")) continue;
            set_point(&r, i, rest % r.field[i]->n_items);
            rest /= r.field[i]->n_items;
        }
        ok &= build(&r, &(*out)[k]);
    }
    return ok && *out;
}

const char *build_label(script *s, const node *v, const char *path, const char *fallback)
{
    const node *f = v->noun && strstr(v->noun, "_fn") ? NULL : node_field(v, "label");
    if (!f) return fallback;
    if (f->kind == NODE_TEXT && f->text[0] && f->text[0] != '.' && strlen(f->text) <= LABEL_MAX &&
        !strpbrk(f->text, "/\\\n\t"))
        return f->text;
    complain(&s->wrong, f->where, "%s.label = %s; want a text of 1 to %d bytes without slashes",
             path, node_show(f, s->a), LABEL_MAX);
    return fallback;
}
