/* SPDX-License-Identifier: MIT
 *
 * Weights that lie in a slab of floats, and reading any weights into one.  Weights of files are in source_weights.c.
 */
#include <string.h>

#include "nn/source.h"

static pm_status slab_rows(const nn_weights *w, size_t p, size_t lo, size_t hi, float *out,
                           pm_err *err)
{
    (void)err;
    const nn_param *q = &w->layout->param[p];
    if (hi > lo) memcpy(out, w->slab + q->at + lo * q->cols, (hi - lo) * q->cols * sizeof *out);
    return PM_OK;
}

nn_weights nn_slab_weights(const nn_layout *l, const float *slab)
{
    return (nn_weights){.layout = l, .rows = slab_rows, .from = NULL, .slab = slab};
}

pm_status nn_weights_rows(const nn_weights *w, size_t p, size_t lo, size_t hi, float *out,
                          pm_err *err)
{
    const nn_layout *l = w->layout;
    if (p >= l->n || lo > hi || hi > l->param[p].rows)
        return err_set(err, PM_E_ARG, "rows [%zu, %zu) of parameter %zu: '%s' has %zu rows", lo, hi,
                       p, p < l->n ? l->param[p].name : "none", p < l->n ? l->param[p].rows : 0);
    return w->rows(w, p, lo, hi, out, err);
}

pm_status nn_weights_read(const nn_weights *w, float *slab, pm_err *err)
{
    const nn_layout *l = w->layout;
    memset(slab, 0, l->floats * sizeof *slab);
    for (size_t p = 0; p < l->n; p++) {
        pm_status st = w->rows(w, p, 0, l->param[p].rows, slab + l->param[p].at, err);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}
