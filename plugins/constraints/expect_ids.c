/* SPDX-License-Identifier: MIT
 *
 * Ids of the experts of the training library; see expect_ids.h.
 */
#include "expect_ids.h"

/* Points id[] into a copy of `text`, whose newlines become NULs; `text` has one line an expert. */
static pm_status split(struct expect_ids *k, pm_call *c, pm_str text, size_t n)
{
    char *copy = c->host->own(c, text.len + 1, 1);
    const char **id = c->host->own(c, n + 1, sizeof *id);
    if (!copy || !id) return PM_E_MEMORY;
    memcpy(copy, text.ptr, text.len);
    size_t line = 0, begin = 0;
    for (size_t b = 0; b < text.len && line < n; b++) {
        if (copy[b] != '\n') continue;
        copy[b] = 0;
        id[line++] = copy + begin;
        begin = b + 1;
    }
    if (line != n || begin != text.len)
        return c->host->fail(c, PM_E_FORMAT, "'ids' must hold %zu lines", n);
    *k = (struct expect_ids){n, id, text};
    return PM_OK;
}

pm_status expect_ids_learn(struct expect_ids *k, pm_call *c, const pm_library *lib)
{
    size_t len = 0;
    for (size_t j = 0; j < lib->n; j++) len += strlen(lib->expert[j]->id) + 1;
    char *text = c->host->own(c, len, 1), *at = text;
    if (!text) return PM_E_MEMORY;
    for (size_t j = 0; j < lib->n; j++) {
        size_t l = strlen(lib->expert[j]->id);
        memcpy(at, lib->expert[j]->id, l);
        at[l] = '\n';
        at += l + 1;
    }
    return split(k, c, (pm_str){text, len}, lib->n);
}

size_t expect_ids_find(const struct expect_ids *k, const pm_expert *e, size_t hint)
{
    if (hint < k->n && strcmp(k->id[hint], e->id) == 0) return hint;
    for (size_t j = 0; j < k->n; j++)
        if (strcmp(k->id[j], e->id) == 0) return j;
    return k->n;
}

pm_status expect_ids_save(const struct expect_ids *k, pm_call *c, pm_store *s)
{
    return c->host->put_text(c, s, "ids", k->text);
}

pm_status expect_ids_load(struct expect_ids *k, pm_call *c, pm_store *s, size_t n)
{
    pm_str text = {0};
    pm_status st = c->host->get_text(c, s, "ids", &text);
    return st == PM_OK ? split(k, c, text, n) : st;
}
