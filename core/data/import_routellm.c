/* SPDX-License-Identifier: MIT
 *
 * Imports RouteLLM's evaluation files: CSV of right and wrong answers (MMLU, GSM8K), MT-Bench's questions with a
 * judge's ratings, and the lists of contaminated prompts.  The order of the files is the order of the prompts.
 */
#include "data/import_routellm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* ---- CSV of answers ---- */

typedef struct answers {
    size_t prompt;
    size_t *model, *response; /* [n] columns; response SIZE_MAX: none */
    uint32_t *column;         /* [n] in the folder */
    size_t n;
} answers;

static bool is_unnamed(pm_str name)
{
    return !name.len || name.ptr[0] == '\n' || strncmp(name.ptr, "Unnamed:", 8) == 0;
}

/* "model_response" beside a column "model". */
static bool is_response(const import_csv *t, pm_str name)
{
    static const char end[] = "_response";
    size_t n = sizeof end - 1;
    if (name.len <= n || strcmp(name.ptr + name.len - n, end) != 0) return false;
    return names_find(&t->column, (pm_str){name.ptr, name.len - n}) != SIZE_MAX;
}

static size_t response_of(routellm *p, pm_str model)
{
    str_clear(&p->id);
    str_put(&p->id, model.ptr, model.len);
    str_puts(&p->id, "_response");
    return p->id.failed ? SIZE_MAX : import_csv_find(&p->t, str_text(&p->id));
}

static pm_status read_header(routellm *p, answers *c, pm_err *err)
{
    const names *head = &p->t.column;
    pm_status s = import_csv_need(&p->t, "prompt", &c->prompt, err);
    c->model = arena_alloc(head->a, head->n, sizeof *c->model);
    c->response = arena_alloc(head->a, head->n, sizeof *c->response);
    c->column = arena_alloc(head->a, head->n, sizeof *c->column);
    c->n = 0;
    if (s == PM_OK && (!c->model || !c->response || !c->column)) return routellm_no_memory(p, err);
    for (size_t k = 0; s == PM_OK && k < head->n; k++) {
        pm_str name = head->name[k];
        if (k == c->prompt || is_unnamed(name) || is_response(&p->t, name)) continue;
        c->model[c->n] = k;
        c->response[c->n] = response_of(p, name);
        s = import_model(p->job, p->out, name, NULL, &c->column[c->n++], err);
        if (s != PM_OK) s = err_wrap(err, s, "%s:1: column %zu", p->t.path, k + 1);
    }
    if (s == PM_OK && !c->n)
        s = err_set(err, PM_E_FORMAT, "%s:1: found no column of a model", p->t.path);
    return s;
}

/* True, False, or a number from 0 to 1; nothing is no outcome. */
static pm_status read_answer(routellm *p, size_t column, double *out, pm_err *err)
{
    pm_str cell = p->t.cell[column];
    bool right = pm_str_equal(cell, "True") || pm_str_equal(cell, "true");
    bool wrong = pm_str_equal(cell, "False") || pm_str_equal(cell, "false");
    *out = right ? 1 : wrong ? 0 : (double)NAN;
    if (right || wrong || !cell.len) return PM_OK;
    double v;
    if (!csv_number(cell, &v) || !(v >= 0 && v <= 1))
        return import_csv_bad(&p->t, column, "True, False or a number from 0 to 1", err);
    *out = v;
    return PM_OK;
}

static pm_status read_models(routellm *p, const answers *c, uint32_t row, import_at at, pm_err *err)
{
    for (size_t k = 0; k < c->n; k++) {
        uint32_t place[2] = {row, c->column[k]};
        double value;
        pm_status s = read_answer(p, c->model[k], &value, err);
        if (s == PM_OK && isnan(value)) import_skip(p->counts, "no outcome", at.path, at.line);
        if (s == PM_OK) s = import_cell(p->out, "scores", place, value, at, err);
        if (s == PM_OK && c->response[k] != SIZE_MAX)
            s = import_answer(p->out, place, p->t.cell[c->response[k]], at, err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

/* "mmlu_law" is domain "mmlu/law", ids "mmlu/law/0" ...; "gsm8k_responses" is "gsm8k", ids "gsm8k/test/0" ... */
static void name_file(routellm *p, const char *path, str *domain, str *stem)
{
    pm_str base = import_stem(path);
    str_clear(domain);
    str_clear(stem);
    (void)p;
    if (base.len > 5 && memcmp(base.ptr, "mmlu_", 5) == 0) {
        str_puts(domain, "mmlu/");
        str_put(domain, base.ptr + 5, base.len - 5);
        str_puts(stem, str_text(domain));
        return;
    }
    if (pm_str_equal(base, "gsm8k_responses") || pm_str_equal(base, "gsm8k")) {
        str_puts(domain, "gsm8k");
        str_puts(stem, "gsm8k/test");
        return;
    }
    str_put(domain, base.ptr, base.len);
    str_puts(stem, str_text(domain));
}

static pm_status read_rows(routellm *p, const answers *c, const str *domain, const str *stem,
                           pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t i = 0;; i++) {
        s = import_csv_next(&p->t, err);
        if (s != PM_OK || !p->t.n) return s;
        import_at at = {p->t.path, csv_line(p->t.c)};
        folder_prompt prompt = {.text = p->t.cell[c->prompt],
                                .domain = {str_text(domain), domain->len},
                                .tokens_in = -1};
        uint32_t row;
        s = import_row(p->job, p->counts, p->t.path, err);
        if (s != PM_OK) return s;
        str_clear(&p->id);
        str_printf(&p->id, "%s/%zu", str_text(stem), i);
        if (p->id.failed) return routellm_no_memory(p, err);
        prompt.id = (pm_str){str_text(&p->id), p->id.len};
        routellm_check_text(p, prompt.text, prompt.id);
        s = import_wrap(at, folder_add_prompt(p->out, &prompt, &row, err), err);
        if (s == PM_OK) s = read_models(p, c, row, at, err);
        if (s != PM_OK) return s;
    }
}

static pm_status read_answers(routellm *p, const char *path, pm_err *err)
{
    answers c;
    str domain = STR_INIT, stem = STR_INIT;
    pm_status s = import_csv_open(&p->t, path, err);
    if (s != PM_OK) return s;
    name_file(p, path, &domain, &stem);
    s = domain.failed || stem.failed ? routellm_no_memory(p, err) : read_header(p, &c, err);
    if (s == PM_OK) s = read_rows(p, &c, &domain, &stem, err);
    if (strncmp(str_text(&domain), "mmlu/", 5) == 0) {
        str_puts(&p->order, str_text(&domain));
        str_puts(&p->order, "\n");
        p->n_mmlu++;
    }
    str_close(&domain);
    str_close(&stem);
    import_csv_close(&p->t, p->counts);
    return s;
}

/* ---- the order of the files ---- */

/* The name on a line of --order: plain, or a quoted one of a Python list. */
static pm_str name_on(pm_str line)
{
    while (line.len && strchr(" \t\r\"'", *line.ptr) && *line.ptr) {
        line.ptr++;
        line.len--;
    }
    while (line.len && strchr(" \t\r\"',", line.ptr[line.len - 1]) && line.ptr[line.len - 1])
        line.len--;
    for (size_t k = 0; k < line.len; k++)
        if (strchr("=[]#", line.ptr[k])) line.len = 0;
    if (line.len > 5 && (memcmp(line.ptr, "mmlu/", 5) == 0 || memcmp(line.ptr, "mmlu_", 5) == 0)) {
        line.ptr += 5;
        line.len -= 5;
    }
    return line;
}

/* Moves the file of that domain to place `done`; false if there is none. */
static bool move_up(import_files *f, size_t done, pm_str domain)
{
    for (size_t k = done; k < f->n; k++) {
        pm_str stem = import_stem(f->path[k]);
        if (stem.len != domain.len + 5 || memcmp(stem.ptr, "mmlu_", 5) != 0 ||
            memcmp(stem.ptr + 5, domain.ptr, domain.len) != 0)
            continue;
        const char *path = f->path[k];
        memmove(&f->path[done + 1], &f->path[done], (k - done) * sizeof *f->path);
        f->path[done] = path;
        return true;
    }
    return false;
}

static pm_status order_files(routellm *p, import_files *f, pm_err *err)
{
    const char *path = import_text(p->job, "order", NULL);
    str text = STR_INIT;
    size_t done = 0, absent = 0;
    if (!path) return PM_OK;
    pm_status s = io_read(path, 1 << 20, &text, err);
    for (size_t at = 0; s == PM_OK && at < text.len;) {
        const char *from = text.at + at, *end = memchr(from, '\n', text.len - at);
        size_t len = end ? (size_t)(end - from) : text.len - at;
        pm_str name = name_on((pm_str){from, len});
        at += len + 1;
        if (!name.len) continue;
        if (move_up(f, done, name))
            done++;
        else
            absent++;
    }
    str_close(&text);
    if (s == PM_OK && !done)
        s = err_set(err, PM_E_ARG, "--order %s: names none of the files", path);
    if (absent)
        import_note(p->counts, "--order: %zu names without a file, %zu files by their names first",
                    absent, done);
    return s;
}

/* ---- the job ---- */

static bool is_csv(const char *name)
{
    return import_ends(name, ".csv") || import_ends(name, ".csv.gz");
}

/* Below RouteLLM's evals/: what else lies there is of other use. */
static bool is_ours(const char *name)
{
    static const char *const known[] = {"gsm8k_responses.csv", "question.jsonl", "judgements.jsonl",
                                        "contaminated_prompts.jsonl"};
    if (strncmp(name, "mmlu_", 5) == 0 && is_csv(name)) return true;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strncmp(name, known[k], strlen(known[k])) == 0) return true;
    return false;
}

/* The kinds one after the other: what later ones refer to comes first. */
static pm_status read_all(routellm *p, const import_files *f, const routellm_kind *kind,
                          pm_err *err)
{
    static const routellm_kind turn[] = {ROUTELLM_CONTAMINATED, ROUTELLM_ANSWERS,
                                         ROUTELLM_QUESTIONS, ROUTELLM_RATINGS};
    for (size_t i = 0; i < sizeof turn / sizeof *turn; i++)
        for (size_t k = 0; k < f->n; k++) {
            if (kind[k] != turn[i]) continue;
            pm_status s = turn[i] == ROUTELLM_ANSWERS
                              ? read_answers(p, f->path[k], err)
                              : routellm_read_json(p, f->path[k], turn[i], err);
            if (s != PM_OK) return s;
        }
    return PM_OK;
}

static pm_status read_files(routellm *p, import_files *files, pm_err *err)
{
    routellm_kind *kind = arena_alloc(files->a, files->n, sizeof *kind);
    if (!kind) return routellm_no_memory(p, err);
    pm_status s = order_files(p, files, err);
    for (size_t k = 0; s == PM_OK && k < files->n; k++) {
        kind[k] = ROUTELLM_ANSWERS;
        if (!is_csv(files->path[k])) s = routellm_kind_of(files->path[k], &kind[k], err);
    }
    if (s == PM_OK) s = read_all(p, files, kind, err);
    return s == PM_OK ? routellm_finish(p, err) : s;
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    routellm p = {.job = job, .out = out, .counts = counts};
    import_files files;
    const char *mt = import_text(job, "mt-bench", "turns");
    p.joined = strcmp(mt, "mean") == 0;
    if (!p.joined && strcmp(mt, "turns") != 0)
        return err_set(err, PM_E_ARG, "--mt-bench: found '%s', wanted turns or mean", mt);
    pm_status s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_ours, &files, err);
    if (s != PM_OK) return s;
    p.a = arena_open(0);
    p.contaminated = names_of(p.a);
    s = p.a ? read_files(&p, &files, err) : err_set(err, PM_E_MEMORY, "no memory");
    routellm_close(&p);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"order", "FILE",
     "MMLU subjects a line: RouteLLM's order (its evals/mmlu/domains.py is read too)"},
    {"mt-bench", "turns|mean", "MT-Bench: a prompt per turn (the default), or per question"},
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_routellm = {
    .name = "routellm",
    .summary = "RouteLLM's evaluation files: MMLU, GSM8K and MT-Bench of two models",
    .files = "mmlu_*.csv, gsm8k_responses.csv, question.jsonl with judgements.jsonl, "
             "contaminated_prompts.jsonl; folders of these (routellm/evals/)",
    .verified = "on the publisher's MMLU files, rebuilt from recorded data to their length; GSM8K, "
                "MT-Bench and "
                "contaminated prompts: on an excerpt after the published schema",
    .option = options,
    .run = run};
