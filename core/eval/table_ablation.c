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

/* A column of effects: all of its numbers have the same digits behind the point. */
typedef struct column {
    const char *metric;
    double scale;
    int digits;
} column;

static void scale_stat(table_stat *v, double scale)
{
    v->mean *= scale;
    v->lo *= scale;
    v->hi *= scale;
}

/* Digits for the largest mean or end of the metric over the router's lines of this kind. */
static column column_of(const table_page *p, const char *router, const char *words,
                        const char *metric, double scale)
{
    double most = 0;
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        table_stat v;
        if (!behind(l, words) || !is_of(l, router) || !table_find(p->t, l, "all", metric, &v))
            continue;
        most = fmax(most, scale * fabs(v.mean));
        if (isfinite(v.lo) && isfinite(v.hi))
            most = fmax(most, scale * fmax(fabs(v.lo), fabs(v.hi)) / 10); /* a digit less */
    }
    return (column){metric, scale, table_digits(most)};
}

static const char *effect(const table_page *p, const table_line *l, column c)
{
    table_stat v;
    if (!table_find(p->t, l, "all", c.metric, &v)) return "";
    scale_stat(&v, c.scale);
    return table_difference_to(p->a, &v, c.digits);
}

/* A mean without its interval. */
static const char *level(const table_page *p, const table_line *l, column c)
{
    return table_plain(p, l, c.metric, c.scale, c.digits);
}

static const char *percent(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    char text[64];
    snprintf(text, sizeof text, "%.1f %%", 100 * v.mean);
    return table_text(p, text, "");
}

/* A number whose unit is not known, alone in its column. */
static const char *any_number(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    return table_number(p->a, v.mean, table_digits(fabs(v.mean)), false);
}

/* A last column of numbers is set to the right as the others are; one of words is not. */
static void print(const table_page *p, grid *g, bool ends_in_words)
{
    if (!ends_in_words) g->stop = g->n_cols;
    grid_print(g, p->style, p->out);
    if (g->n_rows) str_puts(p->out, "\n");
}

static bool is_still(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    return table_find(p->t, l, "all", metric, &v) && !(v.mean > 0);
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
    static const char *const title[] = {"$/1k",  "its own value",   "changed",
                                        "tau-b", "routers flipped", ""};
    static const char words[] = "without ";
    column value = column_of(p, router, words, table_text(p, "effect:", outcome(p)), 1);
    column utility = column_of(p, router, words, "effect:utility", 1);
    column usd = column_of(p, router, words, "effect:cost_usd", 1000);
    bool any = false;
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "left out");
    grid_column(&g, outcome(p));
    grid_column(&g, "utility");
    for (size_t c = 0; c < sizeof title / sizeof title[0]; c++) grid_column(&g, title[c]);
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, words);
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        const table_line *flips = all_routers(p, l->point);
        const char *own = table_text(p, "effect:", name);
        cell[0] = name;
        cell[1] = effect(p, l, value);
        cell[2] = effect(p, l, utility);
        cell[3] = effect(p, l, usd);
        cell[4] = effect(p, l, column_of(p, router, l->point + strlen(TABLE_ABLATION), own, 1));
        cell[5] = percent(p, l, "changed");
        cell[6] = table_plain(p, l, "tau_b", 1, 3);
        if (flips) cell[7] = table_plain(p, flips, "flips:utility", 1, 0);
        if (!is_still(p, l, "changed")) continue;
        cell[8] = "changes no choice";
        any = true;
    }
    print(p, &g, any);
    return PM_OK;
}

static pm_status put_shapley(const table_page *p, const char *router, pm_err *err)
{
    static const char words[] = "shapley ";
    column utility = column_of(p, router, words, "shapley:utility", 1);
    column value = column_of(p, router, words, table_text(p, "shapley:", outcome(p)), 1);
    column usd = column_of(p, router, words, "shapley:cost_usd", 1000);
    column error = column_of(p, router, words, "error:shapley:utility", 1);
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "Shapley value");
    grid_column(&g, "utility");
    grid_column(&g, outcome(p));
    grid_column(&g, "$/1k");
    grid_column(&g, "error of sampling");
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, words);
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = name;
        cell[1] = effect(p, l, utility);
        cell[2] = effect(p, l, value);
        cell[3] = effect(p, l, usd);
        cell[4] = level(p, l, error);
    }
    print(p, &g, false);
    return PM_OK;
}

static pm_status put_pairs(const table_page *p, const char *router, pm_err *err)
{
    static const char words[] = "pair ";
    const char *value = outcome(p);
    const column c[] = {
        column_of(p, router, words, "interaction:utility", 1),
        column_of(p, router, words, table_text(p, "interaction:", value), 1),
        column_of(p, router, words, "shapley_interaction:utility", 1),
        column_of(p, router, words, table_text(p, "shapley_interaction:", value), 1)};
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "interaction");
    grid_column(&g, "utility at w*");
    grid_column(&g, table_text(p, value, " at w*"));
    grid_column(&g, "Shapley index, utility");
    grid_column(&g, table_text(p, "Shapley index, ", value));
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, words);
        if (!name || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = name;
        for (size_t e = 0; e < sizeof c / sizeof c[0]; e++) cell[1 + e] = effect(p, l, c[e]);
    }
    print(p, &g, false);
    return PM_OK;
}

/* One constraint at a time, from none of them. */
static pm_status put_levels(const table_page *p, const char *router, pm_err *err)
{
    static const char *const title[] = {"utility", "$/1k", "unlike w*", "unlike none", "tau-b", ""};
    const char *value = table_text(p, "mean:", outcome(p));
    column utility = column_of(p, router, "", "mean:utility", 1);
    column usd = column_of(p, router, "", "mean:cost_usd", 1000);
    bool any = false;
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "point");
    grid_column(&g, outcome(p));
    for (size_t c = 0; c < sizeof title / sizeof title[0]; c++) grid_column(&g, title[c]);
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        const char *name = behind(l, "only ");
        bool is_end = behind(l, "nominal") || behind(l, "none");
        if ((!name && !is_end) || !is_of(l, router)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->point + strlen(TABLE_ABLATION);
        cell[1] = table_plain(p, l, value, 1, 4);
        cell[2] = level(p, l, utility);
        cell[3] = level(p, l, usd);
        cell[4] = percent(p, l, "changed");
        cell[5] = percent(p, l, "changed_none");
        cell[6] = table_plain(p, l, "tau_b", 1, 3);
        if (!name || !is_still(p, l, "changed_none")) continue;
        cell[7] = "changes no choice";
        any = true;
    }
    print(p, &g, any);
    return PM_OK;
}

/* "only price=1: quality 0.813, $/1k 0.3395"; the knee's name is the setting of its rows. */
static const char *knee_of(const table_page *p, const table_line *l)
{
    str text = STR_INIT; /* of all seeds together if that is there: those rows are the last */
    const char *first = NULL;
    for (size_t r = l->head; r != SIZE_MAX; r = p->t->next[r]) {
        const store_row *row = &p->t->row[r];
        if (strncmp(row->metric, "knee:", 5) != 0) continue;
        bool is_first = !first || strcmp(row->metric, first) == 0;
        bool is_cost = strcmp(row->metric + 5, "cost_usd") == 0;
        if (is_first) {
            str_clear(&text);
            first = row->metric;
        }
        str_printf(&text, "%s%s %s", is_first ? row->setting : "", is_first ? ":" : ",",
                   is_cost ? "$/1k" : row->metric + 5);
        str_printf(&text, " %.4g", (is_cost ? 1000 : 1) * row->value);
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
        cell[1] = table_plain(p, l, "points on the front", 1, 0);
        cell[2] = any_number(p, l, "hypervolume");
        cell[3] = knee_of(p, l);
    }
    print(p, &g, true);
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
            "constraint, in its unit or scale; changed, unlike:\nshare of prompts whose expert is "
            "another (than at w*, than with none); tau-b: of the experts' shares with those at w*; "
            "flipped: pairs of routers in reverse\norder by utility; hypervolume: in the product "
            "of "
            "the objectives' units; knee: where giving up one objective stops buying much of the "
            "others.\n* the interval excludes 0.\n\n");
    return s;
}
