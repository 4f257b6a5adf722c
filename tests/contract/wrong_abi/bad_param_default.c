/* SPDX-License-Identifier: MIT
 *
 * A parameter whose default lies outside its own range.
 */
#include "part.h"

static const pm_param rows[] = {{"shrink", PM_P_F64, 0, 8, 11, 0, 10, NULL, NULL, "pseudo-counts"},
                                PM_PARAM_END};
static const pm_router_type router = {.size = sizeof(pm_router_type),
                                      .name = "part",
                                      .doc = "Never built.",
                                      .source = "none",
                                      .params_bytes = sizeof(struct part_params),
                                      .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY),
                                      .state_bytes = sizeof(struct pm_router),
                                      .predict = part_predict,
                                      .save = part_save,
                                      .train = part_train,
                                      .load = part_load,
                                      .params = rows};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {PART_PLUGIN};
PART_ENTRY
