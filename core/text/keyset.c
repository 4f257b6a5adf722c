/* SPDX-License-Identifier: MIT
 *
 * The set of hashes: linear probing from the low bits, at most half full, doubled when it would be fuller.
 */
#include "text/keyset.h"

#include "base/mem.h"

#define MARK ((uint64_t)1 << 63)

enum { FIRST_SLOTS = 1024 };

/* 63 bits, never 0. */
static uint64_t key_of(uint64_t hash)
{
    uint64_t key = hash & ~MARK;
    return key ? key : 1;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t probe(const keyset *s, uint64_t key)
{
    size_t at = (size_t)key & (s->slots - 1);
    while (s->slot[at] && (s->slot[at] & ~MARK) != key) at = (at + 1) & (s->slots - 1);
    return at;
}

void keyset_close(keyset *s)
{
    mem_free(s->slot);
    *s = (keyset)KEYSET_INIT;
}

bool keyset_reserve(keyset *s, size_t n)
{
    size_t slots = s->slots ? s->slots : FIRST_SLOTS;
    while (slots / 2 < n) {
        if (slots > SIZE_MAX / 4) return false;
        slots *= 2;
    }
    if (slots == s->slots) return true;
    keyset wide = {mem_alloc(slots, sizeof *wide.slot), slots, s->n};
    if (!wide.slot) return false;
    for (size_t i = 0; i < s->slots; i++)
        if (s->slot[i]) wide.slot[probe(&wide, s->slot[i] & ~MARK)] = s->slot[i];
    mem_free(s->slot);
    *s = wide;
    return true;
}

bool keyset_add(keyset *s, uint64_t hash, bool *was_there)
{
    if (!keyset_reserve(s, s->n + 1)) return false;
    uint64_t key = key_of(hash);
    size_t at = probe(s, key);
    if (was_there) *was_there = s->slot[at] != 0;
    if (!s->slot[at]) {
        s->slot[at] = key;
        s->n++;
    }
    return true;
}

bool keyset_mark(keyset *s, uint64_t hash)
{
    if (!s->n) return false;
    size_t at = probe(s, key_of(hash));
    if (!s->slot[at] || s->slot[at] & MARK) return false;
    s->slot[at] |= MARK;
    return true;
}

bool keyset_is_marked(const keyset *s, uint64_t hash)
{
    return s->n && s->slot[probe(s, key_of(hash))] & MARK;
}

void keyset_prefetch(const keyset *s, uint64_t hash)
{
    if (s->slots) __builtin_prefetch(&s->slot[(size_t)key_of(hash) & (s->slots - 1)]);
}
