/* SPDX-License-Identifier: MIT
 *
 * Where `route` gets its prompts: one text, lines, or JSON lines.
 */
#ifndef PM_APP_ROUTE_INPUT_H
#define PM_APP_ROUTE_INPUT_H

#include "base/err.h"

typedef struct route_prompt { /* valid until the next call */
    const char *id;           /* as given in JSON, or NULL */
    uint64_t key;             /* hash of the id as the dataset computes it, else of the text */
    pm_str text;
    const pm_turn *turn; /* [n_turns], NULL without "turns" */
    size_t n_turns;
    bool has_tokens;
    uint32_t tokens_in;
} route_prompt;

typedef struct route_input route_input;

/* operand: a text, "-" or NULL for standard input; with jsonl a file or "-".  A text that is the name of a file is
 * read as jsonl if it ends in .jsonl or .jsonl.gz, and else refused. */
PM_MUST_USE pm_status route_input_open(const char *operand, bool jsonl, route_input **out,
                                       pm_err *err);
PM_MUST_USE pm_status route_input_next(route_input *in, route_prompt *out, bool *more, pm_err *err);
/* Texts so far in which bytes that are no UTF-8 were replaced by U+FFFD, as a data set's are. */
size_t route_input_repaired(const route_input *in);
void route_input_close(route_input *in);

#endif
