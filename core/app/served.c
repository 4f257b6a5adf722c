/* SPDX-License-Identifier: MIT
 *
 * Opening bundles for verbs, and finding them by model name.
 */
#include "app/served.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmds.h"
#include "base/io.h"

static pm_status load_script(served *s, pm_err *err)
{
    const char *path = args_text(s->v, s->value, "script", NULL);
    str errors = STR_INIT;
    script_options o = {.size = sizeof o, .policies_only = true};
    if (!path || s->lua) return PM_OK;
    pm_status st = script_open(s->env, path, &o, &s->lua, &errors, err);
    if (st && errors.len) err_set(err, st, "%s", str_text(&errors));
    str_close(&errors);
    return st;
}

/* What was measured is what is served, unless the user wants it otherwise. */
static pm_status check_script(const served *s, pm_err *err)
{
    const char *changed = bundle_changed(s->bundle);
    if (!changed) return PM_OK;
    if (!args_given(s->v, s->value, "allow-changed-script"))
        return err_set(err, PM_E_STALE, "%s; measure again, or serve with --allow-changed-script",
                       changed);
    fprintf(stderr, "pointsman %s: warning: %s\n", s->v->name, changed);
    return PM_OK;
}

pm_status served_open(served *s, const char *dir, pm_err *err)
{
    pm_status st = load_script(s, err);
    if (!st) st = call_ctx_open(s->env, true, &s->call, err);
    if (!st) st = bundle_open(s->call, dir, &s->bundle, err);
    if (!st) st = check_script(s, err);
    if (!st && bundle_warning(s->bundle))
        fprintf(stderr, "pointsman %s: warning: %s\n", s->v->name, bundle_warning(s->bundle));
    return st;
}

void served_close(served *s)
{
    bundle_close(s->bundle);
    call_ctx_close(s->call);
    s->bundle = NULL;
    s->call = NULL;
}

void served_end(served *s)
{
    served_close(s);
    if (s->lua) script_close(s->lua);
    s->lua = NULL;
}

/* ---- parameters ----------------------------------------------------------------------------------------- */

static pm_status set_one(const char *text, arena *a, param_value *out, pm_err *err)
{
    const char *eq = strchr(text, '=');
    char *end = NULL;
    if (!eq || eq == text || !eq[1])
        return err_set(err, PM_E_ARG, "--set wants NAME=VALUE, found '%s'", text);
    *out = (param_value){
        .name = arena_strndup(a, text, (size_t)(eq - text)), .kind = PARAM_TEXT, .text = eq + 1};
    if (!out->name) return err_set(err, PM_E_MEMORY, "out of memory");
    out->number = strtod(eq + 1, &end);
    if (*end == '\0') out->kind = PARAM_NUMBER;
    return PM_OK;
}

pm_status served_params(const served *s, const param_value *first, size_t n_first, arena *a,
                        param_value **out, size_t *n, pm_err *err)
{
    static const char *const who[] = {"strong", "weak"};
    const arg_value *set = args_value(s->v, s->value, "set");
    *n = n_first;
    *out = arena_alloc(a, n_first + set->n + 3, sizeof **out);
    if (!*out) return err_set(err, PM_E_MEMORY, "out of memory");
    if (n_first) memcpy(*out, first, n_first * sizeof *first);
    for (size_t k = 0; k < set->n; k++) {
        pm_status st = set_one(set->text[k], a, &(*out)[*n], err);
        if (st) return st;
        ++*n;
    }
    for (size_t k = 0; k < 2; k++)
        if (args_given(s->v, s->value, who[k]))
            (*out)[(*n)++] = (param_value){
                .name = who[k], .kind = PARAM_TEXT, .text = args_text(s->v, s->value, who[k], "")};
    return PM_OK;
}

/* ---- which bundle ----------------------------------------------------------------------------------------- */

static const char *last_part(const char *path, arena *a)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    size_t at = len;
    while (at > 0 && path[at - 1] != '/') at--;
    return arena_strndup(a, path + at, len - at);
}

static bool is_bundle(arena *a, const char *dir)
{
    const char *file = io_join(a, dir, "bundle.json");
    return file && io_exists(file);
}

/* Folders of `dir` that are bundles. */
static size_t list_folder(const char *dir, arena *a, char ***name)
{
    size_t n = 0, kept = 0;
    if (!io_is_dir(dir) || io_list(dir, a, name, &n, NULL)) return 0;
    for (size_t k = 0; k < n; k++)
        if (is_bundle(a, io_join(a, dir, (*name)[k]))) (*name)[kept++] = (*name)[k];
    return kept;
}

static pm_status add(served_list *l, const char *path, arena *a, pm_err *err)
{
    const json *j;
    pm_status st = json_read(io_join(a, path, "bundle.json"), a, &j, err);
    if (st) return st;
    l->name[l->n] = last_part(path, a);
    l->label[l->n] = json_text(j, "label", "");
    double dim = json_number(json_get(j, "vectors"), "dim", 0);
    l->dim[l->n] = dim >= 1 && dim <= 4294967295.0 ? (size_t)dim : 0; /* opening it judges */
    l->path[l->n++] = path;
    return PM_OK;
}

pm_status served_bundles(const char *dir, arena *a, served_list *out, pm_err *err)
{
    char **name = NULL;
    const char *in = dir;
    bool single = is_bundle(a, dir);
    size_t n = single ? 1 : app_bundles(dir, a, &name);
    if (n && !single) in = io_join(a, dir, "bundles");
    if (!n) n = list_folder(dir, a, &name);
    if (!n)
        return err_set(err, PM_E_ARG,
                       "%s is no bundle, no run and no folder of bundles%s; want a folder that "
                       "`pointsman run` wrote",
                       dir, io_exists(dir) ? "" : ": there is no such folder");
    *out = (served_list){0};
    out->name = arena_alloc(a, n, sizeof *out->name);
    out->label = arena_alloc(a, n, sizeof *out->label);
    out->path = arena_alloc(a, n, sizeof *out->path);
    out->dim = arena_alloc(a, n, sizeof *out->dim);
    if (!in || !out->name || !out->label || !out->path || !out->dim)
        return err_set(err, PM_E_MEMORY, "out of memory");
    pm_status st = PM_OK;
    for (size_t k = 0; k < n && !st; k++)
        st = add(out, single ? dir : io_join(a, in, name[k]), a, err);
    return st;
}

static pm_status by_label(const served_list *l, const char *model, const char *label, size_t *at,
                          pm_err *err)
{
    str list = STR_INIT;
    size_t n = 0;
    for (size_t k = l->n; k-- > 0;)
        if (strcmp(l->label[k], label) == 0) {
            *at = k;
            n++;
        }
    for (size_t k = 0; k < l->n && n > 1; k++)
        if (strcmp(l->label[k], label) == 0)
            str_printf(&list, "%s%s", list.len ? ", " : "", l->name[k]);
    if (n > 1)
        err_set(err, PM_E_ARG, "model \"%s\": %zu bundles are of router \"%s\"; name one: %s",
                model, n, label, str_text(&list));
    str_close(&list);
    return n > 1 ? PM_E_ARG : PM_OK;
}

pm_status served_find(const served_list *l, const char *model, arena *a, size_t *at,
                      asked_model *out, pm_err *err)
{
    const char **known = arena_alloc(a, 2 * l->n, sizeof *known);
    if (!known) return err_set(err, PM_E_MEMORY, "out of memory");
    for (size_t k = 0; k < l->n; k++) {
        known[k] = l->name[k];
        known[l->n + k] = l->label[k];
    }
    pm_status st = asked_model_parse(model, known, 2 * l->n, out, err);
    if (st) return st;
    *at = out->router;
    return out->router < l->n ? PM_OK : by_label(l, model, known[out->router], at, err);
}
