/* SPDX-License-Identifier: MIT
 *
 * Predicts by the size of the batch.  Caught by batch-equals-single.
 */
#define TWIN batch_size
#define FAULT_BATCH_SIZE
#include "twin.h"
