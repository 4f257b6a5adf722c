/* SPDX-License-Identifier: MIT
 *
 * Items and starting points; see matrix_factorization_data.h.
 */
#include "matrix_factorization_data.h"

#include <math.h>

static const double drawn =
    1; /* weight of the tie with an average expert that everybody begins with */

double mf_item_loss(const struct mf_data *a, double x, double y, double *slope)
{
    if (a->emits == PM_VALUE_LOSS) {
        *slope = x - y;
        return 0.5 * *slope * *slope;
    }
    double far = exp(-fabs(x)), p = x >= 0 ? 1 / (1 + far) : far / (1 + far);
    *slope = p - y;
    return fmax(x, 0) + log1p(far) - y * x;
}

/* ---- battles ------------------------------------------------------------------------------------------ */

struct reading {
    struct mf_data *out;
    const uint32_t *place; /* [m] our number of the library's column */
    const struct mf_reading *how;
    struct mf_item *item;
    size_t *start;
    uint32_t *prompt;
};

static int is_dropped(const struct mf_reading *how, const pm_battle *b)
{
    return how->ties == MF_TIES_DROP && b->outcome == 0.5f;
}

static void read_battles(struct reading *r, const pm_outcomes *y, size_t first)
{
    struct mf_data *out = r->out;
    for (size_t k = 0; k < y->n_battles; k++) {
        const pm_battle *b = &y->battle[k];
        if (is_dropped(r->how, b)) continue;
        size_t row = first + b->prompt;
        float p = b->outcome;
        if (r->how->labels == MF_LABELS_HARD && p != 0.5f) p = p > 0.5f;
        float w = b->weight * (out->base.weight ? out->base.weight[row] : 1);
        r->prompt[out->n] = (uint32_t)row;
        r->start[out->n] = out->n;
        r->item[out->n++] = (struct mf_item){r->place[b->a], r->place[b->b], p, w};
    }
}

static pm_status rate_experts(pm_call *c, struct mf_data *out)
{
    size_t m = out->base.m;
    const pm_linalg_service *math = c->host->service(PM_LINALG_SERVICE);
    if (!math || !PM_HAS(math, bradley_terry))
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "this host's " PM_LINALG_SERVICE " does not rate");
    double *wins = c->host->scratch(c, m * m, sizeof *wins);
    double *rating = c->host->scratch(c, m, sizeof *rating);
    if (!wins || !rating) return PM_E_MEMORY;
    for (size_t k = 0; k < out->n_fit; k++) {
        const struct mf_item *i = &out->item[out->start[out->fit[k]]];
        wins[i->a * m + i->b] += (double)i->w * (double)i->y;
        wins[i->b * m + i->a] += (double)i->w * (1 - (double)i->y);
    }
    pm_bt w = {.size = sizeof w, .k = m, .win = wins, .prior = drawn};
    pm_status st = math->bradley_terry(c, &w, rating);
    if (st != PM_OK) return st;
    for (size_t j = 0; j < m; j++) out->bias[j] = (float)rating[j];
    return PM_OK;
}

/* ---- cells -------------------------------------------------------------------------------------------- */

static void read_cells(struct reading *r)
{
    struct mf_data *out = r->out;
    const struct fit_data *a = &out->base;
    size_t items = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t first = items;
        for (size_t j = 0; j < a->m; j++) {
            float y = a->y[i * a->m + j];
            if (y == y)
                r->item[items++] =
                    (struct mf_item){(uint32_t)j, PM_NO_COL, y, a->weight ? a->weight[i] : 1};
        }
        if (items == first) continue;
        r->start[out->n] = first;
        r->prompt[out->n++] = (uint32_t)i;
    }
    r->start[out->n] = items;
}

/* Losses are measured from their mean, in deviations around it. */
static void standardise(struct reading *r)
{
    struct mf_data *out = r->out;
    double sum = 0, square = 0, n = 0;
    for (size_t t = 0; t < out->start[out->n]; t++) {
        double y = (double)r->item[t].y, w = (double)r->item[t].w;
        sum += w * y, square += w * y * y, n += w;
    }
    out->shift = sum / n;
    double spread = square / n - out->shift * out->shift;
    out->scale = spread > 0 ? sqrt(spread) : 1;
    for (size_t t = 0; t < out->start[out->n]; t++)
        r->item[t].y = (float)(((double)r->item[t].y - out->shift) / out->scale);
}

static pm_status average_experts(pm_call *c, struct mf_data *out)
{
    size_t m = out->base.m;
    double *sum = c->host->scratch(c, 2 * m, sizeof *sum), *n = sum + m, all = 0, cells = 0;
    if (!sum) return PM_E_MEMORY;
    for (size_t k = 0; k < out->n_fit; k++)
        for (size_t t = out->start[out->fit[k]]; t < out->start[out->fit[k] + 1]; t++) {
            double w = (double)out->item[t].w, y = (double)out->item[t].y;
            sum[out->item[t].a] += w * y, n[out->item[t].a] += w;
            all += w * y, cells += w;
        }
    if (cells > 0) all /= cells;
    for (size_t j = 0; j < m; j++) { /* one cell more, of the average expert */
        double mean = (sum[j] + all) / (n[j] + 1), p = fmin(fmax(mean, 1e-4), 1 - 1e-4);
        out->bias[j] = (float)(out->emits == PM_VALUE_LOSS ? mean : log(p / (1 - p)));
    }
    return PM_OK;
}

/* ---- all ---------------------------------------------------------------------------------------------- */

enum { S_FOLD = 150, FEWEST = 5 }; /* groups to hold some out */

static size_t count_groups(const pm_fit *fit)
{
    size_t n = 0;
    for (size_t i = 0; i < fit->x->n && n < FEWEST; i++) {
        size_t k = 0;
        while (k < i && fit->group && fit->group[k] != fit->group[i]) k++;
        n += k == i || !fit->group;
    }
    return n;
}

/* The tuning part is the only part; else every group falls into one by chance. */
static pm_status share_out(pm_call *c, const pm_fit *fit, size_t folds, struct mf_data *out)
{
    uint8_t *part = c->host->scratch(c, out->n, 1);
    out->fit = c->host->scratch(c, out->n, sizeof *out->fit);
    out->stop = c->host->scratch(c, out->n, sizeof *out->stop);
    if (!part || !out->fit || !out->stop) return PM_E_MEMORY;
    out->part = part;
    int tune = folds && out->base.tune;
    if (folds && !tune && count_groups(fit) >= FEWEST) out->n_parts = folds;
    for (size_t i = 0; i < out->n; i++) {
        size_t row = out->prompt[i];
        part[i] = tune && row >= out->base.n_x ? 0 : MF_NEVER;
        out->n_parts += part[i] == 0 && !out->n_parts;
        if (tune || !out->n_parts) continue;
        double u = c->host->uniform(c, S_FOLD, fit->group ? fit->group[row] : row);
        part[i] = (uint8_t)(u * (double)folds);
    }
    return PM_OK;
}

pm_status mf_data_hold(pm_call *c, struct mf_data *a, size_t part, size_t without)
{
    a->n_fit = a->n_stop = 0;
    for (size_t i = 0; i < a->n; i++)
        if (part != MF_NEVER && a->part[i] == part)
            a->stop[a->n_stop++] = (uint32_t)i;
        else if (without == MF_NEVER || a->part[i] != without)
            a->fit[a->n_fit++] = (uint32_t)i;
    return a->is_pairwise ? rate_experts(c, a) : average_experts(c, a);
}

/* Weights get mean 1: what a step is scaled by does not depend on their unit. */
static void level_weights(struct mf_item *item, size_t n)
{
    double sum = 0;
    for (size_t t = 0; t < n; t++) sum += (double)item[t].w;
    for (size_t t = 0; t < n; t++) item[t].w = (float)((double)item[t].w * (double)n / sum);
}

static pm_status choose_form(pm_call *c, const pm_fit *fit, int64_t form, struct mf_data *out)
{
    int battles = fit->y->n_battles > 0, values = fit->y->value.at != NULL;
    out->is_pairwise = form == MF_PAIRWISE || (form == MF_AUTO && battles);
    if (out->is_pairwise && !battles)
        return c->host->fail(c, PM_E_ARG, "form = \"pairwise\", but there are no battles");
    if (!out->is_pairwise && !values)
        return c->host->fail(c, PM_E_ARG,
                             form == MF_AUTO ? "there are neither battles nor outcomes"
                                             : "form = \"bilinear\", but there are no "
                                               "outcomes but battles");
    out->emits = out->is_pairwise ? PM_VALUE_WINPROB : fit->y->kind;
    return PM_OK;
}

static pm_status read_items(pm_call *c, const pm_fit *fit, struct reading *r)
{
    struct mf_data *out = r->out;
    struct fit_data *a = &out->base;
    size_t battles = fit->y->n_battles + (a->tune ? fit->tune_y->n_battles : 0);
    size_t rows = out->is_pairwise ? battles : a->n, items = rows * (out->is_pairwise ? 1 : a->m);
    uint32_t *place = c->host->scratch(c, a->m, sizeof *place);
    r->item = c->host->scratch(c, items, sizeof *r->item);
    r->start = c->host->scratch(c, rows + 1, sizeof *r->start);
    r->prompt = c->host->scratch(c, rows, sizeof *r->prompt);
    if (!place || !r->item || !r->start || !r->prompt) return PM_E_MEMORY;
    for (size_t j = 0; j < a->m; j++) place[a->order[j]] = (uint32_t)j;
    r->place = place;
    if (out->is_pairwise) {
        read_battles(r, fit->y, 0);
        if (a->tune) read_battles(r, fit->tune_y, a->n_x);
        r->start[out->n] = out->n;
    } else {
        read_cells(r);
    }
    out->item = r->item;
    out->start = r->start;
    out->prompt = r->prompt;
    level_weights(r->item, r->start[out->n]);
    if (out->n) return PM_OK;
    return c->host->fail(c, PM_E_ARG,
                         out->is_pairwise ? "every battle is a tie, and ties = \"drop\""
                                          : "no training outcome is known");
}

pm_status mf_data_open(pm_call *c, const pm_fit *fit, const struct mf_reading *how,
                       struct mf_data *out)
{
    *out = (struct mf_data){.scale = 1};
    struct reading r = {.out = out, .how = how};
    pm_status st = choose_form(c, fit, how->form, out);
    if (st == PM_OK) st = fit_data_open(c, fit, FIT_EMBED, &out->base);
    if (st == PM_OK) st = read_items(c, fit, &r);
    if (st == PM_OK) st = share_out(c, fit, how->folds, out);
    if (st != PM_OK) return st;
    if (out->emits == PM_VALUE_LOSS) standardise(&r);
    out->bias = c->host->scratch(c, fit_padded(out->base.m), sizeof *out->bias);
    return out->bias ? PM_OK : PM_E_MEMORY;
}
