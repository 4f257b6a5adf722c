/* SPDX-License-Identifier: MIT
 *
 * Rows of a run gathered by (point, policy), and one metric of a policy averaged over seeds.
 */
#ifndef PM_EVAL_TABLE_LINES_H
#define PM_EVAL_TABLE_LINES_H

#include "eval/table.h"

typedef struct table_line { /* a policy at a point */
    const char *point, *role, *label, *setting;
    size_t head, tail; /* first and last row */
} table_line;

typedef struct table_lines { /* in order of first appearance, "about" rows apart */
    const store_row *row;
    size_t n_rows;
    size_t *next; /* [n_rows] next row of the same line, SIZE_MAX at the end */
    table_line *line;
    size_t n;
    const char **point; /* distinct weight points */
    size_t n_points;
    bool has_sweep;
} table_lines;

PM_MUST_USE pm_status table_gather(const store_row *row, size_t n, arena *a, table_lines *out,
                                   pm_err *err);

/* "sweep:LABEL": what a whole sweep is worth, not a weight point. */
bool table_is_sweep(const char *point);
/* "cost:LABEL": the same in recorded dollars. */
bool table_is_cost(const char *point);
#define TABLE_PAIR      "pair"      /* point of the rows about two models */
#define TABLE_ABLATION  "ablation:" /* before points of the rows about constraints */
#define TABLE_PUBLISHED "published" /* role of those that others printed */
/* A point that is no weight point: of a sweep, or of two models. */
bool table_is_apart(const char *point);
/* Whether policies at this point are printed in full: with a sweep of many weights, only at the first. */
bool table_shows(const table_lines *t, const char *point);

typedef struct table_stat { /* over seeds */
    double mean;            /* of all seeds: as measured together, else `over` */
    double over, sd; /* mean and standard deviation of the seeds' values; sd NaN with one seed */
    double lo,
        hi; /* of what was measured of all seeds together; without that, means of the seeds' ends */
    size_t seeds, n;
    bool is_marked; /* the interval excludes 0 */
} table_stat;

/* False if the line has no finite value of the metric. */
bool table_find(const table_lines *t, const table_line *l, const char *subset, const char *metric,
                table_stat *out);
const table_line *table_line_of(const table_lines *t, const char *point, const char *role,
                                const char *label);
/* The setting of a policy; where seeds differ, each in turn: "k=5 / k=20". */
const char *table_settings(const table_lines *t, const table_line *l, arena *a);
bool table_is_loss(const table_lines *t);
/* Whether there are several seeds; and what is said of all of them: "seeds" (means prompt by prompt: all test on
 * the same), "splits" (test prompts of all splits of a corpus or a cross-validation together), or "". */
bool table_has_seeds(const table_lines *t, const char **joined);

/* Texts in the arena: ".8028", "+.0041", "0.95"; "" for NaN. */
const char *table_number(arena *a, double v, int digits, bool sign);
/* ".8028 [.792, .814]"; "+.0041 [+.001, +.007]*"; "0" for a difference that is 0 throughout. */
const char *table_value(arena *a, const table_stat *s);
const char *table_difference(arena *a, const table_stat *s);
/* The same of any unit: so many digits behind the point, one less of lo and hi. */
const char *table_difference_to(arena *a, const table_stat *s, int digits);
/* Digits behind the point that give numbers up to `most` four digits in all; 0 to 9. */
int table_digits(double most);

#endif
