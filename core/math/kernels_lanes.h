/* SPDX-License-Identifier: MIT
 *
 * The float kernels that AVX2 and AVX-512 share, written once over a handful of vector operations that
 * the including file defines: LANES, vec, v_zero, v_set1, v_load, v_store, v_load_n, v_store_n, v_load_i8, v_add,
 * v_fma and v_sum; BYTE_VECS, the accumulators of gather_i8; and BLOCK_ROWS x BLOCK_VECS, the register block of the chain gemm.
 * Included by kernels_avx2.c and kernels_avx512.c only.
 */

#define ROW_VECS 8

static float dot(const float *a, const float *b, size_t n)
{
    vec s0 = v_zero(), s1 = v_zero(), s2 = v_zero(), s3 = v_zero();
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        s0 = v_fma(v_load(a + i), v_load(b + i), s0);
        s1 = v_fma(v_load(a + i + LANES), v_load(b + i + LANES), s1);
        s2 = v_fma(v_load(a + i + 2 * LANES), v_load(b + i + 2 * LANES), s2);
        s3 = v_fma(v_load(a + i + 3 * LANES), v_load(b + i + 3 * LANES), s3);
    }
    for (; i + LANES <= n; i += LANES) s0 = v_fma(v_load(a + i), v_load(b + i), s0);
    if (i < n) s1 = v_fma(v_load_n(a + i, n - i), v_load_n(b + i, n - i), s1);
    return v_sum(v_add(v_add(s0, s1), v_add(s2, s3)));
}

static void gemv(const float *table, size_t rows, size_t cols, size_t ld, const float *q,
                 float *out)
{
    for (size_t r = 0; r < rows; r++) out[r] = dot(table + r * ld, q, cols);
}

static void axpy(float alpha, const float *x, float *y, size_t n)
{
    vec a = v_set1(alpha);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_fma(a, v_load(x + i), v_load(y + i)));
    if (i < n) v_store_n(y + i, v_fma(a, v_load_n(x + i, n - i), v_load_n(y + i, n - i)), n - i);
}

static void gather(const float *val, const uint32_t *at, size_t n, const float *base, size_t ld,
                   float *out)
{
    vec acc[SPARSE_COLS / LANES];
    KERNEL_UNROLL for (size_t v = 0; v < SPARSE_COLS / LANES; v++) acc[v] = v_zero();
    for (size_t e = 0; e < n; e++) {
        const float *row = base + at[e] * ld;
        vec a = v_set1(val[e]);
        KERNEL_UNROLL for (size_t v = 0; v < SPARSE_COLS / LANES; v++)
            acc[v] = v_fma(a, v_load(row + v * LANES), acc[v]);
    }
    KERNEL_UNROLL for (size_t v = 0; v < SPARSE_COLS / LANES; v++) v_store(out + v * LANES, acc[v]);
}

static void scatter(const float *val, const uint32_t *at, size_t n, const float *x, float *base,
                    size_t ld)
{
    vec b[SPARSE_COLS / LANES];
    KERNEL_UNROLL for (size_t v = 0; v < SPARSE_COLS / LANES; v++) b[v] = v_load(x + v * LANES);
    for (size_t e = 0; e < n; e++) {
        float *row = base + at[e] * ld;
        vec a = v_set1(val[e]);
        KERNEL_UNROLL for (size_t v = 0; v < SPARSE_COLS / LANES; v++)
            v_store(row + v * LANES, v_fma(a, b[v], v_load(row + v * LANES)));
    }
}

static void scatter16(const float *val, const uint32_t *at, size_t n, uint32_t first,
                      const float *x, float *base, size_t ld)
{
    vec b[16 / LANES];
    KERNEL_UNROLL for (size_t v = 0; v < 16 / LANES; v++) b[v] = v_load(x + v * LANES);
    for (size_t e = 0; e < n; e++) {
        float *row = base + (at[e] - first) * ld;
        vec a = v_set1(val[e]);
        KERNEL_UNROLL for (size_t v = 0; v < 16 / LANES; v++)
            v_store(row + v * LANES, v_fma(a, b[v], v_load(row + v * LANES)));
    }
}

/* Rows lie far apart, and waiting for them is most of the work: they are asked for AHEAD entries early. */
#define AHEAD 12

static inline __attribute__((always_inline)) void gather_bytes(const float *val, const uint32_t *at,
                                                               size_t n, const int8_t *base,
                                                               size_t ld, float *out, size_t vecs,
                                                               bool is_first)
{
    vec acc[BYTE_VECS];
    KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) acc[v] = v_load(out + v * LANES);
    for (size_t e = 0; e < n; e++) {
        const int8_t *row = base + at[e] * ld;
        vec a = v_set1(val[e]);
        if (is_first && e + AHEAD < n) {
            const char *next = (const char *)(base + at[e + AHEAD] * ld);
            KERNEL_UNROLL for (size_t line = 0; line < 256; line += 64)
                _mm_prefetch(next + line, _MM_HINT_T0);
        }
        KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
            acc[v] = v_fma(a, v_load_i8(row + v * LANES), acc[v]);
    }
    KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) v_store(out + v * LANES, acc[v]);
}

static void gather_i8(const float *val, const uint32_t *at, size_t n, const int8_t *base, size_t ld,
                      size_t cols, float *out)
{
    size_t j = 0;
    for (; j + BYTE_VECS * LANES <= cols; j += BYTE_VECS * LANES)
        gather_bytes(val, at, n, base + j, ld, out + j, BYTE_VECS, j % 256 == 0);
    for (; j + LANES <= cols; j += LANES)
        gather_bytes(val, at, n, base + j, ld, out + j, 1, j == 0);
    for (size_t e = 0; j < cols && e < n; e++) {
        const int8_t *row = base + at[e] * ld;
        for (size_t t = j; t < cols; t++) out[t] = __builtin_fmaf(val[e], (float)row[t], out[t]);
    }
}

/* out[r][j] for `rows` rows (a constant after inlining) and `vecs` vectors of columns from j on: the
 * accumulators stay in registers for the whole chain over p. */
static inline __attribute__((always_inline)) void chain(const pm_cmat *x, const pm_cmat *w,
                                                        const pm_mat *out, size_t i, size_t j,
                                                        size_t rows, size_t vecs)
{
    const float *xi = x->at + i * x->ld, *wj = w->at + j;
    float *o = out->at + i * out->ld + j;
    vec acc[BLOCK_ROWS][BLOCK_VECS];
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        acc[r][v] = v_load(o + r * out->ld + v * LANES);
    for (size_t p = 0; p < x->cols; p++) {
        vec b[BLOCK_VECS];
        KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) b[v] = v_load(wj + p * w->ld + v * LANES);
        KERNEL_UNROLL for (size_t r = 0; r < rows; r++)
        {
            vec a = v_set1(xi[r * x->ld + p]);
            KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) acc[r][v] = v_fma(a, b[v], acc[r][v]);
        }
    }
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        v_store(o + r * out->ld + v * LANES, acc[r][v]);
}

/* The last columns, fewer than a vector. */
static inline __attribute__((always_inline)) void
chain_tail(const pm_cmat *x, const pm_cmat *w, const pm_mat *out, size_t i, size_t j, size_t rows)
{
    size_t n = w->cols - j;
    const float *xi = x->at + i * x->ld;
    float *o = out->at + i * out->ld + j;
    vec acc[BLOCK_ROWS];
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) acc[r] = v_load_n(o + r * out->ld, n);
    for (size_t p = 0; p < x->cols; p++) {
        vec b = v_load_n(w->at + p * w->ld + j, n);
        KERNEL_UNROLL for (size_t r = 0; r < rows; r++)
            acc[r] = v_fma(v_set1(xi[r * x->ld + p]), b, acc[r]);
    }
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) v_store_n(o + r * out->ld, acc[r], n);
}

static inline __attribute__((always_inline)) void
chain_rows(const pm_cmat *x, const pm_cmat *w, const pm_mat *out, size_t i, size_t rows)
{
    size_t j = 0;
    for (; j + BLOCK_VECS * LANES <= w->cols; j += BLOCK_VECS * LANES)
        chain(x, w, out, i, j, rows, BLOCK_VECS);
    for (; j + LANES <= w->cols; j += LANES) chain(x, w, out, i, j, rows, 1);
    if (j < w->cols) chain_tail(x, w, out, i, j, rows);
}

/* One row alone: a chain is as slow as its additions, so as many columns as possible run side by side. */
static inline __attribute__((always_inline)) void
row_strip(const float *x, const float *w, size_t p, size_t ldw, float *o, size_t vecs, size_t rest)
{
    vec acc[ROW_VECS] = {v_zero()}, last = v_zero();
    KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) acc[v] = v_load(o + v * LANES);
    if (rest) last = v_load_n(o + vecs * LANES, rest);
    for (size_t q = 0; q < p; q++) {
        vec a = v_set1(x[q]);
        const float *row = w + q * ldw;
        KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
            acc[v] = v_fma(a, v_load(row + v * LANES), acc[v]);
        if (rest) last = v_fma(a, v_load_n(row + vecs * LANES, rest), last);
    }
    KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) v_store(o + v * LANES, acc[v]);
    if (rest) v_store_n(o + vecs * LANES, last, rest);
}

static void row_chain(const float *x, const float *w, size_t p, size_t n, size_t ldw, float *o)
{
    size_t j = 0;
    for (; n - j >= ROW_VECS * LANES; j += ROW_VECS * LANES)
        row_strip(x, w + j, p, ldw, o + j, ROW_VECS, 0);
    size_t rest = (n - j) % LANES;
    w += j;
    o += j;
    switch ((n - j) / LANES) {
#define ROW_CASE(vecs)                                                                             \
    case vecs:                                                                                     \
        row_strip(x, w, p, ldw, o, vecs, rest);                                                    \
        break;
        ROW_CASE(1)
        ROW_CASE(2)
        ROW_CASE(3)
        ROW_CASE(4)
        ROW_CASE(5)
        ROW_CASE(6)
        ROW_CASE(7)
    default:
        if (rest) row_strip(x, w, p, ldw, o, 0, rest);
    }
}

static void rows_gemm(const pm_cmat *x, const pm_cmat *w, const pm_mat *out)
{
    size_t i = 0;
    for (; i + BLOCK_ROWS <= x->rows; i += BLOCK_ROWS) chain_rows(x, w, out, i, BLOCK_ROWS);
    for (; i + 2 <= x->rows; i += 2) chain_rows(x, w, out, i, 2);
    if (i < x->rows)
        row_chain(x->at + i * x->ld, w->at, x->cols, w->cols, w->ld, out->at + i * out->ld);
}

static void row_gemm(const float *x, const float *w, size_t p, size_t n, size_t ldw,
                     const float *init, float *out)
{
    for (size_t j = 0; j < n; j++) out[j] = init ? init[j] : 0;
    row_chain(x, w, p, n, ldw, out);
}
