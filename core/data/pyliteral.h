/* SPDX-License-Identifier: MIT
 *
 * Python list literals of texts, as CSV files that pandas wrote hold them: ['one', "two"].  Not Python: no
 * expressions, no numbers.
 */
#ifndef PM_DATA_PYLITERAL_H
#define PM_DATA_PYLITERAL_H

#include "base/err.h"
#include "base/str.h"

typedef struct pyliteral {
    size_t n; /* texts */
    size_t characters;
} pyliteral;

/* Reads a list (or tuple) of texts, or one text, and appends the texts to `out`, joined by blank lines; messages
 * {'role': ..., 'content': ...} give their content.  Escapes are those of Python's repr; half of a surrogate pair
 * becomes U+FFFD.
 * Errors  PM_E_FORMAT "character K: found F, wanted W"; PM_E_MEMORY. */
PM_MUST_USE pm_status pyliteral_texts(pm_str literal, str *out, pyliteral *told, pm_err *err);
bool pyliteral_begins(pm_str cell); /* like a list or tuple of texts */

#endif
