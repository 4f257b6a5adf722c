/* SPDX-License-Identifier: MIT
 *
 * Who may serve a prompt: cells that hard terms forbid, and what happens to prompts that are left without
 * anybody.  Decides nothing among those who are left, and knows no names of constraints.
 */
#ifndef PM_PLUG_FEASIBLE_H
#define PM_PLUG_FEASIBLE_H

#include "base/err.h"
#include "plug/conflicts.h"

#define FEASIBLE_TERMS 64 /* hard terms are bits; so many terms a question may have */

/* What happens to a prompt that hard constraints leave nobody. */
typedef enum infeasible_policy {
    INFEASIBLE_ERROR, /* PM_E_INFEASIBLE, with the minimal sets of constraints that exclude everyone */
    INFEASIBLE_RELAX, /* hard terms are given up, one after another in the order told, until somebody is left;
                         one that forbids nobody for this prompt is not given up; if nobody is left when
                         all are: the error */
    INFEASIBLE_FALLBACK /* one expert takes it, whatever constraints say */
} infeasible_policy;

typedef struct pipeline_infeasible {
    infeasible_policy policy;
    const size_t *relax; /* [n_relax] terms in the order in which they are given up */
    size_t n_relax;
    const char *fallback; /* id of a served expert */
} pipeline_infeasible;

typedef struct feasible_room { /* buffers, used again and again; zeroed at first */
    uint32_t *mask;
    uint64_t *relaxed, *broken;
    uint8_t *fell_back;
    size_t mask_capacity, relaxed_capacity, broken_capacity, fell_capacity;
} feasible_room;
void feasible_close(feasible_room *r);

typedef struct feasible_ask {
    const pm_term *const *term; /* [n_terms] */
    size_t n_terms, n;          /* n prompts */
    const pm_library *lib;
    const pipeline_infeasible *policy;
} feasible_ask;

typedef struct feasible_answer { /* views into the room, until it is asked again */
    const uint32_t *mask;        /* [n x m] as pm_question.mask; NULL: nothing is masked */
    const uint64_t *relaxed;     /* [n] bit k: term k was given up; NULL: none was */
    const uint8_t *fell_back;    /* [n] 1: the fallback expert took it; NULL: none did */
    size_t n_stuck,
        first_stuck; /* prompts whom hard terms leave nobody, whatever was done about it */
} feasible_answer;

/* PM_E_INFEASIBLE: out->first_stuck is the first prompt nothing could be done for, out->n_stuck how many there are.
 * PM_E_ARG: a bound is NaN, too many terms, a term to relax that is not hard, a fallback expert who is not there.
 * A bound of NaN forbids nobody and everybody at once; -infinity forbids everybody.  Cost O(n m hard terms),
 * vector loops; no allocation once the room is large enough. */
PM_MUST_USE pm_status feasible_find(feasible_room *r, const feasible_ask *ask, feasible_answer *out,
                                    pm_err *err);

/* By the hard terms of the question alone: its mask [n x m].  false: some prompt is left without anybody. */
bool feasible_mask(const pm_question *q, uint32_t *mask);

#endif
