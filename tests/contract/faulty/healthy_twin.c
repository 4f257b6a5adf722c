/* SPDX-License-Identifier: MIT
 *
 * The router without a fault: must pass every check.
 */
#define TWIN healthy_twin
#include "twin.h"
