/* SPDX-License-Identifier: MIT
 *
 * The parameters that a plugin is checked with: its defaults, but for those set by name ("layers=1").
 */
#include <stdlib.h>
#include <string.h>

#include "app/conform_trial.h"
#include "lm/catalogue.h"
#include "plug/params.h"

enum { SET_MOST = 64 };

static const pm_param *row_of(const pm_param *rows, const char *name, size_t len)
{
    for (const pm_param *p = rows; p && p->name; p++)
        if (strlen(p->name) == len && memcmp(p->name, name, len) == 0) return p;
    return NULL;
}

/* What the text means to that row; an unknown name stays a text, and params_build complains of it. */
static pm_status read_one(const plugin_entry *e, const char *set, arena *a, param_value *out,
                          pm_err *err)
{
    const char *eq = strchr(set, '=');
    if (!eq || eq == set) return err_set(err, PM_E_ARG, "--set %s: want NAME=VALUE", set);
    const pm_param *row = row_of(e->params, set, (size_t)(eq - set));
    char *end = NULL;
    *out = (param_value){
        .name = arena_strndup(a, set, (size_t)(eq - set)), .kind = PARAM_TEXT, .text = eq + 1};
    if (!out->name) return err_set(err, PM_E_MEMORY, "out of memory for parameters");
    if (!row || params_is_text(row) || row->type == PM_P_CHOICE) return PM_OK;
    if (row->type == PM_P_BOOL) {
        out->kind = PARAM_FLAG;
        out->flag = strcmp(eq + 1, "true") == 0;
        if (out->flag || strcmp(eq + 1, "false") == 0) return PM_OK;
        return err_set(err, PM_E_ARG, "--set %s: want true or false", set);
    }
    out->number = strtod(eq + 1, &end);
    if (end != eq + 1 && !*end) out->kind = PARAM_NUMBER;
    return PM_OK;
}

bool trial_lacks_model(const trial *t, conform_result *r)
{
    for (const pm_param *p = t->e->params; p && p->name; p++) {
        const char *model, *path;
        pm_err err = PM_ERR_INIT;
        if (p->type != PM_P_MODEL) continue;
        memcpy(&model, (const char *)t->params + p->offset, sizeof model);
        if (!model[0] || catalogue_path(model, t->a, &path, &err) == PM_OK) continue;
        check_skip(r, "%.300s; or --set %s=...", err_text(&err), p->name);
        return true;
    }
    return false;
}

pm_status conform_params(const conform_options *o, const plugin_entry *e, arena *a, void **out,
                         pm_err *err)
{
    param_value given[SET_MOST];
    if (o->n_sets > SET_MOST)
        return err_set(err, PM_E_ARG, "%zu parameters; at most %d can be set", o->n_sets, SET_MOST);
    for (size_t i = 0; i < o->n_sets; i++) {
        pm_status s = read_one(e, o->set[i], a, &given[i], err);
        if (s != PM_OK) return s;
    }
    return params_build(e->params, e->params_bytes, given, o->n_sets, a, out, NULL, NULL, err);
}
