/* SPDX-License-Identifier: MIT
 *
 * Saves an address.  Caught by save-twice, and by thread-count, which compares checkpoints too.
 */
#define TWIN address_saved
#define FAULT_ADDRESS_SAVED
#include "twin.h"
