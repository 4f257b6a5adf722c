/* SPDX-License-Identifier: MIT
 *
 * What plugins told beside their results (told.h).  Cuts come from any worker; points from builds, in the caller's
 * thread.
 */
#include "plug/told.h"

#include <math.h>
#include <string.h>

#include "plug/host.h"

enum { POINTS_MOST = 1 << 16 }; /* of one build */

void told_cut_add(pm_call *c, uint64_t texts, uint64_t texts_cut, uint64_t n_tokens,
                  uint64_t tokens_cut)
{
    call_ctx *ctx = call_slot_of(c)->ctx;
    if (texts_cut > texts || tokens_cut > n_tokens) {
        call_violation(c, "told of %llu texts cut out of %llu, and %llu tokens of %llu",
                       (unsigned long long)texts_cut, (unsigned long long)texts,
                       (unsigned long long)tokens_cut, (unsigned long long)n_tokens);
        return;
    }
    atomic_fetch_add_explicit(&ctx->told.texts, texts, memory_order_relaxed);
    atomic_fetch_add_explicit(&ctx->told.texts_cut, texts_cut, memory_order_relaxed);
    atomic_fetch_add_explicit(&ctx->told.tokens, n_tokens, memory_order_relaxed);
    atomic_fetch_add_explicit(&ctx->told.tokens_cut, tokens_cut, memory_order_relaxed);
}

static bool is_curve_name(const char *name)
{
    const size_t n = name ? strlen(name) : 0;
    return n > 0 && n < sizeof((told_point *)0)->curve && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

void told_point_add(pm_call *c, const char *curve, double x, double y)
{
    call_slot *s = call_slot_of(c);
    call_ctx *ctx = s->ctx;
    if (s->is_body || ctx->mode != CALL_BUILD) {
        call_violation(c, "told a point of a curve outside a build, or inside a parallel body");
        return;
    }
    if (!is_curve_name(curve) || !isfinite(x) || isnan(y)) {
        call_violation(
            c, "told a point of the curve '%.40s' at (%g, %g); want [a-z][a-z0-9_]* and numbers",
            curve ? curve : "(null)", x, y);
        return;
    }
    told_kept *k = &ctx->told;
    if (k->n == POINTS_MOST) {
        call_violation(c, "told more than %d points of curves", POINTS_MOST);
        return;
    }
    if (!mem_grow(&k->point, &k->capacity, k->n + 1, sizeof *k->point)) {
        atomic_store(&ctx->out_of_memory, true);
        return;
    }
    told_point *p = &k->point[k->n++];
    memcpy(p->curve, curve, strlen(curve) + 1);
    p->x = x;
    p->y = y;
}

told_cut told_take_cut(call_ctx *c)
{
    return (told_cut){atomic_exchange(&c->told.texts, 0), atomic_exchange(&c->told.texts_cut, 0),
                      atomic_exchange(&c->told.tokens, 0), atomic_exchange(&c->told.tokens_cut, 0)};
}

const told_point *told_take_points(call_ctx *c, arena *a, size_t *n)
{
    told_point *out = c->told.n ? arena_alloc(a, c->told.n, sizeof *out) : NULL;
    *n = out ? c->told.n : 0;
    if (out) memcpy(out, c->told.point, *n * sizeof *out);
    c->told.n = 0;
    return out;
}

void told_close(call_ctx *c)
{
    mem_free(c->told.point);
    c->told = (told_kept){0};
}
