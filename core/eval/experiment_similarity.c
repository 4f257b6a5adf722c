/* SPDX-License-Identifier: MIT
 *
 * How near a seed's test prompts lie to what its routers learn from (S), and decontamination: prompts that are too
 * near are dropped before anything is measured.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "eval/experiment_private.h"
#include "eval/similarity.h"
#include "math/mat.h"

#define SHOWN  10 /* ids of dropped prompts */
#define A_LINE 4

static bool has_vectors(const exp_run *r, const seed_work *w)
{
    return w->embed || r->x->given_vectors;
}

static bool is_wanted(const exp_run *r, const seed_work *w)
{
    bool asked = r->has_pair || r->x->n_also > 0 || r->x->decontaminate > 0;
    return asked && has_vectors(r, w);
}

void exp_decontaminated_hash(const exp_run *r, seed_work *w)
{
    char text[192];
    if (!(r->x->decontaminate > 0)) return;
    int n = snprintf(text, sizeof text, "%s at %.17g of %s", w->s.hash, r->x->decontaminate,
                     w->embed_key);
    sha256_of(text, (size_t)n, w->s.hash);
}

/* ---- cosines ---- */

static pm_status measure(exp_run *r, seed_work *w, arena *scratch, float *best, pm_err *err)
{
    pm_cmat own, other, test, train[2];
    pm_status s = exp_vectors(r, w, scratch, &own, &other, err);
    if (s) return s;
    if (!exp_rows_of(own, w->s.test, w->s.n_test, scratch, &test) ||
        !exp_rows_of(own, w->s.train, w->s.n_train, scratch, &train[0]))
        return err_set(err, PM_E_MEMORY, "similarity of %zu prompts", w->s.n_test);
    train[1] = other;
    return similarity_nearest(r->env.compute, test, train, other.at ? 2 : 1, best, err);
}

/* ---- what is told ---- */

static pm_status keep_text(exp_run *r, const str *text, const char **out, pm_err *err)
{
    *out = text->failed ? NULL : arena_strdup(r->keep, str_text(text));
    return *out ? PM_OK : err_set(err, PM_E_MEMORY, "similarity");
}

static pm_status tell_similarity(exp_run *r, seed_work *w, const float *best, pm_err *err)
{
    similarity_mean m;
    str text = STR_INIT;
    pm_status s = similarity_summarise(r->env.compute, best, w->truth.n, w->truth.cluster,
                                       &r->x->bootstrap,
                                       r->x->decontaminate > 0 ? r->x->decontaminate : 1, &m, err);
    if (s) return s;
    str_printf(&text, "%.4f [%.3f, %.3f], mean of the largest cosine to a training prompt", m.mean,
               m.lo, m.hi);
    s = keep_text(r, &text, &w->similarity, err);
    str_close(&text);
    return s;
}

static pm_status tell_dropped(exp_run *r, seed_work *w, const uint32_t *row, size_t n, pm_err *err)
{
    str text = STR_INIT;
    str_printf(&text, "%zu of %zu test prompts at cosine %g or above", n, w->s.n_test,
               r->x->decontaminate);
    pm_status s = keep_text(r, &text, &w->decontaminated, err);
    for (size_t k = 0; k < n && k < SHOWN && !s; k++) {
        if (k % A_LINE == 0) str_clear(&text);
        str_printf(&text, "%s%s", k % A_LINE ? ", " : "", r->data.id[row[k]]);
        if (k + 1 == SHOWN && n > SHOWN) str_printf(&text, " and %zu more", n - SHOWN);
        s = keep_text(r, &text, &w->dropped[k / A_LINE], err);
    }
    str_close(&text);
    return s;
}

/* ---- dropping ---- */

static pm_status drop(exp_run *r, seed_work *w, float *best, pm_err *err)
{
    uint32_t *kept = arena_alloc(r->a, w->s.n_test, sizeof *kept);
    uint32_t *gone = arena_alloc(r->a, w->s.n_test, sizeof *gone);
    size_t n = 0, n_gone = 0;
    if (!kept || !gone) return err_set(err, PM_E_MEMORY, "%zu test prompts", w->s.n_test);
    for (size_t i = 0; i < w->s.n_test; i++) {
        if (similarity_is_at(best[i], r->x->decontaminate)) {
            gone[n_gone++] = w->s.test[i];
            continue;
        }
        best[n] = best[i];
        kept[n++] = w->s.test[i];
    }
    pm_status s = tell_dropped(r, w, gone, n_gone, err);
    if (!s && n == 0)
        s = err_set(err, PM_E_ARG,
                    "decontaminate = %g leaves none of %zu test prompts: each is as near to a "
                    "training prompt; want a higher threshold, or other training data",
                    r->x->decontaminate, w->s.n_test);
    w->s.test = kept;
    w->s.n_test = n;
    return s ? s : exp_seed_parts(r, w, err);
}

pm_status exp_similarity(exp_run *r, seed_work *w, pm_err *err)
{
    if (r->x->decontaminate > 0 && !has_vectors(r, w))
        return err_set(err, PM_E_ARG, "%s: decontaminate compares embeddings; want an embedder",
                       r->x->name);
    if (!is_wanted(r, w)) return PM_OK;
    arena *scratch = arena_open(0);
    float *best = scratch ? arena_alloc(scratch, w->s.n_test, sizeof *best) : NULL;
    pm_status s = best ? measure(r, w, scratch, best, err)
                       : err_set(err, PM_E_MEMORY, "similarity of %zu prompts", w->s.n_test);
    if (!s && r->x->decontaminate > 0) s = drop(r, w, best, err);
    if (!s) s = tell_similarity(r, w, best, err);
    arena_close(scratch);
    exp_decontaminated_hash(r, w);
    return s;
}

static pm_status put_fact(exp_run *r, const seed_work *w, const char *name, const char *text,
                          pm_err *err)
{
    if (!text) return PM_OK;
    pm_status s = exp_fact(r, "seed", name, NAN, text, err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    return s;
}

pm_status exp_about_similarity(exp_run *r, const seed_work *w, pm_err *err)
{
    pm_status s = put_fact(r, w, "decontaminated", w->decontaminated, err);
    static const char *const name[] = {"dropped", "dropped, too", "and"};
    for (size_t k = 0; k < sizeof name / sizeof name[0] && !s; k++)
        s = put_fact(r, w, name[k], w->dropped[k], err);
    return s ? s : put_fact(r, w, "similarity S", w->similarity, err);
}
