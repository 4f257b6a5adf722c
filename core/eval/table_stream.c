/* SPDX-License-Identifier: MIT
 *
 * The section of a summary about budgets over a stream: metrics "budget_use:LABEL" and their kin (experiment_offline.c).
 */
#include <string.h>

#include "eval/table_sections.h"

enum { MOST = 8 };

static size_t find_budgets(const table_page *p, const char **label)
{
    size_t n = 0;
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const char *metric = p->t->row[r].metric;
        bool known = strncmp(metric, "budget_use:", 11) != 0;
        for (size_t k = 0; k < n && !known; k++) known = strcmp(label[k], metric + 11) == 0;
        if (!known && n < MOST) label[n++] = metric + 11;
    }
    return n;
}

static const char *over_of(const table_page *p, const table_line *l, const char *label)
{
    return table_plain(p, l, table_text(p, "budget_orders_over:", label), 1, 2);
}

static pm_status put_budget(const table_page *p, const char *label, pm_err *err)
{
    static const char *const order[] = {"baseline", "router", "ceiling"};
    static const char *const title[] = {"policy",       "point",          "quality",
                                        "spent/budget", "orders over",    "excess",
                                        "in decisions", "behind optimum", "of optimum"};
    grid g;
    grid_init(&g, p->a);
    for (size_t k = 0; k < sizeof title / sizeof *title; k++)
        grid_column(&g, k == 2 && table_is_loss(p->t) ? "loss" : title[k]);
    for (size_t o = 0; o < 3; o++)
        for (size_t k = 0; k < p->t->n; k++) {
            const table_line *l = &p->t->line[k];
            table_stat v;
            if (strcmp(l->role, order[o]) != 0) continue;
            if (!table_find(p->t, l, "all", table_text(p, "budget_use:", label), &v)) continue;
            const char **cell = grid_row(&g);
            if (!cell) return err_set(err, PM_E_MEMORY, "table");
            cell[0] = l->label;
            cell[1] = l->point;
            cell[2] = table_cell(p, l, table_is_loss(p->t) ? "loss" : "quality");
            cell[3] = table_number(p->a, v.mean, 4, false);
            cell[4] = over_of(p, l, label);
            cell[5] = table_plain(p, l, table_text(p, "budget_excess:", label), 1, 6);
            cell[6] = table_plain(p, l, table_text(p, "budget_excess_decisions:", label), 1, 2);
            cell[7] = table_cell(p, l, "offline_regret");
            cell[8] = table_cell(p, l, "competitive_ratio");
        }
    if (g.n_rows == 0) return PM_OK;
    table_title(table_text(p, "streams under the budget of ", label), p->style, p->out);
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}

pm_status table_streams(const table_page *p, pm_err *err)
{
    const char *label[MOST];
    size_t n = find_budgets(p, label);
    pm_status s = PM_OK;
    for (size_t k = 0; k < n && !s; k++) s = put_budget(p, label[k], err);
    return s;
}
