/* SPDX-License-Identifier: MIT
 *
 * Instances: made, saved, loaded, closed.  A failed build is a closed arena; there is nothing to unwind.
 */
#include "plug/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "plug/params.h"

#define MANIFEST        "host.manifest"
#define MANIFEST_FORMAT "pointsman.instance/1"

static pm_status starve(const plugin_entry *p, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s \"%s\": out of memory", plugin_kind_name(p->kind),
                   p->name);
}

/* The struct is copied, its texts too, since they belong to whoever parsed them. */
static pm_status copy_params(instance *in, const void *params, pm_err *err)
{
    const plugin_entry *p = in->plugin;
    if (!params)
        return params_build(p->params, p->params_bytes, NULL, 0, in->own, &in->params, NULL, NULL,
                            err);
    in->params = arena_alloc(in->own, 1, p->params_bytes ? p->params_bytes : 1);
    if (!in->params) return starve(p, err);
    memcpy(in->params, params, p->params_bytes);
    for (const pm_param *row = p->params; row->name; row++) {
        if (!params_is_text(row)) continue;
        const char *text;
        memcpy(&text, (const char *)params + row->offset, sizeof text);
        text = arena_strdup(in->own, text);
        if (!text) return starve(p, err);
        memcpy((char *)in->params + row->offset, &text, sizeof text);
    }
    return PM_OK;
}

static pm_status fill(instance *in, const void *params, pm_err *err)
{
    const plugin_entry *p = in->plugin;
    char who[128];
    str text = STR_INIT;
    pm_status st = copy_params(in, params, err);
    if (st != PM_OK) return st;
    params_to_json(p->params, in->params, &text);
    snprintf(who, sizeof who, "%s \"%s\"", plugin_kind_name(p->kind), p->name);
    in->params_json = text.failed ? NULL : arena_strdup(in->own, str_text(&text));
    str_close(&text);
    in->who = arena_strdup(in->own, who);
    in->state = arena_alloc(in->own, 1, p->state_bytes ? p->state_bytes : 1);
    return in->params_json && in->who && in->state ? PM_OK : starve(p, err);
}

pm_status instance_open(instance *in, const plugin_entry *plugin, const void *params, uint64_t seed,
                        pm_err *err)
{
    *in = (instance){.plugin = plugin, .seed = seed};
    in->own = arena_open(0);
    if (!in->own) return starve(plugin, err);
    pm_status st = fill(in, params, err);
    if (st != PM_OK) instance_close(in);
    return st;
}

void instance_close(instance *in)
{
    checkpoint_close(in->store);
    arena *own = in->own;
    in->own = NULL; /* `in` may lie in the arena: not touched afterwards */
    arena_close(own);
}

/* ---- calls ------------------------------------------------------------------------------------------------ */

pm_call *instance_begin(const instance *in, call_ctx *c, const char *method)
{
    call_setup s = {in->plugin, method, CALL_CONST, NULL, in->params, in->seed};
    return call_begin(c, &s);
}

pm_status instance_run(instance *in, call_ctx *c, const char *method, instance_body body, void *arg,
                       pm_err *err)
{
    call_setup s = {in->plugin, method, CALL_BUILD, in->own, in->params, in->seed};
    pm_call *call = call_begin(c, &s);
    c->settled[0] = '\0';
    pm_status st = call_verdict(c, body(in, call, arg), err);
    call_end(c);
    if (c->settled[0]) memcpy(in->settled, c->settled, sizeof in->settled);
    in->seconds = call_ctx_last(c).seconds;
    return st;
}

/* ---- saving ------------------------------------------------------------------------------------------------- */

static void put_member(str *out, const char *key, const char *text)
{
    str_printf(out, ",\"%s\":", key);
    str_json(out, text, strlen(text));
}

/* No times, paths or machine: equal instances give equal bytes. */
static pm_status put_manifest(const instance *in, pm_store *s, const char *more, pm_err *err)
{
    const plugin_entry *p = in->plugin;
    str text = STR_INIT;
    str_puts(&text, "{\"format\":\"" MANIFEST_FORMAT "\"");
    put_member(&text, "kind", plugin_kind_name(p->kind));
    put_member(&text, "plugin", p->name);
    put_member(&text, "package", p->package ? p->package : "");
    put_member(&text, "version", p->version ? p->version : "");
    if (in->settled[0]) put_member(&text, "settled", in->settled);
    str_printf(&text, ",\"seed\":\"%llu\",\"params\":%s%s}", (unsigned long long)in->seed,
               in->params_json, more);
    pm_str view = {str_text(&text), text.len};
    pm_status st = text.failed ? starve(p, err) : checkpoint_put_text(s, MANIFEST, view, err);
    str_close(&text);
    return st;
}

pm_status instance_save(const instance *in, call_ctx *c, const char *path, const char *more,
                        instance_body body, pm_err *err)
{
    arena *a = arena_open(0);
    pm_store *s = NULL;
    if (!a) return starve(in->plugin, err);
    pm_status st = checkpoint_create(a, &s, err);
    if (st == PM_OK) st = put_manifest(in, s, more, err);
    if (st == PM_OK) {
        pm_call *call = instance_begin(in, c, "save");
        st = call_verdict(c, body ? body(in, call, s) : PM_OK, err);
        if (st == PM_OK) st = checkpoint_commit(s, path, err); /* tensors may lie in scratch */
        call_end(c);
    }
    arena_close(a);
    return st;
}

/* ---- loading ------------------------------------------------------------------------------------------------- */

typedef struct stored { /* what a checkpoint says about itself */
    arena *a;           /* of the index and the manifest; becomes the instance's */
    pm_store *store;
    const json *manifest;
} stored;

static pm_status read_manifest(stored *f, const char *path, pm_err *err)
{
    pm_str text;
    pm_status st = checkpoint_open(path, f->a, &f->store, err);
    if (st == PM_OK) st = checkpoint_text(f->store, MANIFEST, &text, err);
    if (st != PM_OK) return st;
    st = json_parse(text.ptr, text.len, f->a, &f->manifest, err);
    if (st != PM_OK) return err_wrap(err, st, "%s: manifest", path);
    const char *format = json_text(f->manifest, "format", "");
    if (strcmp(format, MANIFEST_FORMAT) == 0) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: manifest has format '%.40s'; want " MANIFEST_FORMAT, path,
                   format);
}

static pm_status find_plugin(const stored *f, const call_ctx *c, plugin_kind kind, const char *path,
                             const plugin_entry **out, pm_err *err)
{
    const char *is = json_text(f->manifest, "kind", "");
    const char *name = json_text(f->manifest, "plugin", "");
    const registry *r = call_ctx_env(c)->registry;
    if (strcmp(is, plugin_kind_name(kind)) != 0)
        return err_set(err, PM_E_FORMAT, "%s: holds a %.40s; want a %s", path, is,
                       plugin_kind_name(kind));
    *out = r ? registry_find(r, kind, name) : NULL;
    if (!*out) {
        if (r)
            registry_unknown(r, kind, name, err);
        else
            err_set(err, PM_E_UNSUPPORTED, "no plugins are loaded");
        return err_wrap(err, PM_E_UNSUPPORTED, "%s: was made by %s \"%s\"", path,
                        plugin_kind_name(kind), name);
    }
    const char *version = json_text(f->manifest, "version", "");
    if (strcmp(version, (*out)->version ? (*out)->version : "") != 0)
        log_line(LOG_WARN, "%s: was made by version %s of %s \"%s\"; this is version %s", path,
                 version, plugin_kind_name(kind), name, (*out)->version);
    return PM_OK;
}

static pm_status adopt(instance *in, const stored *f, const plugin_entry *p, const char *path,
                       pm_err *err)
{
    void *params = NULL;
    pm_status st = params_from_json(p->params, p->params_bytes, json_get(f->manifest, "params"),
                                    f->a, &params, err);
    if (st != PM_OK) return err_wrap(err, st, "%s: params", path);
    *in = (instance){.plugin = p, .own = f->a, .store = f->store};
    in->seed = strtoull(json_text(f->manifest, "seed", "0"), NULL, 10);
    snprintf(in->settled, sizeof in->settled, "%s", json_text(f->manifest, "settled", ""));
    return fill(in, params, err);
}

pm_status instance_load(instance *in, call_ctx *c, plugin_kind kind, const char *path,
                        const json **manifest, pm_err *err)
{
    stored f = {arena_open(0), NULL, NULL};
    const plugin_entry *p = NULL;
    if (!f.a) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    pm_status st = read_manifest(&f, path, err);
    if (st == PM_OK) st = find_plugin(&f, c, kind, path, &p, err);
    if (st == PM_OK) st = adopt(in, &f, p, path, err);
    if (st != PM_OK) {
        checkpoint_close(f.store);
        arena_close(f.a);
        return st;
    }
    *manifest = f.manifest;
    return PM_OK;
}

pm_status instance_restore(instance *in, call_ctx *c, instance_body body, pm_err *err)
{
    pm_status st = instance_run(in, c, "load", body, in->store, err);
    in->seconds = 0;
    return st;
}
