/* SPDX-License-Identifier: MIT
 *
 * One row of the two-model table on one resample: the curve and what is read off it, and how well a predicted chance
 * of winning is calibrated.  No intervals: pair.c.
 */
#include <math.h>

#include "eval/calibrate.h"
#include "eval/pair_private.h"

#define SURE 1e-12 /* a chance is held this far from 0 and 1 in the log-loss */

/* ---- sorting once ---- */

static double outcome_of(const pair_truth *t, size_t i)
{
    double gain = t->strong[i] - t->weak[i];
    return gain > 1e-12 ? 1 : gain < -1e-12 ? 0 : .5;
}

static double log_loss_of(double p, double y)
{
    double q = p < SURE ? SURE : p > 1 - SURE ? 1 - SURE : p;
    return -(y * log(q) + (1 - y) * log1p(-q));
}

static pm_status add_costs(const pair_truth *t, arena *a, pair_list *out, pm_err *err)
{
    if (!t->cost_weak) return PM_OK;
    double *gain = arena_alloc(a, t->n, sizeof *gain);
    if (!gain) return err_set(err, PM_E_MEMORY, "costs of %zu prompts", t->n);
    for (size_t p = 0; p < t->n; p++)
        gain[p] = t->cost_strong[out->rank.order[p]] - t->cost_weak[out->rank.order[p]];
    out->cost_gain = gain;
    return PM_OK;
}

static pm_status add_chances(const pair_truth *t, const pair_row *row, const double *need, arena *a,
                             pair_list *out, pm_err *err)
{
    double *chance = arena_alloc(a, t->n, sizeof *chance);
    double *outcome = arena_alloc(a, t->n, sizeof *outcome);
    double *loss = arena_alloc(a, t->n, sizeof *loss);
    if (!chance || !outcome || !loss)
        return err_set(err, PM_E_MEMORY, "chances of %zu prompts", t->n);
    for (size_t p = 0; p < t->n; p++) {
        size_t i = out->rank.order[p];
        if (!(need[i] >= 0 && need[i] <= 1))
            return err_set(err, PM_E_ARG, "\"%s\", prompt %zu: chance %g is outside [0, 1]",
                           row->label, i, need[i]);
        chance[p] = need[i];
        outcome[p] = outcome_of(t, i);
        loss[p] = log_loss_of(chance[p], outcome[p]);
    }
    out->chance = chance;
    out->outcome = outcome;
    out->log_loss = loss;
    return PM_OK;
}

pm_status pair_list_make(const pair_truth *t, const pair_row *row, size_t k, arena *a,
                         pair_list *out, pm_err *err)
{
    *out = (pair_list){.chance = NULL};
    pm_status s = two_models_rank(row->need[k], t->weak, t->strong, t->n, a, &out->rank, err);
    if (s) return err_wrap(err, s, "two models: \"%s\"", row->label);
    s = add_costs(t, a, out, err);
    return s || !row->is_chance ? s : add_chances(t, row, row->need[k], a, out, err);
}

pm_status pair_list_optimal(const pair_truth *t, arena *a, pair_list *out, pm_err *err)
{
    double *gain = arena_alloc(a, t->n, sizeof *gain);
    if (!gain) return err_set(err, PM_E_MEMORY, "gains of %zu prompts", t->n);
    for (size_t i = 0; i < t->n; i++) gain[i] = t->strong[i] - t->weak[i];
    *out = (pair_list){.chance = NULL};
    return two_models_rank(gain, t->weak, t->strong, t->n, a, &out->rank, err);
}

/* ---- calibration ---- */

typedef struct bins {
    double chance[PAIR_BINS], outcome[PAIR_BINS], n[PAIR_BINS];
    double squares, losses, size;
    calibrate_bins width;
} bins;

/* Walks up the chances; bins hold equal numbers of what is drawn, so a prompt drawn twice may lie in two. */
static void fill(const pair_list *l, const uint16_t *times, bool decided, size_t size, bins *b)
{
    size_t at = 0, bin = 0, seen = 0;
    *b = (bins){.size = (double)size, .width = {.bins = PAIR_BINS}};
    for (; at < l->rank.n; at++) {
        size_t k = times ? times[l->rank.order[at]] : 1;
        double p = l->chance[at], y = l->outcome[at];
        if (k == 0 || (decided && y == .5)) continue;
        b->squares += (double)k * (p - y) * (p - y);
        b->losses += (double)k * l->log_loss[at];
        calibrate_add(&b->width, p, y, (double)k);
        while (k > 0) {
            size_t end = size * (bin + 1) / PAIR_BINS, take = end - seen < k ? end - seen : k;
            b->chance[bin] += (double)take * p;
            b->outcome[bin] += (double)take * y;
            b->n[bin] += (double)take;
            seen += take;
            k -= take;
            bin += seen == end && bin + 1 < PAIR_BINS;
        }
    }
}

static void calibrate(const pair_list *l, const pair_sample *s, bool decided, double out[4])
{
    bins b;
    size_t size = decided ? 0 : s->size;
    for (size_t p = 0; decided && p < l->rank.n; p++)
        if (l->outcome[p] != .5) size += s->times ? s->times[l->rank.order[p]] : 1;
    out[0] = out[1] = out[2] = out[3] = NAN;
    if (size == 0) return;
    fill(l, s->times, decided, size, &b);
    out[0] = 0;
    for (size_t k = 0; k < PAIR_BINS; k++) out[0] += fabs(b.chance[k] - b.outcome[k]) / b.size;
    out[1] = b.squares / b.size;
    out[2] = b.losses / b.size;
    out[3] = calibrate_error(&b.width);
}

size_t pair_reliability(const pair_list *l, pair_bin bin[PAIR_BINS])
{
    bins b;
    size_t n = 0;
    if (!l->chance) return 0;
    fill(l, NULL, false, l->rank.n, &b);
    for (size_t k = 0; k < PAIR_BINS; k++)
        if (b.n[k] > 0)
            bin[n++] = (pair_bin){b.chance[k] / b.n[k], b.outcome[k] / b.n[k], (size_t)b.n[k]};
    return n;
}

/* ---- one row ---- */

static void read_off(const two_models_curve *c, const pair_sample *s, double *out)
{
    two_models_score score;
    double size = (double)s->size;
    two_models_measure(c, s->sum[PAIR_SUM_WEAK] / size, s->sum[PAIR_SUM_STRONG] / size, &score);
    out[PAIR_APGR] = score.apgr;
    out[PAIR_AUC] = score.auc;
    out[PAIR_CPT20] = score.cpt20;
    out[PAIR_CPT50] = score.cpt50;
    out[PAIR_CPT80] = score.cpt80;
    out[PAIR_FIRST20] = score.first_cpt20;
    out[PAIR_FIRST50] = score.first_cpt50;
    out[PAIR_FIRST80] = score.first_cpt80;
    for (size_t k = 0; k < TWO_MODELS_EDGES; k++)
        out[PAIR_AT + k] = two_models_quality(c, (double)k / (TWO_MODELS_EDGES - 1));
}

void pair_measure(const pair_list *l, pair_kind kind, const pair_sample *s, two_models_work *w,
                  double *out, two_models_curve *curve)
{
    two_models_curve c;
    for (size_t k = 0; k < PAIR_DRAWN; k++) out[k] = NAN;
    if (kind == PAIR_OPTIMAL)
        two_models_optimal_drawn(&l->rank, s->times, s->size, s->sum[PAIR_SUM_WEAK], NULL, w, &c);
    else
        two_models_curve_drawn(&l->rank, s->times, s->size, s->sum[PAIR_SUM_WEAK], w, &c);
    read_off(&c, s, out);
    if (curve) *curve = c;
    if (l->cost_gain) {
        two_models_ranking cost = l->rank;
        cost.gain = l->cost_gain;
        two_models_curve_drawn(&cost, s->times, s->size, s->sum[PAIR_SUM_COST_WEAK], w, &c);
        if (!isnan(out[PAIR_CPT50]))
            out[PAIR_USD50] = two_models_quality(&c, out[PAIR_CPT50] / 100);
        if (!isnan(out[PAIR_CPT80]))
            out[PAIR_USD80] = two_models_quality(&c, out[PAIR_CPT80] / 100);
    }
    if (!l->chance) return;
    calibrate(l, s, false, out + PAIR_ECE);
    calibrate(l, s, true, out + PAIR_ECE_DECIDED);
}
