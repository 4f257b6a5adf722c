/* SPDX-License-Identifier: MIT
 *
 * What the files of sw_ranking share: battles by row of the table, entries by class, ratings.
 */
#ifndef SW_RANKING_H
#define SW_RANKING_H

#include <pointsman/plugin.h>

struct sw_params {
    int64_t gamma, tiers, compat, min_chars, store;
    double prior;
    int64_t source;
};
enum { SW_GAMMA_AUTO = -1, SW_SOURCE_ALL = -1 };

/* Battles that count, sorted by row; a row is a prompt with at least one.  Rows of the tuning part come last. */
typedef struct sw_battles {
    size_t rows, rows_train, n, m;
    const uint32_t *prompt;  /* [rows] of fit->x, or of fit->tune_x */
    const size_t *first;     /* [rows + 1] */
    const pm_battle *battle; /* [n] weight holds the prompt's sample weight */
} sw_battles;

/* A cell is what one entry counts for: winner * k + loser of k players; beyond k * k the fixed player: first the k cells
 * of wins against it, then the k cells of losses. */
typedef struct sw_players {
    size_t k;
    const uint32_t *of; /* [m] player of each expert, PM_NO_COL: fought no battle */
    int quirk; /* RouteLLM: a battle within a tier is one of the tier against a player rated 0 */
} sw_players;

/* Sums over battles of one row that count for the same cell; classes are the cells that occur. */
typedef struct sw_entries {
    size_t rows, n, n_classes;
    double battles;        /* how many stand behind */
    const uint64_t *start; /* [rows + 1] */
    const uint32_t *cls;   /* [n] */
    const float *amount;   /* [n] */
    const uint32_t *cell;  /* [n_classes] */
} sw_entries;

typedef struct sw_room { /* what entries are made in; they point into it */
    uint64_t *start;
    uint32_t *cls, *cell;
    float *amount;
    double *sum;
    uint32_t *class_of, *latest; /* [cells] class of a cell + 1; its latest entry + 1 */
} sw_room;

struct pm_router {
    size_t m;
    sw_players players;
    double gamma, prior;
    sw_entries entries;    /* n == 0: no battle tells players apart */
    const double *theta;   /* [k] ratings when all prompts weigh alike: where Newton starts */
    const pm_table *table; /* [entries.rows x d], NULL where entries.n == 0 */
};

/* sw_ranking_battles.c */
pm_status sw_collect(pm_call *c, const pm_fit *fit, sw_battles *out);
/* `rows` of them; the user is told of what their battles leave open where `is_told`. */
pm_status sw_find_players(pm_call *c, const pm_fit *fit, const sw_battles *b, size_t rows,
                          int is_told, sw_players *out);
pm_status sw_room_open(pm_call *c, const sw_battles *b, const sw_players *p, sw_room *out);
void sw_entries_make(const sw_battles *b, const sw_players *p, const uint8_t *is_used,
                     const sw_room *room, sw_entries *out);

/* sw_ranking_rate.c */
size_t sw_cells(size_t k);
pm_status sw_linalg(pm_call *c, const pm_linalg_service **out);
pm_status sw_tables(pm_call *c, const pm_table_service **out);
/* theta [k] out: ratings by the sums of each class; win [sw_cells(k)] is zero in all cells but the classes'. */
pm_status sw_rate(const pm_router *r, pm_call *c, const double *sum, double *win, double *theta);
/* The same where every row weighs 1; sets r->theta, in `theta`. */
pm_status sw_rate_all(pm_router *r, pm_call *c, double *theta);
/* sum [n x n_classes] of n queries; nothing to do where r->entries.n == 0. */
pm_status sw_tally(const pm_router *r, pm_call *c, pm_cmat query, double *sum);

/* sw_ranking_tune.c: sets r->gamma; players and ratings are those of the training rows, r->table holds all rows.  Leaves
 * other entries behind. */
pm_status sw_tune(pm_router *r, pm_call *c, const pm_fit *fit, const sw_battles *b,
                  const sw_room *room);

#endif
