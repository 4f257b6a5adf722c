/* SPDX-License-Identifier: MIT
 *
 * Guarded objectives.  What questions and decisions must fulfil is in decision_check.c.
 */
#include "plug/objective.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "plug/decision_check.h"
#include "plug/instance.h"
#include "plug/needs.h"

struct objective {
    instance in;
    pthread_rwlock_t lock; /* observe() writes, decide() reads */
};

void objective_close(objective *o)
{
    if (!o) return;
    pthread_rwlock_destroy(&o->lock);
    instance copy = o->in;
    instance_close(&copy);
}

static pm_status settle(instance *in, objective **out, pm_err *err)
{
    objective *o = arena_alloc(in->own, 1, sizeof *o);
    if (!o || pthread_rwlock_init(&o->lock, NULL) != 0)
        return err_set(err, PM_E_MEMORY, "%s: out of memory", in->who);
    o->in = *in;
    *out = o;
    return PM_OK;
}

typedef struct build_args {
    const pm_question *prefix;
    const pm_outcomes *seen;
} build_args;

static pm_status body_build(const instance *in, pm_call *c, void *arg)
{
    const build_args *b = arg;
    return in->plugin->type.objective->build(in->state, c, b->prefix, b->seen);
}

static pm_status check_prefix(const instance *in, const pm_question *prefix,
                              const pm_outcomes *seen, pm_err *err)
{
    if (!prefix && !seen) return PM_OK; /* an empty prefix */
    if (!prefix || !seen)
        return err_set(err, PM_E_ARG, "%s: a prefix and its outcomes come together", in->who);
    pm_status st = decision_check_question(prefix, in->who, err);
    if (st != PM_OK) return st;
    return needs_outcomes(0, seen, prefix->value.rows, prefix->value.cols, in->who, err);
}

pm_status objective_build(call_ctx *c, const objective_spec *spec, const pm_question *prefix,
                          const pm_outcomes *seen, objective **out, pm_err *err)
{
    *out = NULL;
    instance in;
    pm_status st = instance_open(&in, spec->plugin, spec->params, spec->seed, err);
    if (st != PM_OK) return st;
    if (spec->plugin->type.objective->build) {
        build_args b = {prefix, seen};
        st = check_prefix(&in, prefix, seen, err);
        if (st == PM_OK) st = instance_run(&in, c, "build", body_build, &b, err);
    }
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) instance_close(&in);
    return st;
}

static pm_status body_save(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.objective->save(in->state, c, store);
}

static pm_status body_load(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.objective->load(in->state, c, store);
}

pm_status objective_save(const objective *o, call_ctx *c, const char *path, pm_err *err)
{
    bool learns = o->in.plugin->type.objective->save != NULL;
    return instance_save(&o->in, c, path, "", learns ? body_save : NULL, err);
}

pm_status objective_load(call_ctx *c, const char *path, objective **out, pm_err *err)
{
    *out = NULL;
    instance in;
    const json *manifest = NULL;
    pm_status st = instance_load(&in, c, PLUGIN_OBJECTIVE, path, &manifest, err);
    if (st != PM_OK) return st;
    if (in.plugin->type.objective->load) st = instance_restore(&in, c, body_load, err);
    if (st != PM_OK) st = err_wrap(err, st, "%s", path);
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) instance_close(&in);
    return st;
}

const plugin_entry *objective_plugin(const objective *o)
{
    return o->in.plugin;
}

const char *objective_params_json(const objective *o)
{
    return o->in.params_json;
}

/* ---- deciding --------------------------------------------------------------------------------------------- */

/* "LOSS, QUALITY or WINPROB", in the order of the alphabet. */
static const char *list_kinds(uint32_t mask, char out[96])
{
    static const pm_value_kind order[] = {PM_VALUE_BEST, PM_VALUE_LOSS, PM_VALUE_QUALITY,
                                          PM_VALUE_RANK, PM_VALUE_WINPROB};
    size_t left = 0, used = 0;
    for (size_t k = 0; k < 5; k++) left += (mask & PM_VALUE_BIT(order[k])) != 0;
    out[0] = '\0';
    for (size_t k = 0; k < 5; k++) {
        if (!(mask & PM_VALUE_BIT(order[k]))) continue;
        const char *name = value_kind_name(order[k]);
        left--;
        const char *after = left > 1 ? ", " : (left == 1 ? " or " : "");
        memcpy(out + used, name, strlen(name));
        used += strlen(name);
        memcpy(out + used, after, strlen(after) + 1);
        used += strlen(after);
    }
    return out;
}

const char *value_kind_name(pm_value_kind k)
{
    static const char *const names[] = {"?", "QUALITY", "LOSS", "WINPROB", "BEST", "RANK"};
    return k >= PM_VALUE_QUALITY && k <= PM_VALUE_RANK ? names[k] : names[0];
}

static bool needs_spread(const plugin_entry *o)
{
    const pm_objective_type *d = o->type.objective;
    return PM_HAS(d, needs_spread) && d->needs_spread;
}

pm_status objective_accepts(const plugin_entry *o, const plugin_entry *r, pm_err *err)
{
    uint32_t accepts = o->type.objective->accepts, emits = r->type.router->value_kinds;
    char needs[96], has[96];
    if (!(accepts & emits))
        return err_set(err, PM_E_ARG, "objective \"%s\" needs %s; router \"%s\" emits %s", o->name,
                       list_kinds(accepts, needs), r->name, list_kinds(emits, has));
    if (needs_spread(o) && r->type.router->spread_kind == PM_SPREAD_NONE)
        return err_set(err, PM_E_ARG,
                       "objective \"%s\" needs the spread of every prediction; router \"%s\" gives "
                       "none; use one with spread, such as knn",
                       o->name, r->name);
    return PM_OK;
}

uint32_t objective_senses(const plugin_entry *o)
{
    const pm_objective_type *d = o->type.objective;
    uint32_t said = PM_HAS(d, senses) ? d->senses : 0;
    return said ? said | PM_SENSE_BIT(PM_HARD) : PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD);
}

/* '; "budget" does', of those found. */
static void list_takers(const registry *found, pm_sense sense, str *out)
{
    size_t n = 0;
    for (size_t i = 0; found && i < registry_count(found); i++) {
        const plugin_entry *e = registry_at(found, i);
        if (e->kind != PLUGIN_OBJECTIVE || !(objective_senses(e) & PM_SENSE_BIT(sense))) continue;
        str_printf(out, "%s\"%s\"", n++ ? ", " : "; of the objectives found, ", e->name);
    }
    if (n) str_puts(out, n > 1 ? " do" : " does");
    if (found && !n) str_puts(out, "; none of the objectives found does");
}

pm_status objective_takes(const plugin_entry *o, const char *constraint, pm_sense sense,
                          const registry *found, pm_err *err)
{
    static const char *const names[] = {"?", "soft", "hard", "budget"};
    if (objective_senses(o) & PM_SENSE_BIT(sense)) return PM_OK;
    str takers = STR_INIT;
    list_takers(found, sense, &takers);
    pm_status s =
        err_set(err, PM_E_ARG,
                "constraint \"%s\" has sense \"%s\", which objective \"%s\" does not deal with%s",
                constraint, names[sense >= PM_SOFT && sense <= PM_BUDGET ? sense : 0], o->name,
                takers.failed ? "" : str_text(&takers));
    str_close(&takers);
    return s;
}

void objective_warn(const plugin_entry *o, const char *where, bool has_budget)
{
    if (has_budget || !(objective_senses(o) & PM_SENSE_BIT(PM_BUDGET))) return;
    log_once(LOG_WARN,
             "%s: objective \"%s\" keeps budgets, and no constraint has sense = \"budget\": it "
             "decides like one that keeps none",
             where, o->name);
}

static pm_status check_kind(const objective *o, const pm_question *q, pm_err *err)
{
    uint32_t accepts = o->in.plugin->type.objective->accepts;
    char needs[96];
    if (!(q->kind >= PM_VALUE_QUALITY && q->kind <= PM_VALUE_RANK &&
          (accepts & PM_VALUE_BIT(q->kind))))
        return err_set(err, PM_E_ARG, "%s needs %s; the router emits %s", o->in.who,
                       list_kinds(accepts, needs), value_kind_name(q->kind));
    if (needs_spread(o->in.plugin) && !q->spread.at)
        return err_set(err, PM_E_ARG,
                       "%s needs the spread of every prediction; the router gives none", o->in.who);
    return PM_OK;
}

static pm_status decide_locked(const objective *o, call_ctx *c, const pm_question *q,
                               pm_decisions *out, pm_err *err)
{
    const pm_objective_type *d = o->in.plugin->type.objective;
    pthread_rwlock_t *lock = d->observe ? (pthread_rwlock_t *)&o->lock : NULL;
    pm_call *call = instance_begin(&o->in, c, "decide");
    if (lock) pthread_rwlock_rdlock(lock);
    pm_status st = d->decide(o->in.state, call, q, out);
    if (lock) pthread_rwlock_unlock(lock);
    st = call_verdict(c, st, err);
    call_end(c);
    return st;
}

pm_status objective_decide(const objective *o, call_ctx *c, const pm_question *q, pm_decisions *out,
                           pm_err *err)
{
    uint32_t offers = o->in.plugin->type.objective->offers;
    pm_status st = check_kind(o, q, err);
    if (st == PM_OK) st = decision_check_question(q, o->in.who, err);
    if (st == PM_OK) st = decision_ask(q, offers, out, o->in.who, err);
    if (st != PM_OK || q->value.rows == 0) return st;
    decision_fill(q, out);
    st = decide_locked(o, c, q, out, err);
    if (st != PM_OK) return st;
    decision_mask(q, out);
    return decision_check(q, out, o->in.who, err);
}

pm_status objective_observe(objective *o, call_ctx *c, const pm_feedback *seen, pm_err *err)
{
    const pm_objective_type *d = o->in.plugin->type.objective;
    if (!d->observe)
        return err_set(err, PM_E_UNSUPPORTED, "%s does not learn between decisions", o->in.who);
    pm_call *call = instance_begin(&o->in, c, "observe");
    pthread_rwlock_wrlock(&o->lock);
    pm_status st = d->observe(o->in.state, call, seen);
    pthread_rwlock_unlock(&o->lock);
    st = call_verdict(c, st, err);
    call_end(c);
    return st;
}
