/* SPDX-License-Identifier: MIT
 *
 * --from long: a row for each answer of a model to a query.  What columns mean, and what becomes of a row.
 */
#include "data/import_long.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/import_formats.h"
#include "data/show.h"
#include "text/grade.h"

static const import_option options[] = {
    {"prompts", "FILE",
     "prompts of the queries: .jsonl {\"id\", \"prompt\", ...}, any members kept"},
    {"query", "NAME", "the column with the id of the query (default: query_id, prompt_id or id)"},
    {"model", "NAME", "the column with the model (default: model, model_name or model_id)"},
    {"prompt", "NAME", "the column with the text (default: prompt, query or question)"},
    {"score", "NAME",
     "the column with the quality, 0 to 1 (default: score, quality or performance)"},
    {"loss", "NAME", "the column with the loss, 0 or more (default: loss)"},
    {"cost", "NAME", "the column with US dollars of the call (default: cost or cost_usd)"},
    IMPORT_OPTION_END};

/* ---- columns ---- */

typedef struct meaning {
    long_column column;
    const char *option; /* names the column instead; NULL: no option */
    const char *table;
    const char *name[5];
} meaning;

static const meaning meanings[] = {
    {LONG_QUERY, "query", NULL, {"query_id", "prompt_id", "id"}},
    {LONG_MODEL, "model", NULL, {"model", "model_name", "model_id"}},
    {LONG_PROMPT, "prompt", NULL, {"prompt", "query", "question"}},
    {LONG_DOMAIN, NULL, NULL, {"domain", "task", "benchmark", "category"}},
    {LONG_SPLIT, NULL, NULL, {"split"}},
    {LONG_GROUP, NULL, NULL, {"group"}},
    {LONG_RESPONSE, NULL, NULL, {"response", "model_response"}},
    {LONG_SCORE, "score", "scores", {"score", "quality", "performance"}},
    {LONG_LOSS, "loss", "losses", {"loss"}},
    {LONG_COST, "cost", "costs", {"cost", "cost_usd"}},
    {LONG_TOKENS_IN, NULL, "tokens_in", {"tokens_in", "input_tokens", "prompt_tokens"}},
    {LONG_TOKENS_OUT,
     NULL,
     "tokens_out",
     {"tokens_out", "output_tokens", "completion_tokens", "tokens"}},
    {LONG_LATENCY, NULL, "latency_ms", {"latency_ms"}},
};

/* "Time (s)" is the table "Time_s". */
static void table_of(pm_str name, char out[FOLDER_NAME_BYTES + 1])
{
    size_t n = 0;
    for (size_t k = 0; k < name.len && n < FOLDER_NAME_BYTES; k++) {
        char c = name.ptr[k];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || (c == '.' && n);
        if (plain)
            out[n++] = c;
        else if (n && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n && out[n - 1] == '_') n--;
    out[n] = '\0';
}

long_column long_column_of(const long_import *x, pm_str name, char table[FOLDER_NAME_BYTES + 1])
{
    for (size_t k = 0; k < sizeof meanings / sizeof *meanings; k++) {
        const meaning *m = &meanings[k];
        const char *given = m->option ? import_text(x->job, m->option, NULL) : NULL;
        bool is = given && pm_str_equal(name, given);
        for (size_t i = 0; !given && !is && m->name[i]; i++) is = pm_str_equal(name, m->name[i]);
        if (!is) continue;
        strcpy(table, m->table ? m->table : "");
        return m->column;
    }
    table_of(name, table);
    return LONG_OTHER;
}

pm_status long_left_out(long_import *x, pm_str column, pm_err *err)
{
    x->n_left_out++;
    if (names_find(&x->left_out, column) != SIZE_MAX || x->left_out.n >= 16) return PM_OK;
    pm_str kept = {arena_strndup(x->a, column.ptr, column.len), column.len};
    if (kept.ptr && names_add(&x->left_out, kept)) return PM_OK;
    return err_set(err, PM_E_MEMORY, "%s: no memory", x->path);
}

/* ---- rows ---- */

/* Eight bytes a step; only equal texts matter, and zero stands for none. */
static uint64_t mark_of(pm_str s)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ s.len;
    for (size_t k = 0; k < s.len; k += 8) {
        uint64_t part = 0;
        memcpy(&part, s.ptr + k, s.len - k < 8 ? s.len - k : 8);
        h = (h ^ part) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h ? h : 1;
}

static pm_status add_query(long_import *x, const long_row *r, uint32_t *row, pm_err *err)
{
    if (!r->text[LONG_PROMPT].ptr)
        return err_set(err, PM_E_FORMAT,
                       "query %s: found no text, wanted a column \"prompt\", or --prompts FILE",
                       show_text(r->text[LONG_QUERY]).text);
    folder_prompt p = {.id = r->text[LONG_QUERY],
                       .text = r->text[LONG_PROMPT],
                       .domain = r->text[LONG_DOMAIN],
                       .split = r->text[LONG_SPLIT],
                       .group = r->text[LONG_GROUP],
                       .tokens_in = -1};
    pm_status s = folder_add_prompt(x->out, &p, row, err);
    if (s != PM_OK) return s;
    if (!mem_grow(&x->mark, &x->room, (size_t)*row + 1, sizeof *x->mark))
        return err_set(err, PM_E_MEMORY, "%s: no memory", x->path);
    x->mark[*row] = mark_of(p.text);
    return PM_OK;
}

static pm_status find_query(long_import *x, const long_row *r, uint32_t *row, pm_err *err)
{
    *row = folder_find_prompt(x->out, r->text[LONG_QUERY]);
    if (*row == FOLDER_NONE) return x->has_prompts ? PM_OK : add_query(x, r, row, err);
    if (x->has_prompts || !r->text[LONG_PROMPT].ptr ||
        x->mark[*row] == mark_of(r->text[LONG_PROMPT]))
        return PM_OK;
    return err_set(err, PM_E_FORMAT, "query %s has another text than before",
                   show_text(r->text[LONG_QUERY]).text);
}

static bool gives(const long_row *r, const char *table)
{
    for (size_t k = 0; k < r->n_cells; k++)
        if (strcmp(r->cell[k].table, table) == 0) return true;
    return false;
}

/* What the text of an answer tells, unless the row says it itself. */
static pm_status take_response(long_import *x, const long_row *r, const uint32_t place[2],
                               pm_err *err)
{
    pm_str text = r->text[LONG_RESPONSE];
    double grade = text_grade(text_count(text)), chars = (double)utf8_count(text.ptr, text.len);
    pm_status s = PM_OK;
    if (!text.len) return PM_OK;
    if (!gives(r, "output_chars"))
        s = folder_cell(x->out, "output_chars", place[0], place[1], chars, err);
    if (s == PM_OK && !isnan(grade) && !gives(r, "reading_grade"))
        s = folder_cell(x->out, "reading_grade", place[0], place[1], grade, err);
    return s;
}

pm_status long_take(long_import *x, const long_row *r, size_t line, pm_err *err)
{
    uint32_t row, col;
    if (!r->text[LONG_QUERY].len) return err_set(err, PM_E_FORMAT, "found no query, wanted its id");
    if (!r->text[LONG_MODEL].len)
        return err_set(err, PM_E_FORMAT, "found no model, wanted its name");
    pm_status s = find_query(x, r, &row, err);
    if (s != PM_OK) return s;
    if (row == FOLDER_NONE) {
        import_skip(x->counts, "the file of prompts has no such query", x->path, line);
        return PM_OK;
    }
    size_t known = 0;
    s = folder_model(x->out, r->text[LONG_MODEL], NULL, &col, err);
    for (size_t k = 0; s == PM_OK && k < r->n_cells; k++) {
        if (isnan(r->cell[k].value)) continue;
        s = folder_cell(x->out, r->cell[k].table, row, col, r->cell[k].value, err);
        known++;
    }
    if (s == PM_OK && r->text[LONG_RESPONSE].len) known++;
    if (s == PM_OK) s = take_response(x, r, (const uint32_t[]){row, col}, err);
    if (s == PM_OK && !known) import_skip(x->counts, "no value", x->path, line);
    return s;
}

/* ---- the whole ---- */

static bool ends_in(const char *path, const char *end)
{
    size_t len = strlen(path), n = strlen(end);
    if (len > 3 && strcmp(path + len - 3, ".gz") == 0) len -= 3;
    return len >= n && memcmp(path + len - n, end, n) == 0;
}

static pm_status read_input(long_import *x, const char *path, pm_err *err)
{
    x->path = path;
    if (ends_in(path, ".csv")) return long_read_csv(x, err);
    if (ends_in(path, ".jsonl") || ends_in(path, ".ndjson")) return long_read_jsonl(x, err);
    return err_set(err, PM_E_ARG,
                   "%s: wanted a name that ends in .csv or .jsonl, or either and .gz", path);
}

static void note_left_out(const long_import *x)
{
    str list = STR_INIT;
    if (!x->n_left_out) return;
    for (size_t k = 0; k < x->left_out.n; k++)
        str_printf(&list, "%s%s", k ? ", " : "", show_text(x->left_out.name[k]).text);
    import_note(x->counts, "%zu texts of an answer are not kept: %s", x->n_left_out,
                str_text(&list));
    str_close(&list);
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    long_import x = {.job = job, .out = out, .counts = counts, .wrong = {.dir = job->input[0]}};
    const char *prompts = import_text(job, "prompts", NULL);
    x.a = arena_open(0);
    if (!x.a) return err_set(err, PM_E_MEMORY, "no memory for the import");
    x.left_out = names_of(x.a);
    pm_status s = PM_OK;
    if (prompts) {
        x.has_prompts = true;
        s = long_read_prompts(&x, prompts, err);
    }
    for (size_t k = 0; s == PM_OK && k < job->n_inputs; k++) s = read_input(&x, job->input[k], err);
    if (s == PM_OK) s = mistakes_finish(&x.wrong, err);
    note_left_out(&x);
    mem_free(x.mark);
    str_close(&x.wrong.text);
    arena_close(x.a);
    return s;
}

const import_format import_long = {
    "long",
    "a row for each answer: query_id, model, score, cost, tokens, latency_ms, prompt, domain",
    "one or more .csv or .jsonl files",
    "on its own documented schema (docs/data-format.md)",
    options,
    run};
