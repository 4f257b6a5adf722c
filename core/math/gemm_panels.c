/* SPDX-License-Identifier: MIT
 *
 * out = op(a) op(b) [+ out] as a dense layer whose weights are op(b): packed for this call, panels shared out over the
 * pool; op(a) is turned first where its rows do not lie together.
 */
#include "math/gemm_panels.h"

#include <string.h>

#include "base/mem.h"
#include "math/linear_kernels.h"

#define LEAST      ((size_t)32) /* of each side */
#define LEAST_WORK 2e6          /* multiplications: below, packing costs too much */
#define STRIP      ((size_t)64) /* columns of a transposed that are turned at a time */

typedef float four __attribute__((vector_size(16)));
typedef int32_t pick __attribute__((vector_size(16)));

#if defined(__clang__)
#define MIX(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define MIX(a, b, i, j, k, l) __builtin_shuffle(a, b, (pick){i, j, k, l})
#endif

static inline four load_four(const float *p)
{
    four v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void turn_four(const float *x, size_t ld, float *to, size_t ldt)
{
    four a = load_four(x), b = load_four(x + ld), c = load_four(x + 2 * ld);
    four d = load_four(x + 3 * ld);
    four ac = MIX(a, c, 0, 4, 1, 5), bd = MIX(b, d, 0, 4, 1, 5);
    four ac_high = MIX(a, c, 2, 6, 3, 7), bd_high = MIX(b, d, 2, 6, 3, 7);
    four row[4] = {MIX(ac, bd, 0, 4, 1, 5), MIX(ac, bd, 2, 6, 3, 7),
                   MIX(ac_high, bd_high, 0, 4, 1, 5), MIX(ac_high, bd_high, 2, 6, 3, 7)};
    for (size_t i = 0; i < 4; i++) memcpy(to + i * ldt, &row[i], sizeof row[i]);
}

/* to[c][r] = x[r][c]; written in runs of a cache line. */
static void turn(const float *x, size_t ld, size_t rows, size_t cols, float *to, size_t ldt)
{
    for (size_t r0 = 0; r0 < rows; r0 += 16) {
        size_t r1 = rows - r0 < 16 ? rows : r0 + 16, r4 = r0 + (r1 - r0) / 4 * 4;
        size_t c4 = cols / 4 * 4;
        for (size_t c = 0; c < c4; c += 4)
            for (size_t r = r0; r < r4; r += 4)
                turn_four(x + r * ld + c, ld, to + c * ldt + r, ldt);
        for (size_t c = 0; c < cols; c++)
            for (size_t r = c < c4 ? r4 : r0; r < r1; r++) to[c * ldt + r] = x[r * ld + c];
    }
}

typedef struct panels {
    const gemm_job *g;
    const linear_kernels *k;
    size_t steps, slab_floats, ld; /* of turned a */
    uint32_t *packed;
    float *slab, *turned;
} panels;

static pm_status pack(int worker, size_t lo, size_t hi, void *arg)
{
    const panels *p = arg;
    const gemm_job *g = p->g;
    size_t width = p->k->width, inner = g->inner;
    float *slab = p->slab + (size_t)worker * p->slab_floats;
    for (size_t panel = lo; panel < hi; panel++) {
        size_t first = panel * width, left = g->out.cols - first;
        linear_columns w = {p->k->word,
                            g->b.at + first,
                            g->b.ld,
                            inner,
                            left < width ? left : width,
                            width,
                            p->packed + panel * p->steps * width};
        if (g->tb == 'T') {
            turn(g->b.at + first * g->b.ld, g->b.ld, w.n, inner, slab, width);
            w.at = slab;
            w.ld = width;
        }
        if (w.n < width || p->steps * linear_per_word(p->k->word) > inner)
            memset(w.to, 0, p->steps * width * sizeof *w.to);
        p->k->rows->columns(&w);
    }
    return PM_OK;
}

static pm_status turn_strip(int worker, size_t lo, size_t hi, void *arg)
{
    const panels *p = arg;
    const gemm_job *g = p->g;
    (void)worker;
    turn(g->a.at + lo, g->a.ld, g->inner, hi - lo, p->turned + lo * p->ld, p->ld);
    return PM_OK;
}

static const linear_kernels *kernels_for(const compute *c)
{
    const linear_kernels *k = linear_choose(c, LINEAR_BF16);
    return k->form == LINEAR_HALVES ? k : linear_choose(c, LINEAR_F32);
}

bool gemm_panels_suit(const compute *c, const gemm_job *g)
{
    size_t m = g->out.rows, n = g->out.cols;
    bool plain = g->alpha == 1 && (g->beta == 0 || g->beta == 1) && g->a.ld != 0 && g->b.ld != 0;
    bool large = m >= LEAST && n >= LEAST && g->inner >= LEAST &&
                 (double)m * (double)n * (double)g->inner >= LEAST_WORK;
    return plain && large && kernels_for(c)->width == 32; /* 512 bits, or tiles */
}

static bool rooms(panels *p, arena *a, linear *l, size_t workers)
{
    const gemm_job *g = p->g;
    size_t width = p->k->width, cols = linear_up(g->out.cols, width);
    p->slab_floats = g->tb == 'T' ? width * g->inner : 0;
    p->ld = linear_up(g->inner, 16) + 16;
    l->packed = p->packed = arena_alloc_uncleared(a, cols * p->steps, sizeof *p->packed);
    p->slab = arena_alloc_uncleared(a, workers * p->slab_floats, sizeof *p->slab);
    if (g->ta == 'T') p->turned = arena_alloc_uncleared(a, g->out.rows * p->ld, sizeof *p->turned);
    return p->packed && p->slab && (g->ta != 'T' || p->turned);
}

pm_status gemm_panels(const compute *c, threads *pool, const gemm_job *g, pm_err *err)
{
    const linear_kernels *k = kernels_for(c);
    panels p = {.g = g, .k = k, .steps = linear_steps(k, g->inner)};
    linear l = {.kind = k->word == LINEAR_WORD_F32 ? LINEAR_F32 : LINEAR_BF16,
                .n_in = g->inner,
                .n_out = g->out.cols,
                .k = k};
    size_t workers = (size_t)threads_count(pool), m = g->out.rows;
    arena *a = arena_open(0);
    void *room = NULL;
    if (a && rooms(&p, a, &l, workers))
        room = arena_alloc_uncleared(a, workers, linear_room(&l, m));
    if (!room) {
        arena_close(a);
        return err_set(err, PM_E_MEMORY, "gemm: no memory to pack [%zu x %zu]", g->inner,
                       g->out.cols);
    }
    (void)threads_for(pool, linear_up(l.n_out, k->width) / k->width, 1, pack, &p);
    if (p.turned) (void)threads_for(pool, m, STRIP, turn_strip, &p);
    linear_run run = {.x = p.turned ? p.turned : g->a.at,
                      .ldx = p.turned ? p.ld : g->a.ld,
                      .out = g->out.at,
                      .ldo = g->out.ld,
                      .residual = g->beta == 1 ? g->out.at : NULL,
                      .ldr = g->out.ld};
    linear_apply(&l, pool, &run, m, room);
    arena_close(a);
    return PM_OK;
}
