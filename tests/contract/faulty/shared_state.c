/* SPDX-License-Identifier: MIT
 *
 * Keeps its means in one static array.  Caught by instances-independent.
 */
#define TWIN shared_state
#define FAULT_SHARED_STATE
#include "twin.h"
