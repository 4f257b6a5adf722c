/* SPDX-License-Identifier: MIT
 *
 * Reads the per-cell tables: scores or losses, costs, tokens, and further files of the same shape.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/csv.h"
#include "data/dataset_private.h"
#include "data/show.h"

#define MAX_CELLS ((size_t)1 << 31)

typedef struct range {
    double min, max;
    const char *wanted;
} range;

typedef struct table_pass {
    reader *r;
    csv *c;
    const char *path, *name;
    bool optional; /* another header is no mistake: the file is something else */
    bool skipped;
    range range;
    pm_mat cell;
} table_pass;

static range range_of(const char *name)
{
    static const range share = {0, 1, "a number from 0 to 1"};
    static const range positive = {0, 3.4e38, "a number from 0 on"};
    static const range any = {-3.4e38, 3.4e38, "a number"};
    static const char *const not_negative[] = {"losses",     "costs",        "tokens_in",
                                               "tokens_out", "output_chars", "latency_ms"};
    if (strcmp(name, "scores") == 0) return share;
    for (size_t k = 0; k < sizeof not_negative / sizeof *not_negative; k++)
        if (strcmp(name, not_negative[k]) == 0) return positive;
    return any;
}

/* ---- header ---- */

static const char *suggestion(const reader *r, pm_str name)
{
    char text[128];
    if (name.len >= sizeof text) return NULL;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (size_t j = 0; j < r->experts.n && j < 1000; j++) {
        size_t d = str_distance(text, r->experts.name[j].ptr);
        if (d < least) {
            least = d;
            best = r->experts.name[j].ptr;
        }
    }
    return least <= 1 + name.len / 3 ? best : NULL;
}

static bool same_as_expert(const reader *r, size_t j, pm_str name)
{
    return pm_str_equal(name, r->experts.name[j].ptr);
}

static void report_column(table_pass *p, size_t column, pm_str name)
{
    reader *r = p->r;
    const char *order = r->has_models ? "models.json" : "the scores";
    if (names_find(&r->experts, name) != SIZE_MAX) {
        mistakes_add(
            &r->wrong, "%s:1: column %zu: found %s, wanted \"%s\": columns are in the order of %s",
            p->path, column + 1, show_text(name).text, r->experts.name[column - 1].ptr, order);
        return;
    }
    const char *near = suggestion(r, name);
    mistakes_add(&r->wrong, "%s:1: column %zu: %s is not a model of %s%s%s%s", p->path, column + 1,
                 show_text(name).text, order, near ? ": did you mean \"" : "", near ? near : "",
                 near ? "\"?" : "");
}

/* True if the header is "id" and the experts in order; what differs first is a mistake. */
static bool check_header(table_pass *p, const pm_str *field, size_t n)
{
    reader *r = p->r;
    size_t same = 0;
    bool has_id = n && pm_str_equal(field[0], "id");
    while (has_id && same < r->experts.n && same + 1 < n &&
           same_as_expert(r, same, field[same + 1]))
        same++;
    if (has_id && same == r->experts.n && n == same + 1) return true;
    if (p->optional)
        p->skipped = true;
    else if (!n)
        mistakes_add(&r->wrong, "%s: found nothing, wanted a header: id and the models", p->path);
    else if (!has_id)
        mistakes_add(&r->wrong, "%s:1: column 1: found %s, wanted \"id\"%s", p->path,
                     show_text(field[0]).text,
                     n == 1 ? " and the models, separated by commas" : "");
    else if (same + 1 >= n)
        mistakes_add(&r->wrong, "%s:1: found %zu of %zu models: \"%s\" is missing", p->path, n - 1,
                     r->experts.n, r->experts.name[same].ptr);
    else if (same == r->experts.n)
        mistakes_add(&r->wrong, "%s:1: column %zu: found %s, wanted no more than the %zu models",
                     p->path, same + 2, show_text(field[same + 1]).text, same);
    else
        report_column(p, same + 1, field[same + 1]);
    return false;
}

static pm_status read_header(table_pass *p, bool *good, pm_err *err)
{
    const pm_str *field;
    size_t n;
    reader *r = p->r;
    pm_err why = PM_ERR_INIT;
    *good = false;
    pm_status s = csv_next(p->c, &field, &n, &why);
    if (s != PM_OK && p->optional && s == PM_E_FORMAT) {
        p->skipped = true;
        return PM_OK;
    }
    if (s != PM_OK) return mistakes_take(&r->wrong, &why, err);
    size_t before = r->wrong.n;
    if (!p->optional && !r->has_models && !r->experts.n && n && pm_str_equal(field[0], "id"))
        s = dataset_models_of_header(r, p->path, field, n, err);
    if (s != PM_OK || r->wrong.n != before) return s;
    *good = check_header(p, field, n);
    return PM_OK;
}

/* ---- rows ---- */

static void take_cells(table_pass *p, const pm_str *field, size_t i)
{
    reader *r = p->r;
    float *row = pm_row(p->cell, i);
    for (size_t j = 0; j < r->experts.n; j++) {
        double v;
        bool number = csv_number(field[j + 1], &v);
        if (number && (isnan(v) || (v >= p->range.min && v <= p->range.max))) {
            row[j] = (float)v;
            continue;
        }
        mistakes_add(&r->wrong,
                     "%s:%zu: column %zu (\"%s\"): found %s, wanted %s, or nothing if not known",
                     p->path, csv_line(p->c), j + 2, r->experts.name[j].ptr,
                     show_text(field[j + 1]).text, p->range.wanted);
    }
}

/* False when the rest of the table has lost its order. */
static bool take_row(table_pass *p, const pm_str *field, size_t n, size_t i)
{
    reader *r = p->r;
    const dataset *d = r->out;
    if (i >= d->n) {
        mistakes_add(&r->wrong, "%s:%zu: found row %s beyond the %zu prompts of prompts.jsonl",
                     p->path, csv_line(p->c), show_text(field[0]).text, d->n);
        return false;
    }
    if (!pm_str_equal(field[0], d->id[i])) {
        mistakes_add(
            &r->wrong,
            "%s:%zu: found row %s, wanted %s, which is prompt %zu: rows are in the order of "
            "prompts.jsonl",
            p->path, csv_line(p->c), show_text(field[0]).text, show_text(pm_str_of(d->id[i])).text,
            i + 1);
        return false;
    }
    if (n != r->experts.n + 1)
        mistakes_add(&r->wrong, "%s:%zu: row %s: found %zu fields, wanted %zu: id and %zu models",
                     p->path, csv_line(p->c), show_text(field[0]).text, n, r->experts.n + 1,
                     r->experts.n);
    else
        take_cells(p, field, i);
    return true;
}

static pm_status read_rows(table_pass *p, pm_err *err)
{
    reader *r = p->r;
    const dataset *d = r->out;
    for (size_t i = 0;; i++) {
        const pm_str *field;
        size_t n;
        pm_err why = PM_ERR_INIT;
        pm_status s = csv_next(p->c, &field, &n, &why);
        if (s != PM_OK) return mistakes_take(&r->wrong, &why, err);
        if (!n) {
            if (i < d->n)
                mistakes_add(&r->wrong,
                             "%s: found %zu rows, wanted %zu: prompt %s is the first without",
                             p->path, i, d->n, show_text(pm_str_of(d->id[i])).text);
            return PM_OK;
        }
        if ((s = dataset_check_bytes(r, p->path, csv_bytes(p->c), err)) != PM_OK) return s;
        if (!take_row(p, field, n, i)) return PM_OK;
    }
}

static pm_status make_cells(table_pass *p, pm_err *err)
{
    size_t n = p->r->out->n, m = p->r->experts.n, cells;
    if (!mem_size(n, m, &cells) || cells > MAX_CELLS)
        return err_set(err, PM_E_FORMAT, "%s: %zu prompts x %zu models are more than 2^31 cells",
                       p->path, n, m);
    float *at = arena_alloc(p->r->a, cells, sizeof *at);
    if (!at) return dataset_no_memory(p->r, err);
    for (size_t k = 0; k < cells; k++) at[k] = NAN;
    p->cell = (pm_mat){at, n, m, m};
    return PM_OK;
}

static pm_status add_table(table_pass *p, pm_err *err)
{
    reader *r = p->r;
    if (!mem_grow(&r->table, &r->room_tables, r->n_tables + 1, sizeof *r->table))
        return dataset_no_memory(r, err);
    const char *name = arena_strdup(r->a, p->name);
    if (!name) return dataset_no_memory(r, err);
    pm_cmat cell = {p->cell.at, p->cell.rows, p->cell.cols, p->cell.ld};
    r->table[r->n_tables++] = (dataset_table){name, cell};
    return PM_OK;
}

static pm_status read_open_table(table_pass *p, pm_err *err)
{
    bool good;
    pm_status s = read_header(p, &good, err);
    if (s != PM_OK || !good) return s;
    if (p->optional && (s = dataset_register(p->r, &p->path, err)) != PM_OK) return s;
    if (!p->path) return PM_OK;
    if ((s = make_cells(p, err)) != PM_OK) return s;
    if ((s = read_rows(p, err)) != PM_OK) return s;
    return add_table(p, err);
}

static pm_status read_table(table_pass *p, pm_err *err)
{
    pm_err why = PM_ERR_INIT;
    p->range = range_of(p->name);
    pm_status s = csv_open(p->path, 0, &p->c, &why);
    if (s != PM_OK) return mistakes_take(&p->r->wrong, &why, err);
    s = read_open_table(p, err);
    csv_close(p->c);
    return s;
}

/* ---- which tables ---- */

static pm_status read_named(reader *r, const char *name, pm_err *err)
{
    char file[64];
    table_pass p = {.r = r, .name = name};
    snprintf(file, sizeof file, "%s.csv", name);
    pm_status s = dataset_file_of(r, file, &p.path, err);
    return s == PM_OK && p.path ? read_table(&p, err) : s;
}

/* "x" of "x.csv" or "x.csv.gz", in the arena; NULL if it is neither. */
static const char *table_name(arena *a, const char *file)
{
    size_t len = strlen(file);
    if (len > 3 && strcmp(file + len - 3, ".gz") == 0) len -= 3;
    if (len <= 4 || memcmp(file + len - 4, ".csv", 4) != 0) return NULL;
    return arena_strndup(a, file, len - 4);
}

static pm_status read_other(reader *r, const char *name, const char *file, pm_err *err)
{
    table_pass p = {.r = r, .name = name, .optional = true};
    char *plain = arena_alloc(r->scratch, strlen(name) + 5, 1);
    if (!plain) return dataset_no_memory(r, err);
    strcat(strcpy(plain, name), ".csv");
    pm_status s = dataset_path_of(r, plain, &p.path, err);
    if (s != PM_OK || !p.path) return s;
    s = read_table(&p, err);
    if (s != PM_OK || !p.skipped) return s;
    r->out->counts.tables_skipped++;
    return dataset_note(r, err, "%s is left out: its header is not id and the models", file);
}

static pm_status read_others(reader *r, pm_err *err)
{
    static const char *const known[] = {"scores", "losses", "costs", "tokens_out"};
    for (size_t k = 0; k < r->n_files; k++) {
        const char *name = table_name(r->scratch, r->files[k]);
        bool is_known = false;
        for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
            is_known = is_known || strcmp(name, known[i]) == 0;
        /* x.csv.gz right after x.csv: dataset_path_of has spoken of both */
        if (!name || is_known ||
            (k && strncmp(r->files[k], r->files[k - 1], strlen(r->files[k - 1])) == 0 &&
             strcmp(r->files[k] + strlen(r->files[k - 1]), ".gz") == 0))
            continue;
        pm_status s = read_other(r, name, r->files[k], err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

static void count_cells(reader *r)
{
    dataset *d = r->out;
    for (size_t i = 0; i < d->value.rows; i++)
        for (size_t j = 0; j < d->value.cols; j++) {
            bool known = !isnan(pm_crow(d->value, i)[j]);
            d->counts.cells_known += known;
            d->counts.cells_empty += !known;
        }
    if (!r->wrong.n && !d->counts.cells_known)
        mistakes_add(&r->wrong, "%s/%s.csv: every cell is empty", r->dir, r->table[0].name);
}

static pm_status read_outcomes(reader *r, pm_err *err)
{
    const char *scores, *losses;
    dataset *d = r->out;
    pm_status s = dataset_path_of(r, "scores.csv", &scores, err);
    if (s == PM_OK) s = dataset_path_of(r, "losses.csv", &losses, err);
    if (s != PM_OK) return s;
    d->kind = losses ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    if (scores && losses) {
        mistakes_add(&r->wrong, "%s: found scores and losses, wanted one of them: quality or loss",
                     r->dir);
        return PM_OK;
    }
    if (!scores && !losses) return PM_OK;
    r->has_outcomes = true;
    if ((s = read_named(r, losses ? "losses" : "scores", err)) != PM_OK || !r->n_tables) return s;
    d->value = r->table[0].cell;
    count_cells(r);
    return PM_OK;
}

pm_status dataset_read_cells(reader *r, pm_err *err)
{
    pm_status s = read_outcomes(r, err);
    /* without experts no other header could be judged */
    if (s != PM_OK || !r->experts.n) return s;
    if ((s = read_named(r, "costs", err)) != PM_OK) return s;
    if ((s = read_named(r, "tokens_out", err)) != PM_OK) return s;
    return read_others(r, err);
}
