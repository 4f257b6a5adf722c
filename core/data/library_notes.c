/* SPDX-License-Identifier: MIT
 *
 * What is odd about a library and not wrong: a licence that is nearly an SPDX identifier, a modality that
 * nothing knows, dates in the future or out of order.  Told, never corrected.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "data/library_private.h"
#include "data/show.h"
#include "data/spdx.h"

enum { SQUEEZED = 64, NOTES_SHOWN = 20 };

typedef struct telling {
    library_tell tell;
    void *arg;
    const char *id;
    size_t n;
} telling;

static void note(telling *t, const char *fmt, ...) PM_PRINTF(2, 3);

static void note(telling *t, const char *fmt, ...)
{
    char text[600];
    if (t->n++ >= NOTES_SHOWN) return;
    int at = snprintf(text, sizeof text, "expert %s: ", show_text(pm_str_of(t->id)).text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + at, sizeof text - (size_t)at, fmt, args);
    va_end(args);
    t->tell(t->arg, text);
}

double library_today(void)
{
    return floor((double)time(NULL) / 86400);
}

/* ---- licences ---- */

/* Letters and digits in lower case, without the words that people add: "Apache License v2.0" -> apache20. */
static bool squeeze(const char *text, char out[SQUEEZED])
{
    static const char *const fillers[] = {"license", "licence", "version", "the ", NULL};
    size_t n = 0, len = strlen(text);
    for (size_t at = 0; at < len;) {
        size_t skip = 0;
        for (size_t k = 0; fillers[k] && !skip; k++)
            if (spdx_begins(text + at, len - at, fillers[k])) skip = strlen(fillers[k]);
        char c = (char)spdx_lower(text[at]), next = text[at + 1];
        if (c == 'v' && next >= '0' && next <= '9') skip = 1;
        bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!skip && kept && n + 1 == SQUEEZED) return false;
        if (!skip && kept) out[n++] = c;
        at += skip ? skip : 1;
    }
    out[n] = 0;
    return n > 0;
}

/* Another number is another version, not a slip. */
static bool same_digits(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    for (;;) {
        a += strcspn(a, digits);
        b += strcspn(b, digits);
        if (*a != *b) return false;
        if (!*a) return true;
        a++, b++;
    }
}

/* The identifier that `text` is meant to be, or NULL. */
static const char *near_id(const char *text)
{
    char found[SQUEEZED], known[SQUEEZED];
    const char *best = NULL;
    size_t len = strlen(text);
    const char *rest = len && text[len - 1] == '+' ? "orlater" : "only";
    if (!squeeze(text, found)) return NULL;
    for (const pm_spdx *r = spdx_rows(); r->id; r++) {
        if (!squeeze(r->id, known)) continue;
        size_t n = strlen(found);
        if (strcmp(found, known) == 0) return r->id;
        bool is_stem = strncmp(found, known, n) == 0 && strcmp(known + n, rest) == 0;
        bool is_slip = n >= 5 && str_distance(found, known) <= 1 && same_digits(found, known);
        if (!best && (is_stem || is_slip)) best = r->id;
    }
    return best;
}

static void check_licence(telling *t, const char *text)
{
    const pm_spdx *row = spdx_find(text, strlen(text));
    const char *near = row ? row->id : spdx_family(text, strlen(text)) ? NULL : near_id(text);
    if (near && strcmp(near, text) != 0)
        note(t, "licence: found %s; the SPDX identifier is \"%s\"", show_text(pm_str_of(text)).text,
             near);
}

/* ---- modalities and dates ---- */

bool library_modality_next(const char **rest, pm_str *word)
{
    const char *at = *rest;
    if (!*at) return false;
    size_t n = strcspn(at, ",");
    *rest = at + n + (at[n] == ',');
    while (n && *at == ' ') at++, n--;
    while (n && at[n - 1] == ' ') n--;
    *word = (pm_str){at, n};
    return true;
}

bool library_is_modality(pm_str word)
{
    static const char *const known[] = {"text", "image", "audio", "video", "file"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (spdx_begins(word.ptr, word.len, known[k]) && !known[k][word.len]) return true;
    return !word.len;
}

static void check_modalities(telling *t, const char *list)
{
    pm_str word;
    while (library_modality_next(&list, &word))
        if (!library_is_modality(word))
            note(t, "modalities: found %s; known are text, image, audio, video and file",
                 show_text(word).text);
}

static void check_dates(telling *t, const pm_expert *e, double today)
{
    static const char *const name[] = {"released", "knowledge_cutoff"};
    double day[2];
    char text[2][16];
    for (size_t k = 0; k < 2; k++) {
        day[k] = pm_attr_number(e, name[k], (double)NAN);
        library_format_date(day[k], text[k]);
        if (day[k] > today) note(t, "%s: %s is in the future", name[k], text[k]);
    }
    if (day[1] > day[0])
        note(t, "knowledge_cutoff: %s is after its release on %s", text[1], text[0]);
}

void library_notes(const pm_library *lib, double today, library_tell tell, void *arg)
{
    telling t = {tell, arg, "", 0};
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        const pm_attr *licence = pm_attr_find(e, "licence"),
                      *modalities = pm_attr_find(e, "modalities");
        t.id = e->id;
        if (licence && licence->text) check_licence(&t, licence->text);
        if (modalities && modalities->text) check_modalities(&t, modalities->text);
        check_dates(&t, e, today);
    }
    if (t.n > NOTES_SHOWN) {
        char text[80];
        snprintf(text, sizeof text, "and %zu more notes on attributes of experts",
                 t.n - NOTES_SHOWN);
        tell(arg, text);
    }
}
