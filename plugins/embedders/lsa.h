/* SPDX-License-Identifier: MIT
 *
 * What the parts of the plugin lsa share: its state, and rows of weighted n-grams.  Private to the plugin.
 */
#ifndef LSA_H
#define LSA_H

#include "lsa_grams.h"

struct lsa_params {
    int64_t dim, buckets, min_df, normalize, rows, svd, oversampling, power_iterations;
    double tolerance;
};

/* A key is a bucket of words, or buckets + a bucket of characters: one ascending range of columns. */
struct pm_embedder {
    size_t buckets, v, words; /* kept columns; the first `words` of them are of the word block */
    size_t dim;
    const uint32_t *key; /* [v] ascending */
    grams_index index;
    const float *idf;      /* [v] */
    const float *singular; /* [dim] */
    const float *right;    /* [v x dim], or NULL: in bytes */
    const int8_t *bytes;   /* [v x dim], or NULL; row c times ... */
    const float *scale;    /* ... [v] */
};

enum { LSA_ROWS_I8, LSA_ROWS_F32 };
enum { LSA_SVD_RANDOMISED, LSA_SVD_EXACT };
enum { LSA_CHUNK = 512, LSA_GRAIN = 8, LSA_FEW = 64 };

/* One worker's room for weighing texts of at most a given length. */
struct weigher {
    const pm_embedder *e;
    grams *g;
    uint32_t *col; /* of the row last made; ascending */
    float *val;
    size_t n;
    double tf[LSA_FEW]; /* 1 + ln of the first counts */
};

size_t lsa_longest(const pm_str *text, size_t lo, size_t hi);
/* Makes e->index, e->words and e->column out of e->key; refuses keys out of order or range. */
pm_status lsa_index(pm_embedder *e, pm_call *c);
pm_status weigher_open(const pm_embedder *e, pm_call *c, size_t longest, struct weigher *w);
/* One row: (1 + ln tf) idf, each block to unit length, times sqrt(1/2). */
pm_status weigher_row(struct weigher *w, pm_str text);

pm_status lsa_train(pm_embedder *e, pm_call *c, const pm_fit *fit);

#endif
