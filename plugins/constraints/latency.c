/* SPDX-License-Identifier: MIT
 *
 * latency: how long an expert is expected to take for this prompt, in ms.  From its attributes and the length
 * of the answer, or from recorded times as a mean of each expert.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "attr_column.h"
#include "attr_means.h"

struct latency_params {
    int64_t basis, scale, missing;
    double tokens_out;
};

enum { BASIS_AUTO, BASIS_RECORDED, BASIS_LISTED };
enum { SCALE_MAX, SCALE_RAW };

struct pm_constraint {
    attr_means recorded;
};

typedef struct timing { /* expert j takes first[j] + token[j] * tokens ms */
    double *first, *token, *tokens;
    double slowest; /* of all experts at their usual lengths */
} timing;

static int is_listed(const pm_expert *e)
{
    return pm_attr_find(e, "latency_first_ms") && pm_attr_find(e, "latency_token_ms");
}

/* One basis for all experts: a measured mean beside a product of attributes would compare unlike things. */
static int64_t basis_of(const pm_constraint *k, const struct latency_params *p,
                        const pm_library *lib)
{
    size_t recorded = 0, listed = 0;
    if (p->basis != BASIS_AUTO) return p->basis;
    for (size_t j = 0; j < lib->n; j++) {
        double v = attr_means_of(&k->recorded, lib->expert[j], j);
        recorded += v == v;
        listed += is_listed(lib->expert[j]) != 0;
    }
    return recorded >= listed && recorded ? BASIS_RECORDED : BASIS_LISTED;
}

static pm_status listed(pm_call *c, const pm_library *lib, timing *t)
{
    const struct latency_params *p = c->params;
    column_want w = {.attr = "latency_first_ms",
                     .form = "ms to the first token",
                     .unit = 1,
                     .kind = PM_ATTR_NUMBER,
                     .missing = p->missing};
    column first, token;
    pm_status st = column_read(c, lib, &w, &first);
    w.attr = "latency_token_ms", w.form = "ms per further token";
    if (st == PM_OK) st = column_read(c, lib, &w, &token);
    if (st != PM_OK) return st;
    t->first = first.v, t->token = token.v;
    return PM_OK;
}

static pm_status recorded(const pm_constraint *k, pm_call *c, const pm_library *lib, timing *t)
{
    const struct latency_params *p = c->params;
    const column_want w = {.missing = p->missing};
    size_t known = 0;
    for (size_t j = 0; j < lib->n; j++) {
        t->first[j] = attr_means_of(&k->recorded, lib->expert[j], j);
        t->token[j] = 0;
        known += t->first[j] == t->first[j];
        if (t->first[j] != t->first[j] && p->missing == COLUMN_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no recorded latency_ms; use basis = "
                                 "\"listed\", or set missing = \"worst\" or \"mean\"",
                                 lib->expert[j]->id);
    }
    if (!known && lib->n)
        return c->host->fail(c, PM_E_ARG, "no expert of %zu has a recorded latency_ms", lib->n);
    column_fill(t->first, lib->n, &w);
    return PM_OK;
}

/* An expert's usual answer is its attribute output_tokens, or the assumed length. */
static pm_status time_experts(const pm_constraint *k, pm_call *c, const pm_library *lib, timing *t)
{
    const struct latency_params *p = c->params;
    *t = (timing){.first = c->host->scratch(c, lib->n, sizeof(double)),
                  .token = c->host->scratch(c, lib->n, sizeof(double)),
                  .tokens = c->host->scratch(c, lib->n, sizeof(double))};
    if (!t->first || !t->token || !t->tokens) return PM_E_MEMORY;
    int is_recorded = basis_of(k, p, lib) == BASIS_RECORDED;
    pm_status st = is_recorded ? recorded(k, c, lib, t) : listed(c, lib, t);
    for (size_t j = 0; j < lib->n && st == PM_OK; j++) {
        t->tokens[j] = pm_attr_number(lib->expert[j], "output_tokens", p->tokens_out);
        double ms = t->first[j] + t->token[j] * t->tokens[j];
        if (!(ms >= 0 && ms < 1e30))
            st = c->host->fail(c, PM_E_ARG, "expert \"%s\" takes %g ms; want 0 to 1e30",
                               lib->expert[j]->id, ms);
        t->slowest = ms > t->slowest ? ms : t->slowest;
    }
    return st;
}

static double scaled(const struct latency_params *p, const timing *t, double ms)
{
    if (p->scale == SCALE_RAW) return ms;
    return t->slowest > 0 ? ms / t->slowest : 0;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    const struct latency_params *p = c->params;
    timing t;
    pm_status st = time_experts(k, c, lib, &t);
    if (st != PM_OK) return st;
    int has_lengths = s && s->tokens_out.at != NULL;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < lib->n; j++) {
            double tokens = has_lengths ? (double)pm_row(s->tokens_out, i)[j] : t.tokens[j];
            if (!(tokens >= 0)) tokens = t.tokens[j];
            pm_row(out, i)[j] = (float)scaled(p, &t, t.first[j] + t.token[j] * tokens);
        }
    return PM_OK;
}

static pm_status realised(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_outcomes *y, pm_mat out)
{
    const struct latency_params *p = c->params;
    pm_cmat ms = pm_extra_find(y, "latency_ms");
    timing t;
    pm_status st = time_experts(k, c, lib, &t);
    for (size_t i = 0; i < x->n && st == PM_OK; i++)
        for (size_t j = 0; j < lib->n; j++) {
            double v = ms.at ? (double)pm_crow(ms, i)[j] : (double)NAN;
            if (v < 0)
                return c->host->fail(c, PM_E_ARG, "expert \"%s\": recorded %g ms; want >= 0",
                                     lib->expert[j]->id, v);
            pm_row(out, i)[j] = (float)scaled(p, &t, v);
        }
    return st;
}

static pm_status train(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    const struct latency_params *p = c->params;
    pm_cmat ms = {0};
    if (fit->y) ms = pm_extra_find(fit->y, "latency_ms");
    if (!ms.at && p->basis == BASIS_RECORDED)
        return c->host->fail(c, PM_E_ARG,
                             "basis = \"recorded\", but the data has no table latency_ms "
                             "(latency_ms.csv); use basis = \"listed\" or \"auto\"");
    pm_status st = ms.at && p->basis != BASIS_LISTED ? attr_means_learn(c, fit, ms, &k->recorded)
                                                     : PM_OK;
    if (st != PM_OK) return st;
    int is_recorded = basis_of(k, p, fit->lib) == BASIS_RECORDED;
    size_t n = 0;
    for (size_t j = 0; j < fit->lib->n; j++) {
        double v = attr_means_of(&k->recorded, fit->lib->expert[j], j);
        if (is_recorded ? v == v : is_listed(fit->lib->expert[j])) n++;
    }
    pm_metric m = {is_recorded ? "experts timed by mean recorded latency on train"
                               : "experts timed by their attributes",
                   (double)n};
    return c->host->progress(c, 1, &m, 1);
}

static pm_status save(const pm_constraint *k, pm_call *c, pm_store *s)
{
    return attr_means_save(&k->recorded, c, s);
}

static pm_status load(pm_constraint *k, pm_call *c, pm_store *s)
{
    return attr_means_load(&k->recorded, c, s);
}

static const char *const basis_words[] = {"auto", "recorded", "listed", NULL};
static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct latency_params, basis, BASIS_AUTO, 0, 2, basis_words,
                   "\"recorded\" mean of the table latency_ms on train, \"listed\" attributes "
                   "latency_first_ms and latency_token_ms, \"auto\" = recorded unless attributes "
                   "are known for more experts"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct latency_params, scale, SCALE_MAX, 0, 1, scale_words,
                   "\"max\" ms / ms of the slowest served expert at its usual length (a longer "
                   "answer may pass 1), \"raw\" ms"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct latency_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert of unknown speed: \"error\", \"worst\" = as slow as the slowest, "
                   "\"mean\" = like the mean of the others"),
    PM_PARAM(PM_P_F64, struct latency_params, tokens_out, 250, 0, 1e7,
             "assumed answer length where neither the router nor the attribute output_tokens tells "
             "it, basis listed (tokens)"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {
    {"fastest model", 10}, {"fast model", 0.1}, {"fast", 0.1}, {NULL, 0}};

static const pm_constraint_type latency = {
    .size = sizeof latency,
    .name = "latency",
    .doc = "Expected ms of an answer: latency_first_ms + latency_token_ms * tokens, with the "
           "router's expected tokens of this prompt, else the expert's attribute output_tokens, "
           "else an assumed length; or the mean of the recorded table latency_ms on the training "
           "prompts. One basis serves all experts. Wins when speeds differ by factors; blind to "
           "queues and to the load of the hour.",
    .source = "tryage notes 1.3 (latency); the linear form is the usual model of decoding",
    .unit = "ms",
    .params = params,
    .params_bytes = sizeof(struct latency_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 1,
    .state_bytes = sizeof(pm_constraint),
    .eval = eval,
    .train = train,
    .save = save,
    .load = load,
    .phrases = phrases,
    .realised = realised,
};
PM_PLUGIN_CONSTRAINT(latency, "1.0", "MIT")
