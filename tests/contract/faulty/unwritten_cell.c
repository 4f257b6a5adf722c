/* SPDX-License-Identifier: MIT
 *
 * Forgets the last column of every eighth row.  Caught by writes-every-cell.
 */
#define TWIN unwritten_cell
#define FAULT_UNWRITTEN_CELL
#include "twin.h"
