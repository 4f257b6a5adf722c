/* SPDX-License-Identifier: MIT
 *
 * The parameters of a layout in the tensors of files: found by name, checked by shape, and read row by row through
 * what files do differently: transposed matrices, q, k and v in one, rotary rows in pairs (GGUF's llama).
 */
#include <stdio.h>
#include <string.h>

#include "nn/names.h"
#include "nn/source_parts.h"

typedef struct piece { /* where a parameter lies */
    const nn_tensor *t;
    size_t first;  /* its first row in the file's matrix */
    bool is_pairs; /* row 2 j + s of a head is our row s * head_dim / 2 + j */
    bool transposed;
} piece;

typedef struct mapped {
    const nn_source *s;
    nn_layout layout;
    piece *piece; /* [layout.n] */
} mapped;

/* ---- finding --------------------------------------------------------------------------------------------- */

static const nn_tensor *find_either(const nn_source *s, const char *prefix, const char *name)
{
    char full[160];
    if (!name[0]) return NULL;
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const nn_tensor *t = nn_source_find(s, full);
    return t ? t : nn_source_find(s, name);
}

/* The nearest name is one of the same layer: the other layers' names are all alike. */
static pm_status absent(const mapped *m, const nn_place *place, nn_shape_text want, pm_err *err)
{
    char name[160];
    const nn_source *s = m->s;
    const char *near = NULL, **names = arena_alloc(s->a, s->n, sizeof *names);
    nn_family family = m->layout.config->family;
    size_t n = 0;
    snprintf(name, sizeof name, "%s%s", place->prefix, place->name);
    long layer = nn_layer_of_name(family, s->meta != NULL, name);
    for (size_t i = 0; i < s->n && names; i++)
        if (nn_layer_of_name(family, s->meta != NULL, s->t[i].name) == layer)
            names[n++] = s->t[i].name;
    if (n) near = str_suggest(name, names, n);
    return err_set(err, PM_E_FORMAT, "%s: holds no tensor '%.100s' of shape %s%s%.80s%s", s->path,
                   name, want.text, near ? "; is it '" : "", near ? near : "", near ? "'?" : "");
}

/* What the file's tensor has to be for parameter p at this place, in dims slowest first. */
static size_t wanted_shape(const nn_config *c, const nn_param *p, const nn_place *place,
                           size_t dim[2])
{
    bool vector = p->rows == 1 && (p->is_bias || !p->decays);
    size_t rows = vector ? p->cols : p->rows;
    if (place->fused == NN_FUSED_QKV) rows = (c->n_heads + 2 * c->n_kv_heads) * c->head_dim;
    dim[0] = place->transposed ? p->cols : rows;
    dim[1] = place->transposed ? rows : p->cols;
    return vector ? 1 : 2;
}

static size_t first_row(const nn_config *c, nn_part part)
{
    if (part == NN_K) return c->n_heads * c->head_dim;
    if (part == NN_V) return (c->n_heads + c->n_kv_heads) * c->head_dim;
    return 0;
}

static pm_status place_one(const mapped *m, size_t i, bool is_gguf, pm_err *err)
{
    const nn_source *s = m->s;
    const nn_config *c = m->layout.config;
    const nn_param *p = &m->layout.param[i];
    nn_place place;
    size_t dim[2];
    if (!(is_gguf ? nn_place_gguf(c, p, &place) : nn_place_hf(c, p, &place)))
        return err_set(err, PM_E_FORMAT, "%s: such files hold no '%s'", s->path, p->name);
    const nn_tensor *t = find_either(s, place.prefix, place.name);
    if (!t) t = find_either(s, place.prefix, place.other);
    size_t n_dims = wanted_shape(c, p, &place, dim);
    if (!t) return absent(m, &place, nn_shape_of(dim, n_dims), err);
    if (t->n_dims != n_dims || memcmp(t->dim, dim, n_dims * sizeof *dim) != 0)
        return err_set(err, PM_E_FORMAT, "%s: tensor '%.100s' has shape %s; want %s", s->path,
                       t->name, nn_shape_of(t->dim, t->n_dims).text, nn_shape_of(dim, n_dims).text);
    if (!nn_type_is_real(t->type))
        return err_set(err, PM_E_FORMAT, "%s: tensor '%.100s' holds %s, not weights", s->path,
                       t->name, nn_type_name(t->type));
    bool turned = p->part == NN_Q || p->part == NN_K;
    m->piece[i] = (piece){.t = t,
                          .first = place.fused ? first_row(c, p->part) : 0,
                          .is_pairs = is_gguf && c->family == NN_LLAMA && turned,
                          .transposed = place.transposed};
    return PM_OK;
}

/* A tensor of a layer that nobody reads means another arithmetic: refused. */
static pm_status check_all_used(const mapped *m, bool is_gguf, pm_err *err)
{
    const nn_source *s = m->s;
    const nn_config *c = m->layout.config;
    bool *used = arena_alloc(s->a, s->n, sizeof *used);
    if (!used) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    for (size_t i = 0; i < m->layout.n; i++) used[m->piece[i].t - s->t] = true;
    for (size_t i = 0; i < s->n; i++) {
        const char *name = s->t[i].name;
        long layer = nn_layer_of_name(c->family, is_gguf, name);
        if (used[i] || layer < 0 || nn_name_is_buffer(name)) continue;
        if ((size_t)layer >= c->n_layers)
            return err_set(err, PM_E_FORMAT,
                           "%s: holds '%.100s'; the configuration has %zu layers (from 0)", s->path,
                           name, c->n_layers);
        return err_set(
            err, PM_E_UNSUPPORTED,
            "%s: tensor '%.100s' is no part of the model that the configuration describes", s->path,
            name);
    }
    return PM_OK;
}

/* ---- reading --------------------------------------------------------------------------------------------- */

static pm_status rows_of_pairs(const piece *x, size_t head_dim, size_t lo, size_t hi, size_t cols,
                               float *out, pm_err *err)
{
    size_t half = head_dim / 2;
    for (size_t r = lo; r < hi; r++) {
        size_t head = r / head_dim, i = r % head_dim;
        size_t from = head * head_dim + 2 * (i % half) + i / half;
        pm_status st = nn_tensor_rows(x->t, from, from + 1, out + (r - lo) * cols, err);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

static pm_status rows_transposed(const piece *x, size_t lo, size_t hi, size_t cols, float *out,
                                 pm_err *err)
{
    enum { STEP = 256 };
    float room[STEP];
    size_t stride = x->t->dim[1];
    for (size_t c = 0; c < cols; c++)
        for (size_t r = lo; r < hi; r += STEP) {
            size_t n = hi - r < STEP ? hi - r : STEP, at = c * stride + x->first + r;
            nn_convert(x->t->type, x->t->at, at, n, room);
            pm_status st = nn_check_finite(x->t, at, room, n, err);
            if (st != PM_OK) return st;
            for (size_t k = 0; k < n; k++) out[(r - lo + k) * cols + c] = room[k];
        }
    return PM_OK;
}

static pm_status mapped_rows(const nn_weights *w, size_t p, size_t lo, size_t hi, float *out,
                             pm_err *err)
{
    const mapped *m = w->from;
    const piece *x = &m->piece[p];
    const nn_param *q = &m->layout.param[p];
    bool vector = x->t->n_dims == 1;
    pm_status st;
    if (lo >= hi) return PM_OK;
    if (x->is_pairs)
        st = rows_of_pairs(x, m->layout.config->head_dim, lo, vector ? q->cols : hi,
                           vector ? 1 : q->cols, out, err);
    else if (x->transposed)
        st = rows_transposed(x, lo, hi, q->cols, out, err);
    else if (vector)
        st = nn_tensor_rows(x->t, x->first, x->first + q->cols, out, err);
    else
        st = nn_tensor_rows(x->t, x->first + lo, x->first + hi, out, err);
    return st == PM_OK ? st : err_wrap(err, st, "%s", m->s->path);
}

pm_status nn_source_weights(const nn_source *s, arena *a, nn_weights *out, pm_err *err)
{
    *out = (nn_weights){0};
    if (!s->config)
        return err_set(
            err, PM_E_FORMAT,
            "%s: holds tensors alone; a model needs the config.json beside them: open its "
            "folder",
            s->path);
    bool is_gguf = s->meta != NULL;
    mapped *m = arena_alloc(a, 1, sizeof *m);
    if (!m) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    m->s = s;
    pm_status st = nn_layout_of(s->config, a, &m->layout, err);
    if (st != PM_OK) return err_wrap(err, st, "%s", s->path);
    m->piece = arena_alloc(a, m->layout.n, sizeof *m->piece);
    if (!m->piece) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    for (size_t i = 0; i < m->layout.n && st == PM_OK; i++) st = place_one(m, i, is_gguf, err);
    if (st == PM_OK) st = check_all_used(m, is_gguf, err);
    if (st == PM_OK) *out = (nn_weights){.layout = &m->layout, .rows = mapped_rows, .from = m};
    return st;
}
