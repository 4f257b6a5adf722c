/* SPDX-License-Identifier: MIT
 *
 * What an expert costs, for comparing only: dollars of a call, list prices, size, or the order of the library.
 */
#include <math.h>

#include "threshold.h"

static double of_expert(const pm_question *q, int64_t cheap, size_t i, size_t j)
{
    const pm_expert *e = q->lib->expert[j];
    switch (cheap) {
    case CHEAP_COST:
        return q->cost_usd.at ? (double)pm_crow(q->cost_usd, i)[j] : NAN;
    case CHEAP_PRICE:
        return pm_attr_number(e, "price_in", NAN) + pm_attr_number(e, "price_out", NAN);
    case CHEAP_PARAMS:
        return pm_attr_number(e, "params", NAN) / 1e9;
    case CHEAP_ORDER:
        return (double)j;
    default:
        return 0; /* terms alone */
    }
}

/* The first expert of which it is not known, or m. */
static size_t fill(const pm_question *q, int64_t cheap, size_t i, double *out)
{
    size_t m = q->value.cols;
    for (size_t j = 0; j < m; j++) {
        out[j] = of_expert(q, cheap, i, j);
        if (!isfinite(out[j])) return j;
    }
    return m;
}

pm_status threshold_cheap(pm_call *c, const pm_question *q, size_t i, double *cheap)
{
    static const char *const wants[] = {
        "", "the expected cost of a call", "price_in and price_out", "params", "", ""};
    const struct threshold_params *p = c->params;
    size_t m = q->value.cols;
    if (p->cheap == CHEAP_AUTO) {
        for (int64_t way = CHEAP_COST; way <= CHEAP_ORDER; way++)
            if (fill(q, way, i, cheap) == m) break;
        return PM_OK;
    }
    size_t unknown = fill(q, p->cheap, i, cheap);
    if (unknown == m) return PM_OK;
    return c->host->fail(
        c, PM_E_ARG,
        "expert \"%s\" has no %s, by which experts are to be compared; give it, or "
        "use cheap = \"auto\", which takes what is known of all",
        q->lib->expert[unknown]->id, wants[p->cheap]);
}
