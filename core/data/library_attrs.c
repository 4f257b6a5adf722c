/* SPDX-License-Identifier: MIT
 *
 * The attributes of experts: which are well known, and what is refused.  docs/libraries.md says the
 * same in prose.
 */
#include <math.h>

#include "base/str.h"
#include "data/library_private.h"
#include "data/show.h"

enum { NAME_BYTES = 64, TEXT_BYTES = 4096 };

const library_attr_row *library_attr_rows(void)
{
    static const library_attr_row rows[] = {
        {"params", PM_ATTR_NUMBER, "parameters", 1, 1e15, "number of parameters, absolute"},
        {"price_in", PM_ATTR_NUMBER, "USD per 1M tokens", 0, 1e6, "list price of input tokens"},
        {"price_out", PM_ATTR_NUMBER, "USD per 1M tokens", 0, 1e6, "list price of output tokens"},
        {"price_cached", PM_ATTR_NUMBER, "USD per 1M tokens", 0, 1e6,
         "price of cached input tokens"},
        {"released", PM_ATTR_DATE, "date", 0, 0, "day of release"},
        {"knowledge_cutoff", PM_ATTR_DATE, "date", 0, 0, "last day of the training data"},
        {"licence", PM_ATTR_TEXT, "SPDX", 0, 0, "licence, by its SPDX identifier where it has one"},
        {"trust", PM_ATTR_NUMBER, "share", 0, 1, "trust level, 1 is full trust"},
        {"trust_evidence", PM_ATTR_TEXT, "", 0, 0, "what the trust level rests on"},
        {"region", PM_ATTR_TEXT, "", 0, 0, "where it is served: eu, us, local ..."},
        {"context", PM_ATTR_NUMBER, "tokens", 1, 1e12, "longest context"},
        {"latency_first_ms", PM_ATTR_NUMBER, "ms", 0, 1e9, "time to the first token"},
        {"latency_token_ms", PM_ATTR_NUMBER, "ms", 0, 1e9, "time per further token"},
        {"energy_wh_per_ktok", PM_ATTR_NUMBER, "Wh per 1,000 tokens", 0, 1e9,
         "energy of 1,000 tokens"},
        {"carbon_g_per_ktok", PM_ATTR_NUMBER, "g CO2e per 1,000 tokens", 0, 1e9,
         "emissions of 1,000 tokens"},
        {"output_tokens", PM_ATTR_NUMBER, "tokens", 0, 1e9, "usual length of its answers"},
        {"reading_grade", PM_ATTR_NUMBER, "US school grade", 0, 100,
         "usual reading grade of its answers"},
        {"modalities", PM_ATTR_TEXT, "list", 0, 0,
         "what it takes, by commas: text, image, audio, video, file"},
        {"tools", PM_ATTR_FLAG, "", 0, 1, "it can call tools"},
        {"tags", PM_ATTR_TEXT, "list", 0, 0, "words of one's own, by commas"},
        {NULL, PM_ATTR_NUMBER, NULL, 0, 0, NULL},
    };
    return rows;
}

const library_attr_row *library_attr_row_of(const char *name)
{
    for (const library_attr_row *r = library_attr_rows(); r->name; r++)
        if (strcmp(r->name, name) == 0) return r;
    return NULL;
}

const char *library_kind_name(pm_attr_kind kind)
{
    switch (kind) {
    case PM_ATTR_NUMBER:
        return "number";
    case PM_ATTR_TEXT:
        return "text";
    case PM_ATTR_DATE:
        return "date";
    case PM_ATTR_FLAG:
        return "flag";
    }
    return "unknown kind";
}

bool library_attr_name_is_good(const char *name)
{
    size_t n = 0;
    if (name[0] < 'a' || name[0] > 'z') return false;
    for (const char *p = name; *p; p++, n++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_')) return false;
    return n <= NAME_BYTES;
}

/* One slip of the finger, or two in a long name: price_unit is not price_in. */
static const char *near_miss(const char *name)
{
    size_t len = strlen(name), most = len >= 9 ? 2 : 1;
    if (strcmp(name, "params_b") == 0) return "params"; /* billions are a matter of models.json */
    for (const library_attr_row *r = library_attr_rows(); r->name; r++)
        if (str_distance(name, r->name) <= most) return r->name;
    return NULL;
}

static pm_status check_number(const char *who, const pm_attr *attr, const library_attr_row *row,
                              pm_err *err)
{
    if (!isfinite(attr->number))
        return err_set(err, PM_E_ARG, "expert %s: %s: found %g, wanted a finite number", who,
                       attr->name, attr->number);
    if (row && attr->kind == PM_ATTR_NUMBER &&
        !(attr->number >= row->min && attr->number <= row->max))
        return err_set(err, PM_E_ARG, "expert %s: %s: found %.12g, wanted %g to %g (%s)", who,
                       attr->name, attr->number, row->min, row->max, row->unit);
    return PM_OK;
}

static pm_status check_text(const char *who, const pm_attr *attr, pm_err *err)
{
    size_t len = strlen(attr->text);
    if (len > TEXT_BYTES)
        return err_set(err, PM_E_ARG, "expert %s: %s: found %zu bytes of text, wanted at most %d",
                       who, attr->name, len, TEXT_BYTES);
    if (strcmp(attr->name, "price_unit") == 0 && strcmp(attr->text, "USD per 1M tokens") != 0)
        return err_set(err, PM_E_ARG,
                       "expert %s: price_unit: found %s, wanted \"USD per 1M tokens\"", who,
                       show_text(pm_str_of(attr->text)).text);
    return PM_OK;
}

pm_status library_attr_check(const char *who, const pm_attr *attr, pm_err *err)
{
    if (!library_attr_name_is_good(attr->name))
        return err_set(
            err, PM_E_ARG,
            "expert %s: found attribute %s, wanted a name of at most 64 of a-z 0-9 _ that "
            "begins with a letter",
            who, show_text(pm_str_of(attr->name)).text);
    if (strcmp(attr->name, "name") == 0 || strcmp(attr->name, "id") == 0)
        return err_set(err, PM_E_ARG, "expert %s: \"%s\" is what it is called, not an attribute",
                       who, attr->name);
    const library_attr_row *row = library_attr_row_of(attr->name);
    const char *near = row ? NULL : near_miss(attr->name);
    if (near)
        return err_set(
            err, PM_E_ARG,
            "expert %s: unknown attribute \"%s\": did you mean \"%s\"? (a name of one's own "
            "must differ more)",
            who, attr->name, near);
    if (row && row->kind != attr->kind)
        return err_set(err, PM_E_ARG, "expert %s: %s: found a %s, wanted a %s", who, attr->name,
                       library_kind_name(attr->kind), library_kind_name(row->kind));
    return attr->kind == PM_ATTR_TEXT ? check_text(who, attr, err)
                                      : check_number(who, attr, row, err);
}

bool library_attr_equal(const pm_attr *a, const pm_attr *b)
{
    if (a->kind != b->kind || strcmp(a->name, b->name) != 0) return false;
    return a->kind == PM_ATTR_TEXT ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}
