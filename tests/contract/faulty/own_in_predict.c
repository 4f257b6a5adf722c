/* SPDX-License-Identifier: MIT
 *
 * Takes instance memory for a row while predicting.  Caught by no-own-in-predict.
 */
#define TWIN own_in_predict
#define FAULT_OWN_IN_PREDICT
#include "twin.h"
