/* SPDX-License-Identifier: MIT
 *
 * recency: how old an expert is, in days since its release (attribute `released`, a date).
 * Age against a reference date, by default the newest release of the served library; no clock is read.
 */
#include <pointsman/plugin.h>
#include <stdio.h>

struct recency_params {
    const char *reference;
    int64_t scale, missing;
};

enum { SCALE_MAX, SCALE_RAW };
enum { MISSING_ERROR, MISSING_WORST };

/* Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, days_from_civil). */
static double days_from_civil(int y, int m, int d)
{
    y -= m <= 2;
    int era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return 146097.0 * era + 365 * yoe + yoe / 4 - yoe / 100 + doy - 719468.0;
}

static int parse_date(const char *text, double *days)
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int b = 0; b < 10; b++)
        if (b == 4 || b == 7 ? text[b] != '-' : text[b] < '0' || text[b] > '9') return 0;
    int y = 0, m = 0, d = 0;
    if (text[10] != 0 || sscanf(text, "%4d-%2d-%2d", &y, &m, &d) != 3) return 0;
    int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m < 1 || m > 12 || d < 1 || d > length[m - 1] || (m == 2 && d == 29 && !leap)) return 0;
    *days = days_from_civil(y, m, d);
    return 1;
}

static const pm_attr *release_of(const pm_expert *e)
{
    const pm_attr *a = pm_attr_find(e, "released");
    return a && a->kind == PM_ATTR_DATE ? a : NULL;
}

/* Newest and oldest release of the library; refuses what is missing unless told otherwise. */
static pm_status range_of(pm_call *c, const pm_library *lib, double *newest, double *oldest)
{
    const struct recency_params *p = c->params;
    int any = 0;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_attr *a = release_of(lib->expert[j]);
        if (!a && p->missing == MISSING_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute released (a date, "
                                 "YYYY-MM-DD); add it, or set missing = \"worst\"",
                                 lib->expert[j]->id);
        if (!a) continue;
        *newest = any && *newest > a->number ? *newest : a->number;
        *oldest = any && *oldest < a->number ? *oldest : a->number;
        any = 1;
    }
    if (!any)
        return c->host->fail(c, PM_E_ARG, "no expert of %zu has an attribute released", lib->n);
    return PM_OK;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct recency_params *p = c->params;
    double newest = 0, oldest = 0;
    pm_status st = range_of(c, lib, &newest, &oldest);
    if (st != PM_OK) return st;
    double reference = newest;
    if (p->reference[0] && !parse_date(p->reference, &reference))
        return c->host->fail(c, PM_E_ARG, "reference = \"%s\" is not a date YYYY-MM-DD",
                             p->reference);
    double oldest_age = reference > oldest ? reference - oldest : 0;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_attr *a = release_of(lib->expert[j]);
        double age = a ? reference - a->number : oldest_age;
        if (age < 0) age = 0; /* released after the reference date */
        if (p->scale == SCALE_MAX) age = oldest_age > 0 ? age / oldest_age : 0;
        pm_row(out, 0)[j] = (float)age;
    }
    return PM_OK;
}

static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(
        struct recency_params, reference, "",
        "date YYYY-MM-DD that age is counted to; \"\" = the newest release of the library"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct recency_params, scale, SCALE_MAX, 0, 1, scale_words,
                   "\"max\" age / age of the oldest expert, \"raw\" days"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct recency_params, missing, MISSING_ERROR, 0, 1, missing_words,
        "an expert without a release date: \"error\", or \"worst\" = as old as the oldest"),
    PM_PARAM_END,
};

static const pm_constraint_type recency = {
    .size = sizeof recency,
    .name = "recency",
    .doc = "Days since an expert's release. Counted to the newest release of the served library "
           "or to a given date; at scale max divided by the age of the oldest expert. A release "
           "after the reference counts as age 0. Wins as a cheap stand-in for knowledge cut-off; "
           "says nothing about quality, and at scale max one very old expert squeezes the others "
           "together.",
    .source = "Tryage (arXiv 2308.11601) names recency; formula: tryage notes 1.3",
    .unit = "days",
    .params = params,
    .params_bytes = sizeof(struct recency_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
    .per_prompt = 0,
    .eval = eval,
};
PM_PLUGIN_CONSTRAINT(recency, "1.0", "MIT")
