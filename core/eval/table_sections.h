/* SPDX-License-Identifier: MIT
 *
 * Parts of the summary that stand below the sections of policies: rivals, fronts of sweeps, learning curves and
 * how far labels can be trusted.  Each prints nothing where the run has none of it.
 */
#ifndef PM_EVAL_TABLE_SECTIONS_H
#define PM_EVAL_TABLE_SECTIONS_H

#include "eval/table_grid.h"
#include "eval/table_lines.h"

typedef struct table_page {
    const table_lines *t;
    arena *a;
    table_style style;
    str *out;
} table_page;

/* Paired differences to each of the rivals ("diff_rival:LABEL" each) in outcome, accuracy and gap. */
PM_MUST_USE pm_status table_rivals(const table_page *p, const char *const *rival, size_t n,
                                   pm_err *err);

/* Of every sweep: areas with intervals, and a few points on each router's hull. */
PM_MUST_USE pm_status table_fronts(const table_page *p, pm_err *err);

/* The same in recorded dollars: what each curve is worth, and the single experts. */
PM_MUST_USE pm_status table_costs(const table_page *p, pm_err *err);

/* Routers by number of training prompts; agreement of labels with themselves. */
PM_MUST_USE pm_status table_curves(const table_page *p, pm_err *err);

/* What flags in prompts changed. */
PM_MUST_USE pm_status table_flags(const table_page *p, pm_err *err);
/* Streams under budgets: what was spent, and how far from the offline optimum. */
PM_MUST_USE pm_status table_streams(const table_page *p, pm_err *err);

/* Two models: APGR, CPT, costs, calibration. */
PM_MUST_USE pm_status table_pair(const table_page *p, pm_err *err);

/* What constraints do: effects, Shapley values, interactions, levels, fronts. */
PM_MUST_USE pm_status table_ablation(const table_page *p, pm_err *err);

/* Of a run that was measured on battles: all of its summary but the facts. */
bool table_has_battles(const table_lines *t);
PM_MUST_USE pm_status table_battles(const table_page *p, const char *const *rival, size_t n_rivals,
                                    pm_err *err);
/* The table with its last column, the settings, below it where they do not fit. */
void table_with_settings(const grid *g, table_style style, str *out);

/* A metric as `value [lo, hi]`, or "". */
const char *table_cell(const table_page *p, const table_line *l, const char *metric);
/* The same as a difference with its mark. */
const char *table_gain(const table_page *p, const table_line *l, const char *metric);
/* The value alone. */
const char *table_plain(const table_page *p, const table_line *l, const char *metric, double scale,
                        int digits);
const char *table_text(const table_page *p, const char *before, const char *after);

#endif
