/* SPDX-License-Identifier: MIT
 *
 * Two runs side by side.  Their test prompts may differ, so differences have no interval here: paired
 * differences belong into one experiment.
 */
#include <math.h>
#include <string.h>

#include "eval/table.h"
#include "eval/table_grid.h"
#include "eval/table_lines.h"

typedef struct comparison {
    const table_lines *t[2];
    arena *a;
    const char *metric;
} comparison;

static const char *number_of(const comparison *c, int side, const table_line *l, const char *metric,
                             double scale, int digits)
{
    table_stat v;
    if (!l || !table_find(c->t[side], l, "all", metric, &v)) return "";
    return table_number(c->a, v.mean * scale, digits, false);
}

static pm_status put_line(const comparison *c, grid *g, const table_line *a, const table_line *b,
                          pm_err *err)
{
    const table_line *l = a ? a : b, *side[2] = {a, b};
    const char **cell = grid_row(g);
    if (!cell) return err_set(err, PM_E_MEMORY, "table");
    double mean[2] = {NAN, NAN};
    cell[0] = l->label;
    cell[1] = l->point;
    for (int k = 0; k < 2; k++) {
        table_stat v;
        if (side[k] && table_find(c->t[k], side[k], "all", c->metric, &v)) {
            cell[2 + k] = table_value(c->a, &v);
            mean[k] = v.mean;
        } else {
            cell[2 + k] = "-";
        }
        cell[5 + k] = number_of(c, k, side[k], "selection_accuracy", 1, 3);
        cell[7 + k] = number_of(c, k, side[k], "cost_usd", 1000, 4);
    }
    double difference = mean[1] - mean[0];
    cell[4] = difference == 0 ? "0" : table_number(c->a, difference, 4, true);
    cell[9] = !a ? "only in B" : !b ? "only in A" : "";
    return PM_OK;
}

/* The data of a run as its "about" rows tell it, or "". */
static const char *data_of(const store_row *row, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (strcmp(row[k].role, "about") == 0 && strcmp(row[k].subset, "data") == 0 &&
            (strcmp(row[k].metric, "data") == 0 || strcmp(row[k].metric, "corpus") == 0))
            return row[k].setting;
    return "";
}

/* "NAME HASH": a folder by another name is the same data. */
static const char *hash_of(const char *data)
{
    const char *space = strrchr(data, ' ');
    return space ? space + 1 : data;
}

static void put_head(const store_row *a, size_t n_a, const store_row *b, size_t n_b, str *out)
{
    const char *one = data_of(a, n_a), *two = data_of(b, n_b);
    if (strcmp(hash_of(one), hash_of(two)) == 0)
        str_printf(out, "A and B on the same data: %s\n\n", one);
    else
        str_printf(out, "A and B are on DIFFERENT data\nA: %s\nB: %s\n\n", one, two);
}

static pm_status compare(const comparison *c, table_style style, str *out, pm_err *err)
{
    static const char *const title[] = {"policy",    "point",     "",       "",       "B - A",
                                        "sel.acc A", "sel.acc B", "$/1k A", "$/1k B", "note"};
    grid g;
    grid_init(&g, c->a);
    bool is_loss = strcmp(c->metric, "loss") == 0;
    for (size_t k = 0; k < sizeof title / sizeof title[0]; k++) {
        const char *value = k == 2 ? (is_loss ? "loss A" : "quality A")
                                   : (is_loss ? "loss B" : "quality B");
        grid_column(&g, k == 2 || k == 3 ? value : title[k]);
    }
    pm_status status = PM_OK;
    for (size_t k = 0; k < c->t[0]->n && !status; k++) {
        const table_line *l = &c->t[0]->line[k];
        if (table_is_apart(l->point)) continue;
        status = put_line(c, &g, l, table_line_of(c->t[1], l->point, l->role, l->label), err);
    }
    for (size_t k = 0; k < c->t[1]->n && !status; k++) {
        const table_line *l = &c->t[1]->line[k];
        if (!table_is_apart(l->point) && !table_line_of(c->t[0], l->point, l->role, l->label))
            status = put_line(c, &g, NULL, l, err);
    }
    if (status) return status;
    grid_print(&g, style, out);
    str_puts(out, "\nB - A has no interval: runs are not paired.\n");
    return out->failed ? err_set(err, PM_E_MEMORY, "table") : PM_OK;
}

pm_status table_compare(const store_row *a, size_t n_a, const store_row *b, size_t n_b,
                        table_style style, str *out, pm_err *err)
{
    arena *room = arena_open(0);
    if (!room) return err_set(err, PM_E_MEMORY, "table");
    table_lines t[2];
    pm_status status = table_gather(a, n_a, room, &t[0], err);
    if (!status) status = table_gather(b, n_b, room, &t[1], err);
    if (!status && table_is_loss(&t[0]) != table_is_loss(&t[1]))
        status =
            err_set(err, PM_E_ARG, "one run measures loss, the other quality: no common scale");
    if (!status) {
        comparison c = {{&t[0], &t[1]}, room, table_is_loss(&t[0]) ? "loss" : "quality"};
        put_head(a, n_a, b, n_b, out);
        status = compare(&c, style, out, err);
    }
    arena_close(room);
    return status;
}
