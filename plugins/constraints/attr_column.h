/* SPDX-License-Identifier: MIT
 *
 * What constraints on attributes share: one number of every expert, with what is missing filled in as
 * declared, and the scales.  No plugin of its own.
 */
#ifndef CONSTRAINTS_ATTR_COLUMN_H
#define CONSTRAINTS_ATTR_COLUMN_H

#include <pointsman/plugin.h>

enum { COLUMN_ERROR, COLUMN_WORST, COLUMN_MEAN }; /* an expert without the attribute */
enum { COLUMN_RAW, COLUMN_MAX, COLUMN_RANGE, COLUMN_LOG };

typedef struct column_want {
    const char *attr, *form; /* "params", "number of parameters" */
    double unit;             /* values are the attribute times this */
    double least;            /* smallest attribute that has a meaning */
    int is_positive;         /* 0 has none either */
    pm_attr_kind kind;       /* 0: a number, a date or a flag */
    int64_t missing;
    int more;   /* nonzero: the worst is the least, not the largest */
    int is_log; /* the mean is that of the logarithms */
} column_want;

typedef struct column { /* in scratch memory */
    double *v;          /* [m] */
    double low, high;   /* of the experts that have the attribute */
    size_t known;
} column;

/* Errors  PM_E_ARG: no expert has it, one lacks it and missing = error, a text, out of range. */
pm_status column_read(pm_call *c, const pm_library *lib, const column_want *w, column *out);

/* Fills NaN cells of v [m] as `missing` says, given that `known` are not NaN. */
void column_fill(double *v, size_t m, const column_want *w);

/* raw v; max v / high; range (v - low) / (high - low); log the same of logarithms; 0 where all are equal. */
double column_scaled(int64_t scale, double v, double low, double high);

/* Writes row 0 of out; PM_E_ARG for what a float cannot hold. */
pm_status column_put(pm_call *c, const pm_library *lib, const char *what, const double *v,
                     pm_mat out);

/* Changes of one letter between two words (Levenshtein), at most 255; words beyond 63 bytes: 255. */
unsigned column_distance(const char *a, const char *b);

#endif
