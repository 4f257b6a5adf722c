/* SPDX-License-Identifier: MIT
 *
 * Regular expressions of tokenizer.json (written for Oniguruma) through PCRE2: compiled once, matched from any
 * number of threads, each with its own room.  regex.c is the only file that includes pcre2.h.
 */
#ifndef PM_TEXT_REGEX_H
#define PM_TEXT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

typedef struct regex regex;
typedef struct regex_room regex_room;

/* Freed with `a`.  What Oniguruma and PCRE2 read differently is translated (\s, \h) or refused with a sentence
 * ({n,m}+); what does not compile: PM_E_UNSUPPORTED. */
PM_MUST_USE pm_status regex_compile(const char *pattern, size_t len, arena *a, const regex **out,
                                    pm_err *err);

regex_room *regex_room_open(void); /* NULL: memory */
void regex_room_close(regex_room *r);

typedef enum regex_found { REGEX_NONE, REGEX_MATCH, REGEX_LIMIT } regex_found;
/* The first match that begins at `at` or later in valid UTF-8; `at` stands between code points.  LIMIT: it needs
 * more steps or memory than we grant. */
regex_found regex_next(const regex *r, regex_room *room, const char *text, size_t len, size_t at,
                       size_t *from, size_t *to);

#endif
