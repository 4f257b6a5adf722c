/* SPDX-License-Identifier: MIT
 *
 * The list of what is wrong with a dataset: one message for one mistake, a list for several.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/dataset_private.h"

/* The folder stands once at the head of a list, so it is cut from each line. */
static const char *inside(const mistakes *w, const char *text)
{
    size_t len = strlen(w->dir);
    while (len && w->dir[len - 1] == '/') len--;
    if (strncmp(text, w->dir, len) != 0 || text[len] != '/') return text;
    text += len;
    while (*text == '/') text++;
    return text;
}

static void add(mistakes *w, const char *text)
{
    if (w->n == 0) err_set(&w->first, PM_E_FORMAT, "%s", text);
    if (w->n++ < DATASET_ERRORS) {
        str_puts(&w->text, "\n  ");
        str_puts(&w->text, inside(w, text));
    }
}

void mistakes_add(mistakes *w, const char *fmt, ...)
{
    char text[ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add(w, text);
}

pm_status mistakes_take(mistakes *w, const pm_err *err, pm_err *out)
{
    if (err->status != PM_E_FORMAT && err->status != PM_E_ARG) {
        if (out) *out = *err;
        return err->status;
    }
    add(w, err_text(err));
    return PM_OK;
}

pm_status mistakes_finish(const mistakes *w, pm_err *err)
{
    if (!w->n) return PM_OK;
    if (w->n == 1) {
        if (err) *err = w->first;
        return PM_E_FORMAT;
    }
    if (w->text.failed) return err_set(err, PM_E_MEMORY, "%s: out of memory", w->dir);
    if (w->n <= DATASET_ERRORS)
        return err_set(err, PM_E_FORMAT, "%s: %zu mistakes%s", w->dir, w->n, str_text(&w->text));
    return err_set(err, PM_E_FORMAT, "%s: %zu mistakes, the first %d are%s", w->dir, w->n,
                   DATASET_ERRORS, str_text(&w->text));
}
