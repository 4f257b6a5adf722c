/* SPDX-License-Identifier: MIT
 *
 * Guarded backends.
 */
#include "plug/backend.h"

#include <math.h>
#include <string.h>

#include "plug/instance.h"
#include "plug/needs.h"

#define UNWRITTEN UINT64_C(0x7ff8a5a5a5a5a5a5) /* a NaN that no arithmetic produces */

struct backend {
    instance in;
};

static void discard(instance *in)
{
    const pm_backend_type *d = in->plugin->type.backend;
    if (PM_HAS(d, close) && d->close) d->close(in->state);
    instance copy = *in;
    instance_close(&copy);
}

void backend_close(backend *b)
{
    if (b) discard(&b->in);
}

static pm_status settle(instance *in, backend **out, pm_err *err)
{
    backend *b = arena_alloc(in->own, 1, sizeof *b);
    if (!b) return err_set(err, PM_E_MEMORY, "%s: out of memory", in->who);
    b->in = *in;
    *out = b;
    return PM_OK;
}

static pm_status check_fit(const instance *in, const pm_backend_fit *fit, pm_err *err)
{
    if (!fit || !fit->expert)
        return err_set(err, PM_E_ARG, "%s needs the expert that it is built for", in->who);
    if (!fit->corpus == !fit->y)
        return err_set(err, PM_E_ARG, "%s: exactly one of a corpus and recorded outcomes is wanted",
                       in->who);
    if (fit->corpus) {
        if (fit->corpus->n > 0 && fit->corpus->document) return PM_OK;
        return err_set(err, PM_E_ARG, "%s: the corpus is empty", in->who);
    }
    if (!fit->x) return err_set(err, PM_E_ARG, "%s: recorded outcomes without prompts", in->who);
    return needs_outcomes(PM_NEEDS_VALUES, fit->y, fit->x->n, 1, in->who, err);
}

static pm_status body_train(const instance *in, pm_call *c, void *fit)
{
    return in->plugin->type.backend->train(in->state, c, fit);
}

pm_status backend_train(call_ctx *c, const backend_spec *spec, const pm_backend_fit *fit,
                        backend **out, pm_err *err)
{
    *out = NULL;
    instance in;
    pm_status st = instance_open(&in, spec->plugin, spec->params, spec->seed, err);
    if (st != PM_OK) return st;
    if (spec->plugin->type.backend->train) {
        st = check_fit(&in, fit, err);
        if (st != PM_OK) {
            instance_close(&in);
            return st;
        }
        pm_backend_fit borrowed = *fit;
        st = instance_run(&in, c, "train", body_train, &borrowed, err);
    }
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) discard(&in);
    return st;
}

static pm_status body_save(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.backend->save(in->state, c, store);
}

static pm_status body_load(const instance *in, pm_call *c, void *store)
{
    return in->plugin->type.backend->load(in->state, c, store);
}

pm_status backend_save(const backend *b, call_ctx *c, const char *path, pm_err *err)
{
    bool learns = b->in.plugin->type.backend->save != NULL;
    return instance_save(&b->in, c, path, "", learns ? body_save : NULL, err);
}

pm_status backend_load(call_ctx *c, const char *path, backend **out, pm_err *err)
{
    *out = NULL;
    instance in;
    const json *manifest = NULL;
    pm_status st = instance_load(&in, c, PLUGIN_BACKEND, path, &manifest, err);
    if (st != PM_OK) return st;
    if (in.plugin->type.backend->load) st = instance_restore(&in, c, body_load, err);
    if (st != PM_OK) st = err_wrap(err, st, "%s", path);
    if (st == PM_OK) st = settle(&in, out, err);
    if (st != PM_OK) discard(&in);
    return st;
}

/* ---- scoring ------------------------------------------------------------------------------------------------ */

static void fill(double *v, size_t n)
{
    const uint64_t bits = UNWRITTEN;
    for (size_t i = 0; v && i < n; i++) memcpy(&v[i], &bits, sizeof bits);
}

static pm_status check_array(const backend *b, const double *v, size_t n, double max,
                             const char *what, pm_err *err)
{
    for (size_t i = 0; v && i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        if (bits == UNWRITTEN)
            return err_set(err, PM_E_CONTRACT, "%s: %s of prompt %zu was not written", b->in.who,
                           what, i);
        if (isnan(v[i])) continue; /* not observed */
        if (!(v[i] >= 0 && v[i] <= max) || isinf(v[i]))
            return err_set(err, PM_E_CONTRACT, "%s: %s of prompt %zu is %g; want [0, %g]",
                           b->in.who, what, i, v[i], max);
    }
    return PM_OK;
}

static bool wants_parts(const pm_measured *m)
{
    return PM_HAS(m, part) && m->n_parts > 0 && m->part;
}

/* A row is known as a whole, and then it adds up to the text's value. */
static pm_status check_parts(const backend *b, const pm_measured *m, size_t n, pm_err *err)
{
    for (size_t i = 0; wants_parts(m) && i < n; i++) {
        const double *part = m->part + i * m->n_parts;
        double sum = 0;
        size_t known = 0;
        for (size_t p = 0; p < m->n_parts; p++) {
            if (isnan(part[p])) continue;
            if (!(part[p] >= 0) || isinf(part[p]))
                return err_set(err, PM_E_CONTRACT, "%s: part %zu of prompt %zu is %g; want >= 0",
                               b->in.who, p, i, part[p]);
            sum += part[p];
            known++;
        }
        if (known == 0) continue;
        if (known < m->n_parts)
            return err_set(err, PM_E_CONTRACT, "%s: %zu of %zu parts of prompt %zu were written",
                           b->in.who, known, m->n_parts, i);
        if (m->kind == PM_VALUE_LOSS && !(fabs(sum - m->value[i]) <= 1e-6 * fmax(1, sum)))
            return err_set(err, PM_E_CONTRACT,
                           "%s: the parts of prompt %zu add up to %.9g; its value is %.9g",
                           b->in.who, i, sum, m->value[i]);
    }
    return PM_OK;
}

pm_status backend_score(const backend *b, call_ctx *c, const pm_prompts *x, pm_measured *out,
                        pm_err *err)
{
    const pm_backend_type *d = b->in.plugin->type.backend;
    if (!d->score) return err_set(err, PM_E_UNSUPPORTED, "%s cannot score texts", b->in.who);
    if (!out->value) return err_set(err, PM_E_ARG, "%s: there is no room for values", b->in.who);
    out->kind = (pm_value_kind)0;
    fill(out->value, x->n);
    fill(out->cost_usd, x->n);
    fill(out->tokens, x->n);
    fill(out->chars, x->n);
    for (size_t i = 0; wants_parts(out) && i < x->n * out->n_parts; i++) out->part[i] = (double)NAN;
    pm_call *call = instance_begin(&b->in, c, "score");
    pm_status st = call_verdict(c, d->score(b->in.state, call, x, out), err);
    call_end(c);
    if (st != PM_OK) return st;
    if (out->kind != PM_VALUE_QUALITY && out->kind != PM_VALUE_LOSS)
        return err_set(err, PM_E_CONTRACT, "%s: set kind %d; want QUALITY or LOSS", b->in.who,
                       (int)out->kind);
    st = check_array(b, out->value, x->n, out->kind == PM_VALUE_QUALITY ? 1.0 : INFINITY, "value",
                     err);
    if (st == PM_OK) st = check_array(b, out->cost_usd, x->n, INFINITY, "cost_usd", err);
    if (st == PM_OK) st = check_array(b, out->tokens, x->n, INFINITY, "tokens", err);
    if (st == PM_OK) st = check_array(b, out->chars, x->n, INFINITY, "chars", err);
    if (st == PM_OK) st = check_parts(b, out, x->n, err);
    return st;
}
