/* SPDX-License-Identifier: MIT
 *
 * Does not save the deviations.  Caught by save-load.
 */
#define TWIN lossy_save
#define FAULT_LOSSY_SAVE
#include "twin.h"
