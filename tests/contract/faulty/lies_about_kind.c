/* SPDX-License-Identifier: MIT
 *
 * Declares QUALITY and emits 1 - quality.  Caught by value-kind-honest.
 */
#define TWIN lies_about_kind
#define FAULT_LIES_ABOUT_KIND
#include "twin.h"
