/* SPDX-License-Identifier: MIT
 *
 * The k nearest rows of a table by cosine: dense (float32, float16, int8) or sparse (inverted index).
 * A fast first pass finds candidates; the answer's similarities are canonical (kernels.dot64), so that
 * batch and single query, and every thread count, agree to the bit.  Equal similarity: earlier row.
 */
#ifndef PM_MATH_NEIGHBOURS_H
#define PM_MATH_NEIGHBOURS_H

#include "base/mem.h"
#include "math/compute.h"

typedef struct table {
    pm_dtype store_as; /* PM_F32, PM_F16, PM_I8; 0 for sparse */
    size_t rows, cols, ld;
    const void *at;     /* [rows x ld], L2-normalised rows, ld padded to 64 bytes */
    const float *scale; /* [rows] int8: value = scale * integer; else NULL */
    const int16_t
        *fix;         /* float32: the rows in fixed point, in panels (math/compute.h); else NULL */
    double norm_max;  /* of the stored rows, rounded up; 0: not indexed yet */
    double fix_error; /* largest norm of a row minus its fixed-point form */
    pm_csr sparse;    /* normalised rows */
    const uint64_t *post_start; /* inverted index of the sparse rows: [cols + 1] */
    const uint32_t *post_row;   /* [nnz] ascending within a column */
    const float *post_val;      /* [nnz] */
} table;

/* Builds in `a` (owner of all arrays). */
PM_MUST_USE pm_status table_build(const compute *c, arena *a, pm_cmat rows, pm_dtype store_as,
                                  table *out, pm_err *err);
PM_MUST_USE pm_status table_build_sparse(arena *a, const pm_csr *rows, table *out, pm_err *err);
/* Checks the stored rows (finite, of norm about 1 or 0) and makes `fix`, norm_max and fix_error: part of
 * table_build, and to be called after loading.  Errors  PM_E_FORMAT with the row. */
PM_MUST_USE pm_status table_index_dense(const compute *c, arena *a, table *t, pm_err *err);
/* Rebuilds the inverted index of out->sparse (after loading). */
PM_MUST_USE pm_status table_index_sparse(arena *a, table *t, pm_err *err);

/* index, similarity [n x k]: best first, PM_NO_COL and -2 beyond the table's end.  Queries are normalised
 * inside.  similarity = float(canonical dot product); ranked by it, then by row.
 *
 * The first pass is approximate with a proven error bound e (fixed point: |q - q'| |x| + |q'| |x - x'|;
 * float: n u |q| |x|), so every row of the answer is within 2 e of the k-th best approximation; those rows
 * are computed again canonically.  Threaded over queries, or over table rows for few of them.
 * `scratch` is marked and released: nothing is allocated once it has grown to its size.
 * Errors  PM_E_SHAPE, PM_E_ARG (k is 0, or a query that is not finite), PM_E_NOT_TRAINED (no index). */
PM_MUST_USE pm_status table_best(const compute *c, threads *pool, arena *scratch, const table *t,
                                 pm_cmat query, size_t k, uint32_t *index, float *similarity,
                                 pm_err *err);
PM_MUST_USE pm_status table_best_sparse(const compute *c, threads *pool, arena *scratch,
                                        const table *t, const pm_csr *query, size_t k,
                                        uint32_t *index, float *similarity, pm_err *err);

#endif
