/* SPDX-License-Identifier: MIT
 *
 * The options of a training: defaults that depend on the model, and what cannot be meant.
 */
#include <math.h>

#include "lm/fit_private.h"

enum { LONGEST = 512, BATCH = 4096, MICRO = 8192 };

static pm_status bad(pm_err *err, const char *field, double found, const char *wanted)
{
    return err_set(err, PM_E_ARG, "training.%s - found %g - wanted %s", field, found, wanted);
}

/* Written so that NaN is outside. */
static bool within(double v, double lo, double hi)
{
    return v >= lo && v <= hi;
}

static pm_status check_rates(const lm_fit_options *o, pm_err *err)
{
    const nn_schedule *s = &o->schedule;
    const nn_adamw *a = &o->adamw;
    if (!(s->peak > 0 && s->peak <= 100))
        return bad(err, "schedule.peak", s->peak, "a rate above 0, such as 0.0001");
    if (!within(s->warm_up, 0, 1e15))
        return bad(err, "schedule.warm_up", s->warm_up, "a number of steps");
    if (s->decay < NN_CONSTANT || s->decay > NN_COSINE)
        return bad(err, "schedule.decay", (double)s->decay, "constant, linear or cosine");
    if (!within(s->floor, 0, 1))
        return bad(err, "schedule.floor", s->floor, "a share of the peak in [0, 1]");
    if (!(a->beta_1 >= 0 && a->beta_1 < 1))
        return bad(err, "adamw.beta_1", a->beta_1, "a number in [0, 1)");
    if (!(a->beta_2 >= 0 && a->beta_2 < 1))
        return bad(err, "adamw.beta_2", a->beta_2, "a number in [0, 1)");
    if (!within(a->eps, 1e-30, 1)) return bad(err, "adamw.eps", a->eps, "a small number above 0");
    if (!within(a->weight_decay, 0, 10))
        return bad(err, "adamw.weight_decay", a->weight_decay, "a number in [0, 10]");
    if (!within(o->clip, 0, 1e30)) return bad(err, "clip", o->clip, "a norm, or 0 for none");
    return PM_OK;
}

static pm_status check_sizes(fit_job *j, pm_err *err)
{
    lm_fit_options *o = &j->o;
    const size_t most = j->l->config->n_positions;
    if (!o->max_tokens) o->max_tokens = most < LONGEST ? most : LONGEST;
    if (o->max_tokens > most)
        return err_set(
            err, PM_E_ARG,
            "training.max_tokens - found %zu - the model has %zu positions - choose %zu or fewer",
            o->max_tokens, most, most);
    if (!o->batch_tokens) o->batch_tokens = BATCH;
    if (!o->micro_tokens) o->micro_tokens = o->batch_tokens < MICRO ? o->batch_tokens : MICRO;
    if (o->micro_tokens > o->batch_tokens) o->micro_tokens = o->batch_tokens;
    if (o->batch_tokens > UINT32_MAX / 4)
        return bad(err, "batch_tokens", (double)o->batch_tokens, "fewer than 2^30 tokens");
    if (!(o->epochs > 0 && o->epochs <= 1e6))
        return bad(err, "epochs", o->epochs, "a number above 0, at most 1e6");
    if (!(o->tune_share >= 0 && o->tune_share < 1))
        return bad(err, "tune_share", o->tune_share, "a share of the documents in [0, 1)");
    if (o->goal == NN_GOAL_LM && o->masked && !(o->mask_share > 0 && o->mask_share <= 1))
        return bad(err, "mask_share", o->mask_share, "a share of the words in (0, 1]");
    if (o->lora_rank && !(o->lora_alpha > 0 && o->lora_alpha < 1e6))
        return bad(err, "lora_alpha", o->lora_alpha, "a number above 0");
    return PM_OK;
}

static pm_status check_model(const fit_job *j, pm_err *err)
{
    const nn_config *m = j->l->config;
    if (j->o.goal != NN_GOAL_LM) return PM_OK;
    if (m->lm_head == NN_LM_NONE)
        return err_set(err, PM_E_ARG,
                       "training - the model has no language-model head - wanted one to learn from "
                       "plain text");
    if (j->o.masked == m->causal)
        return err_set(err, PM_E_ARG, "training.masked - found %s - the model %s",
                       j->o.masked ? "true" : "false",
                       m->causal ? "sees only what comes before (causal): set masked to false"
                                 : "sees both sides: set masked to true");
    return PM_OK;
}

static pm_status check_targets(const fit_job *j, pm_cmat t, size_t n, const char *what, pm_err *err)
{
    const size_t wide = j->l->config->n_outputs;
    if (!t.at || t.rows != n || t.cols != wide)
        return err_set(
            err, PM_E_SHAPE,
            "training.%s - found %zu x %zu - wanted %zu x %zu (texts x the model's outputs)", what,
            t.rows, t.cols, n, wide);
    for (size_t r = 0; r < n; r++) {
        const float *row = t.at + r * t.ld;
        double sum = 0;
        for (size_t k = 0; k < wide; k++) {
            const bool may = j->o.goal == NN_GOAL_REGRESS && isnan(row[k]);
            if ((!isfinite(row[k]) && !may) || (j->o.goal == NN_GOAL_CLASSES && row[k] < 0))
                return err_set(err, PM_E_ARG,
                               "training.%s - row %zu, column %zu: found %g - wanted a %s", what, r,
                               k, (double)row[k],
                               j->o.goal == NN_GOAL_CLASSES ? "probability" : "finite number");
            sum += (double)row[k];
        }
        if (j->o.goal == NN_GOAL_CLASSES && fabs(sum - 1) > 1e-3)
            return err_set(err, PM_E_ARG,
                           "training.%s - row %zu: its probabilities sum to %g - wanted 1", what, r,
                           sum);
    }
    return PM_OK;
}

static pm_status check_labels(const fit_job *j, pm_err *err)
{
    const lm_fit_data *d = j->data;
    if (j->o.goal == NN_GOAL_LM) return PM_OK;
    if (!j->l->config->n_outputs)
        return err_set(
            err, PM_E_ARG,
            "training - the model has no head with outputs - wanted one to learn from labels");
    pm_status s = check_targets(j, d->target, d->n, "target", err);
    if (!s && d->tune_text && d->n_tune)
        s = check_targets(j, d->tune_target, d->n_tune, "tune_target", err);
    for (size_t i = 0; !s && d->weight && i < d->n; i++)
        if (!(d->weight[i] >= 0 && isfinite(d->weight[i])))
            s = err_set(err, PM_E_ARG,
                        "training.weight - text %zu: found %g - wanted a finite number, 0 or more",
                        i, (double)d->weight[i]);
    return s;
}

pm_status fit_check(fit_job *j, pm_err *err)
{
    if (j->o.goal < NN_GOAL_LM || j->o.goal > NN_GOAL_SOFT)
        return bad(err, "goal", (double)j->o.goal, "a goal of nn/graph.h");
    if (!j->data->n)
        return err_set(err, PM_E_ARG, "training - found no texts - wanted some to learn from");
    pm_status s = check_rates(&j->o, err);
    if (!s) s = check_sizes(j, err);
    if (!s) s = check_model(j, err);
    return s ? s : check_labels(j, err);
}

void fit_schedule(fit_job *j)
{
    lm_fit_options *o = &j->o;
    o->schedule.steps = (double)j->steps;
    if (o->schedule.warm_up > o->schedule.steps / 2)
        o->schedule.warm_up = floor(o->schedule.steps / 2);
    if (!o->tune_every) o->tune_every = j->steps >= 40 ? j->steps / 20 : 1;
}
