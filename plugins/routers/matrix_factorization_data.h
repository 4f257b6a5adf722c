/* SPDX-License-Identifier: MIT
 *
 * What matrix_factorization is fitted on: battles and known cells as items of rows, a row being what one draw of
 * noise belongs to; who is held out; where the biases start.
 */
#ifndef MATRIX_FACTORIZATION_DATA_H
#define MATRIX_FACTORIZATION_DATA_H

#include "fit_data.h"

enum { MF_AUTO, MF_PAIRWISE, MF_BILINEAR };
enum { MF_TIES_HALF, MF_TIES_DROP };
enum { MF_LABELS_SOFT, MF_LABELS_HARD };

struct mf_item {
    uint32_t a, b; /* experts in order of their ids; b == PM_NO_COL: a cell, else a battle */
    float y, w;    /* outcome and weight */
};

struct mf_data {
    struct fit_data base;
    int is_pairwise;
    pm_value_kind emits;
    const struct mf_item *item;
    const size_t *start;    /* [n + 1] row i has the items [start[i], start[i + 1]) */
    const uint32_t *prompt; /* [n] row of base */
    size_t n;
    const uint8_t *part; /* [n] who is held out when: in part 0 .. n_parts - 1, MF_NEVER never */
    size_t n_parts;
    uint32_t *fit, *stop; /* rows to fit on and to stop by; as mf_data_hold left them */
    size_t n_fit, n_stop;
    float *bias;         /* [m] of every expert, before anything is known of the prompt */
    double shift, scale; /* losses are fitted as (loss - shift) / scale; else 0, 1 */
};

struct mf_reading {
    int64_t form, ties, labels;
    size_t
        folds; /* of groups that are held out in turn where there is no tuning part; 0: nobody is */
};

enum { MF_NEVER = 255 };

pm_status mf_data_open(pm_call *c, const pm_fit *fit, const struct mf_reading *how,
                       struct mf_data *out);

/* Shares the rows anew, with one part held out (MF_NEVER: none), and starts the biases from who is left.  Rows
 * that `without` names as a part are neither fitted nor held out (MF_NEVER: none). */
pm_status mf_data_hold(pm_call *c, struct mf_data *a, size_t part, size_t without);

/* The loss of an item whose logit (or standardised prediction) is x, and its derivative. */
double mf_item_loss(const struct mf_data *a, double x, double y, double *slope);

#endif
