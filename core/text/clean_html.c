/* SPDX-License-Identifier: MIT
 *
 * HTML and its relatives: the text between the tags, one line a block.  Not a parser: a broken page gives the text
 * that is there.  Every byte is looked at a bounded number of times, whatever is left open.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "text/clean_private.h"

typedef struct page {
    pm_str rest;
    str *out;
    size_t pre;    /* open <pre> */
    bool blank;    /* a blank is due before the next word */
    bool was_head; /* a <head> has been met: there is no second */
} page;

typedef struct tag {
    pm_str name;  /* without the slash */
    pm_str inner; /* between < and > */
    bool is_end;
} tag;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool named(pm_str name, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, " ");
        if (len == name.len && strncasecmp(at, name.ptr, len) == 0) return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

static void skip(page *p, size_t n)
{
    p->rest.ptr += n;
    p->rest.len -= n;
}

/* Goes behind the next `end`; what is never closed reaches to the end of the page. */
static void skip_past(page *p, const char *end)
{
    const char *at = memmem(p->rest.ptr, p->rest.len, end, strlen(end));
    skip(p, at ? (size_t)(at - p->rest.ptr) + strlen(end) : p->rest.len);
}

/* ---- text ---- */

static void new_line(page *p, size_t empty)
{
    str_put(p->out, "\n\n", 1 + empty);
    p->blank = false;
}

static bool at_line_start(const page *p)
{
    return p->out->len == 0 || p->out->at[p->out->len - 1] == '\n';
}

static void put_bytes(page *p, const char *bytes, size_t len)
{
    if (p->blank && !at_line_start(p)) str_put(p->out, " ", 1);
    p->blank = false;
    str_put(p->out, bytes, len);
}

/* &name; &#10; &#x0a;: the length of the reference, 0 if it is none. */
static size_t reference(pm_str s, uint32_t *point)
{
    size_t i = 1, most = s.len < 34 ? s.len : 34;
    *point = 0;
    if (most > 2 && s.ptr[1] == '#') {
        bool hex = s.ptr[2] == 'x' || s.ptr[2] == 'X';
        const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
        for (i = hex ? 3 : 2; i < most && strchr(digits, s.ptr[i]) && s.ptr[i]; i++) {
            int c = s.ptr[i];
            uint32_t digit = (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
            if (*point < 0x110000) *point = *point * (hex ? 16 : 10) + digit;
        }
        if (i < s.len && s.ptr[i] == ';') i++;
        return *point ? i : 0;
    }
    while (i < most && (is_letter(s.ptr[i]) || (s.ptr[i] >= '0' && s.ptr[i] <= '9'))) i++;
    *point = html_entity(s.ptr + 1, i - 1);
    if (!*point || i == s.len || s.ptr[i] != ';') return 0;
    return i + 1;
}

static void take_reference(page *p)
{
    uint32_t point;
    size_t len = reference(p->rest, &point);
    if (!len) {
        put_bytes(p, "&", 1);
        skip(p, 1);
        return;
    }
    skip(p, len);
    if (point == 0xA0 || point == ' ')
        p->blank = true;
    else if (point != 0xAD && point != 0x200B) /* a soft hyphen, a blank of no width */ {
        put_bytes(p, "", 0);
        text_put_point(p->out, point);
    }
}

static void take_text(page *p)
{
    size_t n = 0;
    if (p->rest.ptr[0] == '&') {
        take_reference(p);
    } else if (p->pre) {
        while (n < p->rest.len && p->rest.ptr[n] != '<' && p->rest.ptr[n] != '&') n++;
        p->blank = false;
        str_put(p->out, p->rest.ptr, n);
        skip(p, n);
    } else if (is_blank(p->rest.ptr[0])) {
        while (n < p->rest.len && is_blank(p->rest.ptr[n])) n++;
        p->blank = true;
        skip(p, n);
    } else {
        while (n < p->rest.len && p->rest.ptr[n] != '<' && p->rest.ptr[n] != '&' &&
               !is_blank(p->rest.ptr[n]))
            n++;
        put_bytes(p, p->rest.ptr, n);
        skip(p, n);
    }
}

/* ---- tags ---- */

/* The tag at the start, and the page behind it.  A > inside quotes does not end it, unless no quote closes. */
static tag take_tag(page *p)
{
    size_t i = 1;
    tag t = {.is_end = p->rest.ptr[1] == '/'};
    if (t.is_end) i++;
    t.name.ptr = p->rest.ptr + i;
    while (i + t.name.len < p->rest.len &&
           (is_letter(t.name.ptr[t.name.len]) ||
            (t.name.ptr[t.name.len] >= '0' && t.name.ptr[t.name.len] <= '9')))
        t.name.len++;
    const char *start = p->rest.ptr + 1;
    for (i += t.name.len; i < p->rest.len && p->rest.ptr[i] != '>'; i++) {
        char c = p->rest.ptr[i];
        if ((c != '"' && c != '\'') || p->rest.ptr[i - 1] != '=') continue;
        const char *close = memchr(p->rest.ptr + i + 1, c, p->rest.len - i - 1);
        if (!close) i = p->rest.len - 1;
        if (close) i = (size_t)(close - p->rest.ptr);
    }
    t.inner = (pm_str){start, i > 1 ? i - 1 : 0};
    skip(p, i < p->rest.len ? i + 1 : p->rest.len);
    return t;
}

static bool begins_tag(pm_str s)
{
    if (s.len < 2 || s.ptr[0] != '<') return false;
    return is_letter(s.ptr[1]) || (s.ptr[1] == '/' && s.len > 2 && is_letter(s.ptr[2]));
}

/* Goes behind the end tag that belongs to `t`, counting those inside it. */
static void skip_element(page *p, const tag *t)
{
    for (size_t open = 1; open && p->rest.len;) {
        const char *at = memchr(p->rest.ptr, '<', p->rest.len);
        skip(p, at ? (size_t)(at - p->rest.ptr) : p->rest.len);
        if (!begins_tag(p->rest)) {
            if (p->rest.len) skip(p, 1);
            continue;
        }
        tag inner = take_tag(p);
        if (inner.name.len != t->name.len ||
            strncasecmp(inner.name.ptr, t->name.ptr, t->name.len) != 0)
            continue;
        if (inner.is_end)
            open--;
        else
            open++;
    }
}

/* Scripts hold < that begin no tag. */
static void skip_raw(page *p, const tag *t)
{
    while (p->rest.len) {
        skip_past(p, "</");
        if (p->rest.len >= t->name.len && strncasecmp(p->rest.ptr, t->name.ptr, t->name.len) == 0) {
            skip_past(p, ">");
            return;
        }
    }
}

/* Tables of links to the pages before and after. */
static bool is_navigation(const tag *t)
{
    if (named(t->name, "nav")) return true;
    return named(t->name, "div table ul") &&
           (text_holds_fold(t->inner, "class=\"nav") || text_holds_fold(t->inner, "id=\"nav"));
}

static void act(page *p, const tag *t)
{
    if (!t->is_end && named(t->name, "script style")) {
        skip_raw(p, t);
    } else if (!t->is_end && named(t->name, "head")) {
        bool closed = !p->was_head && text_holds_fold(p->rest, "</head"); /* it may be left out */
        p->was_head = true;
        if (closed) skip_element(p, t);
    } else if (!t->is_end && is_navigation(t)) {
        skip_element(p, t);
        new_line(p, 0);
    } else if (named(t->name, "pre")) {
        if (!t->is_end)
            p->pre++;
        else if (p->pre)
            p->pre--;
        new_line(p, 1);
    } else if (named(t->name, "p h1 h2 h3 h4 h5 h6 table ul ol dl blockquote section article hr")) {
        new_line(p, 1);
    } else if (named(t->name, "br li tr dt dd div center title caption thead tbody")) {
        if (!at_line_start(p) || named(t->name, "br")) new_line(p, 0);
    } else if (named(t->name, "td th")) {
        p->blank = true;
    }
}

void clean_html(const text_source *from, str *out)
{
    page p = {.rest = from->text, .out = out};
    while (p.rest.len && !out->failed) {
        if (p.rest.ptr[0] != '<') {
            take_text(&p);
        } else if (text_begins(p.rest, "<!--")) {
            skip_past(&p, "-->");
        } else if (text_begins(p.rest, "<!") || text_begins(p.rest, "<?")) {
            skip_past(&p, ">");
        } else if (begins_tag(p.rest)) {
            tag t = take_tag(&p);
            act(&p, &t);
        } else {
            put_bytes(&p, "<", 1);
            skip(&p, 1);
        }
    }
}
