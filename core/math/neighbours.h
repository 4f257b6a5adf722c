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
    const void *at;             /* [rows x ld], L2-normalised rows, ld padded to 64 bytes */
    const float *scale;         /* [rows] int8: value = scale * integer; else NULL */
    pm_csr sparse;              /* normalised rows */
    const uint64_t *post_start; /* inverted index of the sparse rows: [cols + 1] */
    const uint32_t *post_row;   /* [nnz] ascending within a column */
    const float *post_val;      /* [nnz] */
} table;

/* Builds in `a` (owner of all arrays). */
PM_MUST_USE pm_status table_build(const compute *c, arena *a, pm_cmat rows, pm_dtype store_as,
                                  table *out, pm_err *err);
PM_MUST_USE pm_status table_build_sparse(arena *a, const pm_csr *rows, table *out, pm_err *err);
/* Rebuilds the inverted index of out->sparse (after loading). */
PM_MUST_USE pm_status table_index_sparse(arena *a, table *t, pm_err *err);

/* index, similarity [n x k]: best first, PM_NO_COL and -2 beyond the table's end.  Batches of queries go
 * through gemm in blocks, single ones through gemv; threaded over queries, or over table rows for few. */
PM_MUST_USE pm_status table_best(const compute *c, threads *pool, arena *scratch, const table *t,
                                 pm_cmat query, size_t k, uint32_t *index, float *similarity,
                                 pm_err *err);
PM_MUST_USE pm_status table_best_sparse(const compute *c, threads *pool, arena *scratch,
                                        const table *t, const pm_csr *query, size_t k,
                                        uint32_t *index, float *similarity, pm_err *err);

#endif
