/* SPDX-License-Identifier: MIT
 *
 * How far a label "this expert is the best one" can be trusted (docs/metrics.md, section 4): a prompt is a few
 * hundred characters, and which expert has the lowest loss on it is partly luck.  The spans of every test prompt
 * are drawn again with replacement, the same spans for every expert, and the best expert of the redrawn text is
 * looked at as a policy: what an oracle would reach that knew the experts but not this very text.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

#define REDRAWS 200
#define LABEL   "oracle, labels re-drawn"

/* EXP_PARTS numbers of 3 bits each come from one draw. */
_Static_assert(EXP_PARTS == 8, "a span is chosen by 3 bits");

static bool knows_parts(const exp_run *r, size_t n)
{
    for (size_t j = 0; j < r->lib->view.n; j++)
        for (size_t i = 0; i < n; i++)
            if (!isfinite(pm_crow(mat_const(r->expert[j].part), i)[0])) return false;
    return true;
}

/* The expert with the lowest loss over spans that count weight[p] times. */
static uint32_t best_of(const exp_run *r, size_t i, const double *weight)
{
    uint32_t best = 0;
    double lowest = INFINITY;
    for (size_t j = 0; j < r->lib->view.n; j++) {
        const float *part = pm_crow(mat_const(r->expert[j].part), i);
        double loss = 0;
        for (size_t p = 0; p < EXP_PARTS; p++) loss += weight[p] * (double)part[p];
        if (loss < lowest) {
            lowest = loss;
            best = (uint32_t)j;
        }
    }
    return best;
}

static void redraw(const exp_run *r, uint64_t seed, pm_mat share)
{
    for (size_t i = 0; i < share.rows; i++)
        for (uint32_t k = 0; k < REDRAWS; k++) {
            double weight[EXP_PARTS] = {0};
            uint64_t bits = rng_bits(seed, k, i);
            for (size_t p = 0; p < EXP_PARTS; p++, bits >>= 3) weight[bits & 7] += 1;
            pm_row(share, i)[best_of(r, i, weight)] += 1.0f / REDRAWS;
        }
}

static pm_status split_half(exp_run *r, seed_work *w, pm_err *err)
{
    double odd[EXP_PARTS], even[EXP_PARTS], sum = 0;
    for (size_t p = 0; p < EXP_PARTS; p++) {
        odd[p] = (double)(p % 2);
        even[p] = 1 - odd[p];
    }
    arena *scratch = arena_open(0);
    double *agree = scratch ? arena_alloc(scratch, w->truth.n, sizeof *agree) : NULL;
    bootstrap *draws;
    pm_status s = agree ? bootstrap_draw(&r->x->bootstrap, r->env.compute, w->truth.cluster,
                                         w->truth.n, scratch, &draws, err)
                        : err_set(err, PM_E_MEMORY, "agreement of %zu prompts", w->truth.n);
    if (!s) {
        for (size_t i = 0; i < w->truth.n; i++) {
            agree[i] = best_of(r, i, odd) == best_of(r, i, even) ? 1 : 0;
            sum += agree[i];
        }
        w->split_half = sum / (double)w->truth.n;
        bootstrap_mean(draws, r->env.compute, agree, &w->split_half_lo, &w->split_half_hi);
    }
    arena_close(scratch);
    return s;
}

pm_status exp_ceiling(exp_run *r, seed_work *w, pm_err *err)
{
    size_t n = w->n_baselines;
    if (!r->x->corpus || !knows_parts(r, w->truth.n)) return PM_OK;
    policy *more = arena_alloc(r->a, n + 1, sizeof *more);
    pm_mat share = mat_new(r->a, w->truth.n, w->truth.m);
    if (!more || !share.at) return err_set(err, PM_E_MEMORY, "labels of %zu prompts", w->truth.n);
    memcpy(more, w->baseline, n * sizeof *more);
    redraw(r, rng_derive(w->seed, "labels"), share);
    more[n] =
        (policy){.label = LABEL, .role = POLICY_CEILING, .share = mat_const(share), .setting = ""};
    w->baseline = more;
    w->n_baselines = n + 1;
    w->has_redrawn = true;
    return split_half(r, w, err);
}
