/* SPDX-License-Identifier: MIT
 *
 * Rows to fit a network on: training prompts followed by those of the tuning part, outcomes with experts in
 * the order of their ids (so that columns in another order give the same numbers), who is held out.
 * Shared by the routers of this folder that are fitted by gradients.
 */
#ifndef FIT_DATA_H
#define FIT_DATA_H

#include <pointsman/plugin.h>

enum { FIT_AUTO, FIT_EMBED, FIT_SPARSE, FIT_BOTH }; /* features */
extern const char *const fit_features_words[];

enum { FIT_LANES = 16, FIT_BLOCKS = 32 };

struct fit_sparse_row { /* word features of one prompt, columns ascending */
    const uint32_t *col;
    const float *val;
    size_t n;
};

struct fit_data {
    const pm_prompts *x, *tune; /* tune: NULL, or rows [n_x, n) */
    size_t n_x, n, m;           /* prompts of x, all prompts, experts */
    size_t d, v;                /* columns of embeddings and of word features; 0: not used */
    float scale;                /* of embeddings: their root mean square length becomes 1 */
    pm_value_kind kind;         /* of the outcomes */
    const float *y;             /* [n x m], columns in order of expert ids, NaN: unknown */
    const float *weight;        /* [n] mean 1, or NULL */
    const uint32_t *order;      /* [m] the library's column of our column j */
    const uint32_t *fit, *stop; /* rows to fit on and to stop by; stop may be empty */
    size_t n_fit, n_stop;
    const uint32_t *block; /* [n x (FIT_BLOCKS + 1)] where a block of columns begins in a row */
};

/* features is one of FIT_*; refuses features that are not there. */
pm_status fit_data_open(pm_call *c, const pm_fit *fit, int64_t features, struct fit_data *out);

struct fit_sparse_row fit_sparse_at(const pm_csr *a, size_t row);
struct fit_sparse_row fit_data_sparse(const struct fit_data *a, size_t row);
const float *fit_data_embed(const struct fit_data *a, size_t row);

/* Columns [v * b / FIT_BLOCKS, v * (b + 1) / FIT_BLOCKS) are block b. */
size_t fit_block_begin(size_t v, size_t b);

/* The smallest multiple of FIT_LANES that holds n. */
size_t fit_padded(size_t n);

#endif
