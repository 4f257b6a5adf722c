/* SPDX-License-Identifier: MIT
 *
 * Damage: the checkpoint of every plugin found, and every file of a bundle, cut at each byte below 4 kB and
 * at 1,000 places, and with 1,000 single bits flipped.  Each is refused with PM_E_FORMAT or PM_E_IO and a
 * message; a load that succeeds, crashes or hangs fails the test.  The same flips behind a hash that fits
 * again may load, but never crash.  Where the fields are is plug's business: only the hash is known here.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "app/conform_data.h"
#include "base/io.h"
#include "base/log.h"
#include "base/rng.h"
#include "plug/backend.h"
#include "plug/bundle.h"
#include "plug/bundle_file.h"
#include "plug/checkpoint_format.h"
#include "plug/embedder.h"
#include "plug/params.h"
#include "plug/router.h"
#include "suite.h"

enum { EACH_BYTE_BELOW = 4096, PLACES = 1000 };
enum { S_CUT = 1, S_FLIP, S_RESEALED };

static struct {
    compute compute;
    plug_env env;
    call_ctx *call;
    arena *a;
    toy *data;
    char folder[256];
    pm_err err;
} w;

static void setup(void)
{
    toy_shape shape = {.n = 12,
                       .n_tune = 4,
                       .n_test = 4,
                       .m = 3,
                       .seed = 1,
                       .kind = PM_VALUE_QUALITY,
                       .observed = 1.0,
                       .best = SIZE_MAX};
    log_open(LOG_SILENT, false); /* versions that differ are noted, thousands of times here */
    temp_folder_open(w.folder);
    setenv("XDG_DATA_HOME", w.folder, 1);
    unsetenv("POINTSMAN_PLUGINS");
    w.a = arena_open(0);
    ck_assert_int_eq(compute_open(1, &w.compute, &w.err), PM_OK);
    w.env = (plug_env){.compute = &w.compute};
    ck_assert_int_eq(registry_open(NULL, &w.env.registry, &w.err), PM_OK);
    ck_assert_int_eq(call_ctx_open(&w.env, false, &w.call, &w.err), PM_OK);
    w.data = toy_make(w.a, &shape);
    ck_assert_ptr_nonnull(w.data);
}

static void teardown(void)
{
    call_ctx_close(w.call);
    registry_close(w.env.registry);
    compute_close(&w.compute);
    arena_close(w.a);
    temp_folder_close(w.folder);
}

static void must(pm_status st)
{
    ck_assert_msg(st == PM_OK, "%s", err_text(&w.err));
}

/* ---- building something small of every kind --------------------------------------------------------- */

/* Defaults, except that an instance is kept as small as its parameter rows allow. */
static void *small_params(const plugin_entry *e)
{
    static const param_value small[] = {
        {"buckets", PARAM_NUMBER, 64, false, NULL}, {"dim", PARAM_NUMBER, 4, false, NULL},
        {"model", PARAM_TEXT, 0, false, ""},        {"layers", PARAM_NUMBER, 1, false, NULL},
        {"width", PARAM_NUMBER, 16, false, NULL},   {"heads", PARAM_NUMBER, 1, false, NULL},
        {"vocab", PARAM_NUMBER, 300, false, NULL},  {"max_tokens", PARAM_NUMBER, 16, false, NULL},
        {"max_steps", PARAM_NUMBER, 1, false, NULL}};
    enum { SMALL = sizeof small / sizeof *small };
    param_value given[SMALL];
    size_t n = 0;
    void *out = NULL;
    for (const pm_param *p = e->params; p->name; p++)
        for (size_t k = 0; k < SMALL; k++)
            if (!strcmp(p->name, small[k].name)) given[n++] = small[k];
    must(params_build(e->params, e->params_bytes, given, n, w.a, &out, NULL, NULL, &w.err));
    return out;
}

static router *make_router(const plugin_entry *e)
{
    router_spec spec = {e, small_params(e), 1};
    router *r = NULL;
    must(router_train(w.call, &spec, &w.data->fit, &r, &w.err));
    return r;
}

static embedder *make_embedder(const plugin_entry *e)
{
    embedder_spec spec = {e, small_params(e), 1};
    embedder *m = NULL;
    must(embedder_train(w.call, &spec, &w.data->x, &m, &w.err));
    return m;
}

static constraint *make_constraint(const plugin_entry *e)
{
    constraint_spec spec = {e, small_params(e), 1};
    constraint *k = NULL;
    must(constraint_build(w.call, &spec, &w.data->fit, &k, &w.err));
    return k;
}

static objective *make_objective(const plugin_entry *e)
{
    objective_spec spec = {e, small_params(e), 1};
    objective *o = NULL;
    must(objective_build(w.call, &spec, NULL, NULL, &o, &w.err));
    return o;
}

static backend *make_backend(const plugin_entry *e)
{
    static const uint32_t col[] = {1};
    const toy *d = w.data;
    backend_spec spec = {e, small_params(e), 1};
    pm_backend_fit fit = {.size = sizeof fit, .expert = d->lib.expert[1], .x = &d->x};
    backend *b = NULL;
    fit.y = toy_cells(w.a, &d->y, d->x.n, col, 1);
    if (backend_train(w.call, &spec, &fit, &b, &w.err) == PM_OK) return b;
    err_clear(&w.err); /* one that learns from text */
    pm_corpus corpus = {sizeof corpus, d->x.text, d->x.n};
    fit.x = NULL;
    fit.y = NULL;
    fit.corpus = &corpus;
    must(backend_train(w.call, &spec, &fit, &b, &w.err));
    return b;
}

static pm_status save(const plugin_entry *e, const char *path)
{
    pm_status st = PM_E_UNSUPPORTED;
    if (e->kind == PLUGIN_ROUTER) {
        router *r = make_router(e);
        st = router_save(r, w.call, path, &w.err);
        router_close(r);
    } else if (e->kind == PLUGIN_EMBEDDER) {
        embedder *m = make_embedder(e);
        st = embedder_save(m, w.call, path, &w.err);
        embedder_close(m);
    } else if (e->kind == PLUGIN_CONSTRAINT) {
        constraint *k = make_constraint(e);
        st = constraint_save(k, w.call, path, &w.err);
        constraint_close(k);
    } else if (e->kind == PLUGIN_OBJECTIVE) {
        objective *o = make_objective(e);
        st = objective_save(o, w.call, path, &w.err);
        objective_close(o);
    } else if (e->kind == PLUGIN_BACKEND) {
        backend *b = make_backend(e);
        st = backend_save(b, w.call, path, &w.err);
        backend_close(b);
    }
    return st;
}

/* ---- loading and dropping ----------------------------------------------------------------------------- */

typedef pm_status (*load_one)(const char *path, pm_err *err);

static pm_status load_router(const char *path, pm_err *err)
{
    router *r = NULL;
    pm_status st = router_load(w.call, path, &r, err);
    router_close(r);
    return st;
}

static pm_status load_embedder(const char *path, pm_err *err)
{
    embedder *m = NULL;
    pm_status st = embedder_load(w.call, path, &m, err);
    embedder_close(m);
    return st;
}

static pm_status load_constraint(const char *path, pm_err *err)
{
    constraint *k = NULL;
    pm_status st = constraint_load(w.call, path, &k, err);
    constraint_close(k);
    return st;
}

static pm_status load_objective(const char *path, pm_err *err)
{
    objective *o = NULL;
    pm_status st = objective_load(w.call, path, &o, err);
    objective_close(o);
    return st;
}

static pm_status load_backend(const char *path, pm_err *err)
{
    backend *b = NULL;
    pm_status st = backend_load(w.call, path, &b, err);
    backend_close(b);
    return st;
}

/* `path` is any file of the bundle: it is the folder that is opened. */
static pm_status load_bundle(const char *path, pm_err *err)
{
    bundle *b = NULL;
    (void)path;
    pm_status st = bundle_open(w.call, io_join(w.a, w.folder, "bundle"), &b, err);
    bundle_close(b);
    return st;
}

static load_one loader_of(plugin_kind kind)
{
    static const load_one all[PLUGIN_KINDS] = {[PLUGIN_ROUTER] = load_router,
                                               [PLUGIN_OBJECTIVE] = load_objective,
                                               [PLUGIN_CONSTRAINT] = load_constraint,
                                               [PLUGIN_EMBEDDER] = load_embedder,
                                               [PLUGIN_BACKEND] = load_backend};
    return all[kind];
}

/* ---- damage --------------------------------------------------------------------------------------------- */

typedef struct patient {
    const char *path, *name;
    load_one load;
    int fd;
    char *bytes;
    size_t len, tried;
} patient;

/* Bytes are changed through the descriptor: files are mapped while they are read, and never written so. */
static void write_at(patient *p, size_t at, size_t len)
{
    ck_assert_int_eq(pwrite(p->fd, p->bytes + at, len, (off_t)at), (ssize_t)len);
}

/* The file with a hash that fits it again: what an adversary writes. */
static void reseal(patient *p)
{
    size_t at = strcmp(p->name, "bundle.json") ? CHECKPOINT_DIGITS_AT : BUNDLE_SHA_AT;
    char digest[65];
    memset(p->bytes + at, '0', 64);
    sha256_of(p->bytes, p->len, digest);
    memcpy(p->bytes + at, digest, 64);
    write_at(p, 0, p->len);
}

/* Flips behind a hash that fits again: a number may be another number then, but nothing crashes or is refused
 * without a word (and with address and undefined-behaviour checks on, nothing is read beyond its end). */
static size_t damage_resealed(patient *p)
{
    char *keep = arena_strndup(w.a, p->bytes, p->len);
    size_t refusals = 0, flips = suite_repeats(PLACES, "15 of 16 sealed flips");
    for (uint64_t k = 0; k < flips; k++) {
        size_t bit = (size_t)rng_below(1, S_RESEALED, k, p->len * 8);
        pm_err err = PM_ERR_INIT;
        p->bytes[bit / 8] ^= (char)(1 << bit % 8);
        reseal(p);
        pm_status st = p->load(p->path, &err);
        refusals += st != PM_OK;
        ck_assert_msg((st == PM_OK) == (err.text[0] == 0), "%s: bit %zu: %s with text '%s'",
                      p->name, bit, pm_status_name(st), err.text);
        memcpy(p->bytes, keep, p->len);
    }
    write_at(p, 0, p->len);
    return refusals;
}

static void refused(patient *p, const char *what, size_t at)
{
    pm_err err = PM_ERR_INIT;
    pm_status st = p->load(p->path, &err);
    p->tried++;
    ck_assert_msg(st == PM_E_FORMAT || st == PM_E_IO, "%s %s %zu of %zu: %s (%s)", p->name, what,
                  at, p->len, st == PM_OK ? "was loaded" : pm_status_name(st), err.text);
    ck_assert_msg(err.text[0] != 0, "%s %s %zu: refused without a message", p->name, what, at);
    ck_assert_int_eq(err.status, st);
}

static void cut_at(patient *p, size_t len)
{
    ck_assert_int_eq(ftruncate(p->fd, (off_t)len), 0);
    refused(p, "cut to", len);
    write_at(p, len, p->len - len);
}

static void flip(patient *p, size_t bit)
{
    p->bytes[bit / 8] ^= (char)(1 << bit % 8);
    write_at(p, bit / 8, 1);
    refused(p, "with flipped bit", bit);
    p->bytes[bit / 8] ^= (char)(1 << bit % 8);
    write_at(p, bit / 8, 1);
}

static void damage(const char *path, const char *name, load_one load)
{
    str whole = STR_INIT;
    must(io_read(path, (size_t)1 << 28, &whole, &w.err));
    patient p = {path, name, load, open(path, O_RDWR), whole.at, whole.len, 0};
    ck_assert_int_ge(p.fd, 0);
    ck_assert_uint_gt(p.len, 0);
    ck_assert_uint_lt(p.len, 1 << 20); /* or this takes too long */
    size_t places = suite_repeats(PLACES, "15 of 16 cuts and flips"), step = PLACES / places;
    for (size_t len = 0; len < p.len && len < EACH_BYTE_BELOW; len += step) cut_at(&p, len);
    for (uint64_t k = 0; k < places; k++) cut_at(&p, (size_t)rng_below(1, S_CUT, k, p.len));
    for (uint64_t k = 0; k < places; k++) flip(&p, (size_t)rng_below(1, S_FLIP, k, p.len * 8));
    size_t resealed = damage_resealed(&p);
    printf("%s: %zu damaged files refused, and %zu that were sealed again\n", name, p.tried,
           resealed);
    close(p.fd);
    str_close(&whole);
    must(load(path, &w.err));
}

START_TEST(every_checkpoint)
{
    const registry *r = w.env.registry;
    char *path = io_join(w.a, w.folder, "it.safetensors");
    bool seen[PLUGIN_KINDS] = {false};
    for (size_t i = 0; i < registry_count(r); i++) {
        const plugin_entry *e = registry_at(r, i);
        pm_status st = save(e, path);
        ck_assert_msg(st == PM_OK, "%s: %s", e->name, err_text(&w.err));
        damage(path, e->name, loader_of(e->kind));
        seen[e->kind] = true;
    }
    for (int k = 0; k < PLUGIN_KINDS; k++)
        ck_assert_msg(seen[k], "no %s was found", plugin_kind_name((plugin_kind)k));
}
END_TEST

/* ---- a bundle -------------------------------------------------------------------------------------------- */

/* The toy's experts as a library with its hashes; attributes are those that the constraint reads. */
static void make_library(library *out)
{
    library_builder *b = library_begin(w.a, "toy");
    for (size_t j = 0; j < w.data->lib.n; j++) {
        must(library_add(b, w.data->lib.expert[j]->id, &w.err));
        must(library_attr_number(b, "params", 1e9 * (double)(j + 1), &w.err));
    }
    must(library_finish(b, out, &w.err));
}

static const plugin_entry *plugin(plugin_kind k, const char *name)
{
    const plugin_entry *e = registry_find(w.env.registry, k, name);
    ck_assert_msg(e != NULL, "%s was not found", name);
    return e;
}

static void make_bundle(const char *dir)
{
    library lib;
    make_library(&lib);
    w.data->fit.lib = &lib.view;
    pipeline_term term = {"size", make_constraint(plugin(PLUGIN_CONSTRAINT, "size")), PM_SOFT, 0.5,
                          INFINITY};
    router *route = make_router(plugin(PLUGIN_ROUTER, "knn"));
    embedder *embed = make_embedder(plugin(PLUGIN_EMBEDDER, "lsa"));
    objective *decide = make_objective(plugin(PLUGIN_OBJECTIVE, "penalty"));
    float prior[] = {0.5f, 0.25f, 0.125f};
    pipeline p = {.embed = embed,
                  .route = route,
                  .lib = &lib.view,
                  .term = &term,
                  .n_terms = 1,
                  .decide = decide,
                  .prior = prior};
    bundle_info info = {.experiment = "damage", .label = "knn", .data_hash = "d", .seed = 1};
    info.split_hash = info.script = info.script_sha256 = "s";
    must(bundle_write(dir, w.call, &p, &lib, &info, &w.err));
    router_close(route);
    embedder_close(embed);
    objective_close(decide);
    constraint_close((constraint *)(uintptr_t)term.k);
}

START_TEST(every_file_of_a_bundle)
{
    char *dir = io_join(w.a, w.folder, "bundle"), **name;
    size_t n = 0;
    make_bundle(dir);
    must(load_bundle(dir, &w.err));
    must(io_list(dir, w.a, &name, &n, &w.err));
    ck_assert_uint_eq(n, 5); /* bundle.json, router, embedder, objective, one constraint */
    for (size_t i = 0; i < n; i++) damage(io_join(w.a, dir, name[i]), name[i], load_bundle);
}
END_TEST

START_TEST(a_bundle_without_one_of_its_files)
{
    char *dir = io_join(w.a, w.folder, "bundle"), **name;
    size_t n = 0;
    make_bundle(dir);
    must(io_list(dir, w.a, &name, &n, &w.err));
    for (size_t i = 0; i < n; i++) {
        char *path = io_join(w.a, dir, name[i]), *away = io_join(w.a, w.folder, "away");
        pm_err err = PM_ERR_INIT;
        ck_assert_int_eq(rename(path, away), 0);
        ck_assert_int_eq(load_bundle(dir, &err), PM_E_IO);
        ck_assert_msg(strstr(err.text, name[i]) != NULL, "%s", err.text);
        ck_assert_int_eq(rename(away, path), 0);
    }
    must(load_bundle(dir, &w.err));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damage");
    TCase *tc = tcase_create("damage");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_checkpoint);
    tcase_add_test(tc, every_file_of_a_bundle);
    tcase_add_test(tc, a_bundle_without_one_of_its_files);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
