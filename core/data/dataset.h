/* SPDX-License-Identifier: MIT
 *
 * A dataset: prompts, cells [n x m] of outcomes, battles, with provenance.  Read from a folder in the
 * interchange format (docs/data-format.md): prompts.jsonl, scores.csv or losses.csv, costs.csv,
 * models.json, battles.jsonl, further per-cell tables; each plain or .gz.
 */
#ifndef PM_DATA_DATASET_H
#define PM_DATA_DATASET_H

#include "base/err.h"
#include "base/mem.h"
#include "data/library.h"

typedef enum dataset_part { DATASET_UNSPLIT = 0, DATASET_TRAIN = 1, DATASET_TEST = 2 } dataset_part;

typedef struct dataset_table { /* a per-cell table as read: NaN = empty */
    const char *name;          /* file name without .csv: "scores", "costs", "tokens_out" ... */
    pm_cmat cell;              /* [n x m] */
} dataset_table;

typedef struct dataset_file { /* provenance of one file */
    const char *name;
    size_t bytes;
    char sha256[65]; /* of the bytes on disk */
} dataset_file;

/* Everything that was skipped or repaired: reported, never silent. */
typedef struct dataset_counts {
    size_t prompts_read, duplicate_ids, invalid_utf8_repaired;
    size_t cells_known, cells_empty;
    size_t battles_read, battles_skipped; /* unknown model or prompt */
    size_t fields_unknown; /* fields of prompts.jsonl that no one reads: each row's */
    size_t tables_skipped; /* *.csv whose header is not that of a per-cell table */
    size_t rows_dropped_incomplete, models_dropped_sparse; /* by dataset_pool */
    size_t battles_dropped; /* by dataset_pool and dataset_select_models: prompt or model gone */
} dataset_counts;

typedef struct dataset {
    const char *name;
    size_t n, m;
    const char *const *id;      /* [n] */
    const uint64_t *key;        /* [n] hash of the id: pm_prompts.id */
    const pm_str *text;         /* [n] UTF-8 */
    const uint32_t *domain;     /* [n] index into domains, UINT32_MAX = none */
    const char *const *domains; /* [n_domains] in order of first appearance */
    size_t n_domains;
    const uint8_t *part;        /* [n] dataset_part */
    const uint64_t *group;      /* [n] "group" field hashed; else hash of the text */
    const uint32_t *tokens_in;  /* [n], or NULL unless every row has it */
    const pm_turn *turn;        /* all turns of all prompts, or NULL */
    const size_t *turn_start;   /* [n + 1] */
    const pm_attr *const *attr; /* [n] of each prompt, sorted by name, or NULL: no prompt has any */
    const uint32_t *n_attr;     /* [n] or NULL */
    pm_value_kind kind;         /* of `value` */
    pm_cmat value;              /* [n x m] quality or loss, NaN = not observed */
    pm_cmat cost_usd;           /* [n x m] or at == NULL */
    pm_cmat tokens_out;         /* [n x m] or at == NULL */
    pm_cmat
        embed; /* [n x d] of embeddings.npy, mapped as long as the arena lives; at == NULL: none */
    const dataset_table *table; /* all per-cell tables, those above included */
    size_t n_tables;
    const pm_battle *battle;
    size_t n_battles;
    const char *const *judges; /* names of battle sources */
    size_t n_judges;
    library models; /* from models.json; order = columns */
    const dataset_file *file;
    size_t n_files;
    char hash[65]; /* provenance: over sorted (name, sha256) */
    dataset_counts counts;
    const char *const *note; /* what was left out, in words */
    size_t n_notes;
} dataset;

typedef struct dataset_options {
    uint32_t size;
    size_t max_file_bytes; /* 0 = 4 GiB */
    bool battles;          /* read battles.jsonl */
    bool no_embeddings;    /* leave embeddings.npy alone */
} dataset_options;
#define DATASET_OPTIONS_DEFAULT                                                                    \
    {                                                                                              \
        sizeof(dataset_options), 0, true, false                                                    \
    }

/* Reads a folder; what the dataset keeps lives in the arena.
 * Errors  PM_E_FORMAT: file, line and column, found, wanted; up to 20 are collected into one message.
 *         PM_E_IO: the folder cannot be read.  PM_E_MEMORY.
 * Cost    one pass over each file and one for its hash. */
PM_MUST_USE pm_status dataset_read(const char *dir, const dataset_options *o, arena *a,
                                   dataset *out, pm_err *err);

/* The models of a folder alone: models.json, or the header of scores.csv or losses.csv; named "from data".
 * Errors  as dataset_read. */
PM_MUST_USE pm_status dataset_read_library(const char *dir, arena *a, library *out, pm_err *err);

typedef struct dataset_row { /* a row of prompts.jsonl that stands alone */
    pm_str id;               /* the text, also of a number; ptr == NULL: none */
    pm_str text;
    const pm_turn *turn; /* [n_turns], NULL without "turns" */
    size_t n_turns;
    bool has_tokens;
    uint32_t tokens_in;
    const pm_attr *attr; /* [n_attr] sorted by name, or NULL */
    uint32_t n_attr;
} dataset_row;

/* A row by the very rules of a folder's prompts.jsonl, except that it needs no id.  Texts belong to `j` (until its
 * next row) and to the arena.
 * Errors  PM_E_FORMAT "found F, wanted W", without a place; PM_E_MEMORY. */
struct jsonl;
struct jsonl_field;
PM_MUST_USE pm_status dataset_read_row(struct jsonl *j, const struct jsonl_field *f, size_t n,
                                       arena *a, dataset_row *out, pm_err *err);

/* Whether an attribute of a prompt is what a row of prompts.jsonl may have; library.h has the kinds.
 * Errors  PM_E_FORMAT "found F, wanted W", without a place. */
PM_MUST_USE pm_status dataset_check_attr(const pm_attr *a, pm_err *err);

/* The per-cell table of that name ("scores", "latency_ms" ...), NULL if there is none. */
const dataset_table *dataset_table_of(const dataset *d, const char *name);

/* The comparable part (reference/baselines: pool): models with >= min_known of their cells known, then
 * prompts where every kept model (and its cost, if costs exist) is known.  `out` shares arrays or copies
 * into the arena; counts say what was dropped.  min_known <= 0 keeps everything. */
PM_MUST_USE pm_status dataset_pool(const dataset *d, double min_known, arena *a, dataset *out,
                                   pm_err *err);

/* Only the models of `ids`, in that order.  PM_E_ARG with a suggestion for an unknown one. */
PM_MUST_USE pm_status dataset_select_models(const dataset *d, const char *const *ids, size_t n,
                                            arena *a, dataset *out, pm_err *err);

/* Views for plugins: the prompts and outcomes of rows `row` [n_rows], in the arena; rows that follow one
 * another are shared, others copied.  Battles are those of the rows, prompt = position among them.
 * Errors  PM_E_ARG for a row that does not exist; PM_E_MEMORY. */
PM_MUST_USE pm_status dataset_prompts(const dataset *d, const uint32_t *row, size_t n_rows,
                                      arena *a, pm_prompts *out, pm_err *err);
PM_MUST_USE pm_status dataset_outcomes(const dataset *d, const uint32_t *row, size_t n_rows,
                                       arena *a, pm_outcomes *out, pm_err *err);
/* The vectors of those rows, for who wants them as pm_prompts.embed: dataset_prompts leaves it empty.
 * Errors  PM_E_ARG: the dataset has no embeddings; PM_E_MEMORY. */
PM_MUST_USE pm_status dataset_vectors(const dataset *d, const uint32_t *row, size_t n_rows,
                                      arena *a, pm_cmat *out, pm_err *err);

#endif
