/* SPDX-License-Identifier: MIT
 *
 * Divides by the number of other experts.  Caught by one-expert.
 */
#define TWIN one_expert
#define FAULT_ONE_EXPERT
#include "twin.h"
