/* SPDX-License-Identifier: MIT
 *
 * Ids back to text: a list of parts runs through the decoder's steps and is joined.
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

typedef struct parts { /* part i is text[end[i-1], end[i]) */
    str text;
    size_t *end;
    size_t n, capacity;
    bool failed;
} parts;

typedef struct decoding {
    parts in, out;
    regex_room *regex;
    bool limit;
} decoding;

static void close_part(parts *p)
{
    if (!mem_grow(&p->end, &p->capacity, p->n + 1, sizeof *p->end)) {
        p->failed = true;
        return;
    }
    p->end[p->n++] = p->text.len;
}

static pm_str part(const parts *p, size_t i)
{
    size_t from = i > 0 ? p->end[i - 1] : 0;
    return (pm_str){str_text(&p->text) + from, p->end[i] - from};
}

static void parts_close(parts *p)
{
    str_close(&p->text);
    mem_free(p->end);
}

static bool begins(pm_str s, pm_str with)
{
    return s.len >= with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

/* ---- replacing ---- */

static bool find(decoding *d, const decode_step *s, pm_str in, size_t at, size_t *from, size_t *to)
{
    if (s->re) {
        regex_found f = regex_next(s->re, d->regex, in.ptr, in.len, at, from, to);
        d->limit |= f == REGEX_LIMIT;
        return f == REGEX_MATCH;
    }
    for (; at + s->text.len <= in.len; at++) {
        if (memcmp(in.ptr + at, s->text.ptr, s->text.len) != 0) continue;
        *from = at;
        *to = at + s->text.len;
        return true;
    }
    return false;
}

static void replace(decoding *d, const decode_step *s, pm_str in, str *out)
{
    size_t at = 0, from, to, n;
    while (at < in.len && find(d, s, in, at, &from, &to)) {
        str_put(out, in.ptr + at, from - at);
        str_put(out, s->with.ptr, s->with.len);
        at = to;
        if (from < to || at >= in.len) continue;
        (void)unicode_at(in.ptr + at, &n);
        str_put(out, in.ptr + at, n);
        at += n;
    }
    str_put(out, in.ptr + at, in.len - at);
}

static void replace_text(decoding *d, str *text, const char *from, const char *with)
{
    str out = STR_INIT;
    const decode_step s = {
        .kind = DECODE_REPLACE, .text = pm_str_of(from), .with = pm_str_of(with)};
    replace(d, &s, (pm_str){str_text(text), text->len}, &out);
    str_clear(text);
    str_put(text, str_text(&out), out.len);
    text->failed |= out.failed;
    str_close(&out);
}

/* English punctuation loses the blanks that the tokens put around it. */
static void clean_up(decoding *d, str *text)
{
    static const char *const change[][2] = {{" .", "."},     {" ?", "?"},           {" !", "!"},
                                            {" ,", ","},     {" ' ", "'"},          {" n't", "n't"},
                                            {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"},
                                            {" 've", "'ve"}, {" 're", "'re"}};
    for (size_t i = 0; i < sizeof change / sizeof *change; i++)
        replace_text(d, text, change[i][0], change[i][1]);
}

/* ---- steps ---- */

static void wordpiece(decoding *d, const decode_step *s)
{
    str one = STR_INIT;
    for (size_t i = 0; i < d->in.n; i++) {
        pm_str x = part(&d->in, i);
        bool joins = begins(x, s->text);
        str_clear(&one);
        if (i > 0 && !joins) str_puts(&one, " ");
        size_t skip = i > 0 && joins ? s->text.len : 0;
        str_put(&one, x.ptr + skip, x.len - skip);
        if (s->flag && one.len > 1) clean_up(d, &one);
        str_put(&d->out.text, str_text(&one), one.len);
        d->out.failed |= one.failed;
        close_part(&d->out);
    }
    str_close(&one);
}

/* The bytes of a token's letters, or the token itself where one is no such letter. */
static void put_bytes(pm_str x, str *out)
{
    size_t n, before = out->len;
    for (size_t i = 0; i < x.len; i += n) {
        int b = letter_byte(unicode_at(x.ptr + i, &n));
        if (b < 0) {
            if (!out->failed) out->len = before;
            str_put(out, x.ptr, x.len);
            return;
        }
        char byte = (char)b;
        str_put(out, &byte, 1);
    }
}

static void bytes(decoding *d)
{
    str raw = STR_INIT;
    for (size_t i = 0; i < d->in.n; i++) put_bytes(part(&d->in, i), &raw);
    (void)unicode_repair(str_text(&raw), raw.len, &d->out.text);
    d->out.failed |= raw.failed;
    str_close(&raw);
    close_part(&d->out);
}

static void metaspace(decoding *d, const decode_step *s)
{
    for (size_t i = 0; i < d->in.n; i++) {
        pm_str x = part(&d->in, i);
        for (size_t k = 0, n; k < x.len; k += n) {
            (void)unicode_at(x.ptr + k, &n);
            bool mark = n == s->text.len && memcmp(x.ptr + k, s->text.ptr, n) == 0;
            if (mark && !(i == 0 && s->flag))
                str_puts(&d->out.text, " ");
            else if (!mark)
                str_put(&d->out.text, x.ptr + k, n);
        }
        close_part(&d->out);
    }
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* "<0x0A>": its byte, else -1 */
static int byte_of(pm_str x)
{
    if (x.len != 6 || memcmp(x.ptr, "<0x", 3) != 0 || x.ptr[5] != '>') return -1;
    int high = hex(x.ptr[3]), low = hex(x.ptr[4]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static void flush_bytes(decoding *d, str *raw)
{
    if (raw->len == 0) return;
    bool good = unicode_valid(raw->at, raw->len);
    if (good) str_put(&d->out.text, raw->at, raw->len);
    for (size_t i = 0; i < raw->len && !good; i++) {
        str_puts(&d->out.text, "\xef\xbf\xbd");
        close_part(&d->out);
    }
    if (good) close_part(&d->out);
    str_clear(raw);
}

static void byte_fallback(decoding *d)
{
    str raw = STR_INIT;
    for (size_t i = 0; i < d->in.n; i++) {
        pm_str x = part(&d->in, i);
        int b = byte_of(x);
        char byte = (char)b;
        if (b >= 0) {
            str_put(&raw, &byte, 1);
            continue;
        }
        flush_bytes(d, &raw);
        str_put(&d->out.text, x.ptr, x.len);
        close_part(&d->out);
    }
    flush_bytes(d, &raw);
    d->out.failed |= raw.failed;
    str_close(&raw);
}

static void strip(decoding *d, const decode_step *s)
{
    size_t w = s->text.len;
    for (size_t i = 0; i < d->in.n; i++) {
        pm_str x = part(&d->in, i);
        for (size_t k = 0; k < s->start && w > 0 && begins(x, s->text); k++) x.ptr += w, x.len -= w;
        for (size_t k = 0;
             k < s->stop && w > 0 && x.len >= w && memcmp(x.ptr + x.len - w, s->text.ptr, w) == 0;
             k++)
            x.len -= w;
        str_put(&d->out.text, x.ptr, x.len);
        close_part(&d->out);
    }
}

static void bpe(decoding *d, const decode_step *s)
{
    for (size_t i = 0; i < d->in.n; i++) {
        decode_step blank = {
            .kind = DECODE_REPLACE, .text = s->text, .with = pm_str_of(i + 1 < d->in.n ? " " : "")};
        if (s->text.len > 0)
            replace(d, &blank, part(&d->in, i), &d->out.text);
        else
            str_put(&d->out.text, part(&d->in, i).ptr, part(&d->in, i).len);
        close_part(&d->out);
    }
}

static void run(decoding *d, const decode_step *s)
{
    switch (s->kind) {
    case DECODE_WORDPIECE:
        wordpiece(d, s);
        return;
    case DECODE_BYTES:
        bytes(d);
        return;
    case DECODE_METASPACE:
        metaspace(d, s);
        return;
    case DECODE_BYTE_FALLBACK:
        byte_fallback(d);
        return;
    case DECODE_FUSE:
        str_put(&d->out.text, str_text(&d->in.text), d->in.text.len);
        close_part(&d->out);
        return;
    case DECODE_STRIP:
        strip(d, s);
        return;
    case DECODE_REPLACE:
        for (size_t i = 0; i < d->in.n; i++) {
            replace(d, s, part(&d->in, i), &d->out.text);
            close_part(&d->out);
        }
        return;
    case DECODE_BPE:
        bpe(d, s);
    }
}

static void gather(const tokenizer *t, const uint32_t *id, size_t n, bool skip_special, parts *p)
{
    for (size_t i = 0; i < n; i++) {
        if (skip_special && t->special[id[i]]) continue;
        str_put(&p->text, t->shown[id[i]].ptr, t->shown[id[i]].len);
        close_part(p);
    }
}

static void join(const tokenizer *t, const parts *p, str *out)
{
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0 && !t->has_decoder) str_puts(out, " ");
        str_put(out, part(p, i).ptr, part(p, i).len);
    }
}

pm_status tokenizer_decode(const tokenizer *t, const uint32_t *id, size_t n, bool skip_special,
                           str *out, pm_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (id[i] >= t->n)
            return err_set(err, PM_E_ARG, "tokenizer: id %u at %zu - wanted one of %zu", id[i], i,
                           t->n);
    decoding d = {.limit = false};
    bool wants_regex = false;
    for (size_t i = 0; i < t->n_decode; i++) wants_regex |= t->decode[i].re != NULL;
    if (wants_regex) d.regex = regex_room_open();
    bool failed = wants_regex && !d.regex;
    if (!failed) gather(t, id, n, skip_special, &d.in);
    for (size_t i = 0; i < t->n_decode && !failed; i++) {
        run(&d, &t->decode[i]);
        failed = d.out.failed || d.out.text.failed || d.in.failed || d.limit;
        parts old = d.in;
        d.in = d.out;
        d.out = old;
        str_clear(&d.out.text);
        d.out.n = 0;
    }
    failed |= d.in.failed || d.in.text.failed;
    if (!failed) join(t, &d.in, out);
    parts_close(&d.in);
    parts_close(&d.out);
    regex_room_close(d.regex);
    if (d.limit) return err_set(err, PM_E_UNSUPPORTED, "tokenizer: a regular expression gave up");
    if (failed || out->failed) return err_set(err, PM_E_MEMORY, "tokenizer: out of memory");
    return PM_OK;
}
