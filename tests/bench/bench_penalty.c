/* SPDX-License-Identifier: MIT
 *
 * One decision of penalty: 8 constraints (4 of one row, 4 with a row for each prompt; 2 of them hard) over 100
 * experts, one prompt at a time, predictions given.  Bare, behind the guard, and through the pipeline; allocations
 * are counted where the C library lets us.  Floor: reading the question once.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bed.h"
#include "count_allocations.h"
#include "math/probe.h"

enum { ROUNDS = 9, BLOCK = 21, CALLS = 500, TERMS = 8, COUNTED = 1000 };

/* ---- constraints that only copy, so that the decision is what is timed ------------------------------------- */

static float table[TERMS][BED_EXPERTS];

/* The row is told by the seed. */
static pm_status copy(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)lib, (void)x, (void)s;
    for (size_t i = 0; i < out.rows; i++)
        memcpy(pm_row(out, i), table[c->seed % TERMS], sizeof *table);
    return PM_OK;
}

static const pm_param none[] = {PM_PARAM_END};
static const pm_constraint_type one_row = {.size = sizeof one_row,
                                           .name = "bench_row",
                                           .doc = "Copies a row.",
                                           .source = "none",
                                           .unit = "",
                                           .params = none,
                                           .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
                                           .eval = copy};
static const pm_constraint_type each_row = {.size = sizeof each_row,
                                            .name = "bench_each",
                                            .doc = "Copies a row for every prompt.",
                                            .source = "none",
                                            .unit = "",
                                            .params = none,
                                            .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
                                            .per_prompt = 1,
                                            .eval = copy};

/* ---- the question ------------------------------------------------------------------------------------------- */

typedef struct trial {
    bed *b;
    pipeline p;
    pipeline_ctx *ctx;
    pm_prompts x;
    pm_scores s;
    pm_question q;
    pm_decisions choice, whole; /* choices alone; with utility and parts */
    pm_call bare;
    const pm_objective_type *type;
} trial;

static float value[BED_EXPERTS], utility[BED_EXPERTS], value_part[BED_EXPERTS];
static float part[TERMS][BED_EXPERTS];
static uint32_t mask[BED_EXPERTS], chosen[1];
static uint8_t refused[BED_EXPERTS];

static void *bare_scratch(pm_call *c, size_t count, size_t bytes)
{
    static _Alignas(64) unsigned char room[1 << 16];
    size_t *used = c->impl, at = *used;
    *used += (count * bytes + 63) / 64 * 64;
    if (*used > sizeof room) exit(1);
    return memset(room + at, 0, count * bytes); /* as the host gives it */
}

static void decide_bare(void *arg)
{
    static const pm_host host = {.scratch = bare_scratch};
    trial *t = arg;
    size_t used = 0;
    t->bare = (pm_call){.size = sizeof t->bare, .host = &host, .impl = &used};
    if (t->type->decide(NULL, &t->bare, &t->q, &t->choice) != PM_OK) exit(1);
}

static void decide_guarded(void *arg)
{
    trial *t = arg;
    pm_decisions d = t->choice;
    bench_must(objective_decide(t->b->decide, t->b->call, &t->q, &d, &t->b->err), &t->b->err);
}

static void decide_explained(void *arg)
{
    trial *t = arg;
    pm_decisions d = t->whole;
    bench_must(objective_decide(t->b->decide, t->b->call, &t->q, &d, &t->b->err), &t->b->err);
}

static void decide_pipeline(void *arg)
{
    trial *t = arg;
    pipeline_result out;
    t->p.explain = false;
    bench_must(pipeline_decide(&t->p, t->ctx, &t->x, &t->s, &out, &t->b->err), &t->b->err);
}

static void decide_pipeline_explained(void *arg)
{
    trial *t = arg;
    pipeline_result out;
    t->p.explain = true;
    bench_must(pipeline_decide(&t->p, t->ctx, &t->x, &t->s, &out, &t->b->err), &t->b->err);
}

static void read_once(void *arg)
{
    const trial *t = arg;
    (void)probe_read_seconds(&t->b->compute, NULL, table, sizeof table + sizeof value, 1);
}

static pm_sense sense_of(size_t k)
{
    return k < 6 ? PM_SOFT : PM_HARD;
}

/* Hard terms forbid about a quarter of the experts each. */
static void make_terms(trial *t, pipeline_term *term)
{
    const plugin_entry *e[2] = {bed_plugin(t->b, PLUGIN_CONSTRAINT, "bench_row"),
                                bed_plugin(t->b, PLUGIN_CONSTRAINT, "bench_each")};
    for (size_t k = 0; k < TERMS; k++) {
        constraint_spec spec = {.plugin = e[k % 2], .seed = k};
        constraint *made = NULL;
        bench_must(constraint_build(t->b->call, &spec, NULL, &made, &t->b->err), &t->b->err);
        term[k] = (pipeline_term){e[k % 2]->name, made, sense_of(k), 0.1 * (double)(k + 1), 0.75};
        for (size_t j = 0; j < BED_EXPERTS; j++)
            table[k][j] = (float)rng_uniform(3, (uint32_t)k, j);
    }
    for (size_t j = 0; j < BED_EXPERTS; j++) {
        value[j] = (float)rng_uniform(3, 99, j);
        mask[j] = table[6][j] > 0.75f ? 7 : table[7][j] > 0.75f ? 8 : 0;
    }
}

static void make_question(trial *t, const pipeline_term *from, pm_term *term, const pm_term **list)
{
    static const uint64_t arrival[1] = {0};
    static pm_mat parts[TERMS];
    const pm_mat row = {NULL, 1, BED_EXPERTS, BED_EXPERTS};
    for (size_t k = 0; k < TERMS; k++) {
        term[k] = (pm_term){.size = sizeof *term,
                            .name = from[k].name,
                            .sense = from[k].sense,
                            .weight = from[k].weight,
                            .bound = from[k].bound,
                            .value = {table[k], 1, BED_EXPERTS, k % 2 ? BED_EXPERTS : 0}};
        list[k] = &term[k];
        parts[k] = row;
        parts[k].at = part[k];
    }
    t->q = (pm_question){.size = sizeof t->q,
                         .kind = PM_VALUE_LOSS,
                         .value = {value, 1, BED_EXPERTS, BED_EXPERTS},
                         .lib = &t->b->lib.view,
                         .x = &t->x,
                         .term = list,
                         .n_terms = TERMS,
                         .arrival = arrival,
                         .mask = mask,
                         .reference_col = PM_NO_COL};
    t->choice = (pm_decisions){.size = sizeof t->choice, .choice = chosen};
    t->whole = t->choice;
    t->whole.utility = t->whole.value_part = row;
    t->whole.utility.at = utility;
    t->whole.value_part.at = value_part;
    t->whole.term_part = parts;
    t->whole.refused = refused;
}

/* ---- figures ------------------------------------------------------------------------------------------------ */

static void record(bench *out, const char *what, double value_, const char *unit, double floor,
                   double goal)
{
    bench_figure f = {.value = value_,
                      .unit = unit,
                      .floor = floor,
                      .floor_is = isnan(floor) ? NULL : "reading the question, 1 thread",
                      .goal = goal,
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

static double count(void (*run)(void *), trial *t)
{
    run(t); /* warm */
    unsigned long before = atomic_load(&allocations);
    for (size_t n = 0; n < COUNTED; n++) run(t);
    return (double)(atomic_load(&allocations) - before) / COUNTED;
}

static void measure(trial *t, bench *out)
{
    enum { BARE, GUARDED, EXPLAINED, PIPELINE, PIPELINE_EXPLAINED, FLOOR, WORKS };
    static void (*const run[WORKS])(void *) = {
        decide_bare, decide_guarded, decide_explained, decide_pipeline, decide_pipeline_explained,
        read_once};
    static const char *const what[FLOOR] = {
        "penalty, 8 constraints x 100 experts: the plugin alone",
        "  guarded, choices alone",
        "  guarded, with utilities and parts",
        "  through the pipeline, predictions given",
        "  through the pipeline, explained",
    };
    bench_work w[WORKS];
    for (size_t k = 0; k < WORKS; k++) w[k] = (bench_work){run[k], t, CALLS, 0};
    bench_measure(w, WORKS, ROUNDS, BLOCK);
    for (size_t k = 0; k < FLOOR; k++)
        record(out, what[k], w[k].median * 1e9, "ns", w[FLOOR].median * 1e9, 1000);
    for (size_t k = GUARDED; CAN_COUNT && k < FLOOR; k++) {
        char line[80];
        snprintf(line, sizeof line, "%s: allocations a prompt", what[k]);
        record(out, line, count(run[k], t), "allocations", NAN, 0);
    }
}

int main(void)
{
    static const uint64_t id[1] = {7};
    static bed b;
    static pipeline_term term[TERMS];
    static pm_term asked[TERMS];
    static const pm_term *list[TERMS];
    static trial t;
    bench out;
    bed_open(&b);
    const plugin_entry entry[2] = {{.kind = PLUGIN_CONSTRAINT, .type.constraint = &one_row},
                                   {.kind = PLUGIN_CONSTRAINT, .type.constraint = &each_row}};
    for (size_t k = 0; k < 2; k++) bench_must(registry_add(b.registry, &entry[k], &b.err), &b.err);
    t.b = &b;
    t.type = bed_plugin(&b, PLUGIN_OBJECTIVE, "penalty")->type.objective;
    t.x = (pm_prompts){.size = sizeof t.x, .n = 1, .id = id};
    t.s = (pm_scores){.size = sizeof t.s,
                      .kind = PM_VALUE_LOSS,
                      .reference_col = PM_NO_COL,
                      .value = {value, 1, BED_EXPERTS, BED_EXPERTS}};
    make_terms(&t, term);
    make_question(&t, term, asked, list);
    t.p = (pipeline){.lib = &b.lib.view, .term = term, .n_terms = TERMS, .decide = b.decide};
    bench_must(pipeline_ctx_open(&b.env, false, &t.ctx, &b.err), &b.err);
    bench_open(&out, "penalty", &b.compute);
    measure(&t, &out);
    bench_close(&out);
    pipeline_ctx_close(t.ctx);
    for (size_t k = 0; k < TERMS; k++) constraint_close((constraint *)(uintptr_t)term[k].k);
    bed_close(&b);
    return 0;
}
