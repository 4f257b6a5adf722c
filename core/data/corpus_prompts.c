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

/* Calls it twice: to count, then to write.  A last piece of less than a quarter joins the one before. */
static size_t cut_pieces(pm_str text, pm_str *out)
{
    size_t n = 0;
    while (text.len) {
        size_t len = text_passage(text, LEAST_PIECE, PIECE);
        if (text.len - len < PIECE / 4) len = text.len;
        if (out) out[n] = (pm_str){text.ptr, len};
        n++;
        text.ptr += len;
        text.len -= len;
    }
    return n;
}

pm_status corpus_make_pieces(corpus_drawing *d, pm_err *err)
{
    const corpus_text *t = d->text;
    size_t *n = arena_alloc(d->a, t->n_domains, sizeof *n);
    pm_str **piece = arena_alloc(d->a, t->n_domains, sizeof *piece);
    if (!n || !piece) return corpus_no_memory(t->name, err);
    for (size_t i = 0; i < t->n_documents; i++)
        if (d->role[i] == ROLE_EXPERT) n[t->document[i].domain] += cut_pieces(d->body[i], NULL);
    for (size_t k = 0; k < t->n_domains; k++) {
        piece[k] = arena_alloc(d->a, n[k], sizeof *piece[k]);
        if (!piece[k]) return corpus_no_memory(t->name, err);
        n[k] = 0;
    }
    for (size_t i = 0; i < t->n_documents; i++) {
        size_t k = t->document[i].domain;
        if (d->role[i] == ROLE_EXPERT) n[k] += cut_pieces(d->body[i], piece[k] + n[k]);
    }
    d->out->piece = (const pm_str *const *)piece;
    d->out->n_pieces = n;
    return PM_OK;
}
