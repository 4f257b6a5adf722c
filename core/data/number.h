/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers of data files to double, whatever the locale.  Correctly rounded: short numbers by
 * one exact product or quotient, all others by strtod.  Not a formatter.
 */
#ifndef PM_DATA_NUMBER_H
#define PM_DATA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* The longest prefix of s[len] that is a JSON number (RFC 8259, section 6): its length, 0 if there is
 * none.  *out is an infinity when the number does not fit a double.
 * Source  Clinger 1990, "How to read floating point numbers accurately", the exact case. */
size_t number_parse(const char *s, size_t len, double *out);

/* Length of that prefix alone; for numbers that are looked over and read later. */
size_t number_length(const char *s, size_t len);

/* The numbers of a JSON array "[1, 2.5]" as floats, each equal to (float) of what number_parse gives; a number that
 * fits no float is refused.  False with *full: more than `room` of them; false without: not an array of numbers.
 * The byte at s[len] must be readable. */
bool number_array(const char *s, size_t len, float *out, size_t room, size_t *n, bool *full);

#endif
