/* SPDX-License-Identifier: MIT
 *
 * Twelve prompts, three experts: outcomes, costs, choices, predictions and spreads as drawn by numpy 1.24.2
 * (default_rng(7), rounded, four rows set by hand for ties), whose metrics were computed there with numpy and
 * scipy.stats.spearmanr.  Shared by test_policy and test_metrics.
 */
#ifndef PM_TEST_EVAL_GOLDEN_H
#define PM_TEST_EVAL_GOLDEN_H

#include "eval/policy.h"

#define GOLDEN_N 12
#define GOLDEN_M 3

static const float golden_value[] = {0.5f,  0.5f,  0.5f,  1.0f,  1.0f,  0.0f,  0.2f,  0.9f,  0.9f,
                                     0.47f, 0.3f,  0.28f, 0.25f, 0.45f, 0.5f,  0.81f, 0.8f,  0.1f,
                                     0.62f, 0.99f, 0.22f, 0.16f, 0.61f, 0.04f, 0.04f, 0.51f, 0.47f,
                                     0.92f, 0.63f, 0.51f, 0.5f,  0.25f, 0.01f, 0.19f, 0.69f, 0.2f};
static const float golden_cost[] = {
    0.0037f, 0.0f,    0.0083f, 0.0015f, 0.0027f, 0.0088f, 0.0051f, 0.0085f, 0.0064f,
    0.0074f, 0.0009f, 0.0054f, 0.0051f, 0.0087f, 0.0036f, 0.006f,  0.0006f, 0.0039f,
    0.0032f, 0.0015f, 0.0082f, 0.0038f, 0.0098f, 0.0059f, 0.0061f, 0.0064f, 0.0068f,
    0.0015f, 0.0044f, 0.0024f, 0.004f,  0.001f,  0.0097f, 0.0022f, 0.0067f, 0.003f};
static const uint32_t golden_choice[] = {1, 1, 2, 1, 1, 1, 2, 2, 1, 2, 1, 2};

static inline eval_truth golden_truth(pm_value_kind kind)
{
    return (eval_truth){.n = GOLDEN_N,
                        .m = GOLDEN_M,
                        .kind = kind,
                        .value = {golden_value, GOLDEN_N, GOLDEN_M, GOLDEN_M},
                        .cost_usd = {golden_cost, GOLDEN_N, GOLDEN_M, GOLDEN_M}};
}

#endif
