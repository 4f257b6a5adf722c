/* SPDX-License-Identifier: MIT
 *
 * A table from names to numbers: open addressing, at most half full, doubled in the arena.
 */
#include "data/names.h"

#include "base/err.h"
#include "base/hash.h"

enum { FIRST_CAPACITY = 32 };

static size_t probe(const names *t, pm_str name, uint64_t hash)
{
    size_t at = (size_t)(hash ^ (hash >> 32)) & (t->slots - 1);
    while (t->slot[at]) {
        size_t k = t->slot[at] - 1u;
        if (t->hash[k] == hash && t->name[k].len == name.len &&
            (name.len == 0 || memcmp(t->name[k].ptr, name.ptr, name.len) == 0))
            return at;
        at = (at + 1) & (t->slots - 1);
    }
    return at;
}

size_t names_find(const names *t, pm_str name)
{
    if (!t->n) return SIZE_MAX;
    size_t at = probe(t, name, fnv1a(name.ptr, name.len));
    return t->slot[at] ? t->slot[at] - 1u : SIZE_MAX;
}

static bool grow(names *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CAPACITY;
    if (capacity > ((size_t)1 << 31)) return false;
    names wide = {t->a, NULL, NULL, NULL, t->n, capacity, capacity * 2};
    wide.name = arena_alloc(t->a, capacity, sizeof *wide.name);
    wide.hash = arena_alloc(t->a, capacity, sizeof *wide.hash);
    wide.slot = arena_alloc(t->a, wide.slots, sizeof *wide.slot);
    if (!wide.name || !wide.hash || !wide.slot) return false;
    for (size_t k = 0; k < t->n; k++) {
        wide.name[k] = t->name[k];
        wide.hash[k] = t->hash[k];
        wide.slot[probe(&wide, t->name[k], t->hash[k])] = (uint32_t)(k + 1);
    }
    *t = wide;
    return true;
}

bool names_add(names *t, pm_str name)
{
    if (t->n == t->capacity && !grow(t)) return false;
    uint64_t hash = fnv1a(name.ptr, name.len);
    size_t at = probe(t, name, hash);
    PM_ASSERT(!t->slot[at]);
    t->name[t->n] = name;
    t->hash[t->n] = hash;
    t->slot[at] = (uint32_t)++t->n;
    return true;
}
