/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the store alone.
 */
#ifndef PM_EVAL_STORE_PRIVATE_H
#define PM_EVAL_STORE_PRIVATE_H

#include "eval/store.h"
#include "eval/store_sql.h"

struct store {
    sql *db;
    arena *a; /* paths */
    const char *dir, *objects;
    unsigned n_temporaries;
    int held; /* lock of the run at work, or -1 */
};

/* Brings the tables up to our version in one transaction; refuses a newer one. */
PM_MUST_USE pm_status store_migrate(sql *db, const char *path, pm_err *err);

/* Steps a query that gives no rows, then drops it. */
PM_MUST_USE pm_status store_finish_query(sql_query *q, pm_err *err);

/* store_lock.c: this process is at work on a run, from store_hold to store_release or its own end (also
 * store_let_go, which leaves the file); one run at a time. */
void store_hold(store *s, const char *key);
void store_release(store *s, const char *key);
void store_let_go(store *s);
bool store_is_held(const store *s, const char *key); /* by any process */

/* Removes temporaries in objects/ whose writers are no longer alive. */
void store_sweep(const char *objects);

#endif
