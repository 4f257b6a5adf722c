/* SPDX-License-Identifier: MIT
 *
 * What the AVX2 and AVX-512 kernels of the weighted pass share, over a handful of vector operations that the
 * including file defines: LANES, vec, v_load, v_store, v_set1, v_add, v_sub, v_mul, v_fma, v_min, v_max,
 * v_times_power (p times 2 to the integer in the low bits of the second) and add_entry.
 * Included by scan_avx2.c and scan_avx512.c only.
 */

#define PARTS (SCAN_GROUP / LANES) /* vectors of a group */

static void top(const float *s, size_t n, float most[SCAN_GROUP])
{
    vec m[PARTS];
    KERNEL_UNROLL for (size_t v = 0; v < PARTS; v++) m[v] = v_load(most + v * LANES);
    for (size_t r = 0; r < n; r++)
        KERNEL_UNROLL for (size_t v = 0; v < PARTS; v++)
            m[v] = v_max(v_load(s + r * SCAN_GROUP + v * LANES), m[v]);
    KERNEL_UNROLL for (size_t v = 0; v < PARTS; v++) v_store(most + v * LANES, m[v]);
}

static inline __attribute__((always_inline)) vec weight(vec s, vec inverse, vec log2_gamma)
{
    vec t = v_mul(v_min(v_mul(s, inverse), v_set1(1)), log2_gamma);
    t = v_max(t, v_set1(-EXP2_MOST));
    vec rounded = v_add(t, v_set1(EXP2_ROUND)), f = v_sub(t, v_sub(rounded, v_set1(EXP2_ROUND)));
    vec p = v_fma(v_set1(EXP2_C6), f, v_set1(EXP2_C5));
    p = v_fma(p, f, v_set1(EXP2_C4));
    p = v_fma(p, f, v_set1(EXP2_C3));
    p = v_fma(p, f, v_set1(EXP2_C2));
    p = v_fma(p, f, v_set1(EXP2_C1));
    p = v_fma(p, f, v_set1(1));
    return v_times_power(p, rounded);
}

static void weigh(const float *s, size_t n, float inverse, float log2_gamma, float *w)
{
    vec i = v_set1(inverse), l = v_set1(log2_gamma);
    for (size_t at = 0; at < n; at += LANES) v_store(w + at, weight(v_load(s + at), i, l));
}

static bool add(const scan_entries *e, const float *s, size_t lo, size_t hi,
                const float inverse[SCAN_GROUP], double *acc)
{
    const pm_tally *how = e->how;
    vec i[PARTS], l = v_set1(e->log2_gamma);
    KERNEL_UNROLL for (size_t v = 0; v < PARTS; v++) i[v] = v_load(inverse + v * LANES);
    for (size_t r = lo; r < hi; r++) {
        size_t first, last;
        if (!scan_range(e, r, &first, &last)) return false;
        if (first == last) continue;
        vec w[PARTS];
        KERNEL_UNROLL for (size_t v = 0; v < PARTS; v++)
            w[v] = weight(v_load(s + (r - lo) * SCAN_GROUP + v * LANES), i[v], l);
        for (size_t at = first; at < last; at++) {
            if (how->cls[at] >= how->n_classes) return false;
            add_entry(w, how->amount ? (double)how->amount[at] : 1,
                      acc + how->cls[at] * SCAN_GROUP);
        }
    }
    return true;
}
