/* SPDX-License-Identifier: MIT
 *
 * Perl (perlpod, perlpodspec): the code of a file without its documentation, or the documentation alone with its
 * marks resolved.  Documentation begins at a line =word and ends at =cut.
 */
#include <string.h>

#include "text/clean_private.h"

static bool is_command(pm_str line)
{
    return line.len > 1 && line.ptr[0] == '=' &&
           ((line.ptr[1] >= 'a' && line.ptr[1] <= 'z') ||
            (line.ptr[1] >= 'A' && line.ptr[1] <= 'Z'));
}

void clean_perl(const text_source *from, str *out)
{
    str code = STR_INIT;
    pm_str rest = from->text, line;
    bool in_pod = false;
    while (text_line(&rest, &line)) {
        if (is_command(line)) {
            in_pod = !text_begins(line, "=cut");
            continue;
        }
        if (in_pod) continue;
        pm_str word = text_trim(line);
        if (pm_str_equal(word, "__END__") || pm_str_equal(word, "__DATA__")) break;
        str_put(&code, line.ptr, line.len);
        str_put(&code, "\n", 1);
    }
    text_source bare = {"x.pl", TEXT_CODE, {str_text(&code), code.len}};
    clean_code(&bare, out);
    out->failed = out->failed || code.failed;
    str_close(&code);
}

/* ---- marks inside a paragraph: B<bold>, C<< a < b >>, L<text|target>, E<eacute> ---- */

enum { DEEPEST = 16 };

typedef struct mark {
    char letter;
    size_t angles; /* how many < opened it */
    size_t start;  /* of its content in the output */
} mark;

static void put_escape(str *out, size_t start)
{
    const char *name = out->at + start;
    size_t len = out->len - start;
    uint32_t point = 0;
    if (len == 6 && memcmp(name, "verbar", 6) == 0)
        point = '|';
    else if (len == 3 && memcmp(name, "sol", 3) == 0)
        point = '/';
    else if (len && name[0] >= '0' && name[0] <= '9')
        for (size_t i = 0; i < len && i < 7; i++)
            point = name[i] >= '0' && name[i] <= '9' ? point * 10 + (uint32_t)(name[i] - '0')
                                                     : point;
    else
        point = html_entity(name, len);
    if (!point) return;
    out->len = start;
    text_put_point(out, point);
}

static void close_mark(const mark *m, str *out)
{
    if (out->failed || !out->at) return;
    char *content = out->at + m->start;
    if (m->letter == 'X' || m->letter == 'Z') {
        out->len = m->start;
    } else if (m->letter == 'E') {
        put_escape(out, m->start);
    } else if (m->letter == 'L') { /* what is read stands before the bar */
        const char *bar = memchr(content, '|', out->len - m->start);
        if (bar) out->len = (size_t)(bar - out->at);
    }
}

/* Whether s at i ends the mark: > or, opened by several, blanks and as many. */
static size_t closing(pm_str s, size_t i, const mark *m)
{
    size_t from = i;
    if (m->angles > 1) {
        while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t' || s.ptr[i] == '\n')) i++;
        if (i == from) return 0;
    }
    size_t k = 0;
    while (k < m->angles && i + k < s.len && s.ptr[i + k] == '>') k++;
    return k == m->angles ? i + k - from : 0;
}

static size_t opening(pm_str s, size_t i, mark *m)
{
    if (s.ptr[i] < 'A' || s.ptr[i] > 'Z') return 0;
    size_t k = 1;
    while (i + k < s.len && s.ptr[i + k] == '<') k++;
    if (k == 1) return 0;
    *m = (mark){s.ptr[i], k - 1, 0};
    if (k == 2) return 2;
    size_t blank = i + k;
    while (blank < s.len && (s.ptr[blank] == ' ' || s.ptr[blank] == '\n')) blank++;
    if (blank > i + k) return blank - i;
    m->angles = 1; /* C<<x>: one bracket, then text that begins with another */
    return 2;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* A run of blanks, or of what neither opens nor closes anything; at least one byte. */
static size_t plain_len(pm_str s, size_t i)
{
    size_t n = 1;
    if (is_blank(s.ptr[i])) {
        while (i + n < s.len && is_blank(s.ptr[i + n])) n++;
        return n;
    }
    while (i + n < s.len && !is_blank(s.ptr[i + n]) && s.ptr[i + n] != '<' && s.ptr[i + n] != '>' &&
           (s.ptr[i + n] < 'A' || s.ptr[i + n] > 'Z'))
        n++;
    return n;
}

static void put_marked(pm_str s, str *out)
{
    mark open[DEEPEST];
    size_t depth = 0;
    for (size_t i = 0; i < s.len;) {
        mark m;
        size_t step = depth ? closing(s, i, &open[depth - 1]) : 0;
        if (step) {
            close_mark(&open[--depth], out);
        } else if (depth < DEEPEST && (step = opening(s, i, &m)) != 0) {
            m.start = out->len;
            open[depth++] = m;
        } else {
            step = plain_len(s, i);
            str_put(out, s.ptr + i, step);
        }
        i += step;
    }
    while (depth) close_mark(&open[--depth], out);
}

/* ---- paragraphs ---- */

typedef struct pod {
    bool inside;
    bool other_format; /* between =begin html and =end html */
    str *out;
} pod;

static void take_command(pod *p, pm_str paragraph)
{
    static const char *const spoken[] = {"=head", "=item"};
    pm_str rest = paragraph, line;
    (void)text_line(&rest, &line);
    p->inside = !text_begins(line, "=cut");
    if (text_begins(line, "=begin")) {
        pm_str format = text_trim((pm_str){line.ptr + 6, line.len - 6});
        p->other_format = !text_begins(format, ":") && !pm_str_equal(format, "text");
    }
    if (text_begins(line, "=end")) p->other_format = false;
    for (size_t k = 0; k < 2 && !p->other_format; k++) {
        if (!text_begins(line, spoken[k])) continue;
        size_t skip = 0;
        while (skip < paragraph.len && paragraph.ptr[skip] != ' ' && paragraph.ptr[skip] != '\t' &&
               paragraph.ptr[skip] != '\n')
            skip++;
        put_marked(text_trim((pm_str){paragraph.ptr + skip, paragraph.len - skip}), p->out);
        str_puts(p->out, "\n\n");
    }
}

static void take_paragraph(pod *p, pm_str paragraph)
{
    if (is_command(paragraph)) {
        take_command(p, paragraph);
    } else if (p->inside && !p->other_format) {
        if (paragraph.ptr[0] == ' ' || paragraph.ptr[0] == '\t')
            str_put(p->out, paragraph.ptr, paragraph.len); /* verbatim */
        else
            put_marked(paragraph, p->out);
        str_puts(p->out, "\n\n");
    }
}

void clean_pod(const text_source *from, str *out)
{
    pod p = {false, false, out};
    pm_str rest = from->text, line;
    const char *start = NULL;
    size_t len = 0;
    while (text_line(&rest, &line)) {
        bool blank = text_is_blank(line), ends = text_begins(line, "=cut");
        if (start && (blank || ends)) {
            take_paragraph(&p, (pm_str){start, len});
            start = NULL;
        }
        if (ends) take_paragraph(&p, line); /* code may follow at once */
        if (blank || ends || (!start && !p.inside && !is_command(line))) continue;
        if (!start) start = line.ptr;
        len = (size_t)(line.ptr + line.len - start);
    }
    if (start) take_paragraph(&p, (pm_str){start, len});
}
