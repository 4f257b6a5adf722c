/* SPDX-License-Identifier: MIT
 *
 * Private to the floor: services that have files of their own.
 */
#ifndef PM_PLUG_SERVICES_H
#define PM_PLUG_SERVICES_H

#include "lm/lm.h"
#include "plug/host.h"

struct pm_nn {
    lm *m;
    uint64_t bytes_trained;
};

const pm_nn_service *service_nn(void);
nn_pool_kind service_nn_pooling(pm_nn_pool p);
/* services_nn_fit.c */
pm_status service_nn_fit(pm_call *c, pm_nn **model, const pm_nn_fit *how);

#endif
