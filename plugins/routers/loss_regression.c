/* SPDX-License-Identifier: MIT
 *
 * loss_regression: one predicted outcome per expert, by a linear layer or a small network on the features of
 * the prompt.  What is minimised is in loss_regression_goal.c, how in fit_train.c.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "fit_bend.h"
#include "fit_params.h"
#include "fit_train.h"
#include "loss_regression_goal.h"

struct loss_params {
    struct fit_params fit;
    int64_t divergence, targets;
    double delta, temperature, anchor;
};

struct pm_router {
    pm_value_kind kind;
    double edge;         /* width of the zone in which values bend towards the end of their range */
    struct fit_net net;  /* answers are predicted outcomes, columns those of the library */
    const float *spread; /* [m] standard deviation of an outcome around its prediction */
};

/* ---- building ------------------------------------------------------------------------------------------ */

/* Root mean square of what is left, around 0, of each expert; of all cells where there are fewer than two. */
static pm_status residuals(pm_router *r, pm_call *c, const struct loss_goal *g,
                           const struct fit_result *fit)
{
    const struct fit_data *a = g->data;
    float *spread = c->host->own(c, a->m, sizeof *spread);
    double *sum = c->host->scratch(c, 2 * (a->m + 1), sizeof *sum), *n = sum + a->m + 1;
    if (!spread || !sum) return PM_E_MEMORY;
    for (size_t i = 0; i < fit->n; i++)
        for (size_t j = 0; j < a->m; j++) {
            double e = (double)a->y[fit->row[i] * a->m + j] -
                       loss_goal_outcome(
                           g, j, pm_crow((pm_cmat){fit->answer.at, fit->n, 0, fit->answer.ld}, i));
            if (e != e) continue;
            sum[j] += e * e, n[j] += 1;
            sum[a->m] += e * e, n[a->m] += 1;
        }
    for (size_t j = 0; j < a->m; j++) {
        size_t from = n[j] > 1 ? j : a->m;
        spread[a->order[j]] = n[from] > 0 ? (float)sqrt(sum[from] / n[from]) : 0;
    }
    r->spread = spread;
    return PM_OK;
}

static pm_status settle(pm_call *c, const struct fit_result *fit, const struct fit_data *a)
{
    pm_metric m[] = {{"epoch", (double)fit->epoch},
                     {"weights", (double)fit_net_weights(&fit->net)}};
    c->host->note(c, PM_NOTE_INFO, "epoch %zu; %zu prompts to fit, %zu held out (%.6g)", fit->epoch,
                  a->n_fit, a->n_stop, fit->held);
    return c->host->progress(c, 1, m, 2);
}

/* Outcomes in 0/1 are drawn anew with every answer; measured losses say exactly who was how much better. */
static double temperature(const struct loss_params *p, pm_value_kind kind)
{
    if (p->temperature > 0) return p->temperature;
    return kind == PM_VALUE_LOSS ? 0.2 : 1;
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct loss_params *p = c->params;
    struct fit_how how = fit_how_of(&p->fit);
    struct fit_data data;
    struct fit_result result = {.epoch = 0};
    struct loss_goal g = {.divergence = p->divergence,
                          .targets = p->targets,
                          .delta = p->delta,
                          .temperature = temperature(p, fit->y->kind),
                          .anchor = p->anchor};
    pm_status st = fit_data_open(c, fit, p->fit.features, &data);
    if (st == PM_OK) st = loss_goal_open(c, &data, &g);
    if (st != PM_OK) return st;
    struct fit_goal goal = {g.units, NULL, loss_goal_loss, loss_goal_regret, &g};
    st = fit_train(c, &data, &goal, &how, &result);
    if (st == PM_OK) st = residuals(r, c, &g, &result);
    if (st != PM_OK) return st;
    struct fit_fold fold = {.m = data.m,
                            .level = p->targets == TARGETS_CENTRED ? data.m : SIZE_MAX,
                            .shift = g.shift,
                            .scale = g.scale,
                            .level_scale = g.level_scale,
                            .order = data.order,
                            .input_scale = (double)data.scale};
    st = fit_net_fold(&result.net, c, &fold, &r->net);
    if (st != PM_OK) return st;
    double mean = 0;
    for (size_t j = 0; j < data.m; j++) mean += g.shift[j] / (double)data.m;
    r->kind = fit->y->kind;
    r->edge = r->kind == PM_VALUE_LOSS ? 0.02 * mean : 0.02;
    return settle(c, &result, &data);
}

/* ---- predicting ---------------------------------------------------------------------------------------- */

struct prediction {
    const pm_router *r;
    pm_scores *out;
    pm_mat latent;
};

static void write_row(void *arg, size_t i, const float *answer)
{
    const struct prediction *a = arg;
    const pm_router *r = a->r;
    for (size_t j = 0; j < r->net.units; j++) {
        double y = fit_bend((double)answer[j], r->edge);
        if (r->kind == PM_VALUE_QUALITY) y = 1 - fit_bend(1 - y, r->edge);
        pm_row(a->out->value, i)[j] = (float)y;
    }
    if (a->out->spread.at)
        memcpy(pm_row(a->out->spread, i), r->spread, r->net.units * sizeof *r->spread);
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    struct prediction a = {.r = r, .out = out};
    (void)lib;
    return fit_net_prompts(&r->net, c, x, 0, write_row, &a);
}

static size_t latent_dim(const pm_router *r)
{
    return r->net.hidden ? r->net.hidden : r->net.units;
}

/* The hidden layer; of a linear net, predictions minus their mean. */
static void write_latent(void *arg, size_t i, const float *from)
{
    const struct prediction *a = arg;
    size_t n = latent_dim(a->r);
    double mean = 0;
    for (size_t j = 0; !a->r->net.hidden && j < n; j++) mean += (double)from[j] / (double)n;
    for (size_t j = 0; j < n; j++) pm_row(a->latent, i)[j] = (float)((double)from[j] - mean);
}

static pm_status latent(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    struct prediction a = {.r = r, .latent = out};
    return fit_net_prompts(&r->net, c, x, r->net.hidden != 0, write_latent, &a);
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

/* ---- checkpoints ----------------------------------------------------------------------------------------- */

static const char *kind_name(pm_value_kind kind)
{
    return kind == PM_VALUE_LOSS ? "loss" : "quality";
}

/* "quality" or "loss": the width of the edge. */
static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor edge = {PM_F64, 1, {1}, &r->edge};
    pm_tensor spread = {PM_F32, 1, {r->net.units}, r->spread};
    pm_status st = c->host->put_tensor(c, s, kind_name(r->kind), edge);
    if (st == PM_OK) st = c->host->put_tensor(c, s, "spread", spread);
    return st == PM_OK ? fit_net_save(&r->net, c, s) : st;
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor edge = {0}, spread = {0};
    r->kind = c->host->has(c, s, "loss") ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    pm_status st = c->host->view_tensor(c, s, kind_name(r->kind), PM_F64, &edge);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "spread", PM_F32, &spread);
    if (st == PM_OK) st = fit_net_load(&r->net, c, s);
    if (st != PM_OK) return st;
    if (edge.n_dims != 1 || edge.dim[0] != 1 || spread.n_dims != 1 || spread.dim[0] != r->net.units)
        return c->host->fail(c, PM_E_FORMAT, "'spread' must hold %zu numbers", r->net.units);
    r->edge = *(const double *)edge.ptr;
    r->spread = spread.ptr;
    return PM_OK;
}

/* ---- what it is -------------------------------------------------------------------------------------------- */

static const char *const divergence_words[] = {"mae", "mse", "huber", "kl", NULL};
static const char *const targets_words[] = {"standardised", "centred", "raw", NULL};
static const pm_param params[] = {
    FIT_PARAM_ROWS(struct loss_params),
    PM_PARAM_WORDS(PM_P_CHOICE, struct loss_params, divergence, DIVERGENCE_KL, 0, 3,
                   divergence_words,
                   "between predicted and realised outcomes: absolute error, squared error, "
                   "\"huber\", or \"kl\" between their softmaxes"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct loss_params, targets, TARGETS_CENTRED, 0, 2, targets_words,
                   "\"standardised\" per expert, \"centred\" per prompt (with a separate head for "
                   "the level), or \"raw\" differences to the expert's mean"),
    PM_PARAM(PM_P_F64, struct loss_params, delta, 1, 1e-6, 1e6,
             "where huber turns from squared to absolute error (standardised units)"),
    PM_PARAM(
        PM_P_F64, struct loss_params, temperature, 0, 0, 1e3,
        "of the softmaxes of kl, in units of the best expert's mean lead over a prompt's mean; "
        "0: 0.2 for losses, 1 for qualities"),
    PM_PARAM(PM_P_F64, struct loss_params, anchor, 0.1, 0, 1e6,
             "weight of the squared error that kl is given as well"),
    PM_PARAM_END,
};

static const pm_router_type loss_regression = {
    .size = sizeof loss_regression,
    .name = "loss_regression",
    .doc =
        "One predicted outcome per expert (Tryage's router), by a linear layer or a small network "
        "on embeddings, word features or both (with a hidden layer, word features bypass it), "
        "under "
        "four divergences. Absolute and squared errors are ruled by how hard a prompt is, which no "
        "choice depends on; kl sees differences between experts only, a separate head predicts "
        "the level (targets = \"centred\"), and a little squared error keeps far-off experts in "
        "place: accurate losses and good choices at once. Stops early on the tuning part, or "
        "without one on 15 % of the groups, and fits again on all. Spread: deviation of held-out "
        "residuals, one per expert. Wins on measured losses of thousands of prompts, head = "
        "\"mlp\", features = \"both\"; loses to knn on a few thousand noisy 0/1 labels.",
    .source = "Tryage (arXiv 2308.11601) equations 1 and 2; the level head is ours",
    .params = params,
    .params_bytes = sizeof(struct loss_params),
    .needs = PM_NEEDS_EMBED_OR_SPARSE | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .spread_kind = PM_SPREAD_STDDEV,
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
    .latent_dim = latent_dim,
    .latent = latent,
};
PM_PLUGIN_ROUTER(loss_regression, "1.0", "MIT")
