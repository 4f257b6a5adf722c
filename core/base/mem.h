/* SPDX-License-Identifier: MIT
 *
 * Memory: the only file that calls malloc.  Arenas give zeroed, 64-byte aligned blocks with one
 * owner and no free; mem_* is for the few things that grow or that foreign libraries hand over.
 */
#ifndef PM_BASE_MEM_H
#define PM_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define MEM_ALIGN 64

typedef struct arena arena;

/* A mark remembers how full an arena is; releasing to it frees nothing but reuses the room. */
typedef struct arena_mark {
    void *block;
    size_t used;
} arena_mark;

/* An empty arena whose first block holds at least `hint` bytes (0: allocated on first use).
 * NULL when memory is out.  Close frees everything; NULL is allowed. */
arena *arena_open(size_t hint);
void arena_close(arena *a);

/* count * bytes zeroed, 64-byte aligned bytes; never NULL for a zero size.  NULL on overflow, when
 * the limit would be passed, or when memory is out. */
void *arena_alloc(arena *a, size_t count, size_t bytes);
/* The same, but holding anything: for large rooms that are written before they are read. */
void *arena_alloc_uncleared(arena *a, size_t count, size_t bytes);
char *arena_strdup(arena *a, const char *text);
char *arena_strndup(arena *a, const char *text, size_t len); /* NUL-terminated; not aligned */

arena_mark arena_save(const arena *a);
void arena_release(arena *a, arena_mark m); /* keeps blocks for reuse: no malloc afterwards */
void arena_reset(arena *a);                 /* release everything, keep blocks */
/* Calls fn(arg) when the arena is closed, or released to a mark of before: for the few things that are not memory
 * but live as long.  The last one is called first.  False when memory is out: nothing will be called. */
bool arena_defer(arena *a, void (*fn)(void *arg), void *arg);
void arena_set_limit(arena *a, size_t bytes); /* 0 = none */
size_t arena_used(const arena *a);
size_t arena_peak(const arena *a);

/* Some request was ever answered with NULL: who builds a tree out of many small pieces asks once, at the
 * end. */
bool arena_has_refused(const arena *a);

/* count * bytes without overflow; false (and *out = 0) when it does not fit. */
bool mem_size(size_t count, size_t bytes, size_t *out);

/* Plain heap blocks.  mem_grow doubles *capacity (elements of `bytes`) until it holds `need`;
 * contents are kept, new bytes are zero; false leaves *ptr as it was. */
void *mem_alloc(size_t count, size_t bytes); /* zeroed, 64-byte aligned */
bool mem_grow(void *ptr_to_pointer, size_t *capacity, size_t need, size_t bytes);
void mem_free(void *p);

/* realloc's contract, for the allocator hooks of foreign libraries: 16-byte aligned, not zeroed; 0
 * bytes frees and gives NULL. */
void *mem_resize(void *p, size_t bytes);

/* Heap allocations made by this file so far, in all threads: a test asks for zero more. */
size_t mem_count(void);

/* For tests: the n-th heap allocation from now fails, once; 0 switches off.  Hostile builds
 * (--enable-hostile) also begin with tiny blocks, so that every growth happens. */
void mem_fail_after(size_t n);

#endif
