/* SPDX-License-Identifier: MIT
 *
 * Errors as values: a status, what happened, and the chain of contexts it passed on the way up.
 * No globals and no allocation: a pm_err lives on the caller's stack.
 *
 * Rule: a function that can fail returns pm_status and takes `pm_err *err` LAST (NULL is allowed).
 * Message where the knowledge is (err_set), context while unwinding (err_wrap), printed once at the
 * top (err_text).  Anatomy of a message: where - found - wanted - help.
 */
#ifndef PM_BASE_ERR_H
#define PM_BASE_ERR_H

#include <stdbool.h>

#include "pointsman/plugin.h"

#define ERR_TEXT 2048

typedef struct pm_err {
    pm_status status;
    const char *file; /* C origin */
    int line;
    int frames;          /* 1 + number of wraps */
    char text[ERR_TEXT]; /* "outermost: ...: innermost"; truncation is marked with "..." */
} pm_err;

#define PM_ERR_INIT                                                                                \
    {                                                                                              \
        PM_OK, NULL, 0, 0,                                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Record and return `s`.  The first form keeps an earlier error of the same unwinding out: it
 * overwrites.  err may be NULL. */
#define err_set(err, s, ...) err_set_at(err, s, __FILE__, __LINE__, __VA_ARGS__)
pm_status err_set_at(pm_err *err, pm_status s, const char *file, int line, const char *fmt, ...)
    PM_PRINTF(5, 6);

/* Prepend "context: " and return the status already recorded (s if err is NULL).  A last part of the
 * context that the message begins with is said once: 'f:3: router "x"' and 'router "x".train: why' make
 * 'f:3: router "x".train: why'. */
pm_status err_wrap(pm_err *err, pm_status s, const char *fmt, ...) PM_PRINTF(3, 4);

void err_clear(pm_err *err);
const char *err_text(const pm_err *err); /* the message, or the status' own text */
const char *pm_status_text(pm_status s); /* "argument outside its documented domain" */
const char *pm_status_name(pm_status s); /* "E_ARG" */

/* Programmer mistakes: prints expression and place, then aborts.  On in every build. */
#define PM_ASSERT(cond) ((cond) ? (void)0 : err_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void err_assert_failed(const char *expr, const char *file, int line);

#endif
