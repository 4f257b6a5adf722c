/* SPDX-License-Identifier: MIT
 *
 * Scores of guesses on battles.  Everything that is a ratio of sums over battles is summed per prompt once and
 * resampled as columns; the area under the ROC curve is walked through anew in every resample, in the order of
 * the guesses, which does not change.
 */
#include "eval/battles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "eval/metrics_private.h"

enum { /* columns per prompt */
       COL_WEIGHT,
       COL_LOG_LOSS,
       COL_LOG_LOSS_JUDGE,
       COL_BRIER,
       COL_DECIDED, /* weight of battles with a winner */
       COL_RIGHT,
       COL_BINS = 8, /* weight, p, label of each bin */
       COL_END = 56
};

typedef struct placed { /* a battle in order of (part, guess) */
    double p;
    uint32_t part, at;
} placed;

typedef struct kept { /* of a guess, for differences: [resamples] means, and their values */
    double *log_loss, *accuracy;
    double log_loss_value, accuracy_value;
} kept;

typedef struct referee { /* the state of one scoring */
    const compute *c;
    const battle_truth *t;
    const battle_options *o;
    bootstrap *draws;
    size_t resamples;
    arena *scratch;
    double *x, *sum, *v; /* [n_prompts x COL_END], [resamples x COL_END], [resamples] */
    placed *order;       /* [n] */
    uint8_t *bin;        /* [n] */
} referee;

const char *battle_metric_name(size_t metric)
{
    static const char *const name[BATTLE_METRICS] = {
        "battles", "log_loss", "log_loss_judge",   "accuracy",        "auc",
        "brier",   "ece",      "diff_bt_log_loss", "diff_bt_accuracy"};
    return name[metric];
}

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "scores of battles");
}

static double clip(double p)
{
    return p < BATTLE_CLIP ? BATTLE_CLIP : p > 1 - BATTLE_CLIP ? 1 - BATTLE_CLIP : p;
}

static double log_loss(double y, double p)
{
    return -(y * log(clip(p)) + (1 - y) * log1p(-clip(p)));
}

/* 1, 0 or half a point for a battle with a winner. */
static double right(double y, const battle_guess *g, size_t k)
{
    double middle = g->only_ranks ? 0 : 0.5, d = g->p[k] - middle;
    return d == 0 ? 0.5 : (d > 0) == (y > 0.5) ? 1 : 0;
}

double battles_utility(const battle_truth *t, const battle_guess *g)
{
    double sum = 0, weight = 0;
    for (size_t k = 0; k < t->n; k++) {
        double y = battle_label(t->outcome[k]), w = (double)t->weight[k];
        if (g->only_ranks && y == 0.5) continue;
        sum += w * (g->only_ranks ? right(y, g, k) : -log_loss(y, g->p[k]));
        weight += w;
    }
    return weight > 0 ? sum / weight : 0;
}

/* ---- order and bins ---- */

static int by_guess(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    if (x->p != y->p) return x->p < y->p ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void place(const referee *f, const battle_guess *g, bool by_part)
{
    for (size_t k = 0; k < f->t->n; k++)
        f->order[k] = (placed){g->p[k], by_part && f->t->part ? f->t->part[k] : 0, (uint32_t)k};
    qsort(f->order, f->t->n, sizeof *f->order, by_guess);
}

/* Bins of equal weight in order of the guess; equal guesses stay together, where their middle falls. */
static void make_bins(const referee *f, const battle_guess *g)
{
    const battle_truth *t = f->t;
    double total = 0, before = 0;
    place(f, g, false);
    for (size_t k = 0; k < t->n; k++) total += (double)t->weight[k];
    for (size_t k = 0, end; k < t->n; k = end) {
        double mine = 0;
        for (end = k; end < t->n && f->order[end].p == f->order[k].p; end++)
            mine += (double)t->weight[f->order[end].at];
        size_t bin = (size_t)(BATTLE_BINS * (before + mine / 2) / total);
        for (size_t e = k; e < end; e++)
            f->bin[f->order[e].at] = (uint8_t)(bin < BATTLE_BINS ? bin : BATTLE_BINS - 1);
        before += mine;
    }
}

/* ---- columns ---- */

static void put_columns(const referee *f, const battle_guess *g)
{
    const battle_truth *t = f->t;
    for (size_t k = 0; k < t->n_prompts * COL_END; k++) f->x[k] = 0;
    for (size_t k = 0; k < t->n; k++) {
        double *x = f->x + (size_t)t->prompt[k] * COL_END;
        double y = battle_label(t->outcome[k]), w = (double)t->weight[k], p = g->p[k];
        x[COL_WEIGHT] += w;
        if (y != 0.5) {
            x[COL_DECIDED] += w;
            x[COL_RIGHT] += w * right(y, g, k);
        }
        if (g->only_ranks) continue;
        x[COL_LOG_LOSS] += w * log_loss(y, p);
        x[COL_LOG_LOSS_JUDGE] += w * log_loss((double)t->outcome[k], p);
        x[COL_BRIER] += w * (p - y) * (p - y);
        double *bin = x + COL_BINS + 3 * (size_t)f->bin[k];
        bin[0] += w;
        bin[1] += w * p;
        bin[2] += w * y;
    }
}

static void totals(const referee *f, double total[COL_END])
{
    for (size_t c = 0; c < COL_END; c++) total[c] = 0;
    for (size_t i = 0; i < f->t->n_prompts; i++)
        for (size_t c = 0; c < COL_END; c++) total[c] += f->x[i * COL_END + c];
}

static double over(double num, double den)
{
    return den > 0 ? num / den : NAN;
}

/* out->value and its interval; means [resamples], if asked for. */
static void set_ratio(const referee *f, const double *total, int num, int den, double *means,
                      metric_value *out)
{
    out->value = over(total[num], total[den]);
    for (size_t r = 0; r < f->resamples; r++) {
        const double *sum = f->sum + r * COL_END;
        f->v[r] = over(sum[num], sum[den]);
        if (means) means[r] = f->v[r];
    }
    bootstrap_interval(f->draws, f->v, &out->lo, &out->hi);
}

/* Mean distance of the bins' means, weighted by bin. */
static double calibration_error(const double *sum)
{
    double error = 0;
    for (size_t b = 0; b < BATTLE_BINS; b++) {
        const double *bin = sum + COL_BINS + 3 * b;
        error += fabs(bin[1] - bin[2]);
    }
    return over(error, sum[COL_WEIGHT]);
}

static void set_calibration(const referee *f, const double *total, battle_score *out)
{
    metric_value *ece = &out->metric[BATTLE_ECE];
    ece->value = calibration_error(total);
    for (size_t r = 0; r < f->resamples; r++) f->v[r] = calibration_error(f->sum + r * COL_END);
    bootstrap_interval(f->draws, f->v, &ece->lo, &ece->hi);
    size_t count[BATTLE_BINS] = {0};
    for (size_t k = 0; k < f->t->n; k++) count[f->bin[k]]++;
    for (size_t b = 0; b < BATTLE_BINS; b++) {
        if (count[b] == 0) continue;
        int at = (int)(COL_BINS + 3 * b);
        metric_value observed;
        set_ratio(f, total, at + 2, at, NULL, &observed);
        out->bin[out->n_bins++] = (battle_bin){over(total[at + 1], total[at]), observed.value,
                                               observed.lo, observed.hi, count[b]};
    }
}

/* ---- area under the ROC curve ---- */

/* times NULL: every prompt once.  Pairs (winner, loser) of battles of one part, ordered as the guess says. */
static double area(const referee *f, const uint16_t *times)
{
    const battle_truth *t = f->t;
    double ordered = 0, pairs = 0, above = 0, below = 0; /* weights so far in the part */
    for (size_t k = 0, end; k < t->n; k = end) {
        double won = 0, lost = 0;
        for (end = k; end < t->n && f->order[end].p == f->order[k].p &&
                      f->order[end].part == f->order[k].part;
             end++) {
            size_t at = f->order[end].at;
            double y = battle_label(t->outcome[at]), w = (double)t->weight[at];
            if (times) w *= (double)times[t->prompt[at]];
            won += y == 1 ? w : 0;
            lost += y == 0 ? w : 0;
        }
        ordered += won * (below + lost / 2);
        above += won;
        below += lost;
        if (end < t->n && f->order[end].part == f->order[k].part) continue;
        pairs += above * below;
        above = below = 0;
    }
    return over(ordered, pairs);
}

static pm_status area_block(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    const referee *f = arg;
    for (size_t r = lo; r < hi; r++) f->v[r] = area(f, bootstrap_times(f->draws, r));
    return PM_OK;
}

static pm_status set_area(referee *f, const battle_guess *g, metric_value *out)
{
    place(f, g, true);
    out->value = area(f, NULL);
    pm_status s = threads_for(f->c ? f->c->pool : NULL, f->resamples, 16, area_block, f);
    bootstrap_interval(f->draws, f->v, &out->lo, &out->hi);
    return s;
}

/* ---- scoring ---- */

static size_t decided(const battle_truth *t)
{
    size_t n = 0;
    for (size_t k = 0; k < t->n; k++) n += battle_label(t->outcome[k]) != 0.5;
    return n;
}

static pm_status score(referee *f, const battle_guess *g, battle_score *out, kept *mine,
                       pm_err *err)
{
    double total[COL_END];
    metric_value *m = out->metric;
    out->who = g;
    for (size_t k = 0; k < BATTLE_METRICS; k++)
        m[k] = (metric_value){battle_metric_name(k), NAN, NAN, NAN, f->t->n};
    if (!g->only_ranks) make_bins(f, g);
    put_columns(f, g);
    totals(f, total);
    if (!bootstrap_all_sums(f->draws, f->c, f->x, COL_END, f->scratch, f->sum)) return starve(err);
    m[BATTLE_COUNT].value = (double)f->t->n;
    set_ratio(f, total, COL_RIGHT, COL_DECIDED, mine->accuracy, &m[BATTLE_ACCURACY]);
    mine->accuracy_value = m[BATTLE_ACCURACY].value;
    m[BATTLE_ACCURACY].n = m[BATTLE_AUC].n = decided(f->t);
    for (size_t r = 0; r < f->resamples; r++) mine->log_loss[r] = NAN;
    mine->log_loss_value = NAN;
    if (!g->only_ranks) {
        set_ratio(f, total, COL_LOG_LOSS, COL_WEIGHT, mine->log_loss, &m[BATTLE_LOG_LOSS]);
        mine->log_loss_value = m[BATTLE_LOG_LOSS].value;
        set_ratio(f, total, COL_LOG_LOSS_JUDGE, COL_WEIGHT, NULL, &m[BATTLE_LOG_LOSS_JUDGE]);
        set_ratio(f, total, COL_BRIER, COL_WEIGHT, NULL, &m[BATTLE_BRIER]);
        set_calibration(f, total, out);
    }
    pm_status s = set_area(f, g, &m[BATTLE_AUC]);
    return s ? err_set(err, s, "scores of battles") : PM_OK;
}

static void difference(const referee *f, double mine, const double *my, double other,
                       const double *their, metric_value *out)
{
    out->value = metrics_snap(mine - other);
    for (size_t r = 0; r < f->resamples; r++) f->v[r] = metrics_snap(my[r] - their[r]);
    bootstrap_interval(f->draws, f->v, &out->lo, &out->hi);
}

/* The rivals in their order. */
static size_t find_rivals(const battle_guess *g, size_t n, size_t *at)
{
    size_t found = 0;
    for (size_t k = 0; k < n; k++) {
        if (!g[k].is_rival) continue;
        size_t e = found++;
        for (; e > 0 && g[at[e - 1]].rival_rank > g[k].rival_rank; e--) at[e] = at[e - 1];
        at[e] = k;
    }
    return found;
}

static const char *named(const char *before, const char *label, arena *a)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, label);
    const char *out = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return out;
}

static pm_status differences(const referee *f, const battle_guess *g, size_t n, const kept *all,
                             arena *a, battle_score *out, pm_err *err)
{
    size_t *at = arena_alloc(f->scratch, n, sizeof *at), bt = f->o->bt;
    if (!at) return starve(err);
    size_t n_rivals = find_rivals(g, n, at);
    for (size_t k = 0; k < n; k++) {
        const kept *me = &all[k];
        if (bt < n) {
            difference(f, me->log_loss_value, me->log_loss, all[bt].log_loss_value,
                       all[bt].log_loss, &out[k].metric[BATTLE_DIFF_BT]);
            difference(f, me->accuracy_value, me->accuracy, all[bt].accuracy_value,
                       all[bt].accuracy, &out[k].metric[BATTLE_DIFF_BT_ACCURACY]);
        }
        out[k].n_rivals = n_rivals;
        out[k].rival = arena_alloc(a, n_rivals, sizeof *out[k].rival);
        out[k].rival_accuracy = arena_alloc(a, n_rivals, sizeof *out[k].rival);
        if (!out[k].rival || !out[k].rival_accuracy) return starve(err);
        for (size_t e = 0; e < n_rivals; e++) {
            const kept *it = &all[at[e]];
            metric_value *loss = &out[k].rival[e], *accuracy = &out[k].rival_accuracy[e];
            loss->name = named("diff_rival:", g[at[e]].label, a);
            accuracy->name = named("diff_rival_accuracy:", g[at[e]].label, a);
            if (!loss->name || !accuracy->name) return starve(err);
            loss->n = accuracy->n = f->t->n;
            difference(f, me->log_loss_value, me->log_loss, it->log_loss_value, it->log_loss, loss);
            difference(f, me->accuracy_value, me->accuracy, it->accuracy_value, it->accuracy,
                       accuracy);
        }
    }
    return PM_OK;
}

static pm_status check(const battle_truth *t, const battle_guess *g, size_t n, pm_err *err)
{
    if (t->n == 0 || t->n_prompts == 0 || t->n > UINT32_MAX)
        return err_set(err, PM_E_ARG, "no battle to measure on");
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < t->n; i++)
            if (!isfinite(g[k].p[i]))
                return err_set(err, PM_E_ARG, "\"%s\": its guess of battle %zu is not finite",
                               g[k].label, i + 1);
    return PM_OK;
}

static bool make_room(referee *f, size_t n, arena *a, kept **all, battle_score **out)
{
    size_t n_prompts = f->t->n_prompts;
    f->x = arena_alloc(f->scratch, n_prompts, COL_END * sizeof *f->x);
    f->sum = arena_alloc(f->scratch, f->resamples, COL_END * sizeof *f->sum);
    f->v = arena_alloc(f->scratch, f->resamples, sizeof *f->v);
    f->order = arena_alloc(f->scratch, f->t->n, sizeof *f->order);
    f->bin = arena_alloc(f->scratch, f->t->n, sizeof *f->bin);
    *all = arena_alloc(f->scratch, n, sizeof **all);
    *out = arena_alloc(a, n, sizeof **out);
    if (!f->x || !f->sum || !f->v || !f->order || !f->bin || !*all || !*out) return false;
    for (size_t k = 0; k < n; k++) {
        (*all)[k].log_loss = arena_alloc(f->scratch, f->resamples, sizeof(double));
        (*all)[k].accuracy = arena_alloc(f->scratch, f->resamples, sizeof(double));
        if (!(*all)[k].log_loss || !(*all)[k].accuracy) return false;
    }
    return true;
}

pm_status battles_score(const compute *c, const battle_truth *t, const battle_guess *g, size_t n,
                        const battle_options *o, arena *a, battle_score **out, pm_err *err)
{
    pm_status s = check(t, g, n, err);
    if (s) return s;
    kept *all;
    referee f = {.c = c, .t = t, .o = o, .resamples = o->bootstrap.resamples};
    f.scratch = arena_open(0);
    if (!f.scratch) return starve(err);
    s = bootstrap_draw(&o->bootstrap, c, t->cluster, t->n_prompts, f.scratch, &f.draws, err);
    if (!s && !make_room(&f, n, a, &all, out)) s = starve(err);
    for (size_t k = 0; k < n && !s; k++) {
        arena_mark mark = arena_save(f.scratch);
        s = score(&f, &g[k], &(*out)[k], &all[k], err);
        arena_release(f.scratch, mark);
    }
    if (!s) s = differences(&f, g, n, all, a, *out, err);
    arena_close(f.scratch);
    return s;
}
