/* SPDX-License-Identifier: MIT
 *
 * Paragraphs that repeat, told by the hash of their words.
 */
#include "text/paragraphs.h"

#include <string.h>

#include "text/clean_private.h"

enum { FEWEST_WORDS = 8 };

void paragraph_set_close(paragraph_set *s)
{
    keyset_close(&s->seen);
    text_hashes_close(&s->words);
}

static bool take(paragraph_set *s, pm_str paragraph, str *out, size_t *dropped)
{
    bool was_there = false;
    text_hashes all = TEXT_HASHES_INIT;
    bool fine = text_words(paragraph, &s->words);
    if (fine && s->words.n >= FEWEST_WORDS) {
        fine = text_shingles(&s->words, s->words.n, &all) &&
               keyset_add(&s->seen, all.n ? all.at[0] : 0, &was_there);
        text_hashes_close(&all);
    }
    if (was_there) {
        ++*dropped;
        return fine;
    }
    if (out->len) str_put(out, "\n", 1);
    str_put(out, paragraph.ptr, paragraph.len);
    str_put(out, "\n", 1);
    return fine && !out->failed;
}

bool text_drop_paragraphs(paragraph_set *s, pm_str text, str *out, size_t *dropped)
{
    pm_str line;
    const char *start = NULL, *end = NULL;
    bool fine = true;
    while (fine && text_line(&text, &line)) {
        if (!text_is_blank(line)) {
            if (!start) start = line.ptr;
            end = line.ptr + line.len;
        } else if (start) {
            fine = take(s, (pm_str){start, (size_t)(end - start)}, out, dropped);
            start = NULL;
        }
    }
    if (fine && start) fine = take(s, (pm_str){start, (size_t)(end - start)}, out, dropped);
    return fine;
}
