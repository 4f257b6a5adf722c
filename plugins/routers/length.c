/* SPDX-License-Identifier: MIT
 *
 * length: mean training outcome of each expert among prompts of similar length.  Reads nothing of a
 * prompt but the number of its code points; a text router that does not beat it has not read the text.
 */
#include <pointsman/plugin.h>
#include <stdlib.h>

struct length_params {
    int64_t bins;
    double shrink;
};

struct pm_router {
    pm_value_kind kind;
    size_t m, bins;
    const double *edge; /* [bins - 1] ascending, code points */
    const float *mean;  /* [bins x m] */
};

/* Code points of UTF-8: bytes that do not continue one. */
static double code_points(pm_str s)
{
    size_t n = 0;
    for (size_t b = 0; b < s.len; b++) n += ((unsigned char)s.ptr[b] & 0xc0u) != 0x80u;
    return (double)n;
}

/* The number of edges that are <= length. */
static size_t bin_of(const double *edge, size_t bins, double length)
{
    size_t b = 0;
    while (b + 1 < bins && edge[b] <= length) b++;
    return b;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Edge e is the quantile e / bins of the training lengths, by linear interpolation (Hyndman-Fan 7). */
static pm_status fit_edges(pm_call *c, const pm_prompts *x, size_t bins, double *edge)
{
    double *sorted = c->host->scratch(c, x->n, sizeof *sorted);
    if (!sorted) return PM_E_MEMORY;
    for (size_t i = 0; i < x->n; i++) sorted[i] = code_points(x->text[i]);
    qsort(sorted, x->n, sizeof *sorted, ascending);
    for (size_t e = 1; e < bins; e++) {
        double at = (double)(x->n - 1) * ((double)e / (double)bins);
        size_t below = (size_t)at, above = below + 1 < x->n ? below + 1 : below;
        edge[e - 1] = sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
    }
    return PM_OK;
}

struct sums {
    double *sum, *weight;       /* [bins x m] weighted outcome and weight of each bin */
    double *all, *all_weight;   /* [m] the same over all bins */
    double grand, grand_weight; /* the same over all cells */
};

static void add_up(const pm_router *r, const pm_fit *fit, struct sums *s)
{
    for (size_t i = 0; i < fit->x->n; i++) {
        size_t row = bin_of(r->edge, r->bins, code_points(fit->x->text[i])) * r->m;
        double w = fit->weight ? fit->weight[i] : 1;
        for (size_t j = 0; j < r->m; j++) {
            double y = pm_crow(fit->y->value, i)[j];
            if (y != y) continue; /* not observed */
            s->sum[row + j] += w * y, s->weight[row + j] += w;
            s->all[j] += w * y, s->all_weight[j] += w;
            s->grand += w * y, s->grand_weight += w;
        }
    }
}

/* mean_bj = (sum of bin b + shrink * mean_j) / (weight of bin b + shrink); an empty cell: mean_j. */
static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct length_params *p = c->params;
    size_t bins = (size_t)p->bins, m = fit->lib->n;
    double *edge = c->host->own(c, bins, sizeof *edge);
    float *mean = c->host->own(c, bins * m, sizeof *mean);
    struct sums s = {.sum = c->host->scratch(c, bins * m, sizeof(double)),
                     .weight = c->host->scratch(c, bins * m, sizeof(double)),
                     .all = c->host->scratch(c, m, sizeof(double)),
                     .all_weight = c->host->scratch(c, m, sizeof(double))};
    if (!edge || !mean || !s.sum || !s.weight || !s.all || !s.all_weight) return PM_E_MEMORY;
    pm_status st = fit_edges(c, fit->x, bins, edge);
    if (st != PM_OK) return st;
    *r = (pm_router){fit->y->kind, m, bins, edge, mean};
    add_up(r, fit, &s);
    if (s.grand_weight <= 0) return c->host->fail(c, PM_E_ARG, "no training outcome is known");
    for (size_t j = 0; j < m; j++) {
        double expert = s.all_weight[j] > 0 ? s.all[j] / s.all_weight[j] : s.grand / s.grand_weight;
        for (size_t b = 0; b < bins; b++) {
            double w = s.weight[b * m + j], pseudo = w > 0 ? p->shrink : 1;
            mean[b * m + j] = (float)((s.sum[b * m + j] + pseudo * expert) / (w + pseudo));
        }
    }
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    (void)c, (void)lib;
    for (size_t i = 0; i < x->n; i++) {
        size_t b = bin_of(r->edge, r->bins, code_points(x->text[i]));
        memcpy(pm_row(out->value, i), r->mean + b * r->m, r->m * sizeof(float));
    }
    return PM_OK;
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

static const char *kind_name(pm_value_kind kind)
{
    return kind == PM_VALUE_LOSS ? "loss" : "quality";
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor mean = {PM_F32, 2, {r->bins, r->m}, r->mean};
    pm_status st = c->host->put_tensor(c, s, kind_name(r->kind), mean);
    if (st != PM_OK || r->bins < 2) return st;
    return c->host->put_tensor(c, s, "edge", (pm_tensor){PM_F64, 1, {r->bins - 1}, r->edge});
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor mean = {0}, edge = {0};
    r->kind = c->host->has(c, s, "loss") ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    pm_status st = c->host->get_tensor(c, s, kind_name(r->kind), PM_F32, &mean);
    if (st != PM_OK) return st;
    if (mean.n_dims != 2 || mean.dim[0] < 1)
        return c->host->fail(c, PM_E_FORMAT, "the means must be a matrix [bins x m]");
    if (mean.dim[0] > 1) st = c->host->get_tensor(c, s, "edge", PM_F64, &edge);
    if (st != PM_OK) return st;
    if (mean.dim[0] > 1 && (edge.n_dims != 1 || edge.dim[0] + 1 != mean.dim[0]))
        return c->host->fail(c, PM_E_FORMAT, "'edge' must hold %zu numbers", mean.dim[0] - 1);
    *r = (pm_router){r->kind, mean.dim[1], mean.dim[0], edge.ptr, mean.ptr};
    return PM_OK;
}

static const pm_param params[] = {
    PM_PARAM(PM_P_I64, struct length_params, bins, 10, 1, 1000,
             "quantile bins of prompt length (count)"),
    PM_PARAM(PM_P_F64, struct length_params, shrink, 0, 0, 1e6,
             "pseudo-prompts at the expert's overall mean, added to every bin (count)"),
    PM_PARAM_END,
};

static const pm_router_type length_bins = {
    .size = sizeof length_bins,
    .name = "length",
    .doc = "Mean training outcome of each expert within quantile bins of prompt length. Lengths "
           "are code points; edges come from the training prompts, and a length equal to an edge "
           "belongs to the upper bin. Wins among two experts whose difference grows with length; "
           "loses among many experts, where its bins only add noise to the overall means.",
    .source = "docs/metrics.md, row \"prompt length\"; quantiles: Hyndman & Fan 1996, definition 7",
    .params = params,
    .params_bytes = sizeof(struct length_params),
    .needs = PM_NEEDS_TEXT | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
};
PM_PLUGIN_ROUTER(length_bins, "1.0", "MIT")
