/* SPDX-License-Identifier: MIT
 *
 * Which classes of a code point the reference implementation does not know; for unicode.c only.
 */
#ifndef PM_TEXT_UNICODE_OLDER_H
#define PM_TEXT_UNICODE_OLDER_H

#include <stdint.h>

unsigned unicode_older(uint32_t c); /* UNI_OTHER, UNI_PUNCT, UNI_ACCENT, UNI_FIXED to be left out */

#endif
