/* SPDX-License-Identifier: MIT
 *
 * A network with one linear layer, or two with a rectifier between them, on embeddings, word features or
 * both: its weights, what it answers, its checkpoint.  Fitting is in fit_train.h.
 * Shared by the routers of this folder that are fitted by gradients.
 *
 *   first  = bias + sum over word features of val * sparse[col] + embed * dense
 *   answer = first, or out_bias + max(0, first) * out
 *
 * With a hidden layer and both kinds of features, word features bypass it: they lead to the answers in one
 * linear step ("wide and deep", Cheng et al. 2016).
 */
#ifndef FIT_NET_H
#define FIT_NET_H

#include "fit_data.h"

enum { FIT_PART_SPARSE, FIT_PART_DENSE, FIT_PART_BIAS, FIT_PART_OUT, FIT_PART_OUT_BIAS, FIT_PARTS };

struct fit_net {
    size_t d, v;        /* columns of embeddings and word features read; 0: not read */
    size_t hidden;      /* 0: one linear layer */
    size_t units;       /* answers */
    size_t first, last; /* padded widths of the first layer and of the answer */
    double level;       /* what word features' weights are multiplied by; 1 but while fitting */
    const float *part
        [FIT_PARTS]; /* sparse [v x first] ([v x last] if wide), dense [d x first], bias [first],
                                     out [hidden x last], out_bias [last]; NULL where empty */
};

/* A net without weights. */
struct fit_net fit_net_shape(const struct fit_data *a, size_t hidden, size_t units);
size_t fit_net_size(const struct fit_net *net, size_t part); /* floats */
size_t fit_net_weights(const struct fit_net *net);           /* numbers, without padding */

int fit_net_is_wide(const struct fit_net *net); /* word features bypass the hidden layer */

struct fit_input {
    pm_cmat embed;                    /* [n x d]; not read if d == 0 */
    const struct fit_sparse_row *row; /* [n]; not read if v == 0 */
    size_t n;
};

/* First layer before the rectifier, [n x first]; hint as of gemm. */
pm_status fit_net_first(const struct fit_net *net, pm_call *c, const struct fit_input *in,
                        pm_mat first, pm_gemm_hint hint);
struct fit_layers {
    pm_mat first, answer; /* [n x first], [n x last] */
};
/* Answers from what fit_net_first gave; a linear net's are its first layer, copied.  z.first is rectified in
 * place. */
pm_status fit_net_last(const struct fit_net *net, pm_call *c, const struct fit_input *in,
                       struct fit_layers z, pm_gemm_hint hint);

/* Called with rows of answers (or of the first layer, rectified, where `hidden` was asked for). */
typedef void (*fit_net_use)(void *arg, size_t row, const float *answer);
/* Answers for all prompts: the same bits in any batch. */
pm_status fit_net_prompts(const struct fit_net *net, pm_call *c, const pm_prompts *x, int hidden,
                          fit_net_use use, void *arg);

/* out_j = shift_j + scale_j * answer_j (+ level_scale * answer_level, if level < units), j below m, for
 * column order[j]; and embeddings not scaled any more.  In memory of the instance being built. */
struct fit_fold {
    size_t m, level;
    const double *shift, *scale; /* [m] */
    double level_scale;
    const uint32_t *order;
    double input_scale;
};
pm_status fit_net_fold(const struct fit_net *net, pm_call *c, const struct fit_fold *f,
                       struct fit_net *out);

pm_status fit_net_save(const struct fit_net *net, pm_call *c, pm_store *s);
pm_status fit_net_load(struct fit_net *net, pm_call *c, pm_store *s);

#endif
