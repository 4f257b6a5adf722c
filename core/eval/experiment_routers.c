/* SPDX-License-Identifier: MIT
 *
 * Router jobs.  A grid's candidates train on the fitting part alone and are scored by the mean value of their
 * choices (or, on battles, by log-loss) on the tuning part (ties: the first).  What won, or the only one, then trains with both parts as
 * pm_fit hands them over (a router may keep the tuning rows, so it could not be scored on them), and predicts
 * the test part.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"
#include "math/mat.h"
#include "plug/params.h"

typedef struct trained { /* a router's job, done */
    router *route;
    const char *file;             /* hex, or "" when the router cannot be saved */
    const char *history;          /* JSON list */
    const char *settled;          /* what training settled on */
    pm_mat value, spread, tokens; /* at == NULL: not offered */
    pm_value_kind kind;
} trained;

/* ---- predicting ---- */

/* Win probabilities are against the expert that was best on train, as the pipeline takes it. */
uint32_t exp_reference(const exp_run *r, const seed_work *w)
{
    uint32_t best = 0;
    for (size_t j = 1; j < r->lib->view.n; j++)
        if (w->prior[j] > w->prior[best]) best = (uint32_t)j;
    return best;
}

static bool room(exp_run *r, size_t n, bool wanted, pm_mat *out)
{
    *out = (pm_mat){NULL, 0, 0, 0};
    if (wanted) *out = mat_new(r->a, n, r->lib->view.n);
    return !wanted || out->at;
}

static pm_status predict(exp_run *r, const seed_work *w, const plugin_choice *p,
                         const pm_prompts *x, trained *t, pm_err *err)
{
    const pm_router_type *type = p->plugin->type.router;
    if (!room(r, x->n, true, &t->value) ||
        !room(r, x->n, type->spread_kind != PM_SPREAD_NONE, &t->spread) ||
        !room(r, x->n, type->emits_tokens_out != 0, &t->tokens))
        return err_set(err, PM_E_MEMORY, "predictions for %zu prompts", x->n);
    pm_scores out = {.size = sizeof out,
                     .kind = router_kind(t->route),
                     .reference_col = exp_reference(r, w),
                     .value = t->value,
                     .spread = t->spread,
                     .tokens_out = t->tokens};
    pm_status s = router_predict(t->route, r->call, &r->lib->view, x, &out, err);
    t->kind = out.kind;
    return s;
}

/* ---- candidates ---- */

/* Mean utility of choosing the best predicted expert, with the choice rule of the baselines. */
static pm_status tune_score(exp_run *r, const seed_work *w, const plugin_choice *p, trained *t,
                            double *out, pm_err *err)
{
    size_t m = r->lib->view.n;
    double *utility = arena_alloc(r->a, m, 2 * sizeof *utility);
    if (!utility) return err_set(err, PM_E_MEMORY, "%zu experts", m);
    pm_status s = predict(r, w, p, &w->tune_x, t, err);
    if (s) return s;
    if (r->x->of_battles) return exp_battles_tune(r, w, mat_const(t->value), t->kind, out, err);
    double sum = 0, sign = policy_sign(t->kind);
    for (size_t j = 0; j < m; j++) utility[m + j] = (double)w->prior[j];
    for (size_t i = 0; i < w->s.n_tune; i++) {
        for (size_t j = 0; j < m; j++) utility[j] = sign * (double)pm_row(t->value, i)[j];
        size_t chosen = baselines_pick(utility, utility + m, m);
        sum += (double)pm_crow(w->tune_y.value, i)[chosen];
    }
    *out = policy_sign(r->data.kind) * sum / (double)w->s.n_tune;
    return PM_OK;
}

static pm_status train(exp_run *r, seed_work *w, const plugin_choice *p, bool with_tune,
                       router **out, pm_err *err)
{
    pm_status s = exp_features(r, w, err);
    if (s) return s;
    router_spec spec = {p->plugin, p->params, w->seed};
    pm_fit fit;
    s = exp_fit(r, w, p, with_tune, &fit, err);
    return s ? s : router_train(r->call, &spec, &fit, out, err);
}

static pm_status blame(const exp_run *r, const plugin_choice *p, pm_status s, pm_err *err)
{
    return s ? err_wrap(err, s, "%s: router \"%s\"", p->where ? p->where : r->x->name, p->label)
             : PM_OK;
}

static pm_status score_candidate(exp_run *r, seed_work *w, const plugin_choice *p, const char *key,
                                 double *score, pm_err *err)
{
    double start = exp_now();
    pm_status s = exp_features(r, w, err); /* what must outlive the mark below */
    if (s) return s;
    arena_mark mark = arena_save(r->a);
    trained t = {.file = ""};
    s = train(r, w, p, false, &t.route, err);
    if (!s) s = tune_score(r, w, p, &t, score, err);
    router_close(t.route);
    arena_release(r->a, mark);
    if (s) return blame(r, p, s, err);
    str text = STR_INIT;
    str_puts(&text, "{\"tune\":");
    str_number(&text, *score);
    str_puts(&text, "}");
    s = exp_job_done(r, key, "candidate", &text, exp_now() - start, err);
    str_close(&text);
    return s;
}

static pm_status run_candidate(exp_run *r, seed_work *w, const plugin_choice *p, double *score,
                               pm_err *err)
{
    char key[65];
    const json *done = NULL;
    exp_say(r, p->label, 0);
    pm_status s = exp_router_key(r, w, p, "candidate", key, err);
    if (!s) s = exp_job_find(r, key, &done, err);
    if (s) return s;
    *score = json_number(done, "tune", NAN);
    if (isfinite(*score))
        r->jobs_reused++;
    else
        s = score_candidate(r, w, p, key, score, err);
    return s ? s : exp_step(r, p->label, err);
}

static pm_status search(exp_run *r, seed_work *w, const router_choice *c, const plugin_choice **won,
                        pm_err *err)
{
    double best = -INFINITY, score;
    *won = &c->at;
    if (c->n_candidates <= 1) return PM_OK;
    for (size_t k = 0; k < c->n_candidates; k++) {
        pm_status s = run_candidate(r, w, &c->candidate[k], &score, err);
        if (s) return s;
        if (score <= best + 1e-12) continue;
        best = score;
        *won = &c->candidate[k];
    }
    return PM_OK;
}

/* ---- one job ---- */

static pm_status load_done(exp_run *r, const plugin_choice *p, const json *j, trained *t,
                           pm_err *err)
{
    t->file = json_text(j, "file", "");
    t->history = json_text(j, "history", "[]");
    t->kind = (pm_value_kind)json_number(j, "kind", 0);
    const char *spread = json_text(j, "spread", ""), *tokens = json_text(j, "tokens", "");
    pm_status s = store_get_matrix(r->st, json_text(j, "value", ""), r->a, &t->value, err);
    if (!s && spread[0]) s = store_get_matrix(r->st, spread, r->a, &t->spread, err);
    if (!s && tokens[0]) s = store_get_matrix(r->st, tokens, r->a, &t->tokens, err);
    t->settled = json_text(j, "settled", "");
    if (s || !t->file[0]) return s; /* of a learning curve */
    s = store_check_object(r->st, t->file, err);
    if (s) return s;
    const char *path = store_object_path(r->st, t->file, r->a);
    if (!path) return err_set(err, PM_E_MEMORY, "router");
    s = router_load(r->call, path, &t->route, err);
    if (!s) t->settled = router_settled(t->route);
    return s ? err_wrap(err, s, "router \"%s\"", p->label) : PM_OK;
}

/* A scripted router may have no save: then its job cannot be taken up again, and it is not served. */
static pm_status save_router(exp_run *r, trained *t, pm_err *err)
{
    char hex[65];
    const char *path = store_temporary(r->st, r->a);
    if (!path) return err_set(err, PM_E_MEMORY, "router");
    t->file = "";
    pm_status s = router_save(t->route, r->call, path, err);
    if (s == PM_E_UNSUPPORTED) {
        err_clear(err);
        return PM_OK;
    }
    if (!s) s = store_put_file(r->st, path, hex, err);
    if (s) return s;
    t->file = arena_strdup(r->a, hex);
    return t->file ? PM_OK : err_set(err, PM_E_MEMORY, "router");
}

/* Routers of a learning curve serve nobody: their predictions are kept, they are not. */
const char *exp_router_job(const seed_work *w)
{
    return w->from ? "curve" : "router";
}

static pm_status save_done(exp_run *r, const seed_work *w, const char *key, trained *t,
                           double start, pm_err *err)
{
    char value[65], spread[65] = "", tokens[65] = "";
    pm_status s = w->from ? PM_OK : save_router(r, t, err);
    if (s || (!w->from && !t->file[0])) return s;
    s = store_put_matrix(r->st, mat_const(t->value), value, err);
    if (!s && t->spread.at) s = store_put_matrix(r->st, mat_const(t->spread), spread, err);
    if (!s && t->tokens.at) s = store_put_matrix(r->st, mat_const(t->tokens), tokens, err);
    if (s) return s;
    str text = STR_INIT;
    str_printf(&text,
               "{\"file\":\"%s\",\"value\":\"%s\",\"spread\":\"%s\",\"tokens\":\"%s\","
               "\"kind\":%d,\"history\":",
               t->file, value, spread, tokens, (int)t->kind);
    str_json(&text, t->history, strlen(t->history));
    str_puts(&text, ",\"settled\":");
    str_json(&text, t->settled, strlen(t->settled));
    str_puts(&text, "}");
    s = exp_job_done(r, key, exp_router_job(w), &text, exp_now() - start, err);
    str_close(&text);
    return s;
}

static pm_status keep_history(exp_run *r, trained *t, pm_err *err)
{
    char *kept = r->history.failed ? NULL : arena_alloc(r->a, r->history.len + 3, 1);
    if (!kept) return err_set(err, PM_E_MEMORY, "history of a router");
    snprintf(kept, r->history.len + 3, "[%s]", str_text(&r->history));
    t->history = kept;
    return PM_OK;
}

static pm_status make_router(exp_run *r, seed_work *w, const plugin_choice *p, const char *key,
                             trained *t, pm_err *err)
{
    double start = exp_now();
    exp_history_begin(r);
    pm_status s = train(r, w, p, true, &t->route, err);
    if (!s) s = keep_history(r, t, err);
    if (!s) t->settled = router_settled(t->route);
    if (!s) s = predict(r, w, p, &w->test_x, t, err);
    if (!s) s = save_done(r, w, key, t, start, err);
    return blame(r, p, s, err);
}

static pm_status run_router(exp_run *r, seed_work *w, const plugin_choice *p, trained *t,
                            pm_err *err)
{
    char key[65];
    const json *done = NULL;
    *t = (trained){.file = "", .settled = ""};
    exp_say(r, p->label, 0);
    pm_status s = exp_router_key(r, w, p, exp_router_job(w), key, err);
    if (!s) s = exp_job_find(r, key, &done, err);
    if (s) return s;
    if (done) {
        s = load_done(r, p, done, t, err);
        if (!s) {
            r->jobs_reused++;
            return exp_step(r, p->label, err);
        }
        if (!exp_job_repair(r, key, "router", err)) return s;
        *t = (trained){.file = ""};
    }
    s = make_router(r, w, p, key, t, err);
    return s ? s : exp_step(r, p->label, err);
}

pm_status exp_train(exp_run *r, seed_work *w, pm_err *err)
{
    w->router = arena_alloc(r->a, r->x->n_routers, sizeof *w->router);
    if (!w->router) return err_set(err, PM_E_MEMORY, "%zu routers", r->x->n_routers);
    for (size_t k = 0; k < r->x->n_routers; k++) {
        const router_choice *c = &r->x->router[k];
        if (!exp_wants(r, c)) continue;
        trained t = {.file = ""};
        const plugin_choice *won;
        pm_status s = search(r, w, c, &won, err);
        if (!s) s = run_router(r, w, won, &t, err);
        if (!s) s = exp_renew_call(r, err);
        if (s) {
            router_close(t.route);
            return s;
        }
        router_work *out = &w->router[w->n_routers++];
        *out = (router_work){.choice = c,
                             .won = won,
                             .setting = exp_setting(c, won, t.settled, r->keep),
                             .route = t.route,
                             .file = t.file[0] ? store_object_path(r->st, t.file, r->a) : NULL,
                             .history = t.history,
                             .kind = t.kind,
                             .value = t.value,
                             .spread = t.spread,
                             .tokens = t.tokens};
        if (!out->setting) return err_set(err, PM_E_MEMORY, "router \"%s\"", c->at.label);
    }
    return PM_OK;
}

/* ---- settings ---- */

static bool same_value(const json *a, const json *b)
{
    return a && b && a->kind == b->kind &&
           (a->kind == JSON_STRING ? strcmp(a->text, b->text) == 0 : a->number == b->number);
}

static const json *params_of(const plugin_choice *p, arena *a)
{
    const json *j = NULL;
    pm_err ignored = PM_ERR_INIT;
    const char *text = p->params_json && p->params_json[0] ? p->params_json : "{}";
    return json_parse(text, strlen(text), a, &j, &ignored) ? NULL : j;
}

static bool is_fallback(const pm_param *row, const json *v)
{
    if (v->kind != JSON_STRING) return v->number == row->fallback;
    if (params_is_text(row)) return row->fallback_str && strcmp(row->fallback_str, v->text) == 0;
    double word = row->type == PM_P_CHOICE ? row->fallback : -1 - row->fallback;
    if (!row->choices || word < 0) return false;
    for (size_t k = 0; row->choices[k]; k++)
        if ((double)k == word) return strcmp(row->choices[k], v->text) == 0;
    return false;
}

/* What differs among the candidates, or from the plugin's defaults where there is no grid. */
static bool is_telling(const router_choice *c, const json *const *all, size_t n, const json *mine)
{
    for (size_t k = 0; k < n; k++)
        if (!same_value(json_get(all[k], mine->key), mine)) return true;
    if (n > 1) return false;
    for (const pm_param *row = c->at.plugin->params; row->name; row++)
        if (strcmp(row->name, mine->key) == 0) return !is_fallback(row, mine);
    return false;
}

static void put_value(const json *v, str *out)
{
    if (v->kind == JSON_STRING)
        str_puts(out, v->text);
    else if (v->kind == JSON_BOOL)
        str_puts(out, v->number != 0 ? "true" : "false");
    else
        str_number(out, v->number);
}

/* Is `key` among "k=80, epoch=7"?  Then its value as it was asked for ("auto") says less. */
static bool is_settled(const char *settled, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = settled; at && *at; at = strstr(at, ", ")) {
        at += at == settled ? 0 : 2;
        if (strncmp(at, key, n) == 0 && at[n] == '=') return true;
    }
    return false;
}

/* "k=80", "metric=cosine, k=20", and what training settled on; "" when everything is as usual.  NULL: memory
 * is out. */
const char *exp_setting(const router_choice *c, const plugin_choice *won, const char *settled,
                        arena *a)
{
    size_t n = c->n_candidates > 1 ? c->n_candidates : 1;
    const json **all = arena_alloc(a, n, sizeof *all);
    const json *mine = params_of(won, a);
    if (!all || !mine) return NULL;
    for (size_t k = 0; k < n; k++) {
        all[k] = params_of(n > 1 ? &c->candidate[k] : &c->at, a);
        if (!all[k]) return NULL;
    }
    str text = STR_INIT;
    for (const json *v = mine->child; v; v = v->next) {
        if (is_settled(settled, v->key)) continue;
        if (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT || !is_telling(c, all, n, v)) continue;
        str_printf(&text, "%s%s=", text.len ? ", " : "", v->key);
        put_value(v, &text);
    }
    if (settled && settled[0]) str_printf(&text, "%s%s", text.len ? ", " : "", settled);
    const char *kept = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return kept;
}
