/* SPDX-License-Identifier: MIT
 *
 * best_expert: the probability that each expert is the best, by multinomial logistic regression or a small
 * network on the features of the prompt.  What is minimised is in best_expert_goal.c, how in fit_train.c.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "best_expert_goal.h"
#include "fit_params.h"
#include "fit_train.h"

struct best_params {
    struct fit_params fit;
    int64_t objective;
    double temperature;
};

struct pm_router {
    struct fit_net net; /* answers are logits, columns those of the library */
};

static pm_status settle(pm_call *c, const struct fit_result *fit, const struct fit_data *a)
{
    pm_metric m[] = {{"epoch", (double)fit->epoch},
                     {"weights", (double)fit_net_weights(&fit->net)}};
    c->host->note(c, PM_NOTE_INFO, "epoch %zu; %zu prompts to fit, %zu held out (%.6g)", fit->epoch,
                  a->n_fit, a->n_stop, fit->held);
    return c->host->progress(c, 1, m, 2);
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct best_params *p = c->params;
    struct fit_how how = fit_how_of(&p->fit);
    if (p->fit.lr_words <= 0 && !how.hidden)
        how.lr_sparse = 0.3; /* logits go further than losses */
    struct fit_data data;
    struct fit_result result = {.epoch = 0};
    struct best_goal g = {.objective = p->objective, .temperature = p->temperature};
    pm_status st = fit_data_open(c, fit, p->fit.features, &data);
    if (st == PM_OK) st = best_goal_open(c, &data, &g);
    if (st != PM_OK) return st;
    double *shift = c->host->scratch(c, 2 * data.m, sizeof *shift), *scale = shift + data.m;
    if (!shift) return PM_E_MEMORY;
    for (size_t j = 0; j < data.m; j++) scale[j] = 1;
    struct fit_goal goal = {data.m, g.start, best_goal_loss, best_goal_regret, &g};
    st = fit_train(c, &data, &goal, &how, &result);
    if (st != PM_OK) return st;
    struct fit_fold fold = {.m = data.m,
                            .level = SIZE_MAX,
                            .shift = shift,
                            .scale = scale,
                            .order = data.order,
                            .input_scale = (double)data.scale};
    st = fit_net_fold(&result.net, c, &fold, &r->net);
    return st == PM_OK ? settle(c, &result, &data) : st;
}

struct prediction {
    const pm_router *r;
    pm_mat out;
};

/* Softmax of the answers; small ones stay above 0, so that their order is kept. */
static void write_row(void *arg, size_t i, const float *answer)
{
    const struct prediction *a = arg;
    size_t m = a->r->net.units;
    float *row = pm_row(a->out, i);
    double most = (double)answer[0], sum = 0;
    for (size_t j = 1; j < m; j++) most = fmax(most, (double)answer[j]);
    for (size_t j = 0; j < m; j++) sum += exp((double)answer[j] - most);
    for (size_t j = 0; j < m; j++) row[j] = (float)(exp(fmax((double)answer[j] - most, -80)) / sum);
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    struct prediction a = {r, out->value};
    (void)lib;
    return fit_net_prompts(&r->net, c, x, 0, write_row, &a);
}

static size_t latent_dim(const pm_router *r)
{
    return r->net.hidden ? r->net.hidden : r->net.units;
}

/* The hidden layer; of a linear net, logits minus their mean. */
static void write_latent(void *arg, size_t i, const float *from)
{
    const struct prediction *a = arg;
    size_t n = latent_dim(a->r);
    double mean = 0;
    for (size_t j = 0; !a->r->net.hidden && j < n; j++) mean += (double)from[j] / (double)n;
    for (size_t j = 0; j < n; j++) pm_row(a->out, i)[j] = (float)((double)from[j] - mean);
}

static pm_status latent(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    struct prediction a = {r, out};
    return fit_net_prompts(&r->net, c, x, r->net.hidden != 0, write_latent, &a);
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    return fit_net_save(&r->net, c, s);
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    return fit_net_load(&r->net, c, s);
}

static const char *const objective_words[] = {"likelihood", "regret", NULL};
static const pm_param params[] = {
    FIT_PARAM_ROWS(struct best_params),
    PM_PARAM_WORDS(PM_P_CHOICE, struct best_params, objective, OBJECTIVE_LIKELIHOOD, 0, 1,
                   objective_words,
                   "\"likelihood\" of who was best, or the expected \"regret\" of choosing by the "
                   "probabilities"),
    PM_PARAM(PM_P_F64, struct best_params, temperature, 0.1, 0, 1e3,
             "of the targets' softmax, in units of the best expert's mean lead over a prompt's "
             "mean; 0: who was best, ties shared"),
    PM_PARAM_END,
};

static const pm_router_type best_expert = {
    .size = sizeof best_expert,
    .name = "best_expert",
    .doc =
        "Probability that each expert is the best, by multinomial logistic regression or a small "
        "network on embeddings or word features. Targets are a softmax of the outcomes; at "
        "temperature 0 the best expert, ties shared. Stops early on the tuning part, or without "
        "one on 15 % of the groups, and fits again on all. Emits no predicted outcome, so that "
        "penalties cannot be weighed against it in the outcome's unit. Wins where choosing right "
        "is all that counts; loses to loss_regression on regret, as it does not see by how much "
        "the others are worse, and to knn on a few thousand noisy 0/1 labels.",
    .source = "multinomial logistic regression; objective \"regret\" is the expected cost of a "
              "randomised choice, as in cost-sensitive classification",
    .params = params,
    .params_bytes = sizeof(struct best_params),
    .needs = PM_NEEDS_EMBED_OR_SPARSE | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_BEST),
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .latent_dim = latent_dim,
    .latent = latent,
};
PM_PLUGIN_ROUTER(best_expert, "1.0", "MIT")
