/* SPDX-License-Identifier: MIT
 *
 * What a router between two models is held against: random scores, prompt length, and the best that any router could
 * do (docs/metrics.md, section 7).
 */
#ifndef PM_EVAL_TWO_MODELS_LINES_H
#define PM_EVAL_TWO_MODELS_LINES_H

#include "eval/two_models.h"

/* w = chars / (chars + 1000), chars = code points of the prompt; negative: 1 - w (RouteLLM's would-be router that
 * asks the strong model for short prompts). */
double two_models_length(size_t chars, bool negative);

/* RouteLLM's random row: random.seed(0), then `iterations` (its evaluator: 10) passes of uniform scores in prompt
 * order; points of equal share are averaged.
 * Errors  PM_E_ARG: n = 0 or no iteration; PM_E_SHAPE: more than TWO_MODELS_EDGES different shares (equal draws). */
PM_MUST_USE pm_status two_models_random_compat(const double *weak, const double *strong, size_t n,
                                               size_t iterations, arena *scratch,
                                               two_models_curve *out, pm_err *err);

typedef struct two_models_draws { /* over independent random orders */
    size_t draws;
    two_models_score mean,
        sd; /* sd of one draw; weak and strong: 0; fields that are NaN in a draw leave it out */
    two_models_curve curve; /* mean of the curves */
} two_models_draws;

/* Random orders of our own generator: what a random row says on average, and how far one draw of it lies from that.
 * Errors  PM_E_ARG: n = 0 or no draw.   Cost  O(draws n). */
PM_MUST_USE pm_status two_models_random(const double *weak, const double *strong, size_t n,
                                        size_t draws, uint64_t seed, arena *scratch,
                                        two_models_draws *out, pm_err *err);

typedef struct two_models_optimal_options {
    bool
        compat_whole; /* RouteLLM's form for MT-Bench: whole prompts, floor(budget share) of them */
    size_t
        budget; /* 0: n.  RouteLLM's bug: the table holds all questions, the budget counts those that are left
                          after decontamination */
} two_models_optimal_options;

/* The best mean outcome when at most a share c of prompts may go to the strong model, c = 0, .1 ... 1: prompts by
 * gain, those that gain nothing stay weak, so the line is flat once all gains are taken.  For 0/1 outcomes it is
 * RouteLLM's optimal line of MMLU and GSM8K.  o NULL: exact. */
PM_MUST_USE pm_status two_models_optimal(const double *weak, const double *strong, size_t n,
                                         const two_models_optimal_options *o, arena *scratch,
                                         two_models_curve *out, pm_err *err);

/* The same when prompt i occurs times[i] times, as two_models_curve_drawn; ranked by gain.   Cost  O(n). */
void two_models_optimal_drawn(const two_models_ranking *by_gain, const uint16_t *times, size_t size,
                              double weak_sum, const two_models_optimal_options *o,
                              two_models_work *w, two_models_curve *out);

/* score [n]: higher for a larger gain, equal gains by index (the first highest): the best ranking there is. */
PM_MUST_USE pm_status two_models_oracle(const double *weak, const double *strong, size_t n,
                                        arena *scratch, double *score, pm_err *err);

#endif
