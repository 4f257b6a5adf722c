/* SPDX-License-Identifier: MIT
 *
 * Narrowing a dataset to what a question is about: some domains, without a list of prompts, one judge's battles,
 * turns of a conversation taken as one prompt.
 */
#ifndef PM_DATA_NARROW_H
#define PM_DATA_NARROW_H

#include "base/str.h"
#include "data/dataset.h"

typedef struct dataset_narrowing {
    const char *const *domain; /* keep these: "mmlu" keeps "mmlu" and "mmlu/..."; "-mmlu/x" leaves
                                  out; n_domains = 0: all */
    size_t n_domains;
    const char *const *
        without; /* files with one id a line (in the folder, or a path): those prompts are dropped */
    size_t n_without;
    const char *const *judge; /* keep these judges' battles; n_judges = 0: all */
    size_t n_judges;
    /* Rows whose ids differ only in a final "/t1", "/t2" ... become one prompt: id without the ending, text of the
     * first turn, each table's cells averaged (NaN if one is).  RouteLLM routes MT-Bench so. */
    bool join_turns;
    const char *
        scores; /* the per-cell table that holds the values instead of scores.csv, e.g. "scores_ae1"; NULL */
} dataset_narrowing;

/* Errors  PM_E_ARG with a suggestion: a domain, judge or table that the data lacks, nothing left; PM_E_IO: a list
 * that cannot be read.  Ids of a list that the data lacks are counted in a note.   `out` may share arrays with d. */
PM_MUST_USE pm_status dataset_narrow(const dataset *d, const char *dir,
                                     const dataset_narrowing *how, arena *a, dataset *out,
                                     pm_err *err);
/* Canonical JSON of a narrowing, for keys of jobs; "{}" when nothing is narrowed. */
void dataset_narrowing_json(const dataset_narrowing *how, str *out);

#endif
