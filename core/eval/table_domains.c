/* SPDX-License-Identifier: MIT
 *
 * The table of mean values per domain: best single, the shrunk domain label, every router, the oracle.
 */
#include <string.h>

#include "eval/table.h"
#include "eval/table_grid.h"
#include "eval/table_lines.h"

#define DOMAIN_COLS 5

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
    grid_print(&g, style, out);
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
        if (!table_shows(d->t, d->t->point[p])) continue;
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
        if (d->t->n_points > 1) table_title(d->t->point[p], style, out);
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
