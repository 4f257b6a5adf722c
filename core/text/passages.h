/* SPDX-License-Identifier: MIT
 *
 * Cutting a text into passages where a reader would: at line ends and sentence ends; and what a passage is made of.
 */
#ifndef PM_TEXT_PASSAGES_H
#define PM_TEXT_PASSAGES_H

#include "base/str.h"

/* The length in bytes of the first passage of `text`: up to the last newline or sentence end after more than `least` and
 * at most `target` code points; where there is none, `target` code points; all of it if it has no more than that.
 * At least one code point of a text that is not empty.   Cost: linear in target. */
size_t text_passage(pm_str text, size_t least, size_t target);

typedef struct text_shape {
    size_t chars, letters, digits; /* code points */
} text_shape;

/* Letters are those of ASCII and every code point from U+00AA on that is no punctuation, sign, or symbol by its block: near
 * to Unicode's property, without its tables. */
text_shape text_shape_of(pm_str text);

#endif
