/* SPDX-License-Identifier: MIT
 *
 * What flags in prompts changed: a line a router, point and constraint.
 */
#include <string.h>

#include "eval/table_sections.h"

static const char before[] = "flags_with:";

/* What was compared ("quality", "size" ...), in order of appearance. */
static size_t find_compared(const table_page *p, const char **out, size_t most)
{
    size_t n = 0;
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const char *metric = p->t->row[r].metric;
        if (strncmp(metric, before, sizeof before - 1) != 0) continue;
        metric += sizeof before - 1;
        bool known = false;
        for (size_t k = 0; k < n && !known; k++) known = strcmp(out[k], metric) == 0;
        if (!known && n < most) out[n++] = metric;
    }
    return n;
}

static bool put_line(const table_page *p, grid *g, const table_line *l, const char *of)
{
    table_stat with, without, diff, changed;
    if (!table_find(p->t, l, "flagged", table_text(p, before, of), &with) ||
        !table_find(p->t, l, "flagged", table_text(p, "flags_without:", of), &without) ||
        !table_find(p->t, l, "flagged", table_text(p, "flags_diff:", of), &diff) ||
        !table_find(p->t, l, "flagged", "flags_changed", &changed))
        return true;
    const char **cell = grid_row(g);
    if (!cell) return false;
    cell[0] = l->label;
    cell[1] = l->point;
    cell[2] = table_value(p->a, &changed);
    cell[3] = of;
    cell[4] = table_number(p->a, (double)with.n, 0, false);
    cell[5] = table_value(p->a, &without);
    cell[6] = table_value(p->a, &with);
    cell[7] = table_difference(p->a, &diff);
    return true;
}

pm_status table_flags(const table_page *p, pm_err *err)
{
    static const char *const columns[] = {"router",  "point",         "choices changed", "of",
                                          "prompts", "without flags", "with flags",      "change"};
    const char *of[GRID_MAX_COLS];
    size_t n = find_compared(p, of, GRID_MAX_COLS);
    grid g;
    grid_init(&g, p->a);
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) grid_column(&g, columns[k]);
    for (size_t k = 0; k < p->t->n && n; k++) {
        const table_line *l = &p->t->line[k];
        if (strcmp(l->role, "router") != 0 || !table_shows(p->t, l->point)) continue;
        for (size_t e = 0; e < n; e++)
            if (!put_line(p, &g, l, of[e])) return err_set(err, PM_E_MEMORY, "table");
    }
    if (g.n_rows == 0) return PM_OK;
    table_title("flagged prompts: what their flags changed", p->style, p->out);
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}
