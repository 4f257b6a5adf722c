/* SPDX-License-Identifier: MIT
 *
 * Guarded prediction: the decision path.  Nothing here allocates from the heap after warm-up; where the
 * served library is not the trained one, predictions go through scratch and columns are gathered.
 */
#include <float.h>

#include "plug/check.h"
#include "plug/needs.h"
#include "plug/router_parts.h"

static pm_status check_features(const router *r, const pm_prompts *x, pm_err *err)
{
    const char *who = r->in.who;
    pm_status st = needs_prompts(r->in.plugin->type.router->needs, x, who, err);
    if (st != PM_OK) return st;
    if (r->embed_dim && !x->embed.at)
        return err_set(err, PM_E_ARG, "%s was trained on embeddings and needs them; there are none",
                       who);
    if (r->embed_dim && x->embed.cols != r->embed_dim)
        return err_set(err, PM_E_SHAPE,
                       "%s was trained on embeddings of %zu columns; these have %zu", who,
                       r->embed_dim, x->embed.cols);
    if (r->sparse_dim && !x->sparse.start)
        return err_set(err, PM_E_ARG,
                       "%s was trained on word features and needs them; there are none", who);
    if (r->sparse_dim && x->sparse.cols != r->sparse_dim)
        return err_set(err, PM_E_SHAPE, "%s was trained on %zu word features; these have %zu", who,
                       r->sparse_dim, x->sparse.cols);
    return PM_OK;
}

static pm_status check_out(const pm_mat *m, size_t n, size_t cols, const char *what, pm_err *err)
{
    pm_cmat view = {m->at, m->rows, m->cols, m->ld};
    if (n > 1 && m->at && m->ld == 0)
        return err_set(err, PM_E_SHAPE, "%s has one row for %zu prompts", what, n);
    return check_shape(view, n, cols, what, err);
}

static pm_status check_asked(const router *r, const pm_library *lib, const pm_prompts *x,
                             const pm_scores *out, pm_err *err)
{
    const pm_router_type *d = r->in.plugin->type.router;
    pm_status st = needs_library(d->needs, lib, r->in.who, err);
    if (st == PM_OK) st = check_out(&out->value, x->n, lib->n, "value", err);
    if (st == PM_OK && out->spread.at) {
        if (d->spread_kind == PM_SPREAD_NONE)
            return err_set(err, PM_E_UNSUPPORTED, "%s offers no spread", r->in.who);
        st = check_out(&out->spread, x->n, lib->n, "spread", err);
    }
    if (st == PM_OK && out->tokens_out.at) {
        if (!d->emits_tokens_out)
            return err_set(err, PM_E_UNSUPPORTED, "%s predicts no tokens_out", r->in.who);
        st = check_out(&out->tokens_out, x->n, lib->n, "tokens_out", err);
    }
    if (st == PM_OK && r->kind == PM_VALUE_WINPROB && out->reference_col >= lib->n)
        return err_set(err, PM_E_ARG,
                       "%s emits WINPROB and needs a reference expert; column %u is none of %zu",
                       r->in.who, out->reference_col, lib->n);
    return st;
}

/* ---- columns ----------------------------------------------------------------------------------------------- */

static pm_status scratch_like(call_ctx *c, pm_mat model, size_t cols, pm_mat *out)
{
    *out = (pm_mat){NULL, model.rows, cols, cols};
    if (!model.at) return PM_OK;
    size_t count;
    if (!mem_size(model.rows, cols, &count)) return PM_E_MEMORY;
    out->at = call_alloc(c, count, sizeof *out->at);
    return out->at ? PM_OK : PM_E_MEMORY;
}

static void gather(pm_mat from, const uint32_t *column, pm_mat to)
{
    if (!to.at) return;
    for (size_t i = 0; i < to.rows; i++) {
        const float *a = pm_row(from, i);
        float *b = pm_row(to, i);
        for (size_t j = 0; j < to.cols; j++) b[j] = a[column[j]];
    }
}

/* P(best) of a subset: the rest of the probability goes to the served experts in proportion. */
static void share_out(pm_mat m)
{
    for (size_t i = 0; i < m.rows; i++) {
        float *row = pm_row(m, i);
        double sum = 0;
        for (size_t j = 0; j < m.cols; j++) sum += (double)row[j];
        for (size_t j = 0; j < m.cols; j++)
            row[j] = (float)(sum > 0 ? (double)row[j] / sum : 1.0 / (double)m.cols);
    }
}

/* ---- the call ---------------------------------------------------------------------------------------------- */

static void fill(const pm_scores *s)
{
    check_fill(s->value);
    if (s->spread.at) check_fill(s->spread);
    if (s->tokens_out.at) check_fill(s->tokens_out);
}

static pm_status check_written(const router *r, const pm_library *lib, const pm_scores *s,
                               pm_err *err)
{
    static const check_range amount = {0, FLT_MAX, 0};
    check_where w = {r->in.who, "value", lib};
    pm_status st = check_cells(s->value, check_range_of(r->kind), w, err);
    if (st == PM_OK && r->kind == PM_VALUE_BEST) st = check_rows_sum(s->value, 1e-3, w, err);
    w.what = "spread";
    if (st == PM_OK && s->spread.at) st = check_cells(s->spread, amount, w, err);
    w.what = "tokens_out";
    if (st == PM_OK && s->tokens_out.at) st = check_cells(s->tokens_out, amount, w, err);
    return st;
}

static pm_status predict_in(const router *r, call_ctx *c, pm_call *call, const pm_library *lib,
                            const pm_prompts *x, pm_scores *s, pm_err *err)
{
    fill(s);
    pm_status st = r->in.plugin->type.router->predict(r->in.state, call, lib, x, s);
    st = call_verdict(c, st, err);
    return st == PM_OK ? check_written(r, lib, s, err) : st;
}

static pm_status predict_mapped(const router *r, call_ctx *c, pm_call *call, const pm_prompts *x,
                                pm_scores *out, pm_err *err)
{
    const member_cache *map = &c->columns;
    const size_t m = r->trained.lib.n;
    pm_library all = {sizeof all, r->trained.lib.revision, m, map->merged};
    pm_scores inner = *out;
    pm_status st = needs_library(r->in.plugin->type.router->needs, &all, r->in.who, err);
    if (st != PM_OK) return st;
    if (scratch_like(c, out->value, m, &inner.value) ||
        scratch_like(c, out->spread, m, &inner.spread) ||
        scratch_like(c, out->tokens_out, m, &inner.tokens_out))
        return err_set(err, PM_E_MEMORY, "%s: out of memory for %zu x %zu predictions", r->in.who,
                       x->n, m);
    if (r->kind == PM_VALUE_WINPROB) inner.reference_col = map->column[out->reference_col];
    st = predict_in(r, c, call, &all, x, &inner, err);
    if (st != PM_OK) return st;
    gather(inner.value, map->column, out->value);
    gather(inner.spread, map->column, out->spread);
    gather(inner.tokens_out, map->column, out->tokens_out);
    if (r->kind == PM_VALUE_BEST && map->n_served < m) share_out(out->value);
    return PM_OK;
}

pm_status router_predict(const router *r, call_ctx *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out, pm_err *err)
{
    pm_status st = check_features(r, x, err);
    if (st == PM_OK) st = check_asked(r, lib, x, out, err);
    if (st != PM_OK) return st;
    st = members_match(&r->trained, lib, &c->columns, err);
    if (st != PM_OK) return err_wrap(err, st, "%s", r->in.who);
    out->kind = r->kind;
    if (r->kind != PM_VALUE_WINPROB) out->reference_col = PM_NO_COL;
    if (x->n == 0) return PM_OK;
    pm_call *call = instance_begin(&r->in, c, "predict");
    if (c->columns.is_same)
        st = predict_in(r, c, call, lib, x, out, err);
    else
        st = predict_mapped(r, c, call, x, out, err);
    call_end(c);
    return st;
}

pm_status router_latent(const router *r, call_ctx *c, const pm_prompts *x, pm_mat out, pm_err *err)
{
    static const check_range any = {-FLT_MAX, FLT_MAX, 0};
    size_t dim = router_latent_dim(r);
    if (dim == 0) return err_set(err, PM_E_UNSUPPORTED, "%s has no latent vectors", r->in.who);
    pm_status st = check_features(r, x, err);
    if (st == PM_OK) st = check_out(&out, x->n, dim, "latent", err);
    if (st != PM_OK || x->n == 0) return st;
    pm_call *call = instance_begin(&r->in, c, "latent");
    check_fill(out);
    st = call_verdict(c, r->in.plugin->type.router->latent(r->in.state, call, x, out), err);
    if (st == PM_OK) st = check_cells(out, any, (check_where){r->in.who, "latent", NULL}, err);
    call_end(c);
    return st;
}
