/* SPDX-License-Identifier: MIT
 *
 * The world of the plug tests: environment, data and registry.  Its plugins are in plug_tools_routers.c
 * and plug_tools_others.c.
 */
#include "plug_tools.h"

#include <string.h>

#include "base/io.h"
#include "base/rng.h"
#include "math/mat.h"

static void add_all(registry *r)
{
    const plugin_entry list[] = {
        {.kind = PLUGIN_ROUTER, .type.router = &tool_linear},
        {.kind = PLUGIN_ROUTER, .type.router = &tool_best},
        {.kind = PLUGIN_ROUTER, .type.router = &tool_winprob},
        {.kind = PLUGIN_ROUTER, .type.router = &tool_rank},
        {.kind = PLUGIN_CONSTRAINT, .type.constraint = &tool_price},
        {.kind = PLUGIN_CONSTRAINT, .type.constraint = &tool_length},
        {.kind = PLUGIN_CONSTRAINT, .type.constraint = &tool_learned},
        {.kind = PLUGIN_OBJECTIVE, .type.objective = &tool_greedy},
        {.kind = PLUGIN_OBJECTIVE, .type.objective = &tool_bandit},
        {.kind = PLUGIN_OBJECTIVE, .type.objective = &tool_drawn},
        {.kind = PLUGIN_EMBEDDER, .type.embedder = &tool_letters},
        {.kind = PLUGIN_BACKEND, .type.backend = &tool_echo},
    };
    pm_err err = PM_ERR_INIT;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        ck_assert_msg(registry_add(r, &list[i], &err) == PM_OK, "%s", err_text(&err));
}

void world_library(world *w, const char *const *ids, const double *price, size_t n, library *out)
{
    pm_err err = PM_ERR_INIT;
    library_builder *b = library_begin(w->a, "world");
    pm_status st = PM_OK;
    for (size_t j = 0; j < n && st == PM_OK; j++) {
        st = library_add(b, ids[j], &err);
        if (st == PM_OK) st = library_attr_number(b, "tool_price", price[j], &err);
        if (st == PM_OK) st = library_attr_text(b, "tool_note", "plain \"text\"", &err);
    }
    if (st == PM_OK) st = library_finish(b, out, &err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&err));
}

static void make_prompts(world *w)
{
    static const char *const words[] = {"sum", "prove", "translate", "write", "a poem", "the list"};
    pm_str *text = arena_alloc(w->a, WORLD_N, sizeof *text);
    uint64_t *id = arena_alloc(w->a, WORLD_N, sizeof *id);
    pm_mat embed = mat_new(w->a, WORLD_N, WORLD_D);
    for (size_t i = 0; i < WORLD_N; i++) {
        char line[96];
        int n = snprintf(line, sizeof line, "%s number %zu", words[i % 6], i);
        text[i] = (pm_str){arena_strndup(w->a, line, (size_t)n), (size_t)n};
        id[i] = 100 + i;
        for (size_t c = 0; c < WORLD_D; c++)
            pm_row(embed, i)[c] = (float)rng_normal(7, 1, i * WORLD_D + c);
    }
    w->x = (pm_prompts){.size = sizeof w->x, .n = WORLD_N, .id = id, .text = text};
    w->x.embed = mat_const(embed);
}

static void make_outcomes(world *w)
{
    pm_mat value = mat_new(w->a, WORLD_N, WORLD_M), cost = mat_new(w->a, WORLD_N, WORLD_M);
    for (size_t i = 0; i < WORLD_N; i++)
        for (size_t j = 0; j < WORLD_M; j++) {
            pm_row(value, i)[j] = (float)rng_uniform(7, 2, i * WORLD_M + j);
            pm_row(cost, i)[j] = 0.001f * (float)(j + 1);
        }
    w->y = (pm_outcomes){.size = sizeof w->y, .kind = PM_VALUE_QUALITY};
    w->y.value = mat_const(value);
    w->y.cost_usd = mat_const(cost);
}

void world_open(world *w, int n_threads)
{
    static const char *const ids[WORLD_M] = {"e0", "e1", "e2", "e3", "e4"};
    static const double price[WORLD_M] = {1, 2, 3, 4, 5};
    memset(w, 0, sizeof *w);
    temp_folder_open(w->folder);
    setenv("XDG_DATA_HOME", w->folder, 1); /* nobody's own plugins */
    w->a = arena_open(0);
    ck_assert_msg(compute_open(n_threads, &w->compute, &w->err) == PM_OK, "%s", err_text(&w->err));
    ck_assert_msg(registry_open(NULL, &w->registry, &w->err) == PM_OK, "%s", err_text(&w->err));
    add_all(w->registry);
    w->env = (plug_env){.compute = &w->compute, .registry = w->registry, .cancel = &w->cancel};
    ck_assert_int_eq(call_ctx_open(&w->env, n_threads > 1, &w->call, &w->err), PM_OK);
    world_library(w, ids, price, WORLD_M, &w->lib);
    make_prompts(w);
    make_outcomes(w);
    w->fit = (pm_fit){.size = sizeof w->fit, .lib = &w->lib.view, .x = &w->x, .y = &w->y};
}

void world_close(world *w)
{
    call_ctx_close(w->call);
    registry_close(w->registry);
    compute_close(&w->compute);
    arena_close(w->a);
    temp_folder_close(w->folder);
}

const plugin_entry *world_plugin(const world *w, plugin_kind k, const char *name)
{
    const plugin_entry *e = registry_find(w->registry, k, name);
    ck_assert_ptr_nonnull(e);
    return e;
}

tool_params tool_fault(misdeed f)
{
    return (tool_params){(int64_t)f, 1.0, "plain"};
}

router *world_router(world *w, const char *name, misdeed f)
{
    tool_params p = tool_fault(f);
    router_spec spec = {world_plugin(w, PLUGIN_ROUTER, name), &p, 17};
    router *r = NULL;
    pm_status st = router_train(w->call, &spec, &w->fit, &r, &w->err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&w->err));
    return r;
}

char *world_path(world *w, const char *name)
{
    return io_join(w->a, w->folder, name);
}
