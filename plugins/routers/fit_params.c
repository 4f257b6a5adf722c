/* SPDX-License-Identifier: MIT
 *
 * Parameters of routers fitted by gradients; see fit_params.h.
 */
#include "fit_params.h"

const char *const fit_head_words[] = {"linear", "mlp", NULL};
const char *const fit_stop_words[] = {"loss", "choice", NULL};

struct fit_how fit_how_of(const struct fit_params *p)
{
    int mlp = p->head == FIT_MLP;
    double lr = mlp ? 0.002 : 0.003, lr_words = mlp ? 0.05 : 0.1;
    struct fit_how how = {.hidden = mlp ? (size_t)p->hidden : 0,
                          .epochs = (size_t)p->epochs,
                          .batch = (size_t)p->batch,
                          .patience = (size_t)p->patience,
                          .lr = p->lr > 0 ? p->lr : lr,
                          .lr_sparse = p->lr_words > 0 ? p->lr_words : lr_words,
                          .forget = p->weight_decay,
                          .dropout = p->dropout,
                          .stop_on_choice = p->stop_on == FIT_STOP_CHOICE,
                          .refit = p->refit != 0};
    return how;
}
