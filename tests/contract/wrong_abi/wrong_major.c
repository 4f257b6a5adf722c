/* SPDX-License-Identifier: MIT
 *
 * Of another major version.
 */
#include "part.h"

static const pm_router_type router = {PART_ROUTER};
static const pm_router_type *const routers[] = {&router, NULL};
static const pm_plugin self = {.magic = PM_MAGIC,
                               .abi = ((PM_ABI_MAJOR + 1) << 16),
                               .size = sizeof(pm_plugin),
                               .real_bytes = sizeof(float),
                               .name = "part",
                               .version = "1.0",
                               .license = "MIT",
                               .routers = routers};
PART_ENTRY
