/* SPDX-License-Identifier: MIT
 *
 * A healthy router and its faulty twins in one text: each .c file beside this one names itself and
 * plants at most one fault.  The router predicts the weighted mean outcome of prompts with about as many
 * words; weights are drawn from the seed.  Only for tests of the conformance suite.
 */
#ifndef TWIN_H
#define TWIN_H

#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include <pointsman/plugin.h>

enum { BUCKETS = 4, LATENT = 2 };

struct pm_router {
    size_t m;
    uint32_t kind;    /* pm_value_kind of the labels */
    uint64_t *expert; /* [m] hash of each expert's id */
    float *mean;      /* [BUCKETS x m] */
    float *deviation; /* [m] */
    float *row;       /* [m] used by the fault THREAD_RACE alone */
};

static const char *const smoothing[] = {"none", "some", NULL};
struct twin_params {
    int64_t smoothing, flag; /* not used; there to be tried */
};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct twin_params, smoothing, 1, 0, 1, smoothing, "not used"),
    PM_PARAM(PM_P_BOOL, struct twin_params, flag, 0, 0, 1, "not used"), PM_PARAM_END};

#ifdef FAULT_SHARED_STATE
static float the_mean[BUCKETS * 64]; /* one for all instances */
#endif

static uint64_t hash_of(const char *id)
{
    uint64_t h = 14695981039346656037u;
    for (; *id; id++) h = (h ^ (unsigned char)*id) * 1099511628211u;
    return h;
}

static size_t bucket_of(pm_str text)
{
    size_t words = 1;
    for (size_t i = 0; i < text.len; i++) words += text.ptr[i] == ' ';
    return words < 5 ? 0 : words < 12 ? 1 : words < 22 ? 2 : 3;
}

static double weight_of(const pm_call *c, uint64_t prompt)
{
#ifdef FAULT_SEED_IGNORED
    (void)c;
    (void)prompt;
    return 0.5 + rand() / (RAND_MAX + 1.0);
#else
    return 0.5 + c->host->uniform(c, 0, prompt);
#endif
}

static pm_status make_room(struct pm_router *r, pm_call *c, const pm_library *lib)
{
    r->m = lib->n;
    r->expert = c->host->own(c, r->m, sizeof *r->expert);
    r->mean = c->host->own(c, BUCKETS * r->m, sizeof *r->mean);
    r->deviation = c->host->own(c, r->m, sizeof *r->deviation);
    r->row = c->host->own(c, r->m, sizeof *r->row);
    if (!r->expert || !r->mean || !r->deviation || !r->row) return PM_E_MEMORY;
#ifdef FAULT_SHARED_STATE
    r->mean = the_mean;
#endif
    for (size_t j = 0; j < r->m; j++) r->expert[j] = hash_of(lib->expert[j]->id);
    return PM_OK;
}

/* Mean of each bucket, shrunk to the expert's mean; deviation of its outcomes.  w [n] weights. */
static void fit_expert(struct pm_router *r, const pm_prompts *x, const pm_outcomes *y, size_t j,
                       const double *w)
{
    double sum[BUCKETS] = {0}, count[BUCKETS] = {0}, all = 0, squares = 0, seen = 0;
    for (size_t i = 0; i < x->n; i++) {
        double q = pm_crow(y->value, i)[j];
        if (isnan(q)) continue;
        size_t b = bucket_of(x->text[i]);
        sum[b] += w[i] * q;
        count[b] += w[i];
        all += w[i] * q;
        squares += w[i] * q * q;
        seen += w[i];
    }
#if defined FAULT_UNSEEN_EXPERT
    double mean = all / seen;
#elif defined FAULT_ONE_EXPERT
    double mean = (all + 0.5) / (seen + 1) * (double)(r->m - 1) / (double)(r->m - 1);
#else
    double mean = (all + 0.5) / (seen + 1);
#endif
    double variance = (squares + 0.25) / (seen + 1) - mean * mean;
    r->deviation[j] = (float)sqrt(variance > 0 ? variance : 0);
    for (size_t b = 0; b < BUCKETS; b++)
        r->mean[b * r->m + j] = (float)((sum[b] + 4 * mean) / (count[b] + 4));
}

static pm_status train(struct pm_router *r, pm_call *c, const pm_fit *fit)
{
#ifdef FAULT_LEAKS_ON_CANCEL
    double *w = malloc((fit->x->n + 1) * sizeof *w);
#else
    double *w = c->host->scratch(c, fit->x->n, sizeof *w);
#endif
    pm_status s = w ? make_room(r, c, fit->lib) : PM_E_MEMORY;
    if (s != PM_OK) return s;
    r->kind = fit->y->kind;
    for (size_t i = 0; i < fit->x->n; i++) {
        w[i] = weight_of(c, fit->x->id[i]);
        if (i % 4 == 0) s = c->host->progress(c, (double)i / (double)fit->x->n, NULL, 0);
        if (s != PM_OK) return s;
    }
    for (size_t j = 0; j < r->m; j++) fit_expert(r, fit->x, fit->y, j, w);
#ifdef FAULT_UNDECLARED_READ
    for (size_t k = 0; k < BUCKETS * r->m; k++)
        r->mean[k] *= pm_attr_find(fit->lib->expert[k % r->m], "params") ? 0.9f : 1.0f;
#endif
#ifdef FAULT_UNDECLARED_NEED
    r->mean[0] += 1e-6f * fit->x->embed.at[0];
#endif
#ifdef FAULT_OPTIONAL_NEED
    for (size_t j = 0; j < r->m && fit->x->embed.cols > 0; j++) r->mean[j] *= 0.99f;
#endif
#ifdef FAULT_ONE_WORD
    if (((const struct twin_params *)c->params)->smoothing == 0) return PM_E_ARG;
#endif
#ifdef FAULT_LEAKS_ALWAYS
    void *volatile lost = malloc(64); /* volatile, or the compiler leaves malloc out */
    if (!lost) return PM_E_MEMORY;
#endif
#ifdef FAULT_LEAKS_ON_CANCEL
    free(w);
#endif
    return PM_OK;
}

static float emitted(const struct pm_router *r, size_t bucket, size_t j)
{
#if defined FAULT_LIES_ABOUT_KIND
    return r->kind == PM_VALUE_QUALITY ? 1 - r->mean[bucket * r->m + j]
                                       : r->mean[bucket * r->m + j];
#elif defined FAULT_WRONG_COLUMNS
    return r->mean[bucket * r->m + (r->m - 1 - j)];
#elif defined FAULT_NAN_OUT
    return bucket == BUCKETS - 1 ? NAN : r->mean[bucket * r->m + j];
#else
    return r->mean[bucket * r->m + j];
#endif
}

static pm_status predict(const struct pm_router *r, pm_call *c, const pm_library *lib,
                         const pm_prompts *x, pm_scores *out)
{
#if defined FAULT_OWN_IN_PREDICT
    float *row = c->host->own(c, r->m, sizeof *row);
#elif defined FAULT_THREAD_RACE
    float *row = r->row; /* the instance is const; what it points to is not */
#else
    float *row = c->host->scratch(c, r->m, sizeof *row);
#endif
#ifdef FAULT_OWN_UNCHECKED
    float *volatile unchecked = c->host->own(c, r->m, sizeof *unchecked);
    unchecked[0] = 0; /* own() has returned NULL */
#endif
#ifdef FAULT_CRASH
    abort();
#endif
    (void)c;
    (void)lib;
    if (!row) return PM_E_MEMORY;
    for (size_t i = 0; i < x->n; i++) {
        for (size_t j = 0; j < r->m; j++) row[j] = emitted(r, bucket_of(x->text[i]), j);
#ifdef FAULT_ROW_INDEX
        for (size_t j = 0; j < r->m; j++) row[j] *= 1 - 0.01f * (float)(i % 8);
#endif
#ifdef FAULT_BATCH_SIZE
        for (size_t j = 0; j < r->m; j++) row[j] *= 1 - 0.01f / (float)x->n;
#endif
#ifdef FAULT_THREAD_RACE
        sched_yield();
#endif
        for (size_t j = 0; j < r->m; j++) {
#ifdef FAULT_UNWRITTEN_CELL
            if (i % 8 == 7 && j + 1 == r->m) continue;
#endif
            pm_row(out->value, i)[j] = row[j];
            if (out->spread.at) pm_row(out->spread, i)[j] = r->deviation[j];
        }
    }
    return PM_OK;
}

static pm_status put(pm_call *c, pm_store *s, const char *name, pm_tensor t)
{
    return c->host->put_tensor(c, s, name, t);
}

static pm_status save(const struct pm_router *r, pm_call *c, pm_store *s)
{
    pm_status st = put(c, s, "kind", (pm_tensor){PM_U32, 1, {1}, &r->kind});
#ifdef FAULT_ADDRESS_SAVED
    uint64_t address = (uint64_t)(uintptr_t)r->mean;
    if (st == PM_OK) st = put(c, s, "address", (pm_tensor){PM_U64, 1, {1}, &address});
#endif
    if (st == PM_OK) st = put(c, s, "expert", (pm_tensor){PM_U64, 1, {r->m}, r->expert});
    if (st == PM_OK) st = put(c, s, "mean", (pm_tensor){PM_F32, 2, {BUCKETS, r->m}, r->mean});
#ifndef FAULT_LOSSY_SAVE
    if (st == PM_OK) st = put(c, s, "deviation", (pm_tensor){PM_F32, 1, {r->m}, r->deviation});
#endif
    return st;
}

static pm_status load(struct pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor kind, expert, mean, deviation = {PM_F32, 1, {0}, NULL};
    pm_status st = c->host->get_tensor(c, s, "kind", PM_U32, &kind);
    if (st == PM_OK) st = c->host->get_tensor(c, s, "expert", PM_U64, &expert);
    if (st == PM_OK) st = c->host->get_tensor(c, s, "mean", PM_F32, &mean);
#ifdef FAULT_LOSSY_SAVE
    if (st == PM_OK) deviation.ptr = c->host->own(c, expert.dim[0], sizeof(float));
    deviation.dim[0] = expert.dim[0];
#else
    if (st == PM_OK) st = c->host->get_tensor(c, s, "deviation", PM_F32, &deviation);
#endif
    if (st != PM_OK) return st;
    r->m = expert.dim[0];
    if (kind.dim[0] != 1 || mean.dim[0] != BUCKETS || mean.dim[1] != r->m ||
        deviation.dim[0] != r->m)
        return c->host->fail(c, PM_E_FORMAT, "tensors do not fit together");
    r->kind = *(const uint32_t *)kind.ptr;
    r->expert = (uint64_t *)(uintptr_t)expert.ptr;
    r->mean = (float *)(uintptr_t)mean.ptr;
    r->deviation = (float *)(uintptr_t)deviation.ptr;
    r->row = c->host->own(c, r->m, sizeof *r->row);
    return r->row ? PM_OK : PM_E_MEMORY;
}

static size_t old_column(const struct pm_router *prev, uint64_t expert)
{
    size_t j = 0;
    while (j < prev->m && prev->expert[j] != expert) j++;
    return j;
}

/* Experts that stay keep their numbers; newcomers get theirs from the evidence. */
static pm_status update(struct pm_router *fresh, const struct pm_router *prev, pm_call *c,
                        const pm_delta *d)
{
    pm_status s = make_room(fresh, c, d->after);
    if (s != PM_OK) return s;
    fresh->kind = prev->kind;
    double *w = d->probe ? c->host->scratch(c, d->probe->n, sizeof *w) : NULL;
    if (d->probe && !w) return PM_E_MEMORY;
    for (size_t i = 0; d->probe && i < d->probe->n; i++) w[i] = weight_of(c, d->probe->id[i]);
    for (size_t j = 0; j < fresh->m; j++) {
        size_t old = old_column(prev, fresh->expert[j]);
#ifdef FAULT_UPDATE_UNMAPPED
        if (old < prev->m) old = j;
#endif
        if (old < prev->m) {
            for (size_t b = 0; b < BUCKETS; b++)
                fresh->mean[b * fresh->m + j] = prev->mean[b * prev->m + old];
            fresh->deviation[j] = prev->deviation[old];
        } else if (d->probe) {
            fit_expert(fresh, d->probe, d->seen, j, w);
        } else {
            return c->host->fail(c, PM_E_UNSUPPORTED, "a newcomer needs evidence");
        }
    }
    return PM_OK;
}

static size_t latent_dim(const struct pm_router *r)
{
    (void)r;
    return LATENT;
}

static pm_status latent(const struct pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    (void)r;
    (void)c;
    for (size_t i = 0; i < x->n; i++) {
#ifdef FAULT_LATENT_ROWS
        pm_row(out, i)[0] = (float)i;
#else
        pm_row(out, i)[0] = (float)bucket_of(x->text[i]);
#endif
        pm_row(out, i)[1] = (float)log1p((double)x->text[i].len);
    }
    return PM_OK;
}

static pm_value_kind emits(const struct pm_router *r)
{
#ifdef FAULT_KIND_OF_LABELS
    (void)r;
    return PM_VALUE_QUALITY;
#else
    return (pm_value_kind)r->kind;
#endif
}

#define TWIN_STRING_(x) #x
#define TWIN_STRING(x)  TWIN_STRING_(x)

static const pm_router_type TWIN = {
    .size = sizeof TWIN,
    .name = TWIN_STRING(TWIN),
    .doc = "Mean outcome of prompts with about as many words; a test subject.",
#ifdef FAULT_UNDOCUMENTED
    .source = "",
#else
    .source = "ours",
#endif
    .params = params,
    .params_bytes = sizeof(struct twin_params),
    .needs = PM_NEEDS_TEXT | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .spread_kind = PM_SPREAD_STDDEV,
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
PM_PLUGIN_ROUTER(TWIN, "1.0", "MIT")

#endif
