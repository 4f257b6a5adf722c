/* SPDX-License-Identifier: MIT
 *
 * The run store: runs, jobs and measured rows in SQLite (the only file that includes sqlite3.h), large
 * matrices as files named by content hash in objects/ beside it.
 */
#ifndef PM_EVAL_STORE_H
#define PM_EVAL_STORE_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

typedef struct store store;

/* Opens (creates, migrates) DIR/store.sqlite and DIR/objects.  WAL, busy timeout 10 s, a newer schema than
 * ours is refused. */
PM_MUST_USE pm_status store_open(const char *dir, store **out, pm_err *err);
void store_close(store *s);
const char *store_dir(const store *s);

typedef struct
    store_run { /* one experiment with one set of inputs; key = content hash of its spec */
    const char *key, *name, *script, *script_sha256, *spec_json, *data_hash,
        *status;                                  /* "running" "interrupted" "done" "failed" */
    const char *version, *machine_json, *started; /* left out of canonical exports */
    double seconds;
    const char *message; /* failed: why; else "" */
    /* A later attempt at a run that is done, which did not end well: when it began ("": none) and why it
     * failed ("": it was stopped). */
    const char *later_started, *later_message;
    bool is_at_work; /* a process is busy with it; "running" without one reads "interrupted" */
} store_run;

typedef struct store_row { /* one measured number */
    const char *point;     /* constraint weights, canonical text; "" if none */
    const char *label;     /* policy */
    const char
        *role; /* "baseline" "expert" "router" "ceiling" "curve"; "about": a fact of the run */
    uint64_t seed;
    const char
        *subset; /* "all" or "domain:NAME"; of means over seeds "seeds:all", "seeds:domain:NAME";
                  of all splits together "splits:all", "splits:domain:NAME" */
    const char *metric;
    double value, lo, hi; /* NaN stored as NULL */
    size_t n;
    const char *setting;
} store_row;

/* Keeps finished jobs, and the rows of a run that is done. */
PM_MUST_USE pm_status store_begin_run(store *s, const store_run *r, pm_err *err);
/* The run is done: all its rows, in the place of earlier ones, and the status in one transaction. */
PM_MUST_USE pm_status store_finish_run(store *s, const char *key, const store_row *row, size_t n,
                                       double seconds, pm_err *err);
/* The same where nothing had to be computed: a run that was done keeps its start, seconds and machine. */
PM_MUST_USE pm_status store_refresh_run(store *s, const char *key, const store_row *row, size_t n,
                                        double seconds, pm_err *err);
/* The attempt failed.  A run that was done before it stays done, with its rows. */
PM_MUST_USE pm_status store_fail_run(store *s, const char *key, double seconds, const char *message,
                                     pm_err *err);
PM_MUST_USE pm_status store_runs(store *s, arena *a, store_run **out, size_t *n,
                                 pm_err *err); /* newest first */
/* By key, unambiguous key prefix, name (the newest finished one, else the newest), or the name of its folder,
 * NAME-KEY8. */
PM_MUST_USE pm_status store_find_run(store *s, const char *which, arena *a, store_run *out,
                                     pm_err *err);
PM_MUST_USE pm_status store_rows(store *s, const char *key, arena *a, store_row **out, size_t *n,
                                 pm_err *err);

/* Jobs: finished pieces of work by content hash, reusable by any run.  The result is a small JSON text that
 * may name objects. */
PM_MUST_USE pm_status store_job_find(store *s, const char *key, arena *a, const char **result_json,
                                     pm_err *err);
PM_MUST_USE pm_status store_job_done(store *s, const char *key, const char *kind,
                                     const char *result_json, double seconds, pm_err *err);

/* How long a finished job took; NaN: not known. */
PM_MUST_USE pm_status store_job_seconds(store *s, const char *key, double *out, pm_err *err);

/* Objects: matrices of float and files in objects/<sha256>, verified whenever they are opened.
 * Errors  PM_E_FORMAT: the content does not hash to its name; PM_E_IO: it is missing. */
PM_MUST_USE pm_status store_put_matrix(store *s, pm_cmat m, char hex[65], pm_err *err);
PM_MUST_USE pm_status store_get_matrix(store *s, const char *hex, arena *a, pm_mat *out,
                                       pm_err *err);
/* Path of the object `hex` (for checkpoints); in the arena; NULL if hex is not 64 hex digits. */
char *store_object_path(const store *s, const char *hex, arena *a);
/* A path inside objects/ to write a file to that store_put_file then adopts (renames). */
char *store_temporary(store *s, arena *a);
PM_MUST_USE pm_status store_put_file(store *s, const char *path, char hex[65], pm_err *err);
PM_MUST_USE pm_status store_check_object(const store *s, const char *hex, pm_err *err);

/* One row as a JSON object on one line, without line end. */
void store_row_json(const store_row *r, str *out);

/* JSON lines of a run, rows sorted; canonical leaves out times, paths, version and machine. */
PM_MUST_USE pm_status store_export(store *s, const char *key, bool canonical, str *out,
                                   pm_err *err);

#endif
