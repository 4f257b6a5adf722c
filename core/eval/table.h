/* SPDX-License-Identifier: MIT
 *
 * Results as text: aligned columns, intervals as value [lo, hi], a mark where the interval of a difference
 * excludes zero.  Also Markdown.
 */
#ifndef PM_EVAL_TABLE_H
#define PM_EVAL_TABLE_H

#include "eval/store.h"

typedef enum table_style { TABLE_TEXT, TABLE_MARKDOWN } table_style;

/* Rows of one run -> the summary: facts of the run (role "about"), then one line a (point, policy).  One
 * section holds the policies that do not depend on constraint weights, further ones a weight point each.
 * Values read `value [lo, hi]`, means over seeds where there are several; their standard deviations over seeds
 * are a table of their own.  '*': the interval of a difference excludes 0.  Text keeps to 160 columns where
 * labels allow: settings that do not fit stand on lines below. */
PM_MUST_USE pm_status table_summary(const store_row *row, size_t n, table_style style, str *out,
                                    pm_err *err);

/* Mean value of best single, every router and the oracle per domain. */
PM_MUST_USE pm_status table_domains(const store_row *row, size_t n, table_style style, str *out,
                                    pm_err *err);

/* Two runs side by side with differences b - a (not paired, hence without intervals); what only one has is
 * listed too. */
PM_MUST_USE pm_status table_compare(const store_row *a, size_t n_a, const store_row *b, size_t n_b,
                                    table_style style, str *out, pm_err *err);

#endif
