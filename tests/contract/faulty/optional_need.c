/* SPDX-License-Identifier: MIT
 *
 * Uses embeddings where there are any, without saying that it needs them.  Caught by needs-declared.
 */
#define TWIN optional_need
#define FAULT_OPTIONAL_NEED
#include "twin.h"
