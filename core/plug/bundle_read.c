/* SPDX-License-Identifier: MIT
 *
 * Opening a bundle: bundle.json is verified against its own hash, every checkpoint against the digest that
 * bundle.json records; plugins are found by name.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "plug/bundle.h"
#include "plug/bundle_file.h"
#include "plug/infeasible.h"

#define BUNDLE_MAX_JSON  ((size_t)64 << 20)
#define BUNDLE_MAX_TERMS 64

struct bundle {
    arena *a;
    const char *dir;
    library lib;
    bundle_info info;
    pipeline p;
    router *route;
    embedder *embed;
    objective *decide;
    constraint *term[BUNDLE_MAX_TERMS];
    str warning, changed;
};

static const char head[] = "{\"__metadata__\":{\"sha256\":\"";

pm_status bundle_digest(const char *path, char hex[65], pm_err *err)
{
    char bytes[8 + sizeof head - 1 + 64];
    FILE *f = fopen(path, "rb");
    if (!f) return err_set(err, PM_E_IO, "%s: cannot be opened; the bundle is incomplete", path);
    size_t got = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (got != sizeof bytes || memcmp(bytes + 8, head, sizeof head - 1) != 0)
        return err_set(err, PM_E_FORMAT, "%s: is not a checkpoint (no digest in its head)", path);
    memcpy(hex, bytes + 8 + sizeof head - 1, 64);
    hex[64] = '\0';
    return PM_OK;
}

/* bundle.json as text, its own hash checked. */
static pm_status read_manifest(bundle *b, const json **out, pm_err *err)
{
    char *path = io_join(b->a, b->dir, "bundle.json");
    if (!path) return err_set(err, PM_E_MEMORY, "out of memory");
    if (!io_exists(path))
        return err_set(
            err, PM_E_IO,
            "is not a bundle: %s; want a folder that holds bundle.json, as `pointsman run` "
            "writes them",
            io_is_dir(b->dir)   ? "there is no bundle.json in it"
            : io_exists(b->dir) ? "it is a file"
                                : "there is no such folder");
    char want[65] = "", found[65];
    str text = STR_INIT;
    pm_status st = io_read(path, BUNDLE_MAX_JSON, &text, err);
    if (st) return st;
    if (text.len < BUNDLE_SHA_AT + 66 || strncmp(text.at, "{\"sha256\":\"", BUNDLE_SHA_AT) != 0) {
        st = err_set(err, PM_E_FORMAT,
                     "%s: does not begin with its sha256; not a bundle or damaged", path);
    } else {
        memcpy(want, text.at + BUNDLE_SHA_AT, 64);
        memset(text.at + BUNDLE_SHA_AT, '0', 64);
        sha256_of(text.at, text.len, found);
        if (strcmp(want, found) != 0)
            st = err_set(err, PM_E_FORMAT,
                         "%s: damaged or edited: sha256 is %.12s..., recorded %.12s...", path,
                         found, want);
        else
            st = json_parse(text.at, text.len, b->a, out, err);
    }
    str_close(&text);
    return st;
}

static pm_status check_format(const bundle *b, const json *j, pm_err *err)
{
    if (strcmp(json_text(j, "format", ""), BUNDLE_FORMAT) != 0)
        return err_set(err, PM_E_FORMAT, "%s/bundle.json: format is not " BUNDLE_FORMAT, b->dir);
    int version = (int)json_number(j, "version", 0);
    if (version != BUNDLE_VERSION)
        return err_set(err, PM_E_FORMAT,
                       "%s/bundle.json: version %d; this program reads version %d", b->dir, version,
                       BUNDLE_VERSION);
    return PM_OK;
}

/* The path of an instance's checkpoint, digest compared with the recorded one. */
static pm_status instance_path(bundle *b, const json *part, char **path, pm_err *err)
{
    const char *file = json_text(part, "file", "");
    char digest[65];
    if (!*file || strchr(file, '/') || file[0] == '.')
        return err_set(err, PM_E_FORMAT, "%s/bundle.json: bad file name '%s'", b->dir, file);
    *path = io_join(b->a, b->dir, file);
    if (!*path) return err_set(err, PM_E_MEMORY, "out of memory");
    pm_status st = bundle_digest(*path, digest, err);
    if (st) return st;
    if (strcmp(digest, json_text(part, "digest", "")) != 0)
        return err_set(err, PM_E_FORMAT, "%s: is another checkpoint than bundle.json records",
                       *path);
    return PM_OK;
}

/* A plugin rebuilt since the run is allowed but said; what became of a script's functions is the caller's to
 * allow. */
static void compare_plugin(bundle *b, const json *part, const plugin_entry *plugin)
{
    if (strcmp(json_text(part, "plugin_sha256", ""), plugin_entry_sha256(plugin)) == 0) return;
    if (plugin->is_scripted) {
        str_printf(&b->changed, "%sthe functions of \"%s\" have changed since the run (%s)",
                   b->changed.len ? "; " : "", plugin->name, plugin->file);
        return;
    }
    str_printf(&b->warning, "%splugin %s is not the build that was measured (%s)",
               b->warning.len ? "; " : "", plugin->name, plugin->file);
}

static pm_status load_instances(bundle *b, call_ctx *c, const json *j, pm_err *err)
{
    const json *part = json_get(j, "router");
    char *path;
    pm_status st = instance_path(b, part, &path, err);
    if (!st) st = router_load(c, path, &b->route, err);
    if (st) return st;
    compare_plugin(b, part, router_plugin(b->route));
    part = json_get(j, "objective");
    st = instance_path(b, part, &path, err);
    if (!st) st = objective_load(c, path, &b->decide, err);
    if (st) return st;
    compare_plugin(b, part, objective_plugin(b->decide));
    part = json_get(j, "embedder");
    if (!part || part->kind == JSON_NULL) return PM_OK;
    st = instance_path(b, part, &path, err);
    if (!st) st = embedder_load(c, path, &b->embed, err);
    if (!st) compare_plugin(b, part, embedder_plugin(b->embed));
    return st;
}

static pm_status read_sense(const bundle *b, const char *text, pm_sense *out, pm_err *err)
{
    if (!strcmp(text, "soft"))
        *out = PM_SOFT;
    else if (!strcmp(text, "hard"))
        *out = PM_HARD;
    else if (!strcmp(text, "budget"))
        *out = PM_BUDGET;
    else
        return err_set(err, PM_E_FORMAT, "%s/bundle.json: unknown sense '%s'", b->dir, text);
    return PM_OK;
}

static pm_status read_phrases(bundle *b, const json *part, const pm_phrase **out, pm_err *err)
{
    const json *list = json_get(part, "phrases");
    *out = NULL;
    if (!list || list->kind == JSON_NULL) return PM_OK;
    if (list->kind != JSON_OBJECT)
        return err_set(err, PM_E_FORMAT,
                       "%s/bundle.json: phrases of \"%.80s\": want {words: weight}", b->dir,
                       json_text(part, "name", ""));
    pm_phrase *all = arena_alloc(b->a, list->n + 1, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "out of memory");
    size_t k = 0;
    for (const json *one = list->child; one; one = one->next) {
        if (one->kind != JSON_NUMBER)
            return err_set(err, PM_E_FORMAT,
                           "%s/bundle.json: phrase \"%.80s\": want a number as weight", b->dir,
                           one->key);
        all[k++] = (pm_phrase){one->key, one->number};
    }
    *out = all;
    return PM_OK;
}

/* A soft constraint has a weight, the others a bound: none is made up. */
static pm_status read_numbers(const bundle *b, const json *part, pipeline_term *t, pm_err *err)
{
    const char *key = t->sense == PM_SOFT ? "weight" : "bound";
    const pm_constraint_type *d = constraint_plugin(t->k)->type.constraint;
    bool is_signed = PM_HAS(d, signed_weight) && d->signed_weight;
    const json *v = json_get(part, key);
    t->weight = json_number(part, "weight", 0);
    t->bound = json_number(part, "bound", INFINITY);
    bool ok = v && v->kind == JSON_NUMBER && isfinite(v->number);
    if (ok && t->sense == PM_SOFT)
        ok = fabs(v->number) <= (double)FLT_MAX && (v->number >= 0 || is_signed);
    if (ok) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s/bundle.json: constraint \"%.80s\": bad or missing %s",
                   b->dir, t->name, key);
}

static pm_status load_terms(bundle *b, call_ctx *c, const json *j, pm_err *err)
{
    const json *list = json_get(j, "constraints");
    size_t n = list ? list->n : 0;
    if (n > BUNDLE_MAX_TERMS)
        return err_set(err, PM_E_FORMAT, "%s/bundle.json: %zu constraints; at most %d are allowed",
                       b->dir, n, BUNDLE_MAX_TERMS);
    pipeline_term *term = arena_alloc(b->a, n ? n : 1, sizeof *term);
    const pm_phrase **phrases = arena_alloc(b->a, n + 1, sizeof *phrases);
    if (!term || !phrases) return err_set(err, PM_E_MEMORY, "out of memory");
    size_t k = 0;
    for (const json *part = list ? list->child : NULL; part; part = part->next, k++) {
        char *path;
        pm_status st = instance_path(b, part, &path, err);
        if (!st) st = constraint_load(c, path, &b->term[k], err);
        if (!st) st = read_sense(b, json_text(part, "sense", ""), &term[k].sense, err);
        if (!st) st = read_phrases(b, part, &phrases[k], err);
        if (st) return st;
        compare_plugin(b, part, constraint_plugin(b->term[k]));
        term[k].name = json_text(part, "name", "");
        term[k].k = b->term[k];
        if ((st = read_numbers(b, part, &term[k], err))) return st;
    }
    b->p.term = term;
    b->p.phrases = phrases;
    b->p.n_terms = n;
    return PM_OK;
}

static pm_status read_relax(bundle *b, const json *list, pm_err *err)
{
    size_t *order = arena_alloc(b->a, list->n + 1, sizeof *order), n = 0;
    if (!order) return err_set(err, PM_E_MEMORY, "out of memory");
    for (const json *v = list->child; v; v = v->next, n++) {
        size_t k = infeasible_find(&b->p, v->kind == JSON_STRING ? v->text : "", err);
        if (k == SIZE_MAX) return err_wrap(err, PM_E_FORMAT, "%s/bundle.json", b->dir);
        order[n] = k;
    }
    b->p.infeasible = (pipeline_infeasible){INFEASIBLE_RELAX, order, n, NULL};
    return PM_OK;
}

static pm_status read_infeasible(bundle *b, const json *j, pm_err *err)
{
    const json *how = json_get(j, "on_infeasible");
    if (!how || how->kind == JSON_NULL) return PM_OK;
    const json *relax = json_get(how, "relax");
    const char *fallback = json_text(how, "fallback", NULL);
    if (relax && relax->kind == JSON_ARRAY) return read_relax(b, relax, err);
    if (!fallback || library_find(&b->lib.view, fallback) == SIZE_MAX)
        return err_set(err, PM_E_FORMAT,
                       "%s/bundle.json: on_infeasible: want {\"relax\": [names]} or "
                       "{\"fallback\": an expert of the library}",
                       b->dir);
    b->p.infeasible.policy = INFEASIBLE_FALLBACK;
    b->p.infeasible.fallback = fallback;
    return PM_OK;
}

static pm_status read_floats(bundle *b, const json *j, const char *key, const float **out,
                             pm_err *err)
{
    const json *list = json_get(j, key);
    *out = NULL;
    if (!list || list->kind == JSON_NULL) return PM_OK;
    if (list->kind != JSON_ARRAY || list->n != b->lib.view.n)
        return err_set(err, PM_E_FORMAT, "%s/bundle.json: %s has %zu numbers for %zu experts",
                       b->dir, key, list->n, b->lib.view.n);
    float *v = arena_alloc(b->a, list->n, sizeof *v);
    if (!v) return err_set(err, PM_E_MEMORY, "out of memory");
    size_t i = 0;
    for (const json *x = list->child; x; x = x->next)
        v[i++] = x->kind == JSON_NUMBER ? (float)x->number : NAN;
    *out = v;
    return PM_OK;
}

static pm_status read_vectors(bundle *b, const json *j, pm_err *err)
{
    const json *part = json_get(j, "vectors");
    if (!part || part->kind == JSON_NULL) return PM_OK;
    double dim = json_number(part, "dim", 0);
    if (strcmp(json_text(part, "from", ""), "given") != 0 || !(dim >= 1 && dim <= 4294967295.0) ||
        floor(dim) != dim || b->embed)
        return err_set(err, PM_E_FORMAT,
                       "%s/bundle.json: vectors: want {\"from\": \"given\", \"dim\": N} and no "
                       "embedder",
                       b->dir);
    b->p.given_dim = (size_t)dim;
    return PM_OK;
}

static pm_status read_about(bundle *b, const json *j, pm_err *err)
{
    const json *given = json_get(j, "flags");
    bool is_off = !given || given->kind == JSON_NULL;
    const char *policy = is_off ? "off" : json_text(j, "flags", "");
    bundle_info *i = &b->info;
    i->experiment = json_text(j, "experiment", "");
    i->label = json_text(j, "label", "");
    i->data_hash = json_text(j, "data_hash", "");
    i->split_hash = json_text(j, "split_hash", "");
    i->script = json_text(j, "script", "");
    i->script_sha256 = json_text(j, "script_sha256", "");
    i->seed = strtoull(json_text(j, "seed", "0"), NULL, 10);
    i->is_scripted = json_flag(j, "is_scripted", false);
    if (flag_policy_find(policy, &i->flags)) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s/bundle.json: unknown flags '%s'", b->dir, policy);
}

static pm_status fill(bundle *b, call_ctx *c, pm_err *err)
{
    const json *j;
    pm_status st = read_manifest(b, &j, err);
    if (!st) st = check_format(b, j, err);
    if (st) return st;
    if ((st = read_about(b, j, err))) return st;
    const json *lib = json_get(j, "library");
    if (!lib) return err_set(err, PM_E_FORMAT, "%s/bundle.json: holds no library", b->dir);
    if ((st = library_from_json(lib, json_text(lib, "name", "bundle"), b->a, &b->lib, err)))
        return st;
    if ((st = load_instances(b, c, j, err))) return st;
    if ((st = read_vectors(b, j, err))) return st;
    if ((st = load_terms(b, c, j, err))) return st;
    if ((st = read_infeasible(b, j, err))) return st;
    if ((st = read_floats(b, j, "prior", &b->p.prior, err))) return st;
    if ((st = read_floats(b, j, "cost_mean", &b->p.cost_mean, err))) return st;
    b->p.embed = b->embed;
    b->p.route = b->route;
    b->p.decide = b->decide;
    b->p.lib = &b->lib.view;
    b->p.explain = true;
    return PM_OK;
}

/* Bundles hold no code: what to say where the functions of the script are not there. */
static pm_status lacks_script(const bundle *b, const registry *r, pm_status st, pm_err *err)
{
    if (st != PM_E_UNSUPPORTED || !b->info.is_scripted) return st;
    for (size_t i = 0; r && i < registry_count(r); i++)
        if (!registry_at(r, i)->file) return st; /* functions are there, other ones */
    return err_set(err, st,
                   "is made of Lua functions: give `pointsman route` --script FILE (recorded: %s)",
                   b->info.script);
}

pm_status bundle_open(call_ctx *c, const char *dir, bundle **out, pm_err *err)
{
    arena *a = arena_open(0);
    bundle *b = a ? arena_alloc(a, 1, sizeof *b) : NULL;
    *out = NULL;
    if (!b) {
        arena_close(a);
        return err_set(err, PM_E_MEMORY, "%s: out of memory", dir);
    }
    b->a = a;
    b->dir = arena_strdup(a, dir);
    pm_status st = fill(b, c, err);
    st = lacks_script(b, call_ctx_env(c)->registry, st, err);
    if (st) {
        bundle_close(b);
        return err_wrap(err, st, "bundle %s", dir);
    }
    *out = b;
    return PM_OK;
}

void bundle_close(bundle *b)
{
    if (!b) return;
    for (size_t k = 0; k < BUNDLE_MAX_TERMS; k++)
        if (b->term[k]) constraint_close(b->term[k]);
    if (b->decide) objective_close(b->decide);
    if (b->route) router_close(b->route);
    if (b->embed) embedder_close(b->embed);
    str_close(&b->warning);
    str_close(&b->changed);
    arena_close(b->a);
}

const pipeline *bundle_pipeline(const bundle *b)
{
    return &b->p;
}
const library *bundle_library(const bundle *b)
{
    return &b->lib;
}
const bundle_info *bundle_about(const bundle *b)
{
    return &b->info;
}
const char *bundle_warning(const bundle *b)
{
    return b->warning.len ? str_text(&b->warning) : NULL;
}

const char *bundle_changed(const bundle *b)
{
    return b->changed.len ? str_text(&b->changed) : NULL;
}

static const float *pick(arena *a, const float *v, const size_t *col, size_t n)
{
    float *out = v ? arena_alloc(a, n, sizeof *out) : NULL;
    for (size_t j = 0; out && j < n; j++) out[j] = v[col[j]];
    return out;
}

pm_status bundle_serve_only(bundle *b, const char *const *ids, size_t n, pm_err *err)
{
    size_t *col = arena_alloc(b->a, n ? n : 1, sizeof *col);
    const pm_expert **expert = arena_alloc(b->a, n ? n : 1, sizeof *expert);
    if (!col || !expert) return err_set(err, PM_E_MEMORY, "out of memory");
    if (n == 0) return err_set(err, PM_E_ARG, "no expert is left to serve");
    for (size_t j = 0; j < n; j++) {
        col[j] = library_find(&b->lib.view, ids[j]);
        if (col[j] == SIZE_MAX)
            return err_set(err, PM_E_ARG, "the bundle's library does not hold expert '%s'", ids[j]);
        for (size_t i = 0; i < j; i++)
            if (col[i] == col[j])
                return err_set(err, PM_E_ARG, "expert '%s' is named twice", ids[j]);
        expert[j] = b->lib.view.expert[col[j]];
    }
    b->lib.view.expert = expert;
    b->lib.view.n = n;
    b->p.prior = pick(b->a, b->p.prior, col, n);
    b->p.cost_mean = pick(b->a, b->p.cost_mean, col, n);
    return PM_OK;
}
