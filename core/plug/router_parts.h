/* SPDX-License-Identifier: MIT
 *
 * Private: what router.c and router_predict.c share.
 */
#ifndef PM_PLUG_ROUTER_PARTS_H
#define PM_PLUG_ROUTER_PARTS_H

#include "plug/instance.h"
#include "plug/router.h"

struct router {
    instance in;
    pm_value_kind kind;
    members trained;
    size_t embed_dim, sparse_dim; /* features it was trained on, 0: not used */
};

#endif
