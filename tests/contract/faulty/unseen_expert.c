/* SPDX-License-Identifier: MIT
 *
 * Divides by the number of observed outcomes, which may be 0.  Caught by sparse-outcomes.
 */
#define TWIN unseen_expert
#define FAULT_UNSEEN_EXPERT
#include "twin.h"
