/* SPDX-License-Identifier: MIT
 *
 * Reads embeddings.npy: a vector for each prompt, mapped as long as the dataset's arena lives.
 */
#include <string.h>

#include "data/dataset_private.h"
#include "data/npy.h"

static void close_npy(void *x)
{
    npy_close(x);
}

pm_status dataset_read_embeddings(reader *r, pm_err *err)
{
    static const char name[] = "embeddings.npy";
    const char *path = NULL;
    pm_err why = PM_ERR_INIT;
    if (r->o->no_embeddings) return PM_OK;
    for (size_t k = 0; k < r->n_files; k++)
        if (strcmp(r->files[k], name) == 0) path = io_join(r->scratch, r->dir, name);
    if (!path) return arena_has_refused(r->scratch) ? dataset_no_memory(r, err) : PM_OK;
    pm_status s = dataset_register(r, &path, err);
    if (s != PM_OK || !path) return s;
    npy *x = arena_alloc(r->a, 1, sizeof *x);
    if (!x) return dataset_no_memory(r, err);
    s = npy_open(path, x, &why);
    if (s != PM_OK) return mistakes_take(&r->wrong, &why, err);
    if (!arena_defer(r->a, close_npy, x)) {
        npy_close(x);
        return dataset_no_memory(r, err);
    }
    if (x->mat.rows != r->out->n)
        mistakes_add(&r->wrong, "%s: %s: found %zu vectors for %zu prompts, wanted one for each",
                     path, x->mat.rows < r->out->n ? "missing embeddings" : "too many embeddings",
                     x->mat.rows, r->out->n);
    r->out->embed = x->mat;
    return PM_OK;
}
