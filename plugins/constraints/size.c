/* SPDX-License-Identifier: MIT
 *
 * size: how large an expert is, from its attribute params (number of parameters).
 * A property of the expert alone; the prompt plays no part.
 */
#include <math.h>
#include <pointsman/plugin.h>

struct size_params {
    int64_t scale, missing;
};

enum { SCALE_LOG, SCALE_MAX, SCALE_RAW };
enum { MISSING_ERROR, MISSING_WORST };

static double scaled(int64_t scale, double p, double low, double high)
{
    switch (scale) {
    case SCALE_LOG:
        return high > low ? (log10(p) - log10(low)) / (log10(high) - log10(low)) : 0;
    case SCALE_MAX:
        return p / high;
    default:
        return p;
    }
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct size_params *p = c->params;
    double low = 0, high = 0;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_attr *a = pm_attr_find(lib->expert[j], "params");
        double billions = a && a->kind != PM_ATTR_TEXT ? a->number * 1e-9 : 0;
        if (a && !(billions > 0))
            return c->host->fail(c, PM_E_ARG, "expert \"%s\": params must be a number above 0",
                                 lib->expert[j]->id);
        if (!a && p->missing == MISSING_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute params (number of "
                                 "parameters); add it, or set missing = \"worst\"",
                                 lib->expert[j]->id);
        if (!a) continue;
        low = low > 0 && low < billions ? low : billions;
        high = high > billions ? high : billions;
    }
    if (high <= 0)
        return c->host->fail(c, PM_E_ARG, "no expert of %zu has an attribute params", lib->n);
    for (size_t j = 0; j < lib->n; j++) {
        const pm_attr *a = pm_attr_find(lib->expert[j], "params");
        pm_row(out, 0)[j] = (float)scaled(p->scale, a ? a->number * 1e-9 : high, low, high);
    }
    return PM_OK;
}

static const char *const scale_words[] = {"log", "max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct size_params, scale, SCALE_LOG, 0, 2, scale_words,
                   "\"log\" (log10 P - log10 Pmin) / (log10 Pmax - log10 Pmin), \"max\" P / Pmax, "
                   "\"raw\" billions of parameters"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct size_params, missing, MISSING_ERROR, 0, 1, missing_words,
                   "an expert without params: \"error\", or \"worst\" = as large as the largest"),
    PM_PARAM_END,
};

static const pm_constraint_type size = {
    .size = sizeof size,
    .name = "size",
    .doc = "Number of parameters P of an expert. Pmin and Pmax are those of the served library, so "
           "adding an expert may move the others' values at scale log or max; bounds (sense hard) "
           "are therefore best given at scale raw. Log keeps small experts apart; max makes every "
           "small expert look free beside one giant.",
    .source = "Tryage (arXiv 2308.11601) names model size; formulas: tryage notes 1.3",
    .unit = "billions of parameters",
    .params = params,
    .params_bytes = sizeof(struct size_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
    .per_prompt = 0,
    .eval = eval,
};
PM_PLUGIN_CONSTRAINT(size, "1.0", "MIT")
