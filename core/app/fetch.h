/* SPDX-License-Identifier: MIT
 *
 * Getting a file over HTTPS, HTTP or from file://, continuing what an earlier try left.  Whether the bytes are right is the
 * caller's to say: by their SHA-256.
 */
#ifndef PM_APP_FETCH_H
#define PM_APP_FETCH_H

#include <stdint.h>
#include <string.h>

#include "base/err.h"

typedef struct fetch_want {
    const char *url;
    const char *path;       /* written to; what it holds already is kept, and continued behind */
    const char *shown;      /* in the line of progress */
    uint64_t bytes;         /* that it will have; 0: unknown */
    bool (*canceled)(void); /* asked now and then; NULL: never */
} fetch_want;

static inline bool fetch_is_url(const char *text)
{
    return !strncmp(text, "https://", 8) || !strncmp(text, "http://", 7) ||
           !strncmp(text, "file://", 7);
}

/* Redirects are followed, to https and http alone; proxies are taken from the environment (https_proxy, no_proxy ...);
 * certificates are checked against the system's (package ca-certificates).  A connection that is not made in 20 s or
 * gives less than 1 kB/s for 30 s is given up; one that breaks is continued, three times in all.
 *
 * Errors  PM_E_IO: one sentence of why; what came so far stays.  PM_E_FORMAT: more than `bytes`.  PM_E_CANCELED. */
PM_MUST_USE pm_status fetch_url(const fetch_want *w, pm_err *err);

#endif
