/* SPDX-License-Identifier: MIT
 *
 * Writes the columns in reverse order.  Caught by column-order.
 */
#define TWIN wrong_columns
#define FAULT_WRONG_COLUMNS
#include "twin.h"
