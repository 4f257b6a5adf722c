/* SPDX-License-Identifier: MIT
 *
 * Dropping paragraphs that were there before: licence texts say the same in hundreds of files.
 */
#ifndef PM_TEXT_PARAGRAPHS_H
#define PM_TEXT_PARAGRAPHS_H

#include "text/keyset.h"
#include "text/words.h"

typedef struct paragraph_set { /* of all texts so far */
    keyset seen;
    text_hashes words;
} paragraph_set;
#define PARAGRAPH_SET_INIT                                                                         \
    {                                                                                              \
        KEYSET_INIT, TEXT_HASHES_INIT                                                              \
    }
void paragraph_set_close(paragraph_set *s);

/* Appends to `out` the paragraphs of `text` (parted by empty lines) that the set does not have, and adds them.  Two
 * paragraphs are equal if their words are: neither line breaks, nor indentation, nor case part them.  Those of
 * fewer than 8 words always stay.  *dropped is added to.  False when memory is out. */
bool text_drop_paragraphs(paragraph_set *s, pm_str text, str *out, size_t *dropped);

#endif
