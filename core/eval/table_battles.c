/* SPDX-License-Identifier: MIT
 *
 * The summary of a run that was measured on battles: who guesses winners how well, and how that varies over seeds.
 */
#include "eval/table_sections.h"

#include <stdio.h>
#include <string.h>

bool table_has_battles(const table_lines *t)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (strcmp(t->row[r].metric, "battles") == 0) return true;
    return false;
}

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "table");
}

static const char *const order[] = {"baseline", "router"};

static void battle_line(const table_page *p, const table_line *l, const char *const *rival,
                        size_t n_rivals, const char **cell)
{
    size_t k = 0;
    cell[k++] = l->label;
    cell[k++] = table_cell(p, l, "log_loss");
    cell[k++] = table_gain(p, l, "diff_bt_log_loss");
    cell[k++] = table_plain(p, l, "log_loss_judge", 1, 4);
    cell[k++] = table_cell(p, l, "accuracy");
    cell[k++] = table_gain(p, l, "diff_bt_accuracy");
    cell[k++] = table_cell(p, l, "auc");
    cell[k++] = table_plain(p, l, "brier", 1, 4);
    cell[k++] = table_plain(p, l, "ece", 1, 4);
    for (size_t r = 0; r < n_rivals; r++) {
        const char *name = strchr(rival[r], ':') + 1;
        cell[k++] = table_gain(p, l, rival[r]);
        cell[k++] = table_gain(p, l, table_text(p, "diff_rival_accuracy:", name));
    }
    cell[k++] = table_settings(p->t, l, p->a);
}

static pm_status put_scores(const table_page *p, const char *const *rival, size_t n_rivals,
                            pm_err *err)
{
    static const char *const title[] = {"guesses of battles",
                                        "log-loss",
                                        "vs Bradley-Terry",
                                        "(judge)",
                                        "accuracy",
                                        "vs Bradley-Terry",
                                        "AUC",
                                        "Brier",
                                        "ECE"};
    grid g;
    grid_init(&g, p->a);
    for (size_t k = 0; k < sizeof title / sizeof title[0]; k++) grid_column(&g, title[k]);
    for (size_t r = 0; r < n_rivals; r++) {
        const char *name = strchr(rival[r], ':') + 1;
        grid_column(&g, table_text(p, "log-loss vs ", name));
        grid_column(&g, table_text(p, "acc. vs ", name));
    }
    grid_column(&g, "setting");
    for (size_t o = 0; o < 2; o++)
        for (size_t k = 0; k < p->t->n; k++) {
            const table_line *l = &p->t->line[k];
            if (strcmp(l->role, order[o]) != 0) continue;
            const char **cell = grid_row(&g);
            if (!cell) return starve(err);
            battle_line(p, l, rival, n_rivals, cell);
        }
    table_with_settings(&g, p->style, p->out);
    return PM_OK;
}

/* "mean (sd)"; the mean alone where there is no spread. */
static const char *spread(const table_page *p, const table_line *l, const char *metric)
{
    table_stat v;
    char text[96];
    if (!table_find(p->t, l, "all", metric, &v)) return "";
    snprintf(text, sizeof text, "%s (%s)", table_number(p->a, v.over, 4, false),
             table_number(p->a, v.sd, 4, false));
    const char *kept = arena_strdup(p->a, text);
    return kept ? kept : "";
}

static pm_status put_spread(const table_page *p, pm_err *err)
{
    static const char *const metric[] = {"log_loss", "diff_bt_log_loss", "accuracy", "auc", "ece"};
    static const char *const title[] = {"log-loss", "vs Bradley-Terry", "accuracy", "AUC", "ECE"};
    const char *joined;
    grid g;
    if (!table_has_seeds(p->t, &joined)) return PM_OK;
    grid_init(&g, p->a);
    grid_column(&g, strcmp(joined, "seeds") == 0 ? "mean (sd) over seeds of"
                                                 : "mean (sd) over splits of");
    for (size_t k = 0; k < 5; k++) grid_column(&g, title[k]);
    for (size_t o = 0; o < 2; o++)
        for (size_t k = 0; k < p->t->n; k++) {
            const table_line *l = &p->t->line[k];
            if (strcmp(l->role, order[o]) != 0) continue;
            const char **cell = grid_row(&g);
            if (!cell) return starve(err);
            cell[0] = l->label;
            for (size_t m = 0; m < 5; m++) cell[1 + m] = spread(p, l, metric[m]);
        }
    grid_print(&g, p->style, p->out);
    str_puts(p->out, "\n");
    return PM_OK;
}

static void put_legend(const table_page *p)
{
    const char *joined;
    bool many = table_has_seeds(p->t, &joined);
    str_puts(p->out, "[lo, hi]: bootstrap interval over test prompts, each with its battles; * the "
                     "interval of the difference excludes 0.  Log-loss: lower is better.\n");
    if (many)
        str_puts(p->out,
                 strcmp(joined, "seeds") == 0
                     ? "Several seeds: their guesses on the same battles together; the bootstrap "
                       "resamples prompts.\n"
                     : "All splits: the test battles of all of them together, each guessed by what "
                       "did not learn from its prompt; the bootstrap resamples prompts.\n");
    str_puts(p->out,
             "log-loss: of who wins, a tie is half a win to each; (judge): against the judge's own "
             "probability; accuracy: battles with a winner;\nAUC: pairs of such battles"
             " within a split; Brier: mean square; ECE: mean distance of said and seen in 15 bins "
             "of equal weight.  Rows without a\nlog-loss rank models and give no probability.\n");
}

pm_status table_battles(const table_page *p, const char *const *rival, size_t n_rivals, pm_err *err)
{
    pm_status s = put_scores(p, rival, n_rivals, err);
    if (!s) s = put_spread(p, err);
    if (!s) put_legend(p);
    return s;
}
