/* SPDX-License-Identifier: MIT
 *
 * Imports LLMRouter's routing data: JSON lines with a query and what one model made of it, JSON lines with queries
 * alone, and the array of questions with a score of each model that its RouterDC preprocessing writes.
 */
#include "data/import_formats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/import_tools.h"
#include "data/show.h"

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_record t;
    bool keeps_first;
    arena *a;
    const json *models; /* --models, NULL: none */
    pm_str split;
    names queries; /* "task\nquery": its number is its row */
    names tasks;
    size_t *in_task; /* [n of tasks] */
    size_t room_tasks;
    str key, id, more;
    import_seen seen;
    size_t queries_only;
    uint32_t row; /* of the question at hand */
} pass;

static pm_status no_memory(const pass *p, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory", records_path(p->t.r));
}

/* ---- queries ---- */

/* "gsm8k/17": the 18th query of the task. */
static pm_status next_id(pass *p, pm_str task, pm_str *id, pm_err *err)
{
    size_t k = names_find(&p->tasks, task);
    if (k == SIZE_MAX) {
        const char *copy = arena_strndup(p->a, task.ptr, task.len);
        k = p->tasks.n;
        if (!copy || !names_add(&p->tasks, (pm_str){copy, task.len}) ||
            !mem_grow(&p->in_task, &p->room_tasks, k + 1, sizeof *p->in_task))
            return no_memory(p, err);
    }
    str_clear(&p->id);
    str_put(&p->id, task.ptr, task.len);
    str_printf(&p->id, "/%zu", p->in_task[k]++);
    if (p->id.failed) return no_memory(p, err);
    *id = (pm_str){str_text(&p->id), p->id.len};
    return PM_OK;
}

/* The row of a query of a task, new when it has not occurred.  The same query in two splits stays in the first. */
static pm_status find_query(pass *p, pm_str task, pm_str query, import_at at, pm_err *err)
{
    folder_prompt prompt = {.text = query, .domain = task, .split = p->split, .tokens_in = -1};
    if (!task.len) task = pm_str_of("query");
    str_clear(&p->key);
    str_put(&p->key, task.ptr, task.len);
    str_puts(&p->key, "\n");
    str_put(&p->key, query.ptr, query.len);
    if (p->key.failed) return no_memory(p, err);
    pm_str key = {str_text(&p->key), p->key.len};
    size_t k = names_find(&p->queries, key);
    p->row = (uint32_t)k;
    if (k != SIZE_MAX) return PM_OK;
    key.ptr = arena_strndup(p->a, key.ptr, key.len);
    if (!key.ptr || !names_add(&p->queries, key)) return no_memory(p, err);
    pm_status s = next_id(p, task, &prompt.id, err);
    return s == PM_OK ? import_wrap(at, folder_add_prompt(p->out, &prompt, &p->row, err), err) : s;
}

/* ---- models ---- */

/* What default_llm.json tells of a model: size "70B", prices per million tokens. */
static const char *attributes(pass *p, pm_str name)
{
    static const char *const price[2][2] = {{"input_price", "price_in"},
                                            {"output_price", "price_out"}};
    char text[256];
    if (!p->models || name.len >= sizeof text) return NULL;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    const json *m = json_get(p->models, text);
    if (!m) return NULL;
    str_clear(&p->more);
    const char *size = json_text(m, "size", "");
    char *end;
    double params = strtod(size, &end);
    if (end != size && params > 0 && (*end == 'B' || *end == 'b') && !end[1]) {
        str_puts(&p->more, "\"params_b\":");
        str_number(&p->more, params);
    }
    for (int k = 0; k < 2; k++) {
        double usd = json_number(m, price[k][0], (double)NAN);
        if (!(usd >= 0)) continue;
        str_printf(&p->more, "%s\"%s\":", p->more.len ? "," : "", price[k][1]);
        str_number(&p->more, usd);
    }
    return p->more.len ? str_text(&p->more) : NULL;
}

static pm_status find_model(pass *p, pm_str name, uint32_t *column, import_at at, pm_err *err)
{
    return import_wrap(at, import_model(p->job, p->out, name, attributes(p, name), column, err),
                       err);
}

/* ---- a query and what a model made of it ---- */

static pm_status put_numbers(pass *p, const uint32_t place[2], import_at at, pm_err *err)
{
    static const struct {
        const char *field, *table;
        double unit;
    } cells[] = {{"cost", "costs", 1},
                 {"input_tokens", "tokens_in", 1},
                 {"output_tokens", "tokens_out", 1},
                 {"token_num", "tokens_total", 1},
                 {"response_time", "latency_ms", 1000}};
    for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
        double v;
        pm_status s = import_record_number(&p->t, cells[k].field, import_from_zero, true, &v, err);
        if (s == PM_OK) s = import_cell(p->out, cells[k].table, place, v * cells[k].unit, at, err);
        if (s != PM_OK) return s;
    }
    const jsonl_field *answer = import_field(&p->t, "response");
    if (!answer || answer->kind != JSONL_STRING) return PM_OK;
    return import_answer(p->out, place, answer->text, at, err);
}

static pm_status read_query(pass *p, import_at at, pm_err *err)
{
    pm_str task, query, model;
    uint32_t place[2];
    double score;
    bool again = false;
    pm_status s = import_record_text(&p->t, "task_name", true, &task, err);
    if (s == PM_OK) s = import_record_text(&p->t, "query", false, &query, err);
    if (s == PM_OK) s = import_record_text(&p->t, "model_name", true, &model, err);
    if (s == PM_OK) s = find_query(p, task, query, at, err);
    if (s != PM_OK) return s;
    if (!model.ptr) {
        p->queries_only++;
        return PM_OK;
    }
    place[0] = p->row;
    s = find_model(p, model, &place[1], at, err);
    if (s == PM_OK) s = import_mark(&p->seen, place, p->keeps_first, at, p->counts, &again, err);
    if (s != PM_OK || again) return s;
    s = import_record_number(&p->t, "performance", import_share, true, &score, err);
    if (s != PM_OK) return s;
    if (isnan(score)) import_skip(p->counts, "no performance", at.path, at.line);
    s = import_cell(p->out, "scores", place, score, at, err);
    return s == PM_OK ? put_numbers(p, place, at, err) : s;
}

/* ---- a question and the scores of all models ---- */

typedef struct scores {
    pass *p;
    import_at at;
} scores;

static bool each_score(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    scores *q = arg;
    uint32_t place[2] = {q->p->row, 0};
    bool again = false;
    (void)number;
    if (!f->key.ptr || (f->kind != JSONL_NUMBER && f->kind != JSONL_NULL) ||
        (f->kind == JSONL_NUMBER && !(f->number >= 0 && f->number <= 1))) {
        (void)err_set(err, PM_E_FORMAT,
                      "%s:%zu: \"scores\": %s: found %s, wanted a number from 0 to 1", q->at.path,
                      q->at.line, f->key.ptr ? show_text(f->key).text : "an array",
                      show_text(f->text).text);
        return false;
    }
    pm_status s = find_model(q->p, f->key, &place[1], q->at, err);
    if (s == PM_OK)
        s = import_mark(&q->p->seen, place, q->p->keeps_first, q->at, q->p->counts, &again, err);
    if (s == PM_OK && f->kind == JSONL_NULL)
        import_skip(q->p->counts, "no performance", q->at.path, q->at.line);
    else if (s == PM_OK && !again)
        s = import_cell(q->p->out, "scores", place, f->number, q->at, err);
    return s == PM_OK;
}

static pm_status read_question(pass *p, import_at at, pm_err *err)
{
    const jsonl_field *f = import_field(&p->t, "scores");
    scores q = {p, at};
    pm_str question;
    pm_status s = import_record_text(&p->t, "question", false, &question, err);
    if (s == PM_OK && (!f || f->kind != JSONL_RAW || f->text.ptr[0] != '{'))
        s = import_record_bad(&p->t, "scores", f, "an object: {\"model\": score, ...}", err);
    if (s == PM_OK) s = find_query(p, (pm_str){NULL, 0}, question, at, err);
    return s == PM_OK ? records_values(p->t.r, f->text, each_score, &q, err) : s;
}

/* ---- the job ---- */

static pm_status read_file(pass *p, const char *path, pm_err *err)
{
    pm_status s = import_split(p->job, path, &p->split, err);
    if (s == PM_OK) s = import_record_open(&p->t, path, NULL, err);
    while (s == PM_OK) {
        s = import_record_next(&p->t, err);
        if (s != PM_OK || !p->t.field) break;
        import_at at = {path, records_line(p->t.r)};
        s = import_row(p->job, p->counts, path, err);
        if (s != PM_OK) break;
        s = import_field(&p->t, "question") ? read_question(p, at, err) : read_query(p, at, err);
    }
    import_record_close(&p->t, p->counts);
    return s;
}

static bool is_json(const char *name)
{
    return import_ends(name, ".jsonl") || import_ends(name, ".json") ||
           import_ends(name, ".jsonl.gz") || import_ends(name, ".json.gz");
}

static pm_status begin(pass *p, pm_err *err)
{
    const char *models = import_text(p->job, "models", NULL);
    p->a = arena_open(0);
    if (!p->a) return err_set(err, PM_E_MEMORY, "no memory");
    p->queries = names_of(p->a);
    p->tasks = names_of(p->a);
    if (!models) return PM_OK;
    pm_status s = json_read(models, p->a, &p->models, err);
    if (s == PM_OK && p->models->kind != JSON_OBJECT)
        s = err_set(err, PM_E_FORMAT, "%s: wanted an object with an entry for each model", models);
    return s;
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    pm_status s = import_keeps_first(job, &p.keeps_first, err);
    if (s == PM_OK) s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_json, &files, err);
    if (s != PM_OK) return s;
    s = begin(&p, err);
    for (size_t k = 0; s == PM_OK && k < files.n; k++) s = read_file(&p, files.path[k], err);
    if (p.queries_only)
        import_note(counts, "%zu rows are queries without a model: prompts", p.queries_only);
    import_seen_close(&p.seen);
    mem_free(p.in_task);
    str_close(&p.key);
    str_close(&p.id);
    str_close(&p.more);
    arena_close(p.a);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"models", "FILE", "default_llm.json: sizes and prices of the models"},
    IMPORT_DUPLICATES,
    IMPORT_SPLIT,
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_llmrouter = {
    .name = "llmrouter",
    .summary = "LLMRouter's routing data: scores, tokens and times of each model",
    .files =
        ".jsonl with query, task_name, model_name, performance; .jsonl of queries alone; .json "
        "with question and scores; folders of these",
    .verified = "on an excerpt after the published schema",
    .option = options,
    .run = run};
