/* SPDX-License-Identifier: MIT
 *
 * Names no source.  Caught by documented.
 */
#define TWIN undocumented
#define FAULT_UNDOCUMENTED
#include "twin.h"
