/* SPDX-License-Identifier: MIT
 *
 * Keeps a row that predict writes in the instance.  Caught by concurrent-predict.
 */
#define TWIN thread_race
#define FAULT_THREAD_RACE
#include "twin.h"
