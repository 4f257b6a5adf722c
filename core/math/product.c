/* SPDX-License-Identifier: MIT
 *
 * Packing of both sides, the walk over blocks, and where sums go.  Blocks are cut by shape alone.
 */
#include "math/product.h"

#include <string.h>

#include "math/linear_kernels.h"
#include "math/product_kernels.h"

enum {
    MOST_STEPS = 2048, /* words of the inner dimension at once */
    MOST_ROWS = 4096,  /* rows of op(a) at once */
    MOST_COLS = 2048,  /* columns of op(b) at once */
    MOST_BIAS = MOST_COLS,
    LINE = PRODUCT_SIDE,
    NEAR_WORDS = 64 << 10, /* of packed rows that stay in the second cache beside a panel */
    MOST_CHUNK = 112,
    PANELS = 8, /* packed at once */
    GROUP = 512 /* columns of one piece of work */
};
#define WORTH_IT 250000.0

typedef struct task {
    const product *p;
    const linear_kernels *k;
    const product_kernels *pack;
    bool flipped; /* out' = op(b)' op(a)': sums are stored across */
    char ta, tb;
    pm_cmat a, b;
    size_t rows, cols, inner; /* of the product as it is computed */
    uint32_t *x, *w;          /* packed: [m][ldx] words, panels of w */
    float *bias;              /* [MOST_BIAS], padded */
    /* this block */
    size_t m0, m, n0, n, k0, depth, steps, ldx;
    const uint32_t *at; /* rows: packed, or where they lie */
    size_t at_ld;
    size_t chunk, groups;
} task;

static const linear_kernels *kernels_for(const compute *c, bool bf16_ok)
{
    const linear_kernels *k = linear_choose(c, LINEAR_BF16);
    return bf16_ok && k->form == LINEAR_HALVES ? k : linear_choose(c, LINEAR_F32);
}

const char *product_name(const compute *c, bool bf16_ok)
{
    return kernels_for(c, bf16_ok)->name;
}

size_t product_room(void)
{
    size_t ldx = MOST_STEPS + 2 * LINE, cols = MOST_COLS + LINEAR_COLS;
    return ((MOST_ROWS + 64) * ldx + cols * MOST_STEPS + MOST_BIAS + LINEAR_COLS) *
           sizeof(uint32_t);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- packing ---- */

static void pairs(const float *low, const float *high, size_t n, uint32_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = linear_bf16(low[i]) | (uint32_t)linear_bf16(high[i]) << 16;
}

static void turn(const uint32_t *from, size_t ld_from, uint32_t *to, size_t ld_to)
{
    for (size_t i = 0; i < LINE; i++)
        for (size_t j = 0; j < LINE; j++) to[j * ld_to + i] = from[i * ld_from + j];
}

static const product_kernels product_plain = {pairs, turn};

static const product_kernels *packing_for(const compute *c)
{
#if defined(__x86_64__)
    if (strcmp(c->k->name, "avx512") == 0 || strcmp(c->k->name, "amx") == 0) return &product_avx512;
#endif
    (void)c;
    return &product_plain;
}

/* Words of one step of the inner dimension, of lines [first, first + n) of at [inner][lines]. */
static void step_words(const task *t, pm_cmat at, size_t step, size_t first, size_t n, uint32_t *to)
{
    static const float zeros[LINE];
    size_t k = step * linear_per_word(t->k->word);
    const float *row = at.at + (t->k0 + k) * at.ld + first;
    if (k >= t->depth)
        memset(to, 0, n * sizeof *to);
    else if (t->k->word == LINEAR_WORD_F32)
        memcpy(to, row, n * sizeof *to);
    else if (k + 1 < t->depth)
        t->pack->pairs(row, row + at.ld, n, to);
    else
        for (size_t i = 0; i < n; i += LINE)
            t->pack->pairs(row + i, zeros, least(LINE, n - i), to + i);
}

/* Lines [first, first + n) of at [inner][lines] as rows of words, a square at a time. */
static void lay_across(const task *t, pm_cmat at, size_t first, size_t n, uint32_t *to, size_t ld)
{
    uint32_t from[LINE * LINE], turned[LINE * LINE];
    for (size_t s0 = 0; s0 < t->steps; s0 += LINE)
        for (size_t l = 0; l < n; l += LINE) {
            size_t some = least(LINE, n - l), steps = least(LINE, t->steps - s0);
            memset(from, 0, sizeof from);
            for (size_t s = 0; s < steps; s++)
                step_words(t, at, s0 + s, first + l, some, from + s * LINE);
            t->pack->turn(from, LINE, turned, LINE);
            for (size_t i = 0; i < some; i++)
                memcpy(to + (l + i) * ld + s0, turned + i * LINE, steps * sizeof *to);
        }
}

static pm_status pack_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const task *t = arg;
    uint32_t *to = t->x + lo * t->ldx;
    (void)worker;
    if (t->ta == 'T') {
        lay_across(t, t->a, t->m0 + lo, hi - lo, to, t->ldx);
        return PM_OK;
    }
    linear_ready ready = {.x = pm_crow(t->a, t->m0 + lo) + t->k0,
                          .ldx = t->a.ld,
                          .rows = hi - lo,
                          .n_in = t->depth,
                          .to = to,
                          .ld = t->ldx,
                          .words = t->steps,
                          .rows_up = hi - lo};
    t->k->rows->ready(t->k->form, &ready);
    return PM_OK;
}

/* Panels [lo, hi) from rows of the inner dimension, [k][n]: a row's piece for all of them is read at once. */
static void panels_of_rows(const task *t, size_t lo, size_t hi)
{
    size_t width = t->k->width;
    for (size_t s = 0; s < t->steps; s++)
        for (size_t i = lo; i < hi; i++) {
            size_t n = least(width, t->n - i * width);
            uint32_t *to = t->w + (i * t->steps + s) * width;
            step_words(t, t->b, s, t->n0 + i * width, n, to);
            memset(to + n, 0, (width - n) * sizeof *to);
        }
}

/* A panel from columns that lie as rows, [n][k], a square at a time. */
static void panel_of_columns(const task *t, size_t first, size_t n, uint32_t *to)
{
    size_t width = t->k->width, per = linear_per_word(t->k->word);
    uint32_t from[LINE * LINE], turned[LINE * LINE];
    for (size_t s0 = 0; s0 < t->steps; s0 += LINE)
        for (size_t j = 0; j < width; j += LINE) {
            size_t steps = least(LINE, t->steps - s0), left = t->depth - least(t->depth, s0 * per);
            size_t some = n > j ? least(LINE, n - j) : 0;
            linear_ready r = {.ldx = t->b.ld,
                              .rows = some,
                              .n_in = least(left, steps * per),
                              .to = from,
                              .ld = LINE,
                              .words = steps,
                              .rows_up = some};
            memset(from, 0, sizeof from);
            if (some > 0) {
                r.x = pm_crow(t->b, first + j) + t->k0 + s0 * per;
                t->k->rows->ready(t->k->form, &r);
            }
            t->pack->turn(from, LINE, turned, LINE);
            for (size_t s = 0; s < steps; s++)
                memcpy(to + (s0 + s) * width + j, turned + s * LINE,
                       least(LINE, width - j) * sizeof *to);
        }
}

static pm_status pack_panels(int worker, size_t lo, size_t hi, void *arg)
{
    const task *t = arg;
    size_t width = t->k->width;
    (void)worker;
    if (t->tb == 'N') {
        panels_of_rows(t, lo, hi);
        return PM_OK;
    }
    for (size_t i = lo; i < hi; i++)
        panel_of_columns(t, t->n0 + i * width, least(width, t->n - i * width),
                         t->w + i * width * t->steps);
    return PM_OK;
}

/* ---- sums ---- */

static void store_across(const task *t, const linear_finish *f)
{
    const float *sums = f->sums;
    bool adds = t->p->adds || t->k0 > 0;
    for (size_t j = 0; j < f->cols; j++) {
        float *to = pm_row(t->p->out, t->n0 + f->col + j) + t->m0 + f->row;
        for (size_t i = 0; i < f->rows; i++)
            to[i] = adds ? to[i] + sums[i * f->lds + j] : sums[i * f->lds + j];
    }
}

static void store(const task *t, linear_finish *f)
{
    bool adds = t->p->adds || t->k0 > 0;
    float *out = t->p->out.at + t->m0 * t->p->out.ld + t->n0;
    linear l = {.kind = LINEAR_F32, .n_in = t->depth, .n_out = t->n, .k = t->k};
    l.bias = t->p->bias && t->k0 == 0 ? t->bias : NULL;
    linear_run run = {
        .out = out, .ldo = t->p->out.ld, .residual = adds ? out : NULL, .ldr = t->p->out.ld};
    f->l = &l;
    f->run = &run;
    t->k->rows->finish(f);
}

static size_t tile_rows(const linear_kernels *k, size_t left)
{
    if (k->round_to > 1) return least(left, k->most);
    size_t n = (left + k->most - 1) / k->most;
    return (left + n - 1) / n;
}

/* Rows [r0, r1) of some panels. */
static void walk_rows(const task *t, size_t r0, size_t r1, size_t panel, size_t panels)
{
    const linear_kernels *k = t->k;
    _Alignas(MEM_ALIGN) uint32_t sums[LINEAR_TILE_MOST];
    size_t width = k->width, first = panel * width;
    for (size_t r = r0, rows; r < r1; r += rows) {
        rows = tile_rows(k, r1 - r);
        linear_tile tile = {.x = t->at + r * t->at_ld,
                            .ldx = t->at_ld,
                            .w = t->w + first * t->steps,
                            .steps = t->steps,
                            .rows = rows,
                            .panels = panels,
                            .sums = sums};
        k->tile(&tile);
        linear_finish f = {.sums = sums,
                           .lds = panels * width,
                           .rows = rows,
                           .cols = least(panels * width, t->n - first),
                           .row = r,
                           .col = first};
        if (t->flipped)
            store_across(t, &f);
        else
            store(t, &f);
    }
}

static pm_status run_pieces(int worker, size_t lo, size_t hi, void *arg)
{
    const task *t = arg;
    const linear_kernels *k = t->k;
    (void)worker;
    if (k->begin) k->begin();
    for (size_t i = lo; i < hi; i++) {
        size_t r0 = i / t->groups * t->chunk, r1 = least(r0 + t->chunk, t->m);
        size_t c0 = i % t->groups * GROUP, c1 = least(c0 + GROUP, linear_up(t->n, k->width));
        size_t at_once = k->panels(tile_rows(k, r1 - r0));
        for (size_t panel = c0 / k->width, end = c1 / k->width; panel < end;) {
            size_t panels = end - panel >= at_once ? at_once : 1;
            walk_rows(t, r0, r1, panel, panels);
            panel += panels;
        }
    }
    if (k->end) k->end();
    return PM_OK;
}

/* ---- blocks ---- */

/* Rows that lie well are read there. */
static bool as_they_lie(const task *t)
{
    return t->ta == 'N' && t->k->form == LINEAR_AS_IS && t->a.ld % 1024 != 0;
}

static void begin_rows(task *t, threads *pool)
{
    size_t words = linear_up(t->steps, LINE);
    t->ldx = words % 256 == 0 ? words + LINE : words;
    t->at = t->x;
    t->at_ld = t->ldx;
    if (as_they_lie(t)) {
        t->at = (const void *)(pm_crow(t->a, t->m0) + t->k0);
        t->at_ld = t->a.ld;
    } else {
        (void)threads_for(pool, t->m, 64, pack_rows, t);
    }
    size_t most = t->k->most, fit = NEAR_WORDS / t->ldx;
    fit = least(fit, MOST_CHUNK);
    t->chunk = fit < most ? most : fit / most * most;
}

static void one_block(task *t, threads *pool)
{
    (void)threads_for(pool, linear_up(t->n, t->k->width) / t->k->width, PANELS, pack_panels, t);
    if (t->p->bias && t->k0 == 0) {
        memset(t->bias, 0, linear_up(t->n, LINEAR_COLS) * sizeof *t->bias);
        memcpy(t->bias, t->p->bias + t->n0, t->n * sizeof *t->bias);
    }
    t->groups = (t->n + GROUP - 1) / GROUP;
    (void)threads_for(pool, (t->m + t->chunk - 1) / t->chunk * t->groups, 1, run_pieces, t);
}

/* The side that has to be laid across is the shorter one. */
static void choose_sides(task *t)
{
    const product *p = t->p;
    bool both = p->ta == 'T' && p->tb == 'N' && !p->bias;
    t->flipped = both && p->out.cols < p->out.rows;
    t->a = t->flipped ? p->b : p->a;
    t->b = t->flipped ? p->a : p->b;
    t->ta = p->ta;
    t->tb = p->tb;
    t->rows = t->flipped ? p->out.cols : p->out.rows;
    t->cols = t->flipped ? p->out.rows : p->out.cols;
    t->inner = p->ta == 'T' ? p->a.rows : p->a.cols;
}

void product_run(const compute *c, threads *pool, const product *p, void *room)
{
    task t = {.p = p, .k = kernels_for(c, p->bf16_ok), .pack = packing_for(c), .x = room};
    choose_sides(&t);
    t.w = t.x + (size_t)(MOST_ROWS + 64) * (MOST_STEPS + 2 * LINE);
    t.bias = (float *)(t.w + (size_t)(MOST_COLS + LINEAR_COLS) * MOST_STEPS);
    if ((double)t.rows * (double)t.cols * (double)t.inner < WORTH_IT) pool = NULL;
    size_t most_depth = MOST_STEPS * linear_per_word(t.k->word);
    for (t.k0 = 0; t.k0 < t.inner; t.k0 += most_depth) {
        t.depth = least(most_depth, t.inner - t.k0);
        t.steps = linear_steps(t.k, t.depth);
        for (t.m0 = 0; t.m0 < t.rows; t.m0 += MOST_ROWS) {
            t.m = least(MOST_ROWS, t.rows - t.m0);
            begin_rows(&t, pool);
            for (t.n0 = 0; t.n0 < t.cols; t.n0 += MOST_COLS) {
                t.n = least(MOST_COLS, t.cols - t.n0);
                one_block(&t, pool);
            }
        }
    }
}
