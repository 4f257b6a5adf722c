/* SPDX-License-Identifier: MIT
 *
 * Another magic number.
 */
#include "part.h"

static const pm_router_type router = {PART_ROUTER};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {.magic = 0x12345678u,
                               .abi = PM_ABI,
                               .size = sizeof(pm_plugin),
                               .real_bytes = sizeof(float),
                               .name = "part",
                               .version = "1.0",
                               .license = "MIT",
                               .routers = routers};
PART_ENTRY
