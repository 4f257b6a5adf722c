/* SPDX-License-Identifier: MIT
 *
 * Quality for recorded dollars as people read it: a line a curve with its AIQ, what it saves and what it scores; the
 * single experts; and the range, which the numbers mean nothing without.  Rows: experiment_cost.c.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "eval/table_sections.h"

#define RIVAL  "diff_rival_aiq:"
#define RIVALS 2 /* columns; more of them stand in summary.json */

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

static size_t find_rivals(const table_page *p, const char *cost, const char **out)
{
    size_t n = 0;
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const store_row *row = &p->t->row[r];
        if (strcmp(row->point, cost) != 0 || strncmp(row->metric, RIVAL, sizeof RIVAL - 1) != 0)
            continue;
        bool known = false;
        for (size_t k = 0; k < n && !known; k++) known = strcmp(out[k], row->metric) == 0;
        if (!known && n < RIVALS) out[n++] = row->metric;
    }
    return n;
}

/* Baselines, routers, ceilings; within a role as they came. */
static const table_line *next_line(const table_page *p, const char *cost, size_t *at)
{
    static const char *const order[] = {"baseline", "router", "ceiling"};
    for (; *at < sizeof order / sizeof order[0] * p->t->n; ++*at) {
        const table_line *l = &p->t->line[*at % p->t->n];
        if (strcmp(l->point, cost) != 0 || strcmp(l->role, order[*at / p->t->n]) != 0) continue;
        ++*at;
        return l;
    }
    return NULL;
}

/* Whether the line has the metric of all seeds together ("splits:all", "seeds:all"). */
static bool is_joined(const table_page *p, const table_line *l, const char *metric)
{
    for (size_t r = l->head; r != SIZE_MAX; r = p->t->next[r]) {
        const store_row *row = &p->t->row[r];
        const char *colon = strchr(row->subset, ':');
        if (colon && strcmp(colon, ":all") == 0 && strcmp(row->metric, metric) == 0) return true;
    }
    return false;
}

/* What all seeds together do not have is not made up from the seeds that do (a QNC that is never reached). */
static bool has(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    if (is_joined(p, l, "aiq") && !is_joined(p, l, metric)) return false;
    return table_find(p->t, l, "all", metric, &v);
}

static const char *plain(const table_page *p, const table_line *l, const char *metric, int digits)
{
    return has(p, l, metric) ? table_plain(p, l, metric, 1, digits) : "";
}

/* Of a curve that never gets there: "never". */
static const char *qnc_of(const table_page *p, const table_line *l)
{
    return has(p, l, "qnc")           ? table_plain(p, l, "qnc", 1, 3)
           : has(p, l, "cost_saving") ? "never"
                                      : "";
}

/* A share of cost in percent with its interval. */
static const char *percent(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    str text = STR_INIT;
    str_printf(&text, "%.1f %%", 100 * v.mean);
    if (isfinite(v.lo) && isfinite(v.hi))
        str_printf(&text, " [%.0f, %.0f]", 100 * v.lo, 100 * v.hi);
    const char *kept = text.failed ? NULL : arena_strdup(p->a, str_text(&text));
    str_close(&text);
    return kept ? kept : "";
}

static pm_status put_curves(const table_page *p, const char *cost, pm_err *err)
{
    const char *rival[RIVALS];
    size_t n = find_rivals(p, cost, rival);
    static const char *const columns[] = {"curve", "AIQ", "over zero router", "QNC",
                                          "saved at equal quality"};
    static const char *const more[] = {"area 50%", "hypervol.",  "CostSave",
                                       "PerfGain", "ParetoDist", "arena"};
    static const char *const metric[] = {"deferral_area_50", "cost_hypervolume", "cost_save",
                                         "perf_gain",        "pareto_distance",  "arena_score"};
    grid g;
    grid_init(&g, p->a);
    for (size_t k = 0; k < 3; k++) grid_column(&g, columns[k]);
    for (size_t k = 0; k < n; k++)
        grid_column(&g, table_text(p, "vs ", rival[k] + sizeof RIVAL - 1));
    for (size_t k = 3; k < 5; k++) grid_column(&g, columns[k]);
    for (size_t k = 0; k < 6; k++) grid_column(&g, more[k]);
    size_t at = 0;
    for (const table_line *l; (l = next_line(p, cost, &at)) != NULL;) {
        if (!has(p, l, "aiq")) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        *cell++ = l->label;
        *cell++ = table_cell(p, l, "aiq");
        *cell++ = table_gain(p, l, "diff_zero_aiq");
        for (size_t r = 0; r < n; r++) *cell++ = table_gain(p, l, rival[r]);
        *cell++ = qnc_of(p, l);
        *cell++ = percent(p, l, "cost_saving");
        for (size_t k = 0; k < 6; k++) *cell++ = plain(p, l, metric[k], k < 2 ? 4 : 3);
    }
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}

/* Single experts and the oracle that takes the cheapest of the best: points, no curves. */
static pm_status put_points(const table_page *p, const char *cost, pm_err *err)
{
    const char *value = table_is_loss(p->t) ? "loss" : "quality";
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "point");
    grid_column(&g, "$/1k");
    grid_column(&g, value);
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        if (strcmp(l->point, cost) != 0 || !has(p, l, "cost_usd")) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->label;
        cell[1] = table_plain(p, l, "cost_usd", 1000, 4);
        cell[2] = table_plain(p, l, value, 1, 4);
        if (!has(p, l, "cost_usd_nothing_right_is_free")) continue;
        cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = "... where nothing is right, at no cost";
        cell[1] = table_plain(p, l, "cost_usd_nothing_right_is_free", 1000, 4);
        cell[2] = table_plain(p, l, value, 1, 4);
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

static void put_range(const table_page *p, const char *cost)
{
    double sum[2] = {0, 0}, n[2] = {0, 0};
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const store_row *row = &p->t->row[r];
        if (strcmp(row->subset, cost) != 0 || strcmp(row->role, "about") != 0) continue;
        size_t k = strncmp(row->metric, "c_min", 5) == 0   ? 0
                   : strncmp(row->metric, "c_max", 5) == 0 ? 1
                                                           : 2;
        if (k == 2) continue;
        sum[k] += 1000 * row->value;
        n[k] += 1;
    }
    if (n[0] > 0 && n[1] > 0)
        str_printf(
            p->out,
            "AIQ: mean height of the hull from $ %.5g to %.5g per 1,000 calls, the mean test cost "
            "of the cheapest and the dearest expert%s;\n",
            sum[0] / n[0], sum[1] / n[1], n[0] > 1 ? " (means over seeds)" : "");
    str_puts(p->out, "the cheapest expert is added to every curve.  Zero router: hull of the "
                     "single experts on test. "
                     "QNC: cost of reaching the best single\nexpert's quality over that expert's "
                     "cost; saved: 1 - "
                     "QNC, at least 0.  A hull drawn on test gains from noise: compare with the "
                     "placebo as well.\n\n");
}

pm_status table_costs(const table_page *p, pm_err *err)
{
    pm_status s = PM_OK;
    const char *last = "";
    for (size_t k = 0; k < p->t->n && !s; k++) {
        const char *point = p->t->line[k].point;
        if (!table_is_cost(point) || strcmp(point, last) == 0) continue;
        last = point; /* lines of a sweep stand together */
        table_title(point, p->style, p->out);
        s = put_curves(p, point, err);
        if (!s) s = put_points(p, point, err);
        if (!s) put_range(p, point);
    }
    return s;
}
