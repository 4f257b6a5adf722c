/* SPDX-License-Identifier: MIT
 *
 * The bed that tests of objectives lie in; see objectives_bed.h.
 */
#include "config.h"

#include "objectives_bed.h"

#include "base/rng.h"

static float grid(uint64_t seed, uint32_t stream, size_t i)
{
    return (float)floor(1 + 62 * rng_uniform(seed, stream, i)) / 64;
}

static void fill(asked *a, uint64_t seed)
{
    for (size_t c = 0; c < ASK_N * ASK_M; c++) {
        size_t i = c / ASK_M, j = c % ASK_M;
        a->value[c] = grid(seed, 1, c);
        if (a->q.kind == PM_VALUE_WINPROB && j == 0) a->value[c] = 0.5f;
        a->spread[c] = grid(seed, 2, c) / 4;
        for (size_t k = 0; k < ASK_K; k++) a->cell[k][c] = grid(seed, (uint32_t)(10 + k), c);
        if (j == 2 + i % (ASK_M - 2)) a->cell[4][c] = 0;
    }
    for (size_t j = 0; j < ASK_M; j++) {
        a->prior[j] = (float)rng_uniform(seed, 3, j);
        a->cost[j] = (float)(1 + (5 * j + seed) % ASK_M) / 8; /* all differ */
        a->cell[3][j] = j < 2 ? grid(seed, 5, j) : 0;
    }
    for (size_t i = 0; i < ASK_N; i++) {
        a->arrival[i] = i;
        a->weight_row[i] = grid(seed, 6, i);
    }
}

static void point(bed *b, asked *a, const pm_prompts *x)
{
    static const char *const name[ASK_K] = {"price", "latency", "length", "size", "tokens"};
    pm_mat whole = {NULL, ASK_N, ASK_M, ASK_M};
    for (size_t k = 0; k < ASK_K; k++) {
        bool one_row = k == 0 || k == 3;
        a->term[k] = (pm_term){.size = sizeof(pm_term),
                               .name = name[k],
                               .sense = k < ASK_SOFT ? PM_SOFT : PM_HARD,
                               .weight = 0.25 * (double)(k + 1),
                               .bound = 0.5,
                               .weight_row = k == 2 ? a->weight_row : NULL,
                               .value = {a->cell[k], ASK_N, ASK_M, one_row ? 0 : ASK_M},
                               .plugin = name[k]};
        a->list[k] = &a->term[k];
        a->part[k] = whole;
        a->part[k].at = a->term_part[k];
    }
    a->q = (pm_question){.size = sizeof a->q,
                         .kind = a->q.kind,
                         .spread_kind = PM_SPREAD_STDDEV,
                         .value = {a->value, ASK_N, ASK_M, ASK_M},
                         .spread = {a->spread, ASK_N, ASK_M, ASK_M},
                         .cost_usd = {a->cost, ASK_N, ASK_M, 0},
                         .lib = bed_library(b, ASK_M),
                         .x = x,
                         .term = a->list,
                         .n_terms = ASK_K,
                         .arrival = a->arrival,
                         .prior = a->prior,
                         .mask = a->mask,
                         .reference_col = a->q.kind == PM_VALUE_WINPROB ? 0 : PM_NO_COL};
    a->d = (pm_decisions){.size = sizeof a->d,
                          .choice = a->choice,
                          .utility = {a->utility, ASK_N, ASK_M, ASK_M},
                          .share = {a->share, ASK_N, ASK_M, ASK_M},
                          .front = a->front,
                          .value_part = {a->value_part, ASK_N, ASK_M, ASK_M},
                          .term_part = a->part,
                          .refused = a->refused};
}

void ask_mask(asked *a)
{
    for (size_t c = 0; c < ASK_N * ASK_M; c++) {
        a->mask[c] = 0;
        for (size_t k = ASK_K; k-- > ASK_SOFT;)
            if (ask_cell(a, k, c / ASK_M, c % ASK_M) > a->term[k].bound)
                a->mask[c] = (uint32_t)(k + 1);
    }
}

asked *ask(bed *b, pm_value_kind kind, uint64_t seed)
{
    asked *a = arena_alloc(b->room, 1, sizeof *a);
    a->q.kind = kind;
    fill(a, seed);
    point(b, a, bed_prompts(b, ASK_N, 0, seed));
    ask_mask(a);
    return a;
}

asked *ask_permuted(bed *b, const asked *from, const uint32_t *col)
{
    asked *a = arena_alloc(b->room, 1, sizeof *a);
    *a = *from;
    for (size_t c = 0; c < ASK_N * ASK_M; c++) {
        size_t was = c / ASK_M * ASK_M + col[c % ASK_M];
        a->value[c] = from->value[was];
        a->spread[c] = from->spread[was];
        for (size_t k = 0; k < ASK_K; k++) a->cell[k][c] = from->cell[k][was];
    }
    for (size_t j = 0; j < ASK_M; j++) {
        a->prior[j] = from->prior[col[j]];
        a->cost[j] = from->cost[col[j]];
    }
    point(b, a, from->q.x);
    for (uint32_t j = 0; j < ASK_M; j++)
        if (from->q.reference_col == col[j]) a->q.reference_col = j;
    ask_mask(a);
    return a;
}

objective *ask_made(bed *b, const char *name, const char *params)
{
    const plugin_entry *e = bed_plugin(b, PLUGIN_OBJECTIVE, name);
    objective_spec spec = {e, bed_params(b, e, params), 7};
    objective *o = NULL;
    bed_ok(b, objective_build(b->call, &spec, NULL, NULL, &o, &b->err));
    return o;
}

void ask_decide(bed *b, asked *a, const char *name, const char *params)
{
    objective *o = ask_made(b, name, params);
    pm_decisions d = a->d; /* the guard takes out what is not offered */
    bed_ok(b, objective_decide(o, b->call, &a->q, &d, &b->err));
    objective_close(o);
}

void ask_refused(bed *b, asked *a, const char *name, const char *params, pm_status status,
                 const char *says)
{
    objective *o = ask_made(b, name, params);
    pm_decisions d = a->d;
    err_clear(&b->err);
    bed_fails(b, objective_decide(o, b->call, &a->q, &d, &b->err), status, says);
    objective_close(o);
}

double ask_worth(const asked *a, size_t i, size_t j)
{
    double v = (double)pm_crow(a->q.value, i)[j];
    return a->q.kind == PM_VALUE_LOSS ? -v : v;
}

double ask_cell(const asked *a, size_t k, size_t i, size_t j)
{
    return (double)pm_crow(a->term[k].value, i)[j];
}

double ask_weight(const asked *a, size_t k, size_t i)
{
    return a->term[k].weight_row ? (double)a->term[k].weight_row[i] : a->term[k].weight;
}
