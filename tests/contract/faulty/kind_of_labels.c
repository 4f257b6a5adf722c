/* SPDX-License-Identifier: MIT
 *
 * Says QUALITY after training on losses.  Caught by value-kind-declared.
 */
#define TWIN kind_of_labels
#define FAULT_KIND_OF_LABELS
#include "twin.h"
