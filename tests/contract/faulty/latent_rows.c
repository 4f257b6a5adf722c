/* SPDX-License-Identifier: MIT
 *
 * Latent vectors follow the position in the batch.  Caught by latent.
 */
#define TWIN latent_rows
#define FAULT_LATENT_ROWS
#include "twin.h"
