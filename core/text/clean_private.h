/* SPDX-License-Identifier: MIT
 *
 * What the cleaners share: one function a kind, lines of a text, comparing without regard to case.
 */
#ifndef PM_TEXT_CLEAN_PRIVATE_H
#define PM_TEXT_CLEAN_PRIVATE_H

#include "text/clean.h"

/* The next line of `rest` without its newline; false at the end. */
bool text_line(pm_str *rest, pm_str *line);
bool text_begins(pm_str s, const char *with);
pm_str text_trim(pm_str s);                  /* without blanks at both ends */
bool text_is_blank(pm_str s);                /* nothing but blanks */
void text_put_point(str *s, uint32_t point); /* as UTF-8; what is no code point gives U+FFFD */

/* ASCII letters in `with` are lower case and match both. */
bool text_begins_fold(pm_str s, const char *with);
bool text_holds_fold(pm_str s, const char *part);

/* Each appends to `out`; tidying comes after. */
void clean_code(const text_source *from, str *out);
void clean_perl(const text_source *from, str *out);
void clean_pod(const text_source *from, str *out);
const char *clean_roff(const text_source *from, str *out);
void clean_html(const text_source *from, str *out);
void clean_fortune(const text_source *from, str *out);
void clean_wordnet(const text_source *from, str *out);
void clean_dictd(const text_source *from, str *out);
void clean_changelog(const text_source *from, str *out);
void clean_copyright(const text_source *from, str *out);

/* Line ends, blanks, control characters, empty lines: the last step for every kind. */
void text_tidy(pm_str from, str *out);

/* The code point of an HTML entity's name without & and ;, 0 if there is none. */
uint32_t html_entity(const char *name, size_t len);

#endif
