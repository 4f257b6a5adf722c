/* SPDX-License-Identifier: MIT
 *
 * What constraints on recorded tables share: the mean of a table for each expert, kept by the expert's id, in
 * checkpoints too.  No plugin of its own.
 */
#ifndef CONSTRAINTS_ATTR_MEANS_H
#define CONSTRAINTS_ATTR_MEANS_H

#include <pointsman/plugin.h>

typedef struct attr_means { /* n == 0: nothing was recorded */
    size_t n;
    const char *const *id; /* [n] experts of the training library */
    const double *mean;    /* [n] NaN: never recorded */
    pm_str ids;            /* the same ids, each followed by a newline: for the checkpoint */
} attr_means;

/* mean_j over the rows of table [n x m] that are known, each row counted once; PM_E_ARG for a cell below 0. */
pm_status attr_means_learn(pm_call *c, const pm_fit *fit, pm_cmat table, attr_means *out);

/* NaN if unknown.  `hint` is tried first: columns mostly agree. */
double attr_means_of(const attr_means *k, const pm_expert *e, size_t hint);

/* Text "ids" and tensor "means"; nothing is written where nothing was learnt, and load() accepts that. */
pm_status attr_means_save(const attr_means *k, pm_call *c, pm_store *s);
pm_status attr_means_load(attr_means *k, pm_call *c, pm_store *s);

#endif
