/* SPDX-License-Identifier: MIT
 *
 * Measuring on battles: how well probabilities that one model beats another agree with what judges said on held-out
 * prompts (docs/metrics.md, section 8).  Knows neither routers nor data sets: those who guess hand in numbers.
 */
#ifndef PM_EVAL_BATTLES_H
#define PM_EVAL_BATTLES_H

#include "eval/metrics.h"

#define BATTLE_BINS 15   /* of equal weight, for calibration */
#define BATTLE_CLIP 1e-6 /* probabilities are held within [BATTLE_CLIP, 1 - BATTLE_CLIP] */

typedef struct battle_truth { /* battles of test prompts; of several splits laid end to end */
    size_t n_prompts;         /* what is resampled */
    const uint64_t *cluster;  /* [n_prompts] drawn together where equal, or NULL */
    size_t n;                 /* battles */
    const uint32_t *prompt;   /* [n] below n_prompts */
    const uint32_t *part;     /* [n] the split each was tested in; NULL: one */
    const float *outcome; /* [n] 1 a wins, 0 b wins, .5 tie, or a judge's P(a), as in pm_battle */
    const float *weight;  /* [n] > 0 */
} battle_truth;

typedef struct battle_guess { /* one row of the table */
    const char *label;
    policy_role role;
    bool is_rival;
    size_t rival_rank;
    const char *setting;
    const double
        *p; /* [n] P(a beats b); or, if it only ranks, a number above 0 where a is preferred */
    bool only_ranks;
} battle_guess;

/* The hard label: a judge's probability counts as a win above .5, as a tie at .5. */
static inline double battle_label(float outcome)
{
    return outcome > 0.5f ? 1 : outcome < 0.5f ? 0 : 0.5;
}

enum { /* the order of battle_score.metric */
       BATTLE_COUNT,
       BATTLE_LOG_LOSS,
       BATTLE_LOG_LOSS_JUDGE, /* against the judge's own probability */
       BATTLE_ACCURACY,       /* battles with a winner; a guess of exactly one half counts half */
       BATTLE_AUC,            /* the same battles; pairs within a split */
       BATTLE_BRIER,
       BATTLE_ECE,
       BATTLE_DIFF_BT, /* log_loss minus that of the row options.bt */
       BATTLE_DIFF_BT_ACCURACY,
       BATTLE_METRICS
};
/* "battles", "log_loss", "log_loss_judge", "accuracy", "auc", "brier", "ece", "diff_bt_log_loss",
 * "diff_bt_accuracy" */
const char *battle_metric_name(size_t metric);

typedef struct battle_bin {
    double predicted, observed, lo, hi; /* means of p and of the hard label, with its interval */
    size_t n;
} battle_bin;

typedef struct battle_score {
    const battle_guess *who;
    metric_value metric[BATTLE_METRICS]; /* n: battles */
    metric_value *
        rival; /* [n_rivals] difference in log_loss, or in accuracy if one of the two only ranks; NaN: itself */
    metric_value *rival_accuracy; /* [n_rivals] */
    size_t n_rivals;
    battle_bin bin[BATTLE_BINS]; /* n_bins of them; 0 if it only ranks */
    size_t n_bins;
} battle_score;

typedef struct battle_options {
    bootstrap_spec bootstrap;
    size_t bt; /* the guess that differences are measured from; SIZE_MAX: none */
} battle_options;

/* Scores all guesses together (paired: the same resamples of prompts); means are weighted by battle.
 *
 * Errors  PM_E_ARG: no battle, a guess that is not finite; PM_E_MEMORY.
 * Cost    O(guesses n (resamples + log n)), about 0.2 s a guess for 38,000 battles and 2,000 resamples. */
PM_MUST_USE pm_status battles_score(const compute *c, const battle_truth *t, const battle_guess *g,
                                    size_t n, const battle_options *o, arena *a, battle_score **out,
                                    pm_err *err);

/* Minus the mean log-loss (or, of what only ranks, the accuracy) of one guess: what a search makes largest. */
double battles_utility(const battle_truth *t, const battle_guess *g);

/* ---- what is measured beside routers ---- */

typedef struct battle_data { /* battles with the domains of their prompts */
    const pm_battle *battle;
    size_t n;
    const uint32_t *domain; /* [n], or NULL; n_domains or more: none */
} battle_data;

typedef struct battle_world {
    size_t m, n_judges, n_domains;
} battle_world;

/* Ratings theta [m] on hard labels, each model with one tie of mean weight against a player rated 0.
 * Errors  PM_E_ARG: no battle; PM_E_MEMORY. */
PM_MUST_USE pm_status battles_ratings(const battle_data *train, size_t m, arena *a, double *theta,
                                      pm_err *err);

#define BATTLE_BASELINES 3
/* "judge base rate", "Bradley-Terry", "Bradley-Terry by domain, n0=10"; NULL-terminated. */
const char *const *battles_labels(void);
#define BATTLE_BASELINE_BT 1 /* its place among them */

/* Rows of battles_labels() for the test battles; without domains the last is left out (*n = 2).
 * theta [m] of battles_ratings. */
PM_MUST_USE pm_status battles_baselines(const battle_data *train, const battle_data *test,
                                        const battle_world *w, const double *theta, arena *a,
                                        battle_guess *out, size_t *n, pm_err *err);

#endif
