/* SPDX-License-Identifier: MIT
 *
 * Prompts: pieces of the documents for test and train, one after another, of lengths drawn by the seed.  What is too short
 * or is a table rather than text is dropped; in the end so is what passes the cap of a domain.
 */
#include <string.h>

#include "base/rng.h"
#include "data/corpus_private.h"
#include "text/passages.h"

#define FEWEST_LETTERS .45 /* a prompt has more */
#define MOST_DIGITS    .25 /* a prompt has fewer */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static pm_str trim(pm_str s)
{
    while (s.len && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

static bool is_text(const corpus_drawing *d, pm_str s)
{
    text_shape shape = text_shape_of(s);
    double chars = (double)shape.chars;
    return shape.chars >= d->spec->min_chars && shape.chars <= d->spec->max_chars &&
           (double)shape.letters > FEWEST_LETTERS * chars &&
           (double)shape.digits < MOST_DIGITS * chars;
}

/* Lengths are uniform from a little above the minimum (a sixth of the way to the maximum: 380 for 300 to 800) to the maximum. */
static size_t target_of(const corpus_drawing *d, uint64_t seed, uint64_t k)
{
    size_t low = d->spec->min_chars + (d->spec->max_chars - d->spec->min_chars) * 4 / 25;
    return low + (size_t)rng_below(seed, 0, k, d->spec->max_chars - low + 1);
}

static pm_status cut_document(corpus_drawing *d, size_t i, dataset_part part, pm_err *err)
{
    const corpus_document *doc = &d->text->document[i];
    corpus_domain *m = &d->domain[doc->domain];
    uint64_t seed = rng_derive(rng_derive(d->seed, "lengths"), doc->name);
    pm_str rest = d->body[i];
    for (uint32_t k = 0; rest.len && k < UINT32_MAX; k++) {
        size_t len = text_passage(rest, d->spec->min_chars, target_of(d, seed, k));
        corpus_candidate c = {trim((pm_str){rest.ptr, len}), (uint32_t)i, k, (uint8_t)part, false};
        rest.ptr += len;
        rest.len -= len;
        if (!c.text.len) continue;
        d->out->counts.prompts_cut++;
        if (!is_text(d, c.text)) {
            d->out->counts.dropped_shape++;
            m->dropped_shape++;
            continue;
        }
        if (!mem_grow(&d->candidate, &d->room_candidates, d->n_candidates + 1, sizeof c))
            return corpus_no_memory(d->text->name, err);
        d->candidate[d->n_candidates++] = c;
    }
    return PM_OK;
}

pm_status corpus_cut_prompts(corpus_drawing *d, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t i = 0; s == PM_OK && i < d->text->n_documents; i++)
        if (d->role[i] == ROLE_TEST) s = cut_document(d, i, DATASET_TEST, err);
    for (size_t i = 0; s == PM_OK && i < d->text->n_documents; i++)
        if (d->role[i] == ROLE_TRAIN) s = cut_document(d, i, DATASET_TRAIN, err);
    return s;
}

/* ---- caps ---- */

/* Keeps `cap` of the n candidates of one domain and part, at random; 0 = all. */
static void keep_some(corpus_drawing *d, uint32_t *index, size_t n, size_t cap)
{
    const corpus_candidate *first = n ? &d->candidate[index[0]] : NULL;
    size_t kept = cap && n > cap ? cap : n;
    if (!n) return;
    corpus_domain *m = &d->domain[d->text->document[first->document].domain];
    bool is_test = first->part == DATASET_TEST;
    if (kept < n)
        rng_shuffle(rng_derive(rng_derive(d->seed, is_test ? "cap test" : "cap train"), m->name), 0,
                    index, n);
    for (size_t k = kept; k < n; k++) d->candidate[index[k]].is_dropped = true;
    *(is_test ? &m->n_test : &m->n_train) = kept;
    m->dropped_cap += n - kept;
    d->out->counts.dropped_cap += n - kept;
}

/* Candidates stand in order of part, then domain: each pair is one run. */
pm_status corpus_cap_prompts(corpus_drawing *d, pm_err *err)
{
    uint32_t *index = arena_alloc(d->scratch, d->n_candidates, sizeof *index);
    if (!index) return corpus_no_memory(d->text->name, err);
    for (size_t from = 0, to = 0; from < d->n_candidates; from = to) {
        const corpus_candidate *first = &d->candidate[from];
        uint32_t domain = d->text->document[first->document].domain;
        size_t n = 0;
        for (; to < d->n_candidates; to++) {
            const corpus_candidate *c = &d->candidate[to];
            if (c->part != first->part || d->text->document[c->document].domain != domain) break;
            if (!c->is_dropped) index[n++] = (uint32_t)to;
        }
        keep_some(d, index, n,
                  first->part == DATASET_TEST ? d->spec->cap_test : d->spec->cap_train);
    }
    return PM_OK;
}
