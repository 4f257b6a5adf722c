/* SPDX-License-Identifier: MIT
 *
 * router-NAME-ALPHA, cut wherever a known name ends.
 */
#include "plug/asked_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define FORM       "want router-NAME-ALPHA with an alpha in [0, 1], or router-NAME for the calibrated one"
#define NAME_BYTES 256

/* A decimal number and nothing else: no spaces, no hexadecimal, no "nan". */
static bool read_alpha(const char *text, double *out)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789.eE+-")]) return false;
    *out = strtod(text, &end);
    return *end == '\0';
}

/* What follows the name: NULL where `rest` does not begin with it, "" where it ends there. */
static const char *after(const char *rest, const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || strncmp(rest, name, len) != 0) return NULL;
    if (rest[len] == '\0') return rest + len;
    return rest[len] == '-' ? rest + len + 1 : NULL;
}

static bool is_repeated(const char *const *known, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (strcmp(known[i], known[k]) == 0) return true;
    return false;
}

/* The name that was probably meant: what stands before the last '-', or before the first as RouteLLM cuts. */
static pm_status unknown(const char *text, const char *const *known, size_t n, pm_err *err)
{
    const char *rest = text + strlen("router-");
    const char *cut[] = {strrchr(rest, '-'), strchr(rest, '-'), rest + strlen(rest)};
    const char *near = NULL;
    char name[NAME_BYTES] = "";
    str list = STR_INIT;
    for (size_t k = 0; k < 3 && !near; k++) {
        size_t len = cut[k] ? (size_t)(cut[k] - rest) : 0;
        if (len == 0 || len >= sizeof name) continue;
        memcpy(name, rest, len);
        name[len] = '\0';
        near = str_suggest(name, known, n);
    }
    const char *last = strrchr(rest, '-');
    double alpha;
    int shown = last && read_alpha(last + 1, &alpha) ? (int)(last - rest) : (int)strlen(rest);
    if (near)
        str_printf(&list, "; did you mean \"%s\"?", near);
    else
        for (size_t k = 0; k < n && k < 16; k++)
            if (!is_repeated(known, k))
                str_printf(&list, "%s\"%s\"", k ? ", " : "; there are: ", known[k]);
    err_set(err, PM_E_ARG, "model \"%s\": no router \"%.*s\"%s", text, shown, rest,
            str_text(&list));
    str_close(&list);
    return PM_E_ARG;
}

typedef struct reading { /* of all known names */
    size_t n;            /* that are sound */
    size_t other;        /* the one before, where there are two */
    const char *bad;     /* what stands for an alpha and is no number */
    const char *outside; /* a number outside [0, 1] */
} reading;

static void read_as(const char *rest, const char *const *known, size_t k, reading *r,
                    asked_model *out)
{
    const char *text = after(rest, known[k]);
    asked_model one = {k, false, 0};
    if (!text || is_repeated(known, k)) return;
    if (text[0] || text[-1] == '-') {
        one.has_alpha = true;
        if (!read_alpha(text, &one.alpha)) {
            r->bad = text;
            return;
        }
        if (!(one.alpha >= 0 && one.alpha <= 1)) {
            r->outside = text;
            return;
        }
    }
    r->other = out->router;
    *out = one;
    r->n++;
}

pm_status asked_model_parse(const char *text, const char *const *known, size_t n, asked_model *out,
                            pm_err *err)
{
    reading r = {0};
    *out = (asked_model){0};
    if (strncmp(text, "router-", 7) != 0 || !text[7])
        return err_set(err, PM_E_ARG, "model \"%s\": " FORM, text);
    for (size_t k = 0; k < n; k++) read_as(text + 7, known, k, &r, out);
    if (r.n == 1) return PM_OK;
    if (r.n > 1)
        return err_set(err, PM_E_ARG,
                       "model \"%s\" can be read in two ways: as router \"%s\" and as router "
                       "\"%s\"; rename one",
                       text, known[r.other], known[out->router]);
    if (r.outside)
        return err_set(err, PM_E_ARG, "model \"%s\": alpha is %s; want a number in [0, 1]", text,
                       r.outside);
    if (r.bad)
        return err_set(err, PM_E_ARG, "model \"%s\": alpha \"%s\" is not a number; " FORM, text,
                       r.bad);
    return unknown(text, known, n, err);
}
