/* SPDX-License-Identifier: MIT
 *
 * One file of a corpus: read, inflated, decoded, cleaned, cut into sections, and kept unless it was there before.
 */
#include <string.h>

#include "base/gz.h"
#include "base/hash.h"
#include "base/io.h"
#include "data/corpus_private.h"
#include "text/decode.h"
#include "text/passages.h"

/* The inflated content of a gzip file into raw; SKIP_LARGE as soon as it is too much. */
static pm_status inflate_file(corpus_reader *r, const corpus_file *f, corpus_skip *why, pm_err *err)
{
    enum { STEP = 1 << 16 };
    pm_err unreadable = PM_ERR_INIT;
    gz *g = NULL;
    str_clear(&r->raw);
    pm_status s = gz_open(f->path, &g, &unreadable);
    for (size_t got = STEP; s == PM_OK && got == STEP && *why == SKIP_NONE;) {
        if (!mem_grow(&r->raw.at, &r->raw.capacity, r->raw.len + STEP + 1, 1)) {
            gz_close(g);
            return corpus_no_memory(r->dir, err);
        }
        s = gz_read(g, r->raw.at + r->raw.len, STEP, &got, &unreadable);
        if (s == PM_OK) r->raw.len += got;
        if (r->raw.len > r->spec->max_file_bytes) *why = SKIP_LARGE;
    }
    gz_close(g);
    if (s == PM_E_MEMORY) return corpus_no_memory(r->dir, err);
    if (s != PM_OK) *why = SKIP_UNREADABLE;
    return PM_OK;
}

/* The file's bytes, inflated, into raw; its hash is that of the bytes on disk. */
static pm_status load(corpus_reader *r, corpus_file *f, corpus_skip *why, pm_err *err)
{
    pm_err unreadable = PM_ERR_INIT;
    pm_status s = io_read(f->path, r->spec->max_file_bytes, &r->raw, &unreadable);
    if (s == PM_E_MEMORY) return corpus_no_memory(r->dir, err);
    if (s != PM_OK) {
        *why = s == PM_E_FORMAT ? SKIP_LARGE : SKIP_UNREADABLE;
        return PM_OK;
    }
    f->bytes = r->raw.len;
    sha256_of(str_text(&r->raw), r->raw.len, f->sha256);
    if (r->raw.len < 2 || memcmp(r->raw.at, "\x1f\x8b", 2) != 0) return PM_OK;
    return inflate_file(r, f, why, err);
}

/* The mean line without those that are empty, in bytes. */
static bool has_long_lines(pm_str text, size_t most)
{
    size_t lines = 0, bytes = 0;
    for (size_t i = 0; i < text.len;) {
        const char *end = memchr(text.ptr + i, '\n', text.len - i);
        size_t len = end ? (size_t)(end - text.ptr) - i : text.len - i;
        lines += len > 0;
        bytes += len;
        i += len + 1;
    }
    return most && lines && bytes / lines > most;
}

/* At most `cap` bytes, cut at a line end if there is one in the last tenth. */
static pm_str cut(pm_str text, size_t cap)
{
    size_t len = cap;
    while (len > cap / 10 * 9 && text.ptr[len - 1] != '\n') len--;
    if (len == cap / 10 * 9) len = cap;
    while (len && ((unsigned char)text.ptr[len] & 0xC0u) == 0x80u) len--;
    return (pm_str){text.ptr, len};
}

/* ---- documents ---- */

static bool is_same(const corpus_reader *r, pm_str text, uint64_t hash)
{
    for (size_t k = r->n_documents; k > 0; k--)
        if (r->seen[k - 1] == hash && r->document[k - 1].text.len == text.len &&
            memcmp(r->document[k - 1].text.ptr, text.ptr, text.len) == 0)
            return true;
    return false;
}

/* A well-mixed hash of a text: that of all its words in a row would not see its signs. */
static uint64_t hash_of(pm_str text)
{
    uint64_t h = fnv1a(text.ptr, text.len);
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

static pm_status add_document(corpus_reader *r, const char *name, size_t domain, pm_str text,
                              pm_err *err)
{
    uint64_t hash = hash_of(text);
    bool was_there = false;
    if (!keyset_add(&r->texts, hash, &was_there) ||
        !mem_grow(&r->document, &r->room_documents, r->n_documents + 1, sizeof *r->document) ||
        !mem_grow(&r->seen, &r->room_seen, r->n_documents + 1, sizeof *r->seen))
        return corpus_no_memory(r->dir, err);
    if (was_there && is_same(r, text, hash)) {
        r->out->counts.duplicate_documents++;
        return PM_OK;
    }
    corpus_document *d = &r->document[r->n_documents];
    *d = (corpus_document){.name = arena_strdup(r->a, name),
                           .domain = (uint32_t)domain,
                           .text = {arena_strndup(r->a, text.ptr, text.len), text.len},
                           .chars = text_chars(text),
                           .group = fnv1a(name, strlen(name))};
    if (!d->name || !d->text.ptr) return corpus_no_memory(r->dir, err);
    r->seen[r->n_documents++] = hash;
    r->domain[domain].n_documents++;
    r->domain[domain].bytes_clean += text.len;
    return PM_OK;
}

/* The file's name as part of prompt ids: UTF-8 without control characters, short; where that changes it, its hash keeps it
 * apart from others. */
static void id_of(const char *name, str *out)
{
    size_t len = strlen(name);
    str_clear(out);
    for (size_t i = 0; i < len && out->len < CORPUS_NAME_BYTES;) {
        size_t from = i;
        uint32_t c = utf8_next(name, len, &i);
        bool fine = c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xA0) &&
                    !(c == 0xFFFD && i - from == 1);
        str_put(out, fine ? name + from : "?", fine ? i - from : 1);
    }
    if (out->len != len || memcmp(out->at, name, len) != 0)
        str_printf(out, "~%016llx", (unsigned long long)fnv1a(name, len));
}

static pm_status add_documents(corpus_reader *r, corpus_file *f, size_t section, pm_str text,
                               pm_err *err)
{
    str name = STR_INIT;
    pm_status s = PM_OK;
    id_of(f->name, &name);
    size_t stem = name.len;
    bool whole = !section || text_chars(text) <= section + section / 2;
    for (size_t k = 1; s == PM_OK && text.len; k++) {
        size_t len = whole ? text.len : text_passage(text, section - section / 8, section);
        if (!whole) {
            name.len = stem;
            str_printf(&name, "#%zu", k);
        }
        s = name.failed ? corpus_no_memory(r->dir, err)
                        : add_document(r, name.at, f->domain, (pm_str){text.ptr, len}, err);
        text.ptr += len;
        text.len -= len;
    }
    str_close(&name);
    return s;
}

/* ---- the steps in order ---- */

/* From raw bytes to UTF-8, or NULL with a reason. */
static pm_str decode(corpus_reader *r, corpus_skip *why)
{
    size_t repaired;
    pm_str text = {str_text(&r->raw), r->raw.len};
    text_encoding e = text_decode(text.ptr, text.len, &r->decoded, &repaired);
    if (e == TEXT_BINARY) *why = SKIP_BINARY;
    if (e == TEXT_LATIN1 || e == TEXT_REPAIRED)
        text = (pm_str){str_text(&r->decoded), r->decoded.len};
    r->out->counts.invalid_utf8_repaired += repaired;
    r->out->counts.files_latin1 += e == TEXT_LATIN1;
    return text;
}

/* Cleans the text at hand into r->clean or r->unique; what is left of it, or an empty text with the reason. */
static pm_str clean(corpus_reader *r, const corpus_file *f, const corpus_rule *rule, pm_str text,
                    const char **words)
{
    text_source from = {f->name, rule->kind, text};
    *words = text_clean(&from, &r->clean);
    pm_str out = {str_text(&r->clean), *words ? 0 : r->clean.len};
    if (has_long_lines(out, rule->mean_line)) {
        *words = "has long lines: made by a program";
        return (pm_str){"", 0};
    }
    if (rule->file_cap && out.len > rule->file_cap) {
        out = cut(out, rule->file_cap);
        r->out->counts.files_cut++;
    }
    if (out.len && rule->dedup_paragraphs) {
        str_clear(&r->unique);
        if (!text_drop_paragraphs(&r->paragraphs, out, &r->unique,
                                  &r->out->counts.duplicate_paragraphs))
            r->unique.failed = true;
        out = (pm_str){str_text(&r->unique), r->unique.len};
    }
    return out;
}

static const char *words_of(corpus_skip why)
{
    static const char *const words[CORPUS_SKIPS] = {
        [SKIP_BINARY] = "is no text",
        [SKIP_EMPTY] = "is empty",
        [SKIP_LARGE] = "is larger than max_file_bytes",
        [SKIP_UNREADABLE] = "cannot be read, or is damaged",
    };
    return words[why];
}

pm_status corpus_read_file(corpus_reader *r, corpus_file *f, pm_err *err)
{
    corpus_skip why = f->bytes > r->spec->max_file_bytes ? SKIP_LARGE : SKIP_NONE;
    const corpus_rule *given = corpus_rule_of(&r->config, r->domain[f->domain].name);
    if (!corpus_takes(given, strchr(f->name, '/') + 1))
        return corpus_skipped(r, SKIP_RULE, f->name, "", err);
    pm_status s = why ? PM_OK : load(r, f, &why, err);
    if (s != PM_OK) return s;
    pm_str text = {"", 0};
    if (!why && !r->raw.len) why = SKIP_EMPTY;
    if (!why) text = decode(r, &why);
    if (why) return corpus_skipped(r, why, f->name, words_of(why), err);
    r->out->counts.files_read++;
    r->domain[f->domain].bytes_raw += text.len;
    corpus_rule rule =
        corpus_rule_for(given, given->has_kind ? given->kind : text_kind_of(f->name, text));
    const char *words = NULL;
    text = clean(r, f, &rule, text, &words);
    if (r->decoded.failed || r->clean.failed || r->unique.failed)
        return corpus_no_memory(r->dir, err);
    if (!text.len) return corpus_skipped(r, SKIP_RULE, f->name, "", err);
    f->is_kept = true;
    return add_documents(r, f, rule.section, text, err);
}
