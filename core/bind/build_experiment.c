/* SPDX-License-Identifier: MIT
 *
 * The value of a script -> an experiment.  Looks at everything even when the first part is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "bind/script_private.h"

#define SEEDS_MAX   1000
#define ROUTERS_MAX 256
#define SEED_TOP    9007199254740992.0 /* 2^53: beyond it a Lua float is not every whole number */

static void build_name(script *s, const node *v, experiment *x)
{
    const node *name = node_field(v, "name");
    if (name && name->kind == NODE_TEXT) {
        const char *ok = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        size_t n = strspn(name->text, ok);
        if (!n || name->text[n] || n > 64 || name->text[0] == '.' || name->text[0] == '-')
            complain(&s->wrong, name->where,
                     "name = %s; want 1 to 64 letters, digits, '_', '-' and '.', beginning with a "
                     "letter or digit",
                     node_show(name, s->a));
        x->name = name->text;
        return;
    }
    const char *base = strrchr(s->path, '/');
    char *own = arena_strdup(s->a, base ? base + 1 : s->path);
    if (!own) return;
    size_t n = strlen(own);
    if (n > 4 && strcmp(own + n - 4, ".lua") == 0) own[n - 4] = '\0';
    for (char *p = own; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    x->name = own;
}

static void build_seeds(script *s, const node *v, experiment *x)
{
    const node *list = node_field(v, "seeds");
    bool is_list = list && list->kind == NODE_TABLE;
    size_t n = is_list ? list->n_items : 1;
    if (s->options.has_seed) n = 1;
    if (n == 0 || n > SEEDS_MAX) {
        complain(&s->wrong, list->where, "seeds: %zu of them; want 1 to %d", n, SEEDS_MAX);
        return;
    }
    uint64_t *seed = arena_alloc(s->a, n, sizeof *seed);
    for (size_t i = 0; seed && i < n; i++) {
        const node *one = is_list ? &list->item[i] : list;
        if (!s->options.has_seed && one && (one->kind != NODE_NUMBER || !one->is_whole))
            return; /* told */
        seed[i] = s->options.has_seed ? s->options.seed : one ? (uint64_t)one->whole : 1;
        for (size_t j = 0; j < i; j++)
            if (seed[j] == seed[i])
                complain(&s->wrong, one->where, "seeds[%zu] = %llu is seeds[%zu] already", i + 1,
                         (unsigned long long)seed[i], j + 1);
    }
    x->seed = seed;
    x->n_seeds = seed ? n : 0;
}

static void build_bootstrap(script *s, const node *v, experiment *x)
{
    static const char *const by[] = {"prompt", "group", NULL};
    static const schema_row rows[] = {{"resamples", WANT_WHOLE, 100, 1000000, NULL, false, NULL},
                                      {"level", WANT_NUMBER, 0.5, 0.9999, NULL, false, NULL},
                                      {"seed", WANT_WHOLE, 0, SEED_TOP, NULL, false, NULL},
                                      {"paired_by", WANT_WORD, 0, 0, by, false, NULL},
                                      SCHEMA_END};
    x->bootstrap = (bootstrap_spec)BOOTSTRAP_DEFAULT;
    if (!v || v->kind != NODE_TABLE || !schema_check(&s->wrong, v, "bootstrap", rows, false))
        return;
    x->bootstrap.resamples = (size_t)schema_number(v, "resamples", (double)x->bootstrap.resamples);
    x->bootstrap.level = schema_number(v, "level", x->bootstrap.level);
    x->bootstrap.seed = (uint64_t)schema_number(v, "seed", 0);
    x->bootstrap.clustered = schema_word(v, "paired_by", by, 1) == 1;
}

/* What the plugin wants to see and the experiment does not give. */
static void check_needs(script *s, const plugin_choice *p, uint32_t needs, const char *path,
                        const experiment *x)
{
    const pm_embedder_type *e = x->embed ? x->embed->plugin->type.embedder : NULL;
    if (!e && s->wants_embedder) return; /* its own mistake is told */
    bool sparse = e && PM_HAS(e, sparse_dim) && e->sparse_dim;
    const char *what = NULL;
    bool given = x->given_vectors;
    if (!e && !given && (needs & (PM_NEEDS_EMBED | PM_NEEDS_EMBED_OR_SPARSE))) what = "embeddings";
    if (!sparse && (needs & PM_NEEDS_SPARSE)) what = "word features";
    if (what)
        complain(&s->wrong, p->where,
                 "%s needs %s%s; give the experiment an embedder = pm.embedder \"name\" {}", path,
                 what, given ? ", which embedder = \"given\" does not bring" : "");
}

static void check_label(script *s, const experiment *x, size_t i, size_t given)
{
    const plugin_choice *at = &x->router[i].at;
    for (size_t j = 0; j < i; j++)
        if (x->router[j].at.label && strcmp(x->router[j].at.label, at->label) == 0)
            complain(&s->wrong, at->where,
                     "routers[%zu]: \"%s\" is routers[%zu] already; give one of them a label: "
                     "label = \"...\"",
                     given + 1, at->label, j + 1);
}

static void build_routers(script *s, const node *list, experiment *x)
{
    static const char *const reserved[] = {"label", "learns", "from", NULL};
    size_t n = list && list->kind == NODE_TABLE ? list->n_items : 0;
    if (list && list->kind == NODE_TABLE && !list->noun && (n == 0 || n > ROUTERS_MAX)) {
        complain(&s->wrong, list->where, "routers: %zu of them; want 1 to %d", n, ROUTERS_MAX);
        return;
    }
    router_choice *list_out = arena_alloc(s->a, n, sizeof *list_out);
    x->router = list_out;
    for (size_t i = 0; list_out && i < n; i++) {
        const node *v = &list->item[i];
        if (!node_is(v, "router") && !node_is(v, "router_fn")) continue; /* told by the rows */
        const char *path = schema_item_path(s->a, "routers", i, v->name);
        plugin_choice *candidate = NULL;
        size_t n_candidates = 0;
        x->n_routers = i + 1;
        if (!build_candidates(s, v, PLUGIN_ROUTER, path, reserved, &candidate, &n_candidates))
            continue;
        const char *label = build_label(s, v, path, candidate[0].plugin->name);
        build_learns(s, v, path, x, &candidate[0]);
        for (size_t k = 0; k < n_candidates; k++) {
            candidate[k].label = label;
            candidate[k].learns = candidate[0].learns;
            candidate[k].from = candidate[0].from;
        }
        list_out[i] = (router_choice){
            .at = candidate[0], .candidate = candidate, .n_candidates = n_candidates};
        check_label(s, x, i, i);
        check_needs(s, &list_out[i].at, list_out[i].at.plugin->type.router->needs, path, x);
    }
}

static void build_objective(script *s, const node *v, experiment *x)
{
    if (!node_is(v, "objective") && !node_is(v, "objective_fn")) return; /* told by the rows */
    const char *path = v->name ? bind_text(s->a, "objective \"%.80s\"", v->name) : "objective";
    if (!build_plugin(s, v, PLUGIN_OBJECTIVE, path, NULL, &x->objective)) return;
    for (size_t i = 0; i < x->n_routers; i++) {
        pm_err err = PM_ERR_INIT;
        const plugin_entry *emitter = x->router[i].at.plugin;
        if (emitter && objective_accepts(x->objective.plugin, emitter, &err) != PM_OK)
            complain(&s->wrong, v->where, "%s", err_text(&err));
    }
    bool has_budget = false;
    for (size_t i = 0; i < x->n_constraints; i++) {
        pm_err err = PM_ERR_INIT;
        const constraint_choice *k = &x->constraint[i];
        has_budget |= k->sense == PM_BUDGET;
        if (k->at.plugin && k->at.label && k->sense &&
            objective_takes(x->objective.plugin, k->at.label, k->sense, s->env->registry, &err))
            complain(&s->wrong, k->at.where, "%s", err_text(&err));
    }
    objective_warn(x->objective.plugin, v->where, has_budget);
}

static void build_embedder(script *s, const node *v, experiment *x)
{
    if (!v || (v->kind == NODE_FLAG && !v->flag)) return; /* embedder = false: none */
    if (v->kind == NODE_TEXT && strcmp(v->text, "given") == 0) {
        x->given_vectors = true;
        if (x->corpus)
            complain(&s->wrong, v->where, "embedder = \"given\": a corpus brings no vectors");
        return;
    }
    if (!node_is(v, "embedder")) {
        complain(&s->wrong, v->where,
                 "embedder = %s; want pm.embedder \"name\" { ... }, \"given\" (the vectors of the "
                 "data's embeddings.npy) or false",
                 node_show(v, s->a));
        return;
    }
    s->wants_embedder = true;
    plugin_choice *e = arena_alloc(s->a, 1, sizeof *e);
    const char *path = v->name ? bind_text(s->a, "embedder \"%.80s\"", v->name) : "embedder";
    if (e && build_plugin(s, v, PLUGIN_EMBEDDER, path, NULL, e)) x->embed = e;
}

/* Given vectors must be there: those of the data, and those of other data that routers learn from. */
static void check_vectors(script *s, const node *v, const experiment *x)
{
    static const char name[] = "embeddings.npy";
    if (!x->given_vectors || x->corpus) return;
    const char *file = x->data_dir ? io_join(s->a, x->data_dir, name) : NULL;
    if (file && !io_exists(file))
        complain(
            &s->wrong, v->where,
            "embedder = \"given\": %s holds no %s; want a vector for each prompt (`pointsman data "
            "convert --from embeddings` makes it), or pm.embedder \"name\" { ... }",
            x->data_dir, name);
    for (size_t k = 0; k < x->n_also; k++) {
        file = x->also[k].dir ? io_join(s->a, x->also[k].dir, name) : NULL;
        if (file && !io_exists(file))
            complain(
                &s->wrong, x->also[k].where,
                "also.%.80s: %s holds no %s, and embedder = \"given\" wants a vector for each of "
                "its prompts too",
                x->also[k].label, x->also[k].dir, name);
    }
}

static void build_backend(script *s, const node *v, experiment *x)
{
    if (!node_is(v, "backend")) return;
    if (x->corpus) {
        complain(&s->wrong, v->where,
                 "backend: over a corpus every expert has its own: pm.expert { backend = "
                 "pm.backend \"name\" { ... }, learns = pm.mix { ... } }");
        return;
    }
    plugin_choice *b = arena_alloc(s->a, 1, sizeof *b);
    const char *path = v->name ? bind_text(s->a, "backend \"%.80s\"", v->name) : "backend";
    if (b && build_plugin(s, v, PLUGIN_BACKEND, path, NULL, b)) x->backend = b;
}

static void check_measure(script *s, const node *v, const experiment *x)
{
    const node *measure = node_field(v, "measure");
    if (!x->of_battles) return;
    if (x->corpus)
        complain(&s->wrong, measure->where,
                 "measure = \"battles\": a corpus has no battles; want pm.dataset");
    if (x->backend)
        complain(&s->wrong, measure->where,
                 "measure = \"battles\": battles are recorded, so there is nothing for a backend");
    if (node_field(v, "pair"))
        complain(&s->wrong, measure->where,
                 "measure = \"battles\": a pair is measured on outcomes; leave it out");
    if (node_field(v, "train_sizes"))
        complain(&s->wrong, measure->where,
                 "measure = \"battles\": train_sizes is measured on outcomes; leave it out");
}

/* flags = "error" | "warn": prompts of the data may weigh soft constraints. */
static void build_flags(script *s, const node *v, experiment *x)
{
    const node *f = node_field(v, "flags");
    if (!f || f->kind != NODE_TEXT || !flag_policy_find(f->text, &x->flags)) return; /* told */
    if (x->corpus)
        complain(&s->wrong, f->where,
                 "flags = \"%s\": the prompts of a corpus are cut from documents, nobody typed "
                 "flags; want pm.dataset",
                 f->text);
    bool soft = false;
    for (size_t k = 0; k < x->n_constraints; k++) soft |= x->constraint[k].sense == PM_SOFT;
    if (!soft)
        complain(&s->wrong, f->where,
                 "flags = \"%s\": flags weigh soft constraints, and there are none", f->text);
}

static void find_scripted(experiment *x)
{
    x->is_scripted = x->objective.plugin && x->objective.plugin->is_scripted;
    for (size_t i = 0; i < x->n_routers; i++)
        if (x->router[i].at.plugin) x->is_scripted |= x->router[i].at.plugin->is_scripted;
    for (size_t i = 0; i < x->n_constraints; i++)
        if (x->constraint[i].at.plugin) x->is_scripted |= x->constraint[i].at.plugin->is_scripted;
}

static const schema_row *rows(void)
{
    static const char *const router_nouns[] = {"router", "router_fn", NULL};
    static const char *const constraint_nouns[] = {"constraint", "constraint_fn", NULL};
    static const char *const objective_nouns[] = {"objective", "objective_fn", NULL};
    static const char *const backend_nouns[] = {"backend", NULL};
    static const char *const ablation_nouns[] = {"ablation", NULL};
    static const char *const policies[] = {"error", "warn", NULL};
    static const char *const measures[] = {"outcomes", "battles", NULL};
    static const schema_row all[] = {
        {"name", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"asks", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"seeds", WANT_WHOLES, 0, SEED_TOP, NULL, false, NULL},
        {"data", WANT_ANY, 0, 0, NULL, true,
         "pm.dataset \"path\" { ... } or pm.corpus \"name\" { ... }"},
        {"also", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"split", WANT_ANY, 0, 0, NULL, false, NULL},
        {"library", WANT_ANY, 0, 0, NULL, false, NULL},
        {"routers", WANT_NOUNS, 0, 0, router_nouns, true, "a list of pm.router \"name\" { ... }"},
        {"constraints", WANT_NOUNS, 0, 0, constraint_nouns, false, NULL},
        {"on_infeasible", WANT_ANY, 0, 0, NULL, false, NULL},
        {"ablation", WANT_NOUN, 0, 0, ablation_nouns, false, NULL},
        {"objective", WANT_NOUN, 0, 0, objective_nouns, true, "pm.objective \"name\" { ... }"},
        {"backend", WANT_NOUN, 0, 0, backend_nouns, false, NULL},
        {"embedder", WANT_ANY, 0, 0, NULL, false, NULL},
        {"bootstrap", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"delta", WANT_NUMBER, 0, 1, NULL, false, NULL},
        {"pair", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"stream", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"decontaminate", WANT_NUMBER, 0, 1, NULL, false, NULL},
        {"rival", WANT_ANY, 0, 0, NULL, false, NULL},
        {"measure", WANT_WORD, 0, 0, measures, false, NULL},
        {"flags", WANT_WORD, 0, 0, policies, false, NULL},
        {"reference", WANT_FLAG, 0, 0, NULL, false, NULL},
        {"train_sizes", WANT_ANY, 0, 0, NULL, false, NULL},
        {"size", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"sizes", WANT_TABLE, 0, 0, NULL, false, NULL},
        SCHEMA_END};
    return all;
}

void build_experiment(script *s, const node *v)
{
    experiment *x = &s->x;
    if (!node_is(v, "experiment")) {
        complain(&s->wrong, v->where, "returns %s; want pm.experiment { ... }", node_show(v, s->a));
        return;
    }
    if (!schema_shape(&s->wrong, v, "experiment", NAME_NEVER)) return;
    schema_check(&s->wrong, v, "", rows(), false);
    build_name(s, v, x);
    x->asks = schema_text(v, "asks", "");
    const node *seeds = node_field(v, "seeds");
    if (!seeds || s->options.has_seed || seeds->kind == NODE_TABLE || seeds->kind == NODE_NUMBER)
        build_seeds(s, v, x);
    const node *data = node_field(v, "data"), *constraints = node_field(v, "constraints");
    const node *models = node_is(data, "dataset") ? node_field(data, "models") : NULL;
    build_data(s, data, x);
    build_split(s, v, x);
    build_library(s, node_field(v, "library"), models && models->kind == NODE_TABLE ? models : NULL,
                  x);
    build_embedder(s, node_field(v, "embedder"), x);
    build_also(s, node_field(v, "also"), x);
    build_routers(s, node_field(v, "routers"), x);
    const node *measure = node_field(v, "measure");
    x->of_battles = measure && measure->kind == NODE_TEXT && strcmp(measure->text, "battles") == 0;
    build_rivals(s, v, x);
    build_pair(s, v, x);
    if (constraints && constraints->kind == NODE_TABLE && !constraints->noun) {
        build_constraints(s, constraints, x);
        for (size_t i = 0; i < x->n_constraints; i++) {
            const plugin_choice *at = &x->constraint[i].at;
            if (!at->plugin || !at->params ||
                !constraint_would_be_per_prompt(at->plugin, at->params))
                continue;
            check_needs(s, at, at->plugin->type.constraint->needs,
                        schema_item_path(s->a, "constraints", i, at->plugin->name), x);
        }
    }
    build_infeasible(s, node_field(v, "on_infeasible"), x);
    build_ablation(s, node_field(v, "ablation"), x);
    build_flags(s, v, x);
    build_objective(s, node_field(v, "objective"), x);
    build_stream(s, node_field(v, "stream"), x);
    build_backend(s, node_field(v, "backend"), x);
    build_train_sizes(s, node_field(v, "train_sizes"), x);
    build_sizes(s, node_field(v, "sizes"), rows());
    check_measure(s, v, x);
    build_bootstrap(s, node_field(v, "bootstrap"), x);
    x->delta = schema_number(v, "delta", 0.02);
    find_scripted(x);
    build_absent(s, x);
    check_vectors(s, node_field(v, "embedder"), x);
}
