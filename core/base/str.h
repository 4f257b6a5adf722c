/* SPDX-License-Identifier: MIT
 *
 * Text: a growing string, UTF-8 walking, edit distance for "did you mean".
 */
#ifndef PM_BASE_STR_H
#define PM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pointsman/plugin.h"

/* A growing, always NUL-terminated string on the heap.  A failed allocation is remembered in
 * `failed` and later appends do nothing, so that callers check once. */
typedef struct str {
    char *at;
    size_t len, capacity;
    bool failed;
} str;

#define STR_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

void str_close(str *s);
void str_clear(str *s);
void str_put(str *s, const char *text, size_t len);
void str_puts(str *s, const char *text);
void str_printf(str *s, const char *fmt, ...) PM_PRINTF(2, 3);
void str_json(str *s, const char *text, size_t len); /* quoted, escaped; invalid bytes: U+FFFD */
void str_number(str *s, double v);  /* shortest text that reads back equal; NaN, infinities: null */
void str_float(str *s, float v);    /* the same for a float: 0.1f gives 0.1 */
const char *str_text(const str *s); /* "" when empty, never NULL */

static inline pm_str pm_str_of(const char *text)
{
    pm_str s = {text, strlen(text)};
    return s;
}
bool pm_str_equal(pm_str a, const char *b);

/* Decodes one code point at s[*i] and advances *i by 1..4.  Invalid bytes give U+FFFD and advance
 * by one. */
uint32_t utf8_next(const char *s, size_t len, size_t *i);
size_t utf8_count(const char *s, size_t len); /* code points, invalid bytes count one */
bool utf8_valid(const char *s, size_t len, size_t *bad_at);
/* Appends s with every invalid byte replaced by U+FFFD; how many there were. */
size_t utf8_repair(const char *s, size_t len, str *out);

/* Damerau-Levenshtein distance of two short names (longer than 64 bytes: 64). */
size_t str_distance(const char *a, const char *b);

/* The candidate nearest to `name`, or NULL when none is near (distance > 1 + len / 3). */
const char *str_suggest(const char *name, const char *const *candidates, size_t n);

#endif
