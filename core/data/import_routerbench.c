/* SPDX-License-Identifier: MIT
 *
 * Imports RouterBench's wide table as CSV: a row per prompt, a column per model, and further columns "model|what".
 * The pickled files of the publisher are not read: write them out with pandas' to_csv first.
 */
#include "data/import_formats.h"

#include <math.h>
#include <string.h>

#include "data/import_tools.h"
#include "data/pyliteral.h"
#include "data/show.h"

typedef struct model {
    size_t score, cost, response; /* columns, SIZE_MAX: none */
    uint32_t column;              /* in the folder */
} model;

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_csv t;
    bool keeps_first;
    pm_str split;
    size_t id, prompt, domain;
    model *model;
    size_t n_models, room;
    str text, answer;
} pass;

/* ---- the header ---- */

static bool is_fixed(pm_str name)
{
    static const char *const fixed[] = {"sample_id", "prompt", "eval_name",
                                        "oracle_model_to_route_to"};
    if (!name.len || name.ptr[0] == '\n' || strncmp(name.ptr, "Unnamed:", 8) == 0) return true;
    for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
        if (pm_str_equal(name, fixed[k])) return true;
    return false;
}

static size_t column_of(const pass *p, pm_str name, const char *what)
{
    for (size_t k = 0; k < p->t.column.n; k++) {
        pm_str c = p->t.column.name[k];
        if (c.len == name.len + strlen(what) && memcmp(c.ptr, name.ptr, name.len) == 0 &&
            strcmp(c.ptr + name.len, what) == 0)
            return k;
    }
    return SIZE_MAX;
}

/* "model|total_cost" needs a column "model". */
static pm_status check_bar(const pass *p, size_t k, pm_err *err)
{
    pm_str name = p->t.column.name[k];
    const char *bar = strrchr(name.ptr, '|');
    pm_str stem = {name.ptr, (size_t)(bar - name.ptr)};
    if (strcmp(bar, "|total_cost") != 0 && strcmp(bar, "|model_response") != 0) {
        import_note(p->counts, "column %s is not read", show_text(name).text);
        return PM_OK;
    }
    if (column_of(p, stem, "") != SIZE_MAX) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s:1: column %zu (%s): found no column %s with the scores",
                   p->t.path, k + 1, show_text(name).text, show_text(stem).text);
}

static pm_status add_model(pass *p, size_t k, bool bars, pm_err *err)
{
    pm_str name = p->t.column.name[k];
    model m = {k, column_of(p, name, "|total_cost"), column_of(p, name, "|model_response"), 0};
    if (bars && m.cost == SIZE_MAX && m.response == SIZE_MAX) {
        import_note(p->counts, "column %s is not read: it has no \"|total_cost\"",
                    show_text(name).text);
        return PM_OK;
    }
    pm_status s = import_model(p->job, p->out, name, NULL, &m.column, err);
    if (s != PM_OK) return s;
    if (!mem_grow(&p->model, &p->room, p->n_models + 1, sizeof *p->model))
        return err_set(err, PM_E_MEMORY, "%s: no memory", p->t.path);
    p->model[p->n_models++] = m;
    return PM_OK;
}

static pm_status read_header(pass *p, pm_err *err)
{
    bool bars = false;
    pm_status s = import_csv_need(&p->t, "sample_id", &p->id, err);
    if (s == PM_OK) s = import_csv_need(&p->t, "prompt", &p->prompt, err);
    p->domain = import_csv_find(&p->t, "eval_name");
    p->n_models = 0;
    for (size_t k = 0; s == PM_OK && k < p->t.column.n; k++)
        if (strchr(p->t.column.name[k].ptr, '|')) {
            bars = true;
            s = check_bar(p, k, err);
        }
    for (size_t k = 0; s == PM_OK && k < p->t.column.n; k++)
        if (!strchr(p->t.column.name[k].ptr, '|') && !is_fixed(p->t.column.name[k]))
            s = add_model(p, k, bars, err);
    if (s == PM_OK && !p->n_models)
        s = err_set(err, PM_E_FORMAT, "%s:1: found no column of a model", p->t.path);
    return s;
}

/* ---- rows ---- */

static pm_status read_prompt(pass *p, folder_prompt *row, pm_err *err)
{
    pm_str cell = p->t.cell[p->prompt];
    pyliteral told;
    row->text = cell;
    if (!pyliteral_begins(cell)) return PM_OK;
    str_clear(&p->text);
    pm_status s = pyliteral_texts(cell, &p->text, &told, err);
    row->text = (pm_str){str_text(&p->text), p->text.len};
    if (s == PM_OK) return s;
    return err_wrap(err, s, "%s:%zu: column %zu (\"prompt\")", p->t.path, csv_line(p->t.c),
                    p->prompt + 1);
}

/* An answer, a list of one text as a rule; the cell as it is where it is none. */
static pm_status read_response(pass *p, const model *m, const uint32_t place[2], import_at at,
                               pm_err *err)
{
    pm_str cell = p->t.cell[m->response];
    pyliteral told;
    str_clear(&p->answer);
    if (!cell.len) return PM_OK;
    if (!pyliteral_begins(cell) || pyliteral_texts(cell, &p->answer, &told, NULL) != PM_OK)
        return import_answer(p->out, place, cell, at, err);
    pm_status s = import_cell(p->out, "output_chars", place, (double)told.characters, at, err);
    pm_str text = {str_text(&p->answer), p->answer.len};
    return s == PM_OK ? import_grade(p->out, place, text, at, err) : s;
}

static pm_status read_model(pass *p, const model *m, uint32_t row, import_at at, pm_err *err)
{
    uint32_t place[2] = {row, m->column};
    double value;
    pm_status s = import_csv_number(&p->t, m->score, import_share, true, &value, err);
    if (s == PM_OK && isnan(value)) import_skip(p->counts, "no score", at.path, at.line);
    if (s == PM_OK) s = import_cell(p->out, "scores", place, value, at, err);
    if (s == PM_OK && m->cost != SIZE_MAX) {
        s = import_csv_number(&p->t, m->cost, import_from_zero, true, &value, err);
        if (s == PM_OK) s = import_cell(p->out, "costs", place, value, at, err);
    }
    if (s == PM_OK && m->response != SIZE_MAX) s = read_response(p, m, place, at, err);
    return s;
}

static pm_status read_row(pass *p, pm_err *err)
{
    import_at at = {p->t.path, csv_line(p->t.c)};
    folder_prompt prompt = {.id = p->t.cell[p->id], .split = p->split, .tokens_in = -1};
    uint32_t row;
    if (p->domain != SIZE_MAX) prompt.domain = p->t.cell[p->domain];
    if (folder_find_prompt(p->out, prompt.id) != FOLDER_NONE) {
        if (!p->keeps_first)
            return import_csv_bad(
                &p->t, p->id, "an id that has not occurred (--duplicates first keeps the first)",
                err);
        import_skip(p->counts, "an id that occurred", at.path, at.line);
        return PM_OK;
    }
    pm_status s = read_prompt(p, &prompt, err);
    if (s == PM_OK) s = import_wrap(at, folder_add_prompt(p->out, &prompt, &row, err), err);
    for (size_t k = 0; s == PM_OK && k < p->n_models; k++)
        s = read_model(p, &p->model[k], row, at, err);
    return s;
}

static pm_status read_file(pass *p, const char *path, pm_err *err)
{
    pm_status s = import_csv_open(&p->t, path, err);
    if (s != PM_OK) return s;
    s = import_split(p->job, path, &p->split, err);
    if (s == PM_OK) s = read_header(p, err);
    while (s == PM_OK) {
        s = import_csv_next(&p->t, err);
        if (s != PM_OK || !p->t.n) break;
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = read_row(p, err);
    }
    import_csv_close(&p->t, p->counts);
    return s;
}

static bool is_csv(const char *name)
{
    return import_ends(name, ".csv") || import_ends(name, ".csv.gz");
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    pm_status s = import_keeps_first(job, &p.keeps_first, err);
    if (s == PM_OK) s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_csv, &files, err);
    if (s != PM_OK) return s;
    for (size_t k = 0; s == PM_OK && k < files.n; k++) s = read_file(&p, files.path[k], err);
    mem_free(p.model);
    str_close(&p.text);
    str_close(&p.answer);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {IMPORT_DUPLICATES, IMPORT_SPLIT, IMPORT_RENAME,
                                        IMPORT_OPTION_END};

const import_format import_routerbench = {
    .name = "routerbench",
    .summary = "RouterBench's wide table: scores, costs and answers of each model",
    .files = ".csv with sample_id, prompt, eval_name, MODEL, MODEL|total_cost, "
             "MODEL|model_response; folders of these",
    .verified = "on an excerpt after the published schema",
    .option = options,
    .run = run};
