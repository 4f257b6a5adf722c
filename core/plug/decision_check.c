/* SPDX-License-Identifier: MIT
 *
 * Questions and decisions, checked cell by cell.  The host knows which cells hard constraints forbid, so
 * an objective cannot overlook one.
 */
#include "plug/decision_check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "plug/check.h"

#define UNWRITTEN_CHOICE (PM_NO_COL - 1)
#define UNWRITTEN_MASK   UINT32_MAX
#define UNWRITTEN_FRONT  0xa5

/* ---- the question --------------------------------------------------------------------------------------- */

static pm_status check_term(const pm_question *q, size_t k, const char *who, pm_err *err)
{
    const pm_term *t = q->term[k];
    const char *name = t->name ? t->name : "(unnamed)";
    if (t->sense < PM_SOFT || t->sense > PM_BUDGET)
        return err_set(err, PM_E_ARG, "%s: constraint \"%s\" has the unknown sense %d", who, name,
                       (int)t->sense);
    if (!isfinite(t->weight) || isnan(t->bound))
        return err_set(err, PM_E_ARG, "%s: constraint \"%s\" has weight %g and bound %g", who, name,
                       t->weight, t->bound);
    for (size_t i = 0; t->weight_row && i < q->value.rows; i++)
        if (!isfinite(t->weight_row[i]))
            return err_set(err, PM_E_ARG, "%s: constraint \"%s\" has a weight of %g for prompt %zu",
                           who, name, (double)t->weight_row[i], i);
    pm_status st = check_shape(t->value, q->value.rows, q->value.cols, name, err);
    return st == PM_OK ? st : err_wrap(err, st, "%s", who);
}

pm_status decision_check_question(const pm_question *q, const char *who, pm_err *err)
{
    size_t n = q->value.rows, m = q->value.cols;
    pm_status st = check_shape(q->value, n, m, "value", err);
    if (st == PM_OK && q->spread.at) st = check_shape(q->spread, n, m, "spread", err);
    if (st == PM_OK && q->cost_usd.at) st = check_shape(q->cost_usd, n, m, "cost_usd", err);
    if (st != PM_OK) return err_wrap(err, st, "%s", who);
    if (!q->lib || q->lib->n != m || m == 0 || m >= UNWRITTEN_CHOICE)
        return err_set(err, PM_E_SHAPE, "%s: %zu columns for a library of %zu experts", who, m,
                       q->lib ? q->lib->n : 0);
    if (!q->x || q->x->n != n || !q->arrival)
        return err_set(err, PM_E_SHAPE, "%s: %zu rows for %zu prompts%s", who, n,
                       q->x ? q->x->n : 0, q->arrival ? "" : " without arrival order");
    for (size_t k = 0; k < q->n_terms && st == PM_OK; k++) st = check_term(q, k, who, err);
    return st;
}

static bool forbids(const pm_term *t, size_t i, size_t j)
{
    return t->sense == PM_HARD && (double)pm_crow(t->value, i)[j] > t->bound;
}

/* 1 + the first hard term that forbids the cell, or 0. */
static uint32_t forbidden_by(const pm_question *q, size_t i, size_t j)
{
    for (size_t k = 0; k < q->n_terms; k++)
        if (forbids(q->term[k], i, j)) return (uint32_t)(k + 1);
    return 0;
}

static pm_status infeasible(const pm_question *q, size_t i, pm_err *err)
{
    str names = STR_INIT;
    for (size_t k = 0; k < q->n_terms; k++) {
        bool excludes = false;
        for (size_t j = 0; j < q->value.cols && !excludes; j++)
            excludes = forbids(q->term[k], i, j);
        if (excludes)
            str_printf(&names, "%s\"%s\" (bound %g)", names.len ? ", " : "",
                       q->term[k]->name ? q->term[k]->name : "", q->term[k]->bound);
    }
    err_set(err, PM_E_INFEASIBLE, "no expert is allowed for prompt %zu: all %zu are excluded by %s",
            i, q->value.cols, str_text(&names));
    str_close(&names);
    return PM_E_INFEASIBLE;
}

pm_status decision_check_feasible(const pm_question *q, pm_err *err)
{
    bool hard = false, per_prompt = false;
    for (size_t k = 0; k < q->n_terms; k++) {
        if (q->term[k]->sense != PM_HARD) continue;
        hard = true;
        per_prompt |= q->term[k]->value.ld != 0;
    }
    size_t rows = !hard ? 0 : (per_prompt ? q->value.rows : (q->value.rows > 0));
    for (size_t i = 0; i < rows; i++) {
        size_t j = 0;
        while (j < q->value.cols && forbidden_by(q, i, j)) j++;
        if (j == q->value.cols) return infeasible(q, i, err);
    }
    return PM_OK;
}

void decision_mask(const pm_question *q, uint32_t *mask)
{
    for (size_t i = 0; i < q->value.rows; i++)
        for (size_t j = 0; j < q->value.cols; j++)
            mask[i * q->value.cols + j] = forbidden_by(q, i, j);
}

/* ---- what is asked --------------------------------------------------------------------------------------- */

static pm_status ask_matrix(pm_mat *m, const pm_question *q, bool offered, const char *what,
                            pm_err *err)
{
    if (!offered) m->at = NULL;
    if (!m->at) return PM_OK;
    if (q->value.rows > 1 && m->ld == 0)
        return err_set(err, PM_E_SHAPE, "%s has one row for %zu prompts", what, q->value.rows);
    return check_shape((pm_cmat){m->at, m->rows, m->cols, m->ld}, q->value.rows, q->value.cols,
                       what, err);
}

pm_status decision_ask(const pm_question *q, uint32_t offers, pm_decisions *out, const char *who,
                       pm_err *err)
{
    bool parts = (offers & PM_OFFERS_PARTS) != 0;
    if (!out->choice) return err_set(err, PM_E_ARG, "%s: there is no room for choices", who);
    pm_status st = ask_matrix(&out->utility, q, offers & PM_OFFERS_UTILITY, "utility", err);
    if (st == PM_OK) st = ask_matrix(&out->share, q, offers & PM_OFFERS_SHARE, "share", err);
    if (st == PM_OK) st = ask_matrix(&out->value_part, q, parts, "value_part", err);
    if (!parts) out->term_part = NULL;
    if (!(offers & PM_OFFERS_FRONT)) out->front = NULL;
    for (size_t k = 0; out->term_part && k < q->n_terms && st == PM_OK; k++)
        st = ask_matrix(&out->term_part[k], q, true, "term_part", err);
    return st == PM_OK ? st : err_wrap(err, st, "%s", who);
}

void decision_fill(const pm_question *q, pm_decisions *out)
{
    size_t n = q->value.rows, cells = n * q->value.cols;
    for (size_t i = 0; i < n; i++) out->choice[i] = UNWRITTEN_CHOICE;
    if (out->utility.at) check_fill(out->utility);
    if (out->share.at) check_fill(out->share);
    if (out->value_part.at) check_fill(out->value_part);
    for (size_t k = 0; out->term_part && k < q->n_terms; k++) check_fill(out->term_part[k]);
    if (out->front) memset(out->front, UNWRITTEN_FRONT, cells);
    if (out->mask) memset(out->mask, 0xff, cells * sizeof *out->mask);
}

/* ---- what came back ---------------------------------------------------------------------------------------- */

typedef struct row { /* one prompt's decision */
    const pm_question *q;
    const pm_decisions *d;
    const char *who;
    size_t i;
    pm_err *err;
} row;

static const char *expert(const row *r, size_t j)
{
    return r->q->lib->expert[j]->id;
}

static uint32_t masked(const row *r, size_t j)
{
    return r->d->mask ? r->d->mask[r->i * r->q->value.cols + j] : forbidden_by(r->q, r->i, j);
}

static pm_status check_mask(const row *r)
{
    const pm_question *q = r->q;
    for (size_t j = 0; r->d->mask && j < q->value.cols; j++) {
        uint32_t by = masked(r, j), hard = forbidden_by(q, r->i, j);
        if (by == UNWRITTEN_MASK)
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: mask of prompt %zu, expert \"%s\" was not written", r->who, r->i,
                           expert(r, j));
        if (by > q->n_terms)
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: mask of prompt %zu, expert \"%s\" is %u of %zu terms", r->who, r->i,
                           expert(r, j), by, q->n_terms);
        if (hard && !by)
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: prompt %zu, expert \"%s\" is not masked though \"%s\" forbids it",
                           r->who, r->i, expert(r, j), q->term[hard - 1]->name);
        if (by && q->term[by - 1]->sense != PM_BUDGET && !forbids(q->term[by - 1], r->i, j))
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: prompt %zu, expert \"%s\" is masked by \"%s\", which allows it",
                           r->who, r->i, expert(r, j), q->term[by - 1]->name);
    }
    return PM_OK;
}

static pm_status check_choice(const row *r)
{
    uint32_t choice = r->d->choice[r->i];
    if (choice == PM_NO_COL) return PM_OK; /* abstains */
    if (choice == UNWRITTEN_CHOICE)
        return err_set(r->err, PM_E_CONTRACT, "%s: choice of prompt %zu was not written", r->who,
                       r->i);
    if (choice >= r->q->value.cols)
        return err_set(r->err, PM_E_CONTRACT, "%s: choice of prompt %zu is column %u of %zu",
                       r->who, r->i, choice, r->q->value.cols);
    uint32_t by = masked(r, choice);
    if (!by) by = forbidden_by(r->q, r->i, choice);
    if (by)
        return err_set(r->err, PM_E_CONTRACT,
                       "%s: chose expert \"%s\" for prompt %zu, which \"%s\" forbids", r->who,
                       expert(r, choice), r->i, r->q->term[by - 1]->name);
    return PM_OK;
}

static pm_status check_utility(const row *r)
{
    if (!r->d->utility.at) return PM_OK;
    const float *u = pm_row(r->d->utility, r->i);
    float best = -INFINITY;
    for (size_t j = 0; j < r->q->value.cols; j++) {
        bool is_masked = masked(r, j) != 0;
        if (is_masked ? u[j] != -INFINITY : !isfinite(u[j]))
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: utility of prompt %zu, expert \"%s\" %s %g; want %s", r->who, r->i,
                           expert(r, j), check_is_unwritten(u[j]) ? "was not written:" : "is",
                           (double)u[j], is_masked ? "-infinity (masked)" : "a finite number");
        if (u[j] > best) best = u[j];
    }
    uint32_t choice = r->d->choice[r->i];
    if (choice == PM_NO_COL || r->d->share.at) return PM_OK; /* drawn, not maximised */
    if ((double)best - (double)u[choice] <= 1e-6 * (fabs((double)best) + fabs((double)u[choice])))
        return PM_OK;
    return err_set(r->err, PM_E_CONTRACT,
                   "%s: chose expert \"%s\" for prompt %zu at utility %g; the highest is %g",
                   r->who, expert(r, choice), r->i, (double)u[choice], (double)best);
}

/* value_part + sum of term_part = utility, within 1e-4 of the magnitudes added. */
static pm_status check_parts(const row *r)
{
    const pm_decisions *d = r->d;
    if (!d->value_part.at || !d->term_part || !d->utility.at) return PM_OK;
    for (size_t j = 0; j < r->q->value.cols; j++) {
        if (masked(r, j)) continue;
        double sum = (double)pm_row(d->value_part, r->i)[j], size = fabs(sum);
        for (size_t k = 0; k < r->q->n_terms; k++) {
            double part = d->term_part[k].at ? (double)pm_row(d->term_part[k], r->i)[j] : 0;
            sum += part;
            size += fabs(part);
        }
        double u = (double)pm_row(d->utility, r->i)[j];
        if (fabs(sum - u) <= 1e-4 * (size + fabs(u)) + (double)FLT_MIN) continue;
        return err_set(r->err, PM_E_CONTRACT,
                       "%s: parts of prompt %zu, expert \"%s\" add up to %.9g; the utility is %.9g",
                       r->who, r->i, expert(r, j), sum, u);
    }
    return PM_OK;
}

static pm_status check_share(const row *r)
{
    if (!r->d->share.at) return PM_OK;
    const float *p = pm_row(r->d->share, r->i);
    double sum = 0;
    for (size_t j = 0; j < r->q->value.cols; j++) {
        if (!(p[j] >= -1e-5f && p[j] <= 1.0f + 1e-5f) || (masked(r, j) && p[j] > 1e-5f))
            return err_set(r->err, PM_E_CONTRACT, "%s: share of prompt %zu, expert \"%s\" is %g%s",
                           r->who, r->i, expert(r, j), (double)p[j],
                           masked(r, j) ? " though masked" : "");
        sum += (double)p[j];
    }
    if (fabs(sum - 1.0) > 1e-4)
        return err_set(r->err, PM_E_CONTRACT, "%s: shares of prompt %zu sum to %.9g; want 1",
                       r->who, r->i, sum);
    uint32_t choice = r->d->choice[r->i];
    if (choice != PM_NO_COL && !(p[choice] > 0))
        return err_set(r->err, PM_E_CONTRACT, "%s: chose expert \"%s\" for prompt %zu at share 0",
                       r->who, expert(r, choice), r->i);
    return PM_OK;
}

static pm_status check_front(const row *r)
{
    size_t m = r->q->value.cols;
    for (size_t j = 0; r->d->front && j < m; j++)
        if (r->d->front[r->i * m + j] > 1)
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: front of prompt %zu, expert \"%s\" is %u; want 0 or 1", r->who,
                           r->i, expert(r, j), r->d->front[r->i * m + j]);
    return PM_OK;
}

pm_status decision_check(const pm_question *q, const pm_decisions *d, const char *who, pm_err *err)
{
    pm_status st = PM_OK;
    for (size_t i = 0; i < q->value.rows && st == PM_OK; i++) {
        row r = {q, d, who, i, err};
        st = check_mask(&r);
        if (st == PM_OK) st = check_choice(&r);
        if (st == PM_OK) st = check_utility(&r);
        if (st == PM_OK) st = check_parts(&r);
        if (st == PM_OK) st = check_share(&r);
        if (st == PM_OK) st = check_front(&r);
    }
    return st;
}
