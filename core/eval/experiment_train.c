/* SPDX-License-Identifier: MIT
 *
 * The expensive jobs: the embedder (trained on train texts, applied to every prompt once) and the routers,
 * in experiment_routers.c.  A job's result names its objects; a damaged one is reported and made again.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

/* ---- keys ---- */

pm_status exp_embed_key(const exp_run *r, const seed_work *w, char hex[65], pm_err *err)
{
    snprintf(hex, 65, "%s", r->x->given_vectors ? "given" : "");
    if (!r->x->embed) return PM_OK;
    str text = STR_INIT;
    exp_key_begin(&text, "embedder");
    str_printf(&text, ",\"data\":\"%s\",\"split\":\"%s\",\"seed\":%llu,\"embedder\":", r->text_key,
               w->s.hash, (unsigned long long)w->seed);
    exp_plugin_json(r->x->embed, &text);
    if (r->also_key[0]) str_printf(&text, ",\"also\":\"%s\"", r->also_key);
    return exp_key_end(&text, hex, err);
}

pm_status exp_router_key(const exp_run *r, const seed_work *w, const plugin_choice *p,
                         const char *kind, char hex[65], pm_err *err)
{
    char members[65];
    str text = STR_INIT;
    library_members(&exp_learning_library(r, exp_learns(r, p))->view, p->plugin->type.router->reads,
                    members);
    exp_key_begin(&text, kind);
    str_printf(&text,
               ",\"data\":\"%s\",\"split\":\"%s\",\"embedder\":\"%s\",\"members\":\"%s\","
               "\"seed\":%llu,\"router\":",
               r->data_key, w->s.hash, w->embed_key, members, (unsigned long long)w->seed);
    exp_plugin_json(p, &text);
    exp_learns_key(r, p, &text);
    return exp_key_end(&text, hex, err);
}

/* ---- embedder ---- */

typedef struct embedding { /* result of the embedder's job */
    const char *file, *vectors;
    exp_told told;
} embedding;

static pm_status find_embedding(exp_run *r, const seed_work *w, embedding *out, pm_err *err)
{
    const json *j;
    *out = (embedding){NULL, NULL, {{0}, "[]"}};
    pm_status s = exp_job_find(r, w->embed_key, &j, err);
    if (s || !j) return s;
    embedding e = {json_text(j, "file", ""), json_text(j, "vectors", ""), {{0}, "[]"}};
    s = exp_told_read(j, r->a, &e.told, err);
    if (!s) s = store_check_object(r->st, e.file, err);
    if (!s) s = store_check_object(r->st, e.vectors, err);
    if (!s)
        *out = e;
    else if (exp_job_repair(r, w->embed_key, "embedder", err))
        s = PM_OK;
    return s;
}

static pm_status save_embedding(exp_run *r, const seed_work *w, const embedder *e, pm_mat vectors,
                                double start, embedding *out, pm_err *err)
{
    char file[65], matrix[65];
    const char *path = store_temporary(r->st, r->a);
    if (!path) return err_set(err, PM_E_MEMORY, "embedder");
    pm_status s = embedder_save(e, r->call, path, err);
    if (!s) s = store_put_file(r->st, path, file, err);
    if (!s) s = store_put_matrix(r->st, mat_const(vectors), matrix, err);
    if (s) return s;
    out->file = arena_strdup(r->a, file);
    out->vectors = arena_strdup(r->a, matrix);
    if (!out->file || !out->vectors) return err_set(err, PM_E_MEMORY, "embedder");
    s = exp_told_take(r->call, r->a, &out->told, err);
    if (s) return s;
    str text = STR_INIT;
    str_printf(&text, "{\"file\":\"%s\",\"vectors\":\"%s\"", file, matrix);
    exp_told_put(&out->told, &text);
    str_puts(&text, "}");
    s = exp_job_done(r, w->embed_key, "embedder", &text, exp_now() - start, err);
    str_close(&text);
    return s;
}

/* The prompts to train on, others' after the data's own. */
static pm_status train_texts(exp_run *r, const seed_work *w, pm_prompts *out, pm_err *err)
{
    pm_status s = dataset_prompts(&r->data, w->s.train, w->s.n_train, r->a, out, err);
    if (s || r->also.n == 0) return s;
    size_t n = out->n + r->also.n;
    uint64_t *id = arena_alloc(r->a, n, sizeof *id);
    pm_str *text = arena_alloc(r->a, n, sizeof *text);
    if (!id || !text) return err_set(err, PM_E_MEMORY, "texts of %zu prompts", n);
    memcpy(id, out->id, out->n * sizeof *id);
    memcpy(text, out->text, out->n * sizeof *text);
    memcpy(id + out->n, r->also.key, r->also.n * sizeof *id);
    memcpy(text + out->n, r->also.text, r->also.n * sizeof *text);
    *out = (pm_prompts){.size = sizeof *out, .n = n, .id = id, .text = text};
    return PM_OK;
}

/* Vectors of all prompts, others' below the data's own. */
static pm_status embed_all(exp_run *r, const embedder *e, pm_mat out, pm_err *err)
{
    pm_mat own = {out.at, r->data.n, out.cols, out.ld};
    pm_mat other = {out.at + r->data.n * out.ld, r->also.n, out.cols, out.ld};
    pm_status s = embedder_embed(e, r->call, r->data.text, r->data.n, own, err);
    if (s || r->also.n == 0) return s;
    return embedder_embed(e, r->call, r->also.text, r->also.n, other, err);
}

static pm_status train_embedder(exp_run *r, seed_work *w, embedding *out, pm_err *err)
{
    pm_prompts train;
    double start = exp_now();
    pm_status s = train_texts(r, w, &train, err);
    if (s) return s;
    embedder_spec spec = {r->x->embed->plugin, r->x->embed->params, w->seed};
    s = embedder_train(r->call, &spec, &train, &w->embed, err);
    if (s) return err_wrap(err, s, "embedder \"%s\"", r->x->embed->label);
    arena *room = arena_open(0);
    pm_mat vectors = {NULL, 0, 0, 0};
    if (room) vectors = mat_new(room, r->data.n + r->also.n, embedder_dim(w->embed));
    s = vectors.at ? embed_all(r, w->embed, vectors, err)
                   : err_set(err, PM_E_MEMORY, "embeddings of %zu prompts", r->data.n + r->also.n);
    if (!s) s = save_embedding(r, w, w->embed, vectors, start, out, err);
    arena_close(room);
    return s;
}

/* Afterwards w->embed is there, whoever trained it, and embed_file names its checkpoint. */
pm_status exp_embed(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = exp_embed_key(r, w, w->embed_key, err);
    if (s || !r->x->embed) return s;
    exp_say(r, r->x->embed->label, 0);
    embedding e;
    s = find_embedding(r, w, &e, err);
    if (s) return s;
    if (e.file) {
        r->jobs_reused++;
        w->embed_file = store_object_path(r->st, e.file, r->a);
        s = w->embed_file ? embedder_load(r->call, w->embed_file, &w->embed, err)
                          : err_set(err, PM_E_MEMORY, "embedder");
    } else {
        s = train_embedder(r, w, &e, err);
        w->embed_file = s ? NULL : store_object_path(r->st, e.file, r->a);
    }
    if (!s) w->embed_told = e.told;
    if (!s) s = exp_renew_call(r, err);
    return s ? s : exp_step(r, "embedder", err);
}

static bool any_router_reads(const exp_run *r, uint32_t needs)
{
    for (size_t k = 0; k < r->x->n_routers; k++)
        if (exp_wants(r, &r->x->router[k]) &&
            (r->x->router[k].at.plugin->type.router->needs & needs))
            return true;
    return false;
}

/* Part by part: the features of all prompts at once would be twice as large. */
static pm_status sparse_of(exp_run *r, const seed_work *w, const uint32_t *row, size_t n,
                           pm_csr *out, pm_err *err)
{
    arena *scratch = arena_open(0);
    pm_str *text = scratch ? arena_alloc(scratch, n, sizeof *text) : NULL;
    for (size_t i = 0; text && i < n; i++) text[i] = r->data.text[row[i]];
    pm_status s = text ? embedder_sparse(w->embed, r->call, text, n, r->a, out, err)
                       : err_set(err, PM_E_MEMORY, "features of %zu prompts", n);
    arena_close(scratch);
    return s;
}

static pm_status add_sparse(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = sparse_of(r, w, w->s.fit, w->s.n_fit, &w->fit_x.sparse, err);
    if (!s && w->s.n_tune) s = sparse_of(r, w, w->s.tune, w->s.n_tune, &w->tune_x.sparse, err);
    return s ? s : sparse_of(r, w, w->s.test, w->s.n_test, &w->test_x.sparse, err);
}

static pm_status add_vectors(exp_run *r, seed_work *w, pm_cmat all, pm_err *err)
{
    pm_prompts *x[3] = {&w->fit_x, &w->tune_x, &w->test_x};
    const uint32_t *row[3] = {w->s.fit, w->s.tune, w->s.test};
    size_t n[3] = {w->s.n_fit, w->s.n_tune, w->s.n_test};
    for (int k = 0; k < 3; k++) {
        pm_mat m = mat_new(r->a, n[k], all.cols);
        if (!m.at) return err_set(err, PM_E_MEMORY, "embeddings of %zu prompts", n[k]);
        mat_gather_rows(all, row[k], n[k], m);
        x[k]->embed = mat_const(m);
    }
    return PM_OK;
}

/* Others' vectors stand below the data's own. */
static pm_status add_others(exp_run *r, seed_work *w, pm_cmat all, pm_err *err)
{
    if (r->also.n == 0) return PM_OK;
    pm_mat other = mat_new(r->a, r->also.n, all.cols);
    if (!other.at) return err_set(err, PM_E_MEMORY, "embeddings of %zu prompts", r->also.n);
    mat_copy((pm_cmat){pm_crow(all, r->data.n), r->also.n, all.cols, all.ld}, other);
    w->also_embed = mat_const(other);
    return PM_OK;
}

/* The data's own vectors instead of an embedder's. */
static pm_status add_given(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = add_vectors(r, w, r->data.embed, err);
    w->also_embed = r->also.embed;
    w->has_features = s == PM_OK;
    return s;
}

static pm_status get_vectors(exp_run *r, const seed_work *w, arena *scratch, pm_mat *out,
                             pm_err *err)
{
    embedding e;
    pm_status s = find_embedding(r, w, &e, err);
    if (s) return s;
    if (e.vectors) return store_get_matrix(r->st, e.vectors, scratch, out, err);
    /* --fresh, or damaged since: the embedder itself is at hand */
    size_t n = r->data.n + r->also.n;
    *out = mat_new(scratch, n, embedder_dim(w->embed));
    if (!out->at) return err_set(err, PM_E_MEMORY, "embeddings of %zu prompts", n);
    return embed_all(r, w->embed, *out, err);
}

pm_status exp_vectors(exp_run *r, const seed_work *w, arena *scratch, pm_cmat *own, pm_cmat *other,
                      pm_err *err)
{
    pm_mat all;
    *own = r->data.embed;
    *other = r->also.embed;
    if (r->x->given_vectors) return PM_OK;
    pm_status s = get_vectors(r, w, scratch, &all, err);
    if (!s && all.rows != r->data.n + r->also.n)
        s = err_set(err, PM_E_FORMAT, "kept embeddings are of %zu prompts, not %zu", all.rows,
                    r->data.n + r->also.n);
    if (s) return s;
    *own = (pm_cmat){all.at, r->data.n, all.cols, all.ld};
    *other = (pm_cmat){NULL, 0, 0, 0};
    if (r->also.n) *other = (pm_cmat){pm_row(all, r->data.n), r->also.n, all.cols, all.ld};
    return PM_OK;
}

/* Embeddings and sparse features of the parts, fetched when the first router really has to train. */
pm_status exp_features(exp_run *r, seed_work *w, pm_err *err)
{
    if (w->has_features || (!w->embed && !r->x->given_vectors)) return PM_OK;
    if (w->from) {
        arena *mine = r->a;
        r->a = w->from->home;
        pm_status st = exp_features(r, w->from, err);
        r->a = mine;
        if (!st) st = exp_curve_features(r, w, err);
        w->has_features = st == PM_OK;
        w->also_embed = w->from->also_embed;
        return st;
    }
    if (r->x->given_vectors) return add_given(r, w, err);
    pm_mat all;
    arena *scratch = arena_open(0);
    if (!scratch) return err_set(err, PM_E_MEMORY, "features");
    pm_status s = get_vectors(r, w, scratch, &all, err);
    if (!s && all.rows != r->data.n + r->also.n)
        s = err_set(err, PM_E_FORMAT, "kept embeddings are of %zu prompts, not %zu", all.rows,
                    r->data.n + r->also.n);
    if (!s) s = add_vectors(r, w, mat_const(all), err);
    if (!s) s = add_others(r, w, mat_const(all), err);
    if (!s && embedder_sparse_dim(w->embed) &&
        any_router_reads(r, PM_NEEDS_SPARSE | PM_NEEDS_EMBED_OR_SPARSE))
        s = add_sparse(r, w, err);
    arena_close(scratch);
    if (!s) s = exp_renew_call(r, err);
    w->has_features = s == PM_OK;
    return s;
}
