/* SPDX-License-Identifier: MIT
 *
 * Arenas and heap blocks: the only file that calls the allocator.  An arena is a chain of blocks,
 * each filled from its start; releasing moves the fill mark back and keeps the chain, so that a
 * loop with the same needs allocates in its first round only.
 */
#include "config.h"

#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#ifdef PM_SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

#ifdef PM_HOSTILE
#define FIRST_BLOCK    ((size_t)64) /* every growth path is walked at once */
#define FIRST_CAPACITY ((size_t)1)
#else
#define FIRST_BLOCK    ((size_t)4096 - MEM_ALIGN)
#define FIRST_CAPACITY ((size_t)16)
#endif
#define LARGEST_STEP ((size_t)8 << 20) /* blocks double up to this; larger needs get their own */

typedef struct block block;
struct block { /* the header fills one aligned unit; the room follows it */
    block *next;
    size_t room;
    size_t before; /* bytes in use in earlier blocks, valid while this block is current or full */
};
_Static_assert(sizeof(block) <= MEM_ALIGN, "the header fits its unit");

typedef struct deferred deferred;
struct deferred {
    deferred *before;
    void (*fn)(void *arg);
    void *arg;
    size_t used; /* of the arena, when it was asked for */
};

struct arena {
    block *first, *current;
    deferred *last;
    size_t used; /* of the current block */
    size_t peak, limit, hint, step;
    bool has_refused;
};

/* Counters of the process: no result depends on them. */
static atomic_size_t heap_calls;
static atomic_size_t fail_in;

size_t mem_count(void)
{
    return atomic_load_explicit(&heap_calls, memory_order_relaxed);
}

void mem_fail_after(size_t n)
{
    atomic_store(&fail_in, n);
}

static bool must_fail(void)
{
    size_t left = atomic_load_explicit(&fail_in, memory_order_relaxed);
    while (left > 0) {
        if (atomic_compare_exchange_weak(&fail_in, &left, left - 1)) return left == 1;
    }
    return false;
}

bool mem_size(size_t count, size_t bytes, size_t *out)
{
    if (__builtin_mul_overflow(count, bytes, out)) {
        *out = 0;
        return false;
    }
    return true;
}

/* Rounded up to whole aligned units; at least one. */
static bool round_up(size_t size, size_t *out)
{
    if (size > PTRDIFF_MAX - MEM_ALIGN) return false;
    *out = size == 0 ? MEM_ALIGN : (size + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    return true;
}

/* Large blocks in large pages, before they are touched: rows of tables and of projections lie far apart, and with
 * pages of 4 KB every one of them costs a walk through the page tables. */
static void ask_huge(void *p, size_t size)
{
#if defined(MADV_HUGEPAGE) && !defined(PM_SANITIZED)
    const uintptr_t page = (uintptr_t)2 << 20;
    uintptr_t from = ((uintptr_t)p + page - 1) / page * page,
              to = ((uintptr_t)p + size) / page * page;
    if (from < to) (void)madvise((void *)from, to - from, MADV_HUGEPAGE); /* refused: as before */
#else
    (void)p, (void)size;
#endif
}

static void *heap_take(size_t rounded)
{
    if (must_fail()) return NULL;
    atomic_fetch_add_explicit(&heap_calls, 1, memory_order_relaxed);
    void *p = aligned_alloc(MEM_ALIGN, rounded);
    if (p) ask_huge(p, rounded);
    return p;
}

/* ---- heap blocks ---- */

void *mem_alloc(size_t count, size_t bytes)
{
    size_t size = 0;
    if (!mem_size(count, bytes, &size) || !round_up(size, &size)) return NULL;
    void *p = heap_take(size);
    if (p) memset(p, 0, size);
    return p;
}

bool mem_grow(void *ptr_to_pointer, size_t *capacity, size_t need, size_t bytes)
{
    if (need <= *capacity) return true;
    size_t wanted = *capacity > 0 ? *capacity : FIRST_CAPACITY;
    while (wanted < need) {
        if (wanted > SIZE_MAX / 2) return false;
        wanted *= 2;
    }
    void *old = NULL;
    memcpy(&old, ptr_to_pointer, sizeof old); /* the caller's pointer may be of any object type */
    void *fresh = mem_alloc(wanted, bytes);
    if (!fresh) return false;
    if (old) memcpy(fresh, old, *capacity * bytes);
    free(old);
    memcpy(ptr_to_pointer, &fresh, sizeof fresh);
    *capacity = wanted;
    return true;
}

void mem_free(void *p)
{
    free(p);
}

void *mem_resize(void *p, size_t bytes)
{
    if (bytes == 0) {
        free(p);
        return NULL;
    }
    if (must_fail()) return NULL;
    atomic_fetch_add_explicit(&heap_calls, 1, memory_order_relaxed);
    return realloc(p, bytes);
}

/* ---- arenas ---- */

static char *block_at(block *b)
{
    return (char *)b + MEM_ALIGN;
}

static block *block_open(size_t room)
{
    size_t size = 0;
    if (room > PTRDIFF_MAX - 2 * MEM_ALIGN || !round_up(room + MEM_ALIGN, &size)) return NULL;
    block *b = heap_take(size);
    if (!b) return NULL;
    b->next = NULL;
    b->room = size - MEM_ALIGN;
    b->before = 0;
    ASAN_POISON_MEMORY_REGION(block_at(b), b->room);
    return b;
}

arena *arena_open(size_t hint)
{
    arena *a = mem_alloc(1, sizeof *a);
    if (!a) return NULL;
    a->step = FIRST_BLOCK;
    if (hint > 0) {
        a->first = a->current = block_open(hint);
        if (!a->first) {
            free(a);
            return NULL;
        }
    }
    return a;
}

/* Calls what was deferred behind the first `used` bytes. */
static void call_deferred(arena *a, size_t used)
{
    while (a->last && a->last->used >= used) {
        deferred *d = a->last;
        a->last = d->before;
        d->fn(d->arg);
    }
}

void arena_close(arena *a)
{
    if (!a) return;
    call_deferred(a, 0);
    for (block *b = a->first, *next = NULL; b; b = next) {
        next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(block_at(b), b->room);
        free(b);
    }
    free(a);
}

size_t arena_used(const arena *a)
{
    return a->current ? a->current->before + a->used : 0;
}

size_t arena_peak(const arena *a)
{
    return a->peak;
}

void arena_set_limit(arena *a, size_t bytes)
{
    a->limit = bytes;
}

/* Makes a block with `room` bytes current: a kept one if one fits, else a new one.  The chosen
 * block is linked behind the current one, so that blocks in use are always a prefix of it. */
static bool next_block(arena *a, size_t room)
{
    block **link = a->current ? &a->current->next : &a->first;
    block **from = link;
    while (*from && (*from)->room < room) from = &(*from)->next;
    block *b = *from;
    if (b) {
        *from = b->next;
    } else {
        b = block_open(room > a->step ? room : a->step);
        if (!b) return false;
        if (a->step < LARGEST_STEP) a->step *= 2;
    }
    b->next = *link;
    *link = b;
    b->before = arena_used(a);
    a->current = b;
    a->used = 0;
    return true;
}

static void *refuse(arena *a)
{
    a->has_refused = true;
    return NULL;
}

bool arena_has_refused(const arena *a)
{
    return a->has_refused;
}

/* Room for `size` bytes at a multiple of `align` (64 or 1) from the block's start; not zeroed. */
static void *take(arena *a, size_t size, size_t align)
{
    if (size > PTRDIFF_MAX - 2 * MEM_ALIGN) return refuse(a);
    size_t start = a->current ? (a->used + align - 1) / align * align : 0;
    bool fits = a->current && start <= a->current->room && size <= a->current->room - start;
    size_t total = arena_used(a);
    size_t after = fits ? a->current->before + start + size : total + size;
    if (a->limit > 0 && after > a->limit) return refuse(a);
    if (!fits) {
        if (!next_block(a, size)) return refuse(a);
        start = 0;
    }
    a->used = start + size;
    if (after > a->peak) a->peak = after;
    char *p = block_at(a->current) + start;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return p;
}

bool arena_defer(arena *a, void (*fn)(void *arg), void *arg)
{
    size_t used = arena_used(a);
    deferred *d = arena_alloc(a, 1, sizeof *d);
    if (!d) return false;
    *d = (deferred){a->last, fn, arg, used};
    a->last = d;
    return true;
}

void *arena_alloc_uncleared(arena *a, size_t count, size_t bytes)
{
    size_t size = 0;
    if (!mem_size(count, bytes, &size)) return refuse(a);
    return take(a, size ? size : 1, MEM_ALIGN);
}

void *arena_alloc(arena *a, size_t count, size_t bytes)
{
    void *p = arena_alloc_uncleared(a, count, bytes);
    return p ? memset(p, 0, count * bytes) : NULL;
}

char *arena_strndup(arena *a, const char *text, size_t len)
{
    if (len > PTRDIFF_MAX - 2 * MEM_ALIGN) return refuse(a);
    char *copy = take(a, len + 1, 1);
    if (!copy) return NULL;
    if (len > 0) memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

arena_mark arena_save(const arena *a)
{
    arena_mark m = {a->current, a->current ? a->used : 0};
    return m;
}

/* A mark of a still empty arena (block NULL) releases everything. */
void arena_release(arena *a, arena_mark m)
{
    block *target = m.block ? m.block : a->first;
    if (!target) return;
    if (a->last) call_deferred(a, m.block ? target->before + m.used : 0);
    for (block *b = target->next; b && a->current != target; b = b->next) {
        ASAN_POISON_MEMORY_REGION(block_at(b), b->room);
    }
    ASAN_POISON_MEMORY_REGION(block_at(target) + m.used, target->room - m.used);
    a->current = target;
    a->used = m.used;
}

void arena_reset(arena *a)
{
    arena_mark all = {NULL, 0};
    arena_release(a, all);
}
