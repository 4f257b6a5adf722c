/* SPDX-License-Identifier: MIT
 *
 * The experts of a dataset: models.json, or the header of the scores where there is none.
 */
#include "base/gz.h"
#include "base/json.h"
#include "data/csv.h"
#include "data/dataset_private.h"
#include "data/show.h"

enum { MODELS_BYTES = 64 << 20 };

static pm_status parse(reader *r, const char *path, const json **out, pm_err *err)
{
    size_t len = strlen(path);
    if (len < 3 || strcmp(path + len - 3, ".gz") != 0) return json_read(path, r->scratch, out, err);
    str text = STR_INIT;
    pm_status s = gz_read_all(path, MODELS_BYTES, &text, err);
    if (s == PM_OK && (s = json_parse(str_text(&text), text.len, r->scratch, out, err)) != PM_OK)
        s = err_wrap(err, s, "%s", path);
    str_close(&text);
    return s;
}

static pm_status index_experts(reader *r, pm_err *err)
{
    const pm_library *lib = &r->out->models.view;
    r->out->m = lib->n;
    for (size_t j = 0; j < lib->n; j++)
        if (!names_add(&r->experts, pm_str_of(lib->expert[j]->id)))
            return dataset_no_memory(r, err);
    return PM_OK;
}

static void check_count(reader *r, const char *path)
{
    size_t m = r->out->models.view.n;
    if (m == 0) mistakes_add(&r->wrong, "%s: found no model", path);
    if (m > DATASET_MAX_MODELS)
        mistakes_add(&r->wrong, "%s: found %zu models, wanted at most %d", path, m,
                     DATASET_MAX_MODELS);
}

typedef struct noting {
    reader *r;
    const char *path;
    pm_status s;
    pm_err *err;
} noting;

static void tell_note(void *arg, const char *text)
{
    noting *n = arg;
    if (n->s == PM_OK) n->s = dataset_note(n->r, n->err, "%s: %s", n->path, text);
}

pm_status dataset_read_models(reader *r, pm_err *err)
{
    const char *path;
    const json *j;
    pm_err why = PM_ERR_INIT;
    pm_status s = dataset_file_of(r, "models.json", &path, err);
    if (s != PM_OK || !path) return s;
    r->has_models = true;
    s = parse(r, path, &j, &why);
    if (s == PM_OK &&
        (s = library_from_json(j, r->out->name, r->a, &r->out->models, &why)) != PM_OK)
        s = err_wrap(&why, s, "%s", path);
    if (s != PM_OK) return mistakes_take(&r->wrong, &why, err);
    check_count(r, path);
    noting notes = {r, path, PM_OK, err};
    library_notes(&r->out->models.view, library_today(), tell_note, &notes);
    return notes.s == PM_OK ? index_experts(r, err) : notes.s;
}

/* The first line of the scores (or losses) names the models where nothing else does. */
static pm_status read_header(reader *r, pm_err *err)
{
    static const char *const table[] = {"scores.csv", "losses.csv"};
    const char *path = NULL;
    pm_status s = PM_OK;
    for (size_t k = 0; k < 2 && s == PM_OK && !path; k++)
        s = dataset_path_of(r, table[k], &path, err);
    if (s != PM_OK || !path) return s;
    csv *c;
    const pm_str *field;
    size_t n;
    s = csv_open(path, 0, &c, err);
    if (s != PM_OK) return s;
    s = csv_next(c, &field, &n, err);
    if (s == PM_OK) s = dataset_models_of_header(r, path, field, n, err);
    csv_close(c);
    return s;
}

static pm_status read_names(reader *r, pm_err *err)
{
    pm_status s = dataset_open_folder(r, err);
    r->out->name = "from data";
    if (s == PM_OK) s = dataset_read_models(r, err);
    if (s == PM_OK && !r->has_models) s = read_header(r, err);
    if (s == PM_OK) s = mistakes_finish(&r->wrong, err);
    if (s != PM_OK || r->out->m) return s;
    return err_set(err, PM_E_FORMAT,
                   "%s: found no model: models.json, or the header of scores.csv or losses.csv "
                   "names them",
                   r->dir);
}

pm_status dataset_read_library(const char *dir, arena *a, library *out, pm_err *err)
{
    static const dataset_options defaults = DATASET_OPTIONS_DEFAULT;
    dataset d = {0};
    reader r = {.dir = dir, .o = &defaults, .a = a, .out = &d, .wrong = {.dir = dir}};
    r.scratch = arena_open(0);
    if (!r.scratch) return dataset_no_memory(&r, err);
    r.ids = r.experts = names_of(r.scratch);
    pm_status s = read_names(&r, err);
    if (s == PM_OK) *out = d.models;
    mem_free(r.file);
    mem_free(r.note);
    str_close(&r.wrong.text);
    arena_close(r.scratch);
    return s;
}

pm_status dataset_models_of_header(reader *r, const char *path, const pm_str *field, size_t n,
                                   pm_err *err)
{
    library_builder *b = library_begin(r->a, r->out->name);
    if (!b) return dataset_no_memory(r, err);
    for (size_t k = 1; k < n; k++) {
        pm_err why = PM_ERR_INIT;
        const char *id = arena_strndup(r->scratch, field[k].ptr, field[k].len);
        if (!id) return dataset_no_memory(r, err);
        pm_status s = library_add(b, id, &why);
        if (s == PM_OK && strlen(id) == field[k].len) continue;
        if (s == PM_OK) s = err_set(&why, PM_E_FORMAT, "a zero byte in a name");
        (void)err_wrap(&why, s, "%s:1: column %zu", path, k + 1);
        return mistakes_take(&r->wrong, &why, err);
    }
    pm_status s = library_finish(b, &r->out->models, err);
    if (s != PM_OK) return s;
    check_count(r, path);
    return index_experts(r, err);
}
