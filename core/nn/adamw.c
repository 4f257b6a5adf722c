/* SPDX-License-Identifier: MIT
 *
 * AdamW over slabs: blocks of fixed size, cut where a parameter that decays meets one that does not.
 */
#include <math.h>

#include "math/train.h"
#include "nn/adamw.h"

enum { BLOCK = 1 << 15 }; /* floats: four slabs of it fit into a core's cache */

/* ---- the rate ---- */

static double at_least(double v, double floor)
{
    return v > floor ? v : floor;
}

double nn_rate(const nn_schedule *s, uint64_t step)
{
    const double t = step ? (double)(step - 1) : 0;
    if (t < s->warm_up) return s->peak * t / at_least(s->warm_up, 1);
    if (s->decay == NN_CONSTANT) return s->peak;
    const double gone = (t - s->warm_up) / at_least(s->steps - s->warm_up, 1);
    const double left = gone >= 1               ? 0
                        : s->decay == NN_COSINE ? .5 * (1 + cos(3.14159265358979323846 * gone))
                                                : 1 - gone;
    return s->peak * (s->floor + (1 - s->floor) * left);
}

/* ---- the norm ---- */

enum { NORM_SUMS = 256 };
typedef struct norm_run {
    const compute *c;
    const float *g;
    size_t n, first; /* number of the first block of this round */
    double sum[NORM_SUMS];
} norm_run;

static pm_status norm_block(int worker, size_t lo, size_t hi, void *arg)
{
    norm_run *r = arg;
    (void)worker;
    for (size_t b = lo; b < hi; b++) {
        const size_t from = (r->first + b) * BLOCK, left = r->n - from;
        r->sum[b] = r->c->k->dot64(r->g + from, r->g + from, left < BLOCK ? left : BLOCK);
    }
    return PM_OK;
}

double nn_norm(const compute *c, threads *pool, const float *g, size_t n)
{
    norm_run r = {.c = c, .g = g, .n = n};
    const size_t blocks = n / BLOCK + (n % BLOCK != 0);
    double sum = 0;
    for (r.first = 0; r.first < blocks; r.first += NORM_SUMS) {
        const size_t some = blocks - r.first < NORM_SUMS ? blocks - r.first : NORM_SUMS;
        (void)threads_for(pool, some, 1, norm_block, &r);
        for (size_t b = 0; b < some; b++) sum += r.sum[b];
    }
    return sqrt(sum);
}

double nn_shrink(double norm, double clip)
{
    const double by = clip / (norm + 1e-6);
    return clip > 0 && by < 1 ? by : 1;
}

/* ---- the step ---- */

typedef struct step_run {
    const train_kernels *k;
    const nn_layout *l;
    train_adamw_step decaying, plain;
    float *w, *g, *mean, *square;
} step_run;

/* The parameter whose floats (and the padding after them) hold `at`: the last that begins there or before. */
static size_t param_at(const nn_layout *l, size_t at)
{
    size_t lo = 0, hi = l->n;
    while (hi - lo > 1) {
        const size_t mid = lo + (hi - lo) / 2;
        if (l->param[mid].at <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static pm_status step_block(int worker, size_t lo, size_t hi, void *arg)
{
    const step_run *r = arg;
    const nn_layout *l = r->l;
    (void)worker;
    for (size_t p = l && l->n ? param_at(l, lo) : 0, at = lo, to; at < hi; at = to, p++) {
        to = l && p + 1 < l->n && l->param[p + 1].at < hi ? l->param[p + 1].at : hi;
        r->k->adamw(!l || (l->n && l->param[p].decays) ? &r->decaying : &r->plain, r->g + at,
                    to - at, r->w + at, r->mean + at, r->square + at);
    }
    return PM_OK;
}

void nn_adamw_step(const compute *c, threads *pool, const nn_adamw *o, const nn_layout *l, size_t n,
                   double rate, double shrink, uint64_t step, float *w, float *g, float *mean,
                   float *square)
{
    const double t = (double)step;
    train_adamw_step s = {.shrink = (float)shrink,
                          .keep = 1,
                          .mean_in = (float)(1 - o->beta_1),
                          .square_keep = (float)o->beta_2,
                          .square_in = (float)(1 - o->beta_2),
                          .rate = (float)(rate / (1 - pow(o->beta_1, t))),
                          .root = (float)(1 / sqrt(1 - pow(o->beta_2, t))),
                          .eps = (float)o->eps};
    step_run r = {.k = train_choose(c->k), .l = l, .plain = s, .w = w, .g = g};
    r.mean = mean;
    r.square = square;
    s.keep = (float)(1 - rate * o->weight_decay);
    r.decaying = s;
    PM_ASSERT(step > 0 && (!l || n <= l->floats));
    (void)threads_for(pool, n, BLOCK, step_block, &r);
}
