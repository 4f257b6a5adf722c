/* SPDX-License-Identifier: MIT
 *
 * Running an experiment from data to rows.  The order of work is the same whatever the threads, and every
 * expensive piece is a job of the store, so a run that was stopped goes on where it was.
 */
#include "eval/experiment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"

#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "eval/ablation.h"
#include "eval/experiment_private.h"

/* ---- before any compute ---- */

bool exp_wants(const exp_run *r, const router_choice *c)
{
    return !r->o->only || strcmp(r->o->only, c->at.label) == 0;
}

static pm_status check_only(const experiment *x, const char *only, pm_err *err)
{
    if (!only) return PM_OK;
    const char *label[64];
    size_t n = 0;
    for (size_t k = 0; k < x->n_routers; k++) {
        if (strcmp(x->router[k].at.label, only) == 0) return PM_OK;
        if (n < sizeof label / sizeof label[0]) label[n++] = x->router[k].at.label;
    }
    const char *near = str_suggest(only, label, n);
    return err_set(err, PM_E_ARG, "no router \"%s\" among %zu in %s%s%s%s", only, x->n_routers,
                   x->name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* What needs outcomes cannot be asked of battles. */
static pm_status check_battles(const experiment *x, pm_err *err)
{
    const char *with = !x->of_battles     ? NULL
                       : x->corpus        ? "a corpus"
                       : x->backend       ? "a backend"
                       : x->n_train_sizes ? "train_sizes"
                       : x->strong        ? "a pair"
                                          : NULL;
    return with ? err_set(err, PM_E_ARG,
                          "%s: measured on recorded battles, which %s does not go with", x->name,
                          with)
                : PM_OK;
}

/* Every constraint is of a sense that the objective deals with. */
static pm_status check_senses(const experiment *x, pm_err *err)
{
    const plugin_entry *o = x->objective.plugin;
    bool has_budget = false;
    for (size_t k = 0; k < x->n_constraints; k++) {
        const constraint_choice *c = &x->constraint[k];
        pm_status s = objective_takes(o, c->at.label, c->sense, NULL, err);
        if (s) return err_wrap(err, s, "%s", c->at.where ? c->at.where : x->name);
        has_budget |= c->sense == PM_BUDGET;
    }
    objective_warn(o, x->objective.where ? x->objective.where : x->name, has_budget);
    return PM_OK;
}

pm_status exp_check(const experiment *x, const run_options *o, pm_err *err)
{
    pm_status fits = check_battles(x, err);
    if (!fits) fits = check_senses(x, err);
    if (fits) return fits;
    for (size_t k = 0; k < x->n_seeds && x->split.by == SPLIT_FOLD; k++)
        if (x->seed[k] == 0)
            return err_set(err, PM_E_ARG,
                           "%s: seed 0 names no fold; seed s tests fold (s - 1) mod %u, so seeds "
                           "count from 1",
                           x->name, x->split.folds);
    if (x->n_seeds == 0)
        return err_set(err, PM_E_ARG, "%s has no seed; want at least one", x->name);
    for (size_t k = 0; k < x->n_routers; k++) {
        const router_choice *c = &x->router[k];
        pm_status s = objective_accepts(x->objective.plugin, c->at.plugin, err);
        if (s) return err_wrap(err, s, "%s", c->at.where ? c->at.where : x->name);
        if (c->n_candidates > 1 && !(x->split.tune > 0))
            return err_set(err, PM_E_ARG,
                           "%s: router \"%s\" has %zu candidates, and the split has no tuning part "
                           "to choose on; want split.tune > 0",
                           c->at.where ? c->at.where : x->name, c->at.label, c->n_candidates);
        if (!x->embed && !x->given_vectors &&
            (c->at.plugin->type.router->needs &
             (PM_NEEDS_EMBED | PM_NEEDS_SPARSE | PM_NEEDS_EMBED_OR_SPARSE)))
            return err_set(err, PM_E_ARG,
                           "%s: router \"%s\" needs an embedder; want embed = "
                           "pm.embedder ...",
                           c->at.where ? c->at.where : x->name, c->at.label);
        if (x->given_vectors && (c->at.plugin->type.router->needs & PM_NEEDS_SPARSE))
            return err_set(
                err, PM_E_ARG,
                "%s: router \"%s\" needs word features, which given vectors are not; want "
                "an embedder that makes them",
                c->at.where ? c->at.where : x->name, c->at.label);
        for (size_t e = 0; e < k; e++)
            if (strcmp(x->router[e].at.label, c->at.label) == 0)
                return err_set(err, PM_E_ARG,
                               "%s: two routers are called \"%s\"; give one another label",
                               c->at.where ? c->at.where : x->name, c->at.label);
    }
    for (size_t k = 0; k < x->n_seeds; k++)
        for (size_t e = 0; e < k; e++)
            if (x->seed[e] == x->seed[k])
                return err_set(err, PM_E_ARG, "%s: seed %llu is given twice", x->name,
                               (unsigned long long)x->seed[k]);
    return check_only(x, o->only, err);
}

/* ---- identity ---- */

static void put_router(const exp_run *r, const router_choice *c, str *out)
{
    size_t n = c->n_candidates > 1 ? c->n_candidates : 1;
    str_puts(out, "{\"label\":");
    str_json(out, c->at.label, strlen(c->at.label));
    str_printf(out, ",\"rival\":%s,\"candidates\":[", c->is_rival ? "true" : "false");
    for (size_t k = 0; k < n; k++) {
        str_puts(out, k ? "," : "");
        exp_plugin_json(n > 1 ? &c->candidate[k] : &c->at, out);
    }
    str_puts(out, "]");
    exp_learns_key(r, &c->at, out);
    str_puts(out, "}");
}

static void put_constraint(const constraint_choice *c, str *out)
{
    str_puts(out, "{\"label\":");
    str_json(out, c->at.label, strlen(c->at.label));
    str_puts(out, ",\"plugin\":");
    exp_plugin_json(&c->at, out);
    for (const pm_phrase *p = c->phrases; p && p->text; p++) {
        str_puts(out, p == c->phrases ? ",\"phrases\":[" : ",");
        str_json(out, p->text, strlen(p->text));
        str_puts(out, ",");
        str_number(out, p->weight);
        if (!p[1].text) str_puts(out, "]");
    }
    str_printf(out, ",\"sense\":%d,\"bound\":", (int)c->sense);
    str_number(out, c->bound);
    str_puts(out, ",\"weights\":[");
    for (size_t k = 0; k < c->n_weights; k++) {
        str_puts(out, k ? "," : "");
        str_number(out, c->weight[k]);
    }
    str_puts(out, "]}");
}

static void put_measuring(const exp_run *r, str *out)
{
    const experiment *x = r->x;
    str_printf(out, ",\"split\":{\"by\":%d,\"seed\":%llu,\"shares\":[", (int)x->split.by,
               (unsigned long long)x->split.seed);
    const double share[3] = {x->split.train, x->split.tune, x->split.test};
    for (int k = 0; k < 3; k++) {
        str_puts(out, k ? "," : "");
        str_number(out, share[k]);
    }
    str_puts(out, "]");
    if (x->split.by == SPLIT_FOLD) str_printf(out, ",\"folds\":%u", x->split.folds);
    str_puts(out, "},\"seeds\":[");
    for (size_t k = 0; k < x->n_seeds; k++)
        str_printf(out, "%s%llu", k ? "," : "", (unsigned long long)x->seed[k]);
    str_printf(out, "],\"bootstrap\":{\"resamples\":%zu,\"seed\":%llu,\"clustered\":%d,\"level\":",
               x->bootstrap.resamples, (unsigned long long)x->bootstrap.seed,
               x->bootstrap.clustered);
    str_number(out, x->bootstrap.level);
    str_puts(out, "},\"delta\":");
    str_number(out, x->delta);
    if (x->of_battles) str_puts(out, ",\"measure\":\"battles\"");
}

static void put_pair(const experiment *x, str *out)
{
    if (x->decontaminate > 0) {
        str_puts(out, ",\"decontaminate\":");
        str_number(out, x->decontaminate);
    }
    if (!x->strong || !x->weak) return;
    str_puts(out, ",\"pair\":[");
    str_json(out, x->strong, strlen(x->strong));
    str_puts(out, ",");
    str_json(out, x->weak, strlen(x->weak));
    for (size_t k = 0; k < x->n_published; k++) {
        str_puts(out, ",[");
        str_json(out, x->published[k].label, strlen(x->published[k].label));
        const double all[3] = {x->published[k].apgr, x->published[k].cpt50, x->published[k].cpt80};
        for (int e = 0; e < 3; e++) {
            str_puts(out, ",");
            str_number(out, all[e]);
        }
        str_puts(out, "]");
    }
    str_puts(out, "]");
}

static void put_stream(const experiment *x, str *out)
{
    if (!x->stream.is_given) return;
    str_puts(out, ",\"stream\":[");
    str_number(out, x->stream.prefix);
    str_printf(out, ",%zu,%llu]", x->stream.orders, (unsigned long long)x->stream.seed);
}

/* The key of a run hashes everything that its rows depend on, and nothing else. */
pm_status exp_run_key(exp_run *r, pm_err *err)
{
    const experiment *x = r->x;
    str text = STR_INIT;
    exp_key_begin(&text, "run");
    str_puts(&text, ",\"name\":");
    str_json(&text, x->name, strlen(x->name));
    str_printf(&text, ",\"data\":\"%s\",\"library\":\"%s\",\"embed\":", r->source.key,
               r->source.lib->revision_hex);
    exp_plugin_json(x->embed, &text);
    if (x->given_vectors) str_puts(&text, ",\"vectors\":\"given\"");
    put_measuring(r, &text);
    str_puts(&text, ",\"routers\":[");
    for (size_t k = 0, n = 0; k < x->n_routers; k++) {
        if (!exp_wants(r, &x->router[k])) continue;
        str_puts(&text, n++ ? "," : "");
        put_router(r, &x->router[k], &text);
    }
    str_puts(&text, "],\"constraints\":[");
    for (size_t k = 0; k < x->n_constraints; k++) {
        str_puts(&text, k ? "," : "");
        put_constraint(&x->constraint[k], &text);
    }
    str_puts(&text, "],\"rivals\":[");
    for (size_t k = 0; k < x->n_rivals; k++) {
        str_puts(&text, k ? "," : "");
        str_json(&text, x->rival[k], strlen(x->rival[k]));
    }
    str_puts(&text, "],\"objective\":");
    exp_plugin_json(&x->objective, &text);
    exp_infeasible_key(x, &text);
    if (x->flags != FLAGS_OFF) str_printf(&text, ",\"flags\":\"%s\"", flag_policy_name(x->flags));
    put_stream(x, &text);
    put_pair(x, &text);
    if (x->ablation) {
        str_puts(&text, ",\"ablation\":");
        ablation_json(x->ablation, &text);
    }
    return exp_key_end(&text, r->key, err);
}

/* ---- running ---- */

static size_t count_jobs(const exp_run *r)
{
    size_t per_seed = 1 + (r->x->embed ? 1 : 0);         /* the scores; the embedder */
    if (r->x->corpus) per_seed += 1 + r->x->lib->view.n; /* the draw; the experts */
    for (size_t k = 0; k < r->x->n_routers; k++) {
        size_t n = r->x->router[k].n_candidates;
        if (exp_wants(r, &r->x->router[k])) per_seed += n > 1 ? n + 1 : 1;
    }
    return (per_seed + exp_curve_jobs(r)) * r->x->n_seeds;
}

static pm_status begin(exp_run *r, pm_err *err)
{
    char started[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    str machine = STR_INIT, folder = STR_INIT;
    const compute *c = r->env.compute;
    str_puts(&machine, "{\"cpu\":");
    str_json(&machine, c->cpu.brand, strlen(c->cpu.brand));
    str_printf(&machine, ",\"kernels\":\"%s\",\"threads\":%d}", c->k->name, threads_count(c->pool));
    store_run run = {.key = r->key,
                     .name = r->x->name,
                     .script = r->x->script,
                     .script_sha256 = r->x->script_sha256,
                     .spec_json = r->x->spec_json,
                     .data_hash = r->source.hash,
                     .version = PACKAGE_VERSION,
                     .machine_json = str_text(&machine),
                     .started = started};
    str_printf(&folder, "%s-%.8s", r->x->name, r->key);
    r->dir = io_join(r->a, io_join(r->a, r->o->out_dir, "runs"), str_text(&folder));
    pm_status s = r->dir && !folder.failed && !machine.failed ? store_begin_run(r->st, &run, err)
                                                              : err_set(err, PM_E_MEMORY, "run");
    if (!s) s = io_mkdir(r->dir, err);
    str_close(&machine);
    str_close(&folder);
    return s;
}

static pm_status put_rows(exp_run *r, seed_work *w, pm_err *err)
{
    if (r->x->of_battles) return exp_battle_rows(r, w, err);
    pm_status s = exp_rows(r, w, NULL, err);
    if (!s) s = exp_flag_rows(r, w, err);
    if (!s) s = exp_stream_rows(r, w, err);
    if (!s) s = exp_means(r, w, err);
    return s ? s : exp_pool(r, w, err);
}

/* A seed's features, predictions and models are gone before the next begins. */
static pm_status run_seed(exp_run *r, uint64_t seed, pm_err *err)
{
    seed_work w;
    arena *mine = arena_open(0);
    if (!mine) return err_set(err, PM_E_MEMORY, "seed %llu", (unsigned long long)seed);
    r->a = mine;
    w = (seed_work){.seed = seed};
    pm_status s = r->x->corpus ? exp_measure(r, seed, err) : PM_OK;
    if (!s) s = exp_seed_open(r, seed, &w, err);
    if (!s) s = exp_ceiling(r, &w, err);
    if (!s) s = exp_embed(r, &w, err);
    if (!s) s = exp_similarity(r, &w, err);
    if (!s) s = exp_train(r, &w, err);
    if (!s) exp_say(r, "decisions and intervals", 0);
    if (!s) s = exp_decide(r, &w, err);
    if (!s) s = exp_bundles(r, &w, err);
    if (!s) s = exp_curves(r, &w, err);
    if (!s) s = put_rows(r, &w, err);
    if (!s) s = exp_ablation_run(r, &w, err);
    if (!s) s = exp_cells(r, &w, err);
    if (!s) s = exp_step(r, "decisions and intervals", err);
    exp_seed_close(&w);
    arena_close(mine);
    r->a = r->keep;
    return s;
}

static pm_status run_all(exp_run *r, run_summary *out, double start, pm_err *err)
{
    exp_say(r, "data", 0);
    pm_status s = exp_load(r, err);
    if (!s) s = exp_load_also(r, err);
    if (!s) s = exp_find_pair(r, err);
    if (!s) s = exp_find_fallback(r, err);
    if (!s) s = exp_points(r, err);
    if (!s && !r->x->corpus) s = exp_try_constraints(r, err);
    if (!s) s = exp_run_key(r, err);
    if (!s) s = begin(r, err);
    if (s) return s;
    r->jobs_total = count_jobs(r);
    s = exp_about(r, err);
    if (!s) s = exp_about_also(r, err);
    if (!s) s = exp_about_flags(r, err);
    for (size_t k = 0; k < r->x->n_seeds && !s; k++) s = run_seed(r, r->x->seed[k], err);
    if (!s) s = exp_files(r, out, err);
    double seconds = exp_now() - start;
    if (!s)
        s = (r->jobs_done ? store_finish_run : store_refresh_run)(r->st, r->key, r->row, r->n_rows,
                                                                  seconds, err);
    else if (s != PM_E_CANCELED) {
        pm_err ignored = PM_ERR_INIT;
        if (store_fail_run(r->st, r->key, seconds, err_text(err), &ignored))
            log_line(LOG_WARN, "%s", err_text(&ignored));
    } else { /* it is taken up again */
        s = err_set(err, PM_E_CANCELED,
                    "interrupted (%zu jobs done, %zu taken from the store); finished jobs are "
                    "kept: the same command goes on from here",
                    r->jobs_done, r->jobs_reused);
    }
    *out = (run_summary){.key = arena_strdup(r->a, r->key),
                         .dir = r->dir,
                         .table = out->table,
                         .jobs_done = r->jobs_done,
                         .jobs_reused = r->jobs_reused,
                         .seconds = seconds};
    return s;
}

static pm_status open_run(exp_run *r, const plug_env *env, pm_err *err)
{
    exp_watch(r, env);
    pm_status s = io_mkdir(r->o->out_dir, err);
    if (!s) s = store_open(r->o->out_dir, &r->st, err);
    if (!s) s = call_ctx_open(&r->env, true, &r->call, err);
    if (!s) s = pipeline_ctx_open(&r->env, true, &r->pipe, err);
    return s;
}

pm_status exp_renew_call(exp_run *r, pm_err *err)
{
    call_ctx_close(r->call);
    r->call = NULL;
    return call_ctx_open(&r->env, true, &r->call, err);
}

void exp_run_close(exp_run *r)
{
    str_close(&r->history);
    str_close(&r->pair);
    str_close(&r->timings);
    exp_flags_close(r);
    pipeline_ctx_close(r->pipe);
    call_ctx_close(r->call);
    store_close(r->st);
}

pm_status exp_run_open(exp_run *r, const plug_env *env, pm_err *err)
{
    pm_status s = open_run(r, env, err);
    if (s) exp_run_close(r);
    return s;
}

pm_status experiment_run(const plug_env *env, const experiment *x, const run_options *o, arena *a,
                         run_summary *out, pm_err *err)
{
    double start = exp_now();
    exp_run r = {.x = x, .o = o, .keep = a, .a = a};
    *out = (run_summary){0};
    pm_status s = exp_check(x, o, err);
    if (!s) s = exp_run_open(&r, env, err);
    if (s) return s;
    s = run_all(&r, out, start, err);
    exp_run_close(&r);
    return s;
}
