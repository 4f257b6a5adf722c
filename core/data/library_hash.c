/* SPDX-License-Identifier: MIT
 *
 * The two hashes of a library.  Each field goes in with its length or its kind before it, so that no
 * two libraries run into the same bytes.
 */
#include <string.h>

#include "data/library_private.h"

static void add_u64(sha256 *s, uint64_t v)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(v >> (8 * i));
    sha256_add(s, bytes, sizeof bytes);
}

static void add_text(sha256 *s, const char *text)
{
    size_t len = strlen(text);
    add_u64(s, len);
    sha256_add(s, text, len);
}

static void add_attr(sha256 *s, const pm_attr *a)
{
    add_text(s, a->name);
    add_u64(s, (uint64_t)a->kind);
    if (a->kind == PM_ATTR_TEXT) {
        add_text(s, a->text);
        return;
    }
    double number = a->number == 0 ? 0 : a->number; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    add_u64(s, bits);
}

static bool is_named(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0) return true;
    return false;
}

static void hash_library(const pm_library *lib, const char *const *reads, bool all, char hex[65])
{
    sha256 s;
    sha256_init(&s);
    add_text(&s, all ? "pointsman library 1" : "pointsman members 1");
    add_u64(&s, lib->n);
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        add_text(&s, e->id);
        for (size_t k = 0; k < e->n_attr; k++)
            if (all || is_named(reads, e->attr[k].name)) add_attr(&s, &e->attr[k]);
        add_u64(&s, UINT64_MAX); /* no name is that long: the end of this expert */
    }
    sha256_hex(&s, hex);
}

void library_members(const pm_library *lib, const char *const *reads, char hex[65])
{
    hash_library(lib, reads, false, hex);
}

void library_seal(library *l)
{
    hash_library(&l->view, NULL, true, l->revision_hex);
    l->view.revision = sha256_u64(l->revision_hex);
}
