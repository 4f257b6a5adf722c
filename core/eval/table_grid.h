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
    const char *title[GRID_MAX_COLS];
    const char **cell; /* [n_rows x n_cols], in the arena; NULL reads as "" */
} grid;

void grid_init(grid *g, arena *a);
void grid_column(grid *g, const char *title);
/* A new row of empty cells; NULL when memory is out. */
const char **grid_row(grid *g);

/* Text: first and last columns left-aligned, the others right; the last column is cut so that lines stay
 * within `width` where possible.  Columns that are empty in every row are left out. */
void grid_print(const grid *g, table_style style, size_t width, str *out);

#endif
