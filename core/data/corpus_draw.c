/* SPDX-License-Identifier: MIT
 *
 * One split of a corpus: the steps in order, and what comes out of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "data/corpus_private.h"

static pm_status no_memory(const corpus_drawing *d, pm_err *err)
{
    return corpus_no_memory(d->text->name, err);
}

/* The split of the same text, spec and seed by this program: prompts go in as they came out, and pieces by their
 * lengths, so that another way of drawing is another corpus. */
static void hash_draw(const corpus_drawing *d, char hex[65])
{
    const corpus_spec *p = d->spec;
    const dataset *x = &d->out->prompts;
    char text[640];
    sha256 h;
    sha256_init(&h);
    int len = snprintf(text, sizeof text,
                       "draw %" PRIu64 " %.17g %.17g %.17g %zu %zu %zu %zu %zu %.17g %zu", d->seed,
                       p->test, p->train, p->big_document, p->min_chars, p->max_chars, p->cap_test,
                       p->cap_train, p->domain_bytes, p->overlap, p->near_duplicate);
    sha256_add(&h, text, (size_t)len + 1);
    sha256_add(&h, d->text->hash, 64);
    for (size_t i = 0; i < x->n; i++) {
        sha256_add(&h, x->id[i], strlen(x->id[i]) + 1);
        sha256_add(&h, &x->part[i], 1);
        sha256_add(&h, x->text[i].ptr, x->text[i].len);
    }
    for (size_t k = 0; k < d->text->n_domains; k++)
        for (size_t i = 0; i < d->out->n_pieces[k]; i++) {
            len = snprintf(text, sizeof text, "%zu %zu", k, d->out->piece[k][i].len);
            sha256_add(&h, text, (size_t)len + 1);
        }
    sha256_hex(&h, hex);
}

static pm_status prepare(corpus_drawing *d, pm_err *err)
{
    size_t n = d->text->n_documents, m = d->text->n_domains;
    d->scratch = arena_open(0);
    if (!d->scratch) return no_memory(d, err);
    d->role = arena_alloc(d->scratch, n, sizeof *d->role);
    d->body = arena_alloc(d->scratch, n, sizeof *d->body);
    d->domain = arena_alloc(d->a, m, sizeof *d->domain);
    if (!d->role || !d->body || !d->domain) return no_memory(d, err);
    if (m) memcpy(d->domain, d->text->domain, m * sizeof *d->domain);
    d->out->text = d->text;
    d->out->domain = d->domain;
    d->out->counts = d->text->counts;
    return PM_OK;
}

static pm_status check_prompts(corpus_drawing *d, pm_err *err)
{
    size_t test = 0, train = 0;
    for (size_t k = 0; k < d->text->n_domains; k++) {
        test += d->domain[k].n_test;
        train += d->domain[k].n_train;
    }
    if (test && train) return PM_OK;
    const corpus_counts *c = &d->out->counts;
    return err_set(
        err, PM_E_ARG,
        "%s: %s prompts are left of %zu pieces that were cut (dropped: %zu by length, letters or "
        "digits, %zu as known to experts, %zu as near-duplicates): wanted more documents, or "
        "shorter ones in sections (docs/corpora.md)",
        d->text->name,
        !test && !train ? "no"
        : !test         ? "no test"
                        : "no train",
        c->prompts_cut, c->dropped_shape, c->dropped_overlap, c->dropped_duplicate);
}

/* Domains that no prompt is drawn from are not to be found out by surprise. */
static pm_status note_gaps(corpus_drawing *d, pm_err *err)
{
    for (size_t k = 0; k < d->text->n_domains; k++) {
        const corpus_domain *m = &d->domain[k];
        char text[400];
        if (m->n_test && m->n_train && m->expert_bytes) continue;
        snprintf(text, sizeof text,
                 "domain %.200s: %zu test prompts, %zu train prompts, %zu bytes for experts, from "
                 "%zu documents",
                 m->name, m->n_test, m->n_train, m->expert_bytes, m->n_documents);
        const char *copy = arena_strdup(d->a, text);
        if (!copy || !mem_grow(&d->note, &d->room_notes, d->n_notes + 1, sizeof *d->note))
            return no_memory(d, err);
        d->note[d->n_notes++] = copy;
    }
    const char **note = arena_alloc(d->a, d->n_notes, sizeof *note);
    if (!note) return no_memory(d, err);
    if (d->n_notes) memcpy(note, d->note, d->n_notes * sizeof *note);
    d->out->note = note;
    d->out->n_notes = d->n_notes;
    return PM_OK;
}

pm_status corpus_draw(const corpus_text *text, const corpus_spec *spec, uint64_t seed, arena *a,
                      corpus *out, pm_err *err)
{
    static const corpus_spec defaults = CORPUS_SPEC_DEFAULT;
    static pm_status (*const step[])(corpus_drawing *, pm_err *) = {
        prepare,           corpus_split_documents, corpus_cut_prompts, corpus_drop_overlap,
        corpus_drop_near,  corpus_cap_prompts,     check_prompts,      corpus_make_prompts,
        corpus_make_pieces};
    corpus_drawing d = {
        .text = text, .spec = spec ? spec : &defaults, .seed = seed, .a = a, .out = out};
    size_t n = sizeof step / sizeof *step;
    memset(out, 0, sizeof *out);
    pm_status s = corpus_check_spec(d.spec, err);
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        progress_show("drawing", (double)k / (double)n);
        s = step[k](&d, err);
    }
    progress_end();
    if (s == PM_OK) s = note_gaps(&d, err);
    if (s == PM_OK) hash_draw(&d, out->hash);
    mem_free(d.candidate);
    mem_free(d.note);
    arena_close(d.scratch);
    return s;
}
