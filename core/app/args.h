/* SPDX-License-Identifier: MIT
 *
 * Command-line options as rows: parsing, --help, the man page and shell completion all come from them.
 */
#ifndef PM_APP_ARGS_H
#define PM_APP_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef enum arg_kind { ARG_FLAG, ARG_TEXT, ARG_NUMBER } arg_kind;

typedef struct arg_row {
    const char *name; /* without "--"; NULL ends the rows */
    char letter;      /* short form or 0 */
    arg_kind kind;
    const char *metavar; /* "DIR"; NULL for flags */
    const char *doc;
} arg_row;
#define ARG_END                                                                                    \
    {                                                                                              \
        NULL, 0, ARG_FLAG, NULL, NULL                                                              \
    }

#define ARG_MAX_REPEAT 64
typedef struct arg_value { /* parallel to the rows */
    size_t n;              /* how often it was given */
    const char *text[ARG_MAX_REPEAT];
    int64_t number; /* ARG_NUMBER: the last one */
} arg_value;

typedef struct verb {
    const char *name;     /* "run" */
    const char *operands; /* "FILE [TEXT|-]" */
    size_t min_operands, max_operands;
    const char *summary; /* one line */
    const char *details; /* paragraphs for --help and the man page; may be NULL */
    const arg_row *args;
    int (*run)(int argc, char **argv); /* argv[0] is the verb */
} verb;

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { ARGS_GO_ON = -1 };

/* Fills value[] (one a row) and operand[] [max_operands].  ARGS_GO_ON, or the exit status after --help
 * (printed on stdout, EXIT_FINE) or a mistake (printed on stderr with a suggestion, EXIT_USAGE). */
int args_parse(const verb *v, int argc, char **argv, arg_value *value, const char **operand,
               size_t *n_operands);

/* The value of option `name`: last text given, or fallback. */
const char *args_text(const verb *v, const arg_value *value, const char *name,
                      const char *fallback);
bool args_given(const verb *v, const arg_value *value, const char *name);
int64_t args_number(const verb *v, const arg_value *value, const char *name, int64_t fallback);
int args_int(const verb *v, const arg_value *value, const char *name,
             int fallback); /* no more than INT_MAX */
const arg_value *args_value(const verb *v, const arg_value *value, const char *name);

void args_help(const verb *v, str *out);

/* All verbs, NULL-terminated (main.c), for help, man page and completion. */
const verb *const *verbs_all(void);
/* The sub-verbs of a verb, NULL-terminated, each named "data inspect"; NULL: it has none. */
const verb *const *verb_parts(const verb *v);
const char *verb_part_name(const verb *part); /* "inspect" */

#endif
