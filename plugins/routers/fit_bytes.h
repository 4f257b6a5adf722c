/* SPDX-License-Identifier: MIT
 *
 * Word features that a router reads from the text itself: runs of 1 to `longest` bytes as they are written,
 * case and white space included, hashed to 2^21 buckets; those of one document only are no columns, for they
 * tell nothing of another.  Private to best_expert.
 *
 *   value = (1 + ln tf) ln((1 + D) / (1 + df)), rows of unit length; df: of D training documents, how many
 */
#ifndef FIT_BYTES_H
#define FIT_BYTES_H

#include <pointsman/plugin.h>

struct fit_bytes {
    size_t longest, v;    /* bytes of a run, 0: nothing is read; columns */
    const uint32_t *key;  /* [v] buckets, ascending */
    const float *idf;     /* [v] */
    const uint32_t *find; /* [buckets] column of a bucket plus 1, or 0 */
};

/* Columns from the training texts; in memory of the instance being built.  Refuses prompts without text. */
pm_status fit_bytes_learn(struct fit_bytes *b, pm_call *c, const pm_fit *fit);

/* *out: prompts [lo, lo + n) of x with these features for sparse ones, in scratch memory. */
pm_status fit_bytes_read(const struct fit_bytes *b, pm_call *c, const pm_prompts *x, size_t lo,
                         size_t n, pm_prompts *out);

/* Nothing is written or read where longest is 0. */
pm_status fit_bytes_save(const struct fit_bytes *b, pm_call *c, pm_store *s);
pm_status fit_bytes_load(struct fit_bytes *b, pm_call *c, pm_store *s);

#endif
