/* SPDX-License-Identifier: MIT
 *
 * Draws from rand() instead of the call's seed.  Caught by same-seed-same-bits.
 */
#define TWIN seed_ignored
#define FAULT_SEED_IGNORED
#include "twin.h"
