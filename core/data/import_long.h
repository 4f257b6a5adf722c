/* SPDX-License-Identifier: MIT
 *
 * What the files of --from long share: what a column means, and a row on its way into the folder.
 */
#ifndef PM_DATA_IMPORT_LONG_H
#define PM_DATA_IMPORT_LONG_H

#include "data/dataset_private.h"
#include "data/folder_private.h"
#include "data/import.h"
#include "data/jsonl.h"

typedef enum long_column {
    LONG_QUERY,
    LONG_MODEL,
    LONG_PROMPT,
    LONG_DOMAIN,
    LONG_SPLIT,
    LONG_GROUP,
    LONG_RESPONSE, /* measured, not kept */
    LONG_TEXTS,    /* those before are texts, those behind numbers */
    LONG_SCORE = LONG_TEXTS,
    LONG_LOSS,
    LONG_COST,
    LONG_TOKENS_IN,
    LONG_TOKENS_OUT,
    LONG_LATENCY,
    LONG_COLUMNS,
    LONG_OTHER = LONG_COLUMNS /* a number of its own name, or left out */
} long_column;

enum { LONG_MOST_OTHERS = 64 }; /* as many as a folder has tables: more of them are its error */

typedef struct long_cell {
    char table[FOLDER_NAME_BYTES + 1];
    double value;
} long_cell;

typedef struct long_row {
    pm_str text[LONG_TEXTS]; /* ptr == NULL: not given */
    long_cell cell[LONG_COLUMNS - LONG_TEXTS + LONG_MOST_OTHERS];
    size_t n_cells;
} long_row;

typedef struct long_import {
    const import_job *job;
    folder *out;
    import_counts *counts;
    const char *path;
    mistakes wrong;
    bool has_prompts; /* from a file of their own */
    uint64_t *mark;   /* [prompts] of the text that was given with a query, 0: none */
    size_t room;
    names left_out; /* columns of text that are not kept */
    size_t n_left_out;
    arena *a;
} long_import;

/* What a name of a column means; *table is its table when it is a number. */
long_column long_column_of(const long_import *x, pm_str name, char table[FOLDER_NAME_BYTES + 1]);
/* The row into the folder.  `line` for messages. */
PM_MUST_USE pm_status long_take(long_import *x, const long_row *row, size_t line, pm_err *err);
PM_MUST_USE pm_status long_left_out(long_import *x, pm_str column, pm_err *err);

PM_MUST_USE pm_status long_read_csv(long_import *x, pm_err *err);
PM_MUST_USE pm_status long_read_jsonl(long_import *x, pm_err *err);
PM_MUST_USE pm_status long_read_prompts(long_import *x, const char *path, pm_err *err);

#endif
