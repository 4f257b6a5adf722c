/* SPDX-License-Identifier: MIT
 *
 * A library with one more number for every expert that does not have it: sizes that were measured.
 */
#include <math.h>
#include <string.h>

#include "data/library.h"

pm_status library_add_attr(library_builder *b, const pm_attr *a, pm_err *err)
{
    char date[16];
    switch (a->kind) {
    case PM_ATTR_NUMBER:
        return library_attr_number(b, a->name, a->number, err);
    case PM_ATTR_TEXT:
        return library_attr_text(b, a->name, a->text, err);
    case PM_ATTR_DATE:
        library_format_date(a->number, date);
        return library_attr_date(b, a->name, date, err);
    case PM_ATTR_FLAG:
        return library_attr_flag(b, a->name, a->number != 0, err);
    }
    return PM_OK;
}

pm_status library_with_number(const library *l, const char *name, const double *value, arena *a,
                              library *out, pm_err *err)
{
    library_builder *b = library_begin(a, l->name);
    if (!b) return err_set(err, PM_E_MEMORY, "library \"%s\"", l->name);
    for (size_t j = 0; j < l->view.n; j++) {
        const pm_expert *e = l->view.expert[j];
        pm_status s = library_add(b, e->id, err);
        for (size_t k = 0; k < e->n_attr && !s; k++) s = library_add_attr(b, &e->attr[k], err);
        if (!s && isfinite(value[j]) && !pm_attr_find(e, name))
            s = library_attr_number(b, name, value[j], err);
        if (s) return s;
    }
    return library_finish(b, out, err);
}
