/* SPDX-License-Identifier: MIT
 *
 * Flags of single prompts; all room is made when it is opened.
 */
#include "plug/flags_route.h"

struct flags_route {
    const flags *f;
    flag_policy policy;
    flags_ctx *ctx;
    float *weight;     /* [n_terms] of the one prompt */
    const float **row; /* [n_terms] */
};

pm_status flags_route_open(const flags *f, flag_policy policy, flags_route **out, pm_err *err)
{
    flags_route *r = mem_alloc(1, sizeof *r);
    *out = NULL;
    if (!r) return err_set(err, PM_E_MEMORY, "flags");
    size_t n = f ? flags_terms(f) : 0;
    *r = (flags_route){.f = policy == FLAGS_OFF ? NULL : f, .policy = policy};
    r->weight = mem_alloc(n + 1, sizeof *r->weight);
    r->row = mem_alloc(n + 1, sizeof *r->row);
    pm_status s = r->weight && r->row ? PM_OK : err_set(err, PM_E_MEMORY, "flags");
    if (!s && r->f) s = flags_ctx_open(r->f, &r->ctx, err);
    if (s)
        flags_route_close(r);
    else
        *out = r;
    return s;
}

void flags_route_close(flags_route *r)
{
    if (!r) return;
    flags_ctx_close(r->ctx);
    mem_free(r->weight);
    mem_free((void *)r->row);
    mem_free(r);
}

pm_status flags_route_next(flags_route *r, pm_str text, const pm_turn *turn, size_t n_turns,
                           pipeline *use, flags_result *out, pm_err *err)
{
    pm_status s = flags_read(r->f, r->ctx, r->policy, text, turn, n_turns, out, err);
    use->weight_row = NULL;
    if (s || !r->f || !flags_weigh(r->f, out)) return s;
    for (size_t k = 0; k < use->n_terms; k++) {
        r->weight[k] = (float)flags_weight(out, k, use->term[k].weight);
        r->row[k] = &r->weight[k];
    }
    use->weight_row = r->row;
    return PM_OK;
}
