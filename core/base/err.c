/* SPDX-License-Identifier: MIT
 *
 * Filling and wrapping error values.  Texts are formatted into a local buffer first, because an
 * argument may point into the very message that is being extended.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Copies what fits of a formatted text; `wanted` is what the formatter returned.  A cut text ends
 * in "..." and never inside a UTF-8 sequence. */
static void mark_cut(char *text, size_t room, int wanted)
{
    if (wanted >= 0 && (size_t)wanted < room) return;
    size_t end = strlen(text);
    if (end > room - 4) end = room - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xc0u) == 0x80u) end--;
    memcpy(text + end, "...", 4);
}

pm_status err_set_at(pm_err *err, pm_status s, const char *file, int line, const char *fmt, ...)
{
    if (!err) return s;
    char text[ERR_TEXT] = "";
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mark_cut(text, sizeof text, wanted);
    memcpy(err->text, text, sizeof text);
    err->status = s;
    err->file = file;
    err->line = line;
    err->frames = 1;
    return s;
}

/* How much of `prefix` to print before `text`: a last part that the text begins with is left out, so that
 * 'file:3: router "x"' before 'router "x".train: why' names the router once. */
static size_t prefix_len(const char *prefix, const char *text)
{
    for (const char *part = prefix; part; part = strstr(part, ": ")) {
        if (part > prefix) part += 2;
        size_t len = strlen(part);
        if (!len || strncmp(text, part, len) != 0) continue;
        if (text[len] == ':' || (text[len] == '.' && part[len - 1] == '"'))
            return (size_t)(part - prefix);
    }
    return SIZE_MAX;
}

pm_status err_wrap(pm_err *err, pm_status s, const char *fmt, ...)
{
    if (!err) return s;
    char text[ERR_TEXT] = "";
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mark_cut(text, sizeof text, wanted);
    char all[ERR_TEXT] = "";
    if (err->status == PM_OK) err->status = s;
    size_t kept = prefix_len(text, err_text(err));
    if (kept == SIZE_MAX)
        wanted = snprintf(all, sizeof all, "%s: %s", text, err_text(err));
    else
        wanted = snprintf(all, sizeof all, "%.*s%s", (int)kept, text, err_text(err));
    mark_cut(all, sizeof all, wanted);
    memcpy(err->text, all, sizeof all);
    err->frames++;
    return err->status;
}

void err_clear(pm_err *err)
{
    if (!err) return;
    err->status = PM_OK;
    err->file = NULL;
    err->line = 0;
    err->frames = 0;
    err->text[0] = '\0';
}

const char *err_text(const pm_err *err)
{
    if (!err) return "unknown error";
    return err->text[0] ? err->text : pm_status_text(err->status);
}

const char *pm_status_text(pm_status s)
{
    switch (s) {
#define PM_X(name, value, text)                                                                    \
    case PM_##name:                                                                                \
        return text;
        PM_STATUS_MAP(PM_X)
#undef PM_X
    default:
        return "unknown status";
    }
}

const char *pm_status_name(pm_status s)
{
    switch (s) {
#define PM_X(name, value, text)                                                                    \
    case PM_##name:                                                                                \
        return #name;
        PM_STATUS_MAP(PM_X)
#undef PM_X
    default:
        return "E_UNKNOWN";
    }
}

_Noreturn void err_assert_failed(const char *expr, const char *file, int line)
{
    fflush(stdout);
    fprintf(stderr, "pointsman: %s:%d: broken assumption: %s\n", file, line, expr);
    abort();
}
