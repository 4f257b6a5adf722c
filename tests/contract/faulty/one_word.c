/* SPDX-License-Identifier: MIT
 *
 * Refuses a word of one of its parameters.  Caught by every-word.
 */
#define TWIN one_word
#define FAULT_ONE_WORD
#include "twin.h"
