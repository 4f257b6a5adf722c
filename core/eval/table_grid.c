/* SPDX-License-Identifier: MIT
 *
 * Aligned text and Markdown from a grid of cells.
 */
#include "eval/table_grid.h"

#include <string.h>

#define GAP 2 /* blanks between columns */

void grid_init(grid *g, arena *a)
{
    *g = (grid){.a = a};
}

void grid_column(grid *g, const char *title)
{
    PM_ASSERT(g->n_cols < GRID_MAX_COLS && g->n_rows == 0);
    g->title[g->n_cols++] = title;
}

const char **grid_row(grid *g)
{
    if (g->n_rows == g->capacity) {
        size_t more = g->capacity ? 2 * g->capacity : 32;
        const char **cell = arena_alloc(g->a, more, g->n_cols * sizeof *cell);
        if (!cell) return NULL;
        if (g->n_rows > 0) memcpy(cell, g->cell, g->n_rows * g->n_cols * sizeof *cell);
        g->cell = cell;
        g->capacity = more;
    }
    const char **row = g->cell + g->n_rows++ * g->n_cols;
    for (size_t c = 0; c < g->n_cols; c++) row[c] = NULL;
    return row;
}

static const char *cell_at(const grid *g, size_t r, size_t c)
{
    const char *text = g->cell[r * g->n_cols + c];
    return text ? text : "";
}

static size_t width_of(const char *text)
{
    return utf8_count(text, strlen(text));
}

static bool is_used(const grid *g, size_t c)
{
    for (size_t r = 0; r < g->n_rows; r++)
        if (cell_at(g, r, c)[0]) return true;
    return false;
}

static void put_blanks(str *out, size_t n)
{
    for (size_t k = 0; k < n; k++) str_put(out, " ", 1);
}

static void put_cell(str *out, const char *text, size_t width, bool left)
{
    size_t w = width_of(text);
    if (!left) put_blanks(out, width - w);
    str_puts(out, text);
    if (left) put_blanks(out, width - w);
}

static void trim_line(str *out)
{
    while (out->len > 0 && out->at[out->len - 1] == ' ') out->at[--out->len] = '\0';
    str_puts(out, "\n");
}

static size_t column_width(const grid *g, size_t c)
{
    size_t widest = width_of(g->title[c]);
    for (size_t r = 0; r < g->n_rows; r++) {
        size_t w = width_of(cell_at(g, r, c));
        if (w > widest) widest = w;
    }
    return widest;
}

static void print_text(const grid *g, const size_t *col, size_t n, str *out)
{
    size_t width[GRID_MAX_COLS];
    for (size_t k = 0; k < n; k++) width[k] = column_width(g, col[k]);
    for (size_t r = 0; r <= g->n_rows; r++) {
        for (size_t k = 0; k < n; k++) {
            const char *text = r == 0 ? g->title[col[k]] : cell_at(g, r - 1, col[k]);
            if (k) put_blanks(out, GAP);
            put_cell(out, text, width[k], k == 0 || (k + 1 == n && !g->stop));
        }
        trim_line(out);
    }
}

static void print_markdown(const grid *g, const size_t *col, size_t n, str *out)
{
    for (size_t k = 0; k < n; k++) str_printf(out, "| %s ", g->title[col[k]]);
    str_puts(out, "|\n");
    for (size_t k = 0; k < n; k++) str_puts(out, k == 0 || k + 1 == n ? "|---" : "|---:");
    str_puts(out, "|\n");
    for (size_t r = 0; r < g->n_rows; r++) {
        for (size_t k = 0; k < n; k++) {
            str_puts(out, "| ");
            for (const char *t = cell_at(g, r, col[k]); *t; t++) {
                if (*t == '|') str_puts(out, "\\");
                str_put(out, t, 1);
            }
            str_puts(out, " ");
        }
        str_puts(out, "|\n");
    }
}

static size_t used_columns(const grid *g, size_t *col)
{
    size_t n = 0;
    for (size_t c = 0; c < g->n_cols; c++)
        if (c == 0 || ((!g->stop || c < g->stop) && is_used(g, c))) col[n++] = c;
    return n;
}

size_t grid_width(const grid *g)
{
    size_t col[GRID_MAX_COLS], n = used_columns(g, col), total = 0;
    for (size_t k = 0; k < n; k++) total += column_width(g, col[k]) + (k ? GAP : 0);
    return total;
}

void table_title(const char *text, table_style style, str *out)
{
    str_printf(out, style == TABLE_MARKDOWN ? "**%s**\n\n" : "%s\n", text);
}

void grid_print(const grid *g, table_style style, str *out)
{
    size_t col[GRID_MAX_COLS], n = used_columns(g, col);
    if (g->n_rows == 0) return;
    if (style == TABLE_MARKDOWN)
        print_markdown(g, col, n, out);
    else
        print_text(g, col, n, out);
}
