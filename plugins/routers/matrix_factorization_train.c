/* SPDX-License-Identifier: MIT
 *
 * Epochs and members; see matrix_factorization_train.h.
 */
#include "matrix_factorization_train.h"

#include <math.h>

enum { S_SHUFFLE = 140, TELL = 16 };
static const double notable = 0.001; /* share of the held-out loss that counts as progress */

struct course { /* all fits of a build */
    struct mf_step step;
    uint32_t *order, *all; /* [n] */
    size_t fits, done;     /* one after the other, for progress */
    float *best[MF_PARTS];
    float *fold, *prompts, *experts, *bias; /* of the result */
};

struct pass {
    const uint32_t *row;
    size_t n, epochs;
    int slows, stops, tells;
};

static void shuffle(struct course *a, pm_call *c, const struct pass *p, size_t epoch)
{
    memcpy(a->order, p->row, p->n * sizeof *a->order);
    for (size_t i = p->n; i > 1; i--) {
        double u = c->host->uniform(c, S_SHUFFLE + a->step.member, epoch * p->n + i);
        size_t k = (size_t)(u * (double)i);
        uint32_t t = a->order[i - 1];
        a->order[i - 1] = a->order[k];
        a->order[k] = t;
    }
}

static double done(const struct course *a, double part)
{
    return 0.99 * ((double)a->done + part) / (double)a->fits;
}

/* One epoch; *loss: mean over its items, each as its batch met it. */
static pm_status run_epoch(struct course *a, pm_call *c, const struct pass *p, size_t epoch,
                           double *loss)
{
    const struct mf_data *data = a->step.data;
    size_t batch = a->step.how->batch, items = 0, steps = 0;
    shuffle(a, c, p, epoch);
    *loss = 0;
    for (size_t lo = 0; lo < p->n; lo += batch) {
        size_t n = p->n - lo < batch ? p->n - lo : batch;
        double part = ((double)epoch + (double)lo / (double)p->n) / (double)p->epochs;
        a->step.rate = p->slows ? 1 - part : 1;
        pm_status st = mf_step_run(&a->step, c, a->order + lo, n, loss);
        if (st == PM_OK && steps++ % TELL == 0) st = c->host->progress(c, done(a, part), NULL, 0);
        if (st != PM_OK) return st;
        items += a->step.first[n];
    }
    (void)data;
    *loss /= (double)items;
    if (isfinite(*loss)) return PM_OK;
    return c->host->fail(c, PM_E_DIVERGED, "the loss is not finite in epoch %zu; try a smaller lr",
                         epoch + 1);
}

static void keep(struct course *a, int back)
{
    for (size_t k = 0; k < MF_PARTS; k++) {
        size_t bytes = a->step.part[k].rows * a->step.part[k].ld * sizeof(float);
        memcpy(back ? a->step.part[k].at : a->best[k], back ? a->best[k] : a->step.part[k].at,
               bytes);
    }
}

/* Until who is held out sees no progress for `patience` epochs; the best epoch is kept.  Epoch 0 is the biases
 * alone. */
static pm_status run_pass(struct course *a, pm_call *c, const struct pass *p, struct mf_result *out)
{
    const struct mf_data *data = a->step.data;
    double train = 0, held = 0, mark = INFINITY;
    size_t marked = 0;
    pm_status st = PM_OK;
    if (p->stops) {
        st = mf_step_look(&a->step, c, data->stop, data->n_stop, 1, &held);
        out->held = mark = held;
        out->epoch = 0;
    }
    for (size_t e = 0; st == PM_OK && e < p->epochs; e++) {
        st = run_epoch(a, c, p, e, &train);
        if (st == PM_OK && p->stops)
            st = mf_step_look(&a->step, c, data->stop, data->n_stop, 0, &held);
        pm_metric m[] = {{"epoch", (double)(e + 1)}, {"train", train}, {"tune", held}};
        double part = (double)(e + 1) / (double)p->epochs;
        if (st == PM_OK)
            st = c->host->progress(c, done(a, part), p->tells ? m : NULL,
                                   !p->tells  ? 0
                                   : p->stops ? 3
                                              : 2);
        if (st != PM_OK || !p->stops) continue;
        if (held < mark * (1 - notable)) mark = held, marked = e + 1;
        if (held < out->held) out->held = held, out->epoch = e + 1, keep(a, 0);
        if (e + 1 - marked >= a->step.how->patience) break;
    }
    a->done++;
    if (st == PM_OK && p->stops && out->epoch) keep(a, 1);
    return st;
}

/* ---- folding --------------------------------------------------------------------------------------------- */

static pm_status make_room(struct course *a, pm_call *c, struct mf_result *out)
{
    const struct mf_how *how = a->step.how;
    struct mf_fold *f = &out->fold;
    *f = (struct mf_fold){.d = a->step.d, .m = a->step.m, .k = how->members * how->rank};
    f->fold = a->fold = c->host->own(c, f->d * f->m, sizeof(float));
    f->bias = a->bias = c->host->own(c, f->m, sizeof(float));
    f->prompts = a->prompts = c->host->own(c, f->d * f->k, sizeof(float));
    f->experts = a->experts = c->host->own(c, f->m * f->k, sizeof(float));
    a->order = c->host->scratch(c, a->step.data->n, sizeof *a->order);
    a->all = c->host->scratch(c, a->step.data->n, sizeof *a->all);
    for (size_t k = 0; k < MF_PARTS; k++) {
        pm_mat p = a->step.part[k];
        a->best[k] = c->host->scratch(c, p.rows * p.ld, sizeof(float));
        if (!a->best[k]) return PM_E_MEMORY;
    }
    for (size_t i = 0; a->all && i < a->step.data->n; i++) a->all[i] = (uint32_t)i;
    return a->fold && a->bias && a->prompts && a->experts && a->order && a->all ? PM_OK
                                                                                : PM_E_MEMORY;
}

/* Columns [member * rank, (member + 1) * rank) of prompts and experts; its share of the biases. */
static void take_member(struct course *a, size_t member, int is_bare)
{
    struct mf_step *s = &a->step;
    const struct mf_how *how = s->how;
    const size_t k = how->members * how->rank, at = member * how->rank;
    const float share = 1 / sqrtf((float)how->members), scale = share * s->data->base.scale;
    mf_step_settle(s);
    for (size_t j = 0; j < s->m; j++) {
        size_t to = s->data->base.order[j];
        a->bias[to] += s->part[MF_BIAS].at[j] / (float)how->members;
        for (size_t t = 0; t < how->rank && !is_bare; t++)
            a->experts[to * k + at + t] = share * pm_row(s->p, j)[t];
    }
    for (size_t i = 0; i < s->d && !is_bare; i++)
        for (size_t t = 0; t < how->rank; t++)
            a->prompts[i * k + at + t] = scale * pm_row(s->part[MF_W], i)[t];
}

static pm_status fold(struct course *a, pm_call *c, const struct mf_fold *f)
{
    pm_cmat prompts = {f->prompts, f->d, f->k, f->k}, experts = {f->experts, f->m, f->k, f->k};
    pm_mat to = {a->fold, f->d, f->m, f->m};
    return c->host->gemm(c, 'n', 't', 1, prompts, experts, 0, to, PM_GEMM_EXACT);
}

/* ---- all -------------------------------------------------------------------------------------------------- */

static pm_status fit_member(struct course *a, pm_call *c, uint32_t member, struct mf_result *out)
{
    const struct mf_data *data = a->step.data;
    const struct mf_how *how = a->step.how;
    int stops = data->n_stop > 0, again = stops && how->refit;
    struct pass first = {data->fit, data->n_fit, how->epochs, !stops && how->slows,
                         stops,     member == 0};
    pm_status st = PM_OK;
    mf_step_begin(&a->step, c, member);
    if (member == 0 || !again) {
        if (!stops) out->epoch = how->epochs;
        st = run_pass(a, c, &first, out);
    }
    if (st != PM_OK || !again) {
        if (st == PM_OK) take_member(a, member, out->epoch == 0);
        return st;
    }
    struct pass last = {a->all, data->n, out->epoch, how->slows, 0, 0};
    mf_step_begin(&a->step, c, member);
    st = run_pass(a, c, &last, out);
    if (st == PM_OK) take_member(a, member, out->epoch == 0);
    return st;
}

pm_status mf_train(pm_call *c, const struct mf_data *data, const struct mf_how *how,
                   struct mf_result *out)
{
    *out = (struct mf_result){.held = NAN};
    struct course *a = c->host->scratch(c, 1, sizeof *a);
    if (!a) return PM_E_MEMORY;
    a->step =
        (struct mf_step){.data = data, .how = how, .math = c->host->service(PM_LINALG_SERVICE)};
    if (!a->step.math || !PM_HAS(a->step.math, dots))
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "this host lacks " PM_LINALG_SERVICE " with adam");
    a->fits = how->members + (data->n_stop && how->refit);
    pm_status st = mf_step_open(&a->step, c);
    if (st == PM_OK) st = make_room(a, c, out);
    for (uint32_t k = 0; st == PM_OK && k < how->members; k++) st = fit_member(a, c, k, out);
    return st == PM_OK ? fold(a, c, &out->fold) : st;
}
