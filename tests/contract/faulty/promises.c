/* SPDX-License-Identifier: MIT
 *
 * Objectives that choose well and break a promise beside: about the formula, shares, fronts, refusals, or what is
 * asked for.  Only for tests of the conformance suite.
 */
#include <math.h>

#include <pointsman/plugin.h>

static const pm_param none[] = {PM_PARAM_END};

enum fault {
    KEPT,
    BENT_FORMULA,
    ROUGH_SHARE,
    WHOLE_FRONT,
    KEEPS_REFUSED,
    LOOKS_AT_ROOM,
    WANTS_SPREAD
};

/* From `from`, the weighted soft terms off, one after another. */
static double less_terms(double from, const pm_question *q, size_t i, size_t j, enum fault f)
{
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        double c = (double)pm_crow(t->value, i)[j];
        if (t->sense == PM_SOFT) from -= t->weight * (f == BENT_FORMULA ? c * c : c);
    }
    return from;
}

static double merit(const pm_question *q, size_t i, size_t j, enum fault f)
{
    return less_terms((double)pm_crow(q->value, i)[j], q, i, j, f);
}

static int beats(const pm_question *q, size_t i, size_t a, size_t b)
{
    int better = 0;
    double gain[2] = {(double)pm_crow(q->value, i)[a] - (double)pm_crow(q->value, i)[b],
                      less_terms(0, q, i, a, KEPT) - less_terms(0, q, i, b, KEPT)};
    for (size_t g = 0; g < 2; g++) {
        if (gain[g] < 0) return 0;
        better |= gain[g] > 0;
    }
    return better;
}

static int is_on_front(const pm_question *q, size_t i, size_t j, enum fault f)
{
    if (!pm_is_allowed(q, i, j)) return 0;
    for (size_t e = 0; f != WHOLE_FRONT && e < q->value.cols; e++)
        if (pm_is_allowed(q, i, e) && beats(q, i, e, j)) return 0;
    return 1;
}

static void fill(const pm_question *q, size_t i, size_t j, pm_decisions *out, enum fault f)
{
    size_t cell = i * q->value.cols + j;
    if (out->utility.at) pm_row(out->utility, i)[j] = (float)merit(q, i, j, f);
    if (out->share.at)
        pm_row(out->share, i)[j] = j != out->choice[i] ? 0 : f == ROUGH_SHARE ? 0.99995f : 1;
    if (out->front) out->front[cell] = (uint8_t)is_on_front(q, i, j, f);
    if (f == KEEPS_REFUSED && out->refused && pm_is_allowed(q, i, j))
        out->refused[cell] = j != out->choice[i];
}

static void choose(const pm_question *q, pm_decisions *out, enum fault f)
{
    for (size_t i = 0; i < q->value.rows; i++) {
        size_t best = SIZE_MAX;
        for (size_t j = 0; j < q->value.cols; j++) {
            double v = merit(q, i, j, f), top = best == SIZE_MAX ? v : merit(q, i, best, f);
            if (f == LOOKS_AT_ROOM && !out->utility.at) v = -v, top = -top;
            if (!pm_is_allowed(q, i, j)) continue;
            if (best == SIZE_MAX || v > top ||
                (!(v < top) && q->prior && q->prior[j] > q->prior[best]))
                best = j;
        }
        out->choice[i] = (uint32_t)best;
        for (size_t j = 0; j < q->value.cols; j++) fill(q, i, j, out, f);
    }
}

#define OBJECTIVE(name_, fault_)                                                                   \
    static pm_status decide_##name_(const pm_objective *o, pm_call *c, const pm_question *q,       \
                                    pm_decisions *out)                                             \
    {                                                                                              \
        (void)o;                                                                                   \
        if (fault_ == WANTS_SPREAD && !q->spread.at)                                               \
            return c->host->fail(c, PM_E_ARG, "no spread");                                        \
        choose(q, out, fault_);                                                                    \
        return PM_OK;                                                                              \
    }                                                                                              \
    static const pm_objective_type name_ = {.size = sizeof(pm_objective_type),                     \
                                            .name = #name_,                                        \
                                            .doc = "A test subject.",                              \
                                            .source = "ours",                                      \
                                            .params = none,                                        \
                                            .accepts = PM_VALUE_BIT(PM_VALUE_QUALITY),             \
                                            .offers = PM_OFFERS_UTILITY | PM_OFFERS_SHARE |        \
                                                      PM_OFFERS_FRONT,                             \
                                            .decide = decide_##name_,                              \
                                            .additive = 1}
OBJECTIVE(keeps_promises, KEPT);
OBJECTIVE(bent_formula, BENT_FORMULA);
OBJECTIVE(rough_share, ROUGH_SHARE);
OBJECTIVE(whole_front, WHOLE_FRONT);
OBJECTIVE(keeps_refused, KEEPS_REFUSED);
OBJECTIVE(looks_at_room, LOOKS_AT_ROOM);
OBJECTIVE(wants_spread, WANTS_SPREAD);

static const pm_objective_type *const objectives[] = {
    &keeps_promises, &bent_formula,  &rough_share,  &whole_front,
    &keeps_refused,  &looks_at_room, &wants_spread, NULL};

const pm_plugin *pm_plugin_entry(uint32_t host_abi)
{
    static const pm_plugin self = {.magic = PM_MAGIC,
                                   .abi = PM_ABI,
                                   .size = sizeof(pm_plugin),
                                   .real_bytes = sizeof(float),
                                   .name = "promises",
                                   .version = "1.0",
                                   .license = "MIT",
                                   .objectives = objectives};
    return (host_abi >> 16) == PM_ABI_MAJOR ? &self : NULL;
}
