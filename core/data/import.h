/* SPDX-License-Identifier: MIT
 *
 * Importers: what `pointsman data convert --from NAME` can read.  Each is an entry of one table: it reads its
 * inputs as a stream and hands rows to the writer of a folder (folder.h), which holds what it finds to the rules
 * of the interchange format.
 */
#ifndef PM_DATA_IMPORT_H
#define PM_DATA_IMPORT_H

#include "base/err.h"
#include "base/str.h"
#include "data/folder.h"

typedef struct import_option { /* --name VALUE of `data convert --from FORMAT` */
    const char *name;          /* NULL ends the rows */
    const char *metavar;       /* "FILE"; NULL: a flag */
    const char *doc;           /* one line */
} import_option;
#define IMPORT_OPTION_END                                                                          \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

typedef struct import_value { /* as it was given; a name may stand several times */
    const char *name, *text;  /* text: "" of a flag */
} import_value;

typedef struct import_job {
    uint32_t size;
    const char *const *input; /* [n_inputs] paths, at least one */
    size_t n_inputs;
    const import_value *value; /* [n_values] only names of the format's rows */
    size_t n_values;
    /* Called now and then, NULL: not.  `what`: "prompts.jsonl: rows".  Answers false to stop: PM_E_CANCELED. */
    bool (*progress)(void *arg, const char *what, uint64_t done);
    void *progress_arg;
} import_job;

/* What was read and what was left out, and why: told at the end, never silent. */
enum { IMPORT_REASONS = 32, IMPORT_NOTES = 32 };
typedef struct import_reason {
    char why[96]; /* "no score" */
    size_t n;
    char first[160]; /* where: "scores.csv:17" */
} import_reason;
typedef struct import_counts {
    size_t rows_read; /* rows of the inputs, whatever came of them */
    size_t repaired;  /* texts with bytes that are not UTF-8: U+FFFD took their place */
    import_reason skipped[IMPORT_REASONS];
    size_t n_skipped; /* reasons; the last one gathers the rest when there are more */
    char note[IMPORT_NOTES][256];
    size_t n_notes;
} import_counts;

typedef struct import_format {
    const char *name;    /* "long" */
    const char *summary; /* one line: whose format, what it gives */
    const char *files;   /* which files it reads: "one or more .csv or .jsonl files" */
    const char
        *verified; /* "on the publisher's files" or "on an excerpt after the schema"; with what */
    const import_option *option; /* rows, ended by IMPORT_OPTION_END; NULL: none */
    /* Errors  PM_E_FORMAT "file:row: column N (\"name\"): found F, wanted W"; PM_E_ARG; PM_E_IO; PM_E_CANCELED. */
    pm_status (*run)(const import_job *job, folder *out, import_counts *counts, pm_err *err);
} import_format;

/* All formats, NULL-terminated, in the order of `data convert --list`. */
const import_format *const *import_formats(void);
const import_format *import_find(const char *name); /* NULL: unknown */

/* The last value given of an option, else `fallback`; and whether it was given. */
const char *import_text(const import_job *job, const char *name, const char *fallback);
bool import_given(const import_job *job, const char *name);
/* The k-th of an option that may repeat, from 0; NULL behind the last. */
const char *import_nth(const import_job *job, const char *name, size_t k);
/* A number option.  Errors  PM_E_ARG: no number, or not from min to max. */
PM_MUST_USE pm_status import_number(const import_job *job, const char *name, double min, double max,
                                    double *value, pm_err *err);

/* A row that was left out: counted by its reason; the first of each is told with its place. */
void import_skip(import_counts *c, const char *why, const char *path, size_t line);
void import_note(import_counts *c, const char *fmt, ...) PM_PRINTF(2, 3);
size_t import_skipped(const import_counts *c); /* over all reasons */

/* To be called per row: counts it, and every 65536 rows asks `progress`.  Errors  PM_E_CANCELED. */
PM_MUST_USE pm_status import_row(const import_job *job, import_counts *c, const char *path,
                                 pm_err *err);

#endif
