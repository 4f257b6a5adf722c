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

/* A part takes a document if that brings it nearer to its share; an empty one takes any. */
static bool has_room(double filled, double chars, double wanted)
{
    return filled == 0 || filled + chars / 2 <= wanted;
}

static corpus_role role_of(const domain_split *s, double chars, double *of_test, double *of_train)
{
    const corpus_spec *p = s->d->spec;
    double total = (double)s->chars, big = p->big_document, few = 2.0 / (double)s->n;
    if (few > big) big = few; /* few documents: twice the mean */
    if (chars > big * total || s->n < 2) return ROLE_EXPERT;
    if (has_room(*of_test, chars, p->test * total)) {
        *of_test += chars;
        return ROLE_TEST;
    }
    if (has_room(*of_train, chars, p->train * total)) {
        *of_train += chars;
        return ROLE_TRAIN;
    }
    return ROLE_EXPERT;
}

static void fill(const domain_split *s, corpus_domain *m)
{
    double of_test = 0, of_train = 0;
    for (size_t k = 0; k < s->n; k++) {
        uint32_t i = s->order[k];
        corpus_role role = role_of(s, (double)text_chars(s->d->body[i]), &of_test, &of_train);
        s->d->role[i] = (uint8_t)role;
        m->documents_test += role == ROLE_TEST;
        m->documents_train += role == ROLE_TRAIN;
        m->expert_documents += role == ROLE_EXPERT;
        if (role == ROLE_EXPERT) m->expert_bytes += s->d->body[i].len;
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
        domain_split s = {.d = d, .order = order, .n = to - from};
        for (size_t k = 0; k < s.n; k++) order[k] = (uint32_t)(from + k);
        rng_shuffle(seed_of(d, "documents", domain), 0, order, s.n);
        choose(&s);
        fill(&s, &d->domain[domain]);
    }
    return PM_OK;
}
