/* SPDX-License-Identifier: MIT
 *
 * From a folder of texts to the prompts of a seed: read once, then every seed draws its own documents.  Who
 * is trained on them and what that measures is experiment_experts.c.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "data/corpus_json.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

#define NAMES_MAX 256

/* ---- once a run ---- */

bool exp_has_domain(const exp_run *r, const char *name)
{
    for (size_t d = 0; d < r->text.n_domains; d++)
        if (strcmp(r->text.domain[d].name, name) == 0) return true;
    return false;
}

static const char *nearest_domain(const exp_run *r, const char *name)
{
    const char *known[NAMES_MAX];
    size_t n = 0;
    for (size_t d = 0; d < r->text.n_domains && n < NAMES_MAX; d++)
        known[n++] = r->text.domain[d].name;
    return str_suggest(name, known, n);
}

static bool is_listed(const str *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = str_text(list); (at = strstr(at, name)); at += len)
        if ((at == str_text(list) || at[-1] == ' ') && (at[len] == ',' || !at[len])) return true;
    return false;
}

/* A near miss is a slip of the pen; a domain that is simply not there (its package vanished, or it is too small)
 * teaches nobody, and is listed. */
static pm_status check_domain(const exp_run *r, size_t j, const char *name, str *absent,
                              pm_err *err)
{
    const char *where = r->x->expert[j].backend.where;
    if (exp_has_domain(r, name)) return PM_OK;
    const char *near = nearest_domain(r, name);
    if (near)
        return err_set(err, PM_E_ARG,
                       "%s: expert \"%s\" learns from \"%s\", and %s has no such domain; did you "
                       "mean \"%s\"?",
                       where ? where : r->x->name, r->x->lib->view.expert[j]->id, name,
                       r->text.name, near);
    if (is_listed(absent, name)) return PM_OK;
    str_printf(absent, "%s%s", absent->len ? ", " : "", name);
    log_line(LOG_WARN, "%s has no domain \"%s\" (left out, or not there): no expert learns from it",
             r->text.name, name);
    return PM_OK;
}

/* Before any compute: a domain that is misspelt would silently teach the base dose. */
static pm_status check_mixes(exp_run *r, pm_err *err)
{
    pm_status s = PM_OK;
    str absent = STR_INIT;
    for (size_t j = 0; j < r->x->lib->view.n && !s; j++) {
        const corpus_mix *m = &r->x->expert[j].mix;
        for (size_t k = 0; k < m->n_doses && !s; k++)
            s = check_domain(r, j, m->domain[k], &absent, err);
        for (size_t k = 0; k < m->n_without && !s; k++)
            s = check_domain(r, j, m->without[k], &absent, err);
    }
    r->absent = absent.len && !absent.failed ? arena_strdup(r->keep, str_text(&absent)) : NULL;
    if (!s && absent.len && !r->absent) s = err_set(err, PM_E_MEMORY, "domains");
    str_close(&absent);
    return s;
}

static void put_expert(const exp_run *r, size_t j, str *out)
{
    const char *id = r->x->lib->view.expert[j]->id;
    str_puts(out, j ? ",{\"id\":" : "{\"id\":");
    str_json(out, id, strlen(id));
    str_puts(out, ",\"backend\":");
    exp_plugin_json(&r->x->expert[j].backend, out);
    str_puts(out, ",\"learns\":");
    corpus_mix_json(&r->x->expert[j].mix, out);
    str_puts(out, "}");
}

static pm_status source_key(exp_run *r, pm_err *err)
{
    str text = STR_INIT;
    exp_key_begin(&text, "corpus");
    str_printf(&text, ",\"text\":\"%s\",\"parts\":%d,\"spec\":", r->text.hash, EXP_PARTS);
    corpus_spec_json(r->x->corpus, &text);
    str_puts(&text, ",\"experts\":[");
    for (size_t j = 0; j < r->x->lib->view.n; j++) put_expert(r, j, &text);
    str_puts(&text, "]");
    return exp_key_end(&text, r->source.key, err);
}

pm_status exp_load_corpus(exp_run *r, pm_err *err)
{
    if (!r->x->lib || !r->x->expert)
        return err_set(err, PM_E_ARG, "%s: a corpus wants a library of experts to train",
                       r->x->data_dir);
    exp_say(r, "texts", 0);
    pm_status s = corpus_read(r->x->data_dir, r->x->corpus, r->keep, &r->text, err);
    if (!s) s = check_mixes(r, err);
    if (s) return s;
    r->lib = r->x->lib;
    r->source = (exp_source){.name = r->text.name, .hash = r->text.hash, .lib = r->x->lib};
    return source_key(r, err);
}

/* ---- once a seed ---- */

/* The declared library with a size for every expert, so that constraints can be tried before sizes are known. */
static pm_status provisional_library(exp_run *r, pm_err *err)
{
    size_t m = r->x->lib->view.n;
    double *one = arena_alloc(r->a, m, sizeof *one);
    library *lib = arena_alloc(r->a, 1, sizeof *lib);
    if (!one || !lib) return err_set(err, PM_E_MEMORY, "library");
    for (size_t j = 0; j < m; j++) one[j] = 1;
    r->lib = lib;
    return library_with_number(r->x->lib, "params", one, r->a, lib, err);
}

/* Prompts as a dataset whose outcomes nobody has measured yet. */
static pm_status make_data(exp_run *r, pm_err *err)
{
    dataset *d = &r->data;
    *d = r->draw.prompts;
    d->name = r->text.name;
    d->m = r->x->lib->view.n;
    d->kind = PM_VALUE_LOSS;
    pm_mat value = mat_new(r->a, d->n, d->m);
    if (!value.at) return err_set(err, PM_E_MEMORY, "%zu x %zu losses", d->n, d->m);
    for (size_t k = 0; k < d->n * d->m; k++) value.at[k] = NAN;
    d->value = mat_const(value);
    memcpy(d->hash, r->draw.hash, sizeof d->hash);
    memcpy(r->text_key, r->draw.hash, sizeof r->text_key);
    pm_status s = provisional_library(r, err);
    if (!s) d->models = *r->lib;
    return s;
}

pm_status exp_draw(exp_run *r, uint64_t seed, pm_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
    r->draw_seed = rng_derive(r->x->split.seed, name);
    exp_say(r, "documents and prompts", 0);
    pm_status s = corpus_draw(&r->text, r->x->corpus, r->draw_seed, r->a, &r->draw, err);
    if (s) return err_wrap(err, s, "%s, seed %llu", r->x->data_dir, (unsigned long long)seed);
    s = make_data(r, err);
    if (!s && seed == r->x->seed[0]) s = exp_try_constraints(r, err);
    return s;
}

/* ---- facts ---- */

/* Facts of one group need names of their own: "note 1", "note 2" ... */
static pm_status about_notes(exp_run *r, const char *group, uint64_t seed, const char *const *note,
                             size_t n, pm_err *err)
{
    for (size_t k = 0; k < n; k++) {
        char number[32];
        snprintf(number, sizeof number, "note %zu", k + 1);
        const char *name = arena_strdup(r->keep, number), *text = arena_strdup(r->keep, note[k]);
        if (!name || !text) return err_set(err, PM_E_MEMORY, "rows");
        pm_status s = exp_fact(r, group, name, NAN, text, err);
        if (s) return s;
        r->row[r->n_rows - 1].seed = seed;
    }
    return PM_OK;
}

static pm_status about_counts(exp_run *r, pm_err *err)
{
    const corpus_counts *c = &r->text.counts;
    const struct {
        const char *name;
        size_t value;
    } all[] = {
        {"files read", c->files_read},
        {"binary files skipped", c->files_skipped_binary},
        {"empty files skipped", c->files_skipped_empty},
        {"large files skipped", c->files_skipped_large},
        {"links skipped", c->files_skipped_link},
        {"unreadable files skipped", c->files_skipped_unreadable},
        {"files skipped by rule", c->files_skipped_rule},
        {"characters repaired", c->invalid_utf8_repaired},
        {"files from Latin-1", c->files_latin1},
        {"files cut", c->files_cut},
        {"duplicate documents", c->duplicate_documents},
        {"duplicate paragraphs", c->duplicate_paragraphs},
        {"domains left out", c->domains_left_out},
    };
    pm_status s = PM_OK;
    for (size_t k = 0; k < sizeof all / sizeof all[0] && !s; k++)
        if (k == 0 || all[k].value)
            s = exp_fact(r, "counts", all[k].name, (double)all[k].value, "", err);
    if (!s && r->absent)
        s = exp_fact(r, "counts", "domains that mixes name and the corpus lacks", NAN, r->absent,
                     err);
    return s ? s : about_notes(r, "notes", 0, r->text.note, r->text.n_notes, err);
}

pm_status exp_about_corpus(exp_run *r, pm_err *err)
{
    double bytes = 0;
    for (size_t d = 0; d < r->text.n_domains; d++) bytes += (double)r->text.domain[d].bytes_clean;
    str name = STR_INIT;
    str_printf(&name, "%s %.12s", r->text.name, r->text.hash);
    const char *kept = name.failed ? NULL : arena_strdup(r->keep, str_text(&name));
    str_close(&name);
    if (!kept) return err_set(err, PM_E_MEMORY, "rows");
    pm_status s = exp_fact(r, "data", "corpus", NAN, kept, err);
    if (!s) s = exp_fact(r, "data", "domains", (double)r->text.n_domains, "", err);
    if (!s) s = exp_fact(r, "data", "documents", (double)r->text.n_documents, "", err);
    if (!s) s = exp_fact(r, "data", "bytes of clean text", bytes, "", err);
    if (!s) s = exp_fact(r, "data", "experts", (double)r->x->lib->view.n, "", err);
    return s ? s : about_counts(r, err);
}

static const char *mega(exp_run *r, const char *what, double bytes)
{
    str text = STR_INIT;
    str_printf(&text, "%slearned %.2f MB", what, 1e-6 * bytes);
    const char *kept = text.failed ? NULL : arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    return kept ? kept : "";
}

/* The size of each expert in this seed, and the text that it had. */
static pm_status about_each(exp_run *r, uint64_t seed, pm_err *err)
{
    for (size_t j = 0; j < r->x->lib->view.n; j++) {
        const expert_run *e = &r->expert[j];
        bool known = isfinite(e->params);
        pm_status s = exp_fact(r, "experts", r->x->lib->view.expert[j]->id, e->params,
                               mega(r, known ? "params, " : "", e->bytes), err);
        if (s) return s;
        r->row[r->n_rows - 1].seed = seed;
        char who[160];
        snprintf(who, sizeof who, "expert %.140s", r->x->lib->view.expert[j]->id);
        s = exp_told_fact(r, who, seed, &e->told, err);
        if (s) return s;
    }
    return PM_OK;
}

static pm_status about_labels(exp_run *r, const seed_work *w, pm_err *err)
{
    if (w->has_redrawn) return PM_OK;
    pm_status s = exp_fact(r, "drawn", "labels re-drawn", NAN,
                           "no (a backend tells no losses of parts)", err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    return s;
}

pm_status exp_about_experts(exp_run *r, const seed_work *w, pm_err *err)
{
    if (!r->x->corpus) return PM_OK;
    const corpus_counts *c = &r->draw.counts;
    const char *revision = arena_strndup(r->keep, r->lib->revision_hex, 12);
    if (!revision) return err_set(err, PM_E_MEMORY, "rows");
    const struct {
        const char *name;
        double value;
        const char *text;
    } all[] = {{"prompts", (double)r->data.n, ""},
               {"cut", (double)c->prompts_cut, ""},
               {"dropped by shape", (double)c->dropped_shape, ""},
               {"by overlap with expert text", (double)c->dropped_overlap, ""},
               {"as near-duplicates", (double)c->dropped_duplicate, ""},
               {"over the cap", (double)c->dropped_cap, ""},
               {"library with measured sizes", NAN, revision}};
    pm_status s = PM_OK;
    for (size_t k = 0; k < sizeof all / sizeof all[0] && !s; k++) {
        s = exp_fact(r, "drawn", all[k].name, all[k].value, all[k].text, err);
        if (!s) r->row[r->n_rows - 1].seed = w->seed;
    }
    if (!s) s = about_notes(r, "drawn", w->seed, r->draw.note, r->draw.n_notes, err);
    if (!s) s = about_labels(r, w, err);
    return s ? s : about_each(r, w->seed, err);
}
