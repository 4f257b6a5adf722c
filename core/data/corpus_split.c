/* SPDX-License-Identifier: MIT
 *
 * Which document is for what: in an order drawn by the seed, test is filled first, then train, the rest goes to the
 * experts; big documents go there at once, since one of them would be most of a part.
 */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "data/corpus_private.h"
#include "text/decode.h"

typedef struct domain_split {
    corpus_drawing *d;
    uint32_t *order; /* the domain's documents, shuffled */
    size_t n;        /* that are used */
    size_t chars;    /* of those */
} domain_split;

static uint64_t seed_of(const corpus_drawing *d, const char *what, size_t domain)
{
    return rng_derive(rng_derive(d->seed, what), d->text->domain[domain].name);
}

/* At most `room` bytes, at a line end if there is one in the second half. */
static pm_str clip(pm_str text, size_t room)
{
    if (text.len <= room) return text;
    size_t len = room;
    while (len > room / 2 && text.ptr[len - 1] != '\n') len--;
    if (len == room / 2) len = room;
    while (len && ((unsigned char)text.ptr[len] & 0xC0u) == 0x80u) len--;
    return (pm_str){text.ptr, len};
}

/* The first documents of the order that fill domain_bytes. */
static void choose(domain_split *s)
{
    size_t room = s->d->spec->domain_bytes, n = s->n;
    s->n = 0;
    for (size_t k = 0; k < n && room; k++) {
        uint32_t i = s->order[k];
        const corpus_document *doc = &s->d->text->document[i];
        s->d->body[i] = clip(doc->text, room);
        s->chars += s->d->body[i].len == doc->text.len ? doc->chars : text_chars(s->d->body[i]);
        room -= doc->text.len < room ? doc->text.len : room;
        s->n++;
    }
}

static void fill(domain_split *s, corpus_domain *m)
{
    const corpus_spec *p = s->d->spec;
    double total = (double)s->chars, big = p->big_document, of_test = 0, of_train = 0;
    if (s->n && 2.0 / (double)s->n > big)
        big = 2.0 / (double)s->n; /* few documents: twice the mean */
    for (size_t k = 0; k < s->n; k++) {
        uint32_t i = s->order[k];
        double chars = (double)text_chars(s->d->body[i]);
        if (chars > big * total || s->n < 2) {
            s->d->role[i] = ROLE_EXPERT;
        } else if (of_test < p->test * total) {
            s->d->role[i] = ROLE_TEST;
            of_test += chars;
            m->documents_test++;
        } else if (of_train < p->train * total) {
            s->d->role[i] = ROLE_TRAIN;
            of_train += chars;
            m->documents_train++;
        } else {
            s->d->role[i] = ROLE_EXPERT;
        }
        if (s->d->role[i] == ROLE_EXPERT) {
            m->expert_documents++;
            m->expert_bytes += s->d->body[i].len;
        }
    }
}

pm_status corpus_split_documents(corpus_drawing *d, pm_err *err)
{
    const corpus_text *t = d->text;
    uint32_t *order = arena_alloc(d->scratch, t->n_documents, sizeof *order);
    if (!order) return corpus_no_memory(t->name, err);
    for (size_t from = 0, to = 0; from < t->n_documents; from = to) {
        size_t domain = t->document[from].domain;
        while (to < t->n_documents && t->document[to].domain == domain) to++;
        domain_split s = {d, order, to - from, 0};
        for (size_t k = 0; k < s.n; k++) order[k] = (uint32_t)(from + k);
        rng_shuffle(seed_of(d, "documents", domain), 0, order, s.n);
        choose(&s);
        fill(&s, &d->domain[domain]);
    }
    return PM_OK;
}
