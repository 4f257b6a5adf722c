/* SPDX-License-Identifier: MIT
 *
 * "attributes" of a prompt: what it needs and brings, for constraints.  Names, kinds and texts are checked here, for
 * rows of files and for what callers of the library hand over.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset_private.h"
#include "data/jsonl.h"
#include "data/library_private.h"
#include "data/show.h"

enum { MOST_ATTRS = 64, TEXT_BYTES = 4096 };

static const char *const well_known[] = {"modalities", "tools"};
static const pm_attr_kind kind_of[] = {PM_ATTR_TEXT, PM_ATTR_FLAG};
static const char *const wanted_of[] = {"a text or an array of texts", "true or false"};
enum { N_KNOWN = sizeof well_known / sizeof *well_known };

/* ---- rules ---- */

static pm_status check_name(const char *name, pm_err *err)
{
    if (!library_attr_name_is_good(name))
        return err_set(err, PM_E_FORMAT,
                       "found %s, wanted a name of at most 64 of a-z 0-9 _ that begins with a "
                       "letter",
                       show_text(pm_str_of(name)).text);
    for (size_t k = 0; k < N_KNOWN; k++)
        if (strcmp(name, well_known[k]) == 0) return PM_OK;
    const char *near = strcmp(name, "modality") == 0 ? well_known[0] : NULL;
    for (size_t k = 0; !near && k < N_KNOWN; k++)
        if (str_distance(name, well_known[k]) <= 1) near = well_known[k];
    if (!near) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "unknown \"%s\": did you mean \"%s\"? (a name of one's own must differ more)",
                   name, near);
}

static pm_status check_text(const pm_attr *a, pm_err *err)
{
    if (!a->text) return err_set(err, PM_E_FORMAT, "\"%s\": there is no text", a->name);
    size_t len = strlen(a->text);
    if (len > TEXT_BYTES)
        return err_set(err, PM_E_FORMAT, "\"%s\": found %zu bytes of text, wanted at most %d",
                       a->name, len, TEXT_BYTES);
    pm_str text = {a->text, len}, word = {NULL, 0};
    if (dataset_has_control(text))
        return err_set(err, PM_E_FORMAT, "\"%s\": found %s, wanted no control character", a->name,
                       show_text(text).text);
    if (strcmp(a->name, well_known[0]) != 0) return PM_OK;
    for (const char *rest = a->text; library_modality_next(&rest, &word);)
        if (!library_is_modality(word))
            return err_set(err, PM_E_FORMAT,
                           "\"modalities\": found %s, wanted text, image, audio, video or file",
                           show_text(word).text);
    return PM_OK;
}

pm_status dataset_check_attr(const pm_attr *a, pm_err *err)
{
    pm_status s = check_name(a->name, err);
    if (s != PM_OK) return s;
    for (size_t k = 0; k < N_KNOWN; k++)
        if (strcmp(a->name, well_known[k]) == 0 && a->kind != kind_of[k])
            return err_set(err, PM_E_FORMAT, "\"%s\": found a %s, wanted %s", a->name,
                           library_kind_name(a->kind), wanted_of[k]);
    if (a->kind == PM_ATTR_TEXT) return check_text(a, err);
    if (a->kind < PM_ATTR_NUMBER || a->kind > PM_ATTR_FLAG || !isfinite(a->number))
        return err_set(err, PM_E_FORMAT, "\"%s\": wanted a text, a finite number, true or false",
                       a->name);
    return PM_OK;
}

/* ---- reading ---- */

typedef struct joining { /* texts of an array, by commas */
    str *out;
    const char *wrong;
} joining;

static bool join_text(void *arg, pm_str text)
{
    joining *j = arg;
    if (!text.len || memchr(text.ptr, ',', text.len)) j->wrong = "texts without commas";
    if (j->out->len) str_puts(j->out, ",");
    str_put(j->out, text.ptr, text.len);
    return !j->wrong;
}

static pm_status take_list(const row_part *from, const jsonl_field *f, str *text, pm_err *err)
{
    joining j = {text, NULL};
    str_clear(text);
    pm_status s = f->text.len && f->text.ptr[0] == '['
                      ? jsonl_texts(from->j, f->text, join_text, &j, err)
                      : err_set(err, PM_E_FORMAT, "found an object, wanted no deeper nesting");
    if (j.wrong) s = err_set(err, PM_E_FORMAT, "found an array, wanted %s in it", j.wrong);
    if (s == PM_OK && text->failed) s = err_set(err, PM_E_MEMORY, "no memory for an attribute");
    return s;
}

static pm_status take_value(const row_part *from, const jsonl_field *f, pm_attr *a, pm_err *err)
{
    str list = STR_INIT;
    pm_str text = f->text;
    pm_status s = PM_OK;
    a->kind = f->kind == JSONL_NUMBER ? PM_ATTR_NUMBER
              : f->kind == JSONL_BOOL ? PM_ATTR_FLAG
                                      : PM_ATTR_TEXT;
    a->number = a->kind == PM_ATTR_TEXT ? 0 : f->number;
    if (f->kind == JSONL_RAW) {
        s = take_list(from, f, &list, err);
        text = (pm_str){str_text(&list), list.len};
    }
    if (s == PM_OK && a->kind == PM_ATTR_TEXT) {
        if (memchr(text.ptr, 0, text.len))
            s = err_set(err, PM_E_FORMAT, "found %s, wanted no control character",
                        show_text(text).text);
        else if (!(a->text = arena_strndup(from->a, text.ptr, text.len)))
            s = err_set(err, PM_E_MEMORY, "no memory for an attribute");
    }
    str_close(&list);
    return s == PM_OK ? dataset_check_attr(a, err) : err_wrap(err, s, "\"%s\"", a->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const pm_attr *)a)->name, ((const pm_attr *)b)->name);
}

pm_status dataset_read_attrs(const row_part *from, const pm_attr **out, uint32_t *n_out,
                             pm_err *err)
{
    const jsonl_field *f;
    size_t n, used = 0;
    *out = NULL;
    *n_out = 0;
    if (!from->raw.len || from->raw.ptr[0] != '{')
        return err_set(err, PM_E_FORMAT, "found an array, wanted an object: {\"tools\": true}");
    pm_status s = jsonl_object(from->j, from->raw, &f, &n, err);
    if (s != PM_OK || !n) return s;
    if (n > MOST_ATTRS)
        return err_set(err, PM_E_FORMAT, "found %zu attributes, wanted at most %d", n, MOST_ATTRS);
    pm_attr *attr = arena_alloc(from->a, n, sizeof *attr);
    if (!attr) return err_set(err, PM_E_MEMORY, "no memory for the attributes of a prompt");
    for (size_t k = 0; k < n; k++) {
        if (f[k].kind == JSONL_NULL) continue;
        pm_attr *a = &attr[used++];
        if (memchr(f[k].key.ptr, 0, f[k].key.len))
            return err_set(err, PM_E_FORMAT, "found %s, wanted a name", show_text(f[k].key).text);
        a->name = arena_strndup(from->a, f[k].key.ptr, f[k].key.len);
        if (!a->name) return err_set(err, PM_E_MEMORY, "no memory for the attributes of a prompt");
        if ((s = take_value(from, &f[k], a, err)) != PM_OK) return s;
    }
    qsort(attr, used, sizeof *attr, by_name);
    *out = used ? attr : NULL;
    *n_out = (uint32_t)used;
    return PM_OK;
}
