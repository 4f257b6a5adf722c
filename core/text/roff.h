/* SPDX-License-Identifier: MIT
 *
 * What the files that read manual pages share: the page's state, its escapes, the macros of mdoc.
 */
#ifndef PM_TEXT_ROFF_H
#define PM_TEXT_ROFF_H

#include "text/clean_private.h"

enum { ROFF_ARGS = 32, ROFF_NAME = 64 };

typedef struct roff {
    pm_str rest;
    str *out;
    char name[ROFF_NAME]; /* mdoc: of .Nm, said again by one without arguments */
    char table_tab;       /* what parts the columns of a table */
    bool in_table, in_format;
    bool joined;        /* the line at hand goes on: \c */
    bool mentions_page; /* .TH, .Dd or text was seen */
} roff;

typedef struct roff_args {
    pm_str at[ROFF_ARGS];
    size_t n;
    char quoted[ROFF_ARGS];
} roff_args;

/* Appends a text with its escapes resolved; true if it ends in \c. */
bool roff_put(pm_str s, str *out);
/* Special characters \(xx and \[xx]; 0 if unknown. */
uint32_t roff_char(pm_str name);
/* A line of one of mdoc's macros: true if `macro` is one. */
bool roff_mdoc(roff *r, pm_str macro, const roff_args *args);

#endif
