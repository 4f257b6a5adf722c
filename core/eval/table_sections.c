/* SPDX-License-Identifier: MIT
 *
 * Differences to several rivals, learning curves, agreement of labels.
 */
#include "eval/table_sections.h"

#include <string.h>

const char *table_cell(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    return table_find(p->t, l, "all", metric, &v) ? table_value(p->a, &v) : "";
}

const char *table_gain(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    return table_find(p->t, l, "all", metric, &v) ? table_difference(p->a, &v) : "";
}

const char *table_plain(const table_page *p, const table_line *l, const char *metric, double scale,
                        int digits)
{
    table_stat v;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    return table_number(p->a, v.mean * scale, digits, false);
}

const char *table_text(const table_page *p, const char *before, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    const char *kept = text.failed ? NULL : arena_strdup(p->a, str_text(&text));
    str_close(&text);
    return kept ? kept : "";
}

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

static void print(const table_page *p, const char *title, const grid *g)
{
    if (g->n_rows == 0) return;
    table_title(title, p->style, p->out);
    grid_print(g, p->style, p->out);
    str_puts(p->out, "\n");
}

/* ---- rivals ---- */

static pm_status put_rival(const table_page *p, const char *label, pm_err *err)
{
    static const char *const order[] = {"baseline", "router", "ceiling"};
    const char *metric[3] = {table_text(p, "diff_rival:", label),
                             table_text(p, "diff_rival_accuracy:", label),
                             table_text(p, "diff_rival_gap:", label)};
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "policy");
    grid_column(&g, "point");
    grid_column(&g, table_is_loss(p->t) ? "loss" : "quality");
    grid_column(&g, "sel.acc");
    grid_column(&g, "gap");
    for (size_t o = 0; o < 3; o++)
        for (size_t k = 0; k < p->t->n; k++) {
            const table_line *l = &p->t->line[k];
            if (strcmp(l->role, order[o]) != 0 || !table_shows(p->t, l->point)) continue;
            table_stat v;
            if (!table_find(p->t, l, "all", metric[0], &v)) continue;
            const char **cell = grid_row(&g);
            if (!cell) return starve(err);
            cell[0] = l->label;
            cell[1] = l->point;
            for (size_t m = 0; m < 3; m++) cell[2 + m] = table_gain(p, l, metric[m]);
        }
    print(p, table_text(p, "against ", label), &g);
    return PM_OK;
}

pm_status table_rivals(const table_page *p, const char *const *rival, size_t n, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < n && !s; k++) s = put_rival(p, strchr(rival[k], ':') + 1, err);
    return s;
}

/* ---- learning curves ---- */

static bool is_curve(const table_line *l)
{
    return strcmp(l->role, "curve") == 0;
}

/* Distinct sizes, or distinct routers, in order of appearance. */
static size_t distinct(const table_page *p, bool points, const char **out, size_t most)
{
    size_t n = 0;
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *text = points ? l->point : l->label;
        bool known = !is_curve(l);
        for (size_t e = 0; e < n && !known; e++) known = strcmp(out[e], text) == 0;
        if (!known && n < most) out[n++] = text;
    }
    return n;
}

static pm_status put_curve(const table_page *p, const char *metric, const char *title, pm_err *err)
{
    const char *point[GRID_MAX_COLS - 1];
    const char **label = arena_alloc(p->a, p->t->n, sizeof *label);
    if (!label) return starve(err);
    size_t n_points = distinct(p, true, point, GRID_MAX_COLS - 1);
    size_t n = distinct(p, false, label, p->t->n);
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, title);
    for (size_t k = 0; k < n_points; k++) grid_column(&g, point[k]);
    for (size_t r = 0; r < n; r++) {
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = label[r];
        for (size_t k = 0; k < n_points; k++) {
            const table_line *l = table_line_of(p->t, point[k], "curve", label[r]);
            if (l) cell[1 + k] = table_cell(p, l, metric);
        }
    }
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}

/* Ceilings that say how often labels agree with themselves. */
static pm_status put_agreement(const table_page *p, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "labels against themselves");
    grid_column(&g, "sel.acc");
    grid_column(&g, "gap");
    grid_column(&g, "halves agree");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        table_stat v;
        if (!table_find(p->t, l, "all", "split_half_agreement", &v)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->label;
        cell[1] = table_cell(p, l, "selection_accuracy");
        cell[2] = table_cell(p, l, "gap_recovered");
        cell[3] = table_value(p->a, &v);
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

pm_status table_curves(const table_page *p, pm_err *err)
{
    bool any = false;
    for (size_t k = 0; k < p->t->n; k++) any = any || is_curve(&p->t->line[k]);
    pm_status s = put_agreement(p, err);
    if (s || !any) return s;
    table_title("learning curves: trained on so many prompts, no constraints", p->style, p->out);
    s = put_curve(p, table_is_loss(p->t) ? "loss" : "quality",
                  table_is_loss(p->t) ? "loss" : "quality", err);
    if (!s) s = put_curve(p, "selection_accuracy", "sel.acc", err);
    return s ? s : put_curve(p, "gap_recovered", "gap", err);
}
