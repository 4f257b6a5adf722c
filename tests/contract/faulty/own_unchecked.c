/* SPDX-License-Identifier: MIT
 *
 * Writes to what own() gave it in predict, which is NULL.  The suite must say why the process died.
 */
#define TWIN own_unchecked
#define FAULT_OWN_UNCHECKED
#include "twin.h"
