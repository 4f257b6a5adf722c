/* SPDX-License-Identifier: MIT
 *
 * Dense layers: which kernels, the walk over blocks of rows and panels of columns, and its shares for a pool.  Sums
 * are the kernels' (linear_scalar.c, linear_avx2.c ...); nothing here depends on the instruction set.
 */
#include <string.h>

#include "config.h"
#include "math/linear_kernels.h"

#define NEAR                                                                                       \
    ((size_t)256 << 10) /* bytes of ready rows that stay in the second cache beside a panel */
#define CHUNK    ((size_t)112) /* rows made ready at most: eight tiles of fourteen */
#define LINE     ((size_t)16)  /* words of a cache line */
#define SHARE    4e6           /* multiplications of a block: tens of microseconds */
#define WORTH_IT 250000.0      /* multiplications: below, waking a thread costs more */

static const linear_kernels *scalar_of(linear_kind kind)
{
    return kind == LINEAR_F32    ? &linear_scalar_f32
           : kind == LINEAR_BF16 ? &linear_scalar_bf16
                                 : &linear_scalar_i8;
}

const linear_kernels *linear_choose(const compute *c, linear_kind kind)
{
    const cpu_features *cpu = &c->cpu;
#if defined(__x86_64__)
    bool amx = strcmp(c->k->name, "amx") == 0, avx512 = amx || strcmp(c->k->name, "avx512") == 0;
#if defined(PM_HAVE_AMX)
    if (amx && kind == LINEAR_BF16 && cpu->amx_bf16) return &linear_amx_bf16;
    if (amx && kind == LINEAR_I8 && cpu->amx_int8) return &linear_amx_i8;
#endif
    if (avx512 && kind == LINEAR_F32) return &linear_avx512_f32;
    if (avx512 && kind == LINEAR_BF16)
        return cpu->avx512_bf16 && cpu->is_amd ? &linear_avx512_dp : &linear_avx512_bf16;
    if (avx512) return cpu->avx512_vnni ? &linear_avx512_vnni_i8 : &linear_avx512_i8;
    if (strcmp(c->k->name, "avx2") == 0)
        return kind == LINEAR_F32    ? &linear_avx2_f32
               : kind == LINEAR_BF16 ? &linear_avx2_bf16
               : cpu->avx_vnni       ? &linear_avx_vnni_i8
                                     : &linear_avx2_i8;
#endif
    (void)cpu;
    return scalar_of(kind);
}

const char *linear_kernel_name(const compute *c, linear_kind kind)
{
    return linear_choose(c, kind)->name;
}

/* Words of a ready row.  Rows a multiple of a large power of two apart would share few cache sets. */
static size_t row_words(const linear *l)
{
    size_t words = linear_up(linear_steps(l->k, l->n_in) * linear_x_words(l->k), LINE);
    return words % 256 == 0 ? words + LINE : words;
}

/* Rows made ready at a time. */
static size_t chunk_rows(const linear *l)
{
    size_t most = l->k->most, fit = NEAR / (row_words(l) * 4 + 1);
    fit = fit > CHUNK ? CHUNK : fit;
    return fit < most ? most : fit / most * most;
}

size_t linear_room(const linear *l, size_t rows)
{
    size_t chunk = chunk_rows(l);
    rows = linear_up(rows < chunk ? rows : chunk, l->k->round_to);
    return linear_up(rows * row_words(l) * 4 + rows * sizeof(float), MEM_ALIGN);
}

typedef struct walk {
    const linear *l;
    const linear_run *run;
    const uint32_t *x; /* ready rows of the chunk */
    size_t ldx, row, rows, steps;
    const float *scale;
} walk;

/* Rows of the next tile: shared out evenly, or whole tiles where a tile reads more rows than it has. */
static size_t tile_rows(const linear_kernels *k, size_t left)
{
    if (k->round_to > 1) return left < k->most ? left : k->most;
    size_t n = (left + k->most - 1) / k->most;
    return (left + n - 1) / n;
}

/* The tiles of `panels` panels and all rows of the chunk. */
static void walk_panels(const walk *w, size_t panel, size_t panels, size_t c1)
{
    const linear_kernels *k = w->l->k;
    _Alignas(MEM_ALIGN) uint32_t sums[LINEAR_TILE_MOST];
    size_t width = k->width, cols = panels * width, left = c1 - panel * width;
    for (size_t r = 0; r < w->rows;) {
        size_t rows = tile_rows(k, w->rows - r);
        linear_tile t = {.x = w->x + r * w->ldx,
                         .ldx = w->ldx,
                         .w = (const uint32_t *)w->l->packed + panel * width * w->steps,
                         .steps = w->steps,
                         .rows = rows,
                         .panels = panels,
                         .sums = sums};
        k->tile(&t);
        linear_finish f = {.sums = sums,
                           .lds = cols,
                           .rows = rows,
                           .cols = left < cols ? left : cols,
                           .l = w->l,
                           .row_scale = w->scale + (w->scale ? r : 0),
                           .run = w->run,
                           .row = w->row + r,
                           .col = panel * width};
        k->rows->finish(&f);
        r += rows;
    }
}

static void walk_chunk(const walk *w, size_t c0, size_t c1)
{
    const linear_kernels *k = w->l->k;
    size_t end = linear_up(c1, k->width) / k->width, at_once = k->panels(tile_rows(k, w->rows));
    for (size_t panel = c0 / k->width; panel < end;) {
        size_t panels = end - panel >= at_once ? at_once : 1;
        walk_panels(w, panel, panels, c1);
        panel += panels;
    }
}

/* Rows as the tiles want them: read where they lie if they are floats and lie well. */
static void make_ready(walk *w, void *room, size_t room_rows)
{
    const linear *l = w->l;
    const linear_run *run = w->run;
    const float *x = run->x + w->row * run->ldx;
    w->ldx = row_words(l);
    w->x = room;
    w->scale = NULL;
    linear_ready ready = {.x = x,
                          .ldx = run->ldx,
                          .rows = w->rows,
                          .n_in = l->n_in,
                          .even = l->even,
                          .to = room,
                          .ld = w->ldx,
                          .words = w->steps * linear_x_words(l->k),
                          .rows_up = linear_up(w->rows, l->k->round_to)};
    if (l->kind == LINEAR_I8)
        w->scale = ready.scale = (float *)room + linear_up(room_rows, l->k->round_to) * w->ldx;
    if (l->k->form == LINEAR_AS_IS && (w->rows <= 8 || run->ldx % 1024 != 0)) {
        w->x = (const void *)x;
        w->ldx = run->ldx;
    } else {
        l->k->rows->ready(l->k->form, &ready);
    }
}

void linear_block(const linear *l, const linear_run *run, size_t r0, size_t r1, size_t c0,
                  size_t c1, void *room)
{
    size_t chunk = chunk_rows(l), room_rows = r1 - r0 < chunk ? r1 - r0 : chunk;
    if (r0 >= r1 || c0 >= c1) return;
    if (l->k->begin) l->k->begin();
    walk w = {.l = l, .run = run, .steps = linear_steps(l->k, l->n_in)};
    for (w.row = r0; w.row < r1; w.row += w.rows) {
        size_t left = r1 - w.row, n = (left + chunk - 1) / chunk;
        w.rows = linear_up((left + n - 1) / n, l->k->round_to);
        w.rows = w.rows < left ? w.rows : left;
        make_ready(&w, room, room_rows);
        walk_chunk(&w, c0, c1);
    }
    if (l->k->end) l->k->end();
}

/* ---- shares ---- */

typedef struct shares {
    const linear *l;
    const linear_run *run;
    size_t rows, row_grain, col_grain, col_blocks, room_bytes;
    char *room;
} shares;

static pm_status run_share(int worker, size_t lo, size_t hi, void *arg)
{
    const shares *s = arg;
    for (size_t b = lo; b < hi; b++) {
        size_t r0 = b / s->col_blocks * s->row_grain, c0 = b % s->col_blocks * s->col_grain;
        size_t r1 = s->rows - r0 < s->row_grain ? s->rows : r0 + s->row_grain;
        size_t c1 = s->l->n_out - c0 < s->col_grain ? s->l->n_out : c0 + s->col_grain;
        linear_block(s->l, s->run, r0, r1, c0, c1, s->room + (size_t)worker * s->room_bytes);
    }
    return PM_OK;
}

/* Blocks by shape alone: chunks of rows, and where those are few, columns.  Where rows have to be made ready first, each
 * block of columns does it again, so that rows are cut before columns. */
static void cut(shares *s)
{
    const linear *l = s->l;
    double work = (double)s->rows * (double)l->n_in * (double)l->n_out;
    size_t chunk = chunk_rows(l), wanted = (size_t)(work / SHARE);
    wanted = wanted < 4 ? 4 : wanted > 64 ? 64 : wanted;
    size_t row_blocks = (s->rows + chunk - 1) / chunk;
    if (l->k->form != LINEAR_AS_IS && row_blocks < wanted) {
        size_t tiles = (s->rows + l->k->most - 1) / l->k->most;
        row_blocks = tiles < wanted ? tiles : wanted;
    }
    s->row_grain = (s->rows + row_blocks - 1) / row_blocks;
    if (row_blocks > 1) s->row_grain = linear_up(s->row_grain, l->k->round_to);
    row_blocks = (s->rows + s->row_grain - 1) / s->row_grain;
    size_t units = linear_up(l->n_out, LINEAR_COLS) / LINEAR_COLS;
    size_t col_blocks = (wanted + row_blocks - 1) / row_blocks;
    size_t most = l->k->form == LINEAR_AS_IS ? units : (units + 3) / 4;
    col_blocks = col_blocks < most ? col_blocks : most;
    s->col_grain = (units + col_blocks - 1) / col_blocks * LINEAR_COLS;
    s->col_blocks = (l->n_out + s->col_grain - 1) / s->col_grain;
}

void linear_apply(const linear *l, threads *pool, const linear_run *run, size_t rows, void *room)
{
    if (rows == 0 || l->n_out == 0) return;
    shares s = {.l = l, .run = run, .rows = rows, .room = room};
    s.room_bytes = linear_room(l, rows);
    if ((double)rows * (double)l->n_in * (double)l->n_out < WORTH_IT || threads_count(pool) == 1) {
        linear_block(l, run, 0, rows, 0, l->n_out, room);
        return;
    }
    cut(&s);
    size_t row_blocks = (rows + s.row_grain - 1) / s.row_grain;
    (void)threads_for(pool, row_blocks * s.col_blocks, 1, run_share, &s);
}
