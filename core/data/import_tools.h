/* SPDX-License-Identifier: MIT
 *
 * What importers of publishers' formats share: CSV by column name, fields of JSON records by kind, the files of a
 * folder, splits told by file names, renamed models.  Every refusal says file, line and column.
 */
#ifndef PM_DATA_IMPORT_TOOLS_H
#define PM_DATA_IMPORT_TOOLS_H

#include "data/csv.h"
#include "data/import.h"
#include "data/names.h"
#include "data/records.h"

/* ---- CSV with a header ---- */

typedef struct import_csv {
    csv *c;
    const char *path;
    names column; /* the header, in its own arena */
    const pm_str *cell;
    size_t n;        /* fields of the row at hand; 0 at the end */
    size_t repaired; /* fields so far that are not UTF-8 */
} import_csv;

/* Reads the header.  Errors  PM_E_FORMAT: none, or a name twice (an empty one may repeat). */
PM_MUST_USE pm_status import_csv_open(import_csv *t, const char *path, pm_err *err);
/* What had to be repaired is added to *counts (NULL: to nothing). */
void import_csv_close(import_csv *t, import_counts *counts);
size_t import_invalid(const pm_str *field, size_t n);          /* how many of them are not UTF-8 */
size_t import_csv_find(const import_csv *t, const char *name); /* SIZE_MAX: none */
/* The column of that name.  Errors  PM_E_FORMAT with the nearest name. */
PM_MUST_USE pm_status import_csv_need(const import_csv *t, const char *name, size_t *column,
                                      pm_err *err);
/* The next row: as many fields as the header. */
PM_MUST_USE pm_status import_csv_next(import_csv *t, pm_err *err);
/* "path:line: column N ("name"): found "cell", wanted W". */
pm_status import_csv_bad(const import_csv *t, size_t column, const char *wanted, pm_err *err);
/* A number from min to max; NaN for an empty cell, which is refused unless may_lack. */
PM_MUST_USE pm_status import_csv_number(const import_csv *t, size_t column, const double range[2],
                                        bool may_lack, double *out, pm_err *err);

/* ---- JSON records ---- */

typedef struct import_record {
    records *r;
    const jsonl_field *field; /* [n] of the record at hand, NULL at the end */
    size_t n;
} import_record;

PM_MUST_USE pm_status import_record_open(import_record *t, const char *path, const char *member,
                                         pm_err *err);
void import_record_close(import_record *t, import_counts *counts); /* as import_csv_close */
PM_MUST_USE pm_status import_record_next(import_record *t, pm_err *err);
/* NULL if absent or null. */
const jsonl_field *import_field(const import_record *t, const char *name);
/* "path:line: "name": found F, wanted W"; f NULL: nothing was found. */
pm_status import_record_bad(const import_record *t, const char *name, const jsonl_field *f,
                            const char *wanted, pm_err *err);
/* A text (of a number: its text).  Absent: ptr == NULL, refused unless may_lack. */
PM_MUST_USE pm_status import_record_text(const import_record *t, const char *name, bool may_lack,
                                         pm_str *out, pm_err *err);
PM_MUST_USE pm_status import_record_number(const import_record *t, const char *name,
                                           const double range[2], bool may_lack, double *out,
                                           pm_err *err);

extern const double import_share[2], import_from_zero[2], import_any[2];

/* ---- rows for the folder ---- */

/* Where the row at hand stands, for messages. */
typedef struct import_at {
    const char *path;
    size_t line;
} import_at;

/* err_wrap with "path:line: ". */
pm_status import_wrap(import_at at, pm_status s, pm_err *err);

/* The column of a model under its name of --rename OLD=NEW. */
#define IMPORT_RENAME                                                                              \
    {                                                                                              \
        "rename", "OLD=NEW", "another name for a model; may be repeated"                           \
    }
PM_MUST_USE pm_status import_model(const import_job *job, folder *f, pm_str name, const char *more,
                                   uint32_t *column, pm_err *err);
/* Before anything is read.  Errors  PM_E_ARG: a --rename without '='. */
PM_MUST_USE pm_status import_check_renames(const import_job *job, pm_err *err);

/* A cell; NaN is none. */
PM_MUST_USE pm_status import_cell(folder *f, const char *table, const uint32_t place[2],
                                  double value, import_at at, pm_err *err);

/* What an answer's text tells: reading_grade (text/grade.h), where it has a word; import_answer() also
 * output_chars, its code points. */
PM_MUST_USE pm_status import_grade(folder *f, const uint32_t place[2], pm_str text, import_at at,
                                   pm_err *err);
PM_MUST_USE pm_status import_answer(folder *f, const uint32_t place[2], pm_str text, import_at at,
                                    pm_err *err);

/* Which (prompt, model) have had a row. */
typedef struct import_seen {
    struct import_seen_column {
        uint64_t *bit;
        size_t words;
    } * column;
    size_t n;
} import_seen;
void import_seen_close(import_seen *seen);

#define IMPORT_DUPLICATES                                                                          \
    {                                                                                              \
        "duplicates", "error|first", "what a second row of the same thing is; error unless given"  \
    }
PM_MUST_USE pm_status import_keeps_first(const import_job *job, bool *first, pm_err *err);
/* Marks a place; *again when it had been.  Errors  PM_E_FORMAT for that, unless keeps_first: then it is counted. */
PM_MUST_USE pm_status import_mark(import_seen *seen, const uint32_t place[2], bool keeps_first,
                                  import_at at, import_counts *counts, bool *again, pm_err *err);

/* --split: "train", "test", "none", or "auto" (the default), which reads it off the file's name: ..._train.csv,
 * test.jsonl, ...-val.csv (val, valid, validation and dev are train).  "" is none. */
#define IMPORT_SPLIT                                                                               \
    {                                                                                              \
        "split", "auto|none|train|test", "the prompts' split; auto (the default) by the file name" \
    }
PM_MUST_USE pm_status import_split(const import_job *job, const char *path, pm_str *out,
                                   pm_err *err);

/* ---- files ---- */

typedef struct import_files {
    arena *a;
    const char **path; /* [n] */
    size_t n, room;
} import_files;

/* The job's inputs; folders stand for the files below them that `wants` (all of them if NULL), by name, at most 12
 * folders deep.  Errors  PM_E_IO: no such file; PM_E_FORMAT: a folder without any such file. */
PM_MUST_USE pm_status import_files_of(const import_job *job, bool (*wants)(const char *name),
                                      import_files *out, pm_err *err);
void import_files_close(import_files *f);
const char *import_base_name(const char *path);
bool import_ends(const char *text, const char *end);
/* The name of a file without its folder, ".gz" and the last ending: "mmlu_law" of ".../mmlu_law.csv.gz". */
pm_str import_stem(const char *path);

#endif
