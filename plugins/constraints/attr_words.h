/* SPDX-License-Identifier: MIT
 *
 * What constraints on lists of words share: "eu, us" word by word.  No plugin of its own.
 */
#ifndef CONSTRAINTS_ATTR_WORDS_H
#define CONSTRAINTS_ATTR_WORDS_H

#include <pointsman/plugin.h>

static inline int words_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of a list by commas, without blanks at its ends; empty words are passed over.  0: no more. */
static inline int words_next(const char **rest, pm_str *out)
{
    const char *p = *rest;
    while (*p == ',' || words_is_blank(*p)) p++;
    if (!*p) return 0;
    const char *end = p;
    while (*end && *end != ',') end++;
    *rest = end;
    while (words_is_blank(end[-1])) end--;
    *out = (pm_str){p, (size_t)(end - p)};
    return 1;
}

static inline int words_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Upper and lower case alike. */
static inline int words_equal(pm_str a, pm_str b)
{
    if (a.len != b.len) return 0;
    for (size_t k = 0; k < a.len; k++)
        if (words_lower(a.ptr[k]) != words_lower(b.ptr[k])) return 0;
    return 1;
}

static inline int words_have(const char *list, pm_str word)
{
    pm_str one;
    while (words_next(&list, &one))
        if (words_equal(one, word)) return 1;
    return 0;
}

/* The text of an attribute, NULL where it is absent or no text. */
static inline const char *words_of(const pm_expert *e, const char *attr)
{
    const pm_attr *a = pm_attr_find(e, attr);
    return a && a->kind == PM_ATTR_TEXT ? a->text : NULL;
}

#endif
