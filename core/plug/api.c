/* SPDX-License-Identifier: MIT
 *
 * libpointsman: pointsman.h on top of bundle and pipeline.  The same code that `pointsman route` runs.
 */
#include "pointsman/pointsman.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "config.h"
#include "plug/bundle.h"

struct pm_bundle {
    compute compute;
    registry *registry;
    plug_env env;
    bundle *bundle;
};

struct pm_route_ctx {
    const pm_bundle *bundle;
    pipeline_ctx *pipeline;
    str sound; /* a text whose invalid bytes were replaced; grows only */
};

const char *pm_version(void)
{
    return PACKAGE_VERSION;
}

static pm_status told(pm_status st, const pm_err *err, char *message_out)
{
    if (st && message_out) snprintf(message_out, PM_MESSAGE_BYTES, "%s", err_text(err));
    return st;
}

static pm_status open_parts(pm_bundle *b, const char *path, const pm_route_options *o, pm_err *err)
{
    call_ctx *c = NULL;
    int workers = o && PM_HAS(o, threads) && o->threads > 0 ? o->threads : 1;
    const char *where = o && PM_HAS(o, plugin_path) ? o->plugin_path : NULL;
    pm_status st = compute_open(workers, &b->compute, err);
    if (!st) st = registry_open(where, &b->registry, err);
    if (st) return st;
    b->env.compute = &b->compute;
    b->env.registry = b->registry;
    st = call_ctx_open(&b->env, workers > 1, &c, err);
    if (!st) st = bundle_open(c, path, &b->bundle, err);
    call_ctx_close(c);
    return st;
}

pm_status pm_bundle_open(const char *path, const pm_route_options *options, pm_bundle **out,
                         char *message_out)
{
    pm_err err = PM_ERR_INIT;
    pm_bundle *b = mem_alloc(1, sizeof *b);
    *out = NULL;
    if (!b) return told(err_set(&err, PM_E_MEMORY, "out of memory"), &err, message_out);
    pm_status st = open_parts(b, path, options, &err);
    if (st == PM_OK && bundle_about(b->bundle)->is_scripted)
        st = err_set(
            &err, PM_E_UNSUPPORTED,
            "%s: a part of it is made of Lua functions; serve it with `pointsman route --script`",
            path);
    if (st)
        pm_bundle_close(b);
    else
        *out = b;
    return told(st, &err, message_out);
}

void pm_bundle_close(pm_bundle *b)
{
    if (!b) return;
    bundle_close(b->bundle);
    if (b->registry) registry_close(b->registry);
    compute_close(&b->compute);
    mem_free(b);
}

size_t pm_bundle_experts(const pm_bundle *b)
{
    return bundle_library(b->bundle)->view.n;
}

const char *pm_bundle_expert_id(const pm_bundle *b, size_t j)
{
    const pm_library *lib = &bundle_library(b->bundle)->view;
    return j < lib->n ? lib->expert[j]->id : NULL;
}

pm_status pm_route_ctx_open(const pm_bundle *b, pm_route_ctx **out, char *message_out)
{
    pm_err err = PM_ERR_INIT;
    pm_route_ctx *c = mem_alloc(1, sizeof *c);
    *out = NULL;
    if (!c) return told(err_set(&err, PM_E_MEMORY, "out of memory"), &err, message_out);
    c->bundle = b;
    pm_status st = pipeline_ctx_open(&b->env, false, &c->pipeline, &err);
    if (st)
        mem_free(c);
    else
        *out = c;
    return told(st, &err, message_out);
}

void pm_route_ctx_close(pm_route_ctx *ctx)
{
    if (!ctx) return;
    pipeline_ctx_close(ctx->pipeline);
    str_close(&ctx->sound);
    mem_free(ctx);
}

/* Invalid UTF-8 becomes U+FFFD, as data sets and the command line have it: the same text, the same decision. */
static bool make_sound(pm_route_ctx *ctx, pm_str *text)
{
    size_t bad;
    if (utf8_valid(text->ptr, text->len, &bad)) return true;
    str_clear(&ctx->sound);
    (void)utf8_repair(text->ptr, text->len, &ctx->sound);
    bool fits = !ctx->sound.failed;
    ctx->sound.failed = false; /* the next text may be smaller */
    *text = (pm_str){str_text(&ctx->sound), ctx->sound.len};
    return fits;
}

size_t pm_bundle_vector_dim(const pm_bundle *b)
{
    return bundle_pipeline(b->bundle)->given_dim;
}

/* A prompt of its own text and id; `x` may carry its vector already. */
static pm_status route_one(pm_route_ctx *ctx, pm_prompts *x, pm_route_result *out, pm_err *err)
{
    const pipeline *p = bundle_pipeline(ctx->bundle->bundle);
    pipeline_result r;
    pm_status st = pipeline_run(p, ctx->pipeline, x, &r, err);
    if (st) return st;
    out->choice = r.choice[0];
    out->expert = r.choice[0] == PM_NO_COL ? NULL : p->lib->expert[r.choice[0]]->id;
    out->value = r.value.at;
    out->utility = r.utility.at;
    out->m = r.m;
    out->kind = r.kind;
    return PM_OK;
}

pm_status pm_route_text(pm_route_ctx *ctx, const char *text, size_t len, pm_route_result *out,
                        char *message_out)
{
    pm_err err = PM_ERR_INIT;
    pm_str view = {text, len};
    size_t want = pm_bundle_vector_dim(ctx->bundle);
    if (want)
        return told(err_set(&err, PM_E_ARG,
                            "the bundle wants a vector of %zu numbers with each text: "
                            "pm_route_vector()",
                            want),
                    &err, message_out);
    if (!make_sound(ctx, &view))
        return told(err_set(&err, PM_E_MEMORY, "text of %zu bytes", len), &err, message_out);
    uint64_t id = fnv1a(view.ptr, view.len);
    pm_prompts x = {.size = sizeof x, .n = 1, .id = &id, .text = &view};
    return told(route_one(ctx, &x, out, &err), &err, message_out);
}

pm_status pm_route_vector(pm_route_ctx *ctx, const float *vector, size_t dim, pm_str text,
                          pm_route_result *out, char *message_out)
{
    pm_err err = PM_ERR_INIT;
    pm_str view = {text.ptr ? text.ptr : "", text.ptr ? text.len : 0};
    size_t want = pm_bundle_vector_dim(ctx->bundle);
    if (!vector || !dim || !want)
        return told(err_set(&err, PM_E_ARG, "%s",
                            want ? "there is no vector"
                                 : "the bundle takes no vectors, only texts: pm_route_text()"),
                    &err, message_out);
    if (!make_sound(ctx, &view))
        return told(err_set(&err, PM_E_MEMORY, "text of %zu bytes", text.len), &err, message_out);
    uint64_t id = text.ptr ? fnv1a(view.ptr, view.len) : fnv1a(vector, dim * sizeof *vector);
    pm_prompts x = {
        .size = sizeof x, .n = 1, .id = &id, .text = &view, .embed = {vector, 1, dim, dim}};
    return told(route_one(ctx, &x, out, &err), &err, message_out);
}
