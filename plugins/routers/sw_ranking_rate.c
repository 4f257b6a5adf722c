/* SPDX-License-Identifier: MIT
 *
 * From the sums of a query to ratings: the services of the host, and where Newton starts.
 */
#include "sw_ranking.h"

pm_status sw_linalg(pm_call *c, const pm_linalg_service **out)
{
    *out = c->host->service(PM_LINALG_SERVICE);
    if (*out && PM_HAS(*out, tiers)) return PM_OK;
    return c->host->fail(c, PM_E_UNSUPPORTED,
                         "this host lacks bradley_terry of " PM_LINALG_SERVICE);
}

pm_status sw_tables(pm_call *c, const pm_table_service **out)
{
    *out = c->host->service(PM_TABLE_SERVICE);
    if (*out && PM_HAS(*out, tally)) return PM_OK;
    return c->host->fail(c, PM_E_UNSUPPORTED, "this host lacks tally of " PM_TABLE_SERVICE);
}

pm_status sw_tally(const pm_router *r, pm_call *c, pm_cmat query, double *sum)
{
    const sw_entries *s = &r->entries;
    const pm_table_service *t;
    if (!s->n) return PM_OK;
    pm_tally how = {.size = sizeof how,
                    .gamma = r->gamma,
                    .start = s->start,
                    .cls = s->cls,
                    .amount = s->amount,
                    .n_classes = s->n_classes};
    pm_status st = sw_tables(c, &t);
    return st == PM_OK ? t->tally(r->table, c, query, &how, sum, NULL) : st;
}

pm_status sw_rate(const pm_router *r, pm_call *c, const double *sum, double *win, double *theta)
{
    const pm_linalg_service *s;
    size_t k = r->players.k;
    double total = 0;
    for (size_t l = 0; l < r->entries.n_classes; l++) {
        win[r->entries.cell[l]] = sum[l];
        total += sum[l];
    }
    for (size_t a = 0; a < k; a++) theta[a] = r->theta ? r->theta[a] : 0;
    if (!(total > 0)) return PM_OK;
    pm_bt w = {.size = sizeof w, .k = k, .win = win};
    w.prior = r->prior * total / r->entries.battles;
    if (r->players.quirk) w.win_zero = win + k * k, w.lose_zero = win + k * k + k;
    pm_status st = sw_linalg(c, &s);
    return st == PM_OK ? s->bradley_terry(c, &w, theta) : st;
}

pm_status sw_rate_all(pm_router *r, pm_call *c, double *theta)
{
    const sw_entries *s = &r->entries;
    double *sum = c->host->scratch(c, s->n_classes, sizeof *sum);
    double *win = c->host->scratch(c, sw_cells(r->players.k), sizeof *win);
    if (!sum || !win) return PM_E_MEMORY;
    for (size_t e = 0; e < s->n; e++) sum[s->cls[e]] += (double)s->amount[e];
    r->theta = NULL;
    pm_status st = sw_rate(r, c, sum, win, theta);
    r->theta = theta;
    return st;
}
