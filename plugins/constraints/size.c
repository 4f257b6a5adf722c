/* SPDX-License-Identifier: MIT
 *
 * size: how large an expert is, from its attribute params (number of parameters).
 * A property of the expert alone; the prompt plays no part.
 */
#include <pointsman/plugin.h>

#include "attr_column.h"

struct size_params {
    int64_t scale, missing;
};

enum { SCALE_LOG, SCALE_MAX, SCALE_RAW };

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    static const int64_t scale_of[] = {COLUMN_LOG, COLUMN_MAX, COLUMN_RAW};
    const struct size_params *p = c->params;
    column_want w = {.attr = "params",
                     .form = "number of parameters",
                     .unit = 1e-9,
                     .is_positive = 1,
                     .kind = PM_ATTR_NUMBER,
                     .missing = p->missing,
                     .is_log = 1};
    column col;
    pm_status st = column_read(c, lib, &w, &col);
    if (st != PM_OK) return st;
    for (size_t j = 0; j < lib->n; j++)
        col.v[j] = column_scaled(scale_of[p->scale], col.v[j], col.low, col.high);
    return column_put(c, lib, "its size", col.v, out);
}

static const char *const scale_words[] = {"log", "max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct size_params, scale, SCALE_LOG, 0, 2, scale_words,
                   "\"log\" (log10 P - log10 Pmin) / (log10 Pmax - log10 Pmin), \"max\" P / Pmax, "
                   "\"raw\" billions of parameters"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct size_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert without params: \"error\", \"worst\" = as large as the largest, "
                   "\"mean\" = the geometric mean of the others"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {{"smallest model", 10}, {"small model", 0.1}, {NULL, 0}};

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
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .phrases = phrases,
};
PM_PLUGIN_CONSTRAINT(size, "1.1", "MIT")
