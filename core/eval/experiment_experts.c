/* SPDX-License-Identifier: MIT
 *
 * The experts of a corpus: jobs keyed by everything that a loss depends on (the draw, the backend, the mix, who),
 * so that one more expert costs one more job.  Several learn at once, each in one thread and with memory of its
 * own, and each is gone before the next begins: what they measure does not depend on who ran beside them.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "data/corpus_json.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

/* An expert of 6 million n-grams holds some hundred MB while it learns: more at once would not fit small machines. */
#define AT_ONCE 2

/* ---- jobs ---- */

static pm_status expert_key(const exp_run *r, size_t j, char hex[65], pm_err *err)
{
    const char *id = r->x->lib->view.expert[j]->id;
    str text = STR_INIT;
    exp_key_begin(&text, "expert");
    str_printf(&text, ",\"corpus\":\"%s\",\"seed\":%llu,\"parts\":%d,\"who\":", r->draw.hash,
               (unsigned long long)r->draw_seed, EXP_PARTS);
    str_json(&text, id, strlen(id));
    str_puts(&text, ",\"backend\":");
    exp_plugin_json(&r->x->expert[j].backend, &text);
    str_puts(&text, ",\"learns\":");
    corpus_mix_json(&r->x->expert[j].mix, &text);
    return exp_key_end(&text, hex, err);
}

static size_t count_test(const exp_run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->data.n; i++) n += r->data.part[i] == DATASET_TEST;
    return n;
}

static pm_status take_job(exp_run *r, const json *j, expert_run *e, pm_err *err)
{
    pm_mat loss, part;
    pm_status s = store_get_matrix(r->st, json_text(j, "loss", ""), r->a, &loss, err);
    if (!s) s = store_get_matrix(r->st, json_text(j, "parts", ""), r->a, &part, err);
    if (s) return s;
    if (loss.rows != r->data.n || loss.cols != 1 || part.rows != count_test(r) ||
        part.cols != EXP_PARTS)
        return err_set(err, PM_E_FORMAT, "losses of another shape");
    e->loss = loss;
    e->part = part;
    e->params = json_number(j, "params", NAN);
    e->documents = json_number(j, "documents", 0);
    e->bytes = json_number(j, "bytes", 0);
    e->is_done = true;
    return exp_told_read(j, r->a, &e->told, err);
}

static const char *title(exp_run *r, size_t j)
{
    str text = STR_INIT;
    str_printf(&text, "expert %s", r->x->lib->view.expert[j]->id);
    const char *kept = text.failed ? NULL : arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    return kept ? kept : "expert";
}

pm_status exp_find_experts(exp_run *r, pm_err *err)
{
    size_t m = r->x->lib->view.n;
    pm_status s = PM_OK;
    r->expert = arena_alloc(r->a, m, sizeof *r->expert);
    if (!r->expert) return err_set(err, PM_E_MEMORY, "%zu experts", m);
    for (size_t j = 0; j < m && !s; j++) {
        const json *done = NULL;
        expert_run *e = &r->expert[j];
        e->params = NAN;
        exp_say(r, title(r, j), 0);
        s = expert_key(r, j, e->key, err);
        if (!s) s = exp_job_find(r, e->key, &done, err);
        if (s || !done) continue;
        s = take_job(r, done, e, err);
        if (s && exp_job_repair(r, e->key, "expert", err)) s = PM_OK;
    }
    return s;
}

static pm_status save_job(exp_run *r, const expert_run *e, double seconds, pm_err *err)
{
    char loss[65], part[65];
    str text = STR_INIT;
    pm_status s = store_put_matrix(r->st, mat_const(e->loss), loss, err);
    if (!s) s = store_put_matrix(r->st, mat_const(e->part), part, err);
    if (s) return s;
    str_printf(&text, "{\"loss\":\"%s\",\"parts\":\"%s\",\"documents\":%.0f,\"bytes\":%.0f", loss,
               part, e->documents, e->bytes);
    if (isfinite(e->params)) {
        str_puts(&text, ",\"params\":");
        str_number(&text, e->params);
    }
    exp_told_put(&e->told, &text);
    str_puts(&text, "}");
    s = exp_job_done(r, e->key, "expert", &text, seconds, err);
    str_close(&text);
    return s;
}

/* ---- one expert, in a thread of its own ---- */

typedef struct crew crew;
typedef struct member { /* one of those that work at once */
    crew *all;
    plug_env env;
    call_ctx *call;
    const char *what;  /* "expert sys-code" */
    char text[200];    /* the same with its speed */
    const char *phase; /* "", ", scoring" */
    double bytes, params, start;
} member;

struct crew {
    exp_run *r;
    uint64_t seed;
    pm_prompts x; /* all of the draw */
    const uint32_t *todo;
    pthread_mutex_t lock; /* around the run's state: store, progress, rows */
    member member[AT_ONCE];
    size_t failed_at;
    pm_err failed;
};

/* A backend that tells tokens and seconds knows better than bytes and the clock. */
static void put_speed(member *me, double done, double seconds, const pm_metric *m, size_t n)
{
    char what[120];
    snprintf(what, sizeof what, "%s%s", me->what, me->phase);
    if (!exp_training_text(what, m, n, me->text, sizeof me->text))
        snprintf(me->text, sizeof me->text, "%s, %.1f MB/s", what,
                 1e-6 * me->bytes * done / seconds);
}

static void watch(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    (void)what;
    member *me = arg;
    crew *c = me->all;
    for (size_t k = 0; k < n && done >= 1; k++)
        if (strcmp(m[k].name, "params") == 0) me->params = m[k].value;
    double seconds = exp_now() - me->start;
    pthread_mutex_lock(&c->lock);
    if (done > 0 && seconds > 0.2) put_speed(me, done, seconds, m, n);
    exp_tell(c->r, me->text, done);
    pthread_mutex_unlock(&c->lock);
}

typedef struct measures { /* of one expert on all prompts, before they are kept */
    double *value, *cost, *tokens, *chars, *part;
} measures;

static bool make_measures(arena *a, size_t n, measures *m)
{
    m->value = arena_alloc(a, n, sizeof(double));
    m->cost = arena_alloc(a, n, sizeof(double));
    m->tokens = arena_alloc(a, n, sizeof(double));
    m->chars = arena_alloc(a, n, sizeof(double));
    m->part = arena_alloc(a, n, EXP_PARTS * sizeof(double));
    return m->value && m->cost && m->tokens && m->chars && m->part;
}

/* Losses compare per character: experts cut texts into other tokens, languages into other bytes. */
static pm_status keep_losses(const crew *c, size_t j, const measures *m, pm_err *err)
{
    expert_run *e = &c->r->expert[j];
    for (size_t i = 0; i < c->x.n; i++) {
        if (!(m->value[i] >= 0) || !(m->chars[i] > 0))
            return err_set(err, PM_E_CONTRACT,
                           "backend \"%s\" measured no loss or counted no characters of prompt %s",
                           c->r->x->expert[j].backend.plugin->name, c->r->data.id[i]);
        e->loss.at[i] = (float)(m->value[i] / m->chars[i]);
    }
    for (size_t t = 0, i = 0; i < c->x.n; i++) {
        if (c->r->data.part[i] != DATASET_TEST) continue;
        for (size_t p = 0; p < EXP_PARTS; p++)
            pm_row(e->part, t)[p] = (float)(m->part[i * EXP_PARTS + p] / m->chars[i]);
        t++;
    }
    return PM_OK;
}

static pm_status score(const crew *c, member *me, size_t j, backend *b, arena *a, pm_err *err)
{
    measures room;
    if (!make_measures(a, c->x.n, &room))
        return err_set(err, PM_E_MEMORY, "losses of %zu prompts", c->x.n);
    pm_measured m = {.size = sizeof m,
                     .value = room.value,
                     .cost_usd = room.cost,
                     .tokens = room.tokens,
                     .chars = room.chars,
                     .n_parts = EXP_PARTS,
                     .part = room.part};
    pm_status s = backend_score(b, me->call, &c->x, &m, err);
    if (s) return s;
    if (m.kind != PM_VALUE_LOSS)
        return err_set(err, PM_E_ARG,
                       "backend \"%s\" measures quality; the experts of a corpus compare by loss",
                       c->r->x->expert[j].backend.plugin->name);
    return keep_losses(c, j, &room, err);
}

/* The mix over domains that are there. */
static pm_status present_mix(const exp_run *r, const corpus_mix *m, arena *a, corpus_mix *out,
                             pm_err *err)
{
    const char **domain = arena_alloc(a, m->n_doses, sizeof *domain),
               **without = arena_alloc(a, m->n_without, sizeof *without);
    double *dose = arena_alloc(a, m->n_doses, sizeof *dose);
    if (!domain || !without || !dose) return err_set(err, PM_E_MEMORY, "mix");
    *out = (corpus_mix){.base = m->base, .domain = domain, .dose = dose, .without = without};
    for (size_t k = 0; k < m->n_doses; k++) {
        if (!exp_has_domain(r, m->domain[k])) continue;
        domain[out->n_doses] = m->domain[k];
        dose[out->n_doses++] = m->dose[k];
    }
    for (size_t k = 0; k < m->n_without; k++)
        if (exp_has_domain(r, m->without[k])) without[out->n_without++] = m->without[k];
    return PM_OK;
}

/* Where a long build keeps how far it is: gone when it is over. */
static const char *resume_path(const exp_run *r, const char *key, arena *a)
{
    const char *dir = io_join(a, store_dir(r->st), "resume");
    char name[96];
    snprintf(name, sizeof name, "%.32s.safetensors", key);
    return dir && io_mkdir(dir, NULL) == PM_OK ? io_join(a, dir, name) : NULL;
}

/* The backend sees who it is for, and nothing else of the library: a price may change without a new job. */
static pm_status learn(const crew *c, member *me, size_t j, arena *a, backend **out, pm_err *err)
{
    const exp_run *r = c->r;
    const expert_choice *choice = &r->x->expert[j];
    pm_corpus text = {.size = sizeof text};
    const char *id = r->x->lib->view.expert[j]->id;
    corpus_mix mix;
    pm_status s = present_mix(r, &choice->mix, a, &mix, err);
    if (!s) s = corpus_slice(&r->draw, &mix, id, r->draw_seed, a, &text, err);
    if (s) return s;
    for (size_t k = 0; k < text.n; k++) me->bytes += (double)text.document[k].len;
    r->expert[j].documents = (double)text.n;
    r->expert[j].bytes = me->bytes;
    pm_expert who = {.size = sizeof who, .id = id};
    pm_backend_fit fit = {.size = sizeof fit, .expert = &who, .corpus = &text};
    backend_spec spec = {choice->backend.plugin, choice->backend.params, r->draw_seed};
    const char *resume = resume_path(r, r->expert[j].key, a);
    if (!resume) return err_set(err, PM_E_MEMORY, "expert");
    call_ctx_set_resume(me->call, resume);
    s = backend_train(me->call, &spec, &fit, out, err);
    call_ctx_set_resume(me->call, NULL);
    if (!s) remove(resume); /* most backends have left none */
    return s;
}

/* Scoring has a speed of its own. */
static void begin_scoring(const crew *c, member *me)
{
    me->start = exp_now();
    me->bytes = 0;
    for (size_t i = 0; i < c->x.n; i++) me->bytes += (double)c->x.text[i].len;
    me->phase = ", scoring";
}

static pm_status run_expert(crew *c, member *me, size_t j, pm_err *err)
{
    exp_run *r = c->r;
    backend *b = NULL;
    arena *a = arena_open(0);
    me->start = exp_now();
    me->bytes = 0;
    me->params = NAN;
    me->phase = "";
    pthread_mutex_lock(&c->lock);
    me->what = title(r, j);
    snprintf(me->text, sizeof me->text, "%s", me->what);
    exp_tell(r, me->text, 0);
    pthread_mutex_unlock(&c->lock);
    pm_status s = a ? learn(c, me, j, a, &b, err) : err_set(err, PM_E_MEMORY, "expert");
    if (!s) begin_scoring(c, me);
    if (!s) s = score(c, me, j, b, a, err);
    backend_close(b);
    arena_close(a);
    r->expert[j].params = me->params;
    pthread_mutex_lock(&c->lock);
    if (!s) s = exp_told_take(me->call, r->a, &r->expert[j].told, err);
    exp_say(r, me->what, 1);
    if (!s) s = save_job(r, &r->expert[j], exp_now() - me->start, err);
    if (!s) s = exp_step(r, me->what, err);
    pthread_mutex_unlock(&c->lock);
    const char *where = r->x->expert[j].backend.where;
    return s ? err_wrap(err, s, "%s: %s", where ? where : r->x->name, me->what) : PM_OK;
}

static pm_status body(int worker, size_t lo, size_t hi, void *arg)
{
    crew *c = arg;
    pm_status s = PM_OK;
    for (size_t k = lo; k < hi && !s; k++) {
        pm_err err = PM_ERR_INIT;
        s = run_expert(c, &c->member[worker], c->todo[k], &err);
        if (!s) continue;
        pthread_mutex_lock(&c->lock);
        if (k < c->failed_at) { /* the first in order is told, as with one thread */
            c->failed_at = k;
            c->failed = err;
        }
        pthread_mutex_unlock(&c->lock);
    }
    return s;
}

/* ---- all of them ---- */

static pm_status open_members(crew *c, int n, pm_err *err)
{
    pm_status s = PM_OK;
    for (int k = 0; k < n && !s; k++) {
        member *me = &c->member[k];
        me->all = c;
        me->env = c->r->env;
        me->env.progress = watch;
        me->env.progress_arg = me;
        s = call_ctx_open(&me->env, true, &me->call, err); /* the pool is whose loop comes first */
    }
    return s;
}

static pm_status run_crew(crew *c, size_t n_todo, pm_err *err)
{
    int n = threads_count(c->r->env.compute->pool);
    if (n > AT_ONCE) n = AT_ONCE;
    if ((size_t)n > n_todo) n = (int)n_todo;
    threads *own = n > 1 ? threads_open(n) : NULL;
    pm_status s = n > 1 && !own ? err_set(err, PM_E_MEMORY, "threads") : open_members(c, n, err);
    if (!s) {
        s = threads_for(own, n_todo, 1, body, c);
        if (s && c->failed_at < n_todo) {
            if (err) *err = c->failed;
            s = c->failed.status;
        }
    }
    for (int k = 0; k < n; k++) call_ctx_close(c->member[k].call);
    threads_close(own);
    return s;
}

static pm_status make_room(exp_run *r, uint32_t *todo, size_t *n_todo, pm_err *err)
{
    size_t n_test = count_test(r);
    *n_todo = 0;
    for (size_t j = 0; j < r->x->lib->view.n; j++) {
        expert_run *e = &r->expert[j];
        if (e->is_done) continue;
        todo[(*n_todo)++] = (uint32_t)j;
        e->loss = mat_new(r->a, r->data.n, 1);
        e->part = mat_new(r->a, n_test, EXP_PARTS);
        if (!e->loss.at || !e->part.at)
            return err_set(err, PM_E_MEMORY, "losses of %zu prompts", r->data.n);
    }
    return PM_OK;
}

static pm_status run_missing(exp_run *r, pm_err *err)
{
    size_t m = r->x->lib->view.n, n_todo;
    uint32_t *todo = arena_alloc(r->a, m, sizeof *todo),
             *all = arena_alloc(r->a, r->data.n, sizeof *all);
    crew *c = arena_alloc(r->a, 1, sizeof *c);
    if (!todo || !all || !c) return err_set(err, PM_E_MEMORY, "%zu experts", m);
    pm_status s = make_room(r, todo, &n_todo, err);
    for (size_t i = 0; i < r->data.n; i++) all[i] = (uint32_t)i;
    if (!s) s = dataset_prompts(&r->data, all, r->data.n, r->a, &c->x, err);
    if (s || n_todo == 0) return s;
    c->r = r;
    c->todo = todo;
    c->failed_at = SIZE_MAX;
    if (pthread_mutex_init(&c->lock, NULL)) return err_set(err, PM_E_MEMORY, "lock");
    s = run_crew(c, n_todo, err);
    pthread_mutex_destroy(&c->lock);
    return s;
}

/* ---- what they measured becomes data ---- */

static pm_status take_losses(exp_run *r, pm_err *err)
{
    dataset *d = &r->data;
    pm_mat value = mat_new(r->a, d->n, d->m);
    if (!value.at) return err_set(err, PM_E_MEMORY, "%zu x %zu losses", d->n, d->m);
    for (size_t j = 0; j < d->m; j++)
        for (size_t i = 0; i < d->n; i++) pm_row(value, i)[j] = r->expert[j].loss.at[i];
    d->value = mat_const(value);
    return PM_OK;
}

/* Sizes as measured, unless the library states them; a statement that is far off is told. */
static pm_status take_sizes(exp_run *r, pm_err *err)
{
    size_t m = r->x->lib->view.n;
    double *params = arena_alloc(r->a, m, sizeof *params);
    library *lib = arena_alloc(r->keep, 1, sizeof *lib); /* rows name its experts */
    if (!params || !lib) return err_set(err, PM_E_MEMORY, "library");
    for (size_t j = 0; j < m; j++) {
        const pm_expert *e = r->x->lib->view.expert[j];
        double stated = pm_attr_number(e, "params", NAN);
        params[j] = r->expert[j].params;
        if (fabs(stated - params[j]) > 0.1 * params[j])
            log_line(LOG_WARN,
                     "expert \"%s\" states params = %g and has %g; the library's number is used",
                     e->id, stated, params[j]);
    }
    pm_status s = library_with_number(r->x->lib, "params", params, r->keep, lib, err);
    if (s) return s;
    r->lib = lib;
    r->data.models = *lib;
    return PM_OK;
}

static pm_status measured_key(exp_run *r, pm_err *err)
{
    str text = STR_INIT;
    exp_key_begin(&text, "measured");
    str_puts(&text, ",\"experts\":[");
    for (size_t j = 0; j < r->x->lib->view.n; j++)
        str_printf(&text, "%s\"%s\"", j ? "," : "", r->expert[j].key);
    str_puts(&text, "]");
    return exp_key_end(&text, r->data_key, err);
}

pm_status exp_measured(exp_run *r, bool is_complete, pm_err *err)
{
    pm_status s = is_complete ? take_losses(r, err) : PM_OK;
    if (!s && is_complete) s = take_sizes(r, err);
    return s ? s : measured_key(r, err);
}

pm_status exp_measure(exp_run *r, uint64_t seed, pm_err *err)
{
    pm_status s = exp_draw(r, seed, err);
    if (!s) s = exp_step(r, "documents and prompts", err);
    if (!s) s = exp_find_experts(r, err);
    for (size_t j = 0; j < r->x->lib->view.n && !s; j++) {
        if (!r->expert[j].is_done) continue;
        r->jobs_reused++;
        s = exp_step(r, title(r, j), err);
    }
    if (!s) s = run_missing(r, err);
    return s ? s : exp_measured(r, true, err);
}
