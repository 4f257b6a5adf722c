/* SPDX-License-Identifier: MIT
 *
 * Questions and decisions, checked cell by cell: a choice never lies where the host's mask forbids it.  Checks
 * that touch every cell are vector loops; what is wrong, and where, is looked for only after one has failed.
 */
#include "plug/decision_check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "plug/check.h"

#define UNWRITTEN_CHOICE (PM_NO_COL - 1)
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
    bool sound = !t->weight_row ||
                 check_all_within(t->weight_row, q->value.rows, -FLT_MAX, FLT_MAX);
    for (size_t i = 0; !sound && i < q->value.rows; i++)
        if (!isfinite(t->weight_row[i]))
            return err_set(err, PM_E_ARG, "%s: constraint \"%s\" has a weight of %g for prompt %zu",
                           who, name, (double)t->weight_row[i], i);
    pm_status st = check_shape(t->value, q->value.rows, q->value.cols, name, err);
    return st == PM_OK ? st : err_wrap(err, st, "%s", who);
}

/* The first prompt of which the mask leaves nobody, or n.  Most rows begin with somebody. */
static size_t without_anybody(const pm_question *q)
{
    size_t n = q->value.rows, m = q->value.cols;
    for (size_t i = 0; q->mask && i < n; i++) {
        const uint32_t *row = q->mask + i * m;
        size_t j = 0;
        while (j < m && row[j]) j++;
        if (j == m) return i;
    }
    return n;
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
    size_t alone = st == PM_OK ? without_anybody(q) : n;
    if (alone == n) return st;
    return err_set(err, PM_E_INFEASIBLE, "%s: the mask leaves prompt %zu nobody", who, alone);
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
    if (out->refused) memset(out->refused, 0, cells);
}

/* ---- what came back ---------------------------------------------------------------------------------------- */

void decision_mask(const pm_question *q, pm_decisions *out)
{
    size_t m = q->value.cols;
    for (size_t i = 0; q->mask && out->utility.at && i < q->value.rows; i++) {
        float *u = pm_row(out->utility, i);
        const uint32_t *mask = q->mask + i * m;
        for (size_t j = 0; j < m; j++) u[j] = mask[j] ? -INFINITY : u[j];
    }
}

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

static bool masked(const row *r, size_t j)
{
    return !pm_is_allowed(r->q, r->i, j);
}

static bool refused(const row *r, size_t j)
{
    return r->d->refused && r->d->refused[r->i * r->q->value.cols + j];
}

static pm_status forbidden(const row *r, size_t j)
{
    uint32_t by = r->q->mask[r->i * r->q->value.cols + j];
    const char *name = by <= r->q->n_terms ? r->q->term[by - 1]->name : NULL;
    return err_set(r->err, PM_E_CONTRACT, "%s: chose expert \"%s\" for prompt %zu, which %s%s%s",
                   r->who, expert(r, j), r->i, name ? "\"" : "", name ? name : "the fallback rule",
                   name ? "\" forbids" : " forbids");
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
    if (masked(r, choice)) return forbidden(r, choice);
    if (refused(r, choice))
        return err_set(r->err, PM_E_CONTRACT,
                       "%s: chose expert \"%s\" for prompt %zu, whom it refuses", r->who,
                       expert(r, choice), r->i);
    return PM_OK;
}

static pm_status check_refused(const row *r)
{
    size_t m = r->q->value.cols;
    for (size_t j = 0; r->d->refused && j < m; j++) {
        uint8_t is = r->d->refused[r->i * m + j];
        if (is > 1 || (is && masked(r, j)))
            return err_set(r->err, PM_E_CONTRACT,
                           "%s: refused of prompt %zu, expert \"%s\" is %u%s", r->who, r->i,
                           expert(r, j), is, is > 1 ? "; want 0 or 1" : " though masked");
    }
    return PM_OK;
}

/* Without a list of refusals, -infinity is one. */
static bool may_be_infinite(const row *r, size_t j)
{
    return masked(r, j) || !r->d->refused || refused(r, j);
}

static pm_status complain_utility(const row *r)
{
    const float *u = pm_row(r->d->utility, r->i);
    for (size_t j = 0; j < r->q->value.cols; j++) {
        bool is_out = masked(r, j) || refused(r, j);
        if (is_out ? u[j] == -INFINITY
                   : isfinite(u[j]) || (may_be_infinite(r, j) && u[j] == -INFINITY))
            continue;
        return err_set(r->err, PM_E_CONTRACT,
                       "%s: utility of prompt %zu, expert \"%s\" %s %g; want %s", r->who, r->i,
                       expert(r, j), check_is_unwritten(u[j]) ? "was not written:" : "is",
                       (double)u[j], is_out ? "-infinity (refused)" : "a finite number");
    }
    return PM_OK;
}

static float highest(const float *u, size_t m)
{
    float best = -INFINITY;
    for (size_t j = 0; j < m; j++) best = u[j] > best ? u[j] : best;
    return best;
}

static pm_status check_utility(const row *r)
{
    if (!r->d->utility.at) return PM_OK;
    size_t m = r->q->value.cols;
    const float *u = pm_row(r->d->utility, r->i);
    pm_status st = check_all_within(u, m, -FLT_MAX, FLT_MAX) ? PM_OK : complain_utility(r);
    uint32_t choice = r->d->choice[r->i];
    if (st != PM_OK || choice == PM_NO_COL || r->d->share.at) return st; /* drawn, not maximised */
    float best = highest(u, m);
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
        if (pm_row(d->utility, r->i)[j] == -INFINITY) continue; /* masked or refused */
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
        if (!(p[j] >= -1e-5f && p[j] <= 1.0f + 1e-5f) || (masked(r, j) && p[j] != 0))
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
        st = check_choice(&r);
        if (st == PM_OK) st = check_refused(&r);
        if (st == PM_OK) st = check_utility(&r);
        if (st == PM_OK) st = check_parts(&r);
        if (st == PM_OK) st = check_share(&r);
        if (st == PM_OK) st = check_front(&r);
    }
    return st;
}
