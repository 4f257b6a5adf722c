/* SPDX-License-Identifier: MIT
 *
 * mixture: two settings of penalty, soft weights times `lo` and times `hi`, mixed with probabilities `share` and
 * 1 - share: RouterBench's linear interpolation.  Offers exact shares; the choice is drawn by the prompt's id.
 */
#include "term_tools.h"

struct mixture_params {
    double lo, hi, share;
};

enum { STREAM_SETTING = 1 };

static void fill_share(const pm_question *q, size_t i, const uint32_t choice[2], double share,
                       pm_decisions *out)
{
    if (!out->share.at) return;
    float *p = pm_row(out->share, i);
    for (size_t j = 0; j < q->value.cols; j++) p[j] = 0;
    p[choice[0]] = choice[0] == choice[1] ? 1 : (float)share;
    if (choice[0] != choice[1]) p[choice[1]] = (float)(1 - share);
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    const struct mixture_params *p = c->params;
    const terms_scale setting[2] = {{1, p->lo}, {1, p->hi}};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (st) return st;
    for (size_t i = 0; i < q->value.rows; i++) {
        uint32_t choice[2] = {terms_choose(q, i, setting[0]), terms_choose(q, i, setting[1])};
        int drawn = !(c->host->uniform(c, STREAM_SETTING, q->x->id[i]) < p->share);
        fill_share(q, i, choice, p->share, out);
        out->choice[i] = choice[drawn];
        terms_explain(q, i, setting[drawn], out);
    }
    return PM_OK;
}

static const pm_param params[] = {
    PM_PARAM(PM_P_F64, struct mixture_params, lo, 0, 0, 1e9,
             "factor on the weight of every soft term, with probability share"),
    PM_PARAM(PM_P_F64, struct mixture_params, hi, 1, 0, 1e9,
             "factor on the weight of every soft term, else"),
    PM_PARAM(PM_P_F64, struct mixture_params, share, 0.5, 0, 1, "probability of the setting lo"),
    PM_PARAM_END,
};

static const pm_objective_type mixture = {
    .size = sizeof mixture,
    .name = "mixture",
    .doc = "With probability share the choice of penalty at soft weights times lo, else at soft "
           "weights times hi; hard terms forbid in both. The draw is a pure function of the seed "
           "and the prompt's id, so a prompt is always answered alike, and a batch as its prompts "
           "one by one. Shares are exact: expectations need no draws. Utility and parts are those "
           "of the setting that was drawn. Wins where a point between two settings is wanted that "
           "no weight reaches (every point of the hull of a sweep is such a mixture of two "
           "neighbours); loses where somebody must understand why equal prompts go to different "
           "experts.",
    .source = "RouterBench (Hu et al. 2024, arXiv 2403.12031), linear interpolation: t = (c2 - c) "
              "/ (c2 - c1) of the queries to the first router",
    .params = params,
    .params_bytes = sizeof(struct mixture_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_SHARE | PM_OFFERS_PARTS,
    .decide = decide,
};
PM_PLUGIN_OBJECTIVE(mixture, "1.0", "MIT")
