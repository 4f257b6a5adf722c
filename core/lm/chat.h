/* SPDX-License-Identifier: MIT
 *
 * Private to the floor: conversations as the tokens a model was taught them in.  Templates are rows; the files' own Jinja text only
 * tells which row is meant and what system message it adds.
 */
#ifndef PM_LM_CHAT_H
#define PM_LM_CHAT_H

#include "lm/model.h"

typedef struct chat_row {
    const char *name;
    const char *mark;                      /* in a Jinja template: this row is meant */
    const char *begin;                     /* once, before the first turn: special tokens, or "" */
    const char *open, *after_role, *close; /* of a turn: OPEN role AFTER_ROLE text CLOSE */
    const char *end;                       /* token that ends an answer, or NULL: eos */
    const char *assistant;                 /* what the role is called; NULL: "assistant" */
    bool joins_system; /* there is no system role: its text precedes the first user turn */
    bool trims;        /* blanks around what people wrote go */
} chat_row;

/* By name, or (name NULL) as the files say; models without a template speak plainly. */
PM_MUST_USE pm_status chat_find(const lm *m, const char *name, const chat_row **out, pm_err *err);
/* The system message that the files' template adds where there is none, or len 0. */
pm_str chat_default_system(const lm *m, const chat_row *row);
/* Appends the tokens of the conversation to ids; markers are special tokens, texts never are. */
PM_MUST_USE pm_status chat_encode(const lm *m, lm_room *r, const chat_row *row, const pm_turn *turn,
                                  size_t n, pm_err *err);

#endif
