/* SPDX-License-Identifier: MIT
 *
 * best_expert: the probability that each expert is the best, by multinomial logistic regression or a small
 * network on the features of the prompt.  What is minimised is in best_expert_goal.c, how in fit_train.c.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "best_expert_goal.h"
#include "fit_bytes.h"
#include "fit_params.h"
#include "fit_train.h"

struct best_params {
    struct fit_params fit;
    int64_t objective, bytes;
    double temperature;
};

struct pm_router {
    struct fit_net net; /* answers are logits, columns those of the library */
    struct fit_bytes bytes;
};

static pm_status settle(pm_call *c, const struct fit_result *fit, const struct fit_data *a)
{
    pm_metric m[] = {{"epoch", (double)fit->epoch},
                     {"weights", (double)fit_net_weights(&fit->net)}};
    c->host->note(c, PM_NOTE_INFO, "epoch %zu; %zu prompts to fit, %zu held out (%.6g)", fit->epoch,
                  a->n_fit, a->n_stop, fit->held);
    return c->host->progress(c, 1, m, 2);
}

/* The fit with features read from the texts for sparse ones; x: room for [2]. */
static pm_status read_bytes(pm_router *r, pm_call *c, pm_prompts *x, pm_fit *fit)
{
    const struct best_params *p = c->params;
    r->bytes.longest = (size_t)p->bytes;
    if (!r->bytes.longest) return PM_OK;
    if (p->fit.features == FIT_EMBED)
        return c->host->fail(c, PM_E_ARG,
                             "bytes = %zu, but features = \"embed\" reads no word features; try "
                             "\"both\" or \"sparse\"",
                             r->bytes.longest);
    pm_status st = fit_bytes_learn(&r->bytes, c, fit);
    if (st == PM_OK) st = fit_bytes_read(&r->bytes, c, fit->x, 0, fit->x->n, &x[0]);
    fit->x = &x[0];
    if (st != PM_OK || !fit->tune_x) return st;
    st = fit_bytes_read(&r->bytes, c, fit->tune_x, 0, fit->tune_x->n, &x[1]);
    fit->tune_x = &x[1];
    return st;
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *given)
{
    const struct best_params *p = c->params;
    pm_prompts x[2];
    pm_fit copy = *given, *fit = &copy;
    int64_t features = p->fit.features;
    if (p->bytes && features == FIT_AUTO && given->x->embed.at) features = FIT_BOTH;
    struct fit_how how = fit_how_of(&p->fit);
    if (p->fit.lr_words <= 0 && !how.hidden)
        how.lr_sparse = 0.3; /* logits go further than losses */
    struct fit_data data;
    struct fit_result result = {.epoch = 0};
    struct best_goal g = {.objective = p->objective, .temperature = p->temperature};
    pm_status st = read_bytes(r, c, x, fit);
    if (st == PM_OK) st = fit_data_open(c, fit, features, &data);
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
    size_t lo; /* the first prompt of this chunk */
};

/* Softmax of the answers; small ones stay above 0, so that their order is kept. */
static void write_row(void *arg, size_t i, const float *answer)
{
    const struct prediction *a = arg;
    size_t m = a->r->net.units;
    float *row = pm_row(a->out, a->lo + i);
    double most = (double)answer[0], sum = 0;
    for (size_t j = 1; j < m; j++) most = fmax(most, (double)answer[j]);
    for (size_t j = 0; j < m; j++) sum += exp((double)answer[j] - most);
    for (size_t j = 0; j < m; j++) row[j] = (float)(exp(fmax((double)answer[j] - most, -80)) / sum);
}

/* Chunks, for features read from texts take room. */
static pm_status answer(struct prediction *a, pm_call *c, const pm_prompts *x, int hidden,
                        fit_net_use use)
{
    enum { CHUNK = 2048 };
    pm_status st = PM_OK;
    pm_prompts part;
    if (!a->r->bytes.longest || !a->r->net.v)
        return fit_net_prompts(&a->r->net, c, x, hidden, use, a);
    for (; st == PM_OK && a->lo < x->n; a->lo += CHUNK) {
        size_t n = x->n - a->lo < CHUNK ? x->n - a->lo : CHUNK;
        st = fit_bytes_read(&a->r->bytes, c, x, a->lo, n, &part);
        if (st == PM_OK) st = fit_net_prompts(&a->r->net, c, &part, hidden, use, a);
    }
    return st;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    struct prediction a = {r, out->value, 0};
    (void)lib;
    return answer(&a, c, x, 0, write_row);
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
    for (size_t j = 0; j < n; j++) pm_row(a->out, a->lo + i)[j] = (float)((double)from[j] - mean);
}

static pm_status latent(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out)
{
    struct prediction a = {r, out, 0};
    return answer(&a, c, x, r->net.hidden != 0, write_latent);
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    pm_status st = fit_net_save(&r->net, c, s);
    return st == PM_OK ? fit_bytes_save(&r->bytes, c, s) : st;
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    const struct best_params *p = c->params;
    r->bytes.longest = (size_t)p->bytes;
    pm_status st = fit_bytes_load(&r->bytes, c, s);
    if (st == PM_OK) st = fit_net_load(&r->net, c, s);
    if (st == PM_OK && r->bytes.longest && r->net.v && r->net.v != r->bytes.v)
        return c->host->fail(c, PM_E_FORMAT, "tensors disagree in shape");
    return st;
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
    PM_PARAM(PM_P_I64, struct best_params, bytes, 0, 0, 8,
             "word features are runs of 1 to this many bytes, read from the text, instead of the "
             "embedder's (bytes); 0: the embedder's"),
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
