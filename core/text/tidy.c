/* SPDX-License-Identifier: MIT
 *
 * Tidying: the form of every clean text.  Line ends become newlines, blanks at line ends and control
 * characters go, overstruck characters (x backspace x) become one, empty lines do not repeat.
 */
#include <string.h>

#include "text/clean_private.h"

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* A line with control characters in it, byte by byte. */
static void put_repaired(pm_str line, str *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c == '\b') { /* _ backspace x: the second is what is seen */
            if (out->len > start && (unsigned char)out->at[out->len - 1] < 0x80)
                out->at[--out->len] = '\0';
        } else if (c == '\f' || c == '\v') {
            str_put(out, " ", 1);
        } else if (!is_control((unsigned char)c)) {
            str_put(out, &c, 1);
        }
    }
    while (out->len > start && (out->at[out->len - 1] == ' ' || out->at[out->len - 1] == '\t'))
        out->at[--out->len] = '\0';
}

static void put_line(pm_str line, str *out)
{
    while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
        line.len--;
    bool clean = true;
    for (size_t i = 0; i < line.len; i++) clean &= !is_control((unsigned char)line.ptr[i]);
    if (clean)
        str_put(out, line.ptr, line.len);
    else
        put_repaired(line, out);
}

/* A line that ends in \n, \r\n or a lone \r. */
static pm_str next_line(pm_str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    const char *cr = memchr(rest->ptr, '\r', len);
    if (cr) len = (size_t)(cr - rest->ptr);
    pm_str line = {rest->ptr, len};
    size_t step = len;
    if (step < rest->len && rest->ptr[step] == '\r') step++;
    if (step < rest->len && rest->ptr[step] == '\n') step++;
    rest->ptr += step;
    rest->len -= step;
    return line;
}

void text_tidy(pm_str from, str *out)
{
    if (text_begins(from, "\xef\xbb\xbf")) {
        from.ptr += 3;
        from.len -= 3;
    }
    size_t empty = 0, first = out->len;
    while (from.len && !out->failed) {
        pm_str line = next_line(&from);
        size_t before = out->len;
        if (out->len > first) str_put(out, empty ? "\n\n" : "\n", empty ? 2 : 1);
        size_t start = out->len;
        put_line(line, out);
        if (out->len == start) { /* an empty line: perhaps one before the next */
            out->len = before;
            if (out->at) out->at[before] = '\0';
            empty++;
        } else {
            empty = 0;
        }
    }
    if (out->len > first) str_put(out, "\n", 1);
}
