/* SPDX-License-Identifier: MIT
 *
 * A sample of prompts to calibrate on: a file of rows, or a data folder with what was recorded; and what a bundle
 * says to it.
 */
#ifndef PM_APP_SAMPLE_H
#define PM_APP_SAMPLE_H

#include "data/dataset.h"
#include "plug/threshold.h"

typedef struct sample {
    const char *path;
    pm_prompts x;
    char sha256[65];   /* over the texts, each with its length */
    size_t repaired;   /* texts with bytes replaced */
    size_t left_out;   /* rows of the folder's other parts */
    bool has_vectors;  /* x.embed is what the rows or the folder bring */
    const char *part;  /* "all", "train", "test" or "not train" */
    bool has_outcomes; /* a data folder: */
    dataset data;
    const uint32_t *row; /* [x.n] of data */
} sample;

/* path: FILE.jsonl (.gz), a text file of one prompt a line with "-" for standard input, or a data folder; part: rows of
 * a folder ("all", "train", "test", or NULL: those that are not marked train where some are marked test, else all).
 * dim: of the vectors that prompts must bring; 0: they need not.
 * Errors  as reading does; PM_E_ARG: no prompt is there, or no vectors where they are needed. */
PM_MUST_USE pm_status sample_read(const char *path, const char *part, size_t dim, arena *a,
                                  sample *out, pm_err *err);

typedef struct sample_scores { /* of one bundle, in the arena */
    size_t n, m;
    pm_scores predicted; /* [n x m] */
    double *
        score; /* [n] P(strong beats weak) less the soft terms; else the best prediction of the prompt */
    bool is_pair;
    size_t strong, weak; /* columns of a pair */
} sample_scores;

/* Who the pair of `p` is: the objective is asked about the first prompt. */
PM_MUST_USE pm_status sample_pair(const threshold *t, pipeline_ctx *c, const sample *s, arena *a,
                                  sample_scores *out, pm_err *err);

/* Predictions and scores by t, whose alpha is 0. */
PM_MUST_USE pm_status sample_score(const threshold *t, pipeline_ctx *c, const sample *s, arena *a,
                                   sample_scores *io, pm_err *err);

/* Recorded outcomes of expert j of the library on every prompt, [n] in the arena: cost, or value as a utility (minus a
 * loss); NULL where there are none, and NaN cells where one is not known. */
double *sample_recorded(const sample *s, const pm_library *lib, size_t j, bool cost, arena *a);

/* Rows `keep` [n] of everything above. */
PM_MUST_USE pm_status sample_select(sample *s, sample_scores *k, const uint32_t *keep, size_t n,
                                    arena *a, pm_err *err);

#endif
