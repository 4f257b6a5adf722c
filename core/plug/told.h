/* SPDX-License-Identifier: MIT
 *
 * What plugins told beside their results: texts that were cut at a limit, and points of curves of a build.  Kept in the
 * call context until somebody takes it.
 */
#ifndef PM_PLUG_TOLD_H
#define PM_PLUG_TOLD_H

#include "plug/call.h"

typedef struct told_cut { /* sums over calls */
    uint64_t texts, texts_cut, tokens, tokens_cut;
} told_cut;

typedef struct told_point {
    char curve[32];
    double x, y;
} told_point;

/* Since the last take; the counters begin anew. */
told_cut told_take_cut(call_ctx *c);
/* Points of the last build, in the order told; into `a`.  NULL and *n = 0 where there are none. */
const told_point *told_take_points(call_ctx *c, arena *a, size_t *n);

/* The host table's entries (host.c), and their end. */
void told_cut_add(pm_call *c, uint64_t texts, uint64_t texts_cut, uint64_t n_tokens,
                  uint64_t tokens_cut);
void told_point_add(pm_call *c, const char *curve, double x, double y);
void told_close(call_ctx *c);

#endif
