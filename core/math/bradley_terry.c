/* SPDX-License-Identifier: MIT
 *
 * Bradley-Terry by damped Newton on win counts; connected parts and separation are found on the graph of battles.
 */
#include "math/bradley_terry.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "math/solve.h"

enum { ITERATIONS_MAX = 400, HOLD_MAX = 12 };
static const double settled =
    1e-6; /* widest change of the last step: quadratic, so 1e-12 is left */
static const double full_step =
    1; /* (exp(d) - d - 1) / d^2 < 1 up to 1.79: the whole step descends */
static const double hold_first = 1e-10, hold_factor = 100;

typedef struct fit {
    const bt_counts *w;
    double *theta, *power, *slope, *hessian; /* [k], [k], [k], [k x k] */
    double *tie;                             /* [k] weight of a tie with the fixed player */
    double *weight;                          /* [k] of all battles of each */
    uint32_t *part, *queue;                  /* [k] */
    uint8_t *reached;                        /* [k] */
    uint8_t *is_free;                        /* [k] by part: nothing fixes its gauge */
    size_t n_parts, iterations;
} fit;

double bt_probability(double theta_a, double theta_b)
{
    double d = theta_a - theta_b;
    return d >= 0 ? 1 / (1 + exp(-d)) : exp(d) / (1 + exp(d));
}

static double won(const fit *f, size_t a, size_t b)
{
    return f->w->win[a * f->w->k + b];
}
static double zero_won(const fit *f, size_t a)
{
    return f->w->win_zero ? f->w->win_zero[a] : 0;
}
static double zero_lost(const fit *f, size_t a)
{
    return f->w->lose_zero ? f->w->lose_zero[a] : 0;
}

static bool is_weight(double w)
{
    return w >= 0 && w <= DBL_MAX;
}

static pm_status check(const bt_counts *w, const double *theta, pm_err *err)
{
    if (w->k == 0) return err_set(err, PM_E_ARG, "Bradley-Terry: no players");
    if (!is_weight(w->prior))
        return err_set(err, PM_E_ARG, "Bradley-Terry: prior is %g; want >= 0", w->prior);
    for (size_t a = 0; a < w->k; a++) {
        for (size_t b = 0; b < w->k; b++)
            if (a != b && !is_weight(w->win[a * w->k + b]))
                return err_set(
                    err, PM_E_ARG,
                    "Bradley-Terry: player %zu beat %zu with weight %g; want a finite weight >= 0",
                    a, b, w->win[a * w->k + b]);
        if ((w->win_zero && !is_weight(w->win_zero[a])) ||
            (w->lose_zero && !is_weight(w->lose_zero[a])))
            return err_set(err, PM_E_ARG,
                           "Bradley-Terry: player %zu has a negative or non-finite weight against "
                           "the fixed player",
                           a);
        if (!isfinite(theta[a]))
            return err_set(err, PM_E_ARG, "Bradley-Terry: player %zu starts at %g; want a number",
                           a, theta[a]);
    }
    return PM_OK;
}

static pm_status take_memory(fit *f, arena *scratch, pm_err *err)
{
    size_t k = f->w->k;
    double *room = arena_alloc(scratch, k, 5 * sizeof *room);
    f->hessian = arena_alloc(scratch, k, k * sizeof *room);
    f->part = arena_alloc(scratch, k, 2 * sizeof *f->part);
    f->reached = arena_alloc(scratch, k, 2);
    if (!room || !f->hessian || !f->part || !f->reached)
        return err_set(err, PM_E_MEMORY, "Bradley-Terry of %zu players", k);
    f->power = room, f->slope = room + k, f->tie = room + 2 * k, f->weight = room + 3 * k;
    f->queue = f->part + k;
    f->is_free = f->reached + k;
    return PM_OK;
}

/* Parts of the graph in which two players are joined by any battle. */
static void find_parts(fit *f)
{
    size_t k = f->w->k;
    for (size_t a = 0; a < k; a++) f->part[a] = UINT32_MAX;
    for (size_t root = 0; root < k; root++) {
        if (f->part[root] != UINT32_MAX) continue;
        size_t n = 0;
        uint32_t id = (uint32_t)f->n_parts++;
        f->part[root] = id;
        f->is_free[id] = 1;
        f->queue[n++] = (uint32_t)root;
        for (size_t i = 0; i < n; i++) {
            size_t a = f->queue[i];
            if (f->w->prior > 0 || zero_won(f, a) > 0 || zero_lost(f, a) > 0) f->is_free[id] = 0;
            for (size_t b = 0; b < k; b++)
                if (b != a && f->part[b] == UINT32_MAX && (won(f, a, b) > 0 || won(f, b, a) > 0))
                    f->part[b] = id, f->queue[n++] = (uint32_t)b;
        }
    }
}

static void weigh_players(fit *f)
{
    size_t k = f->w->k;
    for (size_t a = 0; a < k; a++) {
        double sum = zero_won(f, a) + zero_lost(f, a);
        for (size_t b = 0; b < k; b++)
            if (b != a) sum += won(f, a, b) + won(f, b, a);
        f->weight[a] = sum;
        f->tie[a] = f->w->prior;
    }
}

/* Marks who of a part is reached from `root` along wins (forward) or losses, the fixed player being one more
 * node.  Returns how many of the part are not reached. */
static size_t reach(fit *f, size_t root, bool forward, size_t size)
{
    size_t k = f->w->k, n = 0;
    bool zero = false;
    memset(f->reached, 0, k);
    f->reached[root] = 1;
    f->queue[n++] = (uint32_t)root;
    for (size_t i = 0; i < n; i++) {
        size_t a = f->queue[i];
        bool touches = (forward ? zero_won(f, a) : zero_lost(f, a)) > 0 && !zero;
        zero = zero || touches;
        for (size_t b = 0; b < k; b++) {
            if (b == a || f->reached[b] || f->part[b] != f->part[root]) continue;
            bool edge = (forward ? won(f, a, b) : won(f, b, a)) > 0;
            bool from_zero = zero && (forward ? zero_lost(f, b) : zero_won(f, b)) > 0;
            if (edge || from_zero) f->reached[b] = 1, f->queue[n++] = (uint32_t)b;
        }
    }
    return size - n + (!f->is_free[f->part[root]] && !zero);
}

/* Ford's condition, part by part: the maximum is finite iff everybody is reached both ways. */
static size_t find_beyond(fit *f, size_t id)
{
    size_t k = f->w->k, root = k, size = 0;
    for (size_t a = 0; a < k; a++)
        if (f->part[a] == id) size++, root = root == k ? a : root;
    for (int forward = 1; forward >= 0; forward--) {
        size_t missed = reach(f, root, forward, size);
        if (!missed) continue;
        uint8_t side = 2 * missed > size; /* name one of the smaller side */
        for (size_t a = 0; a < k; a++)
            if (f->part[a] == id && f->reached[a] == side) return a;
        return root;
    }
    return SIZE_MAX;
}

/* Slope of the log-likelihood and minus its second derivatives. */
static void derive_pair(fit *f, size_t a, size_t b)
{
    double to = won(f, a, b), from = won(f, b, a), n = to + from;
    if (n == 0) return;
    double sum = f->power[a] + f->power[b], p, q;
    if (sum > 1e-280) /* else both have underflowed */
        p = f->power[a] / sum, q = f->power[b] / sum;
    else
        p = bt_probability(f->theta[a], f->theta[b]), q = bt_probability(f->theta[b], f->theta[a]);
    double slope = to * q - from * p, bend = n * p * q;
    size_t k = f->w->k;
    f->slope[a] += slope, f->slope[b] -= slope;
    f->hessian[a * k + a] += bend, f->hessian[b * k + b] += bend;
    f->hessian[a * k + b] -= bend, f->hessian[b * k + a] -= bend;
}

static void derive(fit *f)
{
    size_t k = f->w->k;
    double top = -INFINITY;
    for (size_t a = 0; a < k; a++) top = f->theta[a] > top ? f->theta[a] : top;
    for (size_t a = 0; a < k; a++) f->power[a] = exp(f->theta[a] - top);
    memset(f->slope, 0, k * sizeof *f->slope);
    memset(f->hessian, 0, k * k * sizeof *f->hessian);
    for (size_t a = 0; a < k; a++) {
        for (size_t b = a + 1; b < k; b++) derive_pair(f, a, b);
        double to = zero_won(f, a) + f->tie[a] / 2, from = zero_lost(f, a) + f->tie[a] / 2;
        if (to + from == 0) continue;
        double p = bt_probability(f->theta[a], 0), q = bt_probability(0, f->theta[a]);
        f->slope[a] += to * q - from * p;
        f->hessian[a * k + a] += (to + from) * p * q;
    }
}

/* A free part's second derivatives do not see a common shift: one more rank, in that direction. */
static void fix_gauge(fit *f)
{
    size_t k = f->w->k;
    for (size_t a = 0; a < k; a++) {
        if (!f->is_free[f->part[a]] || f->tie[a] > 0) continue;
        double own = f->hessian[a * k + a];
        f->power[a] = own > 0 ? own : 1;
    }
    for (size_t id = 0; id < f->n_parts; id++) {
        double sum = 0;
        size_t size = 0;
        for (size_t a = 0; a < k; a++)
            if (f->part[a] == id && f->is_free[id] && !(f->tie[a] > 0)) sum += f->power[a], size++;
        if (!size) continue;
        double add = sum / (double)size / (double)size;
        for (size_t a = 0; a < k; a++)
            for (size_t b = 0; b < k && f->part[a] == id; b++)
                if (f->part[b] == id) f->hessian[a * k + b] += add;
    }
}

/* Factors the second derivatives.  Where weights differ by many orders of magnitude rounding may leave them
 * indefinite: then the diagonal is raised, which shortens the step and keeps its direction uphill. */
static pm_status factor(fit *f, pm_err *err)
{
    size_t k = f->w->k;
    double raise = 0;
    for (;;) {
        derive(f);
        fix_gauge(f);
        for (size_t a = 0; a < k; a++) f->hessian[a * k + a] *= 1 + raise;
        pm_status st = solve_cholesky(f->hessian, k, err);
        if (st == PM_OK || raise > 1) return st;
        raise = raise > 0 ? 100 * raise : 1e-13;
    }
}

static pm_status climb(fit *f, pm_err *err)
{
    size_t k = f->w->k;
    for (size_t step = 0; step < ITERATIONS_MAX; step++) {
        pm_status st = factor(f, err);
        if (st != PM_OK) return st;
        solve_cholesky_apply(f->hessian, k, f->slope, 1);
        double lo = 0, hi = 0; /* the fixed player moves by 0 */
        for (size_t a = 0; a < k; a++) {
            lo = f->slope[a] < lo ? f->slope[a] : lo;
            hi = f->slope[a] > hi ? f->slope[a] : hi;
        }
        double d = hi - lo, t = d > full_step ? log1p(d) / d : 1;
        if (!isfinite(d))
            return err_set(err, PM_E_DIVERGED, "Bradley-Terry: step %zu is not finite", step);
        for (size_t a = 0; a < k; a++) f->theta[a] += t * f->slope[a];
        f->iterations++;
        if (d <= settled) return PM_OK;
    }
    return err_set(err, PM_E_DIVERGED, "Bradley-Terry: no rest after %d steps", ITERATIONS_MAX);
}

/* Mean 0 within each part that nothing fixes. */
static void centre(fit *f)
{
    size_t k = f->w->k;
    for (size_t id = 0; id < f->n_parts; id++) {
        double sum = 0;
        size_t size = 0;
        if (!f->is_free[id]) continue;
        for (size_t a = 0; a < k; a++)
            if (f->part[a] == id) sum += f->theta[a], size++;
        for (size_t a = 0; a < k; a++)
            if (f->part[a] == id) f->theta[a] -= sum / (double)size;
    }
}

/* Separated parts: the smallest tie of the series with which they stay near. */
static pm_status hold(fit *f, const uint8_t *is_beyond, pm_err *err)
{
    size_t k = f->w->k;
    double scale = hold_first;
    for (size_t round = 0; round < HOLD_MAX; round++, scale *= hold_factor) {
        for (size_t a = 0; a < k; a++) {
            if (!is_beyond[f->part[a]]) continue;
            double sum = 0;
            size_t size = 0;
            for (size_t b = 0; b < k; b++)
                if (f->part[b] == f->part[a]) sum += f->weight[b], size++;
            f->tie[a] = scale * sum / (double)size;
            f->theta[a] = 0;
        }
        pm_status st = climb(f, err);
        if (st != PM_OK) return st;
        centre(f);
        double furthest = 0;
        for (size_t a = 0; a < k; a++)
            if (is_beyond[f->part[a]] && fabs(f->theta[a]) > furthest) furthest = fabs(f->theta[a]);
        if (furthest <= BT_FURTHEST) return PM_OK;
    }
    return err_set(err, PM_E_DIVERGED, "Bradley-Terry: separated ratings do not stay near");
}

/* log sigmoid(d) */
static double log_probability(double d)
{
    return d >= 0 ? -log1p(exp(-d)) : d - log1p(exp(d));
}

static double log_loss(const fit *f)
{
    size_t k = f->w->k;
    double sum = 0, weight = 0;
    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            if (a == b || won(f, a, b) == 0) continue;
            sum -= won(f, a, b) * log_probability(f->theta[a] - f->theta[b]);
            weight += won(f, a, b);
        }
        sum -= zero_won(f, a) * log_probability(f->theta[a]) +
               zero_lost(f, a) * log_probability(-f->theta[a]);
        weight += zero_won(f, a) + zero_lost(f, a);
    }
    return weight > 0 ? sum / weight : 0;
}

static pm_status run(fit *f, arena *scratch, bt_report *out, pm_err *err)
{
    pm_status st = take_memory(f, scratch, err);
    if (st != PM_OK) return st;
    uint8_t *is_beyond = NULL;
    size_t first = SIZE_MAX;
    find_parts(f);
    weigh_players(f);
    if (!(f->w->prior > 0)) {
        is_beyond = arena_alloc(scratch, f->n_parts, 1);
        if (!is_beyond) return err_set(err, PM_E_MEMORY, "Bradley-Terry");
        for (size_t id = 0; id < f->n_parts; id++) {
            size_t who = find_beyond(f, id);
            is_beyond[id] = who != SIZE_MAX;
            first = who < first ? who : first;
        }
    }
    st = first != SIZE_MAX ? hold(f, is_beyond, err) : climb(f, err);
    if (st != PM_OK) return st;
    centre(f);
    if (out) *out = (bt_report){f->iterations, log_loss(f), first != SIZE_MAX, first, f->n_parts};
    return PM_OK;
}

pm_status bt_fit(const bt_counts *w, arena *scratch, double *theta, bt_report *out, pm_err *err)
{
    pm_status st = check(w, theta, err);
    if (st != PM_OK) return st;
    fit f = {.w = w, .theta = theta};
    arena_mark mark = arena_save(scratch);
    st = run(&f, scratch, out, err);
    arena_release(scratch, mark);
    return st;
}
