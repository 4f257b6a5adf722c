/* SPDX-License-Identifier: MIT
 *
 * Reads an expert attribute that it does not declare.  Caught by reads-declared.
 */
#define TWIN undeclared_read
#define FAULT_UNDECLARED_READ
#include "twin.h"
