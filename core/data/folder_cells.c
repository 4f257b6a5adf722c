/* SPDX-License-Identifier: MIT
 *
 * Per-cell tables of a folder that is being written: float32 by column, in chunks of rows that come to be with
 * their first cell, so that a table grows by rows and by columns without being moved and what is unknown costs
 * little.
 */
#include <math.h>
#include <string.h>

#include "data/folder_private.h"
#include "data/show.h"

/* ---- tables ---- */

static bool is_table_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t len = strlen(name);
    return len && len <= FOLDER_NAME_BYTES && name[0] != '.' && strspn(name, letters) == len;
}

/* Ranges as the reader has them. */
static void set_range(folder_table *t)
{
    static const char *const not_negative[] = {"losses",     "costs",        "tokens_in",
                                               "tokens_out", "output_chars", "latency_ms"};
    t->min = -3.4e38;
    t->max = 3.4e38;
    t->wanted = "a number";
    for (size_t k = 0; k < sizeof not_negative / sizeof *not_negative; k++)
        if (strcmp(t->name, not_negative[k]) == 0) {
            t->min = 0;
            t->wanted = "a number from 0 on";
        }
    if (strcmp(t->name, "scores") != 0) return;
    t->min = 0;
    t->max = 1;
    t->wanted = "a number from 0 to 1";
}

static size_t find_table(const folder *f, const char *name)
{
    for (size_t k = 0; k < f->n_tables; k++)
        if (strcmp(f->table[k].name, name) == 0) return k;
    return SIZE_MAX;
}

static pm_status add_table(folder *f, const char *name, pm_err *err)
{
    if (!is_table_name(name))
        return err_set(err, PM_E_ARG,
                       "%s: found the table name %s, wanted letters, digits, '_', '-' and '.'",
                       f->dir, show_text(pm_str_of(name)).text);
    bool score = strcmp(name, "scores") == 0, loss = strcmp(name, "losses") == 0;
    if ((score && find_table(f, "losses") != SIZE_MAX) ||
        (loss && find_table(f, "scores") != SIZE_MAX))
        return err_set(err, PM_E_ARG, "%s: found scores and losses, wanted one of them", f->dir);
    if (f->n_tables == FOLDER_TABLES)
        return err_set(err, PM_E_ARG, "%s: more than %d tables", f->dir, FOLDER_TABLES);
    if (!mem_grow(&f->table, &f->room_tables, f->n_tables + 1, sizeof *f->table))
        return folder_no_memory(f, err);
    folder_table *t = &f->table[f->n_tables++];
    *t = (folder_table){0};
    memcpy(t->name, name, strlen(name) + 1);
    set_range(t);
    return PM_OK;
}

/* Rows come table by table in turn: the next one after the last is the likeliest. */
static pm_status table_of(folder *f, const char *name, folder_table **out, pm_err *err)
{
    size_t k = f->last_table;
    if (k >= f->n_tables || strcmp(f->table[k].name, name) != 0) k = find_table(f, name);
    if (k == SIZE_MAX) {
        pm_status s = add_table(f, name, err);
        if (s != PM_OK) return s;
        k = f->n_tables - 1;
    }
    *out = &f->table[k];
    f->last_table = k + 1 < f->n_tables ? k + 1 : 0;
    return PM_OK;
}

/* ---- cells ---- */

/* The place of a cell, or NULL when memory is out. */
static float *place_of(folder_table *t, uint32_t row, uint32_t col)
{
    if (!mem_grow(&t->column, &t->room, (size_t)col + 1, sizeof *t->column)) return NULL;
    folder_column *c = &t->column[col];
    size_t k = row / FOLDER_CHUNK;
    if (!mem_grow(&c->chunk, &c->room, k + 1, sizeof *c->chunk)) return NULL;
    if (!c->chunk[k]) {
        float *fresh = mem_alloc(FOLDER_CHUNK, sizeof *fresh);
        if (!fresh) return NULL;
        for (size_t i = 0; i < FOLDER_CHUNK; i++) fresh[i] = NAN;
        c->chunk[k] = fresh;
    }
    return &c->chunk[k][row % FOLDER_CHUNK];
}

static float cell_at(const folder_table *t, size_t row, size_t col)
{
    if (col >= t->room) return NAN;
    const folder_column *c = &t->column[col];
    size_t k = row / FOLDER_CHUNK;
    return k < c->room && c->chunk[k] ? c->chunk[k][row % FOLDER_CHUNK] : NAN;
}

/* 'scores of prompt "q1" by model "m"'; ids are cut to fit a message. */
static void name_cell(const folder *f, const folder_table *t, uint32_t row, uint32_t col,
                      char out[320])
{
    snprintf(out, 320, "%s of prompt %s by model %s", t->name,
             show_text(pm_str_of(ids_at(&f->prompts, row))).text,
             show_text(f->models.name[col]).text);
}

pm_status folder_cell(folder *f, const char *table, uint32_t row, uint32_t col, double value,
                      pm_err *err)
{
    folder_table *t;
    if (row >= f->prompts.n || col >= f->models.n)
        return err_set(err, PM_E_ARG, "%s: cell of prompt %u and model %u; there are %zu and %zu",
                       table, row, col, f->prompts.n, f->models.n);
    pm_status s = table_of(f, table, &t, err);
    if (s != PM_OK) return s;
    char where[320];
    if (!(value >= t->min && value <= t->max)) {
        name_cell(f, t, row, col, where);
        return err_set(err, PM_E_ARG, "%s: found %.9g, wanted %s", where, value, t->wanted);
    }
    float *at = place_of(t, row, col);
    if (!at) return folder_no_memory(f, err);
    if (!isnan(*at) && *at != (float)value) {
        name_cell(f, t, row, col, where);
        return err_set(err, PM_E_ARG, "%s: found %.9g, but %.9g was given before", where, value,
                       (double)*at);
    }
    if (isnan(*at)) t->known++;
    *at = (float)value;
    return PM_OK;
}

void folder_close_tables(folder *f)
{
    for (size_t k = 0; k < f->n_tables; k++) {
        folder_table *t = &f->table[k];
        for (size_t j = 0; j < t->room; j++) {
            for (size_t i = 0; i < t->column[j].room; i++) mem_free(t->column[j].chunk[i]);
            mem_free(t->column[j].chunk);
        }
        mem_free(t->column);
    }
    mem_free(f->table);
    f->table = NULL;
    f->n_tables = 0;
}

/* ---- writing ---- */

static void put_field(str *line, const char *text, size_t len)
{
    bool plain = true;
    for (size_t k = 0; k < len && plain; k++)
        plain = text[k] != ',' && text[k] != '"' && text[k] != '\r' && text[k] != '\n';
    /* the reader strips a byte-order mark and takes spaces as they are */
    if (plain) {
        str_put(line, text, len);
        return;
    }
    str_puts(line, "\"");
    for (size_t k = 0; k < len; k++)
        str_put(line, text[k] == '"' ? "\"\"" : text + k, text[k] == '"' ? 2 : 1);
    str_puts(line, "\"");
}

static pm_status put_header(folder *f, gz_out *file, pm_err *err)
{
    str *line = &f->line;
    str_clear(line);
    str_puts(line, "id");
    for (size_t j = 0; j < f->models.n; j++) {
        str_puts(line, ",");
        put_field(line, f->models.name[j].ptr, f->models.name[j].len);
    }
    str_puts(line, "\n");
    return line->failed ? folder_no_memory(f, err) : gz_out_put(file, line->at, line->len, err);
}

static pm_status put_rows(folder *f, const folder_table *t, gz_out *file, pm_err *err)
{
    str *line = &f->line;
    for (size_t i = 0; i < f->prompts.n; i++) {
        const char *id = ids_at(&f->prompts, i);
        str_clear(line);
        put_field(line, id, strlen(id));
        for (size_t j = 0; j < f->models.n; j++) {
            float v = cell_at(t, i, j);
            str_put(line, ",", 1);
            if (!isnan(v)) str_float(line, v);
        }
        str_put(line, "\n", 1);
        if (line->failed) return folder_no_memory(f, err);
        if (line->len > FOLDER_ROW_BYTES)
            return err_set(err, PM_E_FORMAT, "%s: a row has %zu bytes, wanted at most %zu", t->name,
                           line->len, FOLDER_ROW_BYTES);
        pm_status s = gz_out_put(file, line->at, line->len, err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

static pm_status write_table(folder *f, const folder_table *t, pm_err *err)
{
    char name[FOLDER_NAME_BYTES + 8];
    gz_out *file;
    snprintf(name, sizeof name, "%s.csv", t->name);
    pm_status s = folder_create(f, name, &file, err);
    if (s != PM_OK) return s;
    s = put_header(f, file, err);
    if (s == PM_OK) s = put_rows(f, t, file, err);
    if (s == PM_OK) return gz_out_close(file, err);
    gz_out_abandon(file);
    return s;
}

pm_status folder_write_tables(folder *f, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; s == PM_OK && k < f->n_tables; k++)
        if (f->table[k].known) s = write_table(f, &f->table[k], err);
    return s;
}
