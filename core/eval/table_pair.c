/* SPDX-License-Identifier: MIT
 *
 * The section of a summary about two models: rows at point "pair" (experiment_pair.c), as RouteLLM prints them and
 * with intervals.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/table_sections.h"

#define RIVALS 2 /* columns; more of them stand in summary.json */

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

static bool is_pair(const table_line *l)
{
    return strcmp(l->point, TABLE_PAIR) == 0;
}

static const char *kept(const table_page *p, const char *text)
{
    const char *copy = arena_strdup(p->a, text);
    return copy ? copy : "";
}

/* "36.70 [35.1, 38.3]"; of the random row "49.93 (sd 1.4)". */
static const char *spread(const table_page *p, const table_line *l, const char *metric, int digits)
{
    char text[160];
    table_stat v, sd;
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    const char *value = table_number(p->a, v.mean, digits, false);
    const char *sd_of = table_text(p, metric, "_sd");
    int fewer = digits - 1;
    if (isfinite(v.lo) && isfinite(v.hi))
        snprintf(text, sizeof text, "%s [%s, %s]", value, table_number(p->a, v.lo, fewer, false),
                 table_number(p->a, v.hi, fewer, false));
    else if (table_find(p->t, l, "all", sd_of, &sd))
        snprintf(text, sizeof text, "%s (sd %s)", value,
                 table_number(p->a, sd.mean, digits > 3 ? digits : fewer, false));
    else
        return value;
    return kept(p, text);
}

/* Lines in the order of roles, within a role as they came. */
static const table_line *next_line(const table_page *p, size_t *at)
{
    static const char *const order[] = {"baseline", "router", "curve", "ceiling", TABLE_PUBLISHED};
    for (; *at < sizeof order / sizeof order[0] * p->t->n; ++*at) {
        const table_line *l = &p->t->line[*at % p->t->n];
        if (!is_pair(l) || strcmp(l->role, order[*at / p->t->n]) != 0) continue;
        ++*at;
        return l;
    }
    return NULL;
}

static void find_rivals(const table_page *p, const char **rival, size_t *n)
{
    *n = 0;
    for (size_t r = 0; r < p->t->n_rows && *n < RIVALS; r++) {
        const char *metric = p->t->row[r].metric;
        bool known = strncmp(metric, "diff_rival_apgr:", 16) != 0;
        for (size_t k = 0; k < *n && !known; k++) known = strcmp(rival[k], metric) == 0;
        if (!known) rival[(*n)++] = metric;
    }
}

static pm_status put_scores(const table_page *p, pm_err *err)
{
    const char *rival[RIVALS];
    size_t n_rivals, at = 0;
    grid g;
    find_rivals(p, rival, &n_rivals);
    grid_init(&g, p->a);
    grid_column(&g, "policy");
    grid_column(&g, "APGR");
    grid_column(&g, "vs length");
    for (size_t k = 0; k < n_rivals; k++) grid_column(&g, table_text(p, "vs ", rival[k] + 16));
    grid_column(&g, "CPT50 %");
    grid_column(&g, "CPT80 %");
    grid_column(&g, "first 50");
    grid_column(&g, "first 80");
    for (const table_line *l; (l = next_line(p, &at));) {
        table_stat v;
        if (!table_find(p->t, l, "all", "apgr", &v)) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        bool published = strcmp(l->role, TABLE_PUBLISHED) == 0;
        *cell++ = published ? table_text(p, "published: ", l->label) : l->label;
        *cell++ = spread(p, l, "apgr", 4);
        *cell++ = table_gain(p, l, "diff_length_apgr");
        for (size_t k = 0; k < n_rivals; k++) *cell++ = table_gain(p, l, rival[k]);
        *cell++ = spread(p, l, "cpt50", 2);
        *cell++ = spread(p, l, "cpt80", 2);
        *cell++ = table_plain(p, l, "first_cpt50", 1, 2);
        *cell++ = table_plain(p, l, "first_cpt80", 1, 2);
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

/* What a call costs, and whether chances of winning mean what they say. */
static pm_status put_costs(const table_page *p, pm_err *err)
{
    static const struct {
        const char *title, *metric;
        double scale;
    } all[] = {
        {"$/1k always", "cost_usd", 1000},    {"$/1k at CPT50", "usd_cpt50", 1000},
        {"$/1k at CPT80", "usd_cpt80", 1000}, {"ECE", "ece", 1},
        {"equal width", "ece_width", 1},      {"Brier", "brier", 1},
        {"log-loss", "log_loss", 1},          {"decided: ECE", "ece_decided", 1},
        {"Brier", "brier_decided", 1},        {"log-loss", "log_loss_decided", 1},
    };
    const size_t n = sizeof all / sizeof all[0];
    size_t at = 0;
    grid g;
    grid_init(&g, p->a);
    grid_column(&g, "costs and chances of");
    for (size_t k = 0; k < n; k++) grid_column(&g, all[k].title);
    for (const table_line *l; (l = next_line(p, &at));) {
        const char *value[sizeof all / sizeof all[0]];
        bool any = false;
        for (size_t k = 0; k < n; k++) {
            value[k] = table_plain(p, l, all[k].metric, all[k].scale, 4);
            any = any || value[k][0];
        }
        if (!any) continue;
        const char **cell = grid_row(&g);
        if (!cell) return starve(err);
        cell[0] = l->label;
        memcpy(cell + 1, value, sizeof value);
    }
    grid_print(&g, p->style, p->out);
    if (g.n_rows) str_puts(p->out, "\n");
    return PM_OK;
}

/* "two models: strong A .7958 [...], weak B .6705 [...]" */
static void put_head(const table_page *p)
{
    static const char *const label[] = {"always strong", "always weak"};
    const char *metric = table_is_loss(p->t) ? "loss" : "quality";
    str text = STR_INIT;
    str_puts(&text, "two models");
    for (size_t k = 0; k < 2; k++) {
        const table_line *l = table_line_of(p->t, TABLE_PAIR, "baseline", label[k]);
        if (!l) continue;
        str_printf(&text, "%s %s %s %s", k ? "," : ":", label[k] + 7, l->setting,
                   table_cell(p, l, metric));
    }
    table_title(text.failed ? "two models" : str_text(&text), p->style, p->out);
    str_close(&text);
}

static const char legend[] =
    "APGR: mean share of the way from weak to strong, over shares of strong calls; CPT50: percent "
    "of strong calls that goes half the way\n(as numpy.interp finds it; first: where the curve "
    "gets there first); random: mean of 200 orders; optimal line: best quality for a\nshare of "
    "calls.  ECE (15 bins of equal numbers of prompts; beside it of equal width), Brier, log-loss: "
    "chance that strong wins, "
    "a tie half; decided: without ties.\n\n";

static void put_published(const table_page *p)
{
    for (size_t k = 0; k < p->t->n; k++) {
        const table_line *l = &p->t->line[k];
        if (!is_pair(l) || strcmp(l->role, TABLE_PUBLISHED) != 0) continue;
        str_printf(p->out, "published: %s; not run here, and trained on other data.\n\n",
                   l->setting);
        return;
    }
}

pm_status table_pair(const table_page *p, pm_err *err)
{
    bool any = false;
    for (size_t k = 0; k < p->t->n; k++) any = any || is_pair(&p->t->line[k]);
    if (!any) return PM_OK;
    put_head(p);
    pm_status s = put_scores(p, err);
    if (!s) s = put_costs(p, err);
    if (!s) str_puts(p->out, legend);
    if (!s) put_published(p);
    return s;
}
