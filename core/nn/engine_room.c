/* SPDX-License-Identifier: MIT
 *
 * Rooms of callers, and teams: stages of a forward pass that several workers run in step.
 */
#include <sched.h>

#include "nn/engine_own.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

nn_room *nn_room_open(void)
{
    return mem_alloc(1, sizeof(nn_room));
}

void nn_room_close(nn_room *r)
{
    if (!r) return;
    mem_free(r->hidden);
    mem_free(r->scratch);
    mem_free(r);
}

void *carve(carver *k, size_t count, size_t bytes)
{
    size_t n, at = k->used;
    if (!mem_size(count, bytes, &n) || n > SIZE_MAX / 2 - MEM_ALIGN - at) {
        k->overflow = true;
        return NULL;
    }
    k->used = at + (n + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    return k->at ? k->at + at : NULL;
}

static bool at_least(void **block, size_t *have, size_t want)
{
    if (*have >= want) return true;
    mem_free(*block);
    *have = 0;
    *block = mem_alloc(1, want);
    if (*block) *have = want;
    return *block != NULL;
}

bool room_hidden(nn_room *r, size_t count, size_t bytes)
{
    size_t n;
    return mem_size(count, bytes, &n) && at_least(&r->hidden, &r->hidden_bytes, n);
}

bool room_scratch(nn_room *r, const carver *k)
{
    return !k->overflow && at_least(&r->scratch, &r->scratch_bytes, k->used);
}

/* Waits for the last blocks of a stage, which others have in hand: soon done, unless their core was taken away. */
static void wait_for(atomic_size_t *done, size_t n)
{
    enum { PATIENCE = 4000 };
    for (size_t i = 0; atomic_load_explicit(done, memory_order_acquire) < n; i++) {
        if (i >= PATIENCE) sched_yield();
#if defined(__x86_64__) || defined(__i386__)
        else
            _mm_pause();
#endif
    }
}

void team_for(team_member *m, size_t n, size_t grain, team_body body, void *arg)
{
    if (n == 0) return;
    if (!m->stage) {
        body(arg, 0, n, m->worker);
        return;
    }
    team_stage *s = &m->stage[m->at++];
    if (grain == 0) grain = 1;
    for (;;) {
        size_t lo = atomic_fetch_add_explicit(&s->next, grain, memory_order_relaxed);
        if (lo >= n) break;
        size_t hi = n - lo < grain ? n : lo + grain;
        body(arg, lo, hi, m->worker);
        atomic_fetch_add_explicit(&s->done, hi - lo, memory_order_acq_rel);
    }
    wait_for(&s->done, n);
}
