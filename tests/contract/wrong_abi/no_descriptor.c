/* SPDX-License-Identifier: MIT
 *
 * Offers nothing.
 */
#include "part.h"

static const pm_plugin self = {.magic = PM_MAGIC,
                               .abi = PM_ABI,
                               .size = sizeof(pm_plugin),
                               .real_bytes = sizeof(float),
                               .name = "part",
                               .version = "1.0",
                               .license = "MIT"};
PART_ENTRY
