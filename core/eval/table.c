/* SPDX-License-Identifier: MIT
 *
 * The tables that people read: summary of a run, values per domain, two runs side by side.
 */
#include "eval/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/table_grid.h"
#include "eval/table_lines.h"

#define WIDTH       160
#define MAX_RIVALS  8
#define DOMAIN_COLS 5

/* ---- facts of the run ---- */

static bool is_about(const store_row *r)
{
    return strcmp(r->role, "about") == 0;
}

/* A fact is a text (setting), a number, or a number with a word on it. */
static void put_fact(const store_row *r, bool named, str *out)
{
    str_puts(out, r->metric);
    if (named) str_printf(out, " (seed %llu)", (unsigned long long)r->seed);
    str_puts(out, ": ");
    if (isfinite(r->value)) {
        str_number(out, r->value);
        if (r->setting[0]) str_puts(out, " ");
    }
    str_puts(out, r->setting);
}

static bool has_many_seeds(const store_row *row, size_t n)
{
    const store_row *first = NULL;
    for (size_t k = 0; k < n; k++) {
        if (!is_about(&row[k]) || strcmp(row[k].subset, "seed") != 0) continue;
        if (first && first->seed != row[k].seed) return true;
        first = &row[k];
    }
    return false;
}

/* Facts of one group (subset and seed) share lines. */
static void put_about(const store_row *row, size_t n, table_style style, str *out)
{
    bool many = has_many_seeds(row, n);
    const store_row *last = NULL;
    size_t line = out->len; /* where the line at hand begins */
    str fact = STR_INIT;
    for (size_t k = 0; k < n; k++) {
        if (!is_about(&row[k])) continue;
        bool together = last && strcmp(last->subset, row[k].subset) == 0 &&
                        row[k].seed == last->seed;
        str_clear(&fact);
        put_fact(&row[k], many && !together && strcmp(row[k].subset, "seed") == 0, &fact);
        bool wraps = together && out->len - line + fact.len + 3 > WIDTH;
        if (together) str_puts(out, wraps ? ",\n  " : ", ");
        if (!together)
            str_printf(out, "%s%s", last ? "\n" : "", style == TABLE_MARKDOWN ? "- " : "");
        if (!together || wraps) line = out->len;
        str_put(out, fact.at, fact.len);
        last = &row[k];
    }
    out->failed = out->failed || fact.failed;
    str_close(&fact);
    if (last) str_puts(out, "\n\n");
}

/* ---- summary ---- */

typedef struct summary {
    const table_lines *t;
    arena *a;
    bool is_loss;
    const char *rival[MAX_RIVALS]; /* metric names "diff_rival:LABEL" */
    size_t n_rivals, n_shown;      /* rivals with a column of their own */
} summary;

static void find_rivals(summary *s)
{
    for (size_t r = 0; r < s->t->n_rows; r++) {
        const char *metric = s->t->row[r].metric;
        if (strncmp(metric, "diff_rival:", 11) != 0) continue;
        bool known = false;
        for (size_t k = 0; k < s->n_rivals; k++) known = known || strcmp(s->rival[k], metric) == 0;
        if (!known && s->n_rivals < MAX_RIVALS) s->rival[s->n_rivals++] = metric;
    }
}

static const char *title_of(const summary *s, size_t rival)
{
    char text[64];
    snprintf(text, sizeof text, "vs %.30s", s->rival[rival] + 11);
    const char *kept = arena_strdup(s->a, text);
    return kept ? kept : "vs rival";
}

static void summary_columns(const summary *s, grid *g)
{
    static const char *const after[] = {"$/1k", "sel.acc", "disagr.", "within", "regret",
                                        "gap",  "entr.",   "used",    "setting"};
    grid_column(g, "policy");
    grid_column(g, s->is_loss ? "loss" : "quality");
    grid_column(g, "vs best single");
    for (size_t k = 0; k < s->n_shown; k++) grid_column(g, title_of(s, k));
    for (size_t k = 0; k < sizeof after / sizeof after[0]; k++) grid_column(g, after[k]);
}

static const char *plain(const summary *s, const table_line *l, const char *metric, double scale,
                         int digits)
{
    table_stat v;
    if (!table_find(s->t, l, "all", metric, &v)) return "";
    return table_number(s->a, v.mean * scale, digits, strcmp(metric, "gap_recovered") == 0);
}

static const char *difference(const summary *s, const table_line *l, const char *metric)
{
    table_stat v;
    return table_find(s->t, l, "all", metric, &v) ? table_difference(s->a, &v) : "";
}

static void summary_line(const summary *s, const table_line *l, const char **cell)
{
    table_stat v;
    size_t k = 0;
    cell[k++] = l->label;
    cell[k++] = table_find(s->t, l, "all", s->is_loss ? "loss" : "quality", &v)
                    ? table_value(s->a, &v)
                    : "";
    cell[k++] = difference(s, l, "diff_best_single");
    for (size_t r = 0; r < s->n_shown; r++) cell[k++] = difference(s, l, s->rival[r]);
    cell[k++] = plain(s, l, "cost_usd", 1000, 4);
    cell[k++] = plain(s, l, "selection_accuracy", 1, 3);
    cell[k++] = plain(s, l, "selection_accuracy_disagreeing", 1, 3);
    cell[k++] = plain(s, l, "within_delta", 1, 3);
    cell[k++] = plain(s, l, "regret", 1, 4);
    cell[k++] = plain(s, l, "gap_recovered", 1, 3);
    cell[k++] = plain(s, l, "entropy", 1, 2);
    cell[k++] = table_find(s->t, l, "all", "experts_used", &v)
                    ? table_number(s->a, v.mean, v.mean == floor(v.mean) ? 0 : 1, false)
                    : "";
    cell[k++] = table_settings(s->t, l, s->a);
}

static void section_title(const char *text, table_style style, str *out)
{
    str_printf(out, style == TABLE_MARKDOWN ? "**%s**\n\n" : "%s\n", text);
}

/* Policies without a point are compared with the rivals of the first one (metrics.h). */
static const char *point_title(const summary *s, const char *point)
{
    if (point[0]) return point;
    const char *first = "";
    for (size_t k = 0; k < s->t->n_points && !first[0]; k++) first = s->t->point[k];
    if (s->n_rivals == 0) return "whatever the weights";
    str text = STR_INIT;
    str_printf(&text, "whatever the weights (rivals: at %s)", first);
    const char *kept = text.failed ? NULL : arena_strdup(s->a, str_text(&text));
    str_close(&text);
    return kept ? kept : "whatever the weights";
}

static pm_status put_section(const summary *s, const char *point, table_style style, str *out,
                             pm_err *err)
{
    static const char *const order[] = {"baseline", "router", "expert", "ceiling"};
    grid g;
    grid_init(&g, s->a);
    summary_columns(s, &g);
    for (size_t o = 0; o < 4; o++)
        for (size_t k = 0; k < s->t->n; k++) {
            const table_line *l = &s->t->line[k];
            if (strcmp(l->point, point) != 0 || strcmp(l->role, order[o]) != 0) continue;
            const char **cell = grid_row(&g);
            if (!cell) return err_set(err, PM_E_MEMORY, "table");
            summary_line(s, l, cell);
        }
    if (s->t->n_points > 1 || point[0]) section_title(point_title(s, point), style, out);
    grid_print(&g, style, WIDTH, out);
    str_puts(out, "\n");
    return PM_OK;
}

/* Rivals beyond the first do not fit 160 columns: a table of their own. */
static pm_status put_more_rivals(const summary *s, str *out, pm_err *err)
{
    grid g;
    grid_init(&g, s->a);
    grid_column(&g, "policy");
    grid_column(&g, "point");
    for (size_t k = s->n_shown; k < s->n_rivals; k++) grid_column(&g, title_of(s, k));
    for (size_t k = 0; k < s->t->n; k++) {
        const char **cell = grid_row(&g);
        if (!cell) return err_set(err, PM_E_MEMORY, "table");
        cell[0] = s->t->line[k].label;
        cell[1] = s->t->line[k].point;
        for (size_t r = s->n_shown; r < s->n_rivals; r++)
            cell[2 + r - s->n_shown] = difference(s, &s->t->line[k], s->rival[r]);
    }
    grid_print(&g, TABLE_TEXT, WIDTH, out);
    str_puts(out, "\n");
    return PM_OK;
}

/* How well routers predict, choices apart: the same whatever the weights, so the first point serves. */
static pm_status put_predictions(const summary *s, table_style style, str *out, pm_err *err)
{
    static const char *const metric[] = {"mae", "rmse", "spearman", "coverage_90"};
    grid g;
    grid_init(&g, s->a);
    grid_column(&g, "predictions of");
    for (size_t m = 0; m < 4; m++) grid_column(&g, metric[m]);
    const char *point = NULL;
    bool any = false;
    for (size_t k = 0; k < s->t->n; k++) {
        const table_line *l = &s->t->line[k];
        if (strcmp(l->role, "router") != 0) continue;
        if (!point) point = l->point;
        if (strcmp(l->point, point) != 0) continue;
        const char **cell = grid_row(&g);
        if (!cell) return err_set(err, PM_E_MEMORY, "table");
        cell[0] = l->label;
        for (size_t m = 0; m < 4; m++) {
            table_stat v;
            if (!table_find(s->t, l, "all", metric[m], &v)) continue;
            cell[1 + m] = table_value(s->a, &v);
            any = true;
        }
    }
    if (!any) return PM_OK;
    grid_print(&g, style, WIDTH, out);
    str_puts(out, "\n");
    return PM_OK;
}

static void put_legend(const summary *s, str *out)
{
    str_printf(
        out,
        "* the interval of the difference excludes 0.  %s.  sel.acc: chosen expert is (tied) "
        "best; disagr.: the same where experts differ;\nwithin: within delta of the best; "
        "regret: distance from the best; gap: share of the way from best single to oracle; "
        "entr.: of choices, 1 = even.\nspearman: mean rank correlation per prompt; coverage_90: "
        "share of outcomes inside the 90 %% interval of the spread.\n",
        s->is_loss ? "Loss: lower is better" : "Quality: higher is better");
}

pm_status table_summary(const store_row *row, size_t n, table_style style, str *out, pm_err *err)
{
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "table");
    table_lines t;
    pm_status status = table_gather(row, n, a, &t, err);
    if (!status) {
        summary s = {.t = &t, .a = a, .is_loss = table_is_loss(&t)};
        find_rivals(&s);
        s.n_shown = style == TABLE_TEXT && s.n_rivals > 1 ? 1 : s.n_rivals;
        put_about(row, n, style, out);
        for (size_t k = 0; k < t.n_points && !status; k++)
            status = put_section(&s, t.point[k], style, out, err);
        if (!status && s.n_shown < s.n_rivals) status = put_more_rivals(&s, out, err);
        if (!status) status = put_predictions(&s, style, out, err);
        if (!status && t.n > 0) put_legend(&s, out);
        if (!status && out->failed) status = err_set(err, PM_E_MEMORY, "table");
    }
    arena_close(a);
    return status;
}

/* ---- domains ---- */

/* Distinct subsets "domain:NAME" in order of appearance. */
static size_t find_domains(const store_row *row, size_t n, const char **out)
{
    size_t count = 0;
    const char *last = NULL;
    for (size_t r = 0; r < n; r++) {
        if (strncmp(row[r].subset, "domain:", 7) != 0) continue;
        if (last && strcmp(last, row[r].subset) == 0) continue;
        bool known = false;
        for (size_t k = 0; k < count && !known; k++) known = strcmp(out[k], row[r].subset) == 0;
        if (!known) out[count++] = row[r].subset;
        last = row[r].subset;
    }
    return count;
}

typedef struct domain_table {
    const table_lines *t;
    arena *a;
    const char **domain;
    size_t n_domains;
    const char *metric;
} domain_table;

static pm_status put_domain_block(const domain_table *d, const table_line *const *line, size_t n,
                                  table_style style, str *out, pm_err *err)
{
    grid g;
    grid_init(&g, d->a);
    grid_column(&g, "domain");
    grid_column(&g, "n");
    for (size_t k = 0; k < n; k++) grid_column(&g, line[k]->label);
    for (size_t i = 0; i < d->n_domains; i++) {
        const char **cell = grid_row(&g);
        if (!cell) return err_set(err, PM_E_MEMORY, "table of %zu domains", d->n_domains);
        cell[0] = d->domain[i] + 7;
        for (size_t k = 0; k < n; k++) {
            table_stat v;
            if (!table_find(d->t, line[k], d->domain[i], d->metric, &v)) continue;
            cell[1] = table_number(d->a, (double)v.n, 0, false);
            cell[2 + k] = table_value(d->a, &v);
        }
    }
    grid_print(&g, style, WIDTH, out);
    str_puts(out, "\n");
    return PM_OK;
}

/* 0: no column; else its place: best single, shrunk domain, routers of the point, oracle. */
static int domain_place(const table_line *l, const char *point)
{
    if (strcmp(l->role, "router") == 0) return strcmp(l->point, point) == 0 ? 3 : 0;
    if (strcmp(l->label, "best single (train)") == 0) return 1;
    if (strcmp(l->label, "domain, shrunk n0=10") == 0) return 2;
    return strcmp(l->label, "oracle") == 0 ? 4 : 0;
}

static pm_status put_domains(const domain_table *d, table_style style, str *out, pm_err *err)
{
    const table_line **line = arena_alloc(d->a, d->t->n, sizeof *line);
    if (!line) return err_set(err, PM_E_MEMORY, "domains");
    pm_status status = PM_OK;
    for (size_t p = 0; p < d->t->n_points && !status; p++) {
        size_t n = 0;
        bool has_router = d->t->n_points == 1;
        for (int place = 1; place <= 4; place++)
            for (size_t k = 0; k < d->t->n; k++) {
                const table_line *l = &d->t->line[k];
                if (domain_place(l, d->t->point[p]) != place) continue;
                line[n++] = l;
                has_router = has_router || place == 3;
            }
        if (!has_router) continue;
        if (d->t->n_points > 1) section_title(d->t->point[p], style, out);
        for (size_t k = 0; k < n && !status; k += DOMAIN_COLS)
            status = put_domain_block(d, line + k, n - k < DOMAIN_COLS ? n - k : DOMAIN_COLS, style,
                                      out, err);
    }
    return status;
}

pm_status table_domains(const store_row *row, size_t n, table_style style, str *out, pm_err *err)
{
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "table");
    table_lines t;
    pm_status status = table_gather(row, n, a, &t, err);
    domain_table d = {&t, a, arena_alloc(a, n, sizeof(char *)), 0, "quality"};
    if (!status && !d.domain) status = err_set(err, PM_E_MEMORY, "domains");
    if (!status) {
        d.metric = table_is_loss(&t) ? "loss" : "quality";
        d.n_domains = find_domains(row, n, d.domain);
        status = put_domains(&d, style, out, err);
    }
    if (!status && out->failed) status = err_set(err, PM_E_MEMORY, "table");
    arena_close(a);
    return status;
}
