/* SPDX-License-Identifier: MIT
 *
 * Prompts that experts have read: those of whose 8-word shingles too many occur in text that goes to experts.  The prompts'
 * shingles make the table and the experts' text streams past it, so that memory follows the prompts.
 */
#include "data/corpus_private.h"

enum { WORDS = 8, AHEAD = 16 };

typedef struct overlap {
    keyset table;    /* of the prompts' shingles; marked: seen in expert text */
    uint64_t *bloom; /* a bit a shingle: most of the experts' are in no prompt, and end here */
    size_t bloom_words;
    text_hashes words, shingles;
} overlap;

static bool shingles_of(overlap *o, pm_str text)
{
    return text_words(text, &o->words) && text_shingles(&o->words, WORDS, &o->shingles);
}

static size_t bloom_word(const overlap *o, uint64_t hash)
{
    return (size_t)(hash >> 32) & (o->bloom_words - 1);
}

static bool add_candidates(const corpus_drawing *d, overlap *o)
{
    for (size_t k = 0; k < d->n_candidates; k++) {
        if (!shingles_of(o, d->candidate[k].text)) return false;
        for (size_t i = 0; i < o->shingles.n; i++)
            if (!keyset_add(&o->table, o->shingles.at[i], NULL)) return false;
    }
    return true;
}

/* About 16 bits a shingle: one in sixteen strangers gets past it. */
static bool make_bloom(overlap *o)
{
    o->bloom_words = 1024;
    while (o->bloom_words < o->table.n / 4) o->bloom_words *= 2;
    o->bloom = mem_alloc(o->bloom_words, sizeof *o->bloom);
    if (!o->bloom) return false;
    for (size_t i = 0; i < o->table.slots; i++) {
        uint64_t key = o->table.slot[i];
        if (key) o->bloom[bloom_word(o, key)] |= (uint64_t)1 << (key >> 26 & 63);
    }
    return true;
}

static void mark(overlap *o)
{
    const uint64_t *h = o->shingles.at;
    for (size_t i = 0; i < o->shingles.n; i++) {
        if (i + AHEAD < o->shingles.n) __builtin_prefetch(&o->bloom[bloom_word(o, h[i + AHEAD])]);
        if (o->bloom[bloom_word(o, h[i])] >> (h[i] >> 26 & 63) & 1)
            (void)keyset_mark(&o->table, h[i]);
    }
}

static bool mark_expert_text(const corpus_drawing *d, overlap *o)
{
    for (size_t i = 0; i < d->text->n_documents; i++) {
        if (d->role[i] != ROLE_EXPERT) continue;
        if (!shingles_of(o, d->body[i])) return false;
        mark(o);
    }
    return true;
}

static bool drop_known(corpus_drawing *d, overlap *o)
{
    for (size_t k = 0; k < d->n_candidates; k++) {
        corpus_candidate *c = &d->candidate[k];
        size_t known = 0;
        if (!shingles_of(o, c->text)) return false;
        for (size_t i = 0; i < o->shingles.n; i++)
            known += keyset_is_marked(&o->table, o->shingles.at[i]);
        if ((double)known <= d->spec->overlap * (double)o->shingles.n) continue;
        c->is_dropped = true;
        d->domain[d->text->document[c->document].domain].dropped_overlap++;
        d->out->counts.dropped_overlap++;
    }
    return true;
}

pm_status corpus_drop_overlap(corpus_drawing *d, pm_err *err)
{
    overlap o = {0};
    bool fine = d->spec->overlap >= 1 || (add_candidates(d, &o) && make_bloom(&o) &&
                                          mark_expert_text(d, &o) && drop_known(d, &o));
    keyset_close(&o.table);
    mem_free(o.bloom);
    text_hashes_close(&o.words);
    text_hashes_close(&o.shingles);
    return fine ? PM_OK : corpus_no_memory(d->text->name, err);
}
