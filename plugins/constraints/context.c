/* SPDX-License-Identifier: MIT
 *
 * context: whether a prompt and its answer fit into an expert's context window: tokens needed / window.  Hard
 * by nature: what does not fit cannot be answered, however good the expert.
 */
#include <pointsman/plugin.h>

#include "attr_column.h"

struct context_params {
    int64_t scale, missing;
    double reserve, bytes_per_token;
};

enum { SCALE_SHARE, SCALE_RAW };

/* Tokens of prompt i: counted by the data, else estimated from its bytes. */
static double tokens_of(const struct context_params *p, const pm_prompts *x, size_t i)
{
    return x->tokens_in ? (double)x->tokens_in[i] : (double)x->text[i].len / p->bytes_per_token;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)s;
    const struct context_params *p = c->params;
    column_want w = {.attr = "context",
                     .form = "longest context in tokens",
                     .unit = 1,
                     .is_positive = 1,
                     .kind = PM_ATTR_NUMBER,
                     .missing = p->missing,
                     .more = 1};
    column window;
    if (x->n && !x->tokens_in && !x->text)
        return c->host->fail(c, PM_E_ARG,
                             "the prompts have neither text nor a count of tokens (tokens_in)");
    pm_status st = column_read(c, lib, &w, &window);
    for (size_t i = 0; i < x->n && st == PM_OK; i++) {
        double need = tokens_of(p, x, i) + p->reserve;
        for (size_t j = 0; j < lib->n; j++) {
            double over = need > window.v[j] ? need - window.v[j] : 0;
            pm_row(out, i)[j] = (float)(p->scale == SCALE_SHARE ? need / window.v[j] : over);
        }
    }
    return st;
}

static const char *const scale_words[] = {"share", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct context_params, scale, SCALE_SHARE, 0, 1, scale_words,
                   "\"share\" tokens needed / window, \"raw\" tokens that do not fit (give bound = "
                   "0)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct context_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert without context: \"error\", \"worst\" = the smallest window of the "
                   "others, \"mean\" = their mean"),
    PM_PARAM(PM_P_F64, struct context_params, reserve, 500, 0, 1e9,
             "kept free for the answer (tokens)"),
    PM_PARAM(PM_P_F64, struct context_params, bytes_per_token, 4, 0.25, 100,
             "of the estimate, where the data does not count tokens (bytes)"),
    PM_PARAM_END,
};

static const pm_constraint_type context = {
    .size = sizeof context,
    .name = "context",
    .doc = "(tokens of the prompt + tokens kept for the answer) / context window of the expert. "
           "Tokens are those the data counts (tokens_in), else bytes / 4, which overestimates "
           "English and underestimates code and other scripts: set bytes_per_token to what your "
           "texts have. Hard by nature, bound 1.",
    .source = "ours",
    .unit = "share of the context window",
    .params = params,
    .params_bytes = sizeof(struct context_params),
    .senses = PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_SOFT),
    .per_prompt = 1,
    .eval = eval,
    .usual_bound = 1,
};
PM_PLUGIN_CONSTRAINT(context, "1.0", "MIT")
