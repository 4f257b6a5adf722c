/* SPDX-License-Identifier: MIT
 *
 * Near-duplicates among prompts: two are alike if several of their 8 smallest 4-word shingle hashes are equal (Broder
 * 1997, "On the resemblance and containment of documents", section 4: a sketch of the smallest).  The first is kept, and
 * test comes before train.
 */
#include "data/corpus_private.h"

enum { WORDS = 4, SKETCH = 8 };

typedef struct sketch {
    uint64_t hash[SKETCH]; /* ascending */
    size_t n;
} sketch;

typedef struct posting { /* a kept prompt that has a hash */
    uint32_t prompt;
    uint32_t next; /* 1 + the posting before it in its list, 0 = none */
} posting;

typedef struct list { /* a slot of the table; n == 0: free */
    uint64_t hash;
    uint32_t head, n;
} list;

typedef struct near {
    sketch *sketch; /* [n_candidates] of those that are kept */
    posting *posting;
    size_t n, slots;
    list *slot;
    text_hashes words, shingles;
} near;

static void sketch_of(const near *s, sketch *out)
{
    uint64_t *smallest = out->hash;
    out->n = 0;
    for (size_t i = 0; i < s->shingles.n; i++) {
        uint64_t h = s->shingles.at[i];
        if (out->n == SKETCH && h >= smallest[SKETCH - 1]) continue;
        size_t at = out->n;
        while (at && smallest[at - 1] > h) at--;
        if (at && smallest[at - 1] == h) continue;
        if (out->n < SKETCH) out->n++;
        for (size_t k = out->n - 1; k > at; k--) smallest[k] = smallest[k - 1];
        smallest[at] = h;
    }
}

/* How many hashes two sketches share. */
static size_t shared(const sketch *a, const sketch *b)
{
    size_t n = 0;
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        uint64_t p = a->hash[i], q = b->hash[j];
        n += p == q;
        i += p <= q;
        j += q <= p;
    }
    return n;
}

static list *list_of(const near *s, uint64_t hash)
{
    size_t at = (size_t)hash & (s->slots - 1);
    while (s->slot[at].n && s->slot[at].hash != hash) at = (at + 1) & (s->slots - 1);
    return &s->slot[at];
}

/* Whether a kept prompt shares `enough` hashes.  It then stands in one of any n - enough + 1 lists: the shortest are
 * searched, so that a phrase that every prompt has costs nothing. */
static bool is_near(const near *s, const sketch *x, size_t enough)
{
    const list *shortest[SKETCH];
    for (size_t k = 0; k < x->n; k++) {
        const list *l = list_of(s, x->hash[k]);
        size_t at = k;
        for (; at && shortest[at - 1]->n > l->n; at--) shortest[at] = shortest[at - 1];
        shortest[at] = l;
    }
    for (size_t k = 0; k + enough <= x->n; k++)
        for (uint32_t at = shortest[k]->n ? shortest[k]->head : 0; at;) {
            const posting *p = &s->posting[at - 1];
            if (shared(x, &s->sketch[p->prompt]) >= enough) return true;
            at = p->next;
        }
    return false;
}

static void keep(near *s, uint32_t prompt, const sketch *x)
{
    s->sketch[prompt] = *x;
    for (size_t k = 0; k < x->n; k++) {
        list *l = list_of(s, x->hash[k]);
        s->posting[s->n] = (posting){prompt, l->n ? l->head : 0};
        *l = (list){x->hash[k], (uint32_t)++s->n, l->n + 1};
    }
}

static bool open_table(near *s, const corpus_drawing *d)
{
    if (d->n_candidates > UINT32_MAX / SKETCH) return false;
    s->slots = 1024;
    while (s->slots < d->n_candidates * SKETCH * 2) s->slots *= 2;
    s->posting = mem_alloc(d->n_candidates * SKETCH, sizeof *s->posting);
    s->slot = mem_alloc(s->slots, sizeof *s->slot);
    s->sketch = mem_alloc(d->n_candidates, sizeof *s->sketch);
    return s->posting && s->slot && s->sketch;
}

static bool drop(near *s, corpus_drawing *d)
{
    for (size_t k = 0; k < d->n_candidates; k++) {
        corpus_candidate *c = &d->candidate[k];
        sketch x;
        if (c->is_dropped) continue;
        if (!text_words(c->text, &s->words) || !text_shingles(&s->words, WORDS, &s->shingles))
            return false;
        sketch_of(s, &x);
        if (!is_near(s, &x, d->spec->near_duplicate)) {
            keep(s, (uint32_t)k, &x);
            continue;
        }
        c->is_dropped = true;
        d->domain[d->text->document[c->document].domain].dropped_duplicate++;
        d->out->counts.dropped_duplicate++;
    }
    return true;
}

pm_status corpus_drop_near(corpus_drawing *d, pm_err *err)
{
    near s = {0};
    bool fine = d->spec->near_duplicate == 0 || (open_table(&s, d) && drop(&s, d));
    mem_free(s.posting);
    mem_free(s.slot);
    mem_free(s.sketch);
    text_hashes_close(&s.words);
    text_hashes_close(&s.shingles);
    return fine ? PM_OK : corpus_no_memory(d->text->name, err);
}
