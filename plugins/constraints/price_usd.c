/* SPDX-License-Identifier: MIT
 *
 * Dollars of an average call and of a prompt at hand; see price.h.
 */
#include <math.h>

#include "price.h"

/* ---- an average call ---- */

static double recorded(const pm_constraint *k, const pm_expert *e, size_t hint)
{
    size_t j = expect_ids_find(&k->ids, e, hint);
    return k->usd && j < k->ids.n ? k->usd[j] : (double)NAN;
}

static double listed(const pm_expert *e, double tokens_in, double tokens_out)
{
    double in = pm_attr_number(e, "price_in", (double)NAN);
    double out = pm_attr_number(e, "price_out", (double)NAN);
    return (in * tokens_in + out * tokens_out) * 1e-6;
}

struct price_known price_count(const pm_constraint *k, const struct price_params *p,
                               const pm_library *lib)
{
    struct price_known n = {0, 0};
    for (size_t j = 0; j < lib->n; j++) {
        double r = recorded(k, lib->expert[j], j);
        double l = listed(lib->expert[j], p->tokens_in, p->tokens_out);
        n.recorded += r == r;
        n.listed += l == l;
    }
    return n;
}

int64_t price_basis(const pm_constraint *k, const struct price_params *p, const pm_library *lib)
{
    if (k->amount.m) return k->amount_of;
    if (p->basis != BASIS_AUTO) return p->basis;
    struct price_known n = price_count(k, p, lib);
    return n.recorded >= n.listed && n.recorded ? BASIS_RECORDED : BASIS_LIST;
}

/* By list, with the tokens of an average call: as learned, else as assumed. */
static double average(const pm_constraint *k, const struct price_params *p, const pm_expert *e,
                      size_t hint)
{
    if (!k->amount.m) return listed(e, p->tokens_in, p->tokens_out);
    double sum = 0, n = 0, out;
    size_t at = expect_ids_find(&k->ids, e, hint);
    for (size_t j = 0; j < k->amount.m; j++)
        if (k->amount.mean[j] == k->amount.mean[j]) sum += k->amount.mean[j], n += 1;
    out = n > 0 ? sum / n : p->tokens_out;
    if (at < k->amount.m && k->amount.mean[at] == k->amount.mean[at]) out = k->amount.mean[at];
    return listed(e, k->tokens_in, out);
}

pm_status price_mean(const pm_constraint *k, pm_call *c, const pm_library *lib, int64_t basis,
                     double *usd)
{
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        usd[j] = basis == BASIS_RECORDED ? recorded(k, e, j) : average(k, c->params, e, j);
        if (usd[j] < 0)
            return c->host->fail(c, PM_E_ARG, "expert \"%s\" costs %g USD a call; want >= 0", e->id,
                                 usd[j]);
    }
    return PM_OK;
}

/* ---- what is missing ---- */

static pm_status refuse(pm_call *c, int64_t basis, const pm_expert *e)
{
    const char *help = "set missing = \"worst\" or \"mean\"";
    if (basis == BASIS_RECORDED)
        return c->host->fail(c, PM_E_ARG,
                             "expert \"%s\" has no recorded cost; use basis = \"list\", or %s",
                             e->id, help);
    const char *name = pm_attr_find(e, "price_in") ? "price_out" : "price_in";
    return c->host->fail(
        c, PM_E_ARG, "expert \"%s\" has no attribute %s (USD per million tokens); add it, or %s",
        e->id, name, help);
}

pm_status price_complete(pm_call *c, const pm_library *lib, int64_t basis, double *usd,
                         double *most)
{
    const struct price_params *p = c->params;
    double sum = 0, n = 0;
    *most = 0;
    for (size_t j = 0; j < lib->n; j++) {
        if (usd[j] != usd[j] && p->missing == MISSING_ERROR)
            return refuse(c, basis, lib->expert[j]);
        if (usd[j] != usd[j]) continue;
        *most = usd[j] > *most ? usd[j] : *most;
        sum += usd[j], n += 1;
    }
    for (size_t j = 0; j < lib->n; j++)
        if (usd[j] != usd[j]) usd[j] = p->missing == MISSING_MEAN && n > 0 ? sum / n : *most;
    return PM_OK;
}

/* ---- a prompt ---- */

double price_tokens_in(const pm_prompts *x, size_t i)
{
    if (x->tokens_in) return (double)x->tokens_in[i];
    return x->text ? ceil(expect_characters(x->text[i]) / 4) : 0;
}

/* Tokens of the answer of column j: the router's if asked for and there, else as learned; of an expert that
 * was not trained on, the mean of those that were. */
static double tokens_out(const pm_constraint *k, pm_call *c, const pm_scores *s, const float *row,
                         const size_t at[2], size_t column)
{
    const struct price_params *p = c->params;
    if (p->answers == ANSWERS_ROUTER && s && s->tokens_out.at)
        return (double)pm_row(s->tokens_out, at[0])[at[1]];
    double sum = 0, n = 0;
    if (column < k->amount.m && row[column] == row[column]) return (double)row[column];
    for (size_t j = 0; j < k->amount.m; j++)
        if (row[j] == row[j]) sum += (double)row[j], n += 1;
    return n > 0 ? sum / n : p->tokens_out;
}

pm_status price_prompts(const pm_constraint *k, pm_call *c, const pm_library *lib,
                        const pm_prompts *x, const pm_scores *s, pm_mat usd)
{
    size_t m = k->amount.m;
    float *amount = c->host->scratch(c, x->n * m, sizeof *amount);
    size_t *column = c->host->scratch(c, lib->n, sizeof *column);
    if (!amount || !column) return PM_E_MEMORY;
    pm_status st = expect_predict(&k->amount, c, x, (pm_mat){amount, x->n, m, m});
    for (size_t j = 0; j < lib->n; j++) column[j] = expect_ids_find(&k->ids, lib->expert[j], j);
    for (size_t i = 0; i < x->n && st == PM_OK; i++) {
        const float *row = amount + i * m;
        for (size_t j = 0; j < lib->n; j++) {
            float *to = &pm_row(usd, i)[j];
            if (k->amount_of == BASIS_RECORDED)
                *to = column[j] < m ? row[column[j]] : NAN;
            else
                *to = (float)listed(lib->expert[j], price_tokens_in(x, i),
                                    tokens_out(k, c, s, row, (const size_t[]){i, j}, column[j]));
        }
    }
    return st;
}
