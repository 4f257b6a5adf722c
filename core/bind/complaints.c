/* SPDX-License-Identifier: MIT
 *
 * Collecting mistakes instead of stopping at the first.
 */
#include "bind/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 1024

void complain(complaints *c, const char *where, const char *fmt, ...)
{
    char line[LINE_BYTES];
    int head = snprintf(line, sizeof line, "%.300s: ", where);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + head, sizeof line - (size_t)head, fmt, args);
    va_end(args);
    if (n >= (int)sizeof line - head) memcpy(line + sizeof line - 4, "...", 4);
    for (char *p = line; *p; p++) /* foreign text must not write on a terminal */
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    for (size_t i = 0; i < c->n && i < COMPLAINTS_MAX; i++)
        if (strcmp(c->line[i], line) == 0) return;
    if (c->n < COMPLAINTS_MAX) {
        char *kept = arena_strdup(c->a, line);
        c->line[c->n] = kept ? kept : "no memory for a message";
    }
    c->n++;
}

pm_status complaints_end(const complaints *c, str *out, pm_err *err)
{
    if (c->no_memory || arena_has_refused(c->a))
        return err_set(err, PM_E_MEMORY, "no memory for what the script says");
    if (c->n == 0) return PM_OK;
    for (size_t i = 0; out && i < c->n && i < COMPLAINTS_MAX; i++)
        str_printf(out, "%s\n", c->line[i]);
    if (out && c->n > COMPLAINTS_MAX) str_printf(out, "... and %zu more\n", c->n - COMPLAINTS_MAX);
    if (c->n == 1) return err_set(err, PM_E_ARG, "%s", c->line[0]);
    return err_set(err, PM_E_ARG, "%s (and %zu more mistakes)", c->line[0], c->n - 1);
}

const char *bind_text(arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1, 1);
    if (text) vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text ? text : "";
}
