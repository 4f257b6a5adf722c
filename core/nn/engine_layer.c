/* SPDX-License-Identifier: MIT
 *
 * Sequences through the layers.  Attention is all that looks across rows; everything else is done to panels of rows
 * by the members of a team, block by block.  Alone, a member takes each stage as one block.
 */
#include <math.h>
#include <string.h>

#include "math/attention.h"
#include "math/mat.h"
#include "math/rows.h"
#include "nn/engine_own.h"

enum { NORM_ROWS = 8, MOST_STAGES = 9, ROWS_APIECE = 96, ROW_GRAIN = 16 };

/* One stage at work: rows [row, row + rows) of a pass in layer `layer`. */
typedef struct step {
    const engine_pass *p;
    const engine_layer *l;
    size_t layer, row, rows;
    const engine_norm *norm;
    pm_cmat from;
    pm_mat to;
} step;

static size_t qkv_cols(const nn_engine *e)
{
    return engine_q_cols(e) + 2 * engine_kv_cols(e);
}

static void *room_of(const engine_pass *p, int worker)
{
    return p->room + (size_t)worker * p->room_each;
}

/* ---- products ---- */

typedef struct product {
    const engine_pass *p;
    const linear *first, *second; /* second NULL, or run over the same block right after */
    linear_run run, then;
    size_t rows, row_block, col_block, n_row_blocks;
} product;

static size_t up_to(size_t n, size_t grain)
{
    return (n + grain - 1) / grain * grain;
}

static void multiply(void *arg, size_t lo, size_t hi, int worker)
{
    const product *w = arg;
    void *room = room_of(w->p, worker);
    for (size_t i = lo; i < hi; i++) {
        size_t r0 = i % w->n_row_blocks * w->row_block, r1 = r0 + w->row_block;
        size_t c0 = i / w->n_row_blocks * w->col_block, c1 = c0 + w->col_block;
        if (r1 > w->rows) r1 = w->rows;
        if (c1 > w->first->n_out) c1 = w->first->n_out;
        linear_block(w->first, &w->run, r0, r1, c0, c1, room);
        if (w->second) linear_block(w->second, &w->then, r0, r1, c0, c1, room);
    }
}

/* Blocks of rows times columns: enough of them for the threads, no smaller than kernels like. */
static void share(team_member *m, product *w)
{
    size_t n_out = w->first->n_out, n_cols = 1;
    w->n_row_blocks = 1;
    if (m->stage) {
        w->n_row_blocks = (w->rows + ROWS_APIECE - 1) / ROWS_APIECE;
        n_cols = (w->p->wanted + w->n_row_blocks - 1) / w->n_row_blocks;
    }
    w->row_block = up_to((w->rows + w->n_row_blocks - 1) / w->n_row_blocks, ROW_GRAIN);
    w->n_row_blocks = (w->rows + w->row_block - 1) / w->row_block;
    w->col_block = up_to((n_out + n_cols - 1) / n_cols, LINEAR_COLS);
    team_for(m, w->n_row_blocks * ((n_out + w->col_block - 1) / w->col_block), 1, multiply, w);
}

/* out = act(x l) + residual */
static void dense(team_member *m, const step *s, const linear *l, linear_act act, bool onto)
{
    product w = {.p = s->p, .first = l, .rows = s->rows};
    w.run = (linear_run){s->from.at, s->from.ld, s->to.at, s->to.ld, act, NULL, 0, NULL, 0, 0};
    if (onto) {
        w.run.residual = s->to.at;
        w.run.ldr = s->to.ld;
    }
    share(m, &w);
}

/* out = act(x gate) * (x up): gates follow in the block where `up` has just been. */
static void gated(team_member *m, const step *s)
{
    product w = {.p = s->p, .first = &s->l->up, .second = &s->l->gate, .rows = s->rows};
    w.run =
        (linear_run){s->from.at, s->from.ld, s->to.at, s->to.ld, LINEAR_NONE, NULL, 0, NULL, 0, 0};
    w.then = w.run;
    w.then.act = s->p->e->config.act;
    w.then.mul = s->to.at;
    w.then.ldm = s->to.ld;
    share(m, &w);
}

/* ---- norms, positions ---- */

static void norm_rows(void *arg, size_t lo, size_t hi, int worker)
{
    const step *s = arg;
    pm_cmat x = {s->from.at + lo * s->from.ld, hi - lo, s->from.cols, s->from.ld};
    pm_mat to = {s->to.at + lo * s->to.ld, hi - lo, s->to.cols, s->to.ld};
    (void)worker;
    engine_normalise(s->p->e, s->norm, x, to);
}

static void norm(team_member *m, step *s, const engine_norm *n)
{
    s->norm = n;
    team_for(m, s->rows, NORM_ROWS, norm_rows, s);
}

/* Turns queries and keys to their positions, and keeps keys and values where there is a cache. */
static void place_rows(void *arg, size_t lo, size_t hi, int worker)
{
    const step *s = arg;
    const engine_pass *p = s->p;
    const nn_engine *e = p->e;
    const nn_config *c = &e->config;
    size_t ld = qkv_cols(e), q = engine_q_cols(e), kv = engine_kv_cols(e);
    size_t row = s->row + lo;
    float *at = p->qkv + row * ld;
    (void)worker;
    if (c->rotary) {
        pm_mat heads = {at, hi - lo, q + kv, ld};
        rows_rotary(e->c, heads, c->n_heads + c->n_kv_heads, c->head_dim, e->rope,
                    p->position + row, 1);
    }
    if (!p->cache) return;
    for (size_t i = 0; i < hi - lo; i++) {
        size_t slot = (s->layer * p->cache->most + p->cache->len + row + i) * kv;
        memcpy(p->cache->k + slot, at + i * ld + q, kv * sizeof(float));
        memcpy(p->cache->v + slot, at + i * ld + q + kv, kv * sizeof(float));
    }
}

/* ---- attention ---- */

static attention_run run_of(const engine_pass *p, size_t layer, size_t sequence)
{
    const nn_engine *e = p->e;
    const nn_config *c = &e->config;
    size_t ld = qkv_cols(e), q = engine_q_cols(e), kv = engine_kv_cols(e);
    size_t row = p->start[sequence] - p->start[0];
    size_t n = p->start[sequence + 1] - p->start[sequence];
    attention_run r = {.q = p->qkv + row * ld,
                       .ldq = ld,
                       .k = p->qkv + row * ld + q,
                       .v = p->qkv + row * ld + q + kv,
                       .ldk = ld,
                       .ldv = ld,
                       .out = p->att + row * q,
                       .ldo = q,
                       .n_heads = c->n_heads,
                       .n_kv_heads = c->n_kv_heads,
                       .head_dim = c->head_dim,
                       .n_q = n,
                       .n_k = n,
                       .causal = c->causal,
                       .scale = 1 / sqrtf((float)c->head_dim),
                       .bf16_ok = e->precision != NN_EXACT};
    if (p->cache) {
        r.k = p->cache->k + layer * p->cache->most * kv;
        r.v = p->cache->v + layer * p->cache->most * kv;
        r.ldk = r.ldv = kv;
        r.n_k = p->cache->len + n;
    }
    return r;
}

/* Blocks are groups of heads that share keys, sequence by sequence. */
static void attend(void *arg, size_t lo, size_t hi, int worker)
{
    const step *s = arg;
    const nn_config *c = &s->p->e->config;
    size_t groups = c->n_kv_heads, heads = c->n_heads / groups;
    while (lo < hi) {
        size_t sequence = lo / groups, g0 = lo % groups, g1 = g0 + (hi - lo);
        if (g1 > groups) g1 = groups;
        attention_run r = run_of(s->p, s->layer, sequence);
        attention_heads(s->p->e->c, &r, g0 * heads, g1 * heads, room_of(s->p, worker));
        lo += g1 - g0;
    }
}

/* ---- a layer ---- */

static pm_cmat rows_of(const float *at, const step *s, size_t cols)
{
    return (pm_cmat){at + s->row * cols, s->rows, cols, cols};
}

/* Queries, keys and values of a panel. */
static void layer_in(team_member *m, step s)
{
    const engine_pass *p = s.p;
    const nn_engine *e = p->e;
    size_t width = e->config.width, cols = qkv_cols(e);
    s.from = rows_of(p->x.at, &s, width);
    if (e->config.norm_first) {
        s.to = (pm_mat){p->normed, s.rows, width, width};
        norm(m, &s, &s.l->norm_1);
        s.from = mat_const(s.to);
    }
    s.to = (pm_mat){p->qkv + s.row * cols, s.rows, cols, cols};
    dense(m, &s, &s.l->qkv, LINEAR_NONE, false);
    if (e->config.rotary || p->cache) team_for(m, s.rows, NORM_ROWS, place_rows, &s);
}

/* From what attention gave to the panel's rows of the next layer. */
static void layer_out(team_member *m, step s)
{
    const engine_pass *p = s.p;
    const nn_config *c = &p->e->config;
    pm_mat x = {p->x.at + s.row * c->width, s.rows, c->width, c->width};
    pm_mat mid = {p->mid, s.rows, c->inner, c->inner};
    s.from = rows_of(p->att, &s, engine_q_cols(p->e));
    s.to = x;
    dense(m, &s, &s.l->o, LINEAR_NONE, true);
    s.from = mat_const(x);
    if (c->norm_first) s.to = (pm_mat){p->normed, s.rows, c->width, c->width};
    norm(m, &s, c->norm_first ? &s.l->norm_2 : &s.l->norm_1);
    s.from = mat_const(s.to);
    s.to = mid;
    if (c->gated)
        gated(m, &s);
    else
        dense(m, &s, &s.l->up, c->act, false);
    s.from = mat_const(mid);
    s.to = x;
    dense(m, &s, &s.l->down, LINEAR_NONE, true);
    s.from = mat_const(x);
    if (!c->norm_first) norm(m, &s, &s.l->norm_2);
}

void pass_run(const engine_pass *p, team_member *m)
{
    const nn_engine *e = p->e;
    const nn_config *c = &e->config;
    size_t rows = p->start[p->n] - p->start[0];
    step s = {.p = p};
    for (s.layer = 0; s.layer < c->n_layers; s.layer++) {
        s.l = &e->layer[s.layer];
        for (s.row = 0; s.row < rows; s.row += ENGINE_PANEL) {
            s.rows = rows - s.row < ENGINE_PANEL ? rows - s.row : ENGINE_PANEL;
            layer_in(m, s);
        }
        team_for(m, p->n * c->n_kv_heads, 1, attend, &s);
        for (s.row = 0; s.row < rows; s.row += ENGINE_PANEL) {
            s.rows = rows - s.row < ENGINE_PANEL ? rows - s.row : ENGINE_PANEL;
            layer_out(m, s);
        }
    }
    if (!c->norm_first) return;
    s.row = 0;
    s.rows = rows;
    s.from = mat_const(p->x);
    s.to = p->x;
    norm(m, &s, &e->final_norm);
}

size_t pass_stages(const nn_engine *e, size_t rows)
{
    size_t panels = (rows + ENGINE_PANEL - 1) / ENGINE_PANEL;
    return e->config.n_layers * (MOST_STAGES * panels + 1) + 1;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void pass_carve(const nn_engine *e, carver *k, size_t rows, size_t n_k, size_t workers,
                engine_pass *out)
{
    const nn_config *c = &e->config;
    size_t panel = rows < ENGINE_PANEL ? rows : ENGINE_PANEL;
    const engine_layer *l = &e->layer[0];
    attention_run r = {.n_heads = c->n_heads,
                       .n_kv_heads = c->n_kv_heads,
                       .head_dim = c->head_dim,
                       .n_q = rows < n_k ? rows : n_k,
                       .n_k = n_k,
                       .causal = c->causal,
                       .bf16_ok = e->precision != NN_EXACT};
    size_t each = larger(attention_room(e->c, &r), linear_room(&l->qkv, panel));
    each = larger(each, larger(linear_room(&l->o, panel), linear_room(&l->up, panel)));
    each = larger(each, linear_room(&l->down, panel));
    if (c->gated) each = larger(each, linear_room(&l->gate, panel));
    out->e = e;
    out->qkv = carve(k, rows, qkv_cols(e) * sizeof(float));
    out->att = carve(k, rows, engine_q_cols(e) * sizeof(float));
    out->mid = carve(k, panel, c->inner * sizeof(float));
    out->normed = carve(k, panel, c->width * sizeof(float));
    out->room_each = up_to(each, MEM_ALIGN);
    out->room = carve(k, workers, out->room_each);
}

typedef struct together {
    const engine_pass *p;
    team_stage *stage;
} together;

static pm_status join(int worker, size_t lo, size_t hi, void *arg)
{
    const together *t = arg;
    (void)lo;
    (void)hi;
    team_member m = {t->stage, 0, worker};
    pass_run(t->p, &m);
    return PM_OK;
}

void pass_together(const engine_pass *p, threads *pool, team_stage *stage)
{
    size_t workers = (size_t)threads_count(pool);
    together t = {p, stage};
    if (workers == 1) {
        team_member m = {NULL, 0, 0};
        pass_run(p, &m);
        return;
    }
    (void)threads_for(pool, workers, 1, join, &t);
}
