/* SPDX-License-Identifier: MIT
 *
 * A model's folder for transformers: config.json and model.safetensors under the names of its family, in float32.
 */
#include <stdio.h>
#include <string.h>

#include "nn/names.h"
#include "nn/source_parts.h"

typedef struct writer {
    arena *a;
    const nn_layout *l;
    const float *slab;
    nn_tensor *t;
    size_t n;
    bool with_prefix; /* a model with a head has its base under a name */
} writer;

static bool add(writer *w, const nn_place *place, const float *at, size_t rows, size_t cols)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", w->with_prefix ? place->prefix : "", place->name);
    nn_tensor t = {.name = arena_strdup(w->a, full), .type = NN_F32, .at = at};
    t.n_dims = rows ? 2 : 1;
    t.dim[0] = rows ? rows : cols;
    t.dim[1] = rows ? cols : 0;
    t.bytes = (rows ? rows : 1) * cols * sizeof(float);
    w->t[w->n++] = t;
    return t.name != NULL;
}

/* to [cols x stride] gets w [rows x cols] as columns from `first`. */
static void turn(const float *w, size_t rows, size_t cols, size_t first, size_t stride, float *to)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) to[c * stride + first + r] = w[r * cols + c];
}

/* q, k and v, which follow each other in the layout: weights turned side by side, biases in a row. */
static bool add_fused(writer *w, const nn_place *place, const nn_param *q)
{
    const nn_config *c = w->l->config;
    size_t total = (c->n_heads + 2 * c->n_kv_heads) * c->head_dim, first = 0;
    float *to = arena_alloc(w->a, total * (q->is_bias ? 1 : q->cols), sizeof *to);
    if (!to) return false;
    for (nn_part part = NN_Q; part <= NN_V; part++) {
        const nn_param *p = &w->l->param[nn_layout_find(w->l, part, q->layer, q->is_bias)];
        size_t rows = p->is_bias ? p->cols : p->rows;
        turn(w->slab + p->at, rows, p->is_bias ? 1 : p->cols, first, total, to);
        first += rows;
    }
    return q->is_bias ? add(w, place, to, 0, total) : add(w, place, to, q->cols, total);
}

static bool add_param(writer *w, const nn_param *p)
{
    nn_place place;
    const float *at = w->slab + p->at;
    if (!nn_place_hf(w->l->config, p, &place)) return true;
    if (place.fused) return p->part != NN_Q || add_fused(w, &place, p);
    if (p->is_bias || !p->decays) return add(w, &place, at, 0, p->cols);
    if (!place.transposed) return add(w, &place, at, p->rows, p->cols);
    float *to = arena_alloc(w->a, p->rows * p->cols, sizeof *to);
    if (!to) return false;
    turn(at, p->rows, p->cols, 0, p->rows, to);
    return add(w, &place, to, p->cols, p->rows);
}

static pm_status no_memory(const char *dir, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: out of memory for the weights", dir);
}

static pm_status collect(writer *w, const nn_weights *from, const char *dir, pm_err *err)
{
    const nn_layout *l = w->l;
    w->slab = from->slab;
    w->t = arena_alloc(w->a, l->n, sizeof *w->t);
    if (!w->t) return no_memory(dir, err);
    if (!w->slab) {
        float *slab = arena_alloc_uncleared(w->a, l->floats, sizeof *slab);
        if (!slab) return no_memory(dir, err);
        pm_status st = nn_weights_read(from, slab, err);
        if (st != PM_OK) return st;
        w->slab = slab;
    }
    for (size_t i = 0; i < l->n; i++)
        if (!add_param(w, &l->param[i])) return no_memory(dir, err);
    return PM_OK;
}

static pm_status write_config(const nn_config *c, arena *a, const char *dir, pm_err *err)
{
    str text = STR_INIT;
    nn_config_put(c, &text);
    const char *path = io_join(a, dir, "config.json");
    pm_status st = path && !text.failed ? io_write(path, text.at, text.len, err)
                                        : no_memory(dir, err);
    str_close(&text);
    return st;
}

pm_status nn_weights_write(const nn_weights *w, const char *dir, pm_err *err)
{
    arena *a = arena_open(0);
    const nn_config *c = w->layout->config;
    if (!a) return no_memory(dir, err);
    writer out = {.a = a, .l = w->layout};
    out.with_prefix = c->lm_head != NN_LM_NONE || c->n_outputs > 0;
    pm_status st = io_mkdir(dir, err);
    if (st == PM_OK) st = collect(&out, w, dir, err);
    const char *path = io_join(a, dir, "model.safetensors");
    if (st == PM_OK && !path) st = no_memory(dir, err);
    if (st == PM_OK) st = safetensors_write(path, out.t, out.n, "{\"format\":\"pt\"}", err);
    if (st == PM_OK) st = write_config(c, a, dir, err);
    arena_close(a);
    return st;
}
