/* SPDX-License-Identifier: MIT
 *
 * A grid of short texts printed as aligned columns or as a Markdown table.  Knows nothing of results.
 */
#ifndef PM_EVAL_TABLE_GRID_H
#define PM_EVAL_TABLE_GRID_H

#include "eval/table.h"

#define GRID_MAX_COLS 32

typedef struct grid {
    arena *a;
    size_t n_cols, n_rows, capacity;
    size_t stop; /* columns from here are left out of print; 0: none */
    const char *title[GRID_MAX_COLS];
    const char **cell; /* [n_rows x n_cols], in the arena; NULL reads as "" */
} grid;

void grid_init(grid *g, arena *a);
void grid_column(grid *g, const char *title);
/* A new row of empty cells; NULL when memory is out. */
const char **grid_row(grid *g);

/* A line above a table. */
void table_title(const char *text, table_style style, str *out);

/* Text: first and last columns left-aligned, the others right.  Nothing is ever cut.  Columns that are empty
 * in every row are left out. */
void grid_print(const grid *g, table_style style, str *out);

/* How wide the text is. */
size_t grid_width(const grid *g);

#endif
