/* SPDX-License-Identifier: MIT
 *
 * Imports LLMRouterBench's results: a JSON file per dataset, split and model, with one record per question.
 */
#include "data/import_formats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/import_tools.h"
#include "data/show.h"

typedef enum part { DATASET, SPLIT, MODEL, PARTS } part;

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_record t;
    bool by_prompt; /* --text prompt */
    arena *a;
    names runs;      /* "dataset\nsplit\nmodel" that were read */
    str name[PARTS]; /* of the file at hand */
    bool demo, begun;
    str id, key;
    uint32_t model;
    uint64_t *text; /* [n] hash of each prompt's text */
    size_t room;
    import_seen seen;
} pass;

/* ---- what the file is of ---- */

/* .../DATASET/SPLIT/MODEL/FILE.json */
static void names_of_path(pass *p, const char *path)
{
    const char *end = strrchr(path, '/');
    for (int k = PARTS - 1; k >= 0; k--) {
        str_clear(&p->name[k]);
        if (!end) continue;
        const char *begin = end;
        while (begin > path && begin[-1] != '/') begin--;
        str_put(&p->name[k], begin, (size_t)(end - begin));
        end = begin > path ? begin - 1 : NULL;
    }
}

static pm_status take_member(pass *p, pm_err *err)
{
    static const char *const member[PARTS] = {"dataset_name", "split", "model_name"};
    const jsonl_field *f = p->t.field;
    if (pm_str_equal(f->key, "demo")) p->demo = f->kind == JSONL_BOOL && f->number > 0;
    for (int k = 0; k < PARTS; k++) {
        if (!pm_str_equal(f->key, member[k]) || f->kind == JSONL_NULL) continue;
        if (f->kind != JSONL_STRING || !f->text.len)
            return import_record_bad(&p->t, member[k], f, "a text", err);
        if (p->begun && !pm_str_equal(f->text, str_text(&p->name[k])))
            return import_record_bad(&p->t, member[k], f, "it before \"records\"", err);
        str_clear(&p->name[k]);
        str_put(&p->name[k], f->text.ptr, f->text.len);
    }
    return PM_OK;
}

/* At the first record.  *skip: a trial run, or an older run of the same. */
static pm_status begin_records(pass *p, const char *path, bool *skip, pm_err *err)
{
    static const char *const what[PARTS] = {"dataset_name", "split", "model_name"};
    p->begun = true;
    str_clear(&p->key);
    for (int k = 0; k < PARTS; k++) {
        if (!p->name[k].len)
            return err_set(err, PM_E_FORMAT,
                           "%s: found no \"%s\", wanted it before \"records\", or a path like "
                           "DATASET/SPLIT/MODEL/FILE.json",
                           path, what[k]);
        str_printf(&p->key, "%s%s", k ? "\n" : "", str_text(&p->name[k]));
    }
    pm_str key = {str_text(&p->key), p->key.len};
    *skip = p->demo || names_find(&p->runs, key) != SIZE_MAX;
    if (*skip) {
        import_skip(p->counts, p->demo ? "a file of a trial run (demo)" : "a file of an older run",
                    path, records_line(p->t.r));
        return PM_OK;
    }
    key.ptr = arena_strndup(p->a, key.ptr, key.len);
    if (p->key.failed || !key.ptr || !names_add(&p->runs, key))
        return err_set(err, PM_E_MEMORY, "%s: no memory", path);
    pm_str model = {str_text(&p->name[MODEL]), p->name[MODEL].len};
    pm_status s = import_model(p->job, p->out, model, NULL, &p->model, err);
    return s == PM_OK ? s : err_wrap(err, s, "%s", path);
}

/* ---- one record ---- */

/* The text to be routed: the bare question, or what was sent; one stands in for the other that is no text. */
static pm_status text_of(const pass *p, pm_str *out, pm_err *err)
{
    static const char *const name[2] = {"origin_query", "prompt"};
    for (int k = 0; k < 2; k++) {
        const jsonl_field *f = import_field(&p->t, name[k ^ p->by_prompt]);
        if (!f || f->kind != JSONL_STRING || !f->text.len) continue;
        *out = f->text;
        return PM_OK;
    }
    return import_record_bad(&p->t, name[p->by_prompt], NULL,
                             "a text in \"origin_query\" or \"prompt\"", err);
}

static pm_status find_prompt(pass *p, uint32_t *row, import_at at, pm_err *err)
{
    folder_prompt prompt = {.tokens_in = -1};
    pm_str index;
    pm_status s = import_record_text(&p->t, "index", false, &index, err);
    if (s == PM_OK) s = text_of(p, &prompt.text, err);
    if (s != PM_OK) return s;
    str_clear(&p->id);
    str_printf(&p->id, "%s/%s/%.*s", str_text(&p->name[DATASET]), str_text(&p->name[SPLIT]),
               (int)(index.len < 256 ? index.len : 256), index.ptr);
    if (p->id.failed) return err_set(err, PM_E_MEMORY, "%s: no memory", at.path);
    prompt.id = (pm_str){str_text(&p->id), p->id.len};
    prompt.domain = (pm_str){str_text(&p->name[DATASET]), p->name[DATASET].len};
    uint64_t hash = fnv1a(prompt.text.ptr, prompt.text.len);
    *row = folder_find_prompt(p->out, prompt.id);
    if (*row != FOLDER_NONE) {
        if (p->text[*row] == hash) return PM_OK;
        return err_set(
            err, PM_E_FORMAT,
            "%s:%zu: \"index\": found %s with another question than the other models had", at.path,
            at.line, show_text(index).text);
    }
    s = import_wrap(at, folder_add_prompt(p->out, &prompt, row, err), err);
    if (s != PM_OK) return s;
    if (!mem_grow(&p->text, &p->room, (size_t)*row + 1, sizeof *p->text))
        return err_set(err, PM_E_MEMORY, "%s: no memory", at.path);
    p->text[*row] = hash;
    return PM_OK;
}

static pm_status read_record(pass *p, import_at at, pm_err *err)
{
    static const struct {
        const char *field, *table;
    } cells[] = {
        {"cost", "costs"}, {"prompt_tokens", "tokens_in"}, {"completion_tokens", "tokens_out"}};
    uint32_t place[2] = {0, p->model};
    double v;
    bool again = false;
    pm_status s = find_prompt(p, &place[0], at, err);
    if (s == PM_OK) s = import_mark(&p->seen, place, false, at, p->counts, &again, err);
    if (s == PM_OK) s = import_record_number(&p->t, "score", import_share, true, &v, err);
    if (s != PM_OK) return s;
    if (isnan(v)) import_skip(p->counts, "no score", at.path, at.line);
    s = import_cell(p->out, "scores", place, v, at, err);
    for (size_t k = 0; s == PM_OK && k < sizeof cells / sizeof *cells; k++) {
        s = import_record_number(&p->t, cells[k].field, import_from_zero, true, &v, err);
        if (s == PM_OK) s = import_cell(p->out, cells[k].table, place, v, at, err);
    }
    const jsonl_field *answer = import_field(&p->t, "raw_output");
    if (s == PM_OK && answer && answer->kind == JSONL_STRING)
        s = import_answer(p->out, place, answer->text, at, err);
    return s;
}

static pm_status read_file(pass *p, const char *path, pm_err *err)
{
    bool skip = false;
    names_of_path(p, path);
    p->demo = p->begun = false;
    pm_status s = import_record_open(&p->t, path, "records", err);
    while (s == PM_OK && !skip) {
        s = import_record_next(&p->t, err);
        if (s != PM_OK || !p->t.field) break;
        if (records_is_member(p->t.r)) {
            s = take_member(p, err);
            continue;
        }
        import_at at = {path, records_line(p->t.r)};
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK && !p->begun) s = begin_records(p, path, &skip, err);
        if (s == PM_OK && !skip) s = read_record(p, at, err);
    }
    import_record_close(&p->t, p->counts);
    return s;
}

/* ---- the job ---- */

static bool is_json(const char *name)
{
    return import_ends(name, ".json") || import_ends(name, ".json.gz");
}

/* Of one folder the last name first: names end in a time, and the latest run counts. */
static int latest_first(const void *x, const void *y)
{
    const char *a = *(const char *const *)x, *b = *(const char *const *)y;
    size_t la = (size_t)(import_base_name(a) - a), lb = (size_t)(import_base_name(b) - b);
    int order = strncmp(a, b, la < lb ? la : lb);
    if (order) return order;
    if (la != lb) return la < lb ? -1 : 1;
    return strcmp(b + lb, a + la);
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    const char *text = import_text(job, "text", "origin_query");
    p.by_prompt = strcmp(text, "prompt") == 0;
    if (!p.by_prompt && strcmp(text, "origin_query") != 0)
        return err_set(err, PM_E_ARG, "--text: found '%s', wanted origin_query or prompt", text);
    pm_status s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_json, &files, err);
    if (s != PM_OK) return s;
    qsort(files.path, files.n, sizeof *files.path, latest_first);
    p.a = arena_open(0);
    p.runs = names_of(p.a);
    if (!p.a) s = err_set(err, PM_E_MEMORY, "no memory");
    for (size_t k = 0; s == PM_OK && k < files.n; k++) s = read_file(&p, files.path[k], err);
    for (int k = 0; k < PARTS; k++) str_close(&p.name[k]);
    str_close(&p.id);
    str_close(&p.key);
    mem_free(p.text);
    import_seen_close(&p.seen);
    arena_close(p.a);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"text", "origin_query|prompt",
     "what is routed: the bare question (the default), or what was sent"},
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_llmrouterbench = {
    .name = "llmrouterbench",
    .summary = "LLMRouterBench's results: scores, costs and tokens of each model",
    .files = ".json with records of index, origin_query, prompt, score, cost; folders of these "
             "(results/bench/DATASET/SPLIT/MODEL/)",
    .verified = "on an excerpt after the published schema",
    .option = options,
    .run = run};
