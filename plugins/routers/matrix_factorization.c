/* SPDX-License-Identifier: MIT
 *
 * matrix_factorization: win probabilities from battles (RouteLLM's mf), or outcomes from scores (EmbedLLM), by
 * factors of experts and of embedded prompts.  Fitting is in matrix_factorization_train.c; what is kept is linear
 * in the embedding, so that all experts are one product and a pair is one dot product.
 */
#include <math.h>

#include "fit_bend.h"
#include "matrix_factorization_train.h"

struct mf_params {
    int64_t form, rank, members, epochs, batch, folds, refit, slows, tune_l2, ties, labels;
    int64_t experts, weights, bias;
    double lr, l2, bias_l2, noise;
};

struct pm_router {
    pm_value_kind kind;
    double shift, scale; /* of losses */
    struct mf_fold fold;
    const float *pair; /* [d] of two experts: fold[:, 0] - fold[:, 1]; else NULL */
};

/* ---- building ------------------------------------------------------------------------------------------ */

/* The vector that tells two experts apart. */
static pm_status fold_pair(pm_router *r, pm_call *c)
{
    const struct mf_fold *f = &r->fold;
    if (r->kind != PM_VALUE_WINPROB || f->m != 2) return PM_OK;
    float *pair = c->host->own(c, f->d, sizeof *pair);
    if (!pair) return PM_E_MEMORY;
    for (size_t t = 0; t < f->d; t++) pair[t] = f->fold[2 * t] - f->fold[2 * t + 1];
    r->pair = pair;
    return PM_OK;
}

/* Enough epochs for 4000 steps. */
static size_t enough(const struct mf_data *data, const struct mf_params *p)
{
    size_t steps = (data->n + (size_t)p->batch - 1) / (size_t)p->batch, n = 4000 / steps;
    return p->epochs ? (size_t)p->epochs : n < 10 ? 10 : n > 200 ? 200 : n;
}

static struct mf_how how_of(const struct mf_params *p, const struct mf_data *data)
{
    return (struct mf_how){.rank = (size_t)p->rank,
                           .epochs = enough(data, p),
                           .batch = (size_t)p->batch,
                           .members = (size_t)p->members,
                           .lr = p->lr,
                           .l2 = p->l2 > 0           ? p->l2
                                 : data->is_pairwise ? 4e-3
                                                     : 1e-3,
                           .bias_l2 = p->bias_l2,
                           .noise = p->noise,
                           .bias = p->bias,
                           .is_unit = p->experts != 0,
                           .is_scaled = p->weights != 0,
                           .slows = p->slows != 0,
                           .refit = p->refit != 0,
                           .tunes = p->tune_l2 != 0};
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct mf_params *p = c->params;
    struct mf_reading reading = {p->form, p->ties, p->labels, (size_t)p->folds};
    struct mf_data *data = c->host->scratch(c, 1, sizeof *data);
    struct mf_result result;
    if (!data) return PM_E_MEMORY;
    pm_status st = mf_data_open(c, fit, &reading, data);
    if (st != PM_OK) return st;
    struct mf_how how = how_of(p, data);
    st = mf_train(c, data, &how, &result);
    if (st != PM_OK) return st;
    r->kind = data->emits;
    r->shift = data->shift;
    r->scale = data->scale;
    r->fold = result.fold;
    c->host->note(c, PM_NOTE_INFO, "%s; epoch %zu; %zu rows to fit, %zu held out (%.6g)",
                  data->is_pairwise ? "pairwise" : "bilinear", result.epoch, data->n_fit,
                  data->n_stop, result.held);
    pm_metric m[] = {{"epoch", (double)result.epoch}, {"l2", result.l2}};
    st = fold_pair(r, c);
    return st == PM_OK ? c->host->progress(c, 1, m, 2) : st;
}

/* ---- predicting ---------------------------------------------------------------------------------------- */

enum { GRAIN = 64, CHUNK = 256 }; /* prompts: a chunk of embeddings stays in the cache */

static double sigmoid(double x)
{
    double far = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + far) : far / (1 + far);
}

struct prediction {
    const pm_router *r;
    const pm_scores *out;
    const float *pair; /* [n] logit of column 0 against column 1, or NULL: value holds products */
    size_t first;      /* row of out that prompt 0 of this chunk is */
};

static void write_row(const struct prediction *a, size_t i)
{
    const pm_router *r = a->r;
    const float *bias = r->fold.bias;
    float *y = pm_row(a->out->value, a->first + i);
    size_t ref = a->out->reference_col;
    if (a->pair) {
        double x = (double)a->pair[i] + (double)bias[0] - (double)bias[1];
        y[1 - ref] = (float)sigmoid(ref ? x : -x);
        y[ref] = 0.5f;
        return;
    }
    double from = r->kind == PM_VALUE_WINPROB ? (double)y[ref] + (double)bias[ref] : 0;
    for (size_t j = 0; j < r->fold.m; j++) {
        double x = (double)y[j] + (double)bias[j] - from;
        y[j] = (float)(r->kind == PM_VALUE_LOSS ? fit_bend(r->shift + r->scale * x, 0.02 * r->shift)
                                                : sigmoid(x));
    }
}

static pm_status write_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)c;
    for (size_t i = lo; i < hi; i++) write_row(arg, i);
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    const struct mf_fold *f = &r->fold;
    const pm_linalg_service *math = r->pair ? c->host->service(PM_LINALG_SERVICE) : NULL;
    float *pair = r->pair ? c->host->scratch(c, CHUNK, sizeof *pair) : NULL;
    if (r->pair && (!pair || !math)) return PM_E_MEMORY;
    (void)lib;
    for (size_t lo = 0; lo < x->n; lo += CHUNK) {
        size_t n = x->n - lo < CHUNK ? x->n - lo : CHUNK;
        pm_cmat in = {pm_crow(x->embed, lo), n, f->d, x->embed.ld};
        pm_cmat by = {f->fold, f->d, f->m, f->m};
        pm_mat to = {pm_row(out->value, lo), n, f->m, out->value.ld};
        pm_status st = pair ? math->dots(c, in, r->pair, pair)
                            : c->host->gemm(c, 'n', 'n', 1, in, by, 0, to, PM_GEMM_ROWWISE);
        struct prediction a = {r, out, pair, lo};
        if (st == PM_OK)
            st = pair || n * f->m < 4096 ? write_rows(c, 0, n, &a)
                                         : c->host->parallel(c, n, GRAIN, write_rows, &a);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

static size_t latent_dim(const pm_router *r)
{
    return r->fold.k;
}

static pm_status latent(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    const struct mf_fold *f = &r->fold;
    pm_cmat by = {f->prompts, f->d, f->k, f->k};
    return c->host->gemm(c, 'n', 'n', 1, x->embed, by, 0, out, PM_GEMM_ROWWISE);
}

/* p_j: its product with a prompt's latent is the logit without the bias. */
static pm_status latent_experts(const pm_router *r, pm_call *c, const pm_library *lib, pm_mat out)
{
    const struct mf_fold *f = &r->fold;
    (void)c, (void)lib;
    for (size_t j = 0; j < f->m; j++)
        memcpy(pm_row(out, j), f->experts + j * f->k, f->k * sizeof *f->experts);
    return PM_OK;
}

/* ---- checkpoints ----------------------------------------------------------------------------------------- */

static const char *kind_name(pm_value_kind kind)
{
    return kind == PM_VALUE_LOSS ? "loss" : kind == PM_VALUE_QUALITY ? "quality" : "winprob";
}

/* "loss", "quality" or "winprob": shift and scale. */
static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    const struct mf_fold *f = &r->fold;
    double *unit = c->host->scratch(c, 2, sizeof *unit);
    if (!unit) return PM_E_MEMORY;
    unit[0] = r->shift, unit[1] = r->scale;
    const pm_tensor t[] = {{PM_F64, 1, {2}, unit},
                           {PM_F32, 2, {f->d, f->m}, f->fold},
                           {PM_F32, 1, {f->m}, f->bias},
                           {PM_F32, 2, {f->d, f->k}, f->prompts},
                           {PM_F32, 2, {f->m, f->k}, f->experts}};
    const char *const name[] = {kind_name(r->kind), "fold", "bias", "prompts", "experts"};
    pm_status st = PM_OK;
    for (size_t i = 0; st == PM_OK && i < sizeof t / sizeof *t; i++)
        st = c->host->put_tensor(c, s, name[i], t[i]);
    return st;
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    struct mf_fold *f = &r->fold;
    pm_tensor unit = {0}, fold = {0}, bias = {0}, prompts = {0}, experts = {0};
    r->kind = c->host->has(c, s, "loss")      ? PM_VALUE_LOSS
              : c->host->has(c, s, "quality") ? PM_VALUE_QUALITY
                                              : PM_VALUE_WINPROB;
    pm_status st = c->host->view_tensor(c, s, kind_name(r->kind), PM_F64, &unit);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "fold", PM_F32, &fold);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "bias", PM_F32, &bias);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "prompts", PM_F32, &prompts);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "experts", PM_F32, &experts);
    if (st != PM_OK) return st;
    if (unit.n_dims != 1 || unit.dim[0] != 2 || fold.n_dims != 2 || prompts.n_dims != 2 ||
        experts.n_dims != 2 || bias.n_dims != 1 || bias.dim[0] != fold.dim[1] ||
        prompts.dim[0] != fold.dim[0] || experts.dim[0] != fold.dim[1] ||
        experts.dim[1] != prompts.dim[1])
        return c->host->fail(c, PM_E_FORMAT, "the factors do not fit together");
    *f = (struct mf_fold){fold.dim[0], fold.dim[1], prompts.dim[1], fold.ptr,
                          bias.ptr,    prompts.ptr, experts.ptr};
    r->shift = ((const double *)unit.ptr)[0];
    r->scale = ((const double *)unit.ptr)[1];
    return fold_pair(r, c);
}

/* ---- what it is -------------------------------------------------------------------------------------------- */

static const char *const form_words[] = {"auto", "pairwise", "bilinear", NULL};
static const char *const ties_words[] = {"half", "drop", NULL};
static const char *const labels_words[] = {"soft", "hard", NULL};
static const char *const experts_words[] = {"free", "unit", NULL};
static const char *const weights_words[] = {"ones", "learned", NULL};
static const char *const bias_words[] = {"none", "rating", "learned", NULL};
#ifndef MF_NAME /* tests build it under another name with another form */
#define MF_NAME "matrix_factorization"
#define MF_FORM MF_AUTO
#endif
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, form, MF_FORM, 0, 2, form_words,
                   "\"pairwise\" on battles, \"bilinear\" on outcomes, \"auto\": pairwise where "
                   "there are battles"),
    PM_PARAM(PM_P_I64, struct mf_params, rank, 32, 1, 4096, "latent dimensions (count)"),
    PM_PARAM(PM_P_I64, struct mf_params, members, 3, 1, 64,
             "fits from different starts whose logits are averaged (count)"),
    PM_PARAM(PM_P_I64, struct mf_params, epochs, 0, 0, 10000,
             "passes over the battles, or over the prompts of outcomes, at most (count); 0: 4000 "
             "steps, but 10 to 200 epochs"),
    PM_PARAM(PM_P_I64, struct mf_params, batch, 64, 1, 65536,
             "battles, or prompts, in a minibatch (count)"),
    PM_PARAM(PM_P_I64, struct mf_params, folds, 4, 0, 64,
             "parts of the groups that are held out in turn to find the epoch to stop at; a tuning "
             "part takes their place; 0: all epochs are run"),
    PM_PARAM(PM_P_BOOL, struct mf_params, refit, 1, 0, 1,
             "fit again with the held-out prompts, for as many epochs as were best"),
    PM_PARAM(PM_P_BOOL, struct mf_params, slows, 1, 0, 1,
             "step sizes fall linearly to 0 over all epochs"),
    PM_PARAM(PM_P_BOOL, struct mf_params, tune_l2, 1, 0, 1,
             "try l2 and a quarter of it on who is held out"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, ties, MF_TIES_HALF, 0, 1, ties_words,
                   "battles without a winner: \"half\" a win to each, or \"drop\""),
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, labels, MF_LABELS_SOFT, 0, 1, labels_words,
                   "of battles: a judge's probability as it is (\"soft\"), or who won (\"hard\")"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, experts, 0, 0, 1, experts_words,
                   "expert vectors: \"free\", or divided by their length (\"unit\", RouteLLM)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, weights, 0, 0, 1, weights_words,
                   "of the latents in the last product: \"ones\", or \"learned\" (RouteLLM's w2, "
                   "EmbedLLM's c)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct mf_params, bias, MF_BIAS_LEARNED, 0, 2, bias_words,
                   "of every expert: \"none\", its Bradley-Terry \"rating\" (or mean outcome), or "
                   "\"learned\" from there"),
    PM_PARAM(PM_P_F64, struct mf_params, lr, 0.001, 1e-9, 1000, "step size of Adam"),
    PM_PARAM(
        PM_P_F64, struct mf_params, l2, 0, 0, 1000,
        "L2 in the gradient, of the mean loss of a minibatch; 0: 0.004 pairwise, 0.001 bilinear"),
    PM_PARAM(PM_P_F64, struct mf_params, bias_l2, 1e-2, 0, 1000,
             "the same of a learned bias, towards the rating"),
    PM_PARAM(PM_P_F64, struct mf_params, noise, 0.0, 0, 100,
             "deviation of normal noise on every coordinate of an embedding of length 1, while "
             "fitting"),
    PM_PARAM_END,
};

static const pm_router_type matrix_factorization = {
    .size = sizeof matrix_factorization,
    .name = MF_NAME,
    .doc =
        "Factors of experts and of embedded prompts. On battles: the probability of beating the "
        "reference expert; on outcomes: quality or loss. Biases begin at the Bradley-Terry "
        "ratings (mean outcomes), interactions are pulled to zero; the tuning part, or parts of "
        "the "
        "groups in turn, say when to stop, if need be at the biases alone. RouteLLM's own recipe: "
        "rank=128 members=1 epochs=10 folds=0 slows=false ties=drop labels=hard experts=unit "
        "weights=learned bias=none lr=3e-4 l2=1e-5 noise=0.1. One product for all experts, one "
        "dot product for a pair. Wins where many experts met on many prompts; loses to knn "
        "where the text decides locally.",
    .source = "RouteLLM (arXiv 2406.18665) section 4.2 and its code; EmbedLLM (arXiv 2410.02223) "
              "section 3; ratings, pull and averaging are ours",
    .params = params,
    .params_bytes = sizeof(struct mf_params),
    .needs = PM_NEEDS_EMBED,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
                   PM_VALUE_BIT(PM_VALUE_LOSS),
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
    .latent_dim = latent_dim,
    .latent = latent,
    .latent_experts = latent_experts,
};
PM_PLUGIN_ROUTER(matrix_factorization, "1.0", "MIT")
