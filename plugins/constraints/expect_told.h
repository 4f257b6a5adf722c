/* SPDX-License-Identifier: MIT
 *
 * A constraint on an amount of the answer (its length, its grade): learned from a table of the data, or where the data
 * has none, an attribute of each expert.  Private to verbosity and readability.
 */
#ifndef EXPECT_TOLD_H
#define EXPECT_TOLD_H

#include "expect.h"
#include "expect_ids.h"

enum { TOLD_ERROR, TOLD_WORST, TOLD_MEAN }; /* an expert of which nothing is known */
extern const char *const told_missing_words[];

struct told { /* amount.m == 0: by attribute */
    struct expect_ids ids;
    struct expect amount;
};

struct told_source {
    const char *attribute; /* of experts */
    const char *tables;    /* "tokens_out.csv or output_chars.csv": for messages */
    const char *metric;    /* "held-out MAE of answer tokens" */
};

/* goal->y.at == NULL: the data has no table; then some expert must have the attribute. */
pm_status told_train(struct told *t, pm_call *c, const struct expect_goal *goal,
                     const struct told_source *from);

/* Amounts [x->n x lib->n] of the prompts, complete: what is not known by `missing`. */
pm_status told_prompts(const struct told *t, pm_call *c, const pm_library *lib, const pm_prompts *x,
                       const struct told_source *from, int64_t missing, pm_mat out);

/* The largest mean (or attribute) of the served experts; 0 if nothing is known. */
double told_largest(const struct told *t, const pm_library *lib, const struct told_source *from);

pm_status told_save(const struct told *t, pm_call *c, pm_store *s);
pm_status told_load(struct told *t, pm_call *c, pm_store *s);

#endif
