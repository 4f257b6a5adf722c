/* SPDX-License-Identifier: MIT
 *
 * A pm_plugin too short for the required fields.
 */
#include "part.h"

static const pm_router_type router = {PART_ROUTER};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {.magic = PM_MAGIC,
                               .abi = PM_ABI,
                               .size = offsetof(pm_plugin, routers),
                               .real_bytes = sizeof(float),
                               .name = "part",
                               .version = "1.0",
                               .license = "MIT",
                               .routers = routers};
PART_ENTRY
