/* SPDX-License-Identifier: MIT
 *
 * Sparse rows times a dense matrix of bytes: what text becomes a vector with.
 */
#include "math/solve.h"

enum { ENTRIES = 2048 }; /* scaled at a time */

void solve_csr_i8(const compute *c, const pm_csr *a, const int8_t *row, const float *scale,
                  pm_mat out)
{
    float val[ENTRIES];
    for (size_t i = 0; i < a->rows; i++) {
        memset(pm_row(out, i), 0, out.cols * sizeof(float));
        for (uint64_t e = a->start[i]; e < a->start[i + 1]; e += ENTRIES) {
            size_t left = (size_t)(a->start[i + 1] - e), n = left < ENTRIES ? left : ENTRIES;
            for (size_t t = 0; t < n; t++) val[t] = a->val[e + t] * scale[a->col[e + t]];
            c->k->gather_i8(val, a->col + e, n, row, out.cols, out.cols, pm_row(out, i));
        }
    }
}
