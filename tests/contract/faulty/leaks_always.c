/* SPDX-License-Identifier: MIT
 *
 * Allocates by itself and never frees.  Caught by build-leaks-nothing.
 */
#define TWIN leaks_always
#define FAULT_LEAKS_ALWAYS
#include "twin.h"
