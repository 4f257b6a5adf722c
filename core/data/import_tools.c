/* SPDX-License-Identifier: MIT
 *
 * What importers share: CSV by column name, records by field, and rows for the folder.
 */
#include "data/import_tools.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/show.h"
#include "text/grade.h"

const double import_share[2] = {0, 1}, import_from_zero[2] = {0, FLT_MAX},
             import_any[2] = {-FLT_MAX, FLT_MAX};

/* ---- CSV with a header ---- */

static pm_status read_header(import_csv *t, pm_err *err)
{
    const pm_str *field;
    size_t n;
    pm_status s = csv_next(t->c, &field, &n, err);
    if (s != PM_OK) return s;
    if (!n) return err_set(err, PM_E_FORMAT, "%s: found nothing, wanted a header", t->path);
    for (size_t k = 0; k < n; k++) {
        char spare[32];
        pm_str name = field[k];
        if (!name.len) { /* the numbers that pandas writes in front have no name */
            snprintf(spare, sizeof spare, "\n%zu", k);
            name = pm_str_of(spare);
        }
        if (names_find(&t->column, name) != SIZE_MAX)
            return err_set(err, PM_E_FORMAT, "%s:1: column %zu: found %s a second time", t->path,
                           k + 1, show_text(name).text);
        const char *copy = arena_strndup(t->column.a, name.ptr, name.len);
        if (!copy || !names_add(&t->column, (pm_str){copy, name.len}))
            return err_set(err, PM_E_MEMORY, "%s: no memory for a header", t->path);
    }
    return PM_OK;
}

pm_status import_csv_open(import_csv *t, const char *path, pm_err *err)
{
    memset(t, 0, sizeof *t);
    t->path = path;
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "%s: no memory", path);
    t->column = names_of(a);
    pm_status s = csv_open(path, 64 << 20, &t->c, err);
    if (s == PM_OK) s = read_header(t, err);
    if (s != PM_OK) import_csv_close(t, NULL);
    return s;
}

void import_csv_close(import_csv *t, import_counts *counts)
{
    if (counts) counts->repaired += t->repaired;
    csv_close(t->c);
    arena_close(t->column.a);
    memset(t, 0, sizeof *t);
}

size_t import_csv_find(const import_csv *t, const char *name)
{
    return names_find(&t->column, pm_str_of(name));
}

pm_status import_csv_need(const import_csv *t, const char *name, size_t *column, pm_err *err)
{
    *column = import_csv_find(t, name);
    if (*column != SIZE_MAX) return PM_OK;
    size_t best = SIZE_MAX, least = 2 + strlen(name) / 3;
    for (size_t k = 0; k < t->column.n; k++) {
        char text[65];
        snprintf(text, sizeof text, "%.64s", t->column.name[k].ptr);
        size_t d = str_distance(name, text);
        if (d < least) {
            least = d;
            best = k;
        }
    }
    const char *near = best == SIZE_MAX ? NULL : t->column.name[best].ptr;
    return err_set(err, PM_E_FORMAT, "%s:1: found no column \"%s\" among %zu%s%s%s", t->path, name,
                   t->column.n, near ? ": did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

size_t import_invalid(const pm_str *field, size_t n)
{
    size_t invalid = 0;
    for (size_t k = 0; k < n; k++) invalid += !utf8_valid(field[k].ptr, field[k].len, NULL);
    return invalid;
}

pm_status import_csv_next(import_csv *t, pm_err *err)
{
    pm_status s = csv_next(t->c, &t->cell, &t->n, err);
    if (s == PM_OK) t->repaired += import_invalid(t->cell, t->n);
    if (s != PM_OK || !t->n || t->n == t->column.n) return s;
    return err_set(err, PM_E_FORMAT, "%s:%zu: found %zu fields, wanted %zu as in the header",
                   t->path, csv_line(t->c), t->n, t->column.n);
}

pm_status import_csv_bad(const import_csv *t, size_t column, const char *wanted, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s:%zu: column %zu (\"%s\"): found %s, wanted %s", t->path,
                   csv_line(t->c), column + 1, t->column.name[column].ptr,
                   t->cell[column].len ? show_text(t->cell[column]).text : "nothing", wanted);
}

static const char *wanted_number(const double range[2], char text[64])
{
    if (range[0] <= -FLT_MAX)
        snprintf(text, 64, "a number");
    else if (range[1] >= FLT_MAX)
        snprintf(text, 64, "a number from %g on", range[0]);
    else
        snprintf(text, 64, "a number from %g to %g", range[0], range[1]);
    return text;
}

pm_status import_csv_number(const import_csv *t, size_t column, const double range[2],
                            bool may_lack, double *out, pm_err *err)
{
    char wanted[64];
    bool number = csv_number(t->cell[column], out);
    if (number && isnan(*out) && may_lack && !t->cell[column].len) return PM_OK;
    if (number && *out >= range[0] && *out <= range[1]) return PM_OK;
    return import_csv_bad(t, column, wanted_number(range, wanted), err);
}

/* ---- JSON records ---- */

pm_status import_record_open(import_record *t, const char *path, const char *member, pm_err *err)
{
    memset(t, 0, sizeof *t);
    return records_open(path, member, 0, &t->r, err);
}

void import_record_close(import_record *t, import_counts *counts)
{
    if (t->r && counts) counts->repaired += records_repaired(t->r);
    records_close(t->r);
    memset(t, 0, sizeof *t);
}

pm_status import_record_next(import_record *t, pm_err *err)
{
    return records_next(t->r, &t->field, &t->n, err);
}

const jsonl_field *import_field(const import_record *t, const char *name)
{
    const jsonl_field *f = jsonl_find(t->field, t->n, name);
    return f && f->kind != JSONL_NULL ? f : NULL;
}

pm_status import_record_bad(const import_record *t, const char *name, const jsonl_field *f,
                            const char *wanted, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s:%zu: \"%s\": found %s, wanted %s", records_path(t->r),
                   records_line(t->r), name, f ? show_text(f->text).text : "nothing", wanted);
}

pm_status import_record_text(const import_record *t, const char *name, bool may_lack, pm_str *out,
                             pm_err *err)
{
    const jsonl_field *f = import_field(t, name);
    *out = (pm_str){NULL, 0};
    if (!f && may_lack) return PM_OK;
    if (!f || (f->kind != JSONL_STRING && f->kind != JSONL_NUMBER))
        return import_record_bad(t, name, f, "a text", err);
    *out = f->text;
    return PM_OK;
}

pm_status import_record_number(const import_record *t, const char *name, const double range[2],
                               bool may_lack, double *out, pm_err *err)
{
    char wanted[64];
    const jsonl_field *f = import_field(t, name);
    *out = (double)NAN;
    if (!f && may_lack) return PM_OK;
    bool number = f && (f->kind == JSONL_NUMBER || f->kind == JSONL_BOOL);
    if (!number || f->number < range[0] || f->number > range[1])
        return import_record_bad(t, name, f, wanted_number(range, wanted), err);
    *out = f->number;
    return PM_OK;
}

/* ---- rows for the folder ---- */

pm_status import_wrap(import_at at, pm_status s, pm_err *err)
{
    return s == PM_OK ? s : err_wrap(err, s, "%s:%zu", at.path, at.line);
}

pm_status import_check_renames(const import_job *job, pm_err *err)
{
    const char *rename;
    for (size_t k = 0; (rename = import_nth(job, "rename", k)); k++) {
        const char *equals = strrchr(rename, '=');
        if (!equals || equals == rename || !equals[1])
            return err_set(err, PM_E_ARG, "--rename: found '%s', wanted OLD=NEW", rename);
    }
    return PM_OK;
}

pm_status import_model(const import_job *job, folder *f, pm_str name, const char *more,
                       uint32_t *column, pm_err *err)
{
    const char *rename;
    for (size_t k = 0; (rename = import_nth(job, "rename", k)); k++) {
        const char *equals = strrchr(rename, '=');
        if (!equals || (size_t)(equals - rename) != name.len ||
            memcmp(rename, name.ptr, name.len) != 0)
            continue;
        name = pm_str_of(equals + 1);
        break;
    }
    return folder_model(f, name, more, column, err);
}

pm_status import_cell(folder *f, const char *table, const uint32_t place[2], double value,
                      import_at at, pm_err *err)
{
    if (isnan(value)) return PM_OK;
    return import_wrap(at, folder_cell(f, table, place[0], place[1], value, err), err);
}

pm_status import_grade(folder *f, const uint32_t place[2], pm_str text, import_at at, pm_err *err)
{
    return import_cell(f, "reading_grade", place, text_grade(text_count(text)), at, err);
}

pm_status import_answer(folder *f, const uint32_t place[2], pm_str text, import_at at, pm_err *err)
{
    double chars = (double)utf8_count(text.ptr, text.len);
    pm_status s = import_cell(f, "output_chars", place, chars, at, err);
    return s == PM_OK ? import_grade(f, place, text, at, err) : s;
}

static bool last_word(pm_str stem, const char *word)
{
    size_t n = strlen(word);
    if (stem.len < n || memcmp(stem.ptr + stem.len - n, word, n) != 0) return false;
    return stem.len == n || strchr("_-. ", stem.ptr[stem.len - n - 1]) != NULL;
}

pm_status import_split(const import_job *job, const char *path, pm_str *out, pm_err *err)
{
    static const char *const train[] = {"train", "training", "train_data", "val",
                                        "valid", "dev",      "validation", "val_data"};
    static const char *const test[] = {"test", "test_data"};
    const char *text = import_text(job, "split", "auto");
    *out = (pm_str){NULL, 0};
    if (strcmp(text, "none") == 0) return PM_OK;
    if (strcmp(text, "train") == 0 || strcmp(text, "test") == 0) {
        *out = pm_str_of(text);
        return PM_OK;
    }
    if (strcmp(text, "auto") != 0)
        return err_set(err, PM_E_ARG, "--split: found '%s', wanted auto, none, train or test",
                       text);
    pm_str stem = import_stem(path);
    for (size_t k = 0; k < sizeof train / sizeof *train; k++)
        if (last_word(stem, train[k])) *out = pm_str_of("train");
    for (size_t k = 0; k < sizeof test / sizeof *test; k++)
        if (last_word(stem, test[k])) *out = pm_str_of("test");
    return PM_OK;
}
