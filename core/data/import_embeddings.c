/* SPDX-License-Identifier: MIT
 *
 * --from embeddings: vectors of prompts, as JSON lines or as a .npy file, become embeddings.npy of a folder: text is
 * parsed once, and mapped ever after.
 */
#include <string.h>

#include "data/folder_copy.h"
#include "data/import_formats.h"
#include "data/jsonl.h"
#include "data/npy.h"
#include "data/row_vector.h"

enum { ROW_BYTES = 64 << 20 };

static const import_option options[] = {
    {"folder", "DIR", "the dataset whose prompts these are (required)"},
    {"field", "NAME", "the member that holds the vector (default: embedding, vector or values)"},
    IMPORT_OPTION_END};

typedef struct vectors {
    const import_job *job;
    folder *out;
    import_counts *counts;
    const char *path;
    row_vector row; /* the one at hand */
} vectors;

static pm_status take_row(vectors *v, const jsonl *j, const jsonl_field *f, size_t n, pm_err *err)
{
    const jsonl_field *id = jsonl_find(f, n, "id");
    const jsonl_field *vector = row_vector_field(f, n, import_text(v->job, "field", NULL));
    if (!id || (id->kind != JSONL_STRING && id->kind != JSONL_NUMBER))
        return err_set(err, PM_E_FORMAT, "%s:%zu: found no \"id\", wanted that of a prompt",
                       v->path, jsonl_line(j));
    if (!vector)
        return err_set(err, PM_E_FORMAT, "%s:%zu: found no \"%s\", wanted an array of numbers",
                       v->path, jsonl_line(j), import_text(v->job, "field", "embedding"));
    pm_status s = row_vector_read(&v->row, vector, err);
    if (s != PM_OK) return err_wrap(err, s, "%s:%zu", v->path, jsonl_line(j));
    uint32_t row = folder_find_prompt(v->out, id->text);
    if (row == FOLDER_NONE) {
        import_skip(v->counts, "the folder has no such prompt", v->path, jsonl_line(j));
        return PM_OK;
    }
    s = folder_embedding(v->out, row, v->row.at, v->row.n, err);
    return s == PM_OK ? s : err_wrap(err, s, "%s:%zu", v->path, jsonl_line(j));
}

static pm_status read_rows(vectors *v, pm_err *err)
{
    jsonl *j;
    pm_status s = jsonl_open(v->path, ROW_BYTES, &j, err);
    while (s == PM_OK) {
        const jsonl_field *f;
        size_t n;
        s = jsonl_next(j, &f, &n, err);
        if (s != PM_OK || !f) break;
        if ((s = import_row(v->job, v->counts, v->path, err)) == PM_OK)
            s = take_row(v, j, f, n, err);
    }
    jsonl_close(j);
    return s;
}

/* Rows of a .npy file are the prompts, in order. */
static pm_status read_npy(vectors *v, size_t n, pm_err *err)
{
    npy x;
    pm_status s = npy_open(v->path, &x, err);
    if (s != PM_OK) return s;
    if (x.mat.rows != n)
        s = err_set(err, PM_E_FORMAT,
                    "%s: %s: found %zu vectors for %zu prompts, wanted one for each", v->path,
                    x.mat.rows < n ? "missing embeddings" : "too many embeddings", x.mat.rows, n);
    for (size_t i = 0; s == PM_OK && i < n; i++) {
        s = import_row(v->job, v->counts, v->path, err);
        if (s == PM_OK)
            s = folder_embedding(v->out, (uint32_t)i, pm_crow(x.mat, i), x.mat.cols, err);
    }
    npy_close(&x);
    return s;
}

static pm_status copy(const char *dir, folder *out, size_t *n, pm_err *err)
{
    dataset d;
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "no memory for the dataset");
    /* the old vectors, if there are some, are what is to be replaced */
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    o.no_embeddings = true;
    pm_status s = dataset_read(dir, &o, a, &d, err);
    folder_copying c = {.dir = dir, .d = &d, .other_files = true};
    if (s == PM_OK) s = folder_copy(out, &c, err);
    if (s == PM_OK) *n = d.n;
    arena_close(a);
    return s;
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    vectors v = {.job = job, .out = out, .counts = counts};
    size_t n = 0;
    const char *dir = import_text(job, "folder", NULL);
    if (!dir) return err_set(err, PM_E_ARG, "--folder is missing: whose prompts are these?");
    pm_status s = copy(dir, out, &n, err);
    for (size_t k = 0; s == PM_OK && k < job->n_inputs; k++) {
        v.path = job->input[k];
        size_t len = strlen(v.path);
        bool is_npy = len > 4 && strcmp(v.path + len - 4, ".npy") == 0;
        s = is_npy ? read_npy(&v, n, err) : read_rows(&v, err);
    }
    row_vector_close(&v.row);
    return s;
}

const import_format import_embeddings = {
    "embeddings",
    "vectors of a folder's prompts, kept as embeddings.npy",
    ".jsonl files {\"id\", \"embedding\": [...]}, or one .npy in the order of the prompts",
    "on files of NumPy, float32 and float16",
    options,
    run};
