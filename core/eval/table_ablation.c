/* SPDX-License-Identifier: MIT
 *
 * The section of a summary about constraints: rows at points "ablation:..." (experiment_ablation_rows.c), a block a
 * router.  What the files hold beside it: docs/ablation.md.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/table_sections.h"

#define ALL "all routers"

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

/* What stands behind "ablation:" and the words; NULL: another kind of point. */
static const char *behind(const table_line *l, const char *words)
{
    size_t n = strlen(TABLE_ABLATION), k = strlen(words);
    if (strncmp(l->point, TABLE_ABLATION, n) != 0) return NULL;
    return strncmp(l->point + n, words, k) == 0 ? l->point + n + k : NULL;
}

static bool is_of(const table_line *l, const char *router)
{
    return strcmp(l->label, router) == 0 && strcmp(l->role, "router") == 0;
}

/* Dollars are told for 1,000 calls, as in the table of policies. */
static double unit_of(const char *metric)
{
    size_t n = strlen(metric), k = strlen("cost_usd");
    return n >= k && strcmp(metric + n - k, "cost_usd") == 0 ? 1000 : 1;
}

/* "+0.0041 [+0.001, +0.007]*" to four digits, whatever the unit. */
static const char *effect(const table_page *p, const table_line *l, const char *before,
                          const char *measure)
{
    char text[160];
    table_stat v;
    double unit = unit_of(measure);
    if (!table_find(p->t, l, "all", table_text(p, before, measure), &v)) return "";
    if (v.mean == 0 && v.lo == 0 && v.hi == 0) return "0";
    int n = snprintf(text, sizeof text, "%+.4g", unit * v.mean);
    if (isfinite(v.lo) && isfinite(v.hi))
        snprintf(text + n, sizeof text - (size_t)n, " [%+.3g, %+.3g]%s", unit * v.lo, unit * v.hi,
                 v.lo > 0 || v.hi < 0 ? "*" : "");
    return table_text(p, text, "");
}

static const char *plain(const table_page *p, const table_line *l, const char *metric,
                         const char *format)
{
    char text[64];
    table_stat v;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    if (strchr(format, 'g'))
        snprintf(text, sizeof text, "%.4g", unit_of(metric) * v.mean);
    else
        snprintf(text, sizeof text, "%.1f %%", 100 * v.mean);
    return table_text(p, text, "");
}

static const char *outcome(const table_page *p)
{
    return table_is_loss(p->t) ? "loss" : "quality";
}

static const table_line *all_routers(const table_page *p, const char *point)
{
    return table_line_of(p->t, point, "router", ALL);
}

static pm_status put_left_out(const table_page *p, const char *router, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "left out");
    grid_column(&g, outcome(p));
    grid_column(&g, "utility");
    grid_column(&g, "$/1k");
    grid_column(&g, "its own value");
    grid_column(&g, "changed");
    grid_column(&g, "tau-b");
    grid_column(&g, "routers flipped");
    grid_column(&g, "");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "without ");
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        const table_line *flips = all_routers(p, l->point);
        table_stat changed;
        cell[0] = name;
        cell[1] = effect(p, l, "effect:", outcome(p));
        cell[2] = effect(p, l, "effect:", "utility");
        cell[3] = effect(p, l, "effect:", "cost_usd");
        cell[4] = effect(p, l, "effect:", name);
        cell[5] = plain(p, l, "changed", "%");
        cell[6] = plain(p, l, "tau_b", "g");
        if (flips) cell[7] = plain(p, flips, "flips:utility", "g");
        if (table_find(p->t, l, "all", "changed", &changed) && changed.mean == 0)
            cell[8] = "changes no choice";
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

static pm_status put_shapley(const table_page *p, const char *router, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "Shapley value");
    grid_column(&g, "utility");
    grid_column(&g, outcome(p));
    grid_column(&g, "$/1k");
    grid_column(&g, "error of sampling");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "shapley ");
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = name;
        cell[1] = effect(p, l, "shapley:", "utility");
        cell[2] = effect(p, l, "shapley:", outcome(p));
        cell[3] = effect(p, l, "shapley:", "cost_usd");
        cell[4] = plain(p, l, "error:shapley:utility", "g");
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

static pm_status put_pairs(const table_page *p, const char *router, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "interaction");
    grid_column(&g, "utility at w*");
    grid_column(&g, table_text(p, outcome(p), " at w*"));
    grid_column(&g, "Shapley index, utility");
    grid_column(&g, table_text(p, "Shapley index, ", outcome(p)));
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "pair ");
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = name;
        cell[1] = effect(p, l, "interaction:", "utility");
        cell[2] = effect(p, l, "interaction:", outcome(p));
        cell[3] = effect(p, l, "shapley_interaction:", "utility");
        cell[4] = effect(p, l, "shapley_interaction:", outcome(p));
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

/* One constraint at a time, from none of them. */
static pm_status put_levels(const table_page *p, const char *router, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "point");
    grid_column(&g, outcome(p));
    grid_column(&g, "utility");
    grid_column(&g, "$/1k");
    grid_column(&g, "unlike w*");
    grid_column(&g, "tau-b");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "only ");
        bool is_end = behind(l, "nominal") || behind(l, "none");
        if ((!name && !is_end) || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->point + strlen(TABLE_ABLATION);
        cell[1] = plain(p, l, table_text(p, "mean:", outcome(p)), "g");
        cell[2] = plain(p, l, "mean:utility", "g");
        cell[3] = plain(p, l, "mean:cost_usd", "g");
        cell[4] = plain(p, l, "changed", "%");
        cell[5] = plain(p, l, "tau_b", "g");
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

/* "only price=1: quality 0.813, $/1k 0.3395"; the knee's name is the setting of its rows. */
static const char *knee_of(const table_page *p, const table_line *l)
{
    str text = STR_INIT;
    for (size_t r = l->head; r != SIZE_MAX; r = p->t->next[r]) {
        const store_row *row = &p->t->row[r];
        if (strncmp(row->metric, "knee:", 5) != 0) continue;
        bool is_cost = strcmp(row->metric + 5, "cost_usd") == 0;
        str_printf(&text, "%s%s %s", text.len ? "" : row->setting, text.len ? "," : ":",
                   is_cost ? "$/1k" : row->metric + 5);
        str_printf(&text, " %.4g", unit_of(row->metric) * row->value);
    }
    const char *kept = text.len && !text.failed ? table_text(p, str_text(&text), "") : "";
    str_close(&text);
    return kept;
}

static pm_status put_fronts(const table_page *p, const char *router, pm_err *err)
{
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "front");
    grid_column(&g, "points");
    grid_column(&g, "hypervolume");
    grid_column(&g, "knee");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "front ");
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = name;
        cell[1] = plain(p, l, "points on the front", "g");
        cell[2] = plain(p, l, "hypervolume", "g");
        cell[3] = knee_of(p, l);
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

pm_status table_ablation(const table_page *p, pm_err *err)
{
    pm_status s = PM_OK;
    bool any = false;
    for (size_t k = 0; k < p->t->n && !s; k++) {
        const table_line *l = &p->t->line[k];
        if (!behind(l, "nominal") || strcmp(l->label, ALL) == 0) continue;
        any = true;
        table_title(table_text(p, "ablation of constraints: ", l->label), p->style, p->out);
        s = put_left_out(p, l->label, err);
        if (!s) s = put_shapley(p, l->label, err);
        if (!s) s = put_pairs(p, l->label, err);
        if (!s) s = put_levels(p, l->label, err);
        if (!s) s = put_fronts(p, l->label, err);
    }
    if (!s && any)
        str_puts(
            p->out,
            "w*: all constraints at their weights (point \"nominal\"); left out: the change when "
            "one of them is missing; Shapley value: what it adds on average over all\norders of "
            "joining; interaction: what two do together beyond each alone; point: none of them but "
            "one; front: points of weights that no other betters.\nutility: outcome minus the soft "
            "constraints, always at w*; $/1k: USD per 1,000 calls; its own value: mean of the "
            "constraint, in its unit or scale; changed, unlike w*:\nshare of prompts whose expert "
            "is another than at w*; tau-b: of the experts' shares with those at w*; flipped: pairs "
            "of routers in reverse order by utility;\nhypervolume: in the product of the "
            "objectives' units; knee: where giving up one objective stops buying much of the "
            "others.  * the interval excludes 0.\nWith several seeds: means over seeds, of lo and "
            "hi too.\n\n");
    return s;
}
