/* SPDX-License-Identifier: MIT
 *
 * Copies columns of the old library to the same columns of the new.  Caught by update-columns.
 */
#define TWIN update_unmapped
#define FAULT_UPDATE_UNMAPPED
#include "twin.h"
