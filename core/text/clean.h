/* SPDX-License-Identifier: MIT
 *
 * Cleaning: from a file of a known kind (a man page, a web page, source code ...) to its text.  Not a
 * renderer: what a reader would read stays, in its order; marks, macros and legal boilerplate go.
 */
#ifndef PM_TEXT_CLEAN_H
#define PM_TEXT_CLEAN_H

#include "base/str.h"

typedef enum text_kind {
    TEXT_PLAIN,     /* "text": as it is */
    TEXT_CODE,      /* comments about licences before the first line of code are dropped */
    TEXT_PERL,      /* code: POD and all after __END__ or __DATA__ are dropped too */
    TEXT_POD,       /* only the POD of a file, its marks stripped */
    TEXT_ROFF,      /* manual pages: macros and escapes are resolved or dropped */
    TEXT_HTML,      /* tags, scripts, styles and navigation are dropped, entities decoded */
    TEXT_FORTUNE,   /* quotations between lines of one % */
    TEXT_WORDNET,   /* data.*: words and gloss of each synset, in an order of no meaning */
    TEXT_DICTD,     /* .dict: an entry a block, without the preface */
    TEXT_CHANGELOG, /* lines " -- name <mail>  date" are dropped */
    TEXT_COPYRIGHT, /* a head in YAML is dropped, the indentation of a machine-readable file undone */
    TEXT_KINDS
} text_kind;

/* The names that corpus.json uses, [TEXT_KINDS], in the order of the kinds. */
const char *const *text_kind_names(void);

/* The kind that a file's name tells ("x.3.gz" is a manual page); TEXT_PLAIN when it tells nothing.  A page
 * by name that has no .TH, .Dd or .so in it is plain text. */
text_kind text_kind_of(const char *name, pm_str text);

typedef struct text_source {
    const char *name; /* of the file: the language of code is told by its end */
    text_kind kind;
    pm_str text; /* valid UTF-8 */
} text_source;

/* Replaces `out` by the clean text: no control characters but tab and newline, no blanks at line ends, at
 * most one empty line in a row, none at the ends.
 * Result  NULL, or why there is no text ("an alias of another page"); out->failed when memory is out.
 * Cost    linear.   Threads: safe. */
const char *text_clean(const text_source *from, str *out);

#endif
