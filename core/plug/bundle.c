/* SPDX-License-Identifier: MIT
 *
 * Writing a bundle: instances as checkpoints, everything else as bundle.json, in a temporary folder that is
 * renamed at the end.  Reading is bundle_read.c.
 */
#include "plug/bundle.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "plug/bundle_file.h"

typedef struct writer {
    call_ctx *c;
    arena *a;
    const char *dir; /* temporary */
    str json;
    pm_err *err;
} writer;

static const char *sense_name(pm_sense sense)
{
    return sense == PM_HARD ? "hard" : sense == PM_BUDGET ? "budget" : "soft";
}

static void put_key(writer *w, const char *key, bool first)
{
    str_puts(&w->json, first ? "" : ",");
    str_json(&w->json, key, strlen(key));
    str_puts(&w->json, ":");
}

static void put_text(writer *w, const char *key, const char *text)
{
    put_key(w, key, false);
    if (text)
        str_json(&w->json, text, strlen(text));
    else
        str_puts(&w->json, "null");
}

static void put_floats(writer *w, const char *key, const float *v, size_t n)
{
    put_key(w, key, false);
    if (!v) {
        str_puts(&w->json, "null");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        str_puts(&w->json, i ? "," : "[");
        str_number(&w->json, (double)v[i]);
    }
    str_puts(&w->json, n ? "]" : "[]");
}

/* Members of every instance: the file, the digest inside it, the plugin and its object's hash. */
static pm_status put_instance(writer *w, const char *file, const plugin_entry *plugin)
{
    char digest[65];
    pm_status st = bundle_digest(io_join(w->a, w->dir, file), digest, w->err);
    if (st) return st;
    str_puts(&w->json, "{\"file\":");
    str_json(&w->json, file, strlen(file));
    str_printf(&w->json, ",\"digest\":\"%s\",\"plugin\":\"%s\",\"plugin_sha256\":\"%s\"", digest,
               plugin->name, plugin_entry_sha256(plugin));
    return PM_OK;
}

static pm_status copy_file(const char *from, const char *to, pm_err *err)
{
    io_map m;
    pm_status st = io_map_open(from, &m, err);
    if (st) return st;
    st = io_write(to, m.at, m.len, err);
    io_map_close(&m);
    return st;
}

/* The checkpoint `from`, if there is one, appears as `name` in the folder. */
static pm_status adopt(writer *w, const char *from, const char *name, bool *adopted)
{
    *adopted = from != NULL;
    if (!from) return PM_OK;
    const char *to = io_join(w->a, w->dir, name);
    if (link(from, to) == 0) return PM_OK;
    return copy_file(from, to, w->err);
}

static pm_status write_router(writer *w, const router *r, const bundle_info *info)
{
    bool adopted;
    pm_status st = adopt(w, info->router_file, "router.safetensors", &adopted);
    if (!st && !adopted)
        st = router_save(r, w->c, io_join(w->a, w->dir, "router.safetensors"), w->err);
    if (st) return st;
    put_key(w, "router", false);
    st = put_instance(w, "router.safetensors", router_plugin(r));
    str_puts(&w->json, "}");
    return st;
}

/* The embedder, or how long the vectors are that prompts bring instead. */
static pm_status write_embedder(writer *w, const pipeline *p, const bundle_info *info)
{
    bool adopted;
    const embedder *e = p->embed;
    size_t given = p->given_dim;
    put_key(w, "embedder", false);
    if (!e) {
        str_puts(&w->json, "null");
        if (given) str_printf(&w->json, ",\"vectors\":{\"from\":\"given\",\"dim\":%zu}", given);
        return PM_OK;
    }
    pm_status st = adopt(w, info->embedder_file, "embedder.safetensors", &adopted);
    if (!st && !adopted)
        st = embedder_save(e, w->c, io_join(w->a, w->dir, "embedder.safetensors"), w->err);
    if (st) return st;
    st = put_instance(w, "embedder.safetensors", embedder_plugin(e));
    str_puts(&w->json, "}");
    return st;
}

static pm_status write_objective(writer *w, const objective *o)
{
    pm_status st = objective_save(o, w->c, io_join(w->a, w->dir, "objective.safetensors"), w->err);
    if (st) return st;
    put_key(w, "objective", false);
    st = put_instance(w, "objective.safetensors", objective_plugin(o));
    str_puts(&w->json, "}");
    return st;
}

/* Words of flags are kept where they count or are not the plugin's, so that another plugin does not change them. */
static void put_phrases(writer *w, const pipeline *p, size_t k, bool counts)
{
    const pm_phrase *given = p->phrases ? p->phrases[k] : NULL;
    if (!given && !counts) return;
    flag_term t =
        flag_term_of(p->term[k].name, constraint_plugin(p->term[k].k), p->term[k].sense, given);
    put_key(w, "phrases", false);
    str_puts(&w->json, "{");
    for (const pm_phrase *one = t.phrases; one && one->text; one++) {
        put_key(w, one->text, one == t.phrases);
        str_number(&w->json, one->weight);
    }
    str_puts(&w->json, "}");
}

static pm_status write_terms(writer *w, const pipeline *p, const bundle_info *info)
{
    put_key(w, "constraints", false);
    str_puts(&w->json, "[");
    for (size_t k = 0; k < p->n_terms; k++) {
        const pipeline_term *t = &p->term[k];
        char file[64];
        snprintf(file, sizeof file, "constraint-%zu.safetensors", k + 1);
        pm_status st = constraint_save(t->k, w->c, io_join(w->a, w->dir, file), w->err);
        if (st) return st;
        str_puts(&w->json, k ? "," : "");
        st = put_instance(w, file, constraint_plugin(t->k));
        if (st) return st;
        put_text(w, "name", t->name);
        put_text(w, "sense", sense_name(t->sense));
        put_key(w, "weight", false);
        str_number(&w->json, t->weight);
        put_key(w, "bound", false);
        str_number(&w->json, isfinite(t->bound) ? t->bound : (double)NAN);
        put_phrases(w, p, k, info->flags != FLAGS_OFF);
        str_puts(&w->json, "}");
    }
    str_puts(&w->json, "]");
    return PM_OK;
}

/* Nothing where infeasible prompts are errors, as in bundles before there was a choice. */
static void write_infeasible(writer *w, const pipeline *p)
{
    const pipeline_infeasible *how = &p->infeasible;
    if (how->policy == INFEASIBLE_ERROR) return;
    put_key(w, "on_infeasible", false);
    if (how->policy == INFEASIBLE_FALLBACK) {
        str_puts(&w->json, "{\"fallback\":");
        str_json(&w->json, how->fallback, strlen(how->fallback));
    } else {
        str_puts(&w->json, "{\"relax\":[");
        for (size_t k = 0; k < how->n_relax; k++) {
            const char *name = p->term[how->relax[k]].name;
            str_puts(&w->json, k ? "," : "");
            str_json(&w->json, name, strlen(name));
        }
        str_puts(&w->json, "]");
    }
    str_puts(&w->json, "}");
}

static void write_about(writer *w, const bundle_info *info)
{
    put_text(w, "experiment", info->experiment);
    put_text(w, "label", info->label);
    put_text(w, "data_hash", info->data_hash);
    put_text(w, "split_hash", info->split_hash);
    put_text(w, "script", info->script);
    put_text(w, "script_sha256", info->script_sha256);
    str_printf(&w->json, ",\"seed\":\"%llu\",\"is_scripted\":%s", (unsigned long long)info->seed,
               info->is_scripted ? "true" : "false");
    if (info->flags != FLAGS_OFF) put_text(w, "flags", flag_policy_name(info->flags));
}

static pm_status write_parts(writer *w, const pipeline *p, const library *lib,
                             const bundle_info *info)
{
    char digest[65];
    pm_status st;
    str_printf(&w->json, "{\"sha256\":\"%064d\",\"format\":\"" BUNDLE_FORMAT "\",\"version\":%d", 0,
               BUNDLE_VERSION);
    write_about(w, info);
    put_key(w, "library", false);
    library_to_json(lib, &w->json);
    if ((st = write_router(w, p->route, info))) return st;
    if ((st = write_embedder(w, p, info))) return st;
    if ((st = write_objective(w, p->decide))) return st;
    if ((st = write_terms(w, p, info))) return st;
    write_infeasible(w, p);
    put_floats(w, "prior", p->prior, lib->view.n);
    put_floats(w, "cost_mean", p->cost_mean, lib->view.n);
    str_puts(&w->json, "}\n");
    if (w->json.failed) return err_set(w->err, PM_E_MEMORY, "bundle.json: out of memory");
    sha256_of(w->json.at, w->json.len, digest);
    memcpy(w->json.at + BUNDLE_SHA_AT, digest, 64);
    return io_write(io_join(w->a, w->dir, "bundle.json"), w->json.at, w->json.len, w->err);
}

/* Removes the files of a folder of ours, then the folder. */
static void remove_folder(arena *a, const char *dir)
{
    char **name;
    size_t n;
    if (io_list(dir, a, &name, &n, NULL)) return;
    for (size_t i = 0; i < n; i++) (void)remove(io_join(a, dir, name[i]));
    (void)rmdir(dir);
}

/* An earlier bundle of that name steps aside first; another process may put its own there meanwhile. */
static pm_status move_into_place(writer *w, const char *dir)
{
    str aside = STR_INIT;
    int why = 0;
    str_printf(&aside, "%s.old", w->dir);
    for (int tries = 0; tries < 16; tries++) {
        why = rename(w->dir, dir) ? errno : 0;
        if (why != ENOTEMPTY && why != EEXIST) break;
        if (rename(dir, str_text(&aside)) == 0) remove_folder(w->a, str_text(&aside));
    }
    str_close(&aside);
    if (!why) return PM_OK;
    return err_set(w->err, PM_E_IO, "%s: cannot move the bundle into place: %s", dir,
                   strerror(why));
}

pm_status bundle_write(const char *dir, call_ctx *c, const pipeline *p, const library *lib,
                       const bundle_info *info, pm_err *err)
{
    writer w = {.c = c, .a = arena_open(0), .json = STR_INIT, .err = err};
    str temporary = STR_INIT;
    if (!w.a) return err_set(err, PM_E_MEMORY, "bundle %s: out of memory", dir);
    str_printf(&temporary, "%s.tmp.%ld", dir, (long)getpid());
    w.dir = str_text(&temporary);
    remove_folder(w.a, w.dir);
    pm_status st = io_mkdir(w.dir, err);
    if (!st) st = write_parts(&w, p, lib, info);
    if (!st) st = move_into_place(&w, dir);
    if (st) {
        remove_folder(w.a, w.dir);
        st = err_wrap(err, st, "writing bundle %s", dir);
    }
    str_close(&w.json);
    str_close(&temporary);
    arena_close(w.a);
    return st;
}
