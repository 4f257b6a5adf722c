/* SPDX-License-Identifier: MIT
 *
 * From a folder to outcomes: read, keep the library's models, let the backend score, take the comparable part.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

/* ---- backend ---- */

typedef struct outcomes { /* what the backend measured */
    pm_value_kind kind;
    pm_mat value, cost;
} outcomes;

typedef struct measured_room {
    double *value, *cost, *tokens, *chars;
} measured_room;

static bool make_measured(arena *a, size_t n, measured_room *m)
{
    m->value = arena_alloc(a, n, sizeof(double));
    m->cost = arena_alloc(a, n, sizeof(double));
    m->tokens = arena_alloc(a, n, sizeof(double));
    m->chars = arena_alloc(a, n, sizeof(double));
    return m->value && m->cost && m->tokens && m->chars;
}

/* A loss is the total of a text: compared per character where characters were counted. */
static void keep_column(const pm_measured *from, size_t n, size_t j, outcomes *out)
{
    for (size_t i = 0; i < n; i++) {
        double v = from->value[i];
        bool counted = from->kind == PM_VALUE_LOSS && isfinite(from->chars[i]) &&
                       from->chars[i] > 0;
        pm_row(out->value, i)[j] = (float)(counted ? v / from->chars[i] : v);
        pm_row(out->cost, i)[j] = (float)from->cost_usd[i];
    }
}

static pm_status score_expert(exp_run *r, const dataset *d, const pm_prompts *x,
                              const pm_outcomes *y, size_t j, outcomes *out, pm_err *err)
{
    const pm_expert *e = r->lib ? r->lib->view.expert[j] : d->models.view.expert[j];
    pm_outcomes mine = {.size = sizeof mine, .kind = y->kind};
    mine.value = (pm_cmat){y->value.at + j, y->value.rows, 1, y->value.ld};
    if (y->cost_usd.at)
        mine.cost_usd = (pm_cmat){y->cost_usd.at + j, y->cost_usd.rows, 1, y->cost_usd.ld};
    if (y->tokens_out.at)
        mine.tokens_out = (pm_cmat){y->tokens_out.at + j, y->tokens_out.rows, 1, y->tokens_out.ld};
    pm_backend_fit fit = {.size = sizeof fit, .expert = e, .x = x, .y = &mine};
    backend_spec spec = {r->x->backend->plugin, r->x->backend->params,
                         r->x->n_seeds ? r->x->seed[0] : 0};
    measured_room room;
    if (!make_measured(r->a, d->n, &room)) return err_set(err, PM_E_MEMORY, "%zu outcomes", d->n);
    for (size_t i = 0; i < d->n; i++)
        room.value[i] = room.cost[i] = room.tokens[i] = room.chars[i] = NAN;
    pm_measured m = {.size = sizeof m,
                     .kind = y->kind,
                     .value = room.value,
                     .cost_usd = room.cost,
                     .tokens = room.tokens,
                     .chars = room.chars};
    backend *b;
    pm_status s = backend_train(r->call, &spec, &fit, &b, err);
    if (s) return s;
    s = backend_score(b, r->call, x, &m, err);
    backend_close(b);
    if (s) return s;
    if (j > 0 && m.kind != out->kind)
        return err_set(err, PM_E_CONTRACT,
                       "backend \"%s\" measures experts \"%s\" and \"%s\" in different kinds",
                       spec.plugin->name, d->models.view.expert[0]->id, e->id);
    out->kind = m.kind;
    keep_column(&m, d->n, j, out);
    return PM_OK;
}

static pm_status score_all(exp_run *r, const dataset *d, outcomes *out, pm_err *err)
{
    pm_prompts x;
    pm_outcomes y;
    uint32_t *all = arena_alloc(r->a, d->n, sizeof *all);
    out->value = mat_new(r->a, d->n, d->m);
    out->cost = mat_new(r->a, d->n, d->m);
    if (!all || !out->value.at || !out->cost.at)
        return err_set(err, PM_E_MEMORY, "%zu x %zu outcomes", d->n, d->m);
    for (size_t i = 0; i < d->n; i++) all[i] = (uint32_t)i;
    pm_status s = dataset_prompts(d, all, d->n, r->a, &x, err);
    if (!s) s = dataset_outcomes(d, all, d->n, r->a, &y, err);
    for (size_t j = 0; j < d->m && !s; j++) {
        arena_mark mark = arena_save(r->a);
        s = score_expert(r, d, &x, &y, j, out, err);
        arena_release(r->a, mark);
    }
    return s;
}

static pm_status load_outcomes(exp_run *r, const json *j, outcomes *out, pm_err *err)
{
    out->kind = strcmp(json_text(j, "kind", ""), "loss") == 0 ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    pm_status s = store_get_matrix(r->st, json_text(j, "value", ""), r->a, &out->value, err);
    if (!s) s = store_get_matrix(r->st, json_text(j, "cost", ""), r->a, &out->cost, err);
    return s;
}

static pm_status save_outcomes(exp_run *r, const char *key, const outcomes *o, double seconds,
                               pm_err *err)
{
    char value[65], cost[65];
    str text = STR_INIT;
    pm_status s = store_put_matrix(r->st, mat_const(o->value), value, err);
    if (!s) s = store_put_matrix(r->st, mat_const(o->cost), cost, err);
    if (!s) {
        str_printf(&text, "{\"kind\":\"%s\",\"value\":\"%s\",\"cost\":\"%s\"}",
                   o->kind == PM_VALUE_LOSS ? "loss" : "quality", value, cost);
        s = exp_job_done(r, key, "outcomes", &text, seconds, err);
    }
    str_close(&text);
    return s;
}

static bool is_known_anywhere(pm_mat m)
{
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < m.cols; j++)
            if (isfinite(pm_row(m, i)[j])) return true;
    return false;
}

/* Values and costs of the dataset become what the backend measured. */
static pm_status replace_outcomes(exp_run *r, const outcomes *o, dataset *d, pm_err *err)
{
    dataset_table *table = arena_alloc(r->a, d->n_tables + 2, sizeof *table);
    if (!table) return err_set(err, PM_E_MEMORY, "tables");
    size_t n = 0;
    for (size_t k = 0; k < d->n_tables; k++)
        if (d->table[k].cell.at != d->value.at && d->table[k].cell.at != d->cost_usd.at)
            table[n++] = d->table[k];
    table[n++] =
        (dataset_table){o->kind == PM_VALUE_LOSS ? "losses" : "scores", mat_const(o->value)};
    bool has_cost = is_known_anywhere(o->cost);
    if (has_cost) table[n++] = (dataset_table){"costs", mat_const(o->cost)};
    d->kind = o->kind;
    d->value = mat_const(o->value);
    d->cost_usd = has_cost ? mat_const(o->cost) : (pm_cmat){NULL, 0, 0, 0};
    d->table = table;
    d->n_tables = n;
    return PM_OK;
}

static pm_status run_backend(exp_run *r, dataset *d, pm_err *err)
{
    outcomes o = {.kind = d->kind};
    char key[65];
    const json *done;
    str text = STR_INIT;
    exp_key_begin(&text, "outcomes");
    str_printf(&text, ",\"data\":\"%s\",\"library\":\"%s\",\"backend\":", d->hash,
               r->lib ? r->lib->revision_hex : d->models.revision_hex);
    exp_plugin_json(r->x->backend, &text);
    exp_flags_key(r, &text);
    pm_status s = exp_key_end(&text, key, err);
    if (!s) s = exp_job_find(r, key, &done, err);
    if (s) return s;
    if (done) {
        s = load_outcomes(r, done, &o, err);
        if (!s) {
            r->jobs_reused++;
            return replace_outcomes(r, &o, d, err);
        }
        if (!exp_job_repair(r, key, "outcomes", err)) return s;
    }
    double start = exp_now();
    s = score_all(r, d, &o, err);
    if (!s) s = save_outcomes(r, key, &o, exp_now() - start, err);
    return s ? s : replace_outcomes(r, &o, d, err);
}

/* ---- reading ---- */

#define DROPPED_SHOWN 20

static size_t known_cells(pm_cmat m, size_t j)
{
    size_t known = 0;
    for (size_t i = 0; i < m.rows; i++) known += isnan(pm_crow(m, i)[j]) ? 0 : 1;
    return known;
}

/* Names the models that the pool left out. */
static pm_status name_dropped(exp_run *r, const dataset *chosen, pm_err *err)
{
    str text = STR_INIT;
    size_t n = 0;
    for (size_t j = 0; j < chosen->m; j++) {
        const char *id = chosen->models.view.expert[j]->id;
        if (library_find(&r->data.models.view, id) != SIZE_MAX || ++n > DROPPED_SHOWN) continue;
        if (r->x->of_battles) {
            str_printf(&text, "%s%s (no battle)", n > 1 ? ", " : "", id);
            continue;
        }
        double known = (double)known_cells(chosen->value, j) / (double)chosen->n;
        str_printf(&text, "%s%s (%.3g %% known)", n > 1 ? ", " : "", id, 100 * known);
    }
    if (n > DROPPED_SHOWN) str_printf(&text, " and %zu more", n - (size_t)DROPPED_SHOWN);
    r->dropped = n && !text.failed ? arena_strdup(r->keep, str_text(&text)) : NULL;
    str_close(&text);
    return n && !r->dropped ? err_set(err, PM_E_MEMORY, "models") : PM_OK;
}

/* Names the models of the data that the library does without. */
static pm_status name_unlisted(exp_run *r, const dataset *all, pm_err *err)
{
    str text = STR_INIT;
    size_t n = 0;
    for (size_t j = 0; j < all->m; j++) {
        const char *id = all->models.view.expert[j]->id;
        if (library_find(&r->x->lib->view, id) == SIZE_MAX && ++n <= DROPPED_SHOWN)
            str_printf(&text, "%s%s", n > 1 ? ", " : "", id);
    }
    if (n > DROPPED_SHOWN) str_printf(&text, " and %zu more", n - (size_t)DROPPED_SHOWN);
    r->unlisted = n && !text.failed ? arena_strdup(r->keep, str_text(&text)) : NULL;
    str_close(&text);
    return n && !r->unlisted ? err_set(err, PM_E_MEMORY, "models") : PM_OK;
}

/* The library of the script loses no expert silently. */
static pm_status check_library(const exp_run *r, pm_err *err)
{
    const pm_library *want = &r->x->lib->view, *have = &r->data.models.view;
    for (size_t j = 0; j < want->n; j++)
        if (library_find(have, want->expert[j]->id) == SIZE_MAX)
            return err_set(err, PM_E_ARG,
                           "library \"%s\": expert \"%s\" has less than %g of its outcomes in %s; "
                           "take it out of the library or lower min_known",
                           r->x->lib->name, want->expert[j]->id, r->x->min_known, r->x->data_dir);
    return PM_OK;
}

static pm_status select_models(exp_run *r, const dataset *all, dataset *out, pm_err *err)
{
    const pm_library *lib = &r->x->lib->view;
    const char **id = arena_alloc(r->a, lib->n, sizeof *id);
    if (!id) return err_set(err, PM_E_MEMORY, "%zu experts", lib->n);
    for (size_t j = 0; j < lib->n; j++) id[j] = lib->expert[j]->id;
    return dataset_select_models(all, id, lib->n, r->a, out, err);
}

/* Nothing where nothing is narrowed, so that keys stay what they were. */
static void put_narrowing(const exp_run *r, str *out)
{
    str how = STR_INIT;
    dataset_narrowing_json(&r->x->narrow, &how);
    if (strcmp(str_text(&how), "{}") != 0) str_printf(out, ",\"narrow\":%s", str_text(&how));
    str_close(&how);
}

static pm_status data_key(exp_run *r, pm_err *err)
{
    char members[65];
    str text = STR_INIT;
    library_members(&r->data.models.view, NULL, members);
    exp_key_begin(&text, "data");
    str_printf(&text, ",\"data\":\"%s\",\"members\":\"%s\",\"min_known\":", r->data.hash, members);
    str_number(&text, r->x->min_known);
    str_puts(&text, ",\"backend\":");
    exp_plugin_json(r->x->backend, &text);
    if (r->x->backend) str_printf(&text, ",\"library\":\"%s\"", r->lib->revision_hex);
    put_narrowing(r, &text);
    exp_flags_key(r, &text);
    if (r->x->of_battles) str_puts(&text, ",\"measure\":\"battles\"");
    return exp_key_end(&text, r->data_key, err);
}

/* The comparable part; of battles every prompt and the models that battle. */
static pm_status comparable(exp_run *r, const dataset *chosen, pm_err *err)
{
    if (r->x->of_battles) return exp_battling(r, chosen, &r->data, err);
    if (!chosen->value.at)
        return err_set(err, PM_E_ARG,
                       "%s has battles and no outcomes (scores.csv or losses.csv); want "
                       "measure = \"battles\"",
                       r->x->data_dir);
    return dataset_pool(chosen, r->x->min_known, r->a, &r->data, err);
}

/* Told before a backend runs. */
static pm_status check_vectors(const exp_run *r, const dataset *d, pm_err *err)
{
    if (!r->x->given_vectors || (d->embed.at && d->embed.cols)) return PM_OK;
    return err_set(
        err, PM_E_ARG,
        "%s: embedder = \"given\": found no embeddings.npy, wanted a vector for each of its "
        "%zu prompts; `pointsman data convert --from embeddings` makes it",
        r->x->data_dir, d->n);
}

static pm_status load_recorded(exp_run *r, pm_err *err)
{
    dataset read, all, chosen;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    pm_status s = dataset_read(r->x->data_dir, &o, r->a, &read, err);
    if (!s) s = exp_read_flags(r, &read, err);
    if (!s) s = check_vectors(r, &read, err);
    if (!s) s = dataset_narrow(&read, r->x->data_dir, &r->x->narrow, r->a, &all, err);
    if (s) return s;
    chosen = all;
    r->lib = r->x->lib;
    if (r->lib) s = select_models(r, &all, &chosen, err);
    if (!s && r->lib) s = name_unlisted(r, &all, err);
    if (!s && r->x->backend) s = run_backend(r, &chosen, err);
    if (!s) s = comparable(r, &chosen, err);
    if (!s && r->lib) s = check_library(r, err);
    if (!s) s = name_dropped(r, &chosen, err);
    if (s) return s;
    if (r->data.n == 0 || r->data.m == 0)
        return err_set(
            err, PM_E_ARG,
            "%s: no prompt has an outcome of every model (%zu prompts, %zu models kept); "
            "name fewer models in a library or change min_known",
            r->x->data_dir, r->data.n, r->data.m);
    if (!r->lib) r->lib = &r->data.models;
    return data_key(r, err);
}

void exp_warn_battles(const dataset *d)
{
    for (size_t k = 0; k < d->n_notes; k++)
        if (strncmp(d->note[k], "battles:", 8) == 0)
            log_line(LOG_WARN, "%s: %s", d->name, d->note[k]);
}

pm_status exp_load(exp_run *r, pm_err *err)
{
    if (r->x->corpus) return exp_load_corpus(r, err);
    pm_status s = load_recorded(r, err);
    if (s) return s;
    exp_warn_battles(&r->data);
    r->source = (exp_source){.name = r->data.name, .hash = r->data.hash, .lib = r->lib};
    memcpy(r->source.key, r->data_key, sizeof r->source.key);
    memcpy(r->text_key, r->data_key, sizeof r->text_key);
    return PM_OK;
}
