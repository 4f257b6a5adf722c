/* SPDX-License-Identifier: MIT
 *
 * recency: how old an expert is, in days since its release (attribute `released`, a date) or since the last
 * day of what it knows.  Age against a given date or the newest expert's; no clock is read.
 */
#include <math.h>
#include <pointsman/plugin.h>
#include <stdio.h>

#include "attr_column.h"

struct recency_params {
    const char *as_of;
    int64_t by, scale, missing, future;
};

enum { SCALE_MAX, SCALE_RAW };
enum { BY_RELEASED, BY_CUTOFF };
enum { FUTURE_NEW, FUTURE_ERROR };

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

static pm_status refuse_future(pm_call *c, const pm_expert *e, const column_want *w, double days)
{
    const struct recency_params *p = c->params;
    return c->host->fail(c, PM_E_ARG,
                         "expert \"%s\": %s is %.0f days after as_of = \"%s\"; correct one of the "
                         "two, or set future = \"new\" (age 0)",
                         e->id, w->attr, days, p->as_of);
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct recency_params *p = c->params;
    column_want w = {.attr = p->by == BY_RELEASED ? "released" : "knowledge_cutoff",
                     .form = "date, YYYY-MM-DD",
                     .unit = 1,
                     .least = -(double)INFINITY,
                     .kind = PM_ATTR_DATE,
                     .missing = p->missing,
                     .more = 1};
    column col;
    pm_status st = column_read(c, lib, &w, &col);
    if (st != PM_OK) return st;
    double as_of = col.high;
    if (p->as_of[0] && !parse_date(p->as_of, &as_of))
        return c->host->fail(c, PM_E_ARG, "as_of = \"%s\" is not a date YYYY-MM-DD", p->as_of);
    double oldest = as_of > col.low ? as_of - col.low : 0;
    for (size_t j = 0; j < lib->n; j++) {
        double age = as_of - col.v[j];
        if (age < 0 && p->future == FUTURE_ERROR) return refuse_future(c, lib->expert[j], &w, -age);
        if (age < 0) age = 0;
        if (p->scale == SCALE_MAX) age = oldest > 0 ? age / oldest : 0;
        col.v[j] = age;
    }
    return column_put(c, lib, "its age", col.v, out);
}

static const char *const by_words[] = {"released", "knowledge_cutoff", NULL};
static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const char *const future_words[] = {"new", "error", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct recency_params, as_of, "",
                  "date YYYY-MM-DD that age is counted to; \"\" = the newest of the library"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct recency_params, by, BY_RELEASED, 0, 1, by_words,
                   "the date that counts: \"released\" or \"knowledge_cutoff\""),
    PM_PARAM_WORDS(PM_P_CHOICE, struct recency_params, scale, SCALE_MAX, 0, 1, scale_words,
                   "\"max\" age / age of the oldest expert, \"raw\" days"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct recency_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert without the date: \"error\", \"worst\" = as old as the oldest, "
                   "\"mean\" = the mean date of the others"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct recency_params, future, FUTURE_NEW, 0, 1, future_words,
                   "a date after as_of: \"new\" = age 0, or \"error\""),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {{"newest model", 10},
                                    {"latest model", 10},
                                    {"recent model", 0.1},
                                    {"new model", 0.1},
                                    {NULL, 0}};

static const pm_constraint_type recency = {
    .size = sizeof recency,
    .name = "recency",
    .doc = "Days since an expert's release, or since its knowledge cut-off. Counted to the newest "
           "of the served library or to a given date; at scale max divided by the age of the "
           "oldest expert. Wins as a stand-in for what an expert can know; "
           "says nothing about quality, and at scale max one very old expert squeezes the others "
           "together.",
    .source = "Tryage (arXiv 2308.11601) names recency; formula: tryage notes 1.3",
    .unit = "days",
    .params = params,
    .params_bytes = sizeof(struct recency_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .phrases = phrases,
};
PM_PLUGIN_CONSTRAINT(recency, "1.1", "MIT")
