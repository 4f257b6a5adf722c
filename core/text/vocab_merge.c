/* SPDX-License-Identifier: MIT
 *
 * Byte-pair merges (Sennrich et al. 2016, algorithm 1) with counts kept up to date: a table of pairs, for each heap
 * entry a list of the words where its pair was seen, and a heap by count.
 *
 * The bookkeeping is that of the `tokenizers` package, so that merges are the same: a pair that is made again after it
 * was queued gets a second entry with the new places only; the count of a merged pair is not taken back; an entry
 * whose count has changed goes back into the heap when it comes up.
 */
#include <string.h>

#include "base/mem.h"
#include "text/vocab_private.h"

typedef struct
    pair { /* slot of a table by open addressing; key 0 is free: ids count from 1 there */
    uint64_t key;
    int64_t count;
    uint32_t open; /* list of places not yet in the heap */
} pair;
typedef struct place { /* lists of words, in a pool; 0 ends one */
    uint32_t word, next;
} place;
typedef struct entry {
    int64_t count;
    uint64_t key;
    uint32_t list;
} entry;

struct vocab_merger {
    vocab_words words;
    uint32_t *len; /* [n] symbols left of each word */
    pair *table;
    size_t slots, n_pairs;
    place *places;
    size_t n_places, place_room;
    uint32_t free_places;
    entry *heap;
    size_t n_heap, heap_room;
    uint64_t *touched; /* keys of pairs with an open list */
    size_t n_touched, touched_room;
    entry top;
};

static uint64_t key_of(uint32_t left, uint32_t right)
{
    return ((uint64_t)left << 32 | right) + 1;
}

/* ---- pairs ---- */

static size_t slot_of(const vocab_merger *m, uint64_t key)
{
    uint64_t h = key * 0x9E3779B97F4A7C15u;
    size_t s = (size_t)(h ^ h >> 29) & (m->slots - 1);
    while (m->table[s].key && m->table[s].key != key) s = (s + 1) & (m->slots - 1);
    return s;
}

static bool grow_table(vocab_merger *m)
{
    pair *old = m->table;
    const size_t slots = m->slots;
    pair *table = mem_alloc(slots ? slots * 2 : 4096, sizeof *table);
    if (!table) return false;
    m->table = table;
    m->slots = slots ? slots * 2 : 4096;
    for (size_t s = 0; s < slots; s++)
        if (old[s].key) m->table[slot_of(m, old[s].key)] = old[s];
    mem_free(old);
    return true;
}

/* The pair, made if need be; NULL when memory is out. */
static pair *pair_at(vocab_merger *m, uint64_t key)
{
    if (m->n_pairs + 1 > m->slots / 2 && !grow_table(m)) return NULL;
    pair *p = m->table + slot_of(m, key);
    if (!p->key) {
        p->key = key;
        m->n_pairs++;
    }
    return p;
}

/* ---- places ---- */

static bool place_add(vocab_merger *m, pair *p, uint32_t word)
{
    if (p->open && m->places[p->open].word == word) return true;
    uint32_t at = m->free_places;
    if (at) {
        m->free_places = m->places[at].next;
    } else {
        if (m->n_places >= UINT32_MAX ||
            !mem_grow(&m->places, &m->place_room, m->n_places + 1, sizeof *m->places))
            return false;
        at = (uint32_t)m->n_places++;
    }
    if (!p->open) {
        if (!mem_grow(&m->touched, &m->touched_room, m->n_touched + 1, sizeof *m->touched))
            return false;
        m->touched[m->n_touched++] = p->key;
    }
    m->places[at] = (place){word, p->open};
    p->open = at;
    return true;
}

static void places_free(vocab_merger *m, uint32_t list)
{
    while (list) {
        const uint32_t next = m->places[list].next;
        m->places[list].next = m->free_places;
        m->free_places = list;
        list = next;
    }
}

/* ---- the heap ---- */

static bool before(const entry *a, const entry *b)
{
    return a->count != b->count ? a->count > b->count : a->key < b->key;
}

static void sift_down(vocab_merger *m, size_t i)
{
    const entry e = m->heap[i];
    for (size_t child; (child = 2 * i + 1) < m->n_heap; i = child) {
        if (child + 1 < m->n_heap && before(m->heap + child + 1, m->heap + child)) child++;
        if (!before(m->heap + child, &e)) break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = e;
}

static bool heap_push(vocab_merger *m, entry e)
{
    if (!mem_grow(&m->heap, &m->heap_room, m->n_heap + 1, sizeof *m->heap)) return false;
    size_t i = m->n_heap++;
    for (; i && before(&e, m->heap + (i - 1) / 2); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = e;
    return true;
}

/* What was gathered since the last call becomes entries. */
static bool queue_touched(vocab_merger *m)
{
    for (size_t i = 0; i < m->n_touched; i++) {
        pair *p = m->table + slot_of(m, m->touched[i]);
        if (p->count > 0) {
            if (!heap_push(m, (entry){p->count, p->key, p->open})) return false;
        } else {
            places_free(m, p->open);
        }
        p->open = 0;
    }
    m->n_touched = 0;
    return true;
}

/* ---- merging ---- */

static bool change(vocab_merger *m, uint32_t left, uint32_t right, uint32_t word, bool more)
{
    pair *p = pair_at(m, key_of(left, right));
    if (!p) return false;
    p->count += more ? (int64_t)m->words.count[word] : -(int64_t)m->words.count[word];
    return !more || place_add(m, p, word);
}

static bool merge_word(vocab_merger *m, uint32_t word, uint32_t left, uint32_t right, uint32_t made)
{
    uint32_t *s = m->words.symbol + m->words.start[word];
    const size_t n = m->len[word];
    size_t to = 0;
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        if (s[i] != left || i + 1 == n || s[i + 1] != right) {
            s[to++] = s[i];
            continue;
        }
        if (to)
            ok = ok && change(m, s[to - 1], left, word, false) &&
                 change(m, s[to - 1], made, word, true);
        if (i + 2 < n)
            ok = ok && change(m, right, s[i + 2], word, false) &&
                 change(m, made, s[i + 2], word, true);
        s[to++] = made;
        i++;
    }
    m->len[word] = (uint32_t)to;
    return ok;
}

static pm_status out_of_memory(const vocab_merger *m, pm_err *err)
{
    return err_set(err, PM_E_MEMORY,
                   "learning a vocabulary - %zu words with %zu pairs of symbols do not fit into "
                   "memory - learn from less text",
                   m->words.n, m->n_pairs);
}

pm_status vocab_merger_open(const vocab_words *words, vocab_merger **out, pm_err *err)
{
    vocab_merger *m = mem_alloc(1, sizeof *m);
    bool ok = m != NULL;
    *out = m;
    if (!ok) return err_set(err, PM_E_MEMORY, "learning a vocabulary - memory is out");
    m->words = *words;
    m->n_places = 1;
    m->len = mem_alloc(words->n, sizeof *m->len);
    ok = m->len && mem_grow(&m->places, &m->place_room, 1, sizeof *m->places);
    for (size_t w = 0; ok && w < words->n; w++) {
        const uint32_t *s = words->symbol + words->start[w];
        m->len[w] = (uint32_t)(words->start[w + 1] - words->start[w]);
        for (uint32_t i = 1; ok && i < m->len[w]; i++)
            ok = change(m, s[i - 1], s[i], (uint32_t)w, true);
    }
    return ok && queue_touched(m) ? PM_OK : out_of_memory(m, err);
}

void vocab_merger_close(vocab_merger *m)
{
    if (!m) return;
    mem_free(m->len);
    mem_free(m->table);
    mem_free(m->places);
    mem_free(m->heap);
    mem_free(m->touched);
    mem_free(m);
}

bool vocab_merger_next(vocab_merger *m, uint64_t min_count, uint32_t *left, uint32_t *right)
{
    for (;;) {
        if (!m->n_heap) return false;
        entry *first = m->heap;
        const int64_t now = m->table[slot_of(m, first->key)].count;
        if (first->count == now) break;
        first->count = now; /* goes down to its place */
        sift_down(m, 0);
    }
    m->top = m->heap[0];
    if (m->top.count < 1 || (uint64_t)m->top.count < min_count) return false;
    m->heap[0] = m->heap[--m->n_heap];
    if (m->n_heap) sift_down(m, 0);
    *left = (uint32_t)((m->top.key - 1) >> 32);
    *right = (uint32_t)(m->top.key - 1);
    return true;
}

pm_status vocab_merger_do(vocab_merger *m, uint32_t made, pm_err *err)
{
    const uint32_t left = (uint32_t)((m->top.key - 1) >> 32), right = (uint32_t)(m->top.key - 1);
    bool ok = true;
    for (uint32_t p = m->top.list; ok && p; p = m->places[p].next)
        ok = merge_word(m, m->places[p].word, left, right, made);
    places_free(m, m->top.list);
    return ok && queue_touched(m) ? PM_OK : out_of_memory(m, err);
}
