/* SPDX-License-Identifier: MIT
 *
 * Epochs; see fit_train.h.
 */
#include "fit_train.h"

#include <math.h>

static const double notable = 0.002; /* share of the held-out loss that counts as progress */
enum { S_SHUFFLE = 103, S_AGAIN = 104, TELL = 16 };

struct course { /* of one fitting: some rows, some epochs */
    struct fit_step step;
    uint32_t *order;     /* [n] */
    const uint32_t *row; /* [n] */
    size_t n, epochs;
    int slows;          /* step sizes fall to 0 with the last epoch: nobody picks the best one */
    uint32_t stream;    /* of the shuffling */
    double done, share; /* of the whole build: before this fitting, and by it */
    float *best[FIT_PARTS]; /* weights of the best epoch */
};

static void shuffle(struct course *a, pm_call *c, size_t epoch)
{
    memcpy(a->order, a->row, a->n * sizeof *a->order);
    for (size_t i = a->n; i > 1; i--) {
        size_t k = (size_t)(c->host->uniform(c, a->stream, epoch * a->n + i) * (double)i);
        uint32_t t = a->order[i - 1];
        a->order[i - 1] = a->order[k];
        a->order[k] = t;
    }
}

/* One epoch; *loss: mean over its rows, each as its batch met it. */
static pm_status run_epoch(struct course *a, pm_call *c, size_t epoch, double *loss)
{
    size_t batch = a->step.how->batch, steps = 0;
    shuffle(a, c, epoch);
    *loss = 0;
    for (size_t lo = 0; lo < a->n; lo += batch) {
        size_t n = a->n - lo < batch ? a->n - lo : batch;
        double part = ((double)epoch + (double)lo / (double)a->n) / (double)a->epochs;
        a->step.rate = a->slows ? 1 - part : 1;
        pm_status st = fit_step_run(&a->step, c, a->order + lo, n, loss);
        if (st == PM_OK && steps++ % TELL == 0)
            st = c->host->progress(c, a->done + a->share * part, NULL, 0);
        if (st != PM_OK) return st;
    }
    *loss /= (double)a->n;
    return isfinite(*loss)
               ? fit_step_settle(&a->step, c)
               : c->host->fail(c, PM_E_DIVERGED,
                               "the loss is not finite in epoch %zu; try a smaller lr", epoch + 1);
}

/* Mean loss or regret over rows; with `out`, their answers too. */
static pm_status look(struct course *a, pm_call *c, const uint32_t *row, size_t n, pm_mat *out,
                      double *mean)
{
    const struct fit_goal *goal = a->step.goal;
    size_t batch = a->step.how->batch;
    double sum = 0, weight = 0;
    for (size_t lo = 0; lo < n; lo += batch) {
        size_t rows = n - lo < batch ? n - lo : batch;
        pm_status st = fit_step_answer(&a->step, c, row + lo, rows);
        if (st != PM_OK) return st;
        for (size_t i = 0; i < rows; i++) {
            const float *answer = pm_row(a->step.answer, i);
            if (out) memcpy(pm_row(*out, lo + i), answer, a->step.net.last * sizeof *answer);
            double y = a->step.how->stop_on_choice
                           ? goal->regret(goal->arg, row[lo + i], answer)
                           : goal->loss(goal->arg, row[lo + i], answer, NULL);
            if (y == y) sum += y, weight += 1;
        }
    }
    *mean = weight > 0 ? sum / weight : 0;
    return PM_OK;
}

static pm_status remember(struct course *a, pm_call *c)
{
    for (size_t p = 0; p < FIT_PARTS; p++) {
        size_t size = fit_net_size(&a->step.net, p);
        if (!size) continue;
        if (!a->best[p]) a->best[p] = c->host->scratch(c, size, sizeof(float));
        if (!a->best[p]) return PM_E_MEMORY;
        memcpy(a->best[p], a->step.w[p], size * sizeof(float));
    }
    return PM_OK;
}

static void recall(struct course *a)
{
    for (size_t p = 0; p < FIT_PARTS; p++)
        if (a->best[p])
            memcpy(a->step.w[p], a->best[p], fit_net_size(&a->step.net, p) * sizeof(float));
}

/* Fits on the fitting part until the held-out rows see no progress for `patience` epochs.  The best epoch is kept
 * whether or not it was notably better. */
static pm_status with_stop(struct course *a, pm_call *c, struct fit_result *out)
{
    const struct fit_data *data = a->step.data;
    size_t patience = a->step.how->patience;
    double held = 0, train = 0, mark; /* what the last notable step forward led to, and when */
    size_t marked = 0;
    pm_status st = look(a, c, data->stop, data->n_stop, NULL, &held);
    if (st == PM_OK) st = remember(a, c);
    out->held = mark = held;
    for (size_t e = 0; st == PM_OK && e < a->epochs && e - marked < patience; e++) {
        st = run_epoch(a, c, e, &train);
        if (st == PM_OK) st = look(a, c, data->stop, data->n_stop, NULL, &held);
        pm_metric m[] = {{"epoch", (double)(e + 1)}, {"train", train}, {"tune", held}};
        double part = (double)(e + 1) / (double)a->epochs;
        if (st == PM_OK) st = c->host->progress(c, a->done + a->share * part, m, 3);
        if (held < mark * (1 - notable)) mark = held, marked = e + 1;
        if (st == PM_OK && held < out->held) {
            out->held = held;
            out->epoch = e + 1;
            st = remember(a, c);
        }
    }
    recall(a);
    return st;
}

/* Fits on rows for all epochs. */
static pm_status without_stop(struct course *a, pm_call *c)
{
    pm_status st = PM_OK;
    double train = 0;
    for (size_t e = 0; st == PM_OK && e < a->epochs; e++) {
        st = run_epoch(a, c, e, &train);
        pm_metric m[] = {{"epoch", (double)(e + 1)}, {"train", train}};
        double part = (double)(e + 1) / (double)a->epochs;
        if (st == PM_OK) st = c->host->progress(c, a->done + a->share * part, m, 2);
    }
    return st;
}

static void begin(struct course *a, pm_call *c, const uint32_t *row, size_t n, size_t epochs)
{
    size_t batch = a->step.how->batch;
    a->row = row;
    a->n = n;
    a->epochs = epochs;
    fit_step_begin(&a->step, c, (n + batch - 1) / batch);
}

/* The rows that the result answers for: who was held out, or else all. */
static pm_status answer_held(struct course *a, pm_call *c, struct fit_result *out)
{
    const struct fit_data *data = a->step.data;
    double ignored;
    out->row = data->n_stop ? data->stop : data->fit;
    out->n = data->n_stop ? data->n_stop : data->n_fit;
    size_t width = a->step.net.last;
    out->answer =
        (pm_mat){c->host->scratch(c, out->n * width, sizeof(float)), out->n, width, width};
    if (!out->answer.at) return PM_E_MEMORY;
    return look(a, c, out->row, out->n, &out->answer, data->n_stop ? &ignored : &out->held);
}

pm_status fit_train(pm_call *c, const struct fit_data *data, const struct fit_goal *goal,
                    const struct fit_how *how, struct fit_result *out)
{
    *out = (struct fit_result){.epoch = 0};
    struct course *a = c->host->scratch(c, 1, sizeof *a);
    uint32_t *row = c->host->scratch(c, 2 * data->n, sizeof *row);
    if (!a || !row) return PM_E_MEMORY;
    a->step = (struct fit_step){.data = data, .goal = goal, .how = how};
    a->order = row + data->n;
    a->stream = S_SHUFFLE;
    a->share = data->n_stop && how->refit ? 0.55 : 0.99;
    pm_status st = fit_step_open(&a->step, c);
    if (st != PM_OK) return st;
    begin(a, c, data->fit, data->n_fit, how->epochs);
    a->slows = !data->n_stop;
    st = data->n_stop ? with_stop(a, c, out) : without_stop(a, c);
    if (!data->n_stop) out->epoch = how->epochs;
    if (st == PM_OK) st = answer_held(a, c, out);
    if (st == PM_OK && data->n_stop && how->refit && out->epoch) {
        for (size_t i = 0; i < data->n; i++) row[i] = (uint32_t)i;
        a->stream = S_AGAIN;
        a->slows = 1;
        a->done = 0.55, a->share = 0.44;
        begin(a, c, row, data->n, out->epoch);
        st = without_stop(a, c);
    }
    out->net = a->step.net;
    return st;
}
