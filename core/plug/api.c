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
#include "data/dataset.h"
#include "plug/bundle.h"
#include "plug/flags_route.h"

struct pm_bundle {
    compute compute;
    registry *registry;
    plug_env env;
    bundle *bundle;
    flags *flags; /* NULL: prompts are taken as they are */
    flag_policy policy;
};

struct pm_route_ctx {
    const pm_bundle *bundle;
    pipeline_ctx *pipeline;
    flags_route *flags;
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

/* What the bundle says of flags, unless the caller says otherwise. */
static pm_status open_flags(pm_bundle *b, const pm_route_options *o, pm_err *err)
{
    const char *want = o && PM_HAS(o, flags) ? o->flags : NULL;
    b->policy = bundle_about(b->bundle)->flags;
    if (want && !flag_policy_find(want, &b->policy))
        return err_set(err, PM_E_ARG, "flags = \"%.40s\"; want \"error\", \"warn\" or \"off\"",
                       want);
    return b->policy == FLAGS_OFF ? PM_OK : flags_of(bundle_pipeline(b->bundle), &b->flags, err);
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
    return st ? st : open_flags(b, o, err);
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
    flags_close(b->flags);
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
    if (!st) st = flags_route_open(b->flags, b->policy, &c->flags, &err);
    if (st)
        pm_route_ctx_close(c);
    else
        *out = c;
    return told(st, &err, message_out);
}

void pm_route_ctx_close(pm_route_ctx *ctx)
{
    if (!ctx) return;
    pipeline_ctx_close(ctx->pipeline);
    flags_route_close(ctx->flags);
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

/* A prompt whose flags are read already; `x` may carry its vector already. */
static pm_status route_one(pm_route_ctx *ctx, const pipeline *p, pm_prompts *x,
                           const flags_result *said, pm_route_result *out, pm_err *err)
{
    pipeline_result r;
    pm_status st = pipeline_run(p, ctx->pipeline, x, &r, err);
    if (!st) st = pipeline_observe(p, ctx->pipeline, x, &r, err);
    if (st) return st;
    out->choice = r.choice[0];
    out->expert = r.choice[0] == PM_NO_COL ? NULL : p->lib->expert[r.choice[0]]->id;
    out->value = r.value.at;
    out->utility = r.utility.at;
    out->m = r.m;
    out->kind = r.kind;
    if (PM_HAS(out, prompt)) out->prompt = said->text;
    if (PM_HAS(out, flags_read)) out->flags_read = said->n_read;
    if (PM_HAS(out, flags_wrong)) out->flags_wrong = said->n_wrong;
    const told_cut cut = pipeline_cut(ctx->pipeline);
    if (PM_HAS(out, tokens)) out->tokens = cut.tokens;
    if (PM_HAS(out, tokens_cut)) out->tokens_cut = cut.tokens_cut;
    return PM_OK;
}

static pm_status check_input(const pm_route_ctx *ctx, const pm_route_input *in, pm_err *err)
{
    pm_err why = PM_ERR_INIT;
    size_t want = pm_bundle_vector_dim(ctx->bundle);
    if (want && !(in->vector && in->dim))
        return err_set(err, PM_E_ARG,
                       "the bundle wants a vector of %zu numbers with each text: "
                       "pm_route_vector()",
                       want);
    if (!want && (in->vector || in->dim))
        return err_set(err, PM_E_ARG, "the bundle takes no vectors, only texts: pm_route_text()");
    if (in->n_attr && !in->attr) return err_set(err, PM_E_ARG, "there are no attributes");
    for (size_t k = 0; k < in->n_attr; k++) {
        if (!in->attr[k].name) return err_set(err, PM_E_ARG, "attribute %zu has no name", k);
        if (dataset_check_attr(&in->attr[k], &why))
            return err_set(err, PM_E_ARG, "attribute: %s", err_text(&why));
    }
    return PM_OK;
}

pm_status pm_route_prompt(pm_route_ctx *ctx, const pm_route_input *in, pm_route_result *out,
                          char *message_out)
{
    pm_err err = PM_ERR_INIT;
    bool has_text = in->text.ptr != NULL;
    pm_str view = {has_text ? in->text.ptr : "", has_text ? in->text.len : 0};
    pm_status st = check_input(ctx, in, &err);
    if (st) return told(st, &err, message_out);
    if (!make_sound(ctx, &view))
        return told(err_set(&err, PM_E_MEMORY, "text of %zu bytes", in->text.len), &err,
                    message_out);
    pipeline p = *bundle_pipeline(ctx->bundle->bundle);
    flags_result said;
    st = flags_route_next(ctx->flags, view, NULL, 0, &p, &said, &err);
    uint64_t id = in->vector && !has_text ? fnv1a(in->vector, in->dim * sizeof *in->vector)
                                          : fnv1a(said.text.ptr, said.text.len);
    uint32_t n_attr = (uint32_t)in->n_attr;
    pm_prompts x = {.size = sizeof x, .n = 1, .id = &id, .text = &said.text};
    if (in->vector) x.embed = (pm_cmat){in->vector, 1, in->dim, in->dim};
    if (n_attr) x.attr = &in->attr;
    if (n_attr) x.n_attr = &n_attr;
    if (!st) st = route_one(ctx, &p, &x, &said, out, &err);
    return told(st, &err, message_out);
}

pm_status pm_route_text(pm_route_ctx *ctx, const char *text, size_t len, pm_route_result *out,
                        char *message_out)
{
    pm_route_input in = {.size = sizeof in, .text = {text, len}};
    return pm_route_prompt(ctx, &in, out, message_out);
}

pm_status pm_route_vector(pm_route_ctx *ctx, const float *vector, size_t dim, pm_str text,
                          pm_route_result *out, char *message_out)
{
    pm_err err = PM_ERR_INIT;
    pm_route_input in = {.size = sizeof in, .text = text, .vector = vector, .dim = dim};
    if (pm_bundle_vector_dim(ctx->bundle) && !(vector && dim))
        return told(err_set(&err, PM_E_ARG, "there is no vector"), &err, message_out);
    if (!pm_bundle_vector_dim(ctx->bundle)) in.dim = 1; /* refused, vector or none */
    return pm_route_prompt(ctx, &in, out, message_out);
}
