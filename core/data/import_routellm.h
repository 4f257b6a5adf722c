/* SPDX-License-Identifier: MIT
 *
 * Private to the importer of RouteLLM's evaluation files: its CSV half (import_routellm.c) and its JSON half
 * (import_routellm_json.c).
 */
#ifndef PM_DATA_IMPORT_ROUTELLM_H
#define PM_DATA_IMPORT_ROUTELLM_H

#include "data/import_formats.h"
#include "data/import_tools.h"

typedef enum routellm_kind {
    ROUTELLM_ANSWERS,
    ROUTELLM_QUESTIONS,
    ROUTELLM_RATINGS,
    ROUTELLM_CONTAMINATED
} routellm_kind;

typedef struct routellm_rating { /* with --mt-bench mean */
    uint32_t row, column;
    double sum;
    size_t n;
} routellm_rating;

typedef struct routellm {
    const import_job *job;
    folder *out;
    import_counts *counts;
    import_csv t;
    import_record j;
    bool joined; /* --mt-bench mean */
    arena *a;
    names contaminated; /* texts */
    bool *met;          /* [n of contaminated] some prompt has that text */
    size_t room_met;
    size_t n_contaminated; /* prompts */
    str id, order, list;   /* list: contaminated.txt */
    size_t n_mmlu;
    import_seen seen;
    routellm_rating *rating;
    size_t n_ratings, room_ratings;
} routellm;

pm_status routellm_no_memory(const routellm *p, pm_err *err);
/* Puts the prompt of that id on the list if the text is contaminated. */
void routellm_check_text(routellm *p, pm_str text, pm_str id);
/* What a JSON lines file holds, by the fields of its first record. */
PM_MUST_USE pm_status routellm_kind_of(const char *path, routellm_kind *out, pm_err *err);
PM_MUST_USE pm_status routellm_read_json(routellm *p, const char *path, routellm_kind kind,
                                         pm_err *err);
/* Ratings, contaminated.txt and mmlu_order.txt. */
PM_MUST_USE pm_status routellm_finish(routellm *p, pm_err *err);
void routellm_close(routellm *p);

#endif
