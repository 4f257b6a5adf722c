/* SPDX-License-Identifier: MIT
 *
 * Imports one's own battles: a row each with the prompt's text, two models and who won, as CSV or JSON lines.  Rows of
 * the same prompt (by id, or by text) share it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "data/import_formats.h"
#include "data/import_tools.h"
#include "data/show.h"

enum {
    PROMPT,
    MODEL_A,
    MODEL_B,
    WINNER,
    P_B,
    PROMPT_ID,
    DOMAIN,
    SPLIT,
    GROUP,
    JUDGE,
    WEIGHT,
    FIELDS
};

static const char *const names_of_fields[FIELDS] = {"prompt", "model_a",   "model_b", "winner",
                                                    "p_b",    "prompt_id", "domain",  "split",
                                                    "group",  "judge",     "weight"};

typedef struct row { /* of either kind of file; ptr == NULL: not given */
    pm_str text[FIELDS];
} row;

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    double min_chars;
} pass;

/* ---- what a row says ---- */

static bool says(pm_str s, const char *const *words)
{
    for (; *words; words++)
        if (pm_str_equal(s, *words)) return true;
    return false;
}

/* Probability that a wins. */
static bool winner_of(const row *r, double *outcome)
{
    static const char *const a[] = {"a", "A", "model_a", "1", NULL};
    static const char *const b[] = {"b", "B", "model_b", "2", NULL};
    static const char *const tie[] = {"tie",           "draw", "both", "neither",
                                      "tie (bothbad)", "0.5",  NULL};
    pm_str w = r->text[WINNER];
    *outcome = 0.5;
    if (says(w, a) ||
        (w.len == r->text[MODEL_A].len && !memcmp(w.ptr, r->text[MODEL_A].ptr, w.len)))
        *outcome = 1;
    else if (says(w, b) ||
             (w.len == r->text[MODEL_B].len && !memcmp(w.ptr, r->text[MODEL_B].ptr, w.len)))
        *outcome = 0;
    else
        return says(w, tie);
    return true;
}

static pm_status number_of(import_at at, const row *r, int field, double max, double *out,
                           pm_err *err)
{
    pm_str cell = r->text[field];
    if (csv_number(cell, out) && *out >= 0 && *out <= max && (field != WEIGHT || *out > 0))
        return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s:%zu: \"%s\": found %s, wanted %s", at.path, at.line,
                   names_of_fields[field], show_text(cell).text,
                   field == P_B ? "a probability" : "a number above 0");
}

static pm_status outcome_of(import_at at, const row *r, double *out, pm_err *err)
{
    if (r->text[P_B].len) {
        pm_status s = number_of(at, r, P_B, 1, out, err);
        *out = 1 - *out;
        return s;
    }
    if (r->text[WINNER].len && winner_of(r, out)) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "%s:%zu: \"winner\": found %s, wanted a, b or tie (or the name of a model), or "
                   "\"p_b\"",
                   at.path, at.line,
                   r->text[WINNER].len ? show_text(r->text[WINNER]).text : "nothing");
}

static pm_status add_prompt(pass *p, const row *r, pm_str id, uint32_t *at, pm_err *err)
{
    folder_prompt prompt = {.id = id,
                            .text = r->text[PROMPT],
                            .domain = r->text[DOMAIN],
                            .split = r->text[SPLIT],
                            .group = r->text[GROUP],
                            .tokens_in = -1};
    return folder_add_prompt(p->out, &prompt, at, err);
}

/* Without an id the prompt is known by its text. */
static pm_status prompt_of(pass *p, const row *r, uint32_t *at, pm_err *err)
{
    char made[32], hex[65];
    pm_str id = r->text[PROMPT_ID];
    if (!id.len) {
        sha256_of(r->text[PROMPT].ptr, r->text[PROMPT].len, hex);
        snprintf(made, sizeof made, "p%.16s", hex);
        id = pm_str_of(made);
    }
    *at = folder_find_prompt(p->out, id);
    return *at == FOLDER_NONE ? add_prompt(p, r, id, at, err) : PM_OK;
}

static const char *left_out(const pass *p, const row *r)
{
    pm_str a = r->text[MODEL_A], b = r->text[MODEL_B];
    if (a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0) return "a model against itself";
    if (!r->text[PROMPT].len) return "an empty prompt";
    if ((double)utf8_count(r->text[PROMPT].ptr, r->text[PROMPT].len) < p->min_chars)
        return "a prompt below --min-chars";
    return NULL;
}

static pm_status take(pass *p, const row *r, import_at at, pm_err *err)
{
    double outcome = 0.5, weight = 1;
    folder_battle battle = {.judge = r->text[JUDGE]};
    for (int k = MODEL_A; k <= MODEL_B; k++)
        if (!r->text[k].len)
            return err_set(err, PM_E_FORMAT,
                           "%s:%zu: \"%s\": found nothing, wanted the name of a model", at.path,
                           at.line, names_of_fields[k]);
    const char *why = left_out(p, r);
    if (why) {
        import_skip(p->counts, why, at.path, at.line);
        return PM_OK;
    }
    pm_status s = outcome_of(at, r, &outcome, err);
    if (s == PM_OK && r->text[WEIGHT].len) s = number_of(at, r, WEIGHT, 1e9, &weight, err);
    if (s != PM_OK) return s;
    battle.outcome = (float)outcome;
    battle.weight = (float)weight;
    s = prompt_of(p, r, &battle.prompt, err);
    if (s == PM_OK) s = import_model(p->job, p->out, r->text[MODEL_A], NULL, &battle.a, err);
    if (s == PM_OK) s = import_model(p->job, p->out, r->text[MODEL_B], NULL, &battle.b, err);
    if (s == PM_OK) s = folder_add_battle(p->out, &battle, err);
    return import_wrap(at, s, err);
}

/* ---- files ---- */

static pm_status need_fields(const char *path, const bool *has, pm_err *err)
{
    for (int k = PROMPT; k <= MODEL_B; k++)
        if (!has[k])
            return err_set(err, PM_E_FORMAT,
                           "%s: found no \"%s\"; a row wants prompt, model_a, model_b "
                           "and winner (or p_b)",
                           path, names_of_fields[k]);
    if (has[WINNER] || has[P_B]) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: found neither \"winner\" nor \"p_b\"", path);
}

static pm_status read_csv(pass *p, const char *path, pm_err *err)
{
    import_csv t;
    size_t column[FIELDS];
    bool has[FIELDS];
    pm_status s = import_csv_open(&t, path, err);
    if (s != PM_OK) return s;
    for (int k = 0; k < FIELDS; k++) {
        column[k] = import_csv_find(&t, names_of_fields[k]);
        has[k] = column[k] != SIZE_MAX;
    }
    s = need_fields(path, has, err);
    while (s == PM_OK) {
        row r = {0};
        s = import_csv_next(&t, err);
        if (s != PM_OK || !t.n) break;
        for (int k = 0; k < FIELDS; k++)
            if (has[k]) r.text[k] = t.cell[column[k]];
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = take(p, &r, (import_at){path, csv_line(t.c)}, err);
    }
    import_csv_close(&t, p->counts);
    return s;
}

static pm_status read_json(pass *p, const char *path, pm_err *err)
{
    import_record t;
    pm_status s = import_record_open(&t, path, NULL, err);
    while (s == PM_OK) {
        row r = {0};
        bool has[FIELDS] = {false};
        s = import_record_next(&t, err);
        if (s != PM_OK || !t.field) break;
        for (int k = 0; k < FIELDS && s == PM_OK; k++) {
            s = import_record_text(&t, names_of_fields[k], true, &r.text[k], err);
            has[k] = r.text[k].ptr != NULL;
        }
        import_at at = {path, records_line(t.r)};
        if (s == PM_OK) s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK && need_fields(path, has, err) != PM_OK)
            s = err_wrap(err, PM_E_FORMAT, "row at line %zu", at.line);
        if (s == PM_OK) s = take(p, &r, at, err);
    }
    import_record_close(&t, p->counts);
    return s;
}

static bool is_battles(const char *name)
{
    return import_ends(name, ".csv") || import_ends(name, ".csv.gz") ||
           import_ends(name, ".json") || import_ends(name, ".jsonl") ||
           import_ends(name, ".jsonl.gz");
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    pm_status s = import_check_renames(job, err);
    if (s == PM_OK) s = import_number(job, "min-chars", 0, 1e6, &p.min_chars, err);
    if (s == PM_OK) s = import_files_of(job, is_battles, &files, err);
    if (s != PM_OK) return s;
    for (size_t k = 0; k < files.n && s == PM_OK; k++) {
        const char *path = files.path[k];
        bool is_csv = import_ends(path, ".csv") || import_ends(path, ".csv.gz");
        s = is_csv ? read_csv(&p, path, err) : read_json(&p, path, err);
    }
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"min-chars", "N", "leave out battles on shorter prompts (code points; RouteLLM: 16)"},
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_battles = {
    "battles",
    "one's own battles, a row each: prompt, model_a, model_b, winner",
    ".csv, .json or .jsonl with prompt, model_a, model_b, winner (a, b, tie) or p_b; if known "
    "prompt_id, domain, split, group, judge, weight; folders of these",
    "on its own documented schema (docs/data-format.md)",
    options,
    run};
