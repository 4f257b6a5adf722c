/* SPDX-License-Identifier: MIT
 *
 * What the files that read a dataset share: the reader's state, the list of mistakes, the passes.
 * dataset.c calls the passes in order; each adds what it finds wrong to `wrong` and goes on.
 */
#ifndef PM_DATA_DATASET_PRIVATE_H
#define PM_DATA_DATASET_PRIVATE_H

#include "base/str.h"
#include "data/dataset.h"
#include "data/jsonl.h"
#include "data/names.h"

#define DATASET_ERRORS     20
#define DATASET_MAX_MODELS 100000

/* Mistakes, up to 20 kept in words and all counted. */
typedef struct mistakes {
    const char *dir;
    str text; /* "\n  " before each, the folder left out */
    size_t n;
    pm_err first;
} mistakes;

void mistakes_add(mistakes *w, const char *fmt, ...) PM_PRINTF(2, 3);
/* Takes an error of the kind that is collected (PM_E_FORMAT, PM_E_ARG): PM_OK; hands others on. */
PM_MUST_USE pm_status mistakes_take(mistakes *w, const pm_err *err, pm_err *out);
/* PM_OK if there are none, else one message about all. */
PM_MUST_USE pm_status mistakes_finish(const mistakes *w, pm_err *err);

/* Prompts as they are read, before they become the dataset's arrays; heap. */
typedef struct prompt_row {
    const char *id;
    pm_str text;
    uint64_t group;
    uint32_t domain, tokens_in;
    uint8_t part;
    bool has_tokens;
    size_t turn_start;
    const pm_attr *attr; /* [n_attr] */
    uint32_t n_attr;
} prompt_row;

typedef struct prompt_rows {
    prompt_row *row;
    pm_turn *turn;
    size_t n, n_turns, room, room_turns;
    size_t with_tokens, with_turns, with_attrs;
} prompt_rows;

typedef struct reader {
    const char *dir;
    const dataset_options *o;
    arena *a;       /* what the dataset keeps */
    arena *scratch; /* gone when the dataset is read */
    dataset *out;
    mistakes wrong;
    char **files; /* names in the folder */
    size_t n_files;
    names ids;         /* prompt id -> row */
    names experts;     /* id -> column */
    bool has_models;   /* models.json is there */
    bool has_outcomes; /* scores.csv, losses.csv or battles.jsonl is there */
    dataset_table *table;
    size_t n_tables, room_tables;
    dataset_file *file;
    size_t n_read, room_files;
    const char **note;
    size_t n_notes, room_notes;
} reader;

pm_status dataset_no_memory(const reader *r, pm_err *err);
/* The names of the folder's files, and the dataset's name. */
PM_MUST_USE pm_status dataset_open_folder(reader *r, pm_err *err);

/* The path of `name` or `name`.gz in the folder, or NULL.  Both is a mistake (and NULL). */
PM_MUST_USE pm_status dataset_path_of(reader *r, const char *name, const char **path, pm_err *err);
/* Hashes a file into the provenance; one that is too large is a mistake and *path becomes NULL. */
PM_MUST_USE pm_status dataset_register(reader *r, const char **path, pm_err *err);
/* Both in one. */
PM_MUST_USE pm_status dataset_file_of(reader *r, const char *name, const char **path, pm_err *err);
/* PM_E_FORMAT when the unpacked bytes of a file pass the limit. */
PM_MUST_USE pm_status dataset_check_bytes(const reader *r, const char *path, uint64_t bytes,
                                          pm_err *err);
PM_MUST_USE pm_status dataset_note(reader *r, pm_err *err, const char *fmt, ...) PM_PRINTF(3, 4);

/* The passes. */
PM_MUST_USE pm_status dataset_read_prompts(reader *r, const char *path, pm_err *err);
PM_MUST_USE pm_status dataset_read_models(reader *r, pm_err *err);
PM_MUST_USE pm_status dataset_read_cells(reader *r, pm_err *err);
PM_MUST_USE pm_status dataset_read_battles(reader *r, pm_err *err);
PM_MUST_USE pm_status dataset_read_embeddings(reader *r, pm_err *err);

/* Sorts `file`, which is d->file, and makes the hash of the set. */
void dataset_hash_files(dataset *d, dataset_file *file);

/* The experts of a header, when there is no models.json. */
PM_MUST_USE pm_status dataset_models_of_header(reader *r, const char *path, const pm_str *field,
                                               size_t n, pm_err *err);

/* "turns" of a row: its text into the arena, its turns behind those of `rows`.  user_text: the user's
 * turns joined by blank lines.  PM_E_FORMAT: what is wrong, without a place. */
typedef struct row_part { /* a RAW member of a row */
    jsonl *j;
    pm_str raw;
    arena *a;
} row_part;
PM_MUST_USE pm_status dataset_read_turns(const row_part *from, prompt_rows *rows, pm_str *user_text,
                                         pm_err *err);

/* "attributes" of a row, sorted by name, into the arena.  PM_E_FORMAT: what is wrong, without a place. */
PM_MUST_USE pm_status dataset_read_attrs(const row_part *from, const pm_attr **out, uint32_t *n_out,
                                         pm_err *err);

/* Rules of the fields of a row (dataset_row.c). */
const char *dataset_kind_name(jsonl_kind kind);
bool dataset_has_control(pm_str s);
const char *dataset_id_wanted(pm_str s); /* what an id wants to be one, or NULL if it is */
bool dataset_tokens_of(const jsonl_field *f, uint32_t *out);

/* Rows `row` [n] and columns `col` [m] of a dataset (dataset_pool.c). */
typedef struct dataset_choice {
    const uint32_t *row, *col;
    size_t n, m;
} dataset_choice;
PM_MUST_USE pm_status dataset_take(const dataset *d, const dataset_choice *c, arena *a,
                                   dataset *out, pm_err *err);

#endif
