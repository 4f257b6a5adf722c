/* SPDX-License-Identifier: MIT
 *
 * security: how far an expert is from full trust.  From its attribute trust, or from a table of evidence that
 * adds up; nothing is learnt and nothing is looked up elsewhere.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "attr_column.h"
#include "attr_words.h"

struct security_params {
    int64_t basis, scale, missing;
    double licence, safetensors, known_organisation, no_remote_code, audited;
};

enum { BASIS_AUTO, BASIS_TRUST, BASIS_EVIDENCE };
enum { SCALE_RAW, SCALE_RANGE };
enum { EVIDENCE = 5 };

static const char *const evidence[EVIDENCE] = {"licence", "safetensors", "known_organisation",
                                               "no_remote_code", "audited"};

static double points_of(const struct security_params *p, size_t e)
{
    const double points[EVIDENCE] = {p->licence, p->safetensors, p->known_organisation,
                                     p->no_remote_code, p->audited};
    return points[e];
}

static pm_status refuse_word(pm_call *c, const pm_expert *e, pm_str word)
{
    return c->host->fail(c, PM_E_ARG,
                         "expert \"%s\": trust_evidence holds \"%.*s\"; want a list of licence, "
                         "safetensors, known_organisation, no_remote_code, audited (or basis = "
                         "\"trust\")",
                         e->id, (int)(word.len < 64 ? word.len : 64), word.ptr);
}

/* trust = points of the evidence that is there / points of all; NaN where the expert tells none. */
static pm_status add_up(pm_call *c, const pm_expert *e, double *out)
{
    const struct security_params *p = c->params;
    const char *list = words_of(e, "trust_evidence"), *licence = words_of(e, "licence");
    int seen[EVIDENCE] = {licence && *licence};
    double sum = 0, all = 0;
    pm_str word;
    *out = (double)NAN;
    if (!list) return PM_OK;
    while (words_next(&list, &word)) {
        size_t t = 0;
        while (t < EVIDENCE && !words_equal(word, (pm_str){evidence[t], strlen(evidence[t])})) t++;
        if (t == EVIDENCE) return refuse_word(c, e, word);
        seen[t] = 1;
    }
    for (size_t t = 0; t < EVIDENCE; t++) {
        all += points_of(p, t);
        if (seen[t]) sum += points_of(p, t);
    }
    if (!(all > 0))
        return c->host->fail(c, PM_E_ARG,
                             "every piece of evidence has 0 points; want at least one above 0");
    *out = sum / all;
    return PM_OK;
}

static pm_status trust_of(pm_call *c, const pm_expert *e, double *out)
{
    const struct security_params *p = c->params;
    const pm_attr *a = p->basis == BASIS_EVIDENCE ? NULL : pm_attr_find(e, "trust");
    *out = (double)NAN;
    if (a && (a->kind != PM_ATTR_NUMBER || !(a->number >= 0 && a->number <= 1)))
        return c->host->fail(c, PM_E_ARG, "expert \"%s\": trust must be a number of 0 to 1", e->id);
    if (a) *out = a->number;
    return a || p->basis == BASIS_TRUST ? PM_OK : add_up(c, e, out);
}

static pm_status refuse_missing(pm_call *c, const pm_expert *e)
{
    const struct security_params *p = c->params;
    static const char *const wanted[] = {"trust (0 to 1) or trust_evidence (a list)",
                                         "trust (0 to 1)", "trust_evidence (a list)"};
    return c->host->fail(c, PM_E_ARG,
                         "expert \"%s\" has no attribute %s; add it, or set missing = \"worst\" "
                         "or \"mean\"",
                         e->id, wanted[p->basis]);
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct security_params *p = c->params;
    const column_want w = {.missing = p->missing};
    double low = 1, high = 0, *v = c->host->scratch(c, lib->n, sizeof *v);
    if (!v) return PM_E_MEMORY;
    size_t known = 0;
    for (size_t j = 0; j < lib->n; j++) {
        double trust;
        pm_status st = trust_of(c, lib->expert[j], &trust);
        if (st != PM_OK) return st;
        if (trust != trust && p->missing == COLUMN_ERROR) return refuse_missing(c, lib->expert[j]);
        v[j] = trust == trust || p->missing == COLUMN_MEAN ? 1 - trust : 1;
        known += v[j] == v[j];
    }
    if (!known && lib->n) return refuse_missing(c, lib->expert[0]);
    column_fill(v, lib->n, &w);
    for (size_t j = 0; j < lib->n; j++) {
        low = v[j] < low ? v[j] : low;
        high = v[j] > high ? v[j] : high;
    }
    for (size_t j = 0; j < lib->n; j++)
        v[j] = column_scaled(p->scale == SCALE_RAW ? COLUMN_RAW : COLUMN_RANGE, v[j], low, high);
    return column_put(c, lib, "its distance to full trust", v, out);
}

static const char *const basis_words[] = {"auto", "trust", "evidence", NULL};
static const char *const scale_words[] = {"raw", "range", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct security_params, basis, BASIS_AUTO, 0, 2, basis_words,
                   "\"trust\" the attribute, \"evidence\" points of the words in trust_evidence, "
                   "\"auto\" = trust where an expert has it, else evidence"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct security_params, scale, SCALE_RAW, 0, 1, scale_words,
                   "\"raw\" 1 - trust, \"range\" the same from 0 for the safest served expert to 1 "
                   "for the least safe"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct security_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert of which neither is told: \"error\", \"worst\" = no trust, \"mean\" "
                   "= like the mean of the others"),
    PM_PARAM(PM_P_F64, struct security_params, licence, 1, 0, 1000,
             "points: a licence is told (attribute licence, or the word)"),
    PM_PARAM(PM_P_F64, struct security_params, safetensors, 1, 0, 1000,
             "points: weights in a format that holds no code"),
    PM_PARAM(PM_P_F64, struct security_params, known_organisation, 1, 0, 1000,
             "points: published by an organisation that is known"),
    PM_PARAM(PM_P_F64, struct security_params, no_remote_code, 1, 0, 1000,
             "points: runs without code from elsewhere"),
    PM_PARAM(PM_P_F64, struct security_params, audited, 0, 0, 1000,
             "points: looked through by somebody you trust"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {{"most secure model", 10},
                                    {"most private model", 10},
                                    {"secure model", 0.1},
                                    {"private model", 0.1},
                                    {"secure", 0.1},
                                    {"private", 0.1},
                                    {NULL, 0}};

static const pm_constraint_type security = {
    .size = sizeof security,
    .name = "security",
    .doc = "1 - trust. Trust is the attribute, or points of the evidence that is told of an expert "
           "/ points of all evidence: a licence, safetensors, a known organisation, no remote "
           "code, an audit. A bound is the most that is tolerated: 0.5 wants half of the points. "
           "Wins as a policy that can be read and argued about; it measures what is declared, "
           "not what is safe.",
    .source = "Tryage (arXiv 2308.11601) names security; table: tryage notes 1.3",
    .unit = "share of trust that is lacking",
    .params = params,
    .params_bytes = sizeof(struct security_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .phrases = phrases,
};
PM_PLUGIN_CONSTRAINT(security, "1.0", "MIT")
