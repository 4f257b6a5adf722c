/* SPDX-License-Identifier: MIT
 *
 * Guarded constraints.  Most are stateless: their instance is the parameters.
 */
#include "plug/constraint.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "plug/check.h"
#include "plug/instance.h"
#include "plug/needs.h"

#define ATTRIBUTES_MAX 512

struct constraint {
    instance in;
    uint64_t params_key;
    const char *unit;
};

void constraint_close(constraint *k)
{
    if (!k) return;
    instance copy = k->in;
    instance_close(&copy);
}

/* The text of a choice or text parameter, or "". */
static const char *param_text(const instance *in, const char *name)
{
    pm_err ignored = PM_ERR_INIT;
    const json *params;
    if (json_parse(in->params_json, strlen(in->params_json), in->own, &params, &ignored)) return "";
    return json_text(params, name, "");
}

/* The plugin's own unit holds at scale = raw. */
static const char *find_unit(const instance *in)
{
    char text[96];
    const char *scale = param_text(in, "scale"), *own = param_text(in, "unit");
    if (scale[0] && strcmp(scale, "raw") != 0) {
        snprintf(text, sizeof text, "on scale %.60s", scale);
        return arena_strdup(in->own, text);
    }
    return own[0] ? own : in->plugin->type.constraint->unit;
}

static pm_status settle(instance *in, constraint **out, pm_err *err)
{
    constraint *k = arena_alloc(in->own, 1, sizeof *k);
    const char *unit = find_unit(in);
    if (!k || !unit) return err_set(err, PM_E_MEMORY, "%s: out of memory", in->who);
    k->unit = unit;
    k->params_key = fnv1a(in->params_json, strlen(in->params_json));
    k->in = *in;
    *out = k;
    return PM_OK;
}

static pm_status body_train(const instance *in, pm_call *c, void *fit)
{
    return in->plugin->type.constraint->train(in->state, c, fit);
}

static bool is_per_prompt(const pm_constraint_type *d, const void *params)
{
    if (!d->per_prompt || !PM_HAS(d, is_per_prompt) || !d->is_per_prompt) return d->per_prompt != 0;
    return d->is_per_prompt(params) != 0;
}

/* One row looks at no prompt: features, values and battles are not asked then. */
static uint32_t needs_of(const pm_constraint_type *d, const void *params)
{
    const uint32_t features = PM_NEEDS_TEXT | PM_NEEDS_EMBED | PM_NEEDS_SPARSE |
                              PM_NEEDS_EMBED_OR_SPARSE;
    return d->per_prompt && !is_per_prompt(d, params) ? d->needs & ~features : d->needs;
}

pm_status constraint_build(call_ctx *c, const constraint_spec *spec, const pm_fit *fit,
                           constraint **out, pm_err *err)
{
    *out = NULL;
    const pm_constraint_type *d = spec->plugin->type.constraint;
    instance in;
    pm_status st = instance_open(&in, spec->plugin, spec->params, spec->seed, err);
    if (st != PM_OK) return st;
    if (d->train) {
        st = needs_fit(needs_of(d, in.params), fit, in.who, err);
        pm_fit borrowed = st == PM_OK ? *fit : (pm_fit){0};
        if (st == PM_OK) st = instance_run(&in, c, "train", body_train, &borrowed, err);
    }
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) instance_close(&in);
    return st;
}

static pm_status body_save(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.constraint->save(in->state, c, store);
}

static pm_status body_load(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.constraint->load(in->state, c, store);
}

pm_status constraint_save(const constraint *k, call_ctx *c, const char *path, pm_err *err)
{
    bool learns = k->in.plugin->type.constraint->save != NULL;
    return instance_save(&k->in, c, path, "", learns ? body_save : NULL, err);
}

pm_status constraint_load(call_ctx *c, const char *path, constraint **out, pm_err *err)
{
    *out = NULL;
    instance in;
    const json *manifest = NULL;
    pm_status st = instance_load(&in, c, PLUGIN_CONSTRAINT, path, &manifest, err);
    if (st != PM_OK) return st;
    if (in.plugin->type.constraint->load) st = instance_restore(&in, c, body_load, err);
    if (st != PM_OK) st = err_wrap(err, st, "%s", path);
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) instance_close(&in);
    return st;
}

const plugin_entry *constraint_plugin(const constraint *k)
{
    return k->in.plugin;
}

const char *constraint_params_json(const constraint *k)
{
    return k->in.params_json;
}

uint64_t constraint_params_key(const constraint *k)
{
    return k->params_key;
}

const char *constraint_unit(const constraint *k)
{
    return k->unit;
}

const char *constraint_settled(const constraint *k)
{
    return k->in.settled;
}

bool constraint_is_per_prompt(const constraint *k)
{
    return is_per_prompt(k->in.plugin->type.constraint, k->in.params);
}

bool constraint_would_be_per_prompt(const plugin_entry *e, const void *params)
{
    const pm_constraint_type *d = e->type.constraint;
    if (!d->per_prompt || !PM_HAS(d, is_per_prompt) || !d->is_per_prompt || params)
        return is_per_prompt(d, params);
    return true; /* what its defaults say is known to instances only: the larger claim */
}

uint32_t constraint_needs(const constraint *k)
{
    return constraint_is_per_prompt(k) ? k->in.plugin->type.constraint->needs : 0;
}

/* ---- evaluation ------------------------------------------------------------------------------------------ */

/* The nearest name among the attributes of all experts, or NULL. */
static const char *near_attribute(const pm_library *lib, const char *name)
{
    const char *known[ATTRIBUTES_MAX];
    size_t n = 0;
    for (size_t j = 0; j < lib->n; j++)
        for (size_t a = 0; a < lib->expert[j]->n_attr && n < ATTRIBUTES_MAX; a++)
            known[n++] = lib->expert[j]->attr[a].name;
    return str_suggest(name, known, n);
}

static pm_status lacks_attribute(const constraint *k, const pm_library *lib, size_t j,
                                 const char *name, pm_err *err)
{
    const plugin_entry *e = k->in.plugin; /* a script's mistake is told with the script's line */
    const char *place = e->is_scripted ? e->type.constraint->source : "";
    const char *near = near_attribute(lib, name);
    if (near && strcmp(near, name) == 0) near = NULL; /* other experts have it */
    return err_set(err, PM_E_ARG, "%s%s%s: expert \"%s\" has no attribute %s%s%s%s", place,
                   *place ? ": " : "", k->in.who, lib->expert[j]->id, name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* Every expert has every attribute that the constraint reads.  A library that has passed is remembered by
 * its revision, so that the decision path does not search names. */
static pm_status check_attributes(const constraint *k, call_ctx *c, const pm_library *lib,
                                  pm_err *err)
{
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    if (!d->reads || !d->reads[0]) return PM_OK;
    for (size_t s = 0; s < CALL_PASSED; s++) {
        const passed_library *p = &c->passed[s];
        if (p->plugin == k->in.plugin && p->expert == lib->expert && p->n == lib->n &&
            p->revision == lib->revision && lib->revision != 0)
            return PM_OK;
    }
    for (size_t j = 0; j < lib->n; j++)
        for (size_t a = 0; d->reads[a]; a++)
            if (!pm_attr_find(lib->expert[j], d->reads[a]))
                return lacks_attribute(k, lib, j, d->reads[a], err);
    c->passed[c->next_passed] = (passed_library){k->in.plugin, lib->expert, lib->n, lib->revision};
    c->next_passed = (c->next_passed + 1) % CALL_PASSED;
    return PM_OK;
}

pm_status constraint_check(const constraint *k, call_ctx *c, const pm_library *lib, pm_err *err)
{
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    pm_status st = needs_library(d->needs & PM_NEEDS_PROFILE, lib, k->in.who, err);
    return st == PM_OK ? check_attributes(k, c, lib, err) : st;
}

static pm_status check_request(const constraint *k, call_ctx *c, const pm_library *lib,
                               const pm_prompts *x, pm_mat out, pm_err *err)
{
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    pm_cmat view = {out.at, out.rows, out.cols, out.ld};
    pm_status st = constraint_check(k, c, lib, err);
    bool each = constraint_is_per_prompt(k);
    if (st == PM_OK && each) st = needs_prompts(d->needs, x, k->in.who, err);
    if (st == PM_OK) st = check_shape(view, each ? x->n : 1, lib->n, "constraint value", err);
    return st;
}

pm_status constraint_eval(const constraint *k, call_ctx *c, const pm_library *lib,
                          const pm_prompts *x, const pm_scores *s, pm_mat out, pm_err *err)
{
    static const check_range penalty = {0, FLT_MAX, 0};
    /* One row is asked for: a plugin that walks x->n must not run beyond it. */
    static const pm_prompts one = {.size = sizeof one, .n = 1};
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    pm_status st = check_request(k, c, lib, x, out, err);
    if (st != PM_OK || out.rows == 0) return st;
    pm_call *call = instance_begin(&k->in, c, "eval");
    check_fill(out);
    if (constraint_is_per_prompt(k))
        st = d->eval(k->in.state, call, lib, x, s, out);
    else
        st = d->eval(k->in.state, call, lib, &one, NULL, out);
    st = call_verdict(c, st, err);
    if (st == PM_OK) st = check_cells(out, penalty, (check_where){k->in.who, "value", lib}, err);
    call_end(c);
    return st;
}

bool constraint_has_realised(const constraint *k)
{
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    return PM_HAS(d, realised) && d->realised;
}

/* Every cell written; what is known is finite and >= 0. */
static pm_status check_known(const constraint *k, const pm_library *lib, pm_mat out, pm_err *err)
{
    for (size_t i = 0; i < out.rows; i++)
        for (size_t j = 0; j < out.cols; j++) {
            float v = pm_row(out, i)[j];
            if (check_is_unwritten(v))
                return err_set(err, PM_E_CONTRACT,
                               "%s: realised value of prompt %zu, expert \"%s\" was not written",
                               k->in.who, i, lib->expert[j]->id);
            if (!isnan(v) && !(v >= 0 && v <= FLT_MAX))
                return err_set(err, PM_E_CONTRACT,
                               "%s: realised value of prompt %zu, expert \"%s\" is %g; want >= 0 "
                               "or NaN",
                               k->in.who, i, lib->expert[j]->id, (double)v);
        }
    return PM_OK;
}

pm_status constraint_realised(const constraint *k, call_ctx *c, const pm_library *lib,
                              const pm_prompts *x, const pm_outcomes *y, pm_mat out, pm_err *err)
{
    const pm_constraint_type *d = k->in.plugin->type.constraint;
    if (!constraint_has_realised(k))
        return err_set(err, PM_E_UNSUPPORTED, "%s: does not tell realised values", k->in.who);
    pm_cmat view = {out.at, out.rows, out.cols, out.ld};
    pm_status st = constraint_check(k, c, lib, err);
    if (st == PM_OK) st = needs_outcomes(0, y, x->n, lib->n, k->in.who, err);
    if (st == PM_OK) st = check_shape(view, x->n, lib->n, "realised value", err);
    if (st != PM_OK || out.rows == 0) return st;
    pm_call *call = instance_begin(&k->in, c, "realised");
    check_fill(out);
    st = call_verdict(c, d->realised(k->in.state, call, lib, x, y, out), err);
    if (st == PM_OK) st = check_known(k, lib, out, err);
    call_end(c);
    return st;
}
