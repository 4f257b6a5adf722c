/* SPDX-License-Identifier: MIT
 *
 * The summary of a run as people read it: facts, sections of policies, predictions, seeds, legend.
 */
#include "eval/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/table_grid.h"
#include "eval/table_lines.h"
#include "eval/table_sections.h"

#define WIDTH      160 /* of text; what is longer is put elsewhere, never cut */
#define MAX_RIVALS 8

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
        if (r->value == floor(r->value))
            str_number(out, r->value);
        else
            str_printf(out, "%.6g", r->value);
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
    bool has_broken;               /* somebody breaks a hard constraint */
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
    static const char *const after[] = {"$/1k",   "sel.acc", "disagr.", "within",
                                        "regret", "gap",     "entr.",   "used"};
    grid_column(g, "policy");
    grid_column(g, s->is_loss ? "loss" : "quality");
    grid_column(g, "vs best single");
    for (size_t k = 0; k < s->n_shown; k++) grid_column(g, title_of(s, k));
    for (size_t k = 0; k < sizeof after / sizeof after[0]; k++) grid_column(g, after[k]);
    if (s->has_broken) grid_column(g, "breaks");
    grid_column(g, "setting");
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

/* Label of the hard constraint that a row says is broken; NULL: another row, or nobody breaks it. */
static const char *broken_label(const store_row *r)
{
    bool is_rate = strncmp(r->metric, "violations:", 11) == 0 ||
                   strncmp(r->metric, "violations_realised:", 20) == 0;
    return is_rate && r->value > 0 ? strchr(r->metric, ':') + 1 : NULL;
}

/* "licence 93 %, latency in fact 3 %": bounds that the policy does not keep. */
static const char *broken(const summary *s, const table_line *l)
{
    str text = STR_INIT;
    for (size_t r = l->head; r != SIZE_MAX; r = s->t->next[r]) {
        table_stat v;
        const char *metric = s->t->row[r].metric, *name = broken_label(&s->t->row[r]);
        if (!name || !table_find(s->t, l, "all", metric, &v)) continue;
        bool is_told = false; /* another seed's row of the same constraint */
        for (size_t q = l->head; q != r && !is_told; q = s->t->next[q])
            is_told = broken_label(&s->t->row[q]) && strcmp(s->t->row[q].metric, metric) == 0;
        if (!is_told)
            str_printf(&text, "%s%s %s%.3g %%", text.len ? ", " : "", name,
                       metric[10] == '_' ? "in fact " : "", 100 * v.mean);
    }
    const char *kept = text.len && !text.failed ? arena_strdup(s->a, str_text(&text)) : "";
    str_close(&text);
    return kept ? kept : "";
}

static bool any_broken(const table_lines *t)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (broken_label(&t->row[r])) return true;
    return false;
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
    if (s->has_broken) cell[k++] = broken(s, l);
    cell[k++] = table_settings(s->t, l, s->a);
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

/* Of the policies of a section, one a line, broken at blanks. */
static void put_settings(const grid *g, str *out)
{
    size_t last = g->n_cols - 1;
    bool first = true;
    for (size_t r = 0; r < g->n_rows; r++) {
        const char *text = g->cell[r * g->n_cols + last];
        if (!text || !text[0]) continue;
        size_t line = out->len;
        str_printf(out, "%s%s:", first ? "settings: " : "          ", g->cell[r * g->n_cols]);
        first = false;
        while (*text) {
            size_t n = strcspn(text, " ");
            if (out->len - line + 1 + n > WIDTH) {
                str_puts(out, "\n             ");
                line = out->len - 13;
            }
            str_puts(out, " ");
            str_put(out, text, n);
            text += n + strspn(text + n, " ");
        }
        str_puts(out, "\n");
    }
}

/* The table with its last column, the settings, below it where they do not fit. */
void table_with_settings(const grid *g, table_style style, str *out)
{
    grid without = *g;
    without.stop = g->n_cols - 1;
    bool apart = style == TABLE_TEXT && grid_width(g) > WIDTH;
    grid_print(apart ? &without : g, style, out);
    if (apart) put_settings(g, out);
    str_puts(out, "\n");
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
    if (g.n_rows == 0) return PM_OK;
    if (s->t->n_points > 1 || point[0]) table_title(point_title(s, point), style, out);
    table_with_settings(&g, style, out);
    return PM_OK;
}

/* Accuracy and gap beside the outcome: where there are several rivals, or a baseline is one. */
static bool wants_rivals(const summary *s)
{
    if (s->n_rivals != 1) return s->n_rivals > 1;
    for (size_t k = 0; k < s->t->n; k++)
        if (strcmp(s->t->line[k].role, "router") == 0 &&
            strcmp(s->t->line[k].label, s->rival[0] + 11) == 0)
            return false;
    return true;
}

#define SEED_METRICS (6 + MAX_RIVALS)

typedef struct seed_table { /* spread over seeds: a table of its own */
    grid g;
    const char *metric[SEED_METRICS];
    size_t n;
    bool are_splits;
} seed_table;

static void seed_column(seed_table *t, const char *metric, const char *title)
{
    t->metric[t->n++] = metric;
    grid_column(&t->g, title);
}

static void seed_columns(const summary *s, seed_table *t)
{
    const char *value = s->is_loss ? "loss" : "quality", *joined;
    t->are_splits = table_has_seeds(s->t, &joined) && strcmp(joined, "splits") == 0;
    grid_init(&t->g, s->a);
    grid_column(&t->g, t->are_splits ? "mean (sd) over splits of" : "sd over seeds of");
    grid_column(&t->g, "point");
    seed_column(t, value, value);
    seed_column(t, "diff_best_single", "vs best single");
    for (size_t k = 0; k < s->n_rivals; k++) seed_column(t, s->rival[k], title_of(s, k));
    seed_column(t, "selection_accuracy", "sel.acc");
    seed_column(t, "regret", "regret");
    if (t->are_splits) seed_column(t, "gap_recovered", "gap");
}

static const char *spread_cell(const summary *s, const seed_table *t, const table_stat *v)
{
    char text[160];
    const char *sd = table_number(s->a, v->sd, 4, false);
    if (!t->are_splits || !isfinite(v->sd)) return sd;
    snprintf(text, sizeof text, "%s (%s)", table_number(s->a, v->over, 4, false), sd);
    const char *kept = arena_strdup(s->a, text);
    return kept ? kept : "";
}

/* Spread over seeds, of the policies that seeds change; of splits of a corpus with the means. */
static pm_status put_seeds(const summary *s, table_style style, str *out, pm_err *err)
{
    seed_table t = {.n = 0};
    seed_columns(s, &t);
    for (size_t k = 0; k < s->t->n; k++) {
        const table_line *l = &s->t->line[k];
        table_stat v[SEED_METRICS];
        bool varies = false;
        if (strcmp(l->role, "curve") == 0 || !table_shows(s->t, l->point)) continue;
        for (size_t m = 0; m < t.n; m++)
            if (!table_find(s->t, l, "all", t.metric[m], &v[m])) v[m].sd = NAN;
        for (size_t m = 0; m < t.n; m++) varies = varies || v[m].sd > 0;
        if (!varies) continue;
        const char **cell = grid_row(&t.g);
        if (!cell) return err_set(err, PM_E_MEMORY, "table");
        cell[0] = l->label;
        cell[1] = l->point;
        for (size_t m = 0; m < t.n; m++) cell[2 + m] = spread_cell(s, &t, &v[m]);
    }
    grid_print(&t.g, style, out);
    if (t.g.n_rows) str_puts(out, "\n");
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
    for (size_t k = 0; k < s->t->n; k++) {
        const table_line *l = &s->t->line[k];
        if (strcmp(l->role, "router") != 0) continue;
        if (!point) point = l->point;
        if (strcmp(l->point, point) != 0) continue;
        table_stat v;
        if (!table_find(s->t, l, "all", "mae", &v)) continue; /* of another kind than the data */
        const char **cell = grid_row(&g);
        if (!cell) return err_set(err, PM_E_MEMORY, "table");
        cell[0] = l->label;
        for (size_t m = 0; m < 4; m++)
            if (table_find(s->t, l, "all", metric[m], &v)) cell[1 + m] = table_value(s->a, &v);
    }
    if (g.n_rows == 0) return PM_OK;
    grid_print(&g, style, out);
    str_puts(out, "\n");
    return PM_OK;
}

static bool is_by_fold(const table_lines *t)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (is_about(&t->row[r]) && strcmp(t->row[r].metric, "fold") == 0) return true;
    return false;
}

static void put_legend(const summary *s, str *out)
{
    const char *joined;
    str_printf(out,
               "[lo, hi]: bootstrap interval over test prompts; * the interval of the difference "
               "excludes 0.  %s.\n",
               s->is_loss ? "Loss: lower is better" : "Quality: higher is better");
    if (table_has_seeds(s->t, &joined))
        str_puts(out, joined[0] == 's' && joined[1] == 'e'
                          ? "Several seeds: means over seeds; the bootstrap resamples each "
                            "prompt's mean over seeds.\n"
                      : joined[0] && is_by_fold(s->t)
                          ? "Cross-fitted: the test prompts of all folds together, each decided "
                            "by a router that did not learn from it; the bootstrap resamples "
                            "groups.\n"
                      : joined[0]
                          ? "Several splits, experts trained anew for each: all their test prompts "
                            "together; the bootstrap resamples documents.\n"
                          : "Several seeds: means over seeds; their test prompts differ, so lo and "
                            "hi are means of the seeds' own lo and hi.\n");
    str_puts(out,
             "$/1k: USD per 1,000 calls, mean recorded cost of the choices; sel.acc: chosen expert "
             "is (tied) best; disagr.: the same where experts differ;\nwithin: within delta of the "
             "best; regret: distance from the best; gap: share of the way from best single to "
             "oracle; entr.: of choices, 1 = even;\nused: experts chosen at all.  spearman: mean "
             "rank correlation per prompt; coverage_90: share of outcomes inside the 90 % interval "
             "of the spread.\n");
    if (s->has_broken)
        str_puts(
            out,
            "breaks: hard constraints that the policy does not keep, and on how many prompts (in "
            "fact: by what happened, where only what was expected was\nknown); baselines, "
            "single experts and ceilings know no constraints.\n");
    if (s->t->has_sweep)
        str_puts(
            out,
            "sweep: area under the hull of the outcome over the mean constraint value (0 = least "
            "demanding expert, 1 = most); zero to oracle: share of\nthe way from the best "
            "mixture of experts blind to the prompt to the oracle under the same weights.\n");
}

static pm_status put_all(const summary *s, table_style style, str *out, pm_err *err)
{
    table_page page = {s->t, s->a, style, out};
    pm_status status = PM_OK;
    if (table_has_battles(s->t)) return table_battles(&page, s->rival, s->n_shown, err);
    for (size_t k = 0; k < s->t->n_points && !status; k++)
        if (table_shows(s->t, s->t->point[k]))
            status = put_section(s, s->t->point[k], style, out, err);
    if (!status && wants_rivals(s)) status = table_rivals(&page, s->rival, s->n_rivals, err);
    if (!status) status = table_streams(&page, err);
    if (!status) status = table_pair(&page, err);
    if (!status) status = table_fronts(&page, err);
    if (!status) status = table_costs(&page, err);
    if (!status) status = table_ablation(&page, err);
    if (!status) status = table_flags(&page, err);
    if (!status) status = table_curves(&page, err);
    if (!status) status = put_seeds(s, style, out, err);
    if (!status) status = put_predictions(s, style, out, err);
    if (!status && s->t->n > 0) put_legend(s, out);
    return status;
}

pm_status table_summary(const store_row *row, size_t n, table_style style, str *out, pm_err *err)
{
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "table");
    table_lines t;
    pm_status status = table_gather(row, n, a, &t, err);
    if (!status) {
        summary s = {.t = &t, .a = a, .is_loss = table_is_loss(&t), .has_broken = any_broken(&t)};
        find_rivals(&s);
        s.n_shown = style == TABLE_TEXT && s.n_rivals > 1 ? 1 : s.n_rivals;
        put_about(row, n, style, out);
        status = put_all(&s, style, out, err);
        if (!status && out->failed) status = err_set(err, PM_E_MEMORY, "table");
    }
    arena_close(a);
    return status;
}
