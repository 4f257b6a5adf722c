/* SPDX-License-Identifier: MIT
 *
 * What the tests of floor plug share: an environment, a small world of experts and prompts, and plugins
 * made in memory, which misbehave on request (parameter "fault").
 */
#ifndef PM_TEST_PLUG_TOOLS_H
#define PM_TEST_PLUG_TOOLS_H

#include "config.h"

#include "suite.h"

#undef fail /* Check's; ours is a member of pm_host */

#include "plug/backend.h"
#include "plug/pipeline.h"

#define WORLD_N 40
#define WORLD_M 5
#define WORLD_D 6

typedef enum misdeed {
    FAULT_NONE,
    FAULT_UNWRITTEN,  /* one output cell is left alone */
    FAULT_NAN,        /* one output cell is NaN */
    FAULT_RANGE,      /* one output cell is 1.5 */
    FAULT_NEARLY,     /* one output cell is 1 + 5e-6: accepted and clamped */
    FAULT_OWN,        /* own() in predict */
    FAULT_OWN_BODY,   /* own() in a parallel body of train */
    FAULT_STATUS,     /* returns 7 */
    FAULT_SILENT,     /* fails without a message */
    FAULT_LOUD,       /* fails with a message */
    FAULT_BLOCK,      /* blocks 3.. of a parallel loop of train fail with a message */
    FAULT_DEAF,       /* goes on after progress() said canceled */
    FAULT_LIE,        /* emits() names a kind that is not declared */
    FAULT_OTHER_CALL, /* scratch() of the outer call in a parallel body */
    FAULT_CHOICE,     /* objective: column m */
    FAULT_FORBIDDEN,  /* objective: a masked expert */
    FAULT_WORSE,      /* objective: not the maximum */
    FAULT_PARTS,      /* objective: parts do not add up */
    FAULT_MASK,       /* objective: refuses an expert whose utility is finite */
    FAULT_MISSING,    /* load() asks for a tensor that is not there */
    FAULT_RESERVED,   /* save() uses a name of the host */
    FAULTS
} misdeed;

typedef struct tool_params { /* of every plugin here */
    int64_t fault;
    double scale;
    const char *label;
} tool_params;

extern const pm_router_type tool_linear, tool_best, tool_winprob, tool_rank;
extern const pm_constraint_type tool_price, tool_length, tool_learned;
extern const pm_objective_type tool_greedy, tool_bandit, tool_drawn;
extern const pm_embedder_type tool_letters;
extern const pm_backend_type tool_echo;

typedef struct world {
    compute compute;
    registry *registry;
    atomic_bool cancel;
    plug_env env;
    call_ctx *call;
    char folder[256];
    arena *a;
    library lib;
    pm_prompts x;
    pm_outcomes y;
    pm_fit fit;
    pm_err err;
} world;

/* Experts e0..e4 with price, prompts with text, embedding and letter counts, qualities; all plugins of
 * this file registered. */
void world_open(world *w, int threads);
void world_close(world *w);
const plugin_entry *world_plugin(const world *w, plugin_kind k, const char *name);

/* A library of the same experts: `ids` and their prices, revision as the data floor makes it. */
void world_library(world *w, const char *const *ids, const double *price, size_t n, library *out);

tool_params tool_fault(misdeed f);
router *world_router(world *w, const char *name, misdeed f); /* trained, or the test fails */
char *world_path(world *w, const char *name);                /* in the test's folder */

/* The error's text contains `part`. */
#define ck_says(err, part)                                                                         \
    ck_assert_msg(strstr(err_text(&(err)), part) != NULL, "'%s' is not in: %s", part,              \
                  err_text(&(err)))

#endif
