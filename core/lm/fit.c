/* SPDX-License-Identifier: MIT
 *
 * Training: options, the loop over steps, measurements on the tuning part, and what is kept in the end.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "lm/fit_private.h"

const lm_fit_options LM_FIT_DEFAULT = {
    .goal = NN_GOAL_LM,
    .masked = true,
    .mask_share = .15,
    .pool = NN_POOL_MEAN,
    .batch_tokens = 4096,
    .epochs = 1,
    .schedule = {.peak = 1e-4, .warm_up = 100, .decay = NN_LINEAR},
    .adamw = NN_ADAMW_DEFAULT,
    .clip = 1,
    .tune_share = .05,
    .lora_alpha = 16,
    .seed = 1,
};

typedef struct run {
    fit_job *j;
    fit_state *s;
    fit_batch batch;
    fit_order order;
    nn_graph *graph;
    uint64_t point_every;
    struct timespec begun, saved;
    uint64_t first_step, first_tokens;
} run;

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

/* ---- progress, and stopping ---- */

static pm_status stop(run *r, pm_status why, pm_err *err)
{
    const fit_numbers *n = &r->s->num;
    const pm_status s = fit_save(r->j, r->s, err);
    return s ? s
             : err_set(err, why, "training - stopped at step %llu of %llu%s",
                       (unsigned long long)n->step, (unsigned long long)r->j->steps,
                       r->j->o.checkpoint ? " - the same call goes on from its checkpoint" : "");
}

static pm_status tell(run *r, pm_err *err)
{
    const lm_fit_watch *w = r->j->watch;
    const fit_numbers *n = &r->s->num;
    if (!w || !w->progress) return PM_OK;
    const double spent = seconds_since(&r->begun), steps = (double)(n->step - r->first_step);
    const double speed = spent > 0 ? (double)(n->tokens - r->first_tokens) / spent : 0;
    const double left = steps > 0 ? spent / steps * (double)(r->j->steps - n->step) : NAN;
    const double loss = n->sum_n > 0 ? n->sum / n->sum_n : n->last_loss;
    const pm_status s =
        w->progress(w->arg, (double)n->step / (double)r->j->steps, loss, speed, left);
    return s ? stop(r, s, err) : PM_OK;
}

static pm_status save_in_time(run *r, pm_err *err)
{
    const double every = r->j->o.checkpoint_seconds > 0 ? r->j->o.checkpoint_seconds : 60;
    if (!r->j->o.checkpoint || seconds_since(&r->saved) < every) return PM_OK;
    const pm_status s = fit_save(r->j, r->s, err);
    clock_gettime(CLOCK_MONOTONIC, &r->saved);
    return s;
}

/* ---- a step ---- */

static pm_status diverged(const run *r, pm_status s, pm_err *err)
{
    const lm_fit_options *o = &r->j->o;
    if (s != PM_E_DIVERGED)
        return err_wrap(err, s, "training step %llu", (unsigned long long)r->s->num.step + 1);
    return err_set(err, s,
                   "training step %llu - the loss or its gradient is no finite number - choose a "
                   "lower rate than %g, "
                   "a longer warm-up than %g steps%s",
                   (unsigned long long)r->s->num.step + 1, o->schedule.peak, o->schedule.warm_up,
                   o->clip > 0 ? ", or a smaller clip" : ", or set clip to 1");
}

/* Gradients of the whole batch, micro batch by micro batch. */
static pm_status gradients(run *r, double *loss, pm_err *err)
{
    fit_state *s = r->s;
    *loss = 0;
    for (size_t m = 0; m < r->batch.n_micro; m++) {
        nn_step step = fit_batch_step(r->j, &r->batch, m, false);
        double part = 0;
        step.step = (s->num.step << 16) + m; /* every micro batch drops out its own */
        if (r->j->o.goal == NN_GOAL_LM && !step.asked.n) continue;
        const pm_status st = nn_graph_step(r->graph, s->slab, s->has_lora ? &s->lora : NULL, &step,
                                           &part, s->has_lora ? NULL : s->grad, err);
        if (st) return diverged(r, st, err);
        *loss += part;
    }
    return PM_OK;
}

static pm_status one_step(run *r, pm_err *err)
{
    const fit_job *j = r->j;
    fit_state *s = r->s;
    fit_numbers *n = &s->num;
    double loss = 0;
    fit_batch_next(j, &r->order, &r->batch);
    pm_status st = gradients(r, &loss, err);
    if (st) return st;
    const double norm = nn_norm(j->c, j->c->pool, s->grad, s->n),
                 rate = nn_rate(&j->o.schedule, n->step + 1);
    if (!isfinite(norm)) return diverged(r, PM_E_DIVERGED, err);
    nn_adamw_step(j->c, j->c->pool, &j->o.adamw, s->has_lora ? NULL : j->l, s->n, rate,
                  nn_shrink(norm, j->o.clip), n->step + 1, s->value, s->grad, s->mean, s->square);
    n->step++;
    n->position = r->order.at;
    n->tokens += r->batch.tokens;
    n->sum += loss;
    n->sum_n++;
    if (n->step % r->point_every && n->step != j->steps) return PM_OK;
    n->last_loss = n->sum / n->sum_n;
    n->sum = n->sum_n = 0;
    st = fit_point_add(j, s, CURVE_TRAIN, n->last_loss, err);
    return st ? st : fit_point_add(j, s, CURVE_RATE, rate, err);
}

/* ---- the tuning part ---- */

static pm_status tune_loss(run *r, double *out, pm_err *err)
{
    fit_state *s = r->s;
    double sum = 0, items = 0;
    for (size_t at = 0; at < r->j->tune.n;) {
        fit_batch_tune(r->j, &at, &r->batch);
        items += r->batch.items;
        for (size_t m = 0; m < r->batch.n_micro; m++) {
            nn_step step = fit_batch_step(r->j, &r->batch, m, true);
            double part = 0;
            step.scale = 1;
            if (r->j->o.goal == NN_GOAL_LM && !step.asked.n) continue;
            pm_status st = nn_graph_step(r->graph, s->slab, s->has_lora ? &s->lora : NULL, &step,
                                         &part, NULL, err);
            if (st) return diverged(r, st, err);
            sum += part;
            st = tell(r, err);
            if (st) return st;
        }
    }
    *out = items > 0 ? sum / items : 0;
    return PM_OK;
}

static bool must_measure(const run *r)
{
    const fit_numbers *n = &r->s->num;
    return r->j->tune.n && n->measured != n->step + 1 &&
           (n->step % r->j->o.tune_every == 0 || n->step == r->j->steps);
}

static pm_status measure(run *r, pm_err *err)
{
    fit_state *s = r->s;
    fit_numbers *n = &s->num;
    double loss = 0;
    nn_lora held = s->lora; /* forward only: no gradients of adapters */
    s->lora.grad = NULL;
    pm_status st = tune_loss(r, &loss, err);
    s->lora = held;
    if (st) return st;
    n->measured = n->step + 1;
    if (!s->has_best || loss < n->best_tune) {
        memcpy(s->best, s->value, s->n * sizeof *s->best);
        s->has_best = true;
        n->best_tune = loss;
        n->best_loss = n->last_loss;
        n->best_step = n->step;
        n->worse = 0;
    } else {
        n->worse++;
        n->stopped = r->j->o.patience && n->worse >= r->j->o.patience;
    }
    return fit_point_add(r->j, s, CURVE_TUNE, loss, err);
}

/* ---- the loop ---- */

static pm_status loop(run *r, pm_err *err)
{
    const fit_numbers *n = &r->s->num;
    pm_status s = PM_OK;
    while (!s) {
        if (must_measure(r)) s = measure(r, err);
        if (s || n->stopped || n->step == r->j->steps) break;
        s = one_step(r, err);
        if (!s) s = tell(r, err);
        if (!s) s = save_in_time(r, err);
    }
    return s ? s : fit_save(r->j, r->s, err);
}

static pm_status begin(run *r, arena *a, const float *start, bool *resumed, pm_err *err)
{
    fit_job *j = r->j;
    fit_state *s = r->s;
    pm_status st = fit_batch_open(j, a, &r->batch, &r->order, err);
    fit_key(j, start, s->key);
    if (!st) st = fit_load(j, s, resumed, err);
    if (!st) st = nn_graph_open(j->c, j->l, j->most_tokens, j->most_sequences, &r->graph, err);
    if (st) return st;
    for (size_t i = 0; i < s->n_points && j->watch && j->watch->point; i++) {
        const fit_point *p = s->point + i;
        j->watch->point(j->watch->arg, fit_curve[(int)p->curve], p->step, p->value);
    }
    r->order.at = s->num.position;
    r->point_every = j->steps >= 400 ? j->steps / 200 : 1;
    r->first_step = s->num.step;
    r->first_tokens = s->num.tokens;
    clock_gettime(CLOCK_MONOTONIC, &r->begun);
    r->saved = r->begun;
    return PM_OK;
}

/* ---- the state ---- */

static const uint32_t adapted = 1u << NN_Q | 1u << NN_K | 1u << NN_V | 1u << NN_O | 1u << NN_GATE |
                                1u << NN_UP | 1u << NN_DOWN;

static pm_status state_open(const fit_job *j, const float *start, arena *a, fit_state *s,
                            pm_err *err)
{
    const nn_layout *l = j->l;
    s->num.last_loss = s->num.best_loss = s->num.best_tune = NAN;
    s->slab = arena_alloc_uncleared(a, l->floats, sizeof *s->slab);
    if (s->slab) memcpy(s->slab, start, l->floats * sizeof *start);
    s->has_lora = j->o.lora_rank > 0;
    if (s->has_lora) {
        const pm_status st = nn_lora_open(l, adapted, j->o.lora_rank, j->o.lora_alpha,
                                          rng_derive(j->o.seed, "adapters"), a, &s->lora, err);
        if (st) return st;
    }
    s->n = s->has_lora ? s->lora.floats : l->floats;
    s->value = s->has_lora ? s->lora.value : s->slab;
    s->grad = s->has_lora ? s->lora.grad : arena_alloc(a, s->n, sizeof *s->grad);
    s->mean = arena_alloc(a, s->n, sizeof *s->mean);
    s->square = arena_alloc(a, s->n, sizeof *s->square);
    s->best = j->tune.n ? arena_alloc(a, s->n, sizeof *s->best) : NULL;
    if (!arena_has_refused(a)) return PM_OK;
    return err_set(err, PM_E_MEMORY,
                   "training - %zu weights, their gradients, two moments and the best ones do not "
                   "fit into memory - "
                   "choose a smaller model or adapters (lora_rank)",
                   l->n_parameters);
}

static void finish(const run *r, float *slab, lm_fit_result *out)
{
    fit_state *s = r->s;
    const fit_numbers *n = &s->num;
    if (s->has_best) memcpy(s->value, s->best, s->n * sizeof *s->best);
    if (s->has_lora) nn_lora_merge(&s->lora, s->slab);
    memcpy(slab, s->slab, r->j->l->floats * sizeof *slab);
    out->slab = slab;
    out->steps = n->step;
    out->tokens = n->tokens;
    out->best_step = s->has_best ? n->best_step : n->step;
    out->loss = s->has_best ? n->best_loss : n->last_loss;
    out->tune_loss = n->best_tune;
    out->stopped_early = n->stopped;
    out->cut = r->j->cut;
}

static pm_status fit(fit_job *j, const float *start, arena *scratch, float *slab,
                     lm_fit_result *out, pm_err *err)
{
    fit_state state = {0};
    run r = {.j = j, .s = &state};
    pm_status s = fit_data_read(j, err);
    if (!s) s = fit_plan(j, err);
    if (!s) fit_schedule(j);
    if (!s) s = state_open(j, start, scratch, &state, err);
    if (!s) s = begin(&r, scratch, start, &out->resumed, err);
    if (!s) s = loop(&r, err);
    if (!s) finish(&r, slab, out);
    nn_graph_close(r.graph);
    mem_free(state.point);
    return s;
}

pm_status lm_fit(const compute *c, const nn_layout *l, const float *start, const tokenizer *t,
                 const lm_fit_data *data, const lm_fit_options *o, const lm_fit_watch *watch,
                 arena *a, lm_fit_result *out, pm_err *err)
{
    fit_job j = {.c = c, .l = l, .t = t, .data = data, .o = *o, .watch = watch};
    *out = (lm_fit_result){0};
    j.mask_seed = rng_derive(o->seed, "masks");
    j.order_seed = rng_derive(o->seed, "order");
    j.drop_seed = rng_derive(o->seed, "dropout");
    pm_status s = fit_check(&j, err);
    if (s) return s;
    float *slab = arena_alloc_uncleared(a, l->floats, sizeof *slab);
    arena *scratch = arena_open(0);
    s = slab && scratch ? fit(&j, start, scratch, slab, out, err)
                        : err_set(err, PM_E_MEMORY, "training - memory is out");
    fit_data_close(&j);
    arena_close(scratch);
    return s;
}
