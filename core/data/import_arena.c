/* SPDX-License-Identifier: MIT
 *
 * Imports battles in the schemas of Chatbot Arena: the CSV of human preferences (turns as JSON lists of texts) and
 * the JSON or JSON lines of conversations.  A battle has a prompt of its own: the user's first turn is what is
 * routed, all of the user's turns are kept.
 */
#include "data/import_formats.h"

#include <math.h>
#include <string.h>

#include "data/import_tools.h"
#include "data/scan.h"
#include "data/show.h"

typedef struct pass {
    const import_job *job;
    folder *out;
    import_counts *counts;
    const char *judge, *language;
    double min_chars;
    pm_str split;
    str scratch; /* a cell as the scanner wants it */
    str more;    /* further members of a prompt, of a battle */
    str texts;   /* the user's turns, one behind the other */
    pm_turn *turn;
    size_t n_turns, room_turns;
    bool first_is_null;
    bool no_memory;
    double chars[2];
    arena *spare;
} pass;

/* What is wanted of one battle, whatever the file. */
typedef struct battle {
    pm_str id, model[2], language;
    double outcome; /* probability that a wins */
} battle;

/* Texts are put behind one another, so that only their lengths last until the battle is whole. */
static void add_turn(pass *p, pm_str text)
{
    if (!mem_grow(&p->turn, &p->room_turns, p->n_turns + 1, sizeof *p->turn)) {
        p->no_memory = true;
        return;
    }
    str_put(&p->texts, text.ptr, text.len);
    p->turn[p->n_turns++] = (pm_turn){pm_str_of("user"), {NULL, text.len}};
}

static void place_turns(pass *p)
{
    const char *at = str_text(&p->texts);
    for (size_t k = 0; k < p->n_turns; k++) {
        p->turn[k].text.ptr = at;
        at += p->turn[k].text.len;
    }
}

static void begin_battle(pass *p)
{
    str_clear(&p->texts);
    str_clear(&p->more);
    p->n_turns = 0;
    p->first_is_null = false;
    p->chars[0] = p->chars[1] = (double)NAN;
}

static bool is_left_out(pass *p, const battle *b, import_at at)
{
    const char *why = NULL;
    if (b->model[0].len == b->model[1].len &&
        memcmp(b->model[0].ptr, b->model[1].ptr, b->model[0].len) == 0)
        why = "a model against itself";
    else if (p->language && !pm_str_equal(b->language, p->language))
        why = "another language";
    else if (!p->n_turns || p->first_is_null)
        why = "no first turn of the user";
    else if ((double)utf8_count(str_text(&p->texts), p->turn[0].text.len) < p->min_chars)
        why = "a first turn below --min-chars";
    if (why) import_skip(p->counts, why, at.path, at.line);
    return why != NULL;
}

static pm_status put_battle(pass *p, const battle *b, import_at at, pm_err *err)
{
    folder_battle row = {
        .outcome = (float)b->outcome, .weight = 1, .judge = pm_str_of(p->judge), .id = b->id};
    folder_prompt prompt = {.id = b->id, .split = p->split, .tokens_in = -1};
    if (p->texts.failed || p->no_memory)
        return err_set(err, PM_E_MEMORY, "%s: no memory for a prompt", at.path);
    if (is_left_out(p, b, at)) return PM_OK;
    place_turns(p);
    prompt.text = p->turn[0].text;
    if (p->n_turns > 1) {
        prompt.turn = p->turn;
        prompt.n_turns = p->n_turns;
    }
    if (b->language.len) {
        str_puts(&p->more, "\"language\":");
        str_json(&p->more, b->language.ptr, b->language.len);
    }
    prompt.more = (pm_str){str_text(&p->more), p->more.len};
    if (p->more.failed) return err_set(err, PM_E_MEMORY, "%s: no memory for a prompt", at.path);
    pm_status s = folder_add_prompt(p->out, &prompt, &row.prompt, err);
    if (s == PM_OK) s = import_model(p->job, p->out, b->model[0], NULL, &row.a, err);
    if (s == PM_OK) s = import_model(p->job, p->out, b->model[1], NULL, &row.b, err);
    str_clear(&p->more);
    for (int k = 0; k < 2; k++)
        if (!isnan(p->chars[k]))
            str_printf(&p->more, "%s\"chars_%c\":%.0f", p->more.len ? "," : "", 'a' + k,
                       p->chars[k]);
    row.more = (pm_str){str_text(&p->more), p->more.len};
    if (s == PM_OK && p->more.failed)
        s = err_set(err, PM_E_MEMORY, "%s: no memory for a battle", at.path);
    if (s == PM_OK) s = folder_add_battle(p->out, &row, err);
    return import_wrap(at, s, err);
}

/* ---- the CSV ---- */

typedef struct columns {
    size_t id, model[2], prompt, winner[3], response[2];
} columns;

static pm_status find_columns(const import_csv *t, columns *c, pm_err *err)
{
    const struct {
        const char *name;
        size_t *at;
    } need[] = {{"id", &c->id},
                {"model_a", &c->model[0]},
                {"model_b", &c->model[1]},
                {"prompt", &c->prompt},
                {"winner_model_a", &c->winner[0]},
                {"winner_model_b", &c->winner[1]},
                {"winner_tie", &c->winner[2]}};
    for (size_t k = 0; k < sizeof need / sizeof *need; k++) {
        pm_status s = import_csv_need(t, need[k].name, need[k].at, err);
        if (s != PM_OK) return s;
    }
    c->response[0] = import_csv_find(t, "response_a");
    c->response[1] = import_csv_find(t, "response_b");
    return PM_OK;
}

static bool each_turn(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    pass *p = arg;
    if (f->kind == JSONL_STRING) {
        add_turn(p, f->text);
    } else if (f->kind == JSONL_NULL) {
        if (!p->n_turns) p->first_is_null = true;
    } else {
        (void)err_set(err, PM_E_FORMAT, "turn %zu: found %s, wanted a text", number + 1,
                      show_text(f->text).text);
        return false;
    }
    return true;
}

static bool each_response(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    double *chars = arg;
    (void)number;
    (void)err;
    if (f->kind == JSONL_STRING) *chars += (double)utf8_count(f->text.ptr, f->text.len);
    return true;
}

/* A cell that is a JSON list; one that begins otherwise is one plain text. */
static pm_status read_list(pass *p, const import_csv *t, size_t column, records_each each,
                           void *arg, pm_err *err)
{
    pm_str cell = t->cell[column];
    if (!cell.len || cell.ptr[0] != '[') {
        jsonl_field plain = {{NULL, 0}, JSONL_STRING, cell, 0};
        if (cell.len) (void)each(arg, &plain, 0, err);
        return PM_OK;
    }
    str_clear(&p->scratch);
    str_put(&p->scratch, cell.ptr, cell.len);
    for (int k = 0; k < SCAN_PAD; k++) str_put(&p->scratch, "\n", 1);
    if (p->scratch.failed) return err_set(err, PM_E_MEMORY, "%s: no memory for a cell", t->path);
    arena_reset(p->spare);
    pm_status s = records_values_of(p->scratch.at, cell.len, p->spare, each, arg, err);
    if (s == PM_OK) return PM_OK;
    return err_wrap(err, s, "%s:%zu: column %zu (\"%s\"): a JSON list", t->path, csv_line(t->c),
                    column + 1, t->column.name[column].ptr);
}

static pm_status read_winner(const import_csv *t, const columns *c, double *outcome, pm_err *err)
{
    double won[3];
    for (int k = 0; k < 3; k++) {
        pm_status s = import_csv_number(t, c->winner[k], import_share, false, &won[k], err);
        if (s != PM_OK) return s;
    }
    if (fabs(won[0] + won[1] + won[2] - 1) > 1e-6)
        return import_csv_bad(t, c->winner[0],
                              "winner_model_a, winner_model_b and winner_tie that sum to 1", err);
    *outcome = won[0] + won[2] / 2;
    return PM_OK;
}

static pm_status csv_row(pass *p, const import_csv *t, const columns *c, pm_err *err)
{
    import_at at = {t->path, csv_line(t->c)};
    battle b = {.id = t->cell[c->id]};
    begin_battle(p);
    for (int k = 0; k < 2; k++) {
        b.model[k] = t->cell[c->model[k]];
        if (!b.model[k].len) return import_csv_bad(t, c->model[k], "the name of a model", err);
    }
    pm_status s = read_winner(t, c, &b.outcome, err);
    if (s == PM_OK) s = read_list(p, t, c->prompt, each_turn, p, err);
    for (int k = 0; k < 2 && s == PM_OK; k++) {
        if (c->response[k] == SIZE_MAX) continue;
        p->chars[k] = 0;
        s = read_list(p, t, c->response[k], each_response, &p->chars[k], err);
    }
    return s == PM_OK ? put_battle(p, &b, at, err) : s;
}

static pm_status read_csv(pass *p, const char *path, pm_err *err)
{
    import_csv t;
    columns c;
    if (p->language)
        return err_set(err, PM_E_ARG, "%s: --language: the CSV tells no language", path);
    pm_status s = import_csv_open(&t, path, err);
    if (s != PM_OK) return s;
    s = find_columns(&t, &c, err);
    while (s == PM_OK) {
        s = import_csv_next(&t, err);
        if (s != PM_OK || !t.n) break;
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = csv_row(p, &t, &c, err);
    }
    import_csv_close(&t, p->counts);
    return s;
}

/* ---- JSON ---- */

typedef struct side {
    pass *p;
    records *r;
    bool turns; /* the user's are wanted, else only the answers' length */
    double *chars;
    str text; /* content that comes in parts */
    bool user;
} side;

static bool each_part(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    side *d = arg;
    const jsonl_field *field;
    size_t n;
    (void)number;
    if (f->kind != JSONL_RAW) return true;
    if (records_object(d->r, f->text, &field, &n, err) != PM_OK) return false;
    const jsonl_field *text = jsonl_find(field, n, "text");
    if (text && text->kind == JSONL_STRING) str_put(&d->text, text->text.ptr, text->text.len);
    return true;
}

static bool each_message(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    side *d = arg;
    const jsonl_field *field, *role = NULL, *content = NULL;
    size_t n;
    if (f->kind == JSONL_RAW && f->text.ptr[0] == '{') {
        if (records_object(d->r, f->text, &field, &n, err) != PM_OK) return false;
        role = jsonl_find(field, n, "role");
        content = jsonl_find(field, n, "content");
    }
    if (!role || role->kind != JSONL_STRING || !content) {
        (void)err_set(err, PM_E_FORMAT, "turn %zu: wanted an object with \"role\" and \"content\"",
                      number + 1);
        return false;
    }
    bool user = pm_str_equal(role->text, "user");
    pm_str text = content->text;
    if (content->kind == JSONL_RAW) { /* a list of parts: their texts */
        str_clear(&d->text);
        if (records_values(d->r, text, each_part, d, err) != PM_OK) return false;
        text = (pm_str){str_text(&d->text), d->text.len};
    } else if (content->kind == JSONL_NULL) {
        if (user && !d->p->n_turns && d->turns) d->p->first_is_null = true;
        return true;
    } else if (content->kind != JSONL_STRING) {
        (void)err_set(err, PM_E_FORMAT, "turn %zu: \"content\": found %s, wanted a text",
                      number + 1, show_text(text).text);
        return false;
    }
    if (user && d->turns) add_turn(d->p, text);
    if (!user) *d->chars += (double)utf8_count(text.ptr, text.len);
    return true;
}

static pm_status read_side(pass *p, const import_record *t, int k, pm_err *err)
{
    static const char *const name[2] = {"conversation_a", "conversation_b"};
    const jsonl_field *f = import_field(t, name[k]);
    side d = {p, t->r, k == 0, &p->chars[k], STR_INIT, false};
    if (!f || f->kind != JSONL_RAW || f->text.ptr[0] != '[')
        return import_record_bad(t, name[k], f, "a list of turns", err);
    p->chars[k] = 0;
    pm_status s = records_values(t->r, f->text, each_message, &d, err);
    if (s == PM_OK && d.text.failed) s = err_set(err, PM_E_MEMORY, "no memory for a turn");
    str_close(&d.text);
    if (s == PM_OK) return s;
    return err_wrap(err, s, "%s:%zu: \"%s\"", records_path(t->r), records_line(t->r), name[k]);
}

static pm_status read_word(const import_record *t, double *outcome, pm_err *err)
{
    static const struct {
        const char *word;
        double outcome;
    } words[] = {
        {"model_a", 1}, {"model_b", 0}, {"tie", .5}, {"tie (bothbad)", .5}, {"both_bad", .5}};
    const jsonl_field *f = import_field(t, "winner");
    for (size_t k = 0; f && f->kind == JSONL_STRING && k < sizeof words / sizeof *words; k++)
        if (pm_str_equal(f->text, words[k].word)) {
            *outcome = words[k].outcome;
            return PM_OK;
        }
    return import_record_bad(t, "winner", f, "model_a, model_b, tie, tie (bothbad) or both_bad",
                             err);
}

static pm_status json_row(pass *p, const import_record *t, pm_err *err)
{
    import_at at = {records_path(t->r), records_line(t->r)};
    battle b = {0};
    const char *id = import_field(t, "question_id") ? "question_id" : "id";
    begin_battle(p);
    pm_status s = import_record_text(t, id, false, &b.id, err);
    if (s == PM_OK) s = import_record_text(t, "model_a", false, &b.model[0], err);
    if (s == PM_OK) s = import_record_text(t, "model_b", false, &b.model[1], err);
    if (s == PM_OK) s = import_record_text(t, "language", p->language == NULL, &b.language, err);
    if (s == PM_OK) s = read_word(t, &b.outcome, err);
    for (int k = 0; k < 2 && s == PM_OK; k++) s = read_side(p, t, k, err);
    return s == PM_OK ? put_battle(p, &b, at, err) : s;
}

static pm_status read_json(pass *p, const char *path, pm_err *err)
{
    import_record t;
    pm_status s = import_record_open(&t, path, NULL, err);
    while (s == PM_OK) {
        s = import_record_next(&t, err);
        if (s != PM_OK || !t.field) break;
        s = import_row(p->job, p->counts, path, err);
        if (s == PM_OK) s = json_row(p, &t, err);
    }
    import_record_close(&t, p->counts);
    return s;
}

/* ---- the job ---- */

static bool is_csv(const char *name)
{
    return import_ends(name, ".csv") || import_ends(name, ".csv.gz");
}

static bool is_battles(const char *name)
{
    return is_csv(name) || import_ends(name, ".json") || import_ends(name, ".jsonl") ||
           import_ends(name, ".json.gz") || import_ends(name, ".jsonl.gz");
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    pass p = {.job = job, .out = out, .counts = counts};
    import_files files;
    p.judge = import_text(job, "judge", "arena");
    p.language = import_text(job, "language", NULL);
    pm_status s = import_number(job, "min-chars", 0, 1e9, &p.min_chars, err);
    if (s == PM_OK) s = import_check_renames(job, err);
    if (s == PM_OK) s = import_files_of(job, is_battles, &files, err);
    if (s != PM_OK) return s;
    p.spare = arena_open(0);
    if (!p.spare) s = err_set(err, PM_E_MEMORY, "no memory");
    for (size_t k = 0; s == PM_OK && k < files.n; k++) {
        s = import_split(job, files.path[k], &p.split, err);
        if (s != PM_OK) break;
        s = is_csv(files.path[k]) ? read_csv(&p, files.path[k], err)
                                  : read_json(&p, files.path[k], err);
    }
    str_close(&p.scratch);
    str_close(&p.more);
    str_close(&p.texts);
    mem_free(p.turn);
    arena_close(p.spare);
    import_files_close(&files);
    return s;
}

static const import_option options[] = {
    {"min-chars", "N", "leaves out battles whose first turn is shorter (RouteLLM: 16)"},
    {"language", "NAME", "only battles in that language, as the file tells it (JSON only)"},
    {"judge", "NAME", "who judged; \"arena\" unless given"},
    IMPORT_SPLIT,
    IMPORT_RENAME,
    IMPORT_OPTION_END};

const import_format import_arena = {
    .name = "arena",
    .summary = "battles of Chatbot Arena: who won, by people or by another judge",
    .files = ".csv with winner_model_a, winner_model_b, winner_tie; .json or .jsonl with "
             "conversation_a, conversation_b, winner; folders of these",
    .verified = "on an excerpt after the published schemas",
    .option = options,
    .run = run};
