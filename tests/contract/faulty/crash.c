/* SPDX-License-Identifier: MIT
 *
 * Aborts the process while it predicts.  Not one of the ten, but the suite must live to tell.
 */
#define TWIN crash
#define FAULT_CRASH
#include "twin.h"
