/* SPDX-License-Identifier: MIT
 *
 * --from long: rows of CSV and of JSON lines into columns with a meaning.  A row that is wrong is told with its place,
 * and reading goes on with the next.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/csv.h"
#include "data/import_long.h"
#include "data/import_tools.h"
#include "data/show.h"

enum { MOST_COLUMNS = 1024 };

typedef struct csv_column {
    long_column column;
    pm_str name;
    char table[FOLDER_NAME_BYTES + 1];
} csv_column;

static void begin_row(long_row *r)
{
    for (size_t k = 0; k < LONG_TEXTS; k++) r->text[k] = (pm_str){NULL, 0};
    r->n_cells = 0;
}

static void add_cell(long_row *r, const char *table, double value)
{
    if (r->n_cells == sizeof r->cell / sizeof *r->cell) return;
    long_cell *c = &r->cell[r->n_cells++];
    memcpy(c->table, table, strlen(table) + 1);
    c->value = value;
}

/* A row's own mistake: told with its place, unless it is of another kind. */
static pm_status mistaken(long_import *x, pm_status s, pm_err *why, size_t line, pm_err *err)
{
    if (s == PM_OK) return PM_OK;
    if (s == PM_E_FORMAT || s == PM_E_ARG) s = err_wrap(why, s, "%s:%zu", x->path, line);
    return mistakes_take(&x->wrong, why, err);
}

/* ---- CSV ---- */

static pm_status read_header(long_import *x, csv *c, csv_column *column, size_t *n, pm_err *err)
{
    const pm_str *field;
    bool has[LONG_COLUMNS + 1] = {false};
    pm_status s = csv_next(c, &field, n, err);
    if (s != PM_OK) return s;
    if (*n > MOST_COLUMNS)
        return err_set(err, PM_E_FORMAT, "%s:1: found %zu columns, wanted at most %d", x->path, *n,
                       MOST_COLUMNS);
    for (size_t k = 0; k < *n; k++) {
        csv_column *to = &column[k];
        to->name = (pm_str){arena_strndup(x->a, field[k].ptr, field[k].len), field[k].len};
        if (!to->name.ptr) return err_set(err, PM_E_MEMORY, "%s: no memory", x->path);
        to->column = long_column_of(x, to->name, to->table);
        if (to->column != LONG_OTHER && has[to->column])
            return err_set(err, PM_E_FORMAT,
                           "%s:1: column %zu: %s says the same as a column before it: name the one "
                           "that is meant (--query, --model, --prompt, --score, --loss, --cost)",
                           x->path, k + 1, show_text(to->name).text);
        has[to->column] = true;
    }
    if (!has[LONG_QUERY] || !has[LONG_MODEL])
        return err_set(err, PM_E_FORMAT,
                       "%s:1: found no column of the %s, wanted \"%s\" (or --%s NAME)", x->path,
                       has[LONG_QUERY] ? "model" : "query's id",
                       has[LONG_QUERY] ? "model" : "query_id", has[LONG_QUERY] ? "model" : "query");
    return PM_OK;
}

static pm_status take_field(long_import *x, const csv_column *c, size_t number, pm_str field,
                            long_row *r, pm_err *err)
{
    double v;
    if (c->column < LONG_TEXTS) {
        r->text[c->column] = field;
        return PM_OK;
    }
    if (csv_number(field, &v)) {
        if (*c->table) add_cell(r, c->table, v);
        return PM_OK;
    }
    if (c->column == LONG_OTHER) return long_left_out(x, c->name, err);
    return err_set(err, PM_E_FORMAT,
                   "column %zu (%s): found %s, wanted a number, or nothing if not known", number,
                   show_text(c->name).text, show_text(field).text);
}

static pm_status take_record(long_import *x, const csv_column *column, size_t n_columns,
                             const pm_str *field, size_t n, size_t line, pm_err *err)
{
    long_row r;
    begin_row(&r);
    if (n != n_columns)
        return err_set(err, PM_E_FORMAT, "found %zu fields, wanted %zu as in the header", n,
                       n_columns);
    for (size_t k = 0; k < n; k++) {
        pm_status s = take_field(x, &column[k], k + 1, field[k], &r, err);
        if (s != PM_OK) return s;
    }
    return long_take(x, &r, line, err);
}

static pm_status read_records(long_import *x, csv *c, csv_column *column, pm_err *err)
{
    size_t n_columns;
    pm_status s = read_header(x, c, column, &n_columns, err);
    while (s == PM_OK) {
        const pm_str *field;
        size_t n;
        pm_err why = PM_ERR_INIT;
        s = csv_next(c, &field, &n, &why);
        if (s != PM_OK) return mistakes_take(&x->wrong, &why, err);
        if (!n) break;
        if ((s = import_row(x->job, x->counts, x->path, err)) != PM_OK) break;
        x->counts->repaired += import_invalid(field, n);
        size_t line = csv_line(c);
        s = take_record(x, column, n_columns, field, n, line, &why);
        s = mistaken(x, s, &why, line, err);
    }
    return s;
}

pm_status long_read_csv(long_import *x, pm_err *err)
{
    csv *c;
    csv_column *column = mem_alloc(MOST_COLUMNS, sizeof *column);
    if (!column) return err_set(err, PM_E_MEMORY, "%s: no memory", x->path);
    pm_status s = csv_open(x->path, 0, &c, err);
    if (s == PM_OK) {
        s = read_records(x, c, column, err);
        csv_close(c);
    }
    mem_free(column);
    return s;
}

/* ---- JSON lines ---- */

static pm_status take_member(long_import *x, const jsonl_field *f, long_row *r, pm_err *err)
{
    char table[FOLDER_NAME_BYTES + 1];
    if (f->kind == JSONL_NULL) return PM_OK;
    long_column column = long_column_of(x, f->key, table);
    bool number = f->kind == JSONL_NUMBER || f->kind == JSONL_BOOL;
    if (column < LONG_TEXTS && (f->kind == JSONL_STRING || f->kind == JSONL_NUMBER)) {
        r->text[column] = f->text;
    } else if (column >= LONG_TEXTS && number) {
        if (*table) add_cell(r, table, f->number);
    } else if (column == LONG_OTHER) {
        return long_left_out(x, f->key, err);
    } else {
        return err_set(err, PM_E_FORMAT, "%s: found %s, wanted %s", show_text(f->key).text,
                       f->kind == JSONL_STRING ? show_text(f->text).text
                                               : dataset_kind_name(f->kind),
                       column < LONG_TEXTS ? "a text" : "a number, or null if not known");
    }
    return PM_OK;
}

static pm_status take_object(long_import *x, const jsonl_field *f, size_t n, size_t line,
                             pm_err *err)
{
    long_row r;
    begin_row(&r);
    for (size_t k = 0; k < n; k++) {
        pm_status s = take_member(x, &f[k], &r, err);
        if (s != PM_OK) return s;
    }
    return long_take(x, &r, line, err);
}

pm_status long_read_jsonl(long_import *x, pm_err *err)
{
    jsonl *j;
    pm_status s = jsonl_open(x->path, 0, &j, err);
    while (s == PM_OK) {
        const jsonl_field *f;
        size_t n;
        pm_err why = PM_ERR_INIT;
        s = jsonl_next(j, &f, &n, &why);
        if (s != PM_OK) {
            s = mistakes_take(&x->wrong, &why, err);
            if (s == PM_OK && jsonl_resumable(j)) continue;
            break;
        }
        if (!f) break;
        if ((s = import_row(x->job, x->counts, x->path, err)) != PM_OK) break;
        s = take_object(x, f, n, jsonl_line(j), &why);
        s = mistaken(x, s, &why, jsonl_line(j), err);
    }
    if (j) x->counts->repaired += jsonl_repaired(j);
    jsonl_close(j);
    return s;
}

/* ---- prompts of their own file ---- */

static pm_status take_prompt(long_import *x, jsonl *j, const jsonl_field *f, size_t n, arena *a,
                             pm_err *err)
{
    dataset_row r;
    folder_prompt p = {.tokens_in = -1};
    str more = STR_INIT;
    arena_reset(a);
    for (size_t k = 0; k < n; k++) {
        static const char *const ours[] = {"id",     "query_id", "prompt_id",
                                           "prompt", "turns",    "tokens_in"};
        size_t i = 0, count = sizeof ours / sizeof *ours;
        while (i < count && !pm_str_equal(f[k].key, ours[i])) i++;
        bool text = f[k].kind == JSONL_STRING || f[k].kind == JSONL_NUMBER;
        if (i < count) continue;
        if (text && pm_str_equal(f[k].key, "domain"))
            p.domain = f[k].text;
        else if (text && pm_str_equal(f[k].key, "split"))
            p.split = f[k].text;
        else if (text && pm_str_equal(f[k].key, "group"))
            p.group = f[k].text;
        else
            jsonl_put_member(&more, &f[k]);
    }
    p.more = (pm_str){str_text(&more), more.len};
    pm_status s = dataset_read_row(j, f, n, a, &r, err);
    const jsonl_field *id = jsonl_find(f, n, "id");
    if (!id) id = jsonl_find(f, n, "query_id");
    if (!id) id = jsonl_find(f, n, "prompt_id");
    if (s == PM_OK && (!id || (id->kind != JSONL_STRING && id->kind != JSONL_NUMBER)))
        s = err_set(err, PM_E_FORMAT, "found no \"id\", wanted a text");
    if (s == PM_OK) {
        p.id = id->text;
        p.text = r.text;
        p.turn = r.turn;
        p.n_turns = r.n_turns;
        p.tokens_in = r.has_tokens ? (int64_t)r.tokens_in : -1;
        s = folder_add_prompt(x->out, &p, NULL, err);
    }
    str_close(&more);
    return s;
}

pm_status long_read_prompts(long_import *x, const char *path, pm_err *err)
{
    jsonl *j;
    x->path = path;
    arena *a = arena_open(0);
    pm_status s = a ? jsonl_open(path, 0, &j, err) : err_set(err, PM_E_MEMORY, "no memory");
    if (s != PM_OK) {
        arena_close(a);
        return s;
    }
    for (;;) {
        const jsonl_field *f;
        size_t n;
        pm_err why = PM_ERR_INIT;
        s = jsonl_next(j, &f, &n, &why);
        if (s != PM_OK) {
            s = mistakes_take(&x->wrong, &why, err);
            if (s == PM_OK && jsonl_resumable(j)) continue;
            break;
        }
        if (!f) break;
        s = take_prompt(x, j, f, n, a, &why);
        if ((s = mistaken(x, s, &why, jsonl_line(j), err)) != PM_OK) break;
    }
    arena_close(a);
    x->counts->repaired += jsonl_repaired(j);
    jsonl_close(j);
    return s;
}
