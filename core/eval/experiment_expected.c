/* SPDX-License-Identifier: MIT
 *
 * What constraints expected of the test prompts beside what happened: their mean absolute error and that of the
 * training mean of each expert, as facts of the run; and realised values for measuring.
 */
#include <math.h>

#include "eval/experiment_private.h"
#include "math/mat.h"

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "what constraints turned out to be");
}

/* What constraint c turned out to be on prompts x, rows `row` of the data. */
static pm_status realise(exp_run *r, const seed_work *w, size_t c, const pm_prompts *x,
                         const uint32_t *row, pm_mat *out, pm_err *err)
{
    pm_outcomes y;
    *out = mat_new(r->a, x->n, r->lib->view.n);
    if (!out->at) return no_memory(err);
    pm_status s = dataset_outcomes(&r->data, row, x->n, r->a, &y, err);
    if (s) return s;
    return constraint_realised(w->constraint[c], r->call, &r->lib->view, x, &y, *out, err);
}

pm_status exp_realised(exp_run *r, const seed_work *w, size_t c, pm_cmat *out, pm_err *err)
{
    pm_mat x;
    *out = (pm_cmat){0};
    if (!constraint_has_realised(w->constraint[c])) return PM_OK;
    if (r->x->constraint[c].sense == PM_HARD) return PM_OK; /* experiment_violations.c has both */
    pm_status s = realise(r, w, c, &w->test_x, w->s.test, &x, err);
    if (s) return s;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++)
            if (isnan(pm_row(x, i)[j])) return PM_OK;
    *out = mat_const(x);
    return PM_OK;
}

/* Mean of each column's known cells; of all of them where a column has none. */
static bool column_means(const exp_run *r, pm_mat x, double *mean)
{
    double all = 0, known = 0, *n = arena_alloc(r->a, x.cols, sizeof *n);
    if (!n) return false;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++) {
            double v = (double)pm_row(x, i)[j];
            if (isnan(v)) continue;
            mean[j] += v, n[j] += 1;
            all += v, known += 1;
        }
    for (size_t j = 0; j < x.cols; j++)
        mean[j] = n[j] > 0 ? mean[j] / n[j] : known > 0 ? all / known : (double)NAN;
    return true;
}

/* Mean absolute errors over what is known: [0] of the constraint, [1] of the training mean; NaN: nothing is. */
static pm_status errors(exp_run *r, const seed_work *w, size_t c, double mae[2], pm_err *err)
{
    size_t n = w->s.n_test, m = r->lib->view.n;
    pm_mat guess = mat_new(r->a, n, m), value = mat_new(r->a, n, m), real, fit;
    double known = 0, *mean = arena_alloc(r->a, m, sizeof *mean);
    pm_scores truth = {.size = sizeof truth, .kind = w->truth.kind, .reference_col = PM_NO_COL};
    if (!guess.at || !value.at || !mean) return no_memory(err);
    truth.value = value;
    mat_copy(w->truth.value, value);
    pm_status s =
        constraint_eval(w->constraint[c], r->call, &r->lib->view, &w->test_x, &truth, guess, err);
    if (!s) s = realise(r, w, c, &w->test_x, w->s.test, &real, err);
    if (!s) s = realise(r, w, c, &w->fit_x, w->s.fit, &fit, err);
    if (s) return s;
    if (!column_means(r, fit, mean)) return no_memory(err);
    mae[0] = mae[1] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            double v = (double)pm_row(real, i)[j];
            if (isnan(v) || isnan(mean[j])) continue;
            mae[0] += fabs((double)pm_row(guess, i)[j] - v);
            mae[1] += fabs(mean[j] - v);
            known += 1;
        }
    mae[0] /= known, mae[1] /= known;
    return PM_OK;
}

static pm_status tell(exp_run *r, const seed_work *w, const char *name[2], double value,
                      const char *text, pm_err *err)
{
    str joined = STR_INIT;
    str_printf(&joined, "%s: %s", name[0], name[1]);
    const char *kept = joined.failed ? NULL : arena_strdup(r->keep, str_text(&joined));
    str_close(&joined);
    pm_status s = kept ? exp_fact(r, "constraint", kept, value, text, err) : no_memory(err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    return s;
}

/* Whether the means of constraint c are of what happened: once. */
static pm_status tell_measure(exp_run *r, const seed_work *w, size_t c, pm_err *err)
{
    pm_cmat real;
    const char *name[2] = {r->x->constraint[c].at.label, "means are of"};
    if (w->seed != r->x->seed[0]) return PM_OK;
    pm_status s = exp_realised(r, w, c, &real, err);
    if (s) return s;
    return tell(r, w, name, (double)NAN, real.at ? "what happened" : "what was expected", err);
}

static pm_status tell_errors(exp_run *r, const seed_work *w, size_t c, pm_err *err)
{
    static const char *const what[2] = {"test MAE", "test MAE of the training mean"};
    double mae[2] = {(double)NAN, (double)NAN};
    pm_status s = errors(r, w, c, mae, err);
    for (size_t k = 0; k < 2 && !s && !isnan(mae[0]); k++) {
        const char *name[2] = {r->x->constraint[c].at.label, what[k]};
        s = tell(r, w, name, mae[k], "", err);
    }
    return s;
}

pm_status exp_expected(exp_run *r, const seed_work *w, pm_err *err)
{
    if (r->x->of_battles) return PM_OK;
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        const constraint *k = w->constraint[c];
        if (!constraint_has_realised(k)) continue;
        arena_mark mark = arena_save(r->a);
        pm_status s = tell_measure(r, w, c, err);
        if (!s && constraint_is_per_prompt(k)) s = tell_errors(r, w, c, err);
        arena_release(r->a, mark);
        if (s) return s;
    }
    return PM_OK;
}
