/* SPDX-License-Identifier: MIT
 *
 * Ids to numbers: pointers in chunks that never move, a table of 32-bit slots that doubles.
 */
#include "data/ids.h"

#include "base/hash.h"

enum { CHUNK = 4096, FIRST_SLOTS = 1024 };

bool ids_open(ids *t)
{
    *t = (ids){.text = arena_open(0)};
    return t->text != NULL;
}

void ids_close(ids *t)
{
    for (size_t k = 0; k * CHUNK < t->n; k++) mem_free(t->chunk[k]);
    mem_free(t->chunk);
    mem_free(t->slot);
    arena_close(t->text);
    *t = (ids){0};
}

const char *ids_at(const ids *t, size_t k)
{
    return t->chunk[k / CHUNK][k % CHUNK];
}

static size_t probe(const ids *t, pm_str id)
{
    uint64_t hash = fnv1a(id.ptr, id.len);
    size_t at = (size_t)(hash ^ (hash >> 32)) & (t->slots - 1);
    while (t->slot[at]) {
        const char *other = ids_at(t, t->slot[at] - 1u);
        if (strncmp(other, id.ptr, id.len) == 0 && other[id.len] == '\0') break;
        at = (at + 1) & (t->slots - 1);
    }
    return at;
}

size_t ids_find(const ids *t, pm_str id)
{
    if (!t->n || !id.len || memchr(id.ptr, '\0', id.len)) return SIZE_MAX;
    size_t at = probe(t, id);
    return t->slot[at] ? t->slot[at] - 1u : SIZE_MAX;
}

static bool grow(ids *t)
{
    size_t slots = t->slots ? t->slots * 2 : (size_t)FIRST_SLOTS;
    if (slots > (size_t)1 << 32) return false;
    uint32_t *fresh = mem_alloc(slots, sizeof *fresh);
    if (!fresh) return false;
    mem_free(t->slot);
    t->slot = fresh;
    t->slots = slots;
    for (size_t k = 0; k < t->n; k++) t->slot[probe(t, pm_str_of(ids_at(t, k)))] = (uint32_t)k + 1;
    return true;
}

bool ids_add(ids *t, pm_str id)
{
    if (t->n >= (size_t)1 << 31 || (t->n >= t->slots / 4 * 3 && !grow(t))) return false;
    if (!mem_grow(&t->chunk, &t->room_chunks, t->n / CHUNK + 1, sizeof *t->chunk)) return false;
    char **chunk = t->n % CHUNK ? t->chunk[t->n / CHUNK] : mem_alloc(CHUNK, sizeof *chunk);
    char *copy = chunk ? arena_strndup(t->text, id.ptr, id.len) : NULL;
    if (!copy) {
        if (t->n % CHUNK == 0) mem_free(chunk);
        return false;
    }
    t->chunk[t->n / CHUNK] = chunk;
    chunk[t->n % CHUNK] = copy;
    t->slot[probe(t, id)] = (uint32_t)++t->n;
    return true;
}
