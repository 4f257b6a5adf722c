/* SPDX-License-Identifier: MIT
 *
 * Predicts by the position in the batch.  Caught by row-order.
 */
#define TWIN row_index
#define FAULT_ROW_INDEX
#include "twin.h"
