/* SPDX-License-Identifier: MIT
 *
 * The bed of the decision benchmarks: plugins of the build tree behind the real host, a made-up library,
 * a linear router of our own, and the pipeline with objective penalty and soft constraint size.
 */
#ifndef PM_BENCH_BED_H
#define PM_BENCH_BED_H

#include "bench.h"
#include "plug/pipeline.h"

enum { BED_DIM = 384, BED_EXPERTS = 100 };

typedef struct bed {
    compute compute;
    registry *registry;
    plug_env env;
    call_ctx *call;
    arena *room;
    library lib; /* BED_EXPERTS of them, each with a number of parameters */
    objective *decide;
    constraint *size;
    pipeline_term term;
    pm_err err;
} bed;

void bed_open(bed *b); /* from the build folder: reads plugins/KIND/.libs */
void bed_close(bed *b);

/* Loss = max(0, x W + bias) by one ROWWISE product: what a linear router does at its best. */
extern const pm_router_type bed_linear;
const plugin_entry *bed_plugin(bed *b, plugin_kind kind, const char *name);

/* Unit vectors around 300 centres, drawn from `seed`; [n x BED_DIM]. */
pm_cmat bed_vectors(bed *b, size_t n, uint64_t seed);
/* Outcomes in [0,1] [n x BED_EXPERTS]. */
pm_cmat bed_values(bed *b, size_t n, uint64_t seed);

/* Trains on rows x, y (losses) with parameters by name (NULL: defaults). */
struct param_value;
router *bed_router(bed *b, const char *name, const struct param_value *p, size_t n_params,
                   pm_cmat x, pm_cmat y);
/* embed may be NULL. */
pipeline bed_pipeline(bed *b, const embedder *e, const router *r);

/* One decision: a work's argument. */
typedef struct bed_decision {
    bed *b;
    pipeline p;
    pipeline_ctx *ctx;
    const pm_prompts *x; /* [n_x] of one prompt each, taken in turn */
    size_t n_x, next;
    pipeline_result out;
} bed_decision;
void bed_decide(void *decision);

#endif
