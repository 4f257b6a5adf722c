/* SPDX-License-Identifier: MIT
 *
 * Means of the amounts of the nearest training prompts, for several k in one search.
 */
#include <math.h>

#include "expect.h"

/* Running sums over the neighbours, best first; a mean is taken whenever a k is reached. */
static void means_of(const struct expect_nearest *t, const uint32_t *index, const uint32_t *ks,
                     size_t n_ks, size_t row, double *sum, float *const *out)
{
    double *known = sum + t->m;
    memset(sum, 0, 2 * t->m * sizeof *sum);
    for (size_t q = 0, r = 0; q < n_ks; q++) {
        for (; r < ks[q] && index[r] != PM_NO_COL; r++) {
            const float *seen = t->seen + (size_t)index[r] * t->m;
            for (size_t j = 0; j < t->m; j++)
                if (seen[j] == seen[j]) sum[j] += (double)seen[j], known[j] += 1;
        }
        for (size_t j = 0; j < t->m; j++)
            out[q][row * t->m + j] = (float)(known[j] > 0 ? sum[j] / known[j] : t->otherwise[j]);
    }
}

pm_status expect_near(const struct expect_nearest *t, pm_call *c, pm_cmat query, const uint32_t *ks,
                      size_t n_ks, float *const *out)
{
    const pm_table_service *tables = c->host->service(PM_TABLE_SERVICE);
    if (!tables) return c->host->fail(c, PM_E_UNSUPPORTED, "this host has no " PM_TABLE_SERVICE);
    size_t k = ks[n_ks - 1], n = query.rows, rows = tables->rows(t->table);
    k = k < rows ? k : rows;
    uint32_t *index = c->host->scratch(c, n * k + 1, sizeof *index), *padded;
    float *similarity = c->host->scratch(c, n * k + 1, sizeof *similarity);
    double *sum = c->host->scratch(c, 2 * t->m, sizeof *sum);
    padded = c->host->scratch(c, (size_t)ks[n_ks - 1] + 1, sizeof *padded);
    if (!index || !similarity || !sum || !padded) return PM_E_MEMORY;
    pm_status st = tables->best(t->table, c, query, k, index, similarity);
    for (size_t i = 0; st == PM_OK && i < n; i++) {
        memcpy(padded, index + i * k, k * sizeof *padded);
        for (size_t r = k; r <= ks[n_ks - 1]; r++) padded[r] = PM_NO_COL;
        means_of(t, padded, ks, n_ks, i, sum, out);
    }
    return st;
}
