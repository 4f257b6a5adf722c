/* SPDX-License-Identifier: MIT
 *
 * pm.ablation as plain data: what an experiment asks about its constraints (docs/ablation.md).
 */
#ifndef PM_EVAL_ABLATION_H
#define PM_EVAL_ABLATION_H

#include "base/str.h"
#include "eval/ablation_design.h"

#define ABLATION_AXES 3 /* objectives of a front, at most */

typedef struct
    ablation_front { /* "quality" or "loss", "utility", "cost_usd", labels of constraints */
    const char *axis[ABLATION_AXES];
    size_t n; /* 2 or 3 */
} ablation_front;

typedef struct ablation_choice {
    ablation_spec spec; /* factors in the order of the experiment's constraints */
    bool interactions, shapley;
    const ablation_front *front;
    size_t n_fronts;
    const char *const *router; /* [n_routers] labels; none: all */
    size_t n_routers;
    const char *where;
} ablation_choice;

/* All that its rows depend on, canonical. */
void ablation_json(const ablation_choice *c, str *out);

#endif
