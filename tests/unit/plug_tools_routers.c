/* SPDX-License-Identifier: MIT
 *
 * Routers made in memory: a linear one that can misbehave, and one each that emits BEST, WINPROB and RANK.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

struct pm_router {
    size_t m, d;
    const float *w; /* [m x d] */
    pm_value_kind kind;
    int64_t fault;
};

static const pm_param rows[] = {
    PM_PARAM(PM_P_I64, tool_params, fault, 0, 0, FAULTS, "what to do wrong"),
    PM_PARAM(PM_P_F64, tool_params, scale, 1, 0, 10, "factor of the values"),
    PM_PARAM_TEXT(tool_params, label, "plain", "a text"),
    PM_PARAM_END,
};

static pm_status fail_late(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)hi;
    (void)arg;
    return lo >= 3 ? c->host->fail(c, PM_E_DIVERGED, "block %zu diverged", lo) : PM_OK;
}

static pm_status own_inside(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)hi;
    (void)arg;
    return lo == 0 && !c->host->own(c, 1, 8) ? PM_E_MEMORY : PM_OK;
}

static pm_status scratch_outside(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)c;
    (void)lo;
    (void)hi;
    pm_call *outer = arg;
    return outer->host->scratch(outer, 1, 8) ? PM_OK : PM_E_MEMORY;
}

static pm_status misbehave(pm_call *c, int64_t fault)
{
    switch (fault) {
    case FAULT_BLOCK:
        return c->host->parallel(c, 16, 1, fail_late, NULL);
    case FAULT_OWN_BODY:
        (void)c->host->parallel(c, 4, 1, own_inside, NULL);
        return PM_OK;
    case FAULT_OTHER_CALL:
        (void)c->host->parallel(c, 4, 1, scratch_outside, c);
        return PM_OK;
    case FAULT_STATUS:
        return (pm_status)7;
    case FAULT_SILENT:
        return PM_E_DIVERGED;
    case FAULT_LOUD:
        return c->host->fail(c, PM_E_DIVERGED, "step %d: weight is infinite", 12);
    default:
        return PM_OK;
    }
}

/* w_j = mean over prompts of (value - 1/2) * embedding: a caricature of regression. */
static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const tool_params *p = c->params;
    *r = (pm_router){fit->lib->n, fit->x->embed.cols, NULL, fit->y->kind, p->fault};
    float *w = c->host->own(c, r->m * r->d, sizeof *w);
    if (!w) return PM_E_MEMORY;
    r->w = w;
    for (size_t step = 0; step < 5; step++) {
        pm_status st = c->host->progress(c, (double)step / 5, NULL, 0);
        if (st != PM_OK && p->fault != FAULT_DEAF) return st;
    }
    for (size_t j = 0; j < r->m; j++)
        for (size_t i = 0; i < fit->x->n; i++)
            for (size_t k = 0; k < r->d; k++)
                w[j * r->d + k] += (pm_crow(fit->y->value, i)[j] - 0.5f) *
                                   pm_crow(fit->x->embed, i)[k] / (float)fit->x->n;
    return misbehave(c, p->fault);
}

static float squash(double v)
{
    return (float)(1.0 / (1.0 + exp(-v)));
}

static pm_status spoil(const pm_router *r, pm_call *c, pm_scores *out)
{
    float *cell = &pm_row(out->value, out->value.rows - 1)[r->m - 1];
    if (r->fault == FAULT_NAN) *cell = NAN;
    if (r->fault == FAULT_RANGE) *cell = 1.5f;
    if (r->fault == FAULT_NEARLY) *cell = 1.000005f;
    if (r->fault == FAULT_OWN) (void)c->host->own(c, 1, 8);
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    const tool_params *p = c->params;
    if (lib->n != r->m) return c->host->fail(c, PM_E_STALE, "%zu columns", lib->n);
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < r->m; j++) {
            double v = 0;
            for (size_t k = 0; k < r->d; k++)
                v += (double)r->w[j * r->d + k] * (double)pm_crow(x->embed, i)[k];
            bool skip = r->fault == FAULT_UNWRITTEN && i + 1 == x->n && j == 2;
            if (!skip) pm_row(out->value, i)[j] = squash(p->scale * v);
            if (out->spread.at) pm_row(out->spread, i)[j] = 0.25f;
            if (out->tokens_out.at) pm_row(out->tokens_out, i)[j] = (float)(j + 1);
        }
    return spoil(r, c, out);
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    const pm_host *h = c->host;
    pm_tensor w = {PM_F32, 2, {r->m, r->d}, r->w};
    int64_t kind = r->kind;
    pm_tensor k = {PM_I64, 1, {1}, &kind}; /* on the stack: the host copies */
    if (r->fault == FAULT_RESERVED) return h->put_tensor(c, s, "host.manifest", w);
    pm_status st = h->put_tensor(c, s, "w", w);
    return st == PM_OK ? h->put_tensor(c, s, "kind", k) : st;
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    const pm_host *h = c->host;
    const tool_params *p = c->params;
    pm_tensor w, k;
    r->fault = p->fault;
    pm_status st = h->view_tensor(c, s, p->fault == FAULT_MISSING ? "ww" : "w", PM_F32, &w);
    if (st == PM_OK) st = h->get_tensor(c, s, "kind", PM_I64, &k);
    if (st != PM_OK) return st;
    r->m = w.dim[0];
    r->d = w.dim[1];
    r->w = w.ptr;
    r->kind = (pm_value_kind) * (const int64_t *)k.ptr;
    return PM_OK;
}

static pm_value_kind emits(const pm_router *r)
{
    return r->fault == FAULT_LIE ? PM_VALUE_RANK : r->kind;
}

static size_t latent_dim(const pm_router *r)
{
    return r->d;
}

static pm_status latent(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    (void)r;
    (void)c;
    for (size_t i = 0; i < x->n; i++)
        for (size_t k = 0; k < out.cols; k++) pm_row(out, i)[k] = pm_crow(x->embed, i)[k];
    return PM_OK;
}

/* The newcomer gets a copy of column 0; all others keep theirs. */
static pm_status update(pm_router *r, const pm_router *prev, pm_call *c, const pm_delta *d)
{
    *r = (pm_router){d->after->n, prev->d, NULL, prev->kind, prev->fault};
    float *w = c->host->own(c, r->m * r->d, sizeof *w);
    if (!w) return PM_E_MEMORY;
    for (size_t j = 0; j < r->m; j++) {
        size_t from = j < prev->m ? j : 0;
        memcpy(w + j * r->d, prev->w + from * r->d, r->d * sizeof *w);
    }
    r->w = w;
    return PM_OK;
}

static const char *const reads[] = {"tool_note", NULL};

const pm_router_type tool_linear = {
    .size = sizeof tool_linear,
    .name = "tool_linear",
    .doc = "Linear on the embedding.",
    .source = "a test",
    .params = rows,
    .params_bytes = sizeof(tool_params),
    .needs = PM_NEEDS_EMBED | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .spread_kind = PM_SPREAD_STDDEV,
    .emits_tokens_out = 1,
    .reads = reads,
    .state_bytes = sizeof(struct pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
    .update = update,
    .latent_dim = latent_dim,
    .latent = latent,
};

/* ---- one kind each ---------------------------------------------------------------------------------------- */

static pm_status train_plain(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const tool_params *p = c->params;
    *r = (pm_router){.m = fit->lib->n, .fault = p->fault};
    return PM_OK;
}

/* Column j has share (j + 1) / (1 + ... + m). */
static pm_status predict_best(const pm_router *r, pm_call *c, const pm_library *lib,
                              const pm_prompts *x, pm_scores *out)
{
    (void)c;
    (void)lib;
    double total = (double)r->m * (double)(r->m + 1) / 2;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < r->m; j++) {
            double v = r->fault == FAULT_RANGE ? 0.5 : (double)(j + 1) / total;
            pm_row(out->value, i)[j] = (float)v;
        }
    return PM_OK;
}

/* Says which column it was asked about: 1/2 there, the column's number / 10 elsewhere. */
static pm_status predict_winprob(const pm_router *r, pm_call *c, const pm_library *lib,
                                 const pm_prompts *x, pm_scores *out)
{
    (void)c;
    (void)lib;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < r->m; j++)
            pm_row(out->value, i)[j] = j == out->reference_col ? 0.5f : (float)j / 10;
    return PM_OK;
}

static pm_status predict_rank(const pm_router *r, pm_call *c, const pm_library *lib,
                              const pm_prompts *x, pm_scores *out)
{
    (void)c;
    (void)lib;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < r->m; j++) pm_row(out->value, i)[j] = 1000.0f - 7.0f * (float)j;
    return PM_OK;
}

static pm_status save_plain(const pm_router *r, pm_call *c, pm_store *s)
{
    uint64_t m = r->m;
    return c->host->put_tensor(c, s, "m", (pm_tensor){PM_U64, 1, {1}, &m});
}

static pm_status load_plain(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor m;
    pm_status st = c->host->view_tensor(c, s, "m", PM_U64, &m);
    if (st == PM_OK) r->m = (size_t) * (const uint64_t *)m.ptr;
    return st;
}

#define PLAIN(name_, kind_)                                                                        \
    const pm_router_type tool_##name_ = {                                                          \
        .size = sizeof tool_##name_,                                                               \
        .name = "tool_" #name_,                                                                    \
        .doc = "Emits one kind.",                                                                  \
        .source = "a test",                                                                        \
        .params = rows,                                                                            \
        .params_bytes = sizeof(tool_params),                                                       \
        .value_kinds = PM_VALUE_BIT(kind_),                                                        \
        .state_bytes = sizeof(struct pm_router),                                                   \
        .train = train_plain,                                                                      \
        .predict = predict_##name_,                                                                \
        .save = save_plain,                                                                        \
        .load = load_plain,                                                                        \
    }

PLAIN(best, PM_VALUE_BEST);
PLAIN(winprob, PM_VALUE_WINPROB);
PLAIN(rank, PM_VALUE_RANK);
