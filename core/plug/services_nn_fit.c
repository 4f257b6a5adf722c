/* SPDX-License-Identifier: MIT
 *
 * pm.nn/1's fit: options with their defaults, progress and curves for the host, and the trained model in the place of
 * the one that it began from.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lm/fit.h"
#include "lm/stored.h"
#include "plug/services.h"

static pm_status fit_progress(void *arg, double done, double loss, double tokens_per_second,
                              double seconds_left)
{
    pm_call *c = arg;
    const pm_metric m[] = {
        {"loss", loss}, {"tokens_per_s", tokens_per_second}, {"seconds_left", seconds_left}};
    const double share = .02 + .98 * done; /* the vocabulary came first */
    return c->host->progress(c, share < .9999 ? share : .9999, m, sizeof m / sizeof *m);
}

static void fit_point(void *arg, const char *curve, double step, double value)
{
    pm_call *c = arg;
    c->host->point(c, curve, step, value);
}

static double given(double v, double fallback)
{
    return v > 0 ? v : fallback;
}

static lm_fit_options options_of(const pm_call *c, const pm_nn *m, const pm_nn_fit *how)
{
    static const nn_goal goal[] = {NN_GOAL_LM, NN_GOAL_CLASSES, NN_GOAL_REGRESS, NN_GOAL_SOFT};
    static const nn_decay decay[] = {NN_CONSTANT, NN_LINEAR, NN_COSINE};
    const bool fresh = m->bytes_trained == 0 && lm_weights(m->m)->slab != NULL &&
                       how->goal == PM_NN_LM;
    lm_fit_options o = LM_FIT_DEFAULT;
    o.goal = goal[(size_t)how->goal < 4 ? how->goal : 0];
    o.masked = !lm_config(m->m)->causal;
    o.mask_share = given(how->mask_share, .15);
    o.mask_in_turn = PM_HAS(how, mask_in_turn) && how->mask_in_turn;
    o.pool = service_nn_pooling(how->pool);
    o.max_tokens = how->max_tokens ? how->max_tokens : lm_max_tokens(m->m);
    o.batch_tokens = how->batch_tokens ? how->batch_tokens : 4096;
    o.epochs = given(how->epochs, 1);
    o.max_steps = how->max_steps;
    o.schedule.peak = given(how->rate, fresh ? 5e-4 : 5e-5);
    o.schedule.warm_up = how->warm_up > 0 ? how->warm_up : .05;
    o.schedule.decay = decay[(size_t)how->decay < 3 ? how->decay : 0];
    o.adamw.weight_decay = given(how->weight_decay, .01);
    o.clip = given(how->clip, 1);
    o.tune_share = given(how->tune_share, .02);
    o.patience = how->patience;
    o.lora_rank = how->lora_rank;
    o.lora_alpha = given(how->lora_alpha, 2 * (double)how->lora_rank);
    o.bf16_ok = lm_precision(m->m) != NN_EXACT;
    o.seed = c->seed;
    o.checkpoint = call_slot_of(c)->ctx->resume;
    return o;
}

static uint64_t bytes_of(const pm_nn_fit *how)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < how->n; i++)
        bytes += how->text[i].len + (how->pair ? how->pair[i].len : 0);
    return bytes;
}

static pm_status train(pm_call *c, const pm_nn *from, const pm_nn_fit *how, arena *own,
                       lm_fit_result *out)
{
    call_slot *slot = call_slot_of(c);
    compute mine = *slot->ctx->env.compute;
    mine.pool = call_pool(c);
    const nn_weights *w = lm_weights(from->m);
    const lm_fit_options o = options_of(c, from, how);
    const lm_fit_watch watch = {fit_progress, fit_point, c};
    const lm_fit_data data = {.text = how->text,
                              .pair = how->pair,
                              .n = how->n,
                              .target = how->target,
                              .weight = how->weight,
                              .tune_text = how->tune_text,
                              .tune_pair = how->tune_pair,
                              .n_tune = how->n_tune,
                              .tune_target = how->tune_target};
    const float *start = w->slab;
    if (!start) {
        float *all = c->host->scratch(c, w->layout->floats, sizeof *all);
        if (!all) return PM_E_MEMORY;
        pm_status st = nn_weights_read(w, all, &slot->err);
        if (st != PM_OK) return st;
        start = all;
    }
    return lm_fit(&mine, w->layout, start, lm_tokenizer(from->m), &data, &o, &watch, own, out,
                  &slot->err);
}

static void tell(pm_call *c, const lm_fit_result *r)
{
    c->host->cut(c, r->cut.texts, r->cut.texts_cut, r->cut.tokens, r->cut.tokens_cut);
    c->host->note(
        c, PM_NOTE_INFO,
        "trained %llu steps on %llu tokens; best at step %llu: loss %.4f, held out %.4f%s%s",
        (unsigned long long)r->steps, (unsigned long long)r->tokens,
        (unsigned long long)r->best_step, r->loss, r->tune_loss,
        r->stopped_early ? "; stopped early" : "", r->resumed ? "; resumed" : "");
}

pm_status service_nn_fit(pm_call *c, pm_nn **model, const pm_nn_fit *how)
{
    call_slot *slot = call_slot_of(c);
    arena *own = call_own_arena(c);
    lm_fit_result r = {0};
    if (!own) return PM_E_CONTRACT;
    if (!how || !PM_HAS(how, lora_alpha) || !how->text || how->n == 0)
        return c->host->fail(c, PM_E_ARG, "nn.fit: an incomplete pm_nn_fit, or no texts");
    const lm *from = (*model)->m;
    pm_status st = train(c, *model, how, own, &r);
    pm_nn *fresh = st == PM_OK ? c->host->own(c, 1, sizeof *fresh) : NULL;
    if (st == PM_OK && !fresh) return PM_E_MEMORY;
    if (st == PM_OK) {
        const lm_options o = {.precision = lm_precision(from), .max_tokens = lm_max_tokens(from)};
        st = lm_of(slot->ctx->env.compute, lm_config(from), r.slab, lm_tokenizer(from), &o, own,
                   &fresh->m, &slot->err);
    }
    if (st != PM_OK) {
        snprintf(slot->text, sizeof slot->text, "%s", err_text(&slot->err));
        return st;
    }
    lm_take_manners(fresh->m, from);
    fresh->bytes_trained = (*model)->bytes_trained + bytes_of(how);
    *model = fresh;
    tell(c, &r);
    return PM_OK;
}
