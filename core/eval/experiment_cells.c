/* SPDX-License-Identifier: MIT
 *
 * What a report needs beyond scores: per prompt, what was measured, predicted and chosen, and how the routers' latent
 * spaces lie.  Matrices are objects of the store, named in RUN/cells-SEED.json (docs/report-data.md).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "eval/experiment_map.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

#define TEXT_SHOWN 300 /* characters of a prompt */

static void put_text(str *out, const char *key, const char *text)
{
    str_printf(out, "\"%s\":", key);
    str_json(out, text ? text : "", text ? strlen(text) : 0);
    str_puts(out, ",");
}

static pm_status put_matrix(exp_run *r, str *out, const char *key, pm_cmat m, pm_err *err)
{
    char hex[65] = "";
    pm_status s = m.at ? store_put_matrix(r->st, m, hex, err) : PM_OK;
    str_printf(out, "\"%s\":\"%s\",", key, hex);
    return s;
}

/* Whole numbers as a column; UINT32_MAX is -1. */
static pm_status put_column(exp_run *r, str *out, const char *key, const uint32_t *v, size_t n,
                            pm_err *err)
{
    arena_mark mark = arena_save(r->a);
    pm_mat m = mat_new(r->a, n, 1);
    if (!m.at) return err_set(err, PM_E_MEMORY, "cells of %zu prompts", n);
    for (size_t i = 0; i < n; i++) m.at[i] = !v || v[i] == UINT32_MAX ? -1.0f : (float)v[i];
    pm_status s = put_matrix(r, out, key, mat_const(m), err);
    arena_release(r->a, mark);
    return s;
}

/* ---- prompts ---- */

static void put_prompt(const dataset *d, size_t row, str *out)
{
    size_t chars = utf8_count(d->text[row].ptr, d->text[row].len), end = 0;
    for (size_t k = 0; k < TEXT_SHOWN && end < d->text[row].len; k++)
        (void)utf8_next(d->text[row].ptr, d->text[row].len, &end);
    const char *domain = d->domain && d->domain[row] < d->n_domains ? d->domains[d->domain[row]]
                                                                    : "";
    str_puts(out, "{\"id\":");
    str_json(out, d->id[row], strlen(d->id[row]));
    str_puts(out, ",\"domain\":");
    str_json(out, domain, strlen(domain));
    str_printf(out, ",\"group\":\"%016llx\",\"chars\":%zu,\"text\":",
               d->group ? (unsigned long long)d->group[row] : 0ULL, chars);
    str_json(out, d->text[row].ptr, end);
    str_puts(out, "}\n");
}

static pm_status put_prompts(exp_run *r, const seed_work *w, str *out, pm_err *err)
{
    char hex[65];
    str text = STR_INIT;
    for (size_t i = 0; i < w->s.n_test; i++) put_prompt(&r->data, w->s.test[i], &text);
    const char *path = store_temporary(r->st, r->a);
    pm_status s = path && !text.failed ? io_write(path, text.at ? text.at : "", text.len, err)
                                       : err_set(err, PM_E_MEMORY, "prompts");
    str_close(&text);
    if (!s) s = store_put_file(r->st, path, hex, err);
    if (!s) put_text(out, "prompts", hex);
    return s;
}

static void put_domains(const exp_run *r, str *out)
{
    str_puts(out, "\"domains\":[");
    for (size_t k = 0; k < r->data.n_domains; k++) {
        str_puts(out, k ? "," : "");
        str_json(out, r->data.domains[k], strlen(r->data.domains[k]));
    }
    str_puts(out, "],");
}

static size_t count_clusters(exp_run *r, const seed_work *w)
{
    arena_mark mark = arena_save(r->a);
    size_t n = w->truth.n, room = 16, found = 0;
    while (room < 2 * n) room *= 2;
    uint64_t *slot = w->truth.cluster ? arena_alloc(r->a, room, sizeof *slot) : NULL;
    for (size_t i = 0; slot && i < n; i++) {
        uint64_t key = w->truth.cluster[i] + 1; /* 0: empty */
        size_t at = (size_t)(key * 0x9e3779b97f4a7c15u) & (room - 1);
        while (slot[at] && slot[at] != key) at = (at + 1) & (room - 1);
        found += slot[at] == 0;
        slot[at] = key;
    }
    arena_release(r->a, mark);
    return slot ? found : n;
}

/* ---- constraints ---- */

/* The constraints' values do not depend on weights; those of prompt-dependent ones are the first router's. */
static pm_status put_terms(exp_run *r, seed_work *w, str *out, pm_err *err)
{
    static const char *const sense[] = {"", "soft", "hard", "budget"};
    pm_status s = PM_OK;
    str_puts(out, "\"terms\":[");
    size_t n = w->n_routers ? r->x->n_constraints : 0;
    pipeline_term *term = arena_alloc(r->a, n + 1, sizeof *term);
    if (!term) return err_set(err, PM_E_MEMORY, "terms");
    pipeline_result result = {.n = 0};
    if (n) {
        const router_work *route = &w->router[0];
        pipeline p = exp_pipeline(r, w, 0, 0, term);
        pm_scores scores = exp_scores(r, w, route);
        s = pipeline_decide(&p, r->pipe, &w->test_x, &scores, &result, err);
    }
    for (size_t k = 0; k < n && !s; k++) {
        const constraint_choice *c = &r->x->constraint[k];
        pm_cmat v = result.term_value[k];
        if (v.ld == 0) v.rows = 1;
        str_puts(out, k ? ",{" : "{");
        put_text(out, "label", c->at.label);
        put_text(out, "plugin", c->at.plugin->name);
        put_text(out, "unit", c->at.plugin->type.constraint->unit);
        if (c->sense != PM_SOFT) str_printf(out, "\"bound\":%.9g,", c->bound);
        s = put_matrix(r, out, "value", (pm_cmat){v.at, v.rows, v.cols, v.cols}, err);
        put_text(out, "sense", sense[c->sense]);
        out->len--;
        str_puts(out, "}");
    }
    str_puts(out, "],");
    return s;
}

/* ---- policies ---- */

static pm_status put_policies(exp_run *r, const seed_work *w, str *out, pm_err *err)
{
    pm_status s = PM_OK;
    bool first = true;
    str_puts(out, "\"policies\":[");
    for (size_t k = 0; k < w->n_baselines && !s; k++) {
        const policy *p = &w->policy[k];
        if (!p->choice) continue; /* a random one has no choice to show */
        str_puts(out, first ? "{" : ",{");
        first = false;
        put_text(out, "label", p->label);
        put_text(out, "role", policy_role_name(p->role));
        put_text(out, "setting", p->setting);
        s = put_column(r, out, "choice", p->choice, w->s.n_test, err);
        out->len--;
        str_puts(out, "}");
    }
    str_puts(out, "],");
    return s;
}

static const char *kind_name(pm_value_kind kind)
{
    static const char *const name[] = {"", "quality", "loss", "winprob", "best", "rank"};
    return kind <= PM_VALUE_RANK ? name[kind] : "";
}

static pm_status put_router(exp_run *r, seed_work *w, size_t k, str *out, pm_err *err)
{
    const router_work *route = &w->router[k];
    put_text(out, "label", route->choice->at.label);
    put_text(out, "plugin", route->choice->at.plugin->name);
    put_text(out, "setting", route->setting);
    put_text(out, "kind", kind_name(route->kind));
    str_printf(out, "\"rival\":%s,\"seconds\":", route->choice->is_rival ? "true" : "false");
    str_number(out, router_train_seconds(route->route));
    str_printf(out, ",\"history\":%s,", route->history ? route->history : "[]");
    pm_status s = put_matrix(r, out, "predicted", mat_const(route->value), err);
    if (!s) s = put_matrix(r, out, "spread", mat_const(route->spread), err);
    str_puts(out, "\"choices\":[");
    for (size_t point = 0; point < r->n_points && !s; point++) {
        const policy *p = &w->policy[w->n_baselines + point * w->n_routers + k];
        str one = STR_INIT;
        s = put_column(r, &one, "c", p->choice, w->s.n_test, err);
        str_printf(out, "%s%.66s", point ? "," : "", str_text(&one) + 4); /* "c":"HEX" */
        str_close(&one);
    }
    str_puts(out, "],\"latent\":");
    return s ? s : exp_map_router(r, w, k, out, err);
}

static pm_status put_routers(exp_run *r, seed_work *w, str *out, pm_err *err)
{
    pm_status s = PM_OK;
    str_puts(out, "\"points\":[");
    for (size_t k = 0; k < r->n_points; k++) {
        str_puts(out, k ? "," : "");
        str_json(out, r->point[k].text, strlen(r->point[k].text));
    }
    str_puts(out, "],\"routers\":[");
    for (size_t k = 0; k < w->n_routers && !s; k++) {
        str_puts(out, k ? ",\n{" : "\n{");
        s = put_router(r, w, k, out, err);
        str_puts(out, "}");
    }
    str_puts(out, "],");
    return s;
}

/* Curves of what was trained on the way: experts of a corpus, the embedder. */
static void put_training(const exp_run *r, const seed_work *w, str *out)
{
    const exp_told *e = &w->embed_told;
    str_puts(out, "\"training\":[");
    const size_t before = out->len;
    for (size_t j = 0; r->x->corpus && j < r->x->lib->view.n; j++) {
        const exp_told *t = &r->expert[j].told;
        if (!t->curves || t->curves[1] == ']') continue;
        str_puts(out, out->len > before ? ",{" : "{");
        put_text(out, "who", r->x->lib->view.expert[j]->id);
        str_printf(out, "\"curves\":%s}", t->curves);
    }
    if (e->curves && e->curves[1] != ']') {
        str_puts(out, out->len > before ? ",{" : "{");
        put_text(out, "who", "embedder");
        str_printf(out, "\"curves\":%s}", e->curves);
    }
    str_puts(out, "],");
}

/* ---- the file ---- */

static pm_status write_cells(const exp_run *r, const seed_work *w, const str *out, pm_err *err)
{
    char name[64];
    snprintf(name, sizeof name, "cells-%llu.json", (unsigned long long)w->seed);
    const char *path = io_join(r->a, r->dir, name);
    if (!path || out->failed) return err_set(err, PM_E_MEMORY, "%s", name);
    return io_write(path, out->at, out->len, err);
}

pm_status exp_cells(exp_run *r, seed_work *w, pm_err *err)
{
    str out = STR_INIT;
    str_printf(&out, "{\"seed\":%llu,\"kind\":\"%s\",\"n\":%zu,\"m\":%zu,\"cluster_count\":%zu,",
               (unsigned long long)w->seed, kind_name(w->truth.kind), w->truth.n, w->truth.m,
               count_clusters(r, w));
    put_text(&out, "split", w->s.hash);
    str_puts(&out, "\"experts\":");
    library_to_json(r->lib, &out);
    str_puts(&out, ",");
    put_domains(r, &out);
    pm_status s = put_column(r, &out, "domain", w->truth.domain, w->truth.n, err);
    if (!s) s = put_prompts(r, w, &out, err);
    if (!s) s = put_matrix(r, &out, "value", w->truth.value, err);
    if (!s) s = put_matrix(r, &out, "cost", w->truth.cost_usd, err);
    if (!s) s = put_terms(r, w, &out, err);
    if (!s) s = put_policies(r, w, &out, err);
    if (!s) s = put_routers(r, w, &out, err);
    put_training(r, w, &out);
    if (r->pair.len) str_printf(&out, "\"pair\":%s,", str_text(&r->pair));
    str_clear(&r->pair);
    str_printf(&out, "\"timings\":[%s]}\n", str_text(&r->timings));
    str_clear(&r->timings);
    if (!s) s = write_cells(r, w, &out, err);
    str_close(&out);
    return s;
}
