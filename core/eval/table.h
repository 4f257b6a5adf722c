/* SPDX-License-Identifier: MIT
 *
 * Results as text: aligned columns, intervals as value [lo, hi], a mark where the interval of a difference
 * excludes zero.  Also Markdown.
 */
#ifndef PM_EVAL_TABLE_H
#define PM_EVAL_TABLE_H

#include "eval/store.h"

typedef enum table_style { TABLE_TEXT, TABLE_MARKDOWN } table_style;
/* Rows of one run -> the summary: one line a (point, policy), seeds averaged with their spread. */
PM_MUST_USE pm_status table_summary(const store_row *row, size_t n, table_style style, str *out,
                                    pm_err *err);
PM_MUST_USE pm_status table_domains(const store_row *row, size_t n, table_style style, str *out,
                                    pm_err *err);
/* Two runs side by side with differences. */
PM_MUST_USE pm_status table_compare(const store_row *a, size_t n_a, const store_row *b, size_t n_b,
                                    table_style style, str *out, pm_err *err);

#endif
