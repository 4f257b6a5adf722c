/* SPDX-License-Identifier: MIT
 *
 * Source code: drops the comments about copyright and licences that stand before the first line of code.
 * Comments that explain stay, and so does everything after.
 */
#include "config.h"

#include <string.h>

#include "text/clean_private.h"

typedef struct comment_style {
    const char *ends; /* of file names, blank-separated */
    const char *line; /* begins a comment to the end of the line, or NULL */
    const char *open, *close;
} comment_style;

static const comment_style styles[] = {
    {"py pyi rb sh bash awk tcl r mk am ac cmake jl pm pl t", "#", NULL, NULL},
    {"el lisp lsp cl scm rkt clj", ";", "#|", "|#"},
    {"sty tex ltx def cls ldf dtx bst", "%", NULL, NULL},
    {"ml mli hl thy v", NULL, "(*", "*)"},
    {"lua sql hs ads adb", "--", NULL, NULL},
    {"f90 f95", "!", NULL, NULL},
    {"", "//", "/*", "*/"}, /* C and what took its comments; also for names that tell nothing */
};

static const comment_style *style_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    if (slash) name = slash + 1;
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".gz") == 0) len -= 3;
    size_t dot = len;
    while (dot && name[dot - 1] != '.') dot--;
    size_t k = 0, last = sizeof styles / sizeof *styles - 1;
    for (; dot && k < last; k++)
        for (const char *at = styles[k].ends; *at;) {
            size_t n = strcspn(at, " ");
            if (n == len - dot && memcmp(at, name + dot, n) == 0) return &styles[k];
            at += n + (at[n] == ' ');
        }
    return &styles[last];
}

static bool is_legal(pm_str block)
{
    static const char *const words[] = {
        "copyright",           "license",      "licence", "spdx", "warranty", "redistribut",
        "all rights reserved", "public domain"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (text_holds_fold(block, words[k])) return true;
    return false;
}

/* The length of the comment block at the start of `s`, line ends included; 0 if there is code. */
static size_t block_len(pm_str s, const comment_style *style)
{
    pm_str rest = s, line;
    if (!text_line(&rest, &line)) return 0;
    pm_str body = text_trim(line);
    if (style->open && text_begins(body, style->open)) {
        const char *from = body.ptr + strlen(style->open), *end = s.ptr + s.len;
        const char *close = memmem(from, (size_t)(end - from), style->close, strlen(style->close));
        if (!close) return 0;
        pm_str after = {close + strlen(style->close), 0}, tail;
        after.len = (size_t)(end - after.ptr);
        size_t len = (size_t)(after.ptr - s.ptr);
        if (text_line(&after, &tail) && text_is_blank(tail)) len = (size_t)(after.ptr - s.ptr);
        return len;
    }
    size_t len = 0;
    while (style->line && text_begins(body, style->line)) {
        len = (size_t)(rest.ptr - s.ptr);
        if (!text_line(&rest, &line)) break;
        body = text_trim(line);
    }
    return len;
}

void clean_code(const text_source *from, str *out)
{
    const comment_style *style = style_of(from->name);
    pm_str rest = from->text, line;
    if (text_begins(rest, "#!")) (void)text_line(&rest, &line);
    while (rest.len) {
        pm_str after = rest;
        if (text_line(&after, &line) && text_is_blank(line)) {
            str_put(out, "\n", 1);
            rest = after;
            continue;
        }
        size_t len = block_len(rest, style);
        if (!len) break;
        if (!is_legal((pm_str){rest.ptr, len})) {
            str_put(out, rest.ptr, len);
            if (rest.ptr[len - 1] != '\n') str_put(out, "\n", 1);
        }
        rest.ptr += len;
        rest.len -= len;
    }
    str_put(out, rest.ptr, rest.len);
}
