/* SPDX-License-Identifier: MIT
 *
 * A descriptor too short for its required slots.
 */
#include "part.h"

static const pm_router_type router = {.size = offsetof(pm_router_type, train),
                                      .name = "part",
                                      .doc = "Never built.",
                                      .source = "none",
                                      .params_bytes = sizeof(struct part_params),
                                      .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY),
                                      .state_bytes = sizeof(struct pm_router),
                                      .predict = part_predict,
                                      .save = part_save,
                                      .train = part_train,
                                      .load = part_load};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {PART_PLUGIN};
PART_ENTRY
