/* SPDX-License-Identifier: MIT
 *
 * Uses embeddings without saying that it needs them.  Caught by needs-declared, as a crash.
 */
#define TWIN undeclared_need
#define FAULT_UNDECLARED_NEED
#include "twin.h"
