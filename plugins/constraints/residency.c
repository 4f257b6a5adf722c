/* SPDX-License-Identifier: MIT
 *
 * residency: whether an expert is served where it may be: 0 allowed, 1 not.  By its attribute region; "eu"
 * covers "eu-west-1".  Declared places are believed, not checked.
 */
#include <pointsman/plugin.h>

#include "attr_words.h"

struct residency_params {
    const char *allow, *deny;
    int64_t match, missing;
};

enum { MATCH_ALL, MATCH_ANY };
enum { MISSING_ERROR, MISSING_WORST, MISSING_ALLOW };

/* "eu" covers "eu" and "eu-west-1", not "europe". */
static int is_covered(const char *list, pm_str region)
{
    pm_str area;
    while (words_next(&list, &area))
        if (area.len <= region.len && words_equal(area, (pm_str){region.ptr, area.len}) &&
            (area.len == region.len || region.ptr[area.len] == '-'))
            return 1;
    return 0;
}

/* A forbidden place inside an allowed one is forbidden; the other way round, too. */
static int is_allowed(const struct residency_params *p, const char *regions)
{
    size_t n = 0, good = 0;
    pm_str region;
    while (words_next(&regions, &region)) {
        n++;
        good += (!p->allow[0] || is_covered(p->allow, region)) && !is_covered(p->deny, region);
    }
    return p->match == MATCH_ALL ? n && good == n : good > 0;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    const struct residency_params *p = c->params;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        const char *regions = words_of(e, "region"), *rest = regions;
        pm_str first;
        if (regions && !words_next(&rest, &first)) regions = NULL;
        if (!regions && p->missing == MISSING_ERROR)
            return c->host->fail(
                c, PM_E_ARG,
                "expert \"%s\" has no attribute region (eu, us-east-1, local ...); "
                "add it, or set missing = \"worst\" or \"allow\"",
                e->id);
        int ok = regions ? is_allowed(p, regions) : p->missing == MISSING_ALLOW;
        pm_row(out, 0)[j] = ok ? 0 : 1;
    }
    return PM_OK;
}

static const char *const match_words[] = {"all", "any", NULL};
static const char *const missing_words[] = {"error", "worst", "allow", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct residency_params, allow, "",
                  "places that are allowed, by commas: \"eu, local\"; \"\" = all but those denied"),
    PM_PARAM_TEXT(struct residency_params, deny, "", "places that are forbidden, by commas"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct residency_params, match, MATCH_ALL, 0, 1, match_words,
                   "an expert served in several: \"all\" of them must be allowed, or \"any\""),
    PM_PARAM_WORDS(PM_P_CHOICE, struct residency_params, missing, MISSING_ERROR, 0, 2,
                   missing_words,
                   "an expert without region: \"error\", \"worst\" = forbidden, \"allow\""),
    PM_PARAM_END,
};

static const pm_constraint_type residency = {
    .size = sizeof residency,
    .name = "residency",
    .doc = "0 where an expert is served in allowed places, 1 elsewhere. Attribute region is a list "
           "by commas; a place covers what begins with it and a dash (eu covers eu-west-1); upper "
           "and lower case are alike. Hard by nature, bound 0.5; as a soft term, a fee for "
           "leaving. Wins where data may not leave; believes what the library says.",
    .source = "tryage notes 1.3 (locality)",
    .unit = "0 allowed, 1 not",
    .params = params,
    .params_bytes = sizeof(struct residency_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .usual_bound = 0.5,
};
PM_PLUGIN_CONSTRAINT(residency, "1.0", "MIT")
