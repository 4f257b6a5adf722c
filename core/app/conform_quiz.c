/* SPDX-License-Identifier: MIT
 *
 * Makes questions for objectives out of counter-based random numbers.
 */
#include "app/conform_quiz.h"

#include "base/rng.h"
#include "plug/feasible.h"

enum { S_VALUE = 1, S_SOFT, S_HARD, S_PRIOR };

static quiz *quiz_open(trial *t, size_t n, size_t m)
{
    quiz *z = arena_alloc(t->a, 1, sizeof *z);
    if (!z) return NULL;
    z->value = trial_mat(t, n, m);
    z->spread = trial_mat(t, n, m);
    z->cost = trial_mat(t, n, m);
    z->soft_value = trial_mat(t, 1, m);
    z->hard_value = trial_mat(t, n, m);
    z->prior = arena_alloc(t->a, m, sizeof *z->prior);
    z->arrival = arena_alloc(t->a, n, sizeof *z->arrival);
    z->mask = arena_alloc(t->a, n * m, sizeof *z->mask);
    bool ok = z->mask && z->value.at && z->spread.at && z->cost.at && z->soft_value.at &&
              z->hard_value.at && z->prior && z->arrival;
    return ok ? z : NULL;
}

bool quiz_mask(quiz *z)
{
    z->q.mask = z->mask;
    return feasible_mask(&z->q, z->mask);
}

/* n rows; a matrix of one row is broadcast. */
static pm_cmat view(pm_mat m, size_t n)
{
    return (pm_cmat){m.at, n, m.cols, m.rows == 1 ? 0 : m.ld};
}

/* Points the question at the arrays of z. */
static void quiz_close(quiz *z, const quiz *like, const pm_library *lib, const pm_prompts *x)
{
    z->soft = like->soft;
    z->hard = like->hard;
    z->soft.value = view(z->soft_value, z->value.rows);
    z->hard.value = view(z->hard_value, z->value.rows);
    z->term[0] = &z->soft;
    z->term[1] = &z->hard;
    z->q = like->q;
    z->q.value = (pm_cmat){z->value.at, z->value.rows, z->value.cols, z->value.ld};
    z->q.spread = (pm_cmat){z->spread.at, z->spread.rows, z->spread.cols, z->spread.ld};
    z->q.cost_usd = (pm_cmat){z->cost.at, z->cost.rows, z->cost.cols, z->cost.ld};
    z->q.lib = lib;
    z->q.x = x;
    z->q.term = z->term;
    z->q.arrival = z->arrival;
    z->q.prior = z->prior;
    (void)quiz_mask(z); /* by construction somebody is left */
}

static void fill_values(quiz *z, pm_value_kind kind, uint64_t seed)
{
    for (size_t i = 0; i < z->value.rows; i++) {
        float *v = pm_row(z->value, i);
        double sum = 0;
        for (size_t j = 0; j < z->value.cols; j++) {
            double u = 0.05 + 0.9 * rng_uniform(seed, S_VALUE, i * 64 + j);
            if (kind == PM_VALUE_LOSS) u = 3 * u;
            if (kind == PM_VALUE_RANK) u = 10 * u;
            v[j] = (float)u;
            sum += u;
        }
        if (kind == PM_VALUE_BEST)
            for (size_t j = 0; j < z->value.cols; j++) v[j] = (float)(v[j] / sum);
    }
}

/* The hard term forbids about a third of the cells, but never column i % m of row i. */
static void fill_terms(quiz *z, uint64_t seed)
{
    size_t m = z->value.cols;
    for (size_t i = 0; i < z->value.rows; i++) {
        z->arrival[i] = i;
        for (size_t j = 0; j < m; j++) {
            double u = rng_uniform(seed, S_HARD, i * 64 + j);
            pm_row(z->hard_value, i)[j] = (float)(j == i % m ? 0.5 * u : u);
            pm_row(z->spread, i)[j] = 0.1f;
            pm_row(z->cost, i)[j] = (float)(1e-4 * (double)(j + 1));
        }
    }
    for (size_t j = 0; j < m; j++) {
        z->soft_value.at[j] = (float)rng_uniform(seed, S_SOFT, j);
        z->prior[j] = (float)rng_uniform(seed, S_PRIOR, j);
    }
}

quiz *quiz_make(trial *t, size_t n, pm_value_kind kind)
{
    quiz *z = quiz_open(t, n, t->data->lib.n);
    quiz like = {
        .q = {.size = sizeof like.q, .kind = kind, .n_terms = 2},
        .soft = {.size = sizeof like.soft, .name = "soft-term", .sense = PM_SOFT, .weight = 0.3},
        .hard = {.size = sizeof like.hard,
                 .name = "hard-term",
                 .sense = PM_HARD,
                 .weight = 1.0,
                 .bound = 0.66}};
    like.q.spread_kind = PM_SPREAD_STDDEV;
    like.q.reference_col = kind == PM_VALUE_WINPROB ? 0 : PM_NO_COL;
    if (!z) return NULL;
    pm_prompts *x = arena_alloc(t->a, 1, sizeof *x);
    if (!x) return NULL;
    *x = t->data->test_x;
    x->n = n;
    x->embed.rows = x->sparse.rows = n;
    fill_values(z, kind, t->seed);
    for (size_t i = 0; kind == PM_VALUE_WINPROB && i < n; i++) pm_row(z->value, i)[0] = 0.5f;
    fill_terms(z, t->seed);
    quiz_close(z, &like, &t->data->lib, x);
    return z;
}

void quiz_without_terms(quiz *z)
{
    z->q.n_terms = 0;
    z->q.term = NULL;
    z->q.mask = NULL;
}

static void copy_columns(pm_mat from, const uint32_t *col, pm_mat to)
{
    for (size_t i = 0; i < to.rows; i++)
        for (size_t j = 0; j < to.cols; j++) pm_row(to, i)[j] = pm_row(from, i)[col[j]];
}

quiz *quiz_with_columns(trial *t, const quiz *z, const uint32_t *col)
{
    size_t n = z->value.rows, m = z->value.cols;
    quiz *out = quiz_open(t, n, m);
    pm_library *lib = toy_experts(t->a, z->q.lib, col, m);
    if (!out || !lib) return NULL;
    copy_columns(z->value, col, out->value);
    copy_columns(z->spread, col, out->spread);
    copy_columns(z->cost, col, out->cost);
    copy_columns(z->soft_value, col, out->soft_value);
    copy_columns(z->hard_value, col, out->hard_value);
    for (size_t j = 0; j < m; j++) out->prior[j] = z->prior[col[j]];
    memcpy(out->arrival, z->arrival, n * sizeof *out->arrival);
    quiz_close(out, z, lib, z->q.x);
    for (uint32_t j = 0; j < m; j++)
        if (col[j] == z->q.reference_col) out->q.reference_col = j;
    return out;
}

static void copy_row(pm_mat from, size_t i, pm_mat to)
{
    memcpy(to.at, pm_row(from, from.rows == 1 ? 0 : i), to.cols * sizeof *to.at);
}

quiz *quiz_one(trial *t, const quiz *z, size_t i)
{
    uint32_t row = (uint32_t)i;
    size_t m = z->value.cols;
    quiz *out = quiz_open(t, 1, m);
    pm_prompts *x = toy_rows(t->a, z->q.x, &row, 1);
    if (!out || !x) return NULL;
    copy_row(z->value, i, out->value);
    copy_row(z->spread, i, out->spread);
    copy_row(z->cost, i, out->cost);
    copy_row(z->soft_value, i, out->soft_value);
    copy_row(z->hard_value, i, out->hard_value);
    memcpy(out->prior, z->prior, m * sizeof *out->prior);
    out->arrival[0] = z->arrival[i];
    quiz_close(out, z, z->q.lib, x);
    return out;
}

bool quiz_room(trial *t, const pm_question *q, pm_decisions *out)
{
    size_t n = q->value.rows, m = q->value.cols;
    uint32_t offers = t->e->type.objective->offers;
    *out = (pm_decisions){.size = sizeof *out};
    out->choice = arena_alloc(t->a, n, sizeof *out->choice);
    if (offers & PM_OFFERS_UTILITY) out->refused = arena_alloc(t->a, n * m, 1);
    if (offers & PM_OFFERS_UTILITY) out->utility = trial_mat(t, n, m);
    if (offers & PM_OFFERS_SHARE) out->share = trial_mat(t, n, m);
    if (offers & PM_OFFERS_FRONT) out->front = arena_alloc(t->a, n * m, 1);
    if (offers & PM_OFFERS_PARTS) {
        out->value_part = trial_mat(t, n, m);
        out->term_part = arena_alloc(t->a, q->n_terms, sizeof *out->term_part);
        for (size_t k = 0; out->term_part && k < q->n_terms; k++)
            out->term_part[k] = trial_mat(t, n, m);
    }
    return out->choice && (out->refused || !(offers & PM_OFFERS_UTILITY));
}

void quiz_improve(quiz *z, size_t i, size_t j)
{
    float *v = pm_row(z->value, i);
    switch (z->q.kind) {
    case PM_VALUE_LOSS:
        v[j] *= 0.9f;
        break;
    case PM_VALUE_RANK:
        v[j] += 1.0f;
        break;
    case PM_VALUE_BEST: /* the others give way: rows still sum to 1 */
        for (size_t k = 0; k < z->value.cols; k++) v[k] *= 0.9f;
        v[j] += 0.1f;
        break;
    default:
        v[j] += 0.04f;
    }
}

bool quiz_is_allowed(const quiz *z, size_t i, size_t j)
{
    return z->q.n_terms == 0 || !((double)pm_row(z->hard_value, i)[j] > z->hard.bound);
}
