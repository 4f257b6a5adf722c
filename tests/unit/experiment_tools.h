/* SPDX-License-Identifier: MIT
 *
 * A small experiment on datasets/toy, made in C as the binding makes one from a script: prior, length and kNN
 * (a grid of k) on LSA features, priced, on two seeds.  Shared by the tests that run it whole.
 */
#ifndef PM_TEST_EXPERIMENT_TOOLS_H
#define PM_TEST_EXPERIMENT_TOOLS_H

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "eval/experiment.h"
#include "suite.h"

typedef struct trial {
    arena *a;
    compute compute;
    registry *registry;
    plug_env env;
    experiment x;
    plugin_choice embed, grid[3];
    router_choice router[3];
    constraint_choice price;
    double weight[2];
    uint64_t seed[2];
} trial;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pm_err must_err = PM_ERR_INIT;                                                             \
        pm_err *err = &must_err;                                                                   \
        ck_assert_msg((call) == PM_OK, "%s", err_text(err));                                       \
    } while (0)

static inline plugin_choice choose(trial *t, plugin_kind kind, const char *name,
                                   const param_value *v, size_t n)
{
    const plugin_entry *e = registry_find(t->registry, kind, name);
    ck_assert_msg(e != NULL, "%s \"%s\" is not built", plugin_kind_name(kind), name);
    void *params;
    str text = STR_INIT;
    MUST(params_build(e->params, e->params_bytes, v, n, t->a, &params, NULL, NULL, err));
    params_to_json(e->params, params, &text);
    plugin_choice c = {.plugin = e,
                       .params = params,
                       .params_json = arena_strdup(t->a, str_text(&text)),
                       .label = e->name,
                       .where = "trial.lua:1"};
    str_close(&text);
    return c;
}

static inline param_value number(const char *name, double v)
{
    return (param_value){.name = name, .kind = PARAM_NUMBER, .number = v};
}

static inline const char *toy_folder(arena *a)
{
    const char *source = getenv("srcdir");
    return io_join(a, source ? source : ".", "datasets/toy");
}

static inline void trial_open(trial *t, int n_threads)
{
    memset(t, 0, sizeof *t);
    t->a = arena_open(0);
    MUST(compute_open(n_threads, &t->compute, err));
    MUST(registry_open("plugins", &t->registry, err));
    t->env = (plug_env){.compute = &t->compute, .registry = t->registry};
    param_value dim = number("dim", 16), buckets = number("buckets", 4096);
    param_value lsa[2] = {dim, buckets};
    t->embed = choose(t, PLUGIN_EMBEDDER, "lsa", lsa, 2);
    static const double k[3] = {5, 20, 40};
    for (int g = 0; g < 3; g++) {
        param_value v = number("k", k[g]);
        t->grid[g] = choose(t, PLUGIN_ROUTER, "knn", &v, 1);
    }
    t->router[0].at = choose(t, PLUGIN_ROUTER, "prior", NULL, 0);
    t->router[1].at = choose(t, PLUGIN_ROUTER, "length", NULL, 0);
    t->router[2] = (router_choice){t->grid[0], t->grid, 3, true};
    t->weight[0] = 0;
    t->weight[1] = 0.25;
    t->price = (constraint_choice){.at = choose(t, PLUGIN_CONSTRAINT, "price", NULL, 0),
                                   .sense = PM_SOFT,
                                   .weight = t->weight,
                                   .n_weights = 2};
    t->seed[0] = 1;
    t->seed[1] = 2;
    t->x = (experiment){.name = "trial",
                        .asks = "Does kNN beat prompt length?",
                        .script = "trial.lua",
                        .script_sha256 = "",
                        .spec_json = "{}",
                        .seed = t->seed,
                        .n_seeds = 2,
                        .data_dir = toy_folder(t->a),
                        .min_known = 0.98,
                        .split = {SPLIT_GROUP, 0.6, 0.2, 0.2, 17, 0, 0},
                        .embed = &t->embed,
                        .router = t->router,
                        .n_routers = 3,
                        .constraint = &t->price,
                        .n_constraints = 1,
                        .objective = choose(t, PLUGIN_OBJECTIVE, "penalty", NULL, 0),
                        .bootstrap = BOOTSTRAP_DEFAULT,
                        .delta = 0.02};
    t->x.bootstrap.resamples = 100;
}

static inline void trial_close(trial *t)
{
    registry_close(t->registry);
    compute_close(&t->compute);
    arena_close(t->a);
}

static inline char *canonical(trial *t, const char *dir, const char *key)
{
    store *s;
    str text = STR_INIT;
    MUST(store_open(dir, &s, err));
    MUST(store_export(s, key, true, &text, err));
    char *kept = arena_strdup(t->a, str_text(&text));
    str_close(&text);
    store_close(s);
    return kept;
}

#endif
