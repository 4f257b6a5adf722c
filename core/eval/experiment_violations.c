/* SPDX-License-Identifier: MIT
 *
 * How often choices break the bound of a hard constraint: by the constraint's own values (0 unless it was given
 * up, an expert stood in, or the policy knows of no constraints), and by what really happened, where the
 * constraint can tell.
 */
#include <math.h>
#include <string.h>

#include "eval/experiment_private.h"
#include "math/mat.h"

pm_status exp_find_realised(exp_run *r, seed_work *w, pm_err *err)
{
    const experiment *x = r->x;
    pm_outcomes y;
    pm_status s = PM_OK;
    w->realised = arena_alloc(r->a, x->n_constraints + 1, sizeof *w->realised);
    if (!w->realised) return err_set(err, PM_E_MEMORY, "realised values");
    for (size_t c = 0; c < x->n_constraints && !s; c++) {
        if (x->constraint[c].sense != PM_HARD || !constraint_has_realised(w->constraint[c]))
            continue;
        pm_mat out = mat_new(r->a, w->truth.n, w->truth.m);
        if (!out.at) return err_set(err, PM_E_MEMORY, "realised values");
        s = dataset_outcomes(&r->data, w->s.test, w->s.n_test, r->a, &y, err);
        if (!s)
            s = constraint_realised(w->constraint[c], r->call, &r->lib->view, &w->test_x, &y, out,
                                    err);
        w->realised[c] = mat_const(out);
    }
    return s;
}

typedef struct broken_cells { /* 1 where the bound is broken; 1 where the value is known */
    pm_mat over, known;
    pm_cmat over_view, known_view;
} broken_cells;

static bool compare(pm_cmat value, double bound, arena *a, broken_cells *out)
{
    size_t rows = value.ld ? value.rows : 1;
    out->over = mat_new(a, rows, value.cols);
    out->known = mat_new(a, rows, value.cols);
    if (!out->over.at || !out->known.at) return false;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < value.cols; j++) {
            double v = (double)pm_crow(value, i)[j];
            pm_row(out->over, i)[j] = v > bound ? 1.0f : 0.0f;
            pm_row(out->known, i)[j] = isnan(v) ? 0.0f : 1.0f;
        }
    size_t ld = value.ld ? value.cols : 0;
    out->over_view = (pm_cmat){out->over.at, value.rows, value.cols, ld};
    out->known_view = (pm_cmat){out->known.at, value.rows, value.cols, ld};
    return true;
}

static const char *joined(const exp_run *r, const char *before, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    const char *kept = text.failed ? NULL : arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

/* Per prompt what the policy's choice has of x (0 or 1), in expectation of mixed decisions and over seeds. */
static void cells_of(const policy *p, pm_cmat x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = pm_crow(x, i);
        out[i] = 0;
        for (size_t j = 0; p->share.at && j < x.cols; j++)
            out[i] += (double)pm_crow(p->share, i)[j] * (double)row[j];
        for (size_t k = 0; !p->share.at && k <= p->n_more; k++)
            out[i] += (double)row[policy_choice(p, k)[i]] / (double)(p->n_more + 1);
    }
}

typedef struct rate {
    double value, lo, hi;
    size_t n; /* prompts whose value is known; 0: no rate */
} rate;

/* The same resamples for all policies: rates are paired.  A rate of 0 or 1 throughout has no width. */
static rate rate_of(const exp_run *r, const bootstrap *b, size_t n, const double *over,
                    const double *known)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        sum += over[i];
        all += known[i];
    }
    if (!(all > 0)) return (rate){.n = 0};
    rate out = {sum / all, sum / all, sum / all, (size_t)llround(all)};
    if (sum > 0 && sum < all) bootstrap_ratio(b, r->env.compute, over, known, &out.lo, &out.hi);
    return out;
}

static pm_status put_rates(exp_run *r, const exp_swept *it, const char *metric,
                           const broken_cells *cells, const bootstrap *b, pm_err *err)
{
    const char *subset = joined(r, it->before, "all");
    size_t n = it->truth->n;
    double *over = arena_alloc(r->a, n, 2 * sizeof *over), *known = over + n;
    pm_status s = metric && subset && over ? PM_OK : err_set(err, PM_E_MEMORY, "violations");
    for (size_t i = 0; i < it->n && !s; i++) {
        const policy *p = &it->policy[i];
        cells_of(p, cells->over_view, n, over);
        cells_of(p, cells->known_view, n, known);
        rate share = rate_of(r, b, n, over, known);
        if (share.n == 0) continue;
        bool alone = it->before[0] == '\0';
        store_row row = {.point = exp_point_of(r, p),
                         .label = p->label,
                         .role = policy_role_name(p->role),
                         .seed = alone ? it->seed : 0,
                         .subset = subset,
                         .metric = metric,
                         .value = share.value,
                         .lo = share.lo,
                         .hi = share.hi,
                         .n = share.n,
                         .setting = p->setting && alone ? p->setting : ""};
        s = exp_put(r, &row, err);
    }
    return s;
}

static pm_status put_constraint(exp_run *r, const exp_swept *it, size_t c, const bootstrap *b,
                                pm_err *err)
{
    const constraint_choice *k = &r->x->constraint[c];
    broken_cells cells;
    pm_status s = PM_OK;
    if (!it->penalty[c].at) return PM_OK; /* of splits that do not all have it */
    s = compare(it->penalty[c], k->bound, r->a, &cells)
            ? put_rates(r, it, joined(r, "violations:", k->at.label), &cells, b, err)
            : err_set(err, PM_E_MEMORY, "violations");
    if (s || !it->realised || !it->realised[c].at) return s;
    return compare(it->realised[c], k->bound, r->a, &cells)
               ? put_rates(r, it, joined(r, "violations_realised:", k->at.label), &cells, b, err)
               : err_set(err, PM_E_MEMORY, "violations");
}

pm_status exp_violations(exp_run *r, const exp_swept *it, pm_err *err)
{
    pm_status s = PM_OK;
    bootstrap *b = NULL;
    arena_mark all = arena_save(r->a);
    for (size_t c = 0; c < r->x->n_constraints && !s; c++) {
        if (r->x->constraint[c].sense != PM_HARD) continue;
        if (!b)
            s = bootstrap_draw(&r->x->bootstrap, r->env.compute, it->truth->cluster, it->truth->n,
                               r->a, &b, err);
        arena_mark mark = arena_save(r->a);
        if (!s) s = put_constraint(r, it, c, b, err);
        if (r->a != r->keep) arena_release(r->a, mark);
    }
    if (r->a != r->keep) arena_release(r->a, all);
    return s;
}
