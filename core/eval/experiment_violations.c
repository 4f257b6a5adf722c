/* SPDX-License-Identifier: MIT
 *
 * How often choices break the bound of a hard constraint: by the constraint's own values (0 unless it was given
 * up, an expert stood in, or the policy knows of no constraints), and by what really happened, where the
 * constraint can tell.
 */
#include <math.h>
#include <string.h>

#include "eval/experiment_private.h"
#include "eval/sweep.h"
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

static pm_status put_rates(exp_run *r, const exp_swept *it, const char *metric,
                           const broken_cells *cells, pm_err *err)
{
    const char *subset = joined(r, it->before, "all");
    pm_status s = metric && subset ? PM_OK : err_set(err, PM_E_MEMORY, "violations");
    for (size_t i = 0; i < it->n && !s; i++) {
        const policy *p = &it->policy[i];
        double known = sweep_mean(it->truth, p, cells->known_view);
        if (!(known > 0)) continue;
        bool alone = it->before[0] == '\0';
        store_row row = {.point = exp_point_of(r, p),
                         .label = p->label,
                         .role = policy_role_name(p->role),
                         .seed = alone ? it->seed : 0,
                         .subset = subset,
                         .metric = metric,
                         .value = sweep_mean(it->truth, p, cells->over_view) / known,
                         .lo = NAN,
                         .hi = NAN,
                         .n = (size_t)llround(known * (double)it->truth->n),
                         .setting = p->setting && alone ? p->setting : ""};
        s = exp_put(r, &row, err);
    }
    return s;
}

pm_status exp_violations(exp_run *r, const exp_swept *it, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t c = 0; c < r->x->n_constraints && !s; c++) {
        const constraint_choice *k = &r->x->constraint[c];
        broken_cells cells;
        if (k->sense != PM_HARD) continue;
        arena_mark mark = arena_save(r->a);
        s = compare(it->penalty[c], k->bound, r->a, &cells)
                ? put_rates(r, it, joined(r, "violations:", k->at.label), &cells, err)
                : err_set(err, PM_E_MEMORY, "violations");
        if (!s && it->realised && it->realised[c].at)
            s = compare(it->realised[c], k->bound, r->a, &cells)
                    ? put_rates(r, it, joined(r, "violations_realised:", k->at.label), &cells, err)
                    : err_set(err, PM_E_MEMORY, "violations");
        if (r->a != r->keep) arena_release(r->a, mark);
    }
    return s;
}
