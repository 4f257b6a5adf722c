/* SPDX-License-Identifier: MIT
 *
 * What the guard costs a call: one prompt (an embedding of 384) and 100 experts.  The router only copies a
 * row, so that the difference between the bare and the guarded call is the guard.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "plug/check.h"

enum { ROUNDS = 5, BLOCK = 21, CALLS = 500 };

struct pm_router {
    float row[BED_EXPERTS];
};

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    (void)fit;
    for (uint64_t j = 0; j < BED_EXPERTS; j++) r->row[j] = (float)c->host->uniform(c, 1, j);
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    (void)c;
    (void)lib;
    for (size_t i = 0; i < x->n; i++) memcpy(pm_row(out->value, i), r->row, sizeof r->row);
    return PM_OK;
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, "row", (pm_tensor){PM_F32, 1, {BED_EXPERTS}, r->row});
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor t;
    pm_status st = c->host->view_tensor(c, s, "row", PM_F32, &t);
    if (st == PM_OK) memcpy(r->row, t.ptr, sizeof r->row);
    return st;
}

static const pm_router_type copier = {
    .size = sizeof copier,
    .name = "bench_copier",
    .doc = "Copies a row.",
    .needs = PM_NEEDS_EMBED | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_LOSS),
    .state_bytes = sizeof(struct pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
};

typedef struct question {
    bed *b;
    const router *r;
    const pm_library *lib;
    const pm_prompts *x;
    struct pm_router bare;
    float out[BED_EXPERTS];
} question;

static void ask_bare(void *arg)
{
    question *q = arg;
    pm_scores s = {.size = sizeof s, .value = {q->out, 1, BED_EXPERTS, BED_EXPERTS}};
    if (copier.predict(&q->bare, NULL, q->lib, q->x, &s) != PM_OK) exit(1);
}

static void ask_guarded(void *arg)
{
    question *q = arg;
    pm_scores s = {.size = sizeof s, .value = {q->out, 1, q->lib->n, q->lib->n}};
    bench_must(router_predict(q->r, q->b->call, q->lib, q->x, &s, &q->b->err), &q->b->err);
}

static void check_alone(void *arg)
{
    question *q = arg;
    pm_mat m = {q->out, 1, BED_EXPERTS, BED_EXPERTS};
    check_range range = check_range_of(PM_VALUE_LOSS);
    check_fill(m);
    memcpy(q->out, q->bare.row, sizeof q->out);
    bench_must(check_cells(m, range, (check_where){"", "", NULL}, &q->b->err), &q->b->err);
}

static void figure(bench *out, const char *what, double seconds, double floor)
{
    bench_figure f = {.value = seconds * 1e9,
                      .unit = "ns",
                      .floor = floor * 1e9,
                      .goal = NAN,
                      .floor_is = "the plugin called bare",
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

int main(void)
{
    static bed b;
    bed_open(&b);
    const plugin_entry entry = {.kind = PLUGIN_ROUTER, .type.router = &copier};
    bench_must(registry_add(b.registry, &entry, &b.err), &b.err);
    router *r = bed_router(&b, copier.name, NULL, 0, bed_vectors(&b, 10, 1), bed_values(&b, 10, 1));
    const pm_prompts x = {.size = sizeof x, .n = 1, .embed = bed_vectors(&b, 1, 2)};
    const pm_library half = {sizeof half, b.lib.view.revision, BED_EXPERTS / 2, b.lib.view.expert};
    question all = {.b = &b, .r = r, .lib = &b.lib.view, .x = &x}, some = all;
    some.lib = &half;
    enum { BARE, GUARDED, CELLS, MAPPED, WORKS };
    bench_work w[WORKS] = {[BARE] = {ask_bare, &all, CALLS, 0},
                           [GUARDED] = {ask_guarded, &all, CALLS, 0},
                           [CELLS] = {check_alone, &all, CALLS, 0},
                           [MAPPED] = {ask_guarded, &some, CALLS, 0}};
    bench out;
    bench_measure(w, WORKS, ROUNDS, BLOCK);
    bench_open(&out, "guard", &b.compute);
    figure(&out, "predict, guarded: 1 prompt x 100 experts", w[GUARDED].median, w[BARE].median);
    figure(&out, "  of it: filling and checking 100 cells", w[CELLS].median, w[BARE].median);
    figure(&out, "predict, guarded: half of the experts served", w[MAPPED].median, w[BARE].median);
    bench_close(&out);
    router_close(r);
    bed_close(&b);
    return 0;
}
