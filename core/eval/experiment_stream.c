/* SPDX-License-Identifier: MIT
 *
 * Streams: an objective that learns between decisions meets the test prompts one after another, in several orders.
 * During the prefix it decides with nothing learned; then it is built from the predictions for the prefix and from the
 * outcomes of the choices made so far, no others, told again what they led to, and goes on.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "eval/experiment_stream.h"
#include "math/mat.h"

bool exp_is_streamed(const exp_run *r)
{
    const pm_objective_type *t = r->x->objective.plugin->type.objective;
    return t->observe != NULL && !r->x->of_battles;
}

/* ---- what was really spent ---- */

static pm_status realised(exp_run *r, seed_work *w, size_t k, const pm_outcomes *y, pm_mat out,
                          pm_err *err)
{
    if (constraint_has_realised(w->constraint[k]))
        return constraint_realised(w->constraint[k], r->call, &r->lib->view, &w->test_x, y, out,
                                   err);
    for (size_t e = 0; e < out.rows * out.cols; e++) out.at[e] = NAN; /* as evaluated */
    return PM_OK;
}

pm_status exp_stream_spent(exp_run *r, seed_work *w, pm_err *err)
{
    pm_outcomes y;
    size_t n = r->x->n_constraints;
    pm_cmat *spent = arena_alloc(r->a, n + 1, sizeof *spent);
    if (!spent) return err_set(err, PM_E_MEMORY, "streams");
    pm_status s = dataset_outcomes(&r->data, w->s.test, w->s.n_test, r->a, &y, err);
    for (size_t k = 0; k < n && !s; k++) {
        pm_mat out = mat_new(r->a, w->s.n_test, r->lib->view.n);
        s = out.at ? realised(r, w, k, &y, out, err) : err_set(err, PM_E_MEMORY, "streams");
        spent[k] = mat_const(out);
    }
    w->stream->spent = spent;
    w->stream->order = arena_alloc(r->a, w->s.n_test, sizeof *w->stream->order);
    return s || w->stream->order ? s : err_set(err, PM_E_MEMORY, "streams");
}

const uint32_t *exp_stream_order(const seed_work *w)
{
    return w->stream ? w->stream->order : NULL;
}

/* What cell (i, j) of the test part cost in term k: as it turned out, else as expected. */
double exp_stream_cost(const seed_work *w, const pm_question *q, size_t k, size_t i, size_t j)
{
    float known = pm_crow(w->stream->spent[k], i)[j];
    return (double)(isnan(known) ? pm_crow(q->term[k]->value, i)[j] : known);
}

/* ---- a question in order of arrival ---- */

typedef struct arrivals {
    exp_run *r;
    seed_work *w;
    const pm_question *q; /* the test part */
    uint32_t *order;      /* [n] which prompt comes */
    pm_question all;      /* the same in that order; parts of it are asked */
    pm_prompts x;
    pm_term *term;
    const pm_term **list;
    objective *o;
    uint32_t *choice; /* [n] by prompt of the test part */
    double *spent;    /* [n_terms] of the decision at hand */
    pm_err *err;
} arrivals;

static void shuffle(uint32_t *order, size_t n, uint64_t seed, uint32_t stream)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(rng_uniform(seed, stream, i) * (double)i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[k];
        order[k] = t;
    }
}

static bool gather(const arrivals *v, pm_cmat *m)
{
    return !m->at || m->ld == 0 || exp_rows_of(*m, v->order, m->rows, v->r->a, m);
}

static bool gather_prompts(arrivals *v, size_t n)
{
    uint64_t *id = arena_alloc(v->r->a, n, sizeof *id);
    pm_str *text = arena_alloc(v->r->a, n, sizeof *text);
    if (!id || !text) return false;
    for (size_t i = 0; i < n; i++) {
        id[i] = v->q->x->id[v->order[i]];
        if (v->q->x->text) text[i] = v->q->x->text[v->order[i]];
    }
    v->x = (pm_prompts){.size = sizeof v->x, .n = n, .id = id, .text = v->q->x->text ? text : NULL};
    return true;
}

static bool gather_mask(arrivals *v, size_t n, size_t m)
{
    if (!v->q->mask) return true;
    uint32_t *mask = arena_alloc(v->r->a, n, m * sizeof *mask);
    for (size_t i = 0; mask && i < n; i++)
        memcpy(mask + i * m, v->q->mask + v->order[i] * m, m * sizeof *mask);
    v->all.mask = mask;
    return mask != NULL;
}

static bool gather_terms(arrivals *v, size_t n)
{
    bool fits = true;
    for (size_t k = 0; k < v->q->n_terms && fits; k++) {
        v->term[k] = *v->q->term[k];
        v->list[k] = &v->term[k];
        fits = gather(v, &v->term[k].value);
        const float *from = v->term[k].weight_row;
        float *row = from && fits ? arena_alloc(v->r->a, n, sizeof *row) : NULL;
        for (size_t i = 0; row && i < n; i++) row[i] = from[v->order[i]];
        fits = fits && (!from || row);
        v->term[k].weight_row = row;
    }
    return fits;
}

static pm_status arrange(arrivals *v)
{
    arena *a = v->r->a;
    size_t n = v->q->value.rows, m = v->q->value.cols;
    v->term = arena_alloc(a, v->q->n_terms + 1, sizeof *v->term);
    v->list = arena_alloc(a, v->q->n_terms + 1, sizeof *v->list);
    v->spent = arena_alloc(a, v->q->n_terms + 1, sizeof *v->spent);
    v->all = *v->q;
    v->all.horizon = n;
    v->all.term = v->list;
    bool fits = v->term && v->list && v->spent && gather(v, &v->all.value) &&
                gather(v, &v->all.spread) && gather_prompts(v, n) && gather_mask(v, n, m) &&
                gather_terms(v, n);
    v->all.x = &v->x;
    return fits ? PM_OK : err_set(v->err, PM_E_MEMORY, "a stream of %zu prompts", n);
}

typedef struct part { /* of a question: views */
    pm_question q;
    pm_prompts x;
    pm_term term[64];
    const pm_term *list[64];
} part;

static pm_cmat rows_of(pm_cmat m, size_t from, size_t n)
{
    if (m.at) m.at += from * m.ld;
    m.rows = n;
    return m;
}

static void cut(const arrivals *v, size_t from, size_t n, part *out)
{
    out->q = v->all;
    out->x = v->x;
    out->x.n = n;
    out->x.id += from;
    if (out->x.text) out->x.text += from;
    out->q.x = &out->x;
    out->q.value = rows_of(v->all.value, from, n);
    out->q.spread = rows_of(v->all.spread, from, n);
    out->q.cost_usd = rows_of(v->all.cost_usd, from, n);
    out->q.arrival += from;
    if (out->q.mask) out->q.mask += from * v->all.value.cols;
    for (size_t k = 0; k < v->all.n_terms; k++) {
        out->term[k] = v->term[k];
        out->term[k].value = rows_of(v->term[k].value, from, n);
        if (out->term[k].weight_row) out->term[k].weight_row += from;
        out->list[k] = &out->term[k];
    }
    out->q.term = out->list;
}

/* ---- deciding ---- */

static pm_status observe(arrivals *v, size_t t)
{
    const eval_truth *truth = &v->w->truth;
    size_t i = v->order[t], j = v->choice[i];
    for (size_t k = 0; k < v->q->n_terms; k++) v->spent[k] = exp_stream_cost(v->w, v->q, k, i, j);
    pm_feedback seen = {.size = sizeof seen,
                        .prompt_id = v->x.id[t],
                        .arrival = t,
                        .choice = (uint32_t)j,
                        .cost_usd = truth->cost_usd.at ? (double)pm_crow(truth->cost_usd, i)[j]
                                                       : (double)NAN,
                        .value = (double)pm_crow(truth->value, i)[j],
                        .kind = truth->kind,
                        .term = v->spent,
                        .n_terms = v->q->n_terms};
    return objective_observe(v->o, v->r->call, &seen, v->err);
}

static pm_status decide(arrivals *v, size_t t)
{
    part one;
    uint32_t choice = PM_NO_COL;
    pm_decisions d = {.size = sizeof d, .choice = &choice};
    cut(v, t, 1, &one);
    pm_status s = objective_decide(v->o, v->r->call, &one.q, &d, v->err);
    v->choice[v->order[t]] = choice;
    if (!s && choice == PM_NO_COL)
        s = err_set(v->err, PM_E_UNSUPPORTED, "prompt %zu of the stream was given to nobody", t);
    return s ? s : observe(v, t);
}

static pm_status build(arrivals *v, const pm_question *prefix, const pm_outcomes *seen)
{
    const plugin_choice *p = &v->r->x->objective;
    objective_spec spec = {p->plugin, p->params, v->w->seed};
    objective_close(v->o);
    v->o = NULL;
    return objective_build(v->r->call, &spec, prefix, seen, &v->o, v->err);
}

/* What is known after n decisions: outcomes of the choices, NaN elsewhere. */
static pm_status learn(arrivals *v, size_t n)
{
    size_t m = v->all.value.cols;
    part prefix;
    pm_mat value = mat_new(v->r->a, n, m);
    if (!value.at) return err_set(v->err, PM_E_MEMORY, "a prefix of %zu prompts", n);
    for (size_t t = 0; t < n; t++)
        for (size_t j = 0; j < m; j++) {
            size_t i = v->order[t];
            pm_row(value, t)[j] = v->choice[i] == j ? pm_crow(v->w->truth.value, i)[j] : NAN;
        }
    pm_outcomes seen = {.size = sizeof seen, .kind = v->w->truth.kind, .value = mat_const(value)};
    cut(v, 0, n, &prefix);
    pm_status s = build(v, &prefix.q, &seen);
    for (size_t t = 0; t < n && !s; t++) s = observe(v, t);
    return s;
}

static pm_status run_order(arrivals *v, size_t n_prefix)
{
    size_t n = v->all.value.rows;
    pm_status s = build(v, NULL, NULL);
    for (size_t t = 0; t < n && !s; t++) {
        if (t == n_prefix && t > 0) s = learn(v, t);
        if (!s) s = decide(v, t);
    }
    return s;
}

static void count_order(const arrivals *v, stream_count *out, size_t order)
{
    size_t n = v->q->n_terms;
    for (size_t i = 0; i < v->q->value.rows; i++)
        for (size_t k = 0; k < n; k++) {
            double cost = exp_stream_cost(v->w, v->q, k, i, v->choice[i]);
            out->spend[order * n + k] += cost;
            if (cost > out->largest[order * n + k]) out->largest[order * n + k] = cost;
        }
}

static stream_choice choice_of(const exp_run *r)
{
    return r->x->stream.is_given ? r->x->stream
                                 : (stream_choice){.prefix = 0.05, .orders = 5, .seed = 1};
}

size_t exp_stream_orders(const exp_run *r)
{
    return choice_of(r).orders;
}

static pm_status run_orders(exp_run *r, seed_work *w, const pm_question *q, stream_count *out,
                            pm_err *err)
{
    const stream_choice c = choice_of(r);
    size_t n = q->value.rows, n_prefix = (size_t)floor(c.prefix * (double)n + 0.5);
    pm_status s = PM_OK;
    if (q->n_terms > 64)
        return err_set(err, PM_E_UNSUPPORTED, "a stream under %zu constraints", q->n_terms);
    out->choice = arena_alloc(r->a, c.orders, sizeof *out->choice);
    out->spend = arena_alloc(r->a, c.orders * (q->n_terms + 1), sizeof *out->spend);
    out->largest = arena_alloc(r->a, c.orders * (q->n_terms + 1), sizeof *out->largest);
    if (!out->choice || !out->spend || !out->largest) return err_set(err, PM_E_MEMORY, "streams");
    for (size_t o = 0; o < c.orders && !s; o++) {
        arrivals v = {.r = r, .w = w, .q = q, .err = err};
        v.choice = arena_alloc(r->a, n, sizeof *v.choice);
        arena_mark mark = arena_save(r->a);
        v.order = arena_alloc(r->a, n, sizeof *v.order);
        if (!v.choice || !v.order) return err_set(err, PM_E_MEMORY, "a stream of %zu prompts", n);
        shuffle(v.order, n, rng_derive(c.seed, "stream"), (uint32_t)o);
        s = arrange(&v);
        if (!s) s = run_order(&v, n_prefix);
        if (!s) count_order(&v, out, o);
        if (o == 0) memcpy(w->stream->order, v.order, n * sizeof *v.order);
        out->choice[o] = v.choice;
        objective_close(v.o);
        arena_release(r->a, mark);
    }
    return s;
}

pm_status exp_stream(exp_run *r, seed_work *w, size_t k, size_t point, policy *out, pm_err *err)
{
    stream_count *count = &w->stream->count[point * w->n_routers + k];
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    if (!term) return err_set(err, PM_E_MEMORY, "streams");
    pm_question q;
    pm_scores scores = exp_scores(r, w, &w->router[k]);
    pipeline p = exp_pipeline(r, w, k, point, term);
    p.weight_row = exp_flag_weights(r, w, point);
    pm_status s = pipeline_question(&p, r->pipe, &w->test_x, &scores, &q, err);
    if (!s) s = run_orders(r, w, &q, count, err);
    if (s) return s;
    out->choice = count->choice[0];
    out->more = count->choice + 1;
    out->n_more = exp_stream_orders(r) - 1;
    return PM_OK;
}
