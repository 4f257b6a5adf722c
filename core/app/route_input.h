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
    const float *vector; /* [dim] where vectors are asked for, else NULL */
    bool has_tokens;
    uint32_t tokens_in;
    const pm_attr *attr; /* [n_attr], NULL without "attributes" */
    uint32_t n_attr;
} route_prompt;

typedef struct route_input route_input;

/* operand: a text, "-" or NULL for standard input; with jsonl a file or "-".  A text that is the name of a file is
 * read as jsonl if it ends in .jsonl or .jsonl.gz, and else refused.
 * dim: how long the vector is that every row must bring as "embedding" (or "vector", "values"); 0: it need not.
 * Errors  PM_E_ARG: texts alone, where vectors are needed. */
PM_MUST_USE pm_status route_input_open(const char *operand, bool jsonl, size_t dim,
                                       route_input **out, pm_err *err);
PM_MUST_USE pm_status route_input_next(route_input *in, route_prompt *out, bool *more, pm_err *err);
/* Texts so far in which bytes that are no UTF-8 were replaced by U+FFFD, as a data set's are. */
size_t route_input_repaired(const route_input *in);
void route_input_close(route_input *in);

#endif
