/* SPDX-License-Identifier: MIT
 *
 * Imports EmbedLLM's correctness tables: a CSV row per prompt and model.  With the publisher's question_order.csv
 * the prompts come in its order, which is that of the published question embeddings.
 */
#include "data/import_formats.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "data/import_tools.h"

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_csv t;
    bool keeps_first;
    pm_str split;
    size_t id, model, label, prompt, domain;
    import_seen seen;
    uint64_t *text; /* [n_texts] hash of each prompt's text */
    size_t n_texts, room;
    names wanted;        /* with --order: ids that the tables hold */
    const char **splits; /* [n of wanted] of each */
    size_t room_splits;
} pass;

/* ---- one table ---- */

static pm_status find_columns(pass *p, bool text_needed, pm_err *err)
{
    const import_csv *t = &p->t;
    pm_status s = import_csv_need(t, "prompt_id", &p->id, err);
    if (s == PM_OK) s = import_csv_need(t, "label", &p->label, err);
    p->model = import_csv_find(t, "model_name");
    if (s == PM_OK && p->model == SIZE_MAX) s = import_csv_need(t, "model_id", &p->model, err);
    p->prompt = import_csv_find(t, "prompt");
    if (s == PM_OK && text_needed) s = import_csv_need(t, "prompt", &p->prompt, err);
    p->domain = import_csv_find(t, "category");
    if (p->domain == SIZE_MAX) p->domain = import_csv_find(t, "category_id");
    return s;
}

static pm_status add_prompt(pass *p, const folder_prompt *prompt, uint32_t *row, import_at at,
                            pm_err *err)
{
    pm_status s = import_wrap(at, folder_add_prompt(p->out, prompt, row, err), err);
    if (s != PM_OK) return s;
    if (!mem_grow(&p->text, &p->room, (size_t)*row + 1, sizeof *p->text))
        return err_set(err, PM_E_MEMORY, "%s: no memory", at.path);
    p->text[*row] = fnv1a(prompt->text.ptr, prompt->text.len);
    p->n_texts = (size_t)*row + 1;
    return PM_OK;
}

/* The row of the prompt at hand, which is new or has the text it had before. */
static pm_status find_prompt(pass *p, uint32_t *row, import_at at, pm_err *err)
{
    folder_prompt prompt = {.id = p->t.cell[p->id], .split = p->split, .tokens_in = -1};
    if (!prompt.id.len) return import_csv_bad(&p->t, p->id, "the number of a prompt", err);
    *row = folder_find_prompt(p->out, prompt.id);
    if (p->prompt == SIZE_MAX) {
        if (*row != FOLDER_NONE) return PM_OK;
        return import_csv_bad(&p->t, p->id, "a prompt of --order", err);
    }
    prompt.text = p->t.cell[p->prompt];
    if (*row == FOLDER_NONE) {
        if (p->domain != SIZE_MAX) prompt.domain = p->t.cell[p->domain];
        return add_prompt(p, &prompt, row, at, err);
    }
    if (p->text[*row] == fnv1a(prompt.text.ptr, prompt.text.len)) return PM_OK;
    return import_csv_bad(&p->t, p->prompt, "the text that this prompt_id had before", err);
}

static pm_status read_row(pass *p, pm_err *err)
{
    import_at at = {p->t.path, csv_line(p->t.c)};
    uint32_t place[2];
    double label;
    bool again = false;
    pm_status s = find_prompt(p, &place[0], at, err);
    if (s == PM_OK && !p->t.cell[p->model].len)
        s = import_csv_bad(&p->t, p->model, "the name of a model", err);
    if (s == PM_OK)
        s = import_wrap(at, import_model(p->job, p->out, p->t.cell[p->model], NULL, &place[1], err),
                        err);
    if (s == PM_OK) s = import_csv_number(&p->t, p->label, import_share, false, &label, err);
    if (s == PM_OK) s = import_mark(&p->seen, place, p->keeps_first, at, p->counts, &again, err);
    if (s != PM_OK || again) return s;
    return import_cell(p->out, "scores", place, label, at, err);
}

static pm_status read_table(pass *p, const char *path, pm_err *err)
{
    pm_status s = import_csv_open(&p->t, path, err);
    if (s != PM_OK) return s;
    s = import_split(p->job, path, &p->split, err);
    if (s == PM_OK) s = find_columns(p, !p->wanted.n, err);
    while (s == PM_OK) {
        s = import_csv_next(&p->t, err);
        if (s != PM_OK || !p->t.n) break;
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = read_row(p, err);
    }
    import_csv_close(&p->t, p->counts);
    return s;
}

/* ---- the order of the questions ---- */

static pm_status want_ids(pass *p, const char *path, pm_err *err)
{
    pm_str split;
    size_t id = 0;
    pm_status s = import_split(p->job, path, &split, err);
    if (s == PM_OK) s = import_csv_open(&p->t, path, err);
    if (s != PM_OK) return s;
    s = import_csv_need(&p->t, "prompt_id", &id, err);
    while (s == PM_OK) {
        s = import_csv_next(&p->t, err);
        if (s != PM_OK || !p->t.n) break;
        pm_str name = p->t.cell[id];
        if (names_find(&p->wanted, name) != SIZE_MAX) continue;
        const char *copy = arena_strndup(p->wanted.a, name.ptr, name.len);
        if (!copy || !names_add(&p->wanted, (pm_str){copy, name.len}) ||
            !mem_grow(&p->splits, &p->room_splits, p->wanted.n, sizeof *p->splits))
            s = err_set(err, PM_E_MEMORY, "%s: no memory", path);
        else
            p->splits[p->wanted.n - 1] = split.ptr;
    }
    import_csv_close(&p->t, p->counts);
    return s;
}

/* Adds the prompts of question_order.csv that the tables hold.  Without a column prompt_id a question's number is
 * its place, from 0: so the publisher's code reads it. */
static pm_status read_order(pass *p, const char *path, pm_err *err)
{
    size_t id, prompt, number = 0, unused = 0;
    pm_status s = import_csv_open(&p->t, path, err);
    if (s != PM_OK) return s;
    s = import_csv_need(&p->t, "prompt", &prompt, err);
    id = import_csv_find(&p->t, "prompt_id");
    p->domain = import_csv_find(&p->t, "category");
    while (s == PM_OK) {
        char own[32];
        s = import_csv_next(&p->t, err);
        if (s != PM_OK || !p->t.n) break;
        import_at at = {path, csv_line(p->t.c)};
        folder_prompt row = {.text = p->t.cell[prompt], .tokens_in = -1};
        snprintf(own, sizeof own, "%zu", number++);
        row.id = id == SIZE_MAX ? pm_str_of(own) : p->t.cell[id];
        if (p->domain != SIZE_MAX) row.domain = p->t.cell[p->domain];
        size_t known = names_find(&p->wanted, row.id);
        unused += known == SIZE_MAX;
        if (known == SIZE_MAX) continue;
        if (p->splits[known]) row.split = pm_str_of(p->splits[known]);
        uint32_t given;
        s = add_prompt(p, &row, &given, at, err);
    }
    if (unused)
        import_note(p->counts, "%s: %zu questions are in none of the tables",
                    import_base_name(path), unused);
    import_csv_close(&p->t, p->counts);
    return s;
}

/* ---- the job ---- */

static bool is_table(const char *name)
{
    return (import_ends(name, ".csv") || import_ends(name, ".csv.gz")) &&
           strncmp(name, "question_order", 14) != 0;
}

static pm_status read_all(pass *p, const import_files *files, pm_err *err)
{
    const char *order = import_text(p->job, "order", NULL);
    pm_status s = PM_OK;
    for (size_t k = 0; order && s == PM_OK && k < files->n; k++)
        s = want_ids(p, files->path[k], err);
    if (order && s == PM_OK) s = read_order(p, order, err);
    for (size_t k = 0; s == PM_OK && k < files->n; k++) s = read_table(p, files->path[k], err);
    return s;
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    pm_status s = import_keeps_first(job, &p.keeps_first, err);
    if (s == PM_OK) s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_table, &files, err);
    if (s != PM_OK) return s;
    p.wanted = names_of(arena_open(0));
    s = p.wanted.a ? read_all(&p, &files, err) : err_set(err, PM_E_MEMORY, "no memory");
    import_seen_close(&p.seen);
    mem_free(p.text);
    mem_free(p.splits);
    arena_close(p.wanted.a);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"order", "FILE", "question_order.csv: the prompts' order, and their texts"},
    IMPORT_DUPLICATES,
    IMPORT_SPLIT,
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_embedllm = {
    .name = "embedllm",
    .summary = "EmbedLLM's correctness of many models, a row per prompt and model",
    .files = ".csv with prompt_id, model_id or model_name, label, prompt, category_id or category; "
             "folders of these",
    .verified = "on an excerpt after the published schema",
    .option = options,
    .run = run};
