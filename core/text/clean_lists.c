/* SPDX-License-Identifier: MIT
 *
 * Files that are lists of entries: fortunes, WordNet's synsets, dictionaries in the format of dictd.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "text/clean_private.h"

/* ---- fortunes: quotations between lines of one % ---- */

void clean_fortune(const text_source *from, str *out)
{
    pm_str rest = from->text, line;
    while (text_line(&rest, &line)) {
        if (!pm_str_equal(line, "%") && !pm_str_equal(line, "%%")) str_put(out, line.ptr, line.len);
        str_put(out, "\n", 1);
    }
}

/* ---- WordNet data files (wndb(5WN)): offset file type count {word id} ... | gloss ---- */

static pm_str next_field(pm_str *rest)
{
    while (rest->len && rest->ptr[0] == ' ') {
        rest->ptr++;
        rest->len--;
    }
    pm_str field = {rest->ptr, 0};
    while (field.len < rest->len && field.ptr[field.len] != ' ') field.len++;
    rest->ptr += field.len;
    rest->len -= field.len;
    return field;
}

/* Two hexadecimal digits; 0 for anything else. */
static size_t count_of(pm_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && s.len == 2; i++) {
        const char *digits = "0123456789abcdef", *at = memchr(digits, s.ptr[i], 16);
        if (!at) return 0;
        n = n * 16 + (size_t)(at - digits);
    }
    return n;
}

/* "words_of one" with blanks, without the mark (a), (p) or (ip) of adjectives. */
static void put_word(pm_str word, str *out)
{
    if (word.len && word.ptr[word.len - 1] == ')')
        for (size_t i = word.len; i > 0; i--)
            if (word.ptr[i - 1] == '(') {
                word.len = i - 1;
                break;
            }
    for (size_t i = 0; i < word.len; i++) str_put(out, word.ptr[i] == '_' ? " " : word.ptr + i, 1);
}

static void put_synset(pm_str line, str *out)
{
    const char *bar = memmem(line.ptr, line.len, " | ", 3);
    pm_str rest = {line.ptr, bar ? (size_t)(bar - line.ptr) : line.len};
    for (size_t k = 0; k < 3; k++) (void)next_field(&rest);
    size_t n = count_of(next_field(&rest));
    if (!bar || !n) return;
    for (size_t k = 0; k < n; k++) {
        pm_str word = next_field(&rest);
        (void)next_field(&rest);
        if (k) str_puts(out, ", ");
        put_word(word, out);
    }
    pm_str gloss = text_trim((pm_str){bar + 3, (size_t)(line.ptr + line.len - bar - 3)});
    str_puts(out, ": ");
    str_put(out, gloss.ptr, gloss.len);
    str_put(out, "\n", 1);
}

/* Neighbours in the file are neighbours in meaning, so that sections of it would be unlike each other: an
 * order that is always the same, and means nothing. */
void clean_wordnet(const text_source *from, str *out)
{
    pm_str *synset = NULL, rest = from->text, line;
    size_t n = 0, room = 0;
    while (text_line(&rest, &line)) {
        if (!line.len || line.ptr[0] < '0' || line.ptr[0] > '9')
            continue; /* the licence is indented */
        if (n == UINT32_MAX || !mem_grow(&synset, &room, n + 1, sizeof *synset)) out->failed = true;
        if (out->failed) break;
        synset[n++] = line;
    }
    uint32_t *order = mem_alloc(n, sizeof *order);
    if (!order) out->failed = true;
    for (size_t i = 0; order && i < n; i++) order[i] = (uint32_t)i;
    if (order) rng_shuffle(0x776f72646e6574u, 0, order, n);
    for (size_t i = 0; order && i < n; i++) put_synset(synset[order[i]], out);
    mem_free(order);
    mem_free(synset);
}

/* ---- dictd: a headword at the margin, its text indented ---- */

/* References stand in braces. */
static void put_without_braces(pm_str s, str *out)
{
    for (size_t i = 0; i < s.len;) {
        size_t len = 0;
        while (i + len < s.len && s.ptr[i + len] != '{' && s.ptr[i + len] != '}') len++;
        str_put(out, s.ptr + i, len);
        i += len + 1;
    }
}

void clean_dictd(const text_source *from, str *out)
{
    pm_str rest = from->text, line;
    bool preface = false;
    while (text_line(&rest, &line)) {
        bool blank = text_is_blank(line),
             head = !blank && line.ptr[0] != ' ' && line.ptr[0] != '\t';
        if (head) {
            preface = text_begins(line, "00-database") || text_begins(line, "00database");
            if (!preface) str_put(out, "\n", 1);
        }
        if (preface) continue;
        put_without_braces(text_trim(line), out);
        str_put(out, "\n", 1);
    }
}
