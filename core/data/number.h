/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers of data files to double, whatever the locale.  Correctly rounded: short numbers by
 * one exact product or quotient, all others by strtod.  Not a formatter.
 */
#ifndef PM_DATA_NUMBER_H
#define PM_DATA_NUMBER_H

#include <stddef.h>

/* The longest prefix of s[len] that is a JSON number (RFC 8259, section 6): its length, 0 if there is
 * none.  *out is an infinity when the number does not fit a double.
 * Source  Clinger 1990, "How to read floating point numbers accurately", the exact case. */
size_t number_parse(const char *s, size_t len, double *out);

#endif
