/* SPDX-License-Identifier: MIT
 *
 * Checks of inputs, before a plugin sees them: wrong data is said in terms of the data, not as a plugin's
 * failure.
 */
#include "plug/needs.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "plug/check.h"

static pm_status lacking(const char *who, const char *what, pm_err *err)
{
    return err_set(err, PM_E_ARG, "%s needs %s; there is none", who, what);
}

static pm_status check_embed(pm_cmat m, size_t n, const char *who, pm_err *err)
{
    pm_status s = check_shape(m, n, m.cols, "embedding", err);
    if (s != PM_OK) return err_wrap(err, s, "%s", who);
    for (size_t i = 0; i < n; i++)
        if (!check_all_within(pm_crow(m, i), m.cols, -FLT_MAX, FLT_MAX))
            return err_set(err, PM_E_ARG, "%s: embedding of prompt %zu is not finite", who, i);
    return PM_OK;
}

static pm_status check_sparse(const pm_csr *m, size_t n, const char *who, pm_err *err)
{
    if (m->rows != n)
        return err_set(err, PM_E_SHAPE, "%s: sparse features have %zu rows; want %zu", who, m->rows,
                       n);
    for (size_t i = 0; i < n; i++)
        if (m->start[i + 1] < m->start[i])
            return err_set(err, PM_E_SHAPE,
                           "%s: sparse features of prompt %zu have a negative length", who, i);
    return PM_OK;
}

pm_status needs_prompts(uint32_t needs, const pm_prompts *x, const char *who, pm_err *err)
{
    if (!x) return lacking(who, "prompts", err);
    bool embed = x->embed.at != NULL, sparse = x->sparse.start != NULL;
    if ((needs & PM_NEEDS_TEXT) && !x->text) return lacking(who, "prompt text", err);
    if ((needs & PM_NEEDS_EMBED) && !embed) return lacking(who, "an embedding of each prompt", err);
    if ((needs & PM_NEEDS_SPARSE) && !sparse) return lacking(who, "sparse word features", err);
    if ((needs & PM_NEEDS_EMBED_OR_SPARSE) && !embed && !sparse)
        return lacking(who, "an embedding or sparse word features of each prompt", err);
    pm_status s = embed ? check_embed(x->embed, x->n, who, err) : PM_OK;
    if (s == PM_OK && sparse) s = check_sparse(&x->sparse, x->n, who, err);
    return s;
}

pm_status needs_library(uint32_t needs, const pm_library *lib, const char *who, pm_err *err)
{
    if (!lib || lib->n == 0) return lacking(who, "a library with at least one expert", err);
    if (lib->n >= PM_NO_COL)
        return err_set(err, PM_E_ARG, "%s: %zu experts are too many", who, lib->n);
    if (!(needs & PM_NEEDS_PROFILE)) return PM_OK;
    for (size_t j = 0; j < lib->n; j++)
        if (!PM_HAS(lib->expert[j], profile) || !lib->expert[j]->profile.at)
            return err_set(err, PM_E_ARG, "%s needs a profile of each expert; \"%s\" has none", who,
                           lib->expert[j]->id);
    return PM_OK;
}

/* NaN is "not observed"; everything else is in the kind's range. */
static pm_status check_values(pm_cmat m, check_range range, const char *what, const char *who,
                              pm_err *err)
{
    for (size_t i = 0; i < m.rows; i++) {
        const float *row = pm_crow(m, i);
        if (check_all_within(row, m.cols, range.lo, range.hi)) continue;
        for (size_t j = 0; j < m.cols; j++)
            if (row[j] < range.lo - range.slack || row[j] > range.hi + range.slack)
                return err_set(err, PM_E_ARG,
                               "%s: %s of prompt %zu, expert %zu is %g; want [%g, %g]", who, what,
                               i, j, (double)row[j], (double)range.lo, (double)range.hi);
    }
    return PM_OK;
}

static pm_status check_matrix(pm_cmat m, size_t n, size_t cols, const char *what, check_range range,
                              const char *who, pm_err *err)
{
    pm_status s = check_shape(m, n, cols, what, err);
    if (s != PM_OK) return err_wrap(err, s, "%s", who);
    return check_values(m, range, what, who, err);
}

static pm_status check_battles(const pm_outcomes *y, size_t n, size_t m, const char *who,
                               pm_err *err)
{
    for (size_t k = 0; k < y->n_battles; k++) {
        const pm_battle *b = &y->battle[k];
        if (b->prompt >= n || b->a >= m || b->b >= m || b->a == b->b)
            return err_set(err, PM_E_ARG,
                           "%s: battle %zu is on prompt %u of %zu between experts %u and %u of %zu",
                           who, k, b->prompt, n, b->a, b->b, m);
        if (!(b->outcome >= 0 && b->outcome <= 1) || !(b->weight > 0 && b->weight <= FLT_MAX))
            return err_set(err, PM_E_ARG,
                           "%s: battle %zu has outcome %g (want [0, 1]) and weight %g (want > 0)",
                           who, k, (double)b->outcome, (double)b->weight);
    }
    return PM_OK;
}

pm_status needs_outcomes(uint32_t needs, const pm_outcomes *y, size_t n, size_t m, const char *who,
                         pm_err *err)
{
    static const check_range amount = {0, FLT_MAX, 0}, any = {-FLT_MAX, FLT_MAX, 0};
    pm_status s = PM_OK;
    if (!y) return lacking(who, "outcomes", err);
    if (y->kind != PM_VALUE_QUALITY && y->kind != PM_VALUE_LOSS)
        return err_set(err, PM_E_ARG, "%s: outcomes are of kind %d; want QUALITY or LOSS", who,
                       (int)y->kind);
    if ((needs & PM_NEEDS_VALUES) && !y->value.at) return lacking(who, "outcome values", err);
    if ((needs & PM_NEEDS_BATTLES) && (!y->battle || y->n_battles == 0))
        return lacking(who, "battles", err);
    if (y->value.at) s = check_matrix(y->value, n, m, "outcome", check_range_of(y->kind), who, err);
    if (s == PM_OK && y->cost_usd.at)
        s = check_matrix(y->cost_usd, n, m, "cost_usd", amount, who, err);
    if (s == PM_OK && y->tokens_out.at)
        s = check_matrix(y->tokens_out, n, m, "tokens_out", amount, who, err);
    for (size_t t = 0; t < y->n_extra && s == PM_OK; t++)
        s = check_matrix(y->extra[t].value, n, m, y->extra[t].name, any, who, err);
    if (s == PM_OK && y->battle) s = check_battles(y, n, m, who, err);
    return s;
}

static pm_status check_tune(uint32_t needs, const pm_fit *f, const char *who, pm_err *err)
{
    if (!f->tune_x && !f->tune_y) return PM_OK;
    if (!f->tune_x || !f->tune_y)
        return err_set(err, PM_E_ARG, "%s: tuning %s given without tuning %s", who,
                       f->tune_x ? "prompts are" : "outcomes are",
                       f->tune_x ? "outcomes" : "prompts");
    pm_status s = needs_prompts(needs, f->tune_x, who, err);
    if (s == PM_OK)
        s = needs_outcomes(needs & ~(uint32_t)PM_NEEDS_BATTLES, f->tune_y, f->tune_x->n, f->lib->n,
                           who, err);
    if (s != PM_OK) return err_wrap(err, s, "tuning part");
    if (f->tune_x->embed.at && f->x->embed.at && f->tune_x->embed.cols != f->x->embed.cols)
        return err_set(err, PM_E_SHAPE, "%s: embeddings have %zu columns, those to tune on %zu",
                       who, f->x->embed.cols, f->tune_x->embed.cols);
    if (f->tune_y->kind != f->y->kind)
        return err_set(err, PM_E_ARG, "%s: outcomes to fit and to tune on differ in kind", who);
    return PM_OK;
}

pm_status needs_fit(uint32_t needs, const pm_fit *f, const char *who, pm_err *err)
{
    if (!f) return lacking(who, "something to fit", err);
    pm_status s = needs_library(needs, f->lib, who, err);
    if (s == PM_OK) s = needs_prompts(needs, f->x, who, err);
    if (s == PM_OK && f->x->n == 0) return lacking(who, "at least one prompt", err);
    if (s == PM_OK) s = needs_outcomes(needs, f->y, f->x->n, f->lib->n, who, err);
    if (s == PM_OK) s = check_tune(needs, f, who, err);
    if (s != PM_OK) return s;
    for (size_t i = 0; f->weight && i < f->x->n; i++)
        if (!(f->weight[i] > 0 && f->weight[i] <= FLT_MAX))
            return err_set(err, PM_E_ARG, "%s: weight of prompt %zu is %g; want > 0", who, i,
                           (double)f->weight[i]);
    return PM_OK;
}
