/* SPDX-License-Identifier: MIT
 *
 * attribute: any number, date or flag of an expert as a constraint: carbon_g_per_ktok, context, an attribute
 * of one's own.  A property of the expert alone; the prompt plays no part.
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "attr_column.h"

struct attribute_params {
    const char *name;
    int64_t better, scale, missing;
    double target;
};

enum { BETTER_LESS, BETTER_MORE };

/* What is too much of it, or too little. */
static double weigh(const struct attribute_params *p, double v, const column *col)
{
    if (p->better == BETTER_LESS) return column_scaled(p->scale, v, col->low, col->high);
    if (p->scale == COLUMN_RAW) {
        double target = p->target > 0 ? p->target : col->high;
        return v < target ? target - v : 0;
    }
    double share = 1 - column_scaled(p->scale, v, col->low, col->high);
    return col->high > col->low ? share : 0;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct attribute_params *p = c->params;
    int is_signed = p->scale == COLUMN_RANGE || (p->scale == COLUMN_RAW && p->better);
    column_want w = {.attr = p->name,
                     .form = "number, date or flag",
                     .unit = 1,
                     .least = is_signed ? -(double)INFINITY : 0,
                     .is_positive = p->scale == COLUMN_LOG,
                     .missing = p->missing,
                     .more = p->better == BETTER_MORE,
                     .is_log = p->scale == COLUMN_LOG};
    column col;
    if (!p->name[0])
        return c->host->fail(c, PM_E_ARG, "name is empty; want the name of an attribute");
    pm_status st = column_read(c, lib, &w, &col);
    if (st != PM_OK) return st;
    for (size_t j = 0; j < lib->n; j++) col.v[j] = weigh(p, col.v[j], &col);
    return column_put(c, lib, p->name, col.v, out);
}

static const char *const better_words[] = {"less", "more", NULL};
static const char *const scale_words[] = {"raw", "max", "range", "log_range", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct attribute_params, name, "carbon_g_per_ktok",
                  "name of the attribute: a number, a date (days) or a flag (0, 1)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct attribute_params, better, BETTER_LESS, 0, 1, better_words,
                   "\"less\" = value is what there is of it, \"more\" = what is lacking to the "
                   "largest of the served library"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct attribute_params, scale, COLUMN_MAX, 0, 3, scale_words,
                   "\"raw\" the attribute's own unit, \"max\" v / largest, \"range\" (v - least) / "
                   "(largest - least), \"log_range\" the same of log10 v"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct attribute_params, missing, COLUMN_ERROR, 0, 2, missing_words,
                   "an expert without it: \"error\", \"worst\" = like the worst of the others, "
                   "\"mean\" = their mean (of logarithms at scale log_range)"),
    PM_PARAM(PM_P_F64, struct attribute_params, target, 0, 0, 1e15,
             "better = more at scale raw: value is what is lacking to this; 0 = to the largest of "
             "the served library (unit of the attribute)"),
    PM_PARAM_END,
};

static const pm_constraint_type attribute = {
    .size = sizeof attribute,
    .name = "attribute",
    .doc = "Any number of an expert: energy, carbon, context, a rating of one's own. Least and "
           "largest are those of the served library. At scales raw (better = less), max and "
           "log_range an attribute below 0 is refused; range takes any. A weight below 0 turns the "
           "preference round. Wins where no plugin knows the attribute; says nothing of what "
           "the prompt would change.",
    .source = "Tryage (arXiv 2308.11601) eq. T1 with C_k a property of the expert",
    .unit = "unit of the attribute",
    .params = params,
    .params_bytes = sizeof(struct attribute_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .signed_weight = 1,
};
PM_PLUGIN_CONSTRAINT(attribute, "1.0", "MIT")
