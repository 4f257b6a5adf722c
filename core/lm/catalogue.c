/* SPDX-License-Identifier: MIT
 *
 * Names and paths of models: what a name stands for, whether its files are there, and a hash of what would be opened.
 * Whether the bytes are the pinned ones is asked once, when they are fetched, and by `pointsman model verify`; here
 * only sizes are, so that opening a model does not read it twice.
 */
#include "lm/catalogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/io.h"

#define NAMES_MAX 64

const model_row *catalogue_find(const char *name)
{
    for (const model_row *r = catalogue_rows(); r->name; r++)
        if (strcasecmp(r->name, name) == 0) return r;
    return NULL;
}

char *catalogue_home(arena *a, const char *name)
{
    const model_row *row = catalogue_find(name);
    const char *root = getenv("POINTSMAN_MODELS");
    if (!root || !root[0]) {
        const char *cache = io_xdg(a, IO_CACHE_HOME);
        root = cache ? io_join(a, cache, "models") : NULL;
    }
    return root ? io_join(a, root, row ? row->name : name) : NULL;
}

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
}

/* The first file that is missing or of another size, or NULL. */
static pm_status missing_file(const model_row *row, const char *home, arena *a,
                              const model_file **out, pm_err *err)
{
    *out = NULL;
    for (const model_file *f = row->file; f->name; f++) {
        struct stat st;
        const char *path = io_join(a, home, f->name);
        if (!path) return starve(err);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == f->bytes)
            continue;
        *out = f;
        return PM_OK;
    }
    return PM_OK;
}

static pm_status named_path(const model_row *row, arena *a, const char **out, pm_err *err)
{
    const model_file *f;
    const char *home = catalogue_home(a, row->name);
    if (!home) return starve(err);
    pm_status s = missing_file(row, home, a, &f, err);
    if (s != PM_OK) return s;
    if (f && !io_exists(home))
        return err_set(err, PM_E_IO,
                       "model \"%s\" is not on this machine (no folder %s); `pointsman model fetch "
                       "%s` gets it",
                       row->name, home, row->name);
    if (f)
        return err_set(err, PM_E_IO,
                       "model \"%s\": %s/%s is missing or not of %zu bytes; `pointsman model fetch "
                       "--force %s` "
                       "gets it anew",
                       row->name, home, f->name, f->bytes, row->name);
    *out = row->main[0] ? io_join(a, home, row->main) : home;
    return *out ? PM_OK : starve(err);
}

static pm_status no_such_model(const char *name, pm_err *err)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    if (strchr(name, '/'))
        return err_set(err, PM_E_IO, "%s: there is no such file or folder", name);
    for (const model_row *r = catalogue_rows(); r->name && n < NAMES_MAX; r++) names[n++] = r->name;
    const char *near = str_suggest(name, names, n);
    if (near)
        return err_set(err, PM_E_ARG, "unknown model \"%.200s\"; did you mean \"%s\"?", name, near);
    return err_set(err, PM_E_ARG,
                   "unknown model \"%.200s\": neither a name of `pointsman model list` nor a path "
                   "of model files",
                   name);
}

pm_status catalogue_path(const char *name_or_path, arena *a, const char **out, pm_err *err)
{
    const model_row *row = catalogue_find(name_or_path);
    *out = NULL;
    if (row) return named_path(row, a, out, err);
    if (!name_or_path[0]) return err_set(err, PM_E_ARG, "the name of a model is empty");
    if (!io_exists(name_or_path)) return no_such_model(name_or_path, err);
    *out = arena_strdup(a, name_or_path);
    return *out ? PM_OK : starve(err);
}

/* ---- hashes ---- */

/* A folder's hash is of those files that what a model computes depends on, so that a README beside them changes
 * nothing and a named model and a copy of it are one.  vocab.txt counts where there is no tokenizer.json. */
static bool ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), k = strlen(end);
    return n >= k && strcmp(name + n - k, end) == 0;
}

static bool counts(const char *name, bool has_tokenizer)
{
    static const char *const all[] = {"config.json",
                                      "tokenizer.json",
                                      "tokenizer_config.json",
                                      "sentence_bert_config.json",
                                      "modules.json",
                                      "1_Pooling/config.json",
                                      "model.safetensors.index.json"};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (strcmp(name, all[k]) == 0) return true;
    if (strcmp(name, "vocab.txt") == 0 || strcmp(name, "merges.txt") == 0) return !has_tokenizer;
    return ends_in(name, ".safetensors");
}

typedef struct hashed {
    const char *name;
    char hex[65];
} hashed;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hashed *)a)->name, ((const hashed *)b)->name);
}

/* SHA-256 of "HEX  NAME\n" lines in order of names, as sha256sum prints them; one file alone: its own. */
static void hash_of_list(hashed *h, size_t n, bool is_folder, char hex[65])
{
    sha256 s;
    if (!is_folder) {
        memcpy(hex, h[0].hex, 65);
        return;
    }
    qsort(h, n, sizeof *h, by_name);
    sha256_init(&s);
    for (size_t k = 0; k < n; k++) {
        sha256_add(&s, h[k].hex, 64);
        sha256_add(&s, "  ", 2);
        sha256_add(&s, h[k].name, strlen(h[k].name));
        sha256_add(&s, "\n", 1);
    }
    sha256_hex(&s, hex);
}

static pm_status hash_row(const model_row *row, arena *a, char hex[65], pm_err *err)
{
    size_t n = 0, kept = 0;
    while (row->file[n].name) n++;
    hashed *h = arena_alloc(a, n, sizeof *h);
    if (!h) return starve(err);
    for (size_t k = 0; k < n; k++) {
        const model_file *f = &row->file[k];
        if (row->main[0] ? strcmp(f->name, row->main) != 0 : !counts(f->name, true)) continue;
        h[kept].name = f->name;
        memcpy(h[kept++].hex, f->sha256, 65);
    }
    hash_of_list(h, kept, row->main[0] == '\0', hex);
    return PM_OK;
}

static pm_status hash_folder(const char *dir, arena *a, char hex[65], pm_err *err)
{
    char **name;
    size_t n, kept = 0;
    bool has_tokenizer = false;
    pm_status s = io_list(dir, a, &name, &n, err);
    if (s != PM_OK) return s;
    hashed *h = arena_alloc(a, n + 1, sizeof *h);
    if (!h) return starve(err);
    for (size_t k = 0; k < n; k++) has_tokenizer |= strcmp(name[k], "tokenizer.json") == 0;
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        const bool pooling = strcmp(name[k], "1_Pooling") == 0;
        const char *in = pooling ? "1_Pooling/config.json" : name[k];
        const char *path = io_join(a, dir, in);
        if (!path) return starve(err);
        if (!counts(in, has_tokenizer) || !io_is_file(path)) continue;
        h[kept].name = in;
        s = sha256_file(path, h[kept++].hex, err);
    }
    if (s == PM_OK && kept == 0)
        return err_set(err, PM_E_FORMAT, "%s: holds no model (config.json, *.safetensors)", dir);
    if (s == PM_OK) hash_of_list(h, kept, true, hex);
    return s;
}

static uint8_t digit(char c)
{
    return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

pm_status catalogue_hash(const char *name_or_path, uint8_t out[32], pm_err *err)
{
    char hex[65];
    arena *a = arena_open(0);
    if (!a) return starve(err);
    const model_row *row = catalogue_find(name_or_path);
    pm_status s = PM_OK;
    if (row)
        s = hash_row(row, a, hex, err);
    else if (!io_exists(name_or_path))
        s = no_such_model(name_or_path, err);
    else if (io_is_dir(name_or_path))
        s = hash_folder(name_or_path, a, hex, err);
    else
        s = sha256_file(name_or_path, hex, err);
    for (size_t k = 0; s == PM_OK && k < 32; k++)
        out[k] = (uint8_t)(digit(hex[2 * k]) << 4 | digit(hex[2 * k + 1]));
    arena_close(a);
    return s;
}
