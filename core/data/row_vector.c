/* SPDX-License-Identifier: MIT
 *
 * An array of a JSON line as float32.
 */
#include "data/row_vector.h"

#include "data/number.h"
#include "data/show.h"

enum { MOST_VALUES = 1 << 20 };

const jsonl_field *row_vector_field(const jsonl_field *f, size_t n, const char *name)
{
    static const char *const names[] = {"embedding", "vector", "values"};
    if (name) return jsonl_find(f, n, name);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const jsonl_field *found = jsonl_find(f, n, names[k]);
        if (found) return found;
    }
    return NULL;
}

static pm_status bad_array(const jsonl_field *f, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s: found %s, wanted an array of numbers",
                   show_text(f->key).text, show_text(f->text).text);
}

pm_status row_vector_read(row_vector *v, const jsonl_field *f, pm_err *err)
{
    v->n = 0;
    if (f->kind != JSONL_RAW || !f->text.len || f->text.ptr[0] != '[') return bad_array(f, err);
    for (;;) { /* the first vector finds out how much room there must be */
        bool full;
        if (number_array(f->text.ptr, f->text.len, v->at, v->room, &v->n, &full)) return PM_OK;
        if (!full) return bad_array(f, err);
        if (v->room >= MOST_VALUES)
            return err_set(err, PM_E_FORMAT, "%s: more than %d values", show_text(f->key).text,
                           MOST_VALUES);
        if (!mem_grow(&v->at, &v->room, v->room + 1, sizeof *v->at))
            return err_set(err, PM_E_MEMORY, "no memory for a vector");
    }
}

void row_vector_close(row_vector *v)
{
    mem_free(v->at);
    *v = (row_vector){0};
}
