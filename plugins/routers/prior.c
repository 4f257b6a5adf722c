/* SPDX-License-Identifier: MIT
 *
 * prior: predicts each expert's mean training outcome, whatever the prompt.
 * The floor that every learned router must beat, and the tutorial (docs/add-a-router.md). */
#include <pointsman/plugin.h>

/* clang-format off */
struct prior_params { double shrink; };
struct pm_router { pm_value_kind kind; size_t m; const float *mean; /* [m] */ };
/* clang-format on */

/* mean_j = (sum_i w_i y_ij + shrink * grand mean) / (sum_i w_i + shrink); NaN = not observed. */
static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct prior_params *p = c->params;
    size_t m = fit->lib->n;
    float *mean = c->host->own(c, m, sizeof *mean);
    double *sum = c->host->scratch(c, 2 * m, sizeof *sum), *count = sum + m, all = 0, cells = 0;
    if (!mean || !sum) return PM_E_MEMORY;
    for (size_t i = 0; i < fit->x->n; i++)
        for (size_t j = 0; j < m; j++) {
            double w = fit->weight ? fit->weight[i] : 1, y = pm_crow(fit->y->value, i)[j];
            if (y == y) sum[j] += w * y, count[j] += w, all += w * y, cells += w;
        }
    if (cells <= 0) return c->host->fail(c, PM_E_ARG, "no training outcome is known");
    for (size_t j = 0; j < m; j++) {
        double weight = count[j] > 0 ? p->shrink : 1; /* never observed: the grand mean */
        mean[j] = (float)((sum[j] + weight * all / cells) / (count[j] + weight));
    }
    *r = (pm_router){fit->y->kind, m, mean};
    return PM_OK;
}
static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    (void)c, (void)lib; /* the columns are those of training: the host maps served ones */
    for (size_t i = 0; i < x->n; i++) memcpy(pm_row(out->value, i), r->mean, r->m * sizeof(float));
    return PM_OK;
}
static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}
static const char *const name_of[] = {[PM_VALUE_QUALITY] = "quality", [PM_VALUE_LOSS] = "loss"};
static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, name_of[r->kind], (pm_tensor){PM_F32, 1, {r->m}, r->mean});
}
static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor mean = {0};
    r->kind = c->host->has(c, s, "loss") ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    pm_status st = c->host->get_tensor(c, s, name_of[r->kind], PM_F32, &mean);
    r->mean = mean.ptr, r->m = mean.dim[0];
    return st;
}
/* clang-format off */
static const pm_param params[] = {
    PM_PARAM(PM_P_F64, struct prior_params, shrink, 0, 0, 1e6, "pseudo-prompts at the grand mean"),
    PM_PARAM_END};
static const pm_router_type prior = {
    .size = sizeof prior, .name = "prior", .source = "additive smoothing of the training mean",
    .doc = "Mean training outcome of each expert. Wins where one expert leads everywhere; loses as "
           "soon as the best expert depends on the prompt.",
    .params = params, .params_bytes = sizeof(struct prior_params), .state_bytes = sizeof(pm_router),
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS), .emits = emits,
    .needs = PM_NEEDS_VALUES, .train = train, .predict = predict, .save = save, .load = load};
PM_PLUGIN_ROUTER(prior, "1.0", "MIT")
