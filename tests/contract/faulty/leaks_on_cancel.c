/* SPDX-License-Identifier: MIT
 *
 * Allocates by itself and forgets it when canceled.  Caught by cancel-leaks-nothing.
 */
#define TWIN leaks_on_cancel
#define FAULT_LEAKS_ON_CANCEL
#include "twin.h"
