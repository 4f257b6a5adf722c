/* SPDX-License-Identifier: MIT
 *
 * The curve of single experts, for tests of sweeps and of cost curves.
 */
#ifndef PM_TEST_CURVE_BED_H
#define PM_TEST_CURVE_BED_H

#include "eval/sweep.h"

static inline sweep_curve curve_of_experts(arena *a, const eval_truth *t)
{
    const policy **at = arena_alloc(a, t->m, sizeof *at);
    for (size_t j = 0; j < t->m; j++) {
        policy *p = arena_alloc(a, 1, sizeof *p);
        uint32_t *choice = arena_alloc(a, t->n, sizeof *choice);
        for (size_t i = 0; i < t->n; i++) choice[i] = (uint32_t)j;
        *p = (policy){.label = "expert", .role = POLICY_EXPERT, .choice = choice};
        at[j] = p;
    }
    return (sweep_curve){.label = "zero router", .at = at, .n = t->m};
}

#endif
