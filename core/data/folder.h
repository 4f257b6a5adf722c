/* SPDX-License-Identifier: MIT
 *
 * Writes a folder in the interchange format (docs/data-format.md), row by row: what importers, `data convert`,
 * `split` and `merge` end in.  Texts go to disk as they come; cells are kept as float32 until the end.
 * All or nothing: the folder appears under its name when folder_finish succeeds.
 */
#ifndef PM_DATA_FOLDER_H
#define PM_DATA_FOLDER_H

#include "base/err.h"
#include "base/mem.h"
#include "pointsman/plugin.h"

typedef struct folder folder;

typedef struct folder_options {
    uint32_t size;
    bool gzip;      /* prompts.jsonl.gz, scores.csv.gz, ... */
    bool overwrite; /* else an existing folder that is not empty is refused */
} folder_options;
#define FOLDER_OPTIONS_DEFAULT                                                                     \
    {                                                                                              \
        sizeof(folder_options), false, false                                                       \
    }

#define FOLDER_NONE UINT32_MAX

typedef struct folder_prompt { /* ptr == NULL or n == 0: the field is left out */
    pm_str id;                 /* required, unique */
    pm_str text;
    pm_str domain, split, group; /* split: "train" or "test" */
    const pm_turn *
        turn; /* [n_turns] written instead of `text`, beside it if text is not what the user says */
    size_t n_turns;
    int64_t tokens_in; /* < 0: not known */
    pm_str more;       /* further members as JSON text, "\"lang\":\"de\",\"n\":3" */
} folder_prompt;

typedef struct folder_battle {
    uint32_t prompt, a, b; /* rows and columns given out below */
    float
        outcome; /* 1 a wins, 0 b wins, .5 tie, between: a judge's P(a) (written as p_b = 1 - outcome) */
    float weight;     /* 1 is left out */
    pm_str judge, id; /* may be empty */
    pm_str more;      /* further members as JSON text */
} folder_battle;

/* Errors  PM_E_ARG: dir exists and is not empty (unless overwrite); PM_E_IO. */
PM_MUST_USE pm_status folder_open(const char *dir, const folder_options *o, folder **out,
                                  pm_err *err);
/* Appends a prompt; *row is its number from 0.  Errors  PM_E_ARG: an id that occurred, an empty or hostile id. */
PM_MUST_USE pm_status folder_add_prompt(folder *f, const folder_prompt *p, uint32_t *row,
                                        pm_err *err);
uint32_t folder_find_prompt(const folder *f, pm_str id); /* FOLDER_NONE: none */
/* The column of a model, added when it is new; `more` (NULL: none) is further members of its entry in models.json
 * as JSON text, taken the first time only. */
PM_MUST_USE pm_status folder_model(folder *f, pm_str name, const char *more, uint32_t *col,
                                   pm_err *err);
/* A cell of table "scores", "losses", "costs", "tokens_out", "latency_ms" ...; a table begins to exist with its
 * first cell.  Errors  PM_E_ARG: a cell that was given already (with another value), a value outside the table's
 * domain: scores [0,1], losses, costs and tokens_* >= 0, others finite. */
PM_MUST_USE pm_status folder_cell(folder *f, const char *table, uint32_t row, uint32_t col,
                                  double value, pm_err *err);
/* Errors  PM_E_ARG: a model against itself, an outcome outside [0,1]. */
PM_MUST_USE pm_status folder_add_battle(folder *f, const folder_battle *b, pm_err *err);
/* The vector [d] of a prompt; d is fixed by the first.  At the end every prompt has one, or none has. */
PM_MUST_USE pm_status folder_embedding(folder *f, uint32_t row, const float *vector, size_t d,
                                       pm_err *err);
/* What else the folder should hold: a text file such as SOURCE.md. */
PM_MUST_USE pm_status folder_text_file(folder *f, const char *name, pm_str text, pm_err *err);
/* Writes tables and models.json and moves the folder to its name; closes `f` in any case. */
PM_MUST_USE pm_status folder_finish(folder *f, pm_err *err);
void folder_abandon(folder *f); /* closes, leaves nothing behind; NULL is fine */

#endif
