/* SPDX-License-Identifier: MIT
 *
 * Largest cosines, their mean and its interval.  What becomes of prompts that are too near: experiment_similarity.c.
 */
#include "eval/similarity.h"

#include <math.h>

#include "math/neighbours.h"

static pm_status nearest_in(const compute *c, pm_cmat test, pm_cmat train, float *best, pm_err *err)
{
    arena *a = arena_open(0);
    table t;
    uint32_t *index = a ? arena_alloc(a, test.rows, sizeof *index) : NULL;
    float *found = a ? arena_alloc(a, test.rows, sizeof *found) : NULL;
    pm_status s = index && found ? PM_OK
                                 : err_set(err, PM_E_MEMORY, "cosines of %zu prompts", test.rows);
    if (!s) s = table_build(c, a, train, PM_F32, &t, err);
    if (!s) s = table_best(c, c->pool, a, &t, test, 1, index, found, err);
    for (size_t i = 0; i < test.rows && !s; i++)
        if (found[i] > best[i]) best[i] = found[i] < 1 ? found[i] : 1;
    arena_close(a);
    return s;
}

pm_status similarity_nearest(const compute *c, pm_cmat test, const pm_cmat *train, size_t n_train,
                             float *best, pm_err *err)
{
    size_t rows = 0;
    pm_status s = PM_OK;
    for (size_t k = 0; k < n_train; k++) {
        rows += train[k].rows;
        if (train[k].rows && train[k].cols != test.cols)
            return err_set(err, PM_E_SHAPE,
                           "vectors of %zu numbers against vectors of %zu; want equal lengths",
                           test.cols, train[k].cols);
    }
    if (rows == 0 || test.rows == 0)
        return err_set(err, PM_E_ARG, "similarity of %zu test to %zu training prompts; want both",
                       test.rows, rows);
    for (size_t i = 0; i < test.rows; i++) best[i] = -1;
    for (size_t k = 0; k < n_train && !s; k++)
        if (train[k].rows) s = nearest_in(c, test, train[k], best, err);
    return s;
}

pm_status similarity_summarise(const compute *c, const float *best, size_t n,
                               const uint64_t *cluster, const bootstrap_spec *b, double at,
                               similarity_mean *out, pm_err *err)
{
    bootstrap *draws;
    arena *a = arena_open(0);
    double sum = 0, *x = a ? arena_alloc(a, n, sizeof *x) : NULL;
    *out = (similarity_mean){.n = n};
    pm_status s = x ? bootstrap_draw(b, c, cluster, n, a, &draws, err)
                    : err_set(err, PM_E_MEMORY, "similarity of %zu prompts", n);
    for (size_t i = 0; i < n && !s; i++) {
        x[i] = (double)best[i];
        sum += x[i];
        out->n_at += similarity_is_at(best[i], at);
    }
    if (!s) {
        out->mean = sum / (double)n;
        bootstrap_mean(draws, c, x, &out->lo, &out->hi);
    }
    arena_close(a);
    return s;
}
