/* SPDX-License-Identifier: MIT
 *
 * Guarded routers: building, saving, loading.  Prediction is router_predict.c.
 */
#include "plug/router.h"

#include <string.h>

#include "plug/needs.h"
#include "plug/objective.h"
#include "plug/router_parts.h"

static void discard(instance *in)
{
    const pm_router_type *d = in->plugin->type.router;
    if (in->state && PM_HAS(d, close) && d->close) d->close(in->state);
    instance copy = *in;
    instance_close(&copy);
}

void router_close(router *r)
{
    if (r) discard(&r->in);
}

/* The kind that the fresh instance emits, which must be one that the descriptor declares. */
static pm_status settle_kind(const instance *in, pm_value_kind *out, pm_err *err)
{
    const pm_router_type *d = in->plugin->type.router;
    int kind = PM_VALUE_QUALITY;
    if (d->emits)
        kind = (int)d->emits(in->state);
    else
        while (d->value_kinds != PM_VALUE_BIT(kind)) kind++;
    if (kind < PM_VALUE_QUALITY || kind > PM_VALUE_RANK || !(d->value_kinds & PM_VALUE_BIT(kind)))
        return err_set(
            err, PM_E_CONTRACT, "%s: emits() says %d (%s), which value_kinds does not declare",
            in->who, kind,
            kind >= PM_VALUE_QUALITY && kind <= PM_VALUE_RANK ? value_kind_name((pm_value_kind)kind)
                                                              : "no kind");
    *out = (pm_value_kind)kind;
    return PM_OK;
}

/* Everything that a fresh instance needs around it. */
static pm_status settle(instance *in, const pm_library *lib, router **out, pm_err *err)
{
    const pm_router_type *d = in->plugin->type.router;
    router *r = arena_alloc(in->own, 1, sizeof *r);
    if (!r) return err_set(err, PM_E_MEMORY, "%s: out of memory", in->who);
    pm_status st = settle_kind(in, &r->kind, err);
    if (st == PM_OK) st = members_copy(lib, d->reads, in->own, &r->trained, err);
    if (st != PM_OK) return st;
    r->in = *in;
    *out = r;
    return PM_OK;
}

/* ---- train and update ------------------------------------------------------------------------------------- */

static pm_status body_train(const instance *in, pm_call *c, void *fit)
{
    return in->plugin->type.router->train(in->state, c, fit);
}

pm_status router_train(call_ctx *c, const router_spec *spec, const pm_fit *fit, router **out,
                       pm_err *err)
{
    *out = NULL;
    const pm_router_type *d = spec->plugin->type.router;
    instance in;
    pm_status st = instance_open(&in, spec->plugin, spec->params, spec->seed, err);
    if (st != PM_OK) return st;
    st = needs_fit(d->needs, fit, in.who, err);
    if (st != PM_OK) {
        instance_close(&in); /* the plugin has not seen it: no close() */
        return st;
    }
    pm_fit borrowed = *fit;
    st = instance_run(&in, c, "train", body_train, &borrowed, err);
    if (st == PM_OK) st = settle(&in, fit->lib, out, err);
    if (st != PM_OK) {
        discard(&in);
        return st;
    }
    if (d->needs & (PM_NEEDS_EMBED | PM_NEEDS_EMBED_OR_SPARSE))
        (*out)->embed_dim = fit->x->embed.at ? fit->x->embed.cols : 0;
    if (d->needs & (PM_NEEDS_SPARSE | PM_NEEDS_EMBED_OR_SPARSE))
        (*out)->sparse_dim = fit->x->sparse.start ? fit->x->sparse.cols : 0;
    return PM_OK;
}

static pm_status check_changes(const router *prev, const pm_delta *d, pm_err *err)
{
    const char *who = prev->in.who;
    members before = {0};
    library_members(d->before, prev->trained.reads, before.hex);
    if (strcmp(before.hex, prev->trained.hex) != 0)
        return err_set(err, PM_E_STALE,
                       "%s: the change starts from another library than it was trained on", who);
    for (size_t k = 0; k < d->n_changes; k++) {
        const pm_change *ch = &d->change[k];
        bool old_ok = ch->kind == PM_ADDED ? ch->old_col == PM_NO_COL : ch->old_col < d->before->n;
        bool new_ok = ch->kind == PM_REMOVED ? ch->new_col == PM_NO_COL : ch->new_col < d->after->n;
        if (ch->kind < PM_ADDED || ch->kind > PM_CHANGED || !old_ok || !new_ok)
            return err_set(err, PM_E_ARG,
                           "%s: change %zu is of kind %d from column %u to column %u", who, k,
                           (int)ch->kind, ch->old_col, ch->new_col);
    }
    if (!d->probe && !d->seen) return PM_OK;
    if (!d->probe || !d->seen)
        return err_set(err, PM_E_ARG, "%s: probe and seen come together", who);
    pm_status st = needs_prompts(prev->in.plugin->type.router->needs, d->probe, who, err);
    return st == PM_OK ? needs_outcomes(0, d->seen, d->probe->n, d->after->n, who, err) : st;
}

typedef struct update_args {
    const router *prev;
    const pm_delta *delta;
} update_args;

static pm_status body_update(const instance *in, pm_call *c, void *arg)
{
    const update_args *u = arg;
    return in->plugin->type.router->update(in->state, u->prev->in.state, c, u->delta);
}

pm_status router_update(call_ctx *c, const router *prev, const pm_delta *d, uint64_t seed,
                        router **out, pm_err *err)
{
    *out = NULL;
    const pm_router_type *type = prev->in.plugin->type.router;
    if (!PM_HAS(type, update) || !type->update)
        return err_set(err, PM_E_UNSUPPORTED, "%s cannot update; train it again", prev->in.who);
    pm_status st = needs_library(type->needs, d->after, prev->in.who, err);
    if (st == PM_OK) st = check_changes(prev, d, err);
    instance in;
    if (st == PM_OK) st = instance_open(&in, prev->in.plugin, prev->in.params, seed, err);
    if (st != PM_OK) return st;
    update_args u = {prev, d};
    st = instance_run(&in, c, "update", body_update, &u, err);
    if (st == PM_OK) st = settle(&in, d->after, out, err);
    if (st != PM_OK) {
        discard(&in);
        return st;
    }
    (*out)->embed_dim = prev->embed_dim;
    (*out)->sparse_dim = prev->sparse_dim;
    return PM_OK;
}

/* ---- save and load ---------------------------------------------------------------------------------------- */

static pm_status body_save(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.router->save(in->state, c, store);
}

static pm_status body_load(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.router->load(in->state, c, store);
}

pm_status router_save(const router *r, call_ctx *c, const char *path, pm_err *err)
{
    str more = STR_INIT;
    str_printf(&more,
               ",\"value_kind\":\"%s\",\"embed_dim\":%zu,\"sparse_dim\":%zu,\"members\":\"%s\"",
               value_kind_name(r->kind), r->embed_dim, r->sparse_dim, r->trained.hex);
    str_puts(&more, ",\"library\":");
    members_to_json(&r->trained.lib, &more);
    pm_status st = more.failed ? err_set(err, PM_E_MEMORY, "%s: out of memory", r->in.who)
                               : instance_save(&r->in, c, path, str_text(&more), body_save, err);
    str_close(&more);
    return st;
}

static pm_status check_stored(const router *r, const json *manifest, const char *path, pm_err *err)
{
    const char *kind = json_text(manifest, "value_kind", "");
    const char *hex = json_text(manifest, "members", "");
    if (strcmp(kind, value_kind_name(r->kind)) != 0)
        return err_set(err, PM_E_CONTRACT, "%s: %s emitted %.20s when it was saved, %s now", path,
                       r->in.who, kind, value_kind_name(r->kind));
    if (strcmp(hex, r->trained.hex) != 0)
        return err_set(
            err, PM_E_FORMAT,
            "%s: the library it was trained on does not have the recorded hash; does this "
            "version of %s read other attributes?",
            path, r->in.who);
    return PM_OK;
}

pm_status router_load(call_ctx *c, const char *path, router **out, pm_err *err)
{
    *out = NULL;
    instance in;
    const json *manifest = NULL;
    pm_library lib;
    pm_status st = instance_load(&in, c, PLUGIN_ROUTER, path, &manifest, err);
    if (st != PM_OK) return st;
    st = members_from_json(json_get(manifest, "library"), in.own, &lib, err);
    if (st != PM_OK) {
        instance_close(&in);
        return err_wrap(err, st, "%s", path);
    }
    st = instance_restore(&in, c, body_load, err);
    if (st != PM_OK) st = err_wrap(err, st, "%s", path);
    if (st == PM_OK) st = settle(&in, &lib, out, err);
    if (st == PM_OK) st = check_stored(*out, manifest, path, err);
    if (st != PM_OK) {
        discard(&in);
        *out = NULL;
        return st;
    }
    (*out)->embed_dim = (size_t)json_number(manifest, "embed_dim", 0);
    (*out)->sparse_dim = (size_t)json_number(manifest, "sparse_dim", 0);
    return PM_OK;
}

/* ---- what it is --------------------------------------------------------------------------------------------- */

pm_value_kind router_kind(const router *r)
{
    return r->kind;
}

const plugin_entry *router_plugin(const router *r)
{
    return r->in.plugin;
}

const char *router_settled(const router *r)
{
    return r->in.settled;
}

const char *router_params_json(const router *r)
{
    return r->in.params_json;
}

const char *router_members(const router *r)
{
    return r->trained.hex;
}

bool router_wants_embed(const router *r)
{
    return r->embed_dim > 0;
}

bool router_wants_sparse(const router *r)
{
    return r->sparse_dim > 0;
}

double router_train_seconds(const router *r)
{
    return r->in.seconds;
}

size_t router_latent_dim(const router *r)
{
    const pm_router_type *d = r->in.plugin->type.router;
    return PM_HAS(d, latent) && d->latent ? d->latent_dim(r->in.state) : 0;
}
