/* SPDX-License-Identifier: MIT
 *
 * Reads a folder: finds its files, runs the passes in order, and keeps the provenance.
 */
#include "data/dataset.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/io.h"
#include "data/dataset_private.h"

#define DEFAULT_FILE_BYTES ((size_t)4 << 30)

pm_status dataset_no_memory(const reader *r, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for the dataset", r->dir);
}

static size_t most_bytes(const reader *r)
{
    return r->o->max_file_bytes ? r->o->max_file_bytes : DEFAULT_FILE_BYTES;
}

pm_status dataset_check_bytes(const reader *r, const char *path, uint64_t bytes, pm_err *err)
{
    if (bytes <= most_bytes(r)) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: unpacks to more than %zu bytes", path, most_bytes(r));
}

pm_status dataset_note(reader *r, pm_err *err, const char *fmt, ...)
{
    char text[ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *copy = arena_strdup(r->a, text);
    if (!copy || !mem_grow(&r->note, &r->room_notes, r->n_notes + 1, sizeof *r->note))
        return dataset_no_memory(r, err);
    r->note[r->n_notes++] = copy;
    return PM_OK;
}

/* ---- files ---- */

static bool has_file(const reader *r, const char *name)
{
    for (size_t k = 0; k < r->n_files; k++)
        if (strcmp(r->files[k], name) == 0) return true;
    return false;
}

pm_status dataset_path_of(reader *r, const char *name, const char **path, pm_err *err)
{
    size_t len = strlen(name);
    char *packed = arena_alloc(r->scratch, len + 4, 1);
    *path = NULL;
    if (!packed) return dataset_no_memory(r, err);
    strcat(strcpy(packed, name), ".gz");
    bool plain = has_file(r, name), gzip = has_file(r, packed);
    if (plain && gzip)
        mistakes_add(&r->wrong, "%s: found %s and %s, wanted one of them", r->dir, name, packed);
    if (plain == gzip) return PM_OK;
    *path = io_join(r->scratch, r->dir, plain ? name : packed);
    return *path ? PM_OK : dataset_no_memory(r, err);
}

pm_status dataset_register(reader *r, const char **path, pm_err *err)
{
    struct stat st;
    dataset_file f = {0};
    if (stat(*path, &st) != 0 || !S_ISREG(st.st_mode)) {
        mistakes_add(&r->wrong, "%s: is not a file that can be read", *path);
        *path = NULL;
        return PM_OK;
    }
    f.bytes = (size_t)st.st_size;
    if (f.bytes > most_bytes(r)) {
        mistakes_add(&r->wrong, "%s: found %zu bytes, wanted at most %zu", *path, f.bytes,
                     most_bytes(r));
        *path = NULL;
        return PM_OK;
    }
    pm_status s = sha256_file(*path, f.sha256, err);
    if (s != PM_OK) return s;
    f.name = arena_strdup(r->a, strrchr(*path, '/') + 1);
    if (!f.name || !mem_grow(&r->file, &r->room_files, r->n_read + 1, sizeof f))
        return dataset_no_memory(r, err);
    r->file[r->n_read++] = f;
    return PM_OK;
}

pm_status dataset_file_of(reader *r, const char *name, const char **path, pm_err *err)
{
    pm_status s = dataset_path_of(r, name, path, err);
    return s == PM_OK && *path ? dataset_register(r, path, err) : s;
}

/* ---- the whole ---- */

pm_status dataset_open_folder(reader *r, pm_err *err)
{
    if (!io_is_dir(r->dir))
        return err_set(err, PM_E_IO,
                       "%s: is not a folder; a dataset is a folder with prompts.jsonl and "
                       "scores.csv (docs/data-format.md)",
                       r->dir);
    pm_status s = io_list(r->dir, r->scratch, &r->files, &r->n_files, err);
    if (s != PM_OK) return s;
    size_t len = strlen(r->dir);
    while (len > 1 && r->dir[len - 1] == '/') len--;
    size_t from = len;
    while (from && r->dir[from - 1] != '/') from--;
    r->out->name = arena_strndup(r->a, r->dir + from, len - from);
    return r->out->name ? PM_OK : dataset_no_memory(r, err);
}

static pm_status read_texts(reader *r, pm_err *err)
{
    const char *path;
    pm_status s = dataset_file_of(r, "prompts.jsonl", &path, err);
    if (s != PM_OK) return s;
    if (path)
        s = dataset_read_prompts(r, path, err);
    else if (!r->wrong.n)
        s = err_set(
            err, PM_E_FORMAT,
            "%s: found no prompts.jsonl; a dataset folder holds prompts.jsonl (id, prompt), "
            "scores.csv or losses.csv (id and a column for each model), and if known models.json, "
            "costs.csv, battles.jsonl (docs/data-format.md)",
            r->dir);
    if (s == PM_OK) s = dataset_read_models(r, err);
    return s == PM_OK ? mistakes_finish(&r->wrong, err) : s;
}

static pm_status read_values(reader *r, pm_err *err)
{
    pm_status s = dataset_read_cells(r, err);
    if (s == PM_OK) s = dataset_read_battles(r, err);
    if (s == PM_OK) s = dataset_read_embeddings(r, err);
    if (s == PM_OK && !r->has_outcomes && !r->wrong.n)
        mistakes_add(&r->wrong, "%s: found neither scores.csv nor losses.csv nor battles.jsonl",
                     r->dir);
    else if (s == PM_OK && !r->experts.n && !r->wrong.n)
        mistakes_add(&r->wrong,
                     "%s: found battles but no model: models.json or scores.csv names them",
                     r->dir);
    return s == PM_OK ? mistakes_finish(&r->wrong, err) : s;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const dataset_file *)a)->name, ((const dataset_file *)b)->name);
}

void dataset_hash_files(dataset *d, dataset_file *file)
{
    sha256 s;
    sha256_init(&s);
    qsort(file, d->n_files, sizeof *file, by_name);
    for (size_t k = 0; k < d->n_files; k++) {
        sha256_add(&s, file[k].name, strlen(file[k].name) + 1);
        sha256_add(&s, file[k].sha256, 64);
    }
    sha256_hex(&s, d->hash);
}

const dataset_table *dataset_table_of(const dataset *d, const char *name)
{
    for (size_t k = 0; k < d->n_tables; k++)
        if (strcmp(d->table[k].name, name) == 0) return &d->table[k];
    return NULL;
}

static pm_status finish(reader *r, pm_err *err)
{
    dataset *d = r->out;
    dataset_file *file = arena_alloc(r->a, r->n_read, sizeof *file);
    dataset_table *table = arena_alloc(r->a, r->n_tables, sizeof *table);
    const char **note = arena_alloc(r->a, r->n_notes, sizeof *note);
    if (!file || !table || !note) return dataset_no_memory(r, err);
    if (r->n_read) memcpy(file, r->file, r->n_read * sizeof *file);
    if (r->n_tables) memcpy(table, r->table, r->n_tables * sizeof *table);
    if (r->n_notes) memcpy(note, r->note, r->n_notes * sizeof *note);
    d->file = file;
    d->n_files = r->n_read;
    d->table = table;
    d->n_tables = r->n_tables;
    d->note = note;
    d->n_notes = r->n_notes;
    const dataset_table *costs = dataset_table_of(d, "costs"),
                        *tokens = dataset_table_of(d, "tokens_out");
    if (costs) d->cost_usd = costs->cell;
    if (tokens) d->tokens_out = tokens->cell;
    dataset_hash_files(d, file);
    return PM_OK;
}

pm_status dataset_read(const char *dir, const dataset_options *o, arena *a, dataset *out,
                       pm_err *err)
{
    static const dataset_options defaults = DATASET_OPTIONS_DEFAULT;
    reader r = {.dir = dir, .o = o ? o : &defaults, .a = a, .out = out, .wrong = {.dir = dir}};
    memset(out, 0, sizeof *out);
    r.scratch = arena_open(0);
    if (!r.scratch) return dataset_no_memory(&r, err);
    r.ids = r.experts = names_of(r.scratch);
    pm_status s = dataset_open_folder(&r, err);
    if (s == PM_OK) s = read_texts(&r, err);
    if (s == PM_OK) s = read_values(&r, err);
    if (s == PM_OK) s = finish(&r, err);
    mem_free(r.table);
    mem_free(r.file);
    mem_free(r.note);
    str_close(&r.wrong.text);
    arena_close(r.scratch);
    return s;
}
