/* SPDX-License-Identifier: MIT
 *
 * The bed that decision benchmarks lie in; see bed.h.
 */
#include "bed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "plug/params.h"

/* ---- a linear router ------------------------------------------------------------------------------------ */

struct pm_router {
    size_t d, m;
    const float *weight; /* [d x m] */
    const float *bias;   /* [m] */
};

static pm_status linear_train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const pm_linalg_service *linalg = c->host->service(PM_LINALG_SERVICE);
    *r = (pm_router){.d = fit->x->embed.cols, .m = fit->lib->n};
    float *w = c->host->own(c, r->d * r->m, sizeof *w), *bias = c->host->own(c, r->m, sizeof *bias);
    if (!linalg || !w || !bias) return PM_E_MEMORY;
    r->weight = w;
    r->bias = bias;
    return linalg->ridge(c, fit->x->embed, fit->y->value, NULL, 1, (pm_mat){w, r->d, r->m, r->m},
                         bias);
}

static pm_status linear_predict(const pm_router *r, pm_call *c, const pm_library *lib,
                                const pm_prompts *x, pm_scores *out)
{
    (void)lib;
    for (size_t i = 0; i < x->n; i++) memcpy(pm_row(out->value, i), r->bias, r->m * sizeof(float));
    pm_status st = c->host->gemm(c, 'n', 'n', 1, x->embed, (pm_cmat){r->weight, r->d, r->m, r->m},
                                 1, out->value, PM_GEMM_ROWWISE);
    for (size_t i = 0; st == PM_OK && i < x->n; i++)
        for (size_t j = 0; j < r->m; j++) {
            float *v = &pm_row(out->value, i)[j];
            *v = *v > 0 ? *v : 0;
        }
    return st;
}

static pm_status linear_save(const pm_router *r, pm_call *c, pm_store *s)
{
    (void)r, (void)s;
    return c->host->fail(c, PM_E_UNSUPPORTED, "a router of a benchmark is not saved");
}

static pm_status linear_load(pm_router *r, pm_call *c, pm_store *s)
{
    (void)r, (void)s;
    return c->host->fail(c, PM_E_UNSUPPORTED, "a router of a benchmark is not loaded");
}

static const pm_param no_params[] = {PM_PARAM_END};

const pm_router_type bed_linear = {
    .size = sizeof bed_linear,
    .name = "linear_bench",
    .doc = "Ridge regression of the loss on the embedding, for timing.",
    .source = "none",
    .params = no_params,
    .needs = PM_NEEDS_EMBED | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_LOSS),
    .state_bytes = sizeof(pm_router),
    .train = linear_train,
    .predict = linear_predict,
    .save = linear_save,
    .load = linear_load,
};

/* ---- the bed ---------------------------------------------------------------------------------------------- */

static void make_library(bed *b)
{
    library_builder *builder = library_begin(b->room, "bench");
    for (size_t j = 0; j < BED_EXPERTS; j++) {
        char id[32];
        snprintf(id, sizeof id, "expert-%zu", j);
        bench_must(library_add(builder, id, &b->err), &b->err);
        bench_must(library_attr_number(builder, "params", 1e9 * (double)(j + 1), &b->err), &b->err);
        bench_must(library_attr_number(builder, "price_in", 0.1 * (double)(j + 1), &b->err),
                   &b->err);
    }
    bench_must(library_finish(builder, &b->lib, &b->err), &b->err);
}

const plugin_entry *bed_plugin(bed *b, plugin_kind kind, const char *name)
{
    const plugin_entry *e = registry_find(b->registry, kind, name);
    if (e) return e;
    fprintf(stderr, "benchmark: no %s \"%s\": run from the build folder\n", plugin_kind_name(kind),
            name);
    exit(1);
}

void bed_open(bed *b)
{
    memset(b, 0, sizeof *b);
    bench_must(compute_open(0, &b->compute, &b->err), &b->err);
    bench_must(registry_open("plugins/routers:plugins/objectives:plugins/constraints:"
                             "plugins/embedders",
                             &b->registry, &b->err),
               &b->err);
    plugin_entry linear = {.kind = PLUGIN_ROUTER, .type.router = &bed_linear};
    bench_must(registry_add(b->registry, &linear, &b->err), &b->err);
    b->env = (plug_env){.compute = &b->compute, .registry = b->registry};
    bench_must(call_ctx_open(&b->env, true, &b->call, &b->err), &b->err);
    b->room = arena_open(0);
    if (!b->room) exit(1);
    make_library(b);
    objective_spec o = {.plugin = bed_plugin(b, PLUGIN_OBJECTIVE, "penalty")};
    constraint_spec k = {.plugin = bed_plugin(b, PLUGIN_CONSTRAINT, "size")};
    bench_must(objective_build(b->call, &o, NULL, NULL, &b->decide, &b->err), &b->err);
    bench_must(constraint_build(b->call, &k, NULL, &b->size, &b->err), &b->err);
    b->term = (pipeline_term){.name = "size", .k = b->size, .sense = PM_SOFT, .weight = 0.1};
}

void bed_close(bed *b)
{
    constraint_close(b->size);
    objective_close(b->decide);
    arena_close(b->room);
    call_ctx_close(b->call);
    registry_close(b->registry);
    compute_close(&b->compute);
}

pm_cmat bed_vectors(bed *b, size_t n, uint64_t seed)
{
    enum { CENTRES = 300 };
    float *at = arena_alloc(b->room, n, BED_DIM * sizeof *at);
    if (!at) exit(1);
    for (size_t i = 0; i < n; i++) {
        float *row = at + i * BED_DIM;
        size_t centre = (size_t)rng_below(seed, 0, i, CENTRES);
        double squares = 0;
        for (size_t t = 0; t < BED_DIM; t++) {
            double v = rng_uniform(1, 1, centre * BED_DIM + t) +
                       rng_uniform(seed, 2, i * BED_DIM + t) - 1;
            row[t] = (float)v;
            squares += v * v;
        }
        for (size_t t = 0; t < BED_DIM; t++) row[t] = (float)((double)row[t] / sqrt(squares));
    }
    return (pm_cmat){at, n, BED_DIM, BED_DIM};
}

pm_cmat bed_values(bed *b, size_t n, uint64_t seed)
{
    float *at = arena_alloc(b->room, n, BED_EXPERTS * sizeof *at);
    if (!at) exit(1);
    for (size_t i = 0; i < n * BED_EXPERTS; i++) at[i] = (float)rng_uniform(seed, 3, i);
    return (pm_cmat){at, n, BED_EXPERTS, BED_EXPERTS};
}

router *bed_router(bed *b, const char *name, const param_value *p, size_t n_params, pm_cmat x,
                   pm_cmat y)
{
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, name);
    uint64_t *id = arena_alloc(b->room, x.rows, sizeof *id);
    void *params = NULL;
    router *r = NULL;
    if (!id) exit(1);
    for (size_t i = 0; i < x.rows; i++) id[i] = i;
    pm_prompts prompts = {.size = sizeof prompts, .n = x.rows, .id = id, .embed = x};
    pm_outcomes seen = {.size = sizeof seen, .kind = PM_VALUE_LOSS, .value = y};
    pm_fit fit = {.size = sizeof fit, .lib = &b->lib.view, .x = &prompts, .y = &seen};
    bench_must(params_build(e->params, e->params_bytes, p, n_params, b->room, &params, NULL, NULL,
                            &b->err),
               &b->err);
    bench_must(router_train(b->call, &(router_spec){e, params, 1}, &fit, &r, &b->err), &b->err);
    return r;
}

pipeline bed_pipeline(bed *b, const embedder *e, const router *r)
{
    return (pipeline){.embed = e,
                      .route = r,
                      .lib = &b->lib.view,
                      .term = &b->term,
                      .n_terms = 1,
                      .decide = b->decide,
                      .explain = true};
}

void bed_decide(void *decision)
{
    bed_decision *d = decision;
    const pm_prompts *x = &d->x[d->next++ % d->n_x];
    bench_must(pipeline_run(&d->p, d->ctx, x, &d->out, &d->b->err), &d->b->err);
}
