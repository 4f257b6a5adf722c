/* SPDX-License-Identifier: MIT
 *
 * verbosity: expected number of tokens of an expert's answer to the prompt at hand.
 */
#include <math.h>

#include "expect_told.h"

struct verbosity_params {
    int64_t scale, missing, answers;
};
enum { SCALE_MAX, SCALE_RAW };
enum { ANSWERS_LEARNED, ANSWERS_ROUTER };

struct pm_constraint {
    struct told told;
};

static const struct told_source source = {"output_tokens", "tokens_out.csv or output_chars.csv",
                                          "held-out MAE of answer tokens"};

static pm_status train(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    struct expect_goal goal = {.fit = fit};
    pm_status st = expect_answer_tokens(c, fit->y, fit->x->n, &goal.y);
    if (st == PM_OK && fit->tune_x)
        st = expect_answer_tokens(c, fit->tune_y, fit->tune_x->n, &goal.tune);
    return st == PM_OK ? told_train(&k->told, c, &goal, &source) : st;
}

static void rescale(const pm_constraint *k, pm_call *c, const pm_library *lib, pm_mat out)
{
    const struct verbosity_params *p = c->params;
    double most = told_largest(&k->told, lib, &source);
    if (p->scale == SCALE_RAW) return;
    for (size_t i = 0; i < out.rows; i++)
        for (size_t j = 0; j < out.cols; j++) {
            float *v = &pm_row(out, i)[j];
            *v = (float)(most > 0 ? (double)*v / most : 0 * (double)*v);
        }
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    const struct verbosity_params *p = c->params;
    pm_status st = PM_OK;
    if (p->answers == ANSWERS_ROUTER && s && s->tokens_out.at)
        for (size_t i = 0; i < x->n; i++)
            memcpy(pm_row(out, i), pm_row(s->tokens_out, i), lib->n * sizeof *out.at);
    else
        st = told_prompts(&k->told, c, lib, x, &source, p->missing, out);
    if (st == PM_OK) rescale(k, c, lib, out);
    return st;
}

static pm_status realised(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_outcomes *y, pm_mat out)
{
    pm_cmat tokens;
    pm_status st = expect_answer_tokens(c, y, x->n, &tokens);
    for (size_t i = 0; i < x->n && st == PM_OK; i++)
        for (size_t j = 0; j < lib->n; j++)
            pm_row(out, i)[j] = tokens.at ? pm_crow(tokens, i)[j] : NAN;
    if (st == PM_OK) rescale(k, c, lib, out);
    return st;
}

static pm_status save(const pm_constraint *k, pm_call *c, pm_store *s)
{
    return told_save(&k->told, c, s);
}

static pm_status load(pm_constraint *k, pm_call *c, pm_store *s)
{
    return told_load(&k->told, c, s);
}

static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const answers_words[] = {"learned", "router", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct verbosity_params, scale, SCALE_MAX, 0, 1, scale_words,
        "\"max\" tokens / mean tokens of the most verbose served expert, \"raw\" tokens"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct verbosity_params, missing, TOLD_ERROR, 0, 2,
                   told_missing_words,
                   "an expert of which no length is known: \"error\", \"worst\" = the longest of "
                   "the others', \"mean\" = theirs on average"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct verbosity_params, answers, ANSWERS_LEARNED, 0, 1,
                   answers_words,
                   "\"learned\" here, or the \"router\"'s prediction where it makes one"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {
    {"shortest answer", 10}, {"short answer", 0.1}, {"concise", 0.1},   {"brief", 0.1},
    {"longest answer", -10}, {"long answer", -0.1}, {"detailed", -0.1}, {NULL, 0}};

static const pm_constraint_type verbosity = {
    .size = sizeof verbosity,
    .name = "verbosity",
    .doc =
        "Expected tokens of the answer: E[tokens | prompt] of each expert, learned from recorded "
        "answers (tokens_out.csv, or a quarter of output_chars.csv) on embeddings and the look of "
        "the text; its held-out error is told beside that of the training mean. Where the data "
        "has neither table, the attribute output_tokens of each expert. A negative weight asks "
        "for long answers. Wins where some experts talk and others do not; loses where the length "
        "is the prompt's alone, since then no choice depends on it.",
    .source = "the length predictors of cost-aware routing; smearing: Duan 1983",
    .unit = "tokens",
    .params = params,
    .params_bytes = sizeof(struct verbosity_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 1,
    .needs = PM_NEEDS_EMBED | PM_NEEDS_TEXT,
    .state_bytes = sizeof(pm_constraint),
    .eval = eval,
    .train = train,
    .save = save,
    .load = load,
    .signed_weight = 1,
    .phrases = phrases,
    .realised = realised,
};
PM_PLUGIN_CONSTRAINT(verbosity, "1.0", "MIT")
