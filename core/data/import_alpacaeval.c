/* SPDX-License-Identifier: MIT
 *
 * Imports the annotations of AlpacaEval: a judge compares the answers of one model with those of a fixed baseline.
 * Each annotation is a battle; what one judge says of the models against one baseline is their score as well.
 */
#include "data/import_formats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/import_tools.h"
#include "data/show.h"

typedef struct judge {
    char *table; /* "scores", or "scores_NAME" of further judges */
    pm_str baseline;
    import_seen seen;
} judge;

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_record t;
    bool keeps_first, by_folder;
    arena *a;
    names judges, prompts;
    judge *judge; /* [n of judges] */
    size_t room_judges;
    import_seen answered; /* (prompt, model) with a length */
    str key;
} pass;

typedef struct annotation {
    pm_str instruction, dataset, judge, generator[2], output[2];
    double p_b; /* NaN: none */
} annotation;

static pm_status no_memory(const pass *p, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory", records_path(p->t.r));
}

/* ---- one annotation ---- */

static pm_status read_preference(const pass *p, double *p_b, pm_err *err)
{
    static const double range[2] = {0, 2};
    double v;
    *p_b = (double)NAN;
    pm_status s = import_record_number(&p->t, "preference", range, true, &v, err);
    if (s != PM_OK || isnan(v)) return s;
    if (v != 0 && v < 1)
        return import_record_bad(&p->t, "preference", import_field(&p->t, "preference"),
                                 "1 to 2, or 0 for a tie", err);
    *p_b = v == 0 ? .5 : v - 1;
    return PM_OK;
}

/* results/MODEL/JUDGE/annotations.json: the name of the folder above the judge's. */
static bool folder_above(const char *path, pm_str *name)
{
    const char *end = strrchr(path, '/');
    for (int level = 0; level < 2; level++) {
        const char *begin = end;
        if (!end || end == path) return false;
        while (begin > path && begin[-1] != '/') begin--;
        if (level == 1) {
            *name = (pm_str){begin, (size_t)(end - begin)};
            return name->len > 0;
        }
        end = begin > path ? begin - 1 : NULL;
    }
    return false;
}

static pm_status read_annotation(const pass *p, annotation *n, pm_err *err)
{
    const import_record *t = &p->t;
    pm_status s = import_record_text(t, "instruction", false, &n->instruction, err);
    if (s == PM_OK) s = import_record_text(t, "dataset", true, &n->dataset, err);
    if (s == PM_OK) s = import_record_text(t, "annotator", true, &n->judge, err);
    if (s == PM_OK) s = import_record_text(t, "generator_1", false, &n->generator[0], err);
    if (s == PM_OK) s = import_record_text(t, "generator_2", false, &n->generator[1], err);
    if (s == PM_OK) s = import_record_text(t, "output_1", true, &n->output[0], err);
    if (s == PM_OK) s = import_record_text(t, "output_2", true, &n->output[1], err);
    if (s == PM_OK) s = read_preference(p, &n->p_b, err);
    if (!n->judge.ptr) n->judge = pm_str_of("alpaca_eval");
    if (s == PM_OK && p->by_folder && !folder_above(records_path(t->r), &n->generator[1]))
        s = err_set(err, PM_E_ARG,
                    "%s: --names folder: wanted a path like MODEL/JUDGE/annotations.json",
                    records_path(t->r));
    return s;
}

/* ---- judges, prompts and models ---- */

static char *table_of(pass *p, pm_str name)
{
    const char *first = import_text(p->job, "scores-of", NULL);
    bool plain = first ? pm_str_equal(name, first) : p->judges.n == 0;
    if (plain) return arena_strdup(p->a, "scores");
    char *table = arena_alloc(p->a, name.len + 8, 1);
    if (!table) return NULL;
    memcpy(table, "scores_", 7);
    for (size_t k = 0; k < name.len; k++) {
        char c = name.ptr[k];
        bool plain_char = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_';
        table[7 + k] = plain_char ? c : '_';
    }
    return table;
}

static pm_status find_judge(pass *p, const annotation *n, judge **out, pm_err *err)
{
    size_t k = names_find(&p->judges, n->judge);
    if (k == SIZE_MAX) {
        const char *name = arena_strndup(p->a, n->judge.ptr, n->judge.len);
        const char *baseline = arena_strndup(p->a, n->generator[0].ptr, n->generator[0].len);
        judge j = {table_of(p, n->judge), {baseline, n->generator[0].len}, {NULL, 0}};
        k = p->judges.n;
        if (!name || !baseline || !j.table ||
            !mem_grow(&p->judge, &p->room_judges, k + 1, sizeof *p->judge) ||
            !names_add(&p->judges, (pm_str){name, n->judge.len}))
            return no_memory(p, err);
        p->judge[k] = j;
    }
    *out = &p->judge[k];
    if (pm_str_equal(n->generator[0], (*out)->baseline.ptr)) return PM_OK;
    return err_set(
        err, PM_E_FORMAT,
        "%s:%zu: \"generator_1\": found %s, wanted \"%s\" as before: scores of one judge "
        "are against one baseline",
        records_path(p->t.r), records_line(p->t.r), show_text(n->generator[0]).text,
        (*out)->baseline.ptr);
}

static pm_status find_prompt(pass *p, const annotation *n, uint32_t *row, import_at at, pm_err *err)
{
    char id[32];
    folder_prompt prompt = {.text = n->instruction, .domain = n->dataset, .tokens_in = -1};
    str_clear(&p->key);
    str_put(&p->key, n->dataset.ptr ? n->dataset.ptr : "", n->dataset.len);
    str_puts(&p->key, "\n");
    str_put(&p->key, n->instruction.ptr, n->instruction.len);
    if (p->key.failed) return no_memory(p, err);
    pm_str key = {p->key.at, p->key.len};
    size_t k = names_find(&p->prompts, key);
    *row = (uint32_t)k;
    if (k != SIZE_MAX) return PM_OK;
    key.ptr = arena_strndup(p->a, key.ptr, key.len);
    if (!key.ptr || !names_add(&p->prompts, key)) return no_memory(p, err);
    snprintf(id, sizeof id, "ae%03zu", p->prompts.n - 1);
    prompt.id = pm_str_of(id);
    return import_wrap(at, folder_add_prompt(p->out, &prompt, row, err), err);
}

/* ---- cells and battles ---- */

/* The baseline's answers are the same in every file: the first counts. */
static pm_status put_length(pass *p, const uint32_t place[2], pm_str output, import_at at,
                            pm_err *err)
{
    bool again;
    if (!output.ptr) return PM_OK;
    import_counts unused = {0};
    pm_status s = import_mark(&p->answered, place, true, at, &unused, &again, err);
    if (s != PM_OK || again) return s;
    return import_answer(p->out, place, output, at, err);
}

static pm_status put_score(pass *p, judge *j, const uint32_t place[2], double score, bool base,
                           import_at at, bool *again, pm_err *err)
{
    import_counts unused = {0};
    pm_status s = import_mark(&j->seen, place, p->keeps_first || base, at,
                              base ? &unused : p->counts, again, err);
    if (s != PM_OK || *again) return s;
    return import_cell(p->out, j->table, place, score, at, err);
}

static pm_status put_annotation(pass *p, const annotation *n, import_at at, pm_err *err)
{
    judge *j = NULL;
    folder_battle b = {.weight = 1, .judge = n->judge};
    uint32_t model[2] = {0, 0};
    bool again = false;
    bool same = n->generator[0].len == n->generator[1].len &&
                memcmp(n->generator[0].ptr, n->generator[1].ptr, n->generator[0].len) == 0;
    pm_status s = find_judge(p, n, &j, err);
    if (s == PM_OK) s = find_prompt(p, n, &b.prompt, at, err);
    for (int k = 0; s == PM_OK && k < 2; k++) {
        s = import_wrap(at, import_model(p->job, p->out, n->generator[k], NULL, &model[k], err),
                        err);
        uint32_t place[2] = {b.prompt, model[k]};
        if (s == PM_OK) s = put_length(p, place, n->output[k], at, err);
    }
    if (s != PM_OK) return s;
    uint32_t base[2] = {b.prompt, model[0]}, other[2] = {b.prompt, model[1]};
    s = put_score(p, j, base, .5, true, at, &again, err);
    if (s != PM_OK) return s;
    if (same || isnan(n->p_b)) {
        import_skip(p->counts, same ? "the baseline against itself" : "no preference", at.path,
                    at.line);
        return PM_OK;
    }
    s = put_score(p, j, other, n->p_b, false, at, &again, err);
    if (s != PM_OK || again) return s;
    b.a = model[0];
    b.b = model[1];
    b.outcome = (float)(1 - n->p_b);
    return import_wrap(at, folder_add_battle(p->out, &b, err), err);
}

/* ---- the job ---- */

static pm_status read_file(pass *p, const char *path, pm_err *err)
{
    pm_status s = import_record_open(&p->t, path, NULL, err);
    while (s == PM_OK) {
        annotation n = {0};
        s = import_record_next(&p->t, err);
        if (s != PM_OK || !p->t.field) break;
        import_at at = {path, records_line(p->t.r)};
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = read_annotation(p, &n, err);
        if (s == PM_OK) s = put_annotation(p, &n, at, err);
    }
    import_record_close(&p->t, p->counts);
    return s;
}

static bool is_annotations(const char *name)
{
    return strcmp(name, "annotations.json") == 0 || strcmp(name, "annotations.json.gz") == 0;
}

static pm_status begin(pass *p, pm_err *err)
{
    const char *by = import_text(p->job, "names", "generator");
    p->by_folder = strcmp(by, "folder") == 0;
    if (!p->by_folder && strcmp(by, "generator") != 0)
        return err_set(err, PM_E_ARG, "--names: found '%s', wanted generator or folder", by);
    pm_status s = import_keeps_first(p->job, &p->keeps_first, err);
    return s == PM_OK ? import_check_renames(p->job, err) : s;
}

static void tell(pass *p)
{
    for (size_t k = 0; k < p->judges.n; k++)
        import_note(p->counts, "%s.csv: judge %s, against %s (itself .5)", p->judge[k].table,
                    p->judges.name[k].ptr, p->judge[k].baseline.ptr);
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    pm_status s = begin(&p, err);
    if (s == PM_OK) s = import_files_of(job, is_annotations, &files, err);
    if (s != PM_OK) return s;
    p.a = arena_open(0);
    p.judges = names_of(p.a);
    p.prompts = names_of(p.a);
    if (!p.a) s = err_set(err, PM_E_MEMORY, "no memory");
    for (size_t k = 0; s == PM_OK && k < files.n; k++) s = read_file(&p, files.path[k], err);
    if (s == PM_OK) tell(&p);
    for (size_t k = 0; k < p.judges.n; k++) import_seen_close(&p.judge[k].seen);
    mem_free(p.judge);
    import_seen_close(&p.answered);
    str_close(&p.key);
    arena_close(p.a);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"names", "generator|folder", "models by generator_2 (the default), or by MODEL/JUDGE/FILE"},
    {"scores-of", "JUDGE", "whose preferences are scores.csv; the first judge's unless given"},
    IMPORT_DUPLICATES,
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_alpacaeval = {
    .name = "alpacaeval",
    .summary = "AlpacaEval's annotations: battles against a baseline, and scores made of them",
    .files = "annotations.json with instruction, generator_1, generator_2, preference; folders of "
             "these (results/)",
    .verified = "on an excerpt after the published schema",
    .option = options,
    .run = run};
