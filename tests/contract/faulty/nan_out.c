/* SPDX-License-Identifier: MIT
 *
 * Answers NaN for long prompts.  Caught by values-finite.
 */
#define TWIN nan_out
#define FAULT_NAN_OUT
#include "twin.h"
