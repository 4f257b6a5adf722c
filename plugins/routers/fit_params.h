/* SPDX-License-Identifier: MIT
 *
 * The parameters that all routers fitted by gradients have, as rows and as struct fit_how.
 * Shared by the routers of this folder that are fitted by gradients.
 */
#ifndef FIT_PARAMS_H
#define FIT_PARAMS_H

#include "fit_step.h"

struct fit_params { /* the first member of a router's params struct */
    int64_t head, features, hidden, epochs, batch, patience, stop_on, refit;
    double lr, lr_words, weight_decay, dropout;
};

enum { FIT_LINEAR, FIT_MLP };
enum { FIT_STOP_LOSS, FIT_STOP_CHOICE };
extern const char *const fit_head_words[], *const fit_stop_words[];

/* T: the params struct, whose member `fit` is a struct fit_params. */
#define FIT_ROW(kind, T, name, dflt, lo, hi, words, text)                                          \
    {                                                                                              \
#name, kind, (uint32_t)offsetof(T, fit.name), (uint32_t)sizeof(((T *)0)->fit.name), dflt,  \
            lo, hi, words, NULL, text                                                              \
    }
#define FIT_PARAM_ROWS(T)                                                                          \
    FIT_ROW(PM_P_CHOICE, T, head, FIT_LINEAR, 0, 1, fit_head_words,                                \
            "\"linear\": one layer; \"mlp\": a hidden layer with rectifiers"),                     \
        FIT_ROW(PM_P_CHOICE, T, features, FIT_AUTO, 0, 3, fit_features_words,                      \
                "\"embed\", \"sparse\" word features, \"both\", or \"auto\": embeddings where "    \
                "there are any"),                                                                  \
        FIT_ROW(PM_P_I64, T, hidden, 256, 1, 8192, NULL, "hidden units of the mlp (count)"),       \
        FIT_ROW(PM_P_I64, T, epochs, 60, 1, 10000, NULL,                                           \
                "passes over the training prompts "                                                \
                "(count); early stopping may end sooner"),                                         \
        FIT_ROW(PM_P_I64, T, batch, 128, 1, 65536, NULL, "prompts in a minibatch (count)"),        \
        FIT_ROW(PM_P_I64, T, patience, 4, 1, 10000, NULL,                                          \
                "epochs without 0.2 % of progress on held-out prompts before stopping (count)"),   \
        FIT_ROW(PM_P_CHOICE, T, stop_on, FIT_STOP_LOSS, 0, 1, fit_stop_words,                      \
                "what progress is: the \"loss\" that is minimised, or the regret of the "          \
                "\"choice\""),                                                                     \
        FIT_ROW(PM_P_BOOL, T, refit, 1, 0, 1, NULL,                                                \
                "fit again with the held-out prompts, for as many epochs as were best"),           \
        FIT_ROW(PM_P_F64, T, lr, 0, 0, 1000, NULL,                                                 \
                "step size of Adam (embeddings, hidden layer); 0: 0.003 linear, 0.002 mlp"),       \
        FIT_ROW(                                                                                   \
            PM_P_F64, T, lr_words, 0, 0, 1000, NULL,                                               \
            "step size of Adagrad (word features); 0: 0.1 linear (best_expert: 0.3), 0.05 mlp"),   \
        FIT_ROW(PM_P_F64, T, weight_decay, 0.02, 0, 0.99, NULL,                                    \
                "share of every weight that is forgotten in an epoch"),                            \
        FIT_ROW(PM_P_F64, T, dropout, 0, 0, 0.95, NULL,                                            \
                "share of the mlp's hidden units left out of each prompt while fitting")

struct fit_how fit_how_of(const struct fit_params *p);

#endif
