/* SPDX-License-Identifier: MIT
 *
 * E[amount | prompt] for every expert: what a call will cost, how long its answer will be, how hard to read.
 * Squared error on the raw scale rules, since decisions weigh expectations.  Private to the constraints
 * that learn (price, verbosity, readability).
 *
 * Of these the one with the least held-out squared error is taken, expert by expert:
 *   mean    of the training prompts
 *   ridge   on features, penalty by held-out error
 *   log     ridge on log(y + mean / 1000), brought back by exp and the factor sum y / sum exp(fit) on the
 *           training prompts (a smearing estimate, Duan 1983, as a ratio: unbiased where it was fitted)
 *   near    mean of the k nearest training prompts by cosine, k by held-out error
 *   blend   mean of ridge, log and near
 * Then p' = mean + s (p - mean) with s in [0, 1] of least held-out squared error, held within [0, largest
 * amount seen].  Held out is the tuning part, or without one each of five folds of documents in turn.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <pointsman/plugin.h>

enum { EXPECT_SHAPES = 6 }; /* features that count the text: expect_shape.c */
enum { EXPECT_MEAN, EXPECT_RIDGE, EXPECT_LOG, EXPECT_NEAR, EXPECT_BLEND, EXPECT_WAYS };

struct expect_features { /* a row: d embedding columns, scaled, then EXPECT_SHAPES of the text */
    size_t d;
    const double *norm; /* [1 + 2 EXPECT_SHAPES] scale of embeddings, means and factors of shapes */
};

struct expect { /* columns are those of the training library */
    size_t m;
    struct expect_features f;
    const float *weight;    /* [f.d + EXPECT_SHAPES x 2 m] ridge, then log */
    const float *intercept; /* [2 m] */
    const double *mean;     /* [m] of what was seen; NaN: nothing was */
    const double *most;     /* [m] */
    const double *smear;    /* [m] factor of exp(log) */
    const double *shrink;   /* [m] */
    const uint32_t *way;    /* [m] EXPECT_* */
    const uint32_t *k;      /* [m] neighbours */
    const pm_table *near;   /* of the training embeddings, or NULL: nobody asks */
    const float *seen;      /* [rows of near x m] amounts */
};

struct expect_report { /* held out, means over known cells; NaN: nothing was held out */
    double mae, rmse, mean_mae, mean_rmse; /* mean_*: of the training mean */
};

/* What is learned from: rows of fit->x, then of fit->tune_x; `tune` may have at == NULL. */
struct expect_goal {
    const pm_fit *fit;
    pm_cmat y, tune; /* [n x m] amounts >= 0, NaN: not known */
};

pm_status expect_learn(struct expect *e, pm_call *c, const struct expect_goal *goal,
                       struct expect_report *report);

/* out [x->n x e->m], >= 0; a column of which nothing was seen is NaN. */
pm_status expect_predict(const struct expect *e, pm_call *c, const pm_prompts *x, pm_mat out);

pm_status expect_save(const struct expect *e, pm_call *c, pm_store *s);
pm_status expect_load(struct expect *e, pm_call *c, pm_store *s);

/* "held-out MAE", ...: four metrics for progress() at the end of a build, times `unit`. */
void expect_metrics(const struct expect_report *r, double unit, pm_metric out[4]);

/* ---- expect_shape.c, expect_near.c, expect_fit.c: parts of the above ---- */

double expect_characters(pm_str text); /* code points */

/* Tokens of recorded answers: as counted, else a quarter of output_chars; at == NULL: neither is there. */
pm_status expect_answer_tokens(pm_call *c, const pm_outcomes *y, size_t n, pm_cmat *out);

pm_status expect_features_learn(struct expect_features *f, pm_call *c, const pm_prompts *x);
/* out [x->n x d + EXPECT_SHAPES] */
void expect_features_read(const struct expect_features *f, const pm_prompts *x, pm_mat out);

/* Means of the amounts of the nearest rows, for each k of `ks` (ascending): out[q] [n x m].  `seen` has the
 * table's rows; where none of k is known, `otherwise` [m]. */
struct expect_nearest {
    const pm_table *table;
    const float *seen;
    size_t m;
    const double *otherwise;
};
pm_status expect_near(const struct expect_nearest *t, pm_call *c, pm_cmat query, const uint32_t *ks,
                      size_t n_ks, float *const *out);

#endif
