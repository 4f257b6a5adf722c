/* SPDX-License-Identifier: MIT
 *
 * Two routers of one name: the second is shadowed by the first.
 */
#include "part.h"

static const pm_router_type first = {PART_ROUTER}, second = {PART_ROUTER};
static const pm_router_type *const routers[] = {&first, &second, NULL};
static const pm_plugin self = {PART_PLUGIN};
PART_ENTRY
