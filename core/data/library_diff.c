/* SPDX-License-Identifier: MIT
 *
 * From one library to the next: what went, what came, what changed.
 */
#include "data/library_private.h"
#include "data/names.h"

static bool add_all(names *t, const pm_library *lib)
{
    for (size_t j = 0; j < lib->n; j++)
        if (!names_add(t, pm_str_of(lib->expert[j]->id))) return false;
    return true;
}

static bool same_expert(const pm_expert *a, const pm_expert *b)
{
    if (a->n_attr != b->n_attr) return false;
    for (size_t k = 0; k < a->n_attr; k++)
        if (!library_attr_equal(&a->attr[k], &b->attr[k])) return false;
    return true;
}

pm_status library_diff(const library *before, const library *after, arena *a, pm_change **out,
                       size_t *n, pm_err *err)
{
    const pm_library *old = &before->view, *new = &after->view;
    names was = names_of(a), is = names_of(a);
    pm_change *change = arena_alloc(a, old->n + new->n, sizeof *change);
    *out = NULL;
    *n = 0;
    if (!change || !add_all(&was, old) || !add_all(&is, new))
        return err_set(err, PM_E_MEMORY, "no memory to compare two libraries");
    size_t count = 0;
    for (size_t j = 0; j < old->n; j++)
        if (names_find(&is, pm_str_of(old->expert[j]->id)) == SIZE_MAX)
            change[count++] = (pm_change){PM_REMOVED, (uint32_t)j, PM_NO_COL};
    for (size_t j = 0; j < new->n; j++) {
        size_t i = names_find(&was, pm_str_of(new->expert[j]->id));
        if (i == SIZE_MAX)
            change[count++] = (pm_change){PM_ADDED, PM_NO_COL, (uint32_t)j};
        else if (!same_expert(old->expert[i], new->expert[j]))
            change[count++] = (pm_change){PM_CHANGED, (uint32_t)i, (uint32_t)j};
    }
    *out = change;
    *n = count;
    return PM_OK;
}
