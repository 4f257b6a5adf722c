/* SPDX-License-Identifier: MIT
 *
 * Flags of an experiment's prompts, as experiment_flags.c reads and experiment_flagged.c uses them.
 */
#ifndef PM_EVAL_EXPERIMENT_FLAGS_H
#define PM_EVAL_EXPERIMENT_FLAGS_H

#include "eval/experiment_private.h"

typedef struct flagged_prompt { /* one whose flags weigh something */
    uint64_t key;               /* pm_prompts.id */
    const double *set, *add;    /* [n_constraints] as flags_result has them */
} flagged_prompt;

typedef struct prompt_flags {
    flags *words;
    flagged_prompt *prompt; /* [n] in the order of the data */
    size_t n, n_told;
    size_t n_with, n_read, n_wrong, n_text, n_earlier;
    char text_hash[65]; /* of the stripped texts */
} prompt_flags;

struct seed_flags {                /* of the test part */
    const flagged_prompt **prompt; /* [n_test] or NULL each */
    uint32_t *row;                 /* [n] test prompts with flags */
    size_t n;
    float **weight;              /* [n_constraints] [n_test] or NULL: no flag speaks of it */
    const float *const *weights; /* the same, for a pipeline */
};

#endif
