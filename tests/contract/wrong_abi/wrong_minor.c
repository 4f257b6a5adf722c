/* SPDX-License-Identifier: MIT
 *
 * Of a later minor version, which counts while major is 0.
 */
#include "part.h"

static const pm_router_type router = {PART_ROUTER};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {.magic = PM_MAGIC,
                               .abi = (PM_ABI + 1),
                               .size = sizeof(pm_plugin),
                               .real_bytes = sizeof(float),
                               .name = "part",
                               .version = "1.0",
                               .license = "MIT",
                               .routers = routers};
PART_ENTRY
