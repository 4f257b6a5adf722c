/* SPDX-License-Identifier: MIT
 *
 * Guarded embedders.
 */
#include "plug/embedder.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "plug/check.h"
#include "plug/instance.h"

#define DIM_MAX ((size_t)1 << 24)

struct embedder {
    instance in;
    size_t dim, sparse_dim;
};

static void discard(instance *in)
{
    const pm_embedder_type *d = in->plugin->type.embedder;
    if (PM_HAS(d, close) && d->close) d->close(in->state);
    instance copy = *in;
    instance_close(&copy);
}

void embedder_close(embedder *e)
{
    if (e) discard(&e->in);
}

static pm_status settle(instance *in, embedder **out, pm_err *err)
{
    const pm_embedder_type *d = in->plugin->type.embedder;
    embedder *e = arena_alloc(in->own, 1, sizeof *e);
    if (!e) return err_set(err, PM_E_MEMORY, "%s: out of memory", in->who);
    e->dim = d->dim(in->state);
    e->sparse_dim = PM_HAS(d, sparse) && d->sparse ? d->sparse_dim(in->state) : 0;
    if (e->dim == 0 || e->dim > DIM_MAX)
        return err_set(err, PM_E_CONTRACT, "%s: dim() says %zu; want [1, %zu]", in->who, e->dim,
                       DIM_MAX);
    if (e->sparse_dim > UINT32_MAX)
        return err_set(err, PM_E_CONTRACT, "%s: sparse_dim() says %zu; want at most %u", in->who,
                       e->sparse_dim, UINT32_MAX);
    e->in = *in;
    *out = e;
    return PM_OK;
}

static pm_status body_train(const instance *in, pm_call *c, void *fit)
{
    return in->plugin->type.embedder->train(in->state, c, fit);
}

pm_status embedder_train(call_ctx *c, const embedder_spec *spec, const pm_prompts *x,
                         embedder **out, pm_err *err)
{
    *out = NULL;
    instance in;
    pm_status st = instance_open(&in, spec->plugin, spec->params, spec->seed, err);
    if (st != PM_OK) return st;
    if (!x || x->n == 0 || !x->text) {
        st = err_set(err, PM_E_ARG, "%s needs at least one text to train on", in.who);
        instance_close(&in);
        return st;
    }
    pm_fit fit = {.size = sizeof fit, .x = x};
    st = instance_run(&in, c, "train", body_train, &fit, err);
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) discard(&in);
    return st;
}

static pm_status body_save(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.embedder->save(in->state, c, store);
}

static pm_status body_load(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.embedder->load(in->state, c, store);
}

pm_status embedder_save(const embedder *e, call_ctx *c, const char *path, pm_err *err)
{
    str more = STR_INIT;
    str_printf(&more, ",\"dim\":%zu,\"sparse_dim\":%zu", e->dim, e->sparse_dim);
    pm_status st = more.failed ? err_set(err, PM_E_MEMORY, "%s: out of memory", e->in.who)
                               : instance_save(&e->in, c, path, str_text(&more), body_save, err);
    str_close(&more);
    return st;
}

pm_status embedder_load(call_ctx *c, const char *path, embedder **out, pm_err *err)
{
    *out = NULL;
    instance in;
    const json *manifest = NULL;
    pm_status st = instance_load(&in, c, PLUGIN_EMBEDDER, path, &manifest, err);
    if (st != PM_OK) return st;
    st = instance_restore(&in, c, body_load, err);
    if (st != PM_OK) st = err_wrap(err, st, "%s", path);
    if (st == PM_OK) st = settle(&in, out, err);
    if (st == PM_OK && (double)(*out)->dim != json_number(manifest, "dim", 0))
        st = err_set(err, PM_E_CONTRACT, "%s: %s had %g columns when it was saved and %zu now",
                     path, in.who, json_number(manifest, "dim", 0), (*out)->dim);
    if (st != PM_OK) {
        discard(&in);
        *out = NULL;
    }
    return st;
}

size_t embedder_dim(const embedder *e)
{
    return e->dim;
}

size_t embedder_sparse_dim(const embedder *e)
{
    return e->sparse_dim;
}

const plugin_entry *embedder_plugin(const embedder *e)
{
    return e->in.plugin;
}

const char *embedder_params_json(const embedder *e)
{
    return e->in.params_json;
}

/* ---- use -------------------------------------------------------------------------------------------------- */

pm_status embedder_embed(const embedder *e, call_ctx *c, const pm_str *text, size_t n, pm_mat out,
                         pm_err *err)
{
    static const check_range any = {-FLT_MAX, FLT_MAX, 0};
    pm_cmat view = {out.at, out.rows, out.cols, out.ld};
    pm_status st = check_shape(view, n, e->dim, "embedding", err);
    if (st != PM_OK || n == 0) return st;
    if (!text) return err_set(err, PM_E_ARG, "%s: there are no texts to embed", e->in.who);
    pm_call *call = instance_begin(&e->in, c, "embed");
    check_fill(out);
    st = call_verdict(c, e->in.plugin->type.embedder->embed(e->in.state, call, text, n, out), err);
    if (st == PM_OK) st = check_cells(out, any, (check_where){e->in.who, "embedding", NULL}, err);
    call_end(c);
    return st;
}

static pm_status check_sparse(const embedder *e, const pm_csr *m, size_t n, pm_err *err)
{
    const char *who = e->in.who;
    if (m->rows != n || m->cols != e->sparse_dim || !m->start || m->start[0] != 0)
        return err_set(err, PM_E_CONTRACT,
                       "%s: sparse features are [%zu x %zu]; want [%zu x %zu] from 0", who, m->rows,
                       m->cols, n, e->sparse_dim);
    for (size_t i = 0; i < n; i++) {
        if (m->start[i + 1] < m->start[i] || (m->start[i + 1] > 0 && (!m->col || !m->val)))
            return err_set(err, PM_E_CONTRACT, "%s: sparse row %zu has no sound extent", who, i);
        for (uint64_t k = m->start[i]; k < m->start[i + 1]; k++) {
            if (m->col[k] >= m->cols || (k > m->start[i] && m->col[k] <= m->col[k - 1]))
                return err_set(err, PM_E_CONTRACT,
                               "%s: sparse row %zu has column %u out of order or outside [0, %zu)",
                               who, i, m->col[k], m->cols);
            if (!isfinite(m->val[k]))
                return err_set(err, PM_E_CONTRACT, "%s: sparse row %zu, column %u is not finite",
                               who, i, m->col[k]);
        }
    }
    return PM_OK;
}

static pm_status copy_sparse(const embedder *e, const pm_csr *m, arena *a, pm_csr *out, pm_err *err)
{
    size_t nnz = (size_t)m->start[m->rows];
    uint64_t *start = arena_alloc(a, m->rows + 1, sizeof *start);
    uint32_t *col = arena_alloc(a, nnz, sizeof *col);
    float *val = arena_alloc(a, nnz, sizeof *val);
    if (!start || !col || !val)
        return err_set(err, PM_E_MEMORY, "%s: out of memory for %zu sparse features", e->in.who,
                       nnz);
    memcpy(start, m->start, (m->rows + 1) * sizeof *start);
    if (nnz) {
        memcpy(col, m->col, nnz * sizeof *col);
        memcpy(val, m->val, nnz * sizeof *val);
    }
    *out = (pm_csr){start, col, val, m->rows, m->cols};
    return PM_OK;
}

pm_status embedder_sparse(const embedder *e, call_ctx *c, const pm_str *text, size_t n, arena *a,
                          pm_csr *out, pm_err *err)
{
    if (e->sparse_dim == 0)
        return err_set(err, PM_E_UNSUPPORTED, "%s offers no sparse features", e->in.who);
    if (n > 0 && !text) return err_set(err, PM_E_ARG, "%s: there are no texts to embed", e->in.who);
    if (n == 0) {
        static const uint64_t none[1] = {0};
        *out = (pm_csr){none, NULL, NULL, 0, e->sparse_dim};
        return PM_OK;
    }
    pm_csr lent = {0};
    pm_call *call = instance_begin(&e->in, c, "sparse");
    pm_status st = e->in.plugin->type.embedder->sparse(e->in.state, call, text, n, &lent);
    st = call_verdict(c, st, err);
    if (st == PM_OK) st = check_sparse(e, &lent, n, err);
    if (st == PM_OK) st = copy_sparse(e, &lent, a, out, err);
    call_end(c);
    return st;
}
