/* SPDX-License-Identifier: MIT
 *
 * Near-duplicates among prompts: two are alike if several of their 8 smallest 4-word shingle hashes are equal (Broder
 * 1997, "On the resemblance and containment of documents", section 4: a sketch of the smallest).  The first is kept, and
 * test comes before train.
 */
#include "data/corpus_private.h"

enum { WORDS = 4, SKETCH = 8 };

typedef struct posting { /* a kept prompt that has a hash */
    uint64_t hash;
    uint32_t prompt;
    uint32_t next; /* 1 + the posting before it in its slot, 0 = none */
} posting;

typedef struct near {
    posting *posting;
    size_t n, slots;
    uint32_t *slot;  /* 1 + the newest posting */
    uint8_t *shared; /* [n_candidates] hashes shared with the prompt at hand */
    uint32_t *touched;
    text_hashes words, shingles;
} near;

/* The SKETCH smallest different hashes, ascending; how many. */
static size_t sketch_of(const near *s, uint64_t sketch[SKETCH])
{
    size_t n = 0;
    for (size_t i = 0; i < s->shingles.n; i++) {
        uint64_t h = s->shingles.at[i];
        if (n == SKETCH && h >= sketch[n - 1]) continue;
        size_t at = n;
        while (at && sketch[at - 1] > h) at--;
        if (at && sketch[at - 1] == h) continue;
        if (n < SKETCH) n++;
        for (size_t k = n - 1; k > at; k--) sketch[k] = sketch[k - 1];
        sketch[at] = h;
    }
    return n;
}

/* Whether a kept prompt shares `enough` hashes. */
static bool is_near(near *s, const uint64_t *sketch, size_t n, size_t enough)
{
    size_t n_touched = 0;
    bool found = false;
    for (size_t k = 0; k < n && !found; k++) {
        for (uint32_t at = s->slot[sketch[k] & (s->slots - 1)]; at && !found;) {
            const posting *p = &s->posting[at - 1];
            at = p->next;
            if (p->hash != sketch[k]) continue;
            if (!s->shared[p->prompt]) s->touched[n_touched++] = p->prompt;
            found = ++s->shared[p->prompt] >= enough;
        }
    }
    for (size_t k = 0; k < n_touched; k++) s->shared[s->touched[k]] = 0;
    return found;
}

static void keep(near *s, uint32_t prompt, const uint64_t *sketch, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        uint32_t *slot = &s->slot[sketch[k] & (s->slots - 1)];
        s->posting[s->n] = (posting){sketch[k], prompt, *slot};
        *slot = (uint32_t)++s->n;
    }
}

static bool open_table(near *s, const corpus_drawing *d)
{
    if (d->n_candidates > UINT32_MAX / SKETCH) return false;
    s->slots = 1024;
    while (s->slots < d->n_candidates * SKETCH * 2) s->slots *= 2;
    s->posting = mem_alloc(d->n_candidates * SKETCH, sizeof *s->posting);
    s->slot = mem_alloc(s->slots, sizeof *s->slot);
    s->shared = mem_alloc(d->n_candidates, sizeof *s->shared);
    s->touched = mem_alloc(d->n_candidates, sizeof *s->touched);
    return s->posting && s->slot && s->shared && s->touched;
}

static bool drop(near *s, corpus_drawing *d)
{
    for (size_t k = 0; k < d->n_candidates; k++) {
        corpus_candidate *c = &d->candidate[k];
        uint64_t sketch[SKETCH];
        if (c->is_dropped) continue;
        if (!text_words(c->text, &s->words) || !text_shingles(&s->words, WORDS, &s->shingles))
            return false;
        size_t n = sketch_of(s, sketch);
        if (!is_near(s, sketch, n, d->spec->near_duplicate)) {
            keep(s, (uint32_t)k, sketch, n);
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
    mem_free(s.shared);
    mem_free(s.touched);
    text_hashes_close(&s.words);
    text_hashes_close(&s.shingles);
    return fine ? PM_OK : corpus_no_memory(d->text->name, err);
}
