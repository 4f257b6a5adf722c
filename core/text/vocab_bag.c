/* SPDX-License-Identifier: MIT
 *
 * Counted words: bytes in one heap, entries in another, slots by hash.
 */
#include <string.h>

#include "base/mem.h"
#include "text/vocab_private.h"

static uint32_t hash_of(const char *word, size_t len)
{
    uint64_t h = 0x9E3779B97F4A7C15u ^ len;
    for (; len >= 8; word += 8, len -= 8) {
        uint64_t v;
        memcpy(&v, word, 8);
        h = (h ^ v) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    uint64_t v = 0;
    memcpy(&v, word, len);
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

void vocab_bag_close(vocab_bag *b)
{
    mem_free(b->word);
    mem_free(b->bytes);
    mem_free(b->slot);
    *b = (vocab_bag){0};
}

void vocab_bag_clear(vocab_bag *b)
{
    b->n = b->used = 0;
    if (b->slot) memset(b->slot, 0, b->slots * sizeof *b->slot);
}

/* The slot of a word, or the free one where it would go. */
static size_t slot_of(const vocab_bag *b, const char *word, size_t len, uint32_t hash)
{
    size_t s = hash & (b->slots - 1);
    while (b->slot[s]) {
        const vocab_word *w = b->word + (b->slot[s] - 1);
        if (w->hash == hash && w->len == len && !memcmp(b->bytes + w->at, word, len)) break;
        s = (s + 1) & (b->slots - 1);
    }
    return s;
}

static void put_slots(vocab_bag *b)
{
    memset(b->slot, 0, b->slots * sizeof *b->slot);
    for (size_t i = 0; i < b->n; i++) {
        size_t s = b->word[i].hash & (b->slots - 1);
        while (b->slot[s]) s = (s + 1) & (b->slots - 1);
        b->slot[s] = (uint32_t)(i + 1);
    }
}

static bool grow_slots(vocab_bag *b)
{
    const size_t slots = b->slots ? b->slots * 2 : 1024;
    uint32_t *slot = mem_alloc(slots, sizeof *slot);
    if (!slot) return false;
    mem_free(b->slot);
    b->slot = slot;
    b->slots = slots;
    put_slots(b);
    return true;
}

bool vocab_bag_add(vocab_bag *b, const char *word, size_t len, uint64_t count, uint32_t *index)
{
    const uint32_t hash = hash_of(word, len);
    if (b->n + 1 > b->slots / 2 && !grow_slots(b)) return false;
    const size_t s = slot_of(b, word, len, hash);
    if (!b->slot[s]) {
        if (b->n >= UINT32_MAX - 1 || len > UINT32_MAX ||
            !mem_grow(&b->word, &b->word_room, b->n + 1, sizeof *b->word) ||
            !mem_grow(&b->bytes, &b->byte_room, b->used + len, 1))
            return false;
        if (len) memcpy(b->bytes + b->used, word, len);
        b->word[b->n++] = (vocab_word){0, b->used, (uint32_t)len, hash};
        b->used += len;
        b->slot[s] = (uint32_t)b->n;
    }
    b->word[b->slot[s] - 1].count += count;
    if (index) *index = b->slot[s] - 1;
    return true;
}

bool vocab_bag_find(const vocab_bag *b, const char *word, size_t len, uint32_t *index)
{
    if (!b->slots) return false;
    const size_t s = slot_of(b, word, len, hash_of(word, len));
    if (b->slot[s]) *index = b->slot[s] - 1;
    return b->slot[s] != 0;
}

void vocab_bag_prune(vocab_bag *b, uint64_t least)
{
    size_t kept = 0, used = 0;
    for (size_t i = 0; i < b->n; i++) {
        vocab_word w = b->word[i];
        if (w.count <= least) continue;
        memmove(b->bytes + used, b->bytes + w.at, w.len);
        w.at = used;
        used += w.len;
        b->word[kept++] = w;
    }
    b->n = kept;
    b->used = used;
    if (b->slots) put_slots(b);
}
