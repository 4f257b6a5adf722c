/* SPDX-License-Identifier: MIT
 *
 * Epochs and members; see matrix_factorization_train.h.
 */
#include "matrix_factorization_train.h"

#include <math.h>

enum { S_SHUFFLE = 140, TELL = 16 };

/* L2 is tried at these multiples on who is held out. */
static const double strengths[] = {1, 0.25};
enum { STRENGTHS = sizeof strengths / sizeof *strengths };

struct course { /* all fits of a build */
    struct mf_step step;
    struct mf_data *data;
    uint32_t *order;   /* [n] */
    size_t fits, done; /* one after the other, for progress */
    /* [epochs + 1] mean losses after each epoch, at first of the biases alone; their sums over parts */
    double *train, *tune;
    float *fold, *prompts, *experts, *bias; /* of the result */
};

static void shuffle(struct course *a, pm_call *c, size_t epoch)
{
    const size_t n = a->data->n_fit;
    memcpy(a->order, a->data->fit, n * sizeof *a->order);
    for (size_t i = n; i > 1; i--) {
        double u = c->host->uniform(c, S_SHUFFLE + a->step.member, epoch * n + i);
        size_t k = (size_t)(u * (double)i);
        uint32_t t = a->order[i - 1];
        a->order[i - 1] = a->order[k];
        a->order[k] = t;
    }
}

/* One epoch; *loss: mean over its items, each as its batch met it. */
static pm_status run_epoch(struct course *a, pm_call *c, size_t epoch, double *loss)
{
    const struct mf_how *how = a->step.how;
    const size_t all = a->data->n_fit;
    size_t items = 0, steps = 0;
    shuffle(a, c, epoch);
    *loss = 0;
    for (size_t lo = 0; lo < all; lo += how->batch) {
        size_t n = all - lo < how->batch ? all - lo : how->batch;
        double part = ((double)epoch + (double)lo / (double)all) / (double)how->epochs;
        a->step.rate = how->slows ? 1 - part : 1;
        pm_status st = mf_step_run(&a->step, c, a->order + lo, n, loss);
        if (st == PM_OK && steps++ % TELL == 0)
            st = c->host->progress(c, 0.99 * ((double)a->done + part) / (double)a->fits, NULL, 0);
        if (st != PM_OK) return st;
        items += a->step.first[n];
    }
    *loss /= (double)items;
    if (isfinite(*loss)) return PM_OK;
    return c->host->fail(c, PM_E_DIVERGED, "the loss is not finite in epoch %zu; try a smaller lr",
                         epoch + 1);
}

/* `epochs` epochs of rows data->fit; adds their losses to train and tune.  Rows data->stop are met without noise. */
static pm_status run_fit(struct course *a, pm_call *c, uint32_t member, size_t epochs)
{
    const struct mf_data *data = a->data;
    double held = 0, train = 0;
    pm_status st = PM_OK;
    mf_step_begin(&a->step, c, member);
    for (size_t e = 0; st == PM_OK && e <= epochs; e++) {
        if (e) st = run_epoch(a, c, e - 1, &train);
        if (st == PM_OK && data->n_stop)
            st = mf_step_look(&a->step, c, data->stop, data->n_stop, e == 0, &held);
        a->train[e] += train;
        a->tune[e] += held * (double)data->n_stop;
    }
    a->done++;
    return st;
}

/* Tells the curves that run_fit summed, of `n` fits. */
static pm_status tell(struct course *a, pm_call *c, size_t epochs, size_t n)
{
    pm_status st = PM_OK;
    double rows = 0;
    for (size_t i = 0; i < a->data->n; i++) rows += a->data->part[i] != MF_NEVER;
    for (size_t e = 1; st == PM_OK && e <= epochs; e++) {
        pm_metric m[] = {
            {"epoch", (double)e}, {"train", a->train[e] / (double)n}, {"tune", a->tune[e] / rows}};
        st = c->host->progress(c, 0.99 * (double)a->done / (double)a->fits, m, rows > 0 ? 3 : 2);
    }
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
    a->order = c->host->scratch(c, a->data->n, sizeof *a->order);
    a->train = c->host->scratch(c, how->epochs + 1, sizeof *a->train);
    a->tune = c->host->scratch(c, how->epochs + 1, sizeof *a->tune);
    int ok = a->fold && a->bias && a->prompts && a->experts && a->order && a->train && a->tune;
    return ok ? PM_OK : PM_E_MEMORY;
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

static void forget(struct course *a)
{
    memset(a->train, 0, (a->step.how->epochs + 1) * sizeof *a->train);
    memset(a->tune, 0, (a->step.how->epochs + 1) * sizeof *a->tune);
}

/* The epochs, and the strength of L2, that do best on who is held out, all parts together. */
static pm_status tune(struct course *a, pm_call *c, struct mf_result *out)
{
    const size_t parts = a->data->n_parts, epochs = a->step.how->epochs;
    pm_status st = PM_OK;
    out->held = INFINITY;
    for (size_t k = 0; st == PM_OK && k < (a->step.how->tunes ? STRENGTHS : 1); k++) {
        forget(a);
        a->step.l2 = a->step.how->l2 * strengths[k];
        for (size_t part = 0; st == PM_OK && part < parts; part++) {
            st = mf_data_hold(c, a->data, part, MF_NEVER);
            if (st == PM_OK && a->data->n_fit) st = run_fit(a, c, 0, epochs);
        }
        for (size_t e = 0; st == PM_OK && e <= epochs; e++)
            if (a->tune[e] < out->held)
                out->held = a->tune[e], out->epoch = e, out->l2 = a->step.l2;
        if (st == PM_OK && k == 0) st = tell(a, c, epochs, parts);
    }
    a->step.l2 = out->l2;
    return st;
}

static pm_status fit_members(struct course *a, pm_call *c, const struct mf_result *out)
{
    const struct mf_how *how = a->step.how;
    int apart = !how->refit && a->data->base.tune; /* the tuning part is not fitted */
    pm_status st = mf_data_hold(c, a->data, MF_NEVER, apart ? 0 : MF_NEVER);
    for (uint32_t k = 0; st == PM_OK && k < how->members; k++) {
        forget(a);
        st = run_fit(a, c, k, out->epoch);
        if (st == PM_OK && k == 0 && !a->data->n_parts) st = tell(a, c, out->epoch, 1);
        if (st == PM_OK) take_member(a, k, out->epoch == 0);
    }
    return st;
}

pm_status mf_train(pm_call *c, struct mf_data *data, const struct mf_how *how,
                   struct mf_result *out)
{
    const pm_linalg_service *math = c->host->service(PM_LINALG_SERVICE);
    *out = (struct mf_result){.epoch = how->epochs, .l2 = how->l2, .held = NAN};
    struct course *a = c->host->scratch(c, 1, sizeof *a);
    if (!a) return PM_E_MEMORY;
    if (!math || !PM_HAS(math, dots))
        return c->host->fail(c, PM_E_UNSUPPORTED, "this host lacks adam in " PM_LINALG_SERVICE);
    a->data = data;
    a->step = (struct mf_step){.data = data, .how = how, .math = math, .l2 = how->l2};
    a->fits = how->members + data->n_parts * (how->tunes ? STRENGTHS : 1);
    pm_status st = mf_step_open(&a->step, c);
    if (st == PM_OK) st = make_room(a, c, out);
    if (st == PM_OK && data->n_parts) st = tune(a, c, out);
    if (st == PM_OK) st = fit_members(a, c, out);
    return st == PM_OK ? fold(a, c, &out->fold) : st;
}
