/* SPDX-License-Identifier: MIT
 *
 * Sample, latent rows, t-SNE, silhouette and kNN domain accuracy.  A router without a latent space of its own that reads
 * embeddings is shown by those, if no other router of the run has a map.
 */
#include "eval/experiment_map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "eval/latent.h"
#include "math/mat.h"
#include "math/tsne.h"

#define SAMPLE     1200 /* prompts of the map */
#define NEIGHBOURS 10

typedef struct mapping {
    exp_run *r;
    seed_work *w;
    size_t k, dim, n;
    bool own;      /* the router's latent space, else that of the vectors it reads */
    uint32_t *row; /* [n] test prompts, ascending */
    pm_mat x;      /* [n x dim] */
} mapping;

static bool has_latent(const seed_work *w, size_t k)
{
    return router_latent_dim(w->router[k].route) > 0;
}

/* Which router's space is shown: the first with one of its own, else the first that reads embeddings. */
static bool is_shown(const seed_work *w, size_t k, bool *own)
{
    *own = has_latent(w, k);
    if (*own) return true;
    if (!w->embed_key[0] || !router_wants_embed(w->router[k].route)) return false;
    for (size_t e = 0; e < w->n_routers; e++)
        if (has_latent(w, e) || (e < k && router_wants_embed(w->router[e].route))) return false;
    return true;
}

static pm_status take_sample(mapping *m, pm_err *err)
{
    size_t all = m->w->s.n_test;
    uint32_t *order = arena_alloc(m->r->a, all, sizeof *order);
    uint8_t *in = arena_alloc(m->r->a, all, 1);
    m->n = all < SAMPLE ? all : SAMPLE;
    m->row = arena_alloc(m->r->a, m->n, sizeof *m->row);
    if (!order || !in || !m->row) return err_set(err, PM_E_MEMORY, "a map's sample");
    for (size_t i = 0; i < all; i++) order[i] = (uint32_t)i;
    rng_shuffle(rng_derive(m->w->seed, "map"), 0, order, all);
    for (size_t i = 0; i < m->n; i++) in[order[i]] = 1;
    for (size_t i = 0, at = 0; i < all; i++)
        if (in[i]) m->row[at++] = (uint32_t)i;
    return PM_OK;
}

static pm_status sample_prompts(const mapping *m, pm_prompts *x, pm_err *err)
{
    exp_run *r = m->r;
    uint32_t *row = arena_alloc(r->a, m->n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "a map's sample");
    for (size_t i = 0; i < m->n; i++) row[i] = m->w->s.test[m->row[i]];
    pm_status s = dataset_prompts(&r->data, row, m->n, r->a, x, err);
    if (!s && r->x->given_vectors)
        return dataset_vectors(&r->data, row, m->n, r->a, &x->embed, err);
    if (s || !m->w->embed) return s;
    pm_mat e = mat_new(r->a, m->n, embedder_dim(m->w->embed));
    if (!e.at) return err_set(err, PM_E_MEMORY, "a map's embeddings");
    s = embedder_embed(m->w->embed, r->call, x->text, m->n, e, err);
    x->embed = mat_const(e);
    if (s || !router_wants_sparse(m->w->router[m->k].route)) return s;
    return embedder_sparse(m->w->embed, r->call, x->text, m->n, r->a, &x->sparse, err);
}

static pm_status take_rows(mapping *m, pm_err *err)
{
    const router *route = m->w->router[m->k].route;
    pm_prompts x;
    pm_status s = sample_prompts(m, &x, err);
    if (s) return s;
    m->dim = m->own ? router_latent_dim(route) : x.embed.cols;
    m->x = mat_new(m->r->a, m->n, m->dim);
    if (!m->x.at) return err_set(err, PM_E_MEMORY, "a map of %zu prompts", m->n);
    if (m->own) return router_latent(route, m->r->call, &x, m->x, err);
    for (size_t i = 0; i < m->n; i++)
        memcpy(pm_row(m->x, i), pm_crow(x.embed, i), m->dim * sizeof(float));
    return PM_OK;
}

static void put_scores(const mapping *m, str *out)
{
    arena *a = arena_open(0);
    const eval_truth *t = &m->w->truth;
    uint32_t *domain = a ? arena_alloc(a, m->n, sizeof *domain) : NULL;
    uint64_t *cluster = a ? arena_alloc(a, m->n, sizeof *cluster) : NULL;
    latent_score score;
    pm_err ignored = PM_ERR_INIT;
    if (domain && cluster && t->domain) {
        for (size_t i = 0; i < m->n; i++) {
            domain[i] = t->domain[m->row[i]];
            cluster[i] = t->cluster ? t->cluster[m->row[i]] : i;
        }
        latent_question q = {mat_const(m->x), domain, cluster, t->n_domains, NEIGHBOURS};
        if (latent_measure(m->r->env.compute, a, &q, &score, &ignored) == PM_OK) {
            str_printf(out, "\"k\":%d,\"silhouette\":", NEIGHBOURS);
            str_number(out, score.silhouette);
            str_puts(out, ",\"knn_accuracy\":");
            str_number(out, score.knn_accuracy);
            str_puts(out, ",\"majority\":");
            str_number(out, score.majority);
            str_puts(out, ",");
        }
    }
    err_clear(&ignored);
    arena_close(a);
}

static pm_status put_map(mapping *m, str *out, pm_err *err)
{
    char sample[65], map[65];
    exp_run *r = m->r;
    tsne_spec o = TSNE_SPEC_DEFAULT;
    o.seed = m->w->seed;
    pm_mat at = mat_new(r->a, m->n, 2), row = mat_new(r->a, m->n, 1);
    arena *scratch = arena_open(0);
    pm_status s = at.at && row.at && scratch ? PM_OK : err_set(err, PM_E_MEMORY, "a map");
    if (!s) s = tsne_map(r->env.compute, scratch, mat_const(m->x), &o, at, err);
    arena_close(scratch);
    for (size_t i = 0; i < m->n && !s; i++) row.at[i] = (float)m->row[i];
    if (!s) s = store_put_matrix(r->st, mat_const(row), sample, err);
    if (!s) s = store_put_matrix(r->st, mat_const(at), map, err);
    if (s) return s;
    const char *of = m->own ? "router" : r->x->given_vectors ? "given" : "embedder";
    str_printf(out, "\"of\":\"%s\",\"dim\":%zu,\"n\":%zu,", of, m->dim, m->n);
    put_scores(m, out);
    str_printf(out, "\"sample\":\"%s\",\"map\":\"%s\"}", sample, map);
    return PM_OK;
}

static pm_status map_key(const mapping *m, char hex[65], pm_err *err)
{
    str text = STR_INIT;
    exp_key_begin(&text, "map");
    const router_work *route = &m->w->router[m->k];
    const char *name = route->file ? strrchr(route->file, '/') : NULL;
    str_printf(&text,
               ",\"data\":\"%s\",\"split\":\"%s\",\"embedder\":\"%s\",\"router\":\"%s\",\"own\":%d,"
               "\"seed\":%llu,\"sample\":%d,\"k\":%d",
               m->r->data_key, m->w->s.hash, m->w->embed_key, name ? name : "", m->own,
               (unsigned long long)m->w->seed, SAMPLE, NEIGHBOURS);
    return exp_key_end(&text, hex, err);
}

static pm_status make_map(mapping *m, str *out, pm_err *err)
{
    char key[65];
    exp_run *r = m->r;
    const char *done = NULL;
    pm_status s = map_key(m, key, err);
    if (!s && !r->o->fresh) s = store_job_find(r->st, key, r->a, &done, err);
    if (s) return s;
    if (done) {
        str_puts(out, done);
        return PM_OK;
    }
    double start = exp_now();
    str text = STR_INIT;
    str_puts(&text, "{");
    s = take_sample(m, err);
    if (!s) s = take_rows(m, err);
    if (!s) s = put_map(m, &text, err);
    if (!s && text.failed) s = err_set(err, PM_E_MEMORY, "a map");
    if (!s && m->w->router[m->k].file)
        s = store_job_done(r->st, key, "map", str_text(&text), exp_now() - start, err);
    if (!s) str_puts(out, str_text(&text));
    str_close(&text);
    return s;
}

pm_status exp_map_router(exp_run *r, seed_work *w, size_t k, str *out, pm_err *err)
{
    mapping m = {.r = r, .w = w, .k = k};
    if (w->s.n_test < 4 || !is_shown(w, k, &m.own)) {
        str_puts(out, "null");
        return PM_OK;
    }
    exp_say(r, "map of the latent space", 0);
    arena_mark mark = arena_save(r->a);
    pm_status s = make_map(&m, out, err);
    arena_release(r->a, mark);
    return s;
}
