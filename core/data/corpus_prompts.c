/* SPDX-License-Identifier: MIT
 *
 * What is drawn, in the form the rest of the program takes: prompts as a dataset without outcomes, expert text as pieces.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "data/corpus_private.h"
#include "text/passages.h"

enum { PIECE = 4000, LEAST_PIECE = 3000 }; /* code points */

typedef struct columns { /* of the dataset, still to be written */
    const char **id, **domains;
    uint64_t *key, *group;
    pm_str *text;
    uint32_t *domain;
    uint8_t *part;
} columns;

static bool open_columns(const corpus_drawing *d, size_t n, columns *c)
{
    c->id = arena_alloc(d->a, n, sizeof *c->id);
    c->key = arena_alloc(d->a, n, sizeof *c->key);
    c->group = arena_alloc(d->a, n, sizeof *c->group);
    c->text = arena_alloc(d->a, n, sizeof *c->text);
    c->domain = arena_alloc(d->a, n, sizeof *c->domain);
    c->part = arena_alloc(d->a, n, sizeof *c->part);
    c->domains = arena_alloc(d->a, d->text->n_domains, sizeof *c->domains);
    return c->id && c->key && c->group && c->text && c->domain && c->part && c->domains;
}

static bool put_prompt(const corpus_drawing *d, const corpus_candidate *from, size_t i, columns *c)
{
    const corpus_document *doc = &d->text->document[from->document];
    size_t room = strlen(doc->name) + 16;
    char *id = arena_alloc(d->a, room, 1);
    if (!id) return false;
    int len = snprintf(id, room, "%s#%u", doc->name, from->number);
    c->id[i] = id;
    c->key[i] = fnv1a(id, (size_t)len);
    c->group[i] = doc->group;
    c->text[i] = from->text;
    c->domain[i] = doc->domain;
    c->part[i] = from->part;
    return true;
}

pm_status corpus_make_prompts(corpus_drawing *d, pm_err *err)
{
    columns c;
    size_t n = 0, i = 0;
    for (size_t k = 0; k < d->n_candidates; k++) n += !d->candidate[k].is_dropped;
    if (!open_columns(d, n, &c)) return corpus_no_memory(d->text->name, err);
    for (size_t k = 0; k < d->n_candidates; k++)
        if (!d->candidate[k].is_dropped && !put_prompt(d, &d->candidate[k], i++, &c))
            return corpus_no_memory(d->text->name, err);
    for (size_t k = 0; k < d->text->n_domains; k++) c.domains[k] = d->text->domain[k].name;
    dataset *x = &d->out->prompts;
    x->name = d->text->name;
    x->n = n;
    x->id = c.id;
    x->key = c.key;
    x->group = c.group;
    x->text = c.text;
    x->domain = c.domain;
    x->part = c.part;
    x->domains = c.domains;
    x->n_domains = d->text->n_domains;
    x->kind = PM_VALUE_LOSS;
    x->counts.prompts_read = n;
    x->counts.invalid_utf8_repaired = d->text->counts.invalid_utf8_repaired;
    return PM_OK;
}

/* ---- pieces for the experts ---- */

typedef struct pieces { /* of all domains, one after another; heap */
    pm_str *at;
    size_t n, room;
} pieces;

/* A last piece of less than a quarter joins the one before. */
static bool cut_pieces(pm_str text, pieces *out)
{
    while (text.len) {
        size_t len = text_passage(text, LEAST_PIECE, PIECE);
        if (text.len - len < PIECE / 4) len = text.len;
        if (!mem_grow(&out->at, &out->room, out->n + 1, sizeof *out->at)) return false;
        out->at[out->n++] = (pm_str){text.ptr, len};
        text.ptr += len;
        text.len -= len;
    }
    return true;
}

/* Documents stand in order of their domains: first[k] is where domain k begins. */
static bool cut_all(const corpus_drawing *d, pieces *out, size_t *first)
{
    const corpus_text *t = d->text;
    size_t k = 0;
    for (size_t i = 0; i < t->n_documents; i++) {
        while (k <= t->document[i].domain) first[k++] = out->n;
        if (d->role[i] == ROLE_EXPERT && !cut_pieces(d->body[i], out)) return false;
    }
    while (k <= t->n_domains) first[k++] = out->n;
    return true;
}

pm_status corpus_make_pieces(corpus_drawing *d, pm_err *err)
{
    size_t n = d->text->n_domains;
    size_t *first = arena_alloc(d->scratch, n + 1, sizeof *first),
           *count = arena_alloc(d->a, n, sizeof *count);
    const pm_str **piece = arena_alloc(d->a, n, sizeof *piece);
    pieces all = {0};
    pm_str *kept = NULL;
    if (first && count && piece && cut_all(d, &all, first))
        kept = arena_alloc(d->a, all.n, sizeof *kept);
    if (kept && all.n) memcpy(kept, all.at, all.n * sizeof *kept);
    mem_free(all.at);
    if (!kept) return corpus_no_memory(d->text->name, err);
    for (size_t k = 0; k < n; k++) {
        piece[k] = kept + first[k];
        count[k] = first[k + 1] - first[k];
    }
    d->out->piece = piece;
    d->out->n_pieces = count;
    return PM_OK;
}
