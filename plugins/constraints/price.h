/* SPDX-License-Identifier: MIT
 *
 * What price knows of dollars: recorded means, list prices, what a prompt is expected to cost.
 */
#ifndef PRICE_H
#define PRICE_H

#include "expect.h"
#include "expect_ids.h"

struct price_params {
    int64_t predict, basis, scale, missing, answers;
    double tokens_in, tokens_out;
};

enum { PREDICT_MEAN, PREDICT_PROMPT };
enum { BASIS_AUTO, BASIS_RECORDED, BASIS_LIST };
enum { SCALE_MAX, SCALE_RAW };
enum { MISSING_ERROR, MISSING_WORST, MISSING_MEAN };
enum { ANSWERS_LEARNED, ANSWERS_ROUTER };

struct pm_constraint { /* ids.n == 0: nothing was learned */
    struct expect_ids ids;
    const double *usd;    /* [n] mean recorded cost of a call; NaN if never recorded, or NULL */
    struct expect amount; /* m > 0: USD of a call (basis recorded) or tokens of its answer (list) */
    int64_t amount_of;    /* BASIS_RECORDED or BASIS_LIST */
    double tokens_in;     /* list: mean prompt of training */
};

/* One basis for all experts: a recorded mean beside a list price would compare unlike things. */
int64_t price_basis(const pm_constraint *k, const struct price_params *p, const pm_library *lib);

/* Experts of `lib` whose cost is known by records, and by list price. */
struct price_known {
    size_t recorded, listed;
};
struct price_known price_count(const pm_constraint *k, const struct price_params *p,
                               const pm_library *lib);

/* USD [lib->n] of an average call, by the basis; NaN: not known.  Refuses prices below 0. */
pm_status price_mean(const pm_constraint *k, pm_call *c, const pm_library *lib, int64_t basis,
                     double *usd);

/* What is missing by p->missing; *most: that of the dearest, 0 where nothing is known. */
pm_status price_complete(pm_call *c, const pm_library *lib, int64_t basis, double *usd,
                         double *most);

/* USD [x->n x lib->n] of these prompts; NaN: not known. */
pm_status price_prompts(const pm_constraint *k, pm_call *c, const pm_library *lib,
                        const pm_prompts *x, const pm_scores *s, pm_mat usd);

/* Tokens of prompt i: as given, else a quarter of its characters. */
double price_tokens_in(const pm_prompts *x, size_t i);

pm_status price_learn(pm_constraint *k, pm_call *c, const pm_fit *fit);

#endif
