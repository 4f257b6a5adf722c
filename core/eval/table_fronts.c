/* SPDX-License-Identifier: MIT
 *
 * Sweeps as people read them: a line a router with its area between zero router and oracle, then a handful of
 * points on its hull.  All points are in the store.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/table_sections.h"

#define PREFIX "sweep:"
#define FEW    6 /* points of a hull that are shown */

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

/* "size" of "sweep:size, price=1" */
static const char *swept(const table_page *p, const char *sweep)
{
    const char *label = sweep + sizeof PREFIX - 1;
    const char *rest = strstr(label, ", ");
    const char *kept = arena_strndup(p->a, label, rest ? (size_t)(rest - label) : strlen(label));
    return kept ? kept : "";
}

/* Whether every weight that the sweep holds fixed is that of the point. */
static bool belongs(const char *point, const char *sweep)
{
    for (const char *t = strstr(sweep, ", "); t; t = strstr(t, ", ")) {
        t += 2;
        const char *end = strstr(t, ", ");
        size_t n = end ? (size_t)(end - t) : strlen(t);
        bool found = false;
        for (const char *at = point; at && !found; at = strstr(at, ", ")) {
            if (at != point) at += 2;
            found = strncmp(at, t, n) == 0 && (at[n] == '\0' || at[n] == ',');
        }
        if (!found) return false;
    }
    return true;
}

/* ---- areas ---- */

static size_t find_rivals(const table_page *p, const char *sweep, const char **out, size_t most)
{
    size_t n = 0;
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const store_row *row = &p->t->row[r];
        if (strcmp(row->point, sweep) != 0 || strncmp(row->metric, "diff_rival_area:", 16) != 0)
            continue;
        bool known = false;
        for (size_t k = 0; k < n && !known; k++) known = strcmp(out[k], row->metric) == 0;
        if (!known && n < most) out[n++] = row->metric;
    }
    return n;
}

static pm_status put_areas(const table_page *p, const char *sweep, pm_err *err)
{
    const char *rival[4];
    size_t n = find_rivals(p, sweep, rival, 4);
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "policy");
    grid_column(&g, "area");
    grid_column(&g, "zero to oracle");
    grid_column(&g, "hypervolume");
    for (size_t k = 0; k < n; k++) grid_column(&g, table_text(p, "area vs ", rival[k] + 16));
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        if (strcmp(l->point, sweep) != 0) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->label;
        cell[1] = table_cell(p, l, "area");
        cell[2] = table_cell(p, l, "area_share");
        cell[3] = table_cell(p, l, "hypervolume");
        for (size_t r = 0; r < n; r++) cell[4 + r] = table_gain(p, l, rival[r]);
    }
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}

/* ---- points ---- */

static double number(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    return table_find(p->t, l, "all", metric, &v) ? v.mean : NAN;
}

/* Corners of the router's hull (of most seeds' hulls), those of equal value once. */
static size_t find_corners(const table_page *p, const char *sweep, const char *router,
                           const table_line **out)
{
    const char *label = swept(p, sweep);
    const char *hull = table_text(p, "on_hull:", label), *mean = table_text(p, "mean:", label);
    const char *value = table_is_loss(p->t) ? "loss" : "quality";
    size_t n = 0;
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        if (strcmp(l->role, "router") != 0 || strcmp(l->label, router) != 0) continue;
        if (!belongs(l->point, sweep) || !(number(p, l, hull) >= 0.5)) continue;
        bool same = n > 0 && fabs(number(p, l, mean) - number(p, out[n - 1], mean)) < 1e-9 &&
                    fabs(number(p, l, value) - number(p, out[n - 1], value)) < 1e-9;
        if (!same) out[n++] = l;
    }
    return n;
}

/* The swept weight, to three digits. */
static const char *weight_of(const table_page *p, const char *point, const char *label)
{
    const char *term = table_text(p, label, "=");
    for (const char *at = point; at; at = strstr(at, ", ")) {
        if (at != point) at += 2;
        if (strncmp(at, term, strlen(term)) != 0) continue;
        str text = STR_INIT;
        str_printf(&text, "%.3g", strtod(at + strlen(term), NULL));
        const char *kept = text.failed ? NULL : arena_strdup(p->a, str_text(&text));
        str_close(&text);
        return kept ? kept : point;
    }
    return point;
}

static void put_point(const table_page *p, const table_line *l, const char *label,
                      const char **cell)
{
    cell[0] = l->label;
    cell[1] = weight_of(p, l->point, label);
    cell[2] = table_plain(p, l, table_text(p, "mean:", label), 1, 3);
    cell[3] = table_plain(p, l, "mean_params", 1e-6, 2);
    cell[4] = table_cell(p, l, table_is_loss(p->t) ? "loss" : "quality");
    cell[5] = table_plain(p, l, "selection_accuracy", 1, 3);
    cell[6] = table_plain(p, l, "gap_recovered", 1, 3);
}

/* The ends of the hull and corners evenly between them. */
static pm_status put_points(const table_page *p, const char *sweep, pm_err *err)
{
    const char *label = swept(p, sweep);
    const table_line **corner = arena_alloc(p->a, p->t->n, sizeof *corner);
    if (!corner) return starve(err);
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "on the hull");
    grid_column(&g, "weight");
    grid_column(&g, table_text(p, "mean ", label));
    grid_column(&g, "params/M");
    grid_column(&g, table_is_loss(p->t) ? "loss" : "quality");
    grid_column(&g, "sel.acc");
    grid_column(&g, "gap");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        if (strcmp(l->point, sweep) != 0 || strcmp(l->role, "router") != 0) continue;
        size_t n = find_corners(p, sweep, l->label, corner), shown = n < FEW ? n : FEW;
        for (size_t e = 0; e < shown; e++) {
            const char **cell = grid_row(&g);
            if (!cell) return starve(err);
            put_point(p, corner[shown > 1 ? (e * (n - 1) + (shown - 1) / 2) / (shown - 1) : 0],
                      label, cell);
        }
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

pm_status table_fronts(const table_page *p, pm_err *err)
{
    pm_status s = PM_OK;
    const char *last = "";
    for (size_t k = 0; k < p->t->n && !s; k++) {
        const char *point = p->t->line[k].point;
        if (!table_is_sweep(point) || strcmp(point, last) == 0) continue;
        last = point; /* lines of a sweep stand together */
        table_title(point, p->style, p->out);
        s = put_areas(p, point, err);
        if (!s) s = put_points(p, point, err);
    }
    return s;
}
