/* SPDX-License-Identifier: MIT
 *
 * Attempts at runs.  A run that is done stays as it is while it is attempted again: only an attempt that ends
 * well replaces its rows, in one transaction; one that fails leaves its reason beside them.
 */
#include <string.h>

#include "eval/store_private.h"

/* Steps a query that gives no rows, then drops it. */
pm_status store_finish_query(sql_query *q, pm_err *err)
{
    bool row;
    pm_status s = sql_step(q, &row, err);
    sql_done(q);
    return s;
}

/* Ends a transaction: commit when all went well, else roll back and keep the first error. */
static pm_status end_transaction(store *s, pm_status status, pm_err *err)
{
    if (!status) status = sql_exec(s->db, "COMMIT", err);
    pm_err ignored = PM_ERR_INIT;
    if (status && sql_exec(s->db, "ROLLBACK", &ignored)) err_clear(&ignored);
    return status;
}

/* What an attempt says about itself, in the order of store_begin_run's binding. */
#define ATTEMPT_COLUMNS "script, script_sha256, spec_json, version, machine_json, started"

/* Only where the run is done already: then its row stays as it is. */
static pm_status put_attempt(store *s, const store_run *r, bool *is_done, pm_err *err)
{
    sql_query *q;
    *is_done = false;
    pm_status status = sql_prepare(s->db,
                                   "INSERT OR REPLACE INTO attempt (run, " ATTEMPT_COLUMNS
                                   ", message)"
                                   " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, '' FROM run"
                                   " WHERE key = ?1 AND status = 'done' RETURNING run",
                                   &q, err);
    if (status) return status;
    const char *text[] = {r->key,     r->script,       r->script_sha256, r->spec_json,
                          r->version, r->machine_json, r->started};
    for (int k = 0; k < 7; k++) sql_bind_text(q, k + 1, text[k] ? text[k] : "");
    status = sql_step(q, is_done, err);
    sql_done(q);
    return status;
}

static pm_status put_run(store *s, const store_run *r, pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(
        s->db,
        "INSERT INTO run (key, seq, name, script, script_sha256, spec_json, data_hash, status,"
        " version, machine_json, started, seconds, message)"
        " VALUES (?1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM run), ?2, ?3, ?4, ?5, ?6, 'running',"
        " ?7, ?8, ?9, NULL, '')"
        " ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, name = excluded.name,"
        " script = excluded.script, script_sha256 = excluded.script_sha256,"
        " spec_json = excluded.spec_json, data_hash = excluded.data_hash, status = 'running',"
        " version = excluded.version, machine_json = excluded.machine_json,"
        " started = excluded.started, seconds = NULL, message = ''",
        &q, err);
    if (status) return status;
    const char *text[] = {r->key,       r->name,    r->script,       r->script_sha256, r->spec_json,
                          r->data_hash, r->version, r->machine_json, r->started};
    for (int k = 0; k < 9; k++) sql_bind_text(q, k + 1, text[k] ? text[k] : "");
    return store_finish_query(q, err);
}

pm_status store_begin_run(store *s, const store_run *r, pm_err *err)
{
    bool is_done;
    pm_status status = sql_exec(s->db, "BEGIN IMMEDIATE", err);
    if (status) return status;
    status = put_attempt(s, r, &is_done, err);
    if (!status && !is_done) status = put_run(s, r, err);
    if (!status) store_hold(s, r->key); /* before anyone can read "running" */
    return end_transaction(s, status, err);
}

static pm_status put_rows(store *s, const char *key, const store_row *row, size_t n, pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(
        s->db, "INSERT INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        &q, err);
    if (status) return status;
    for (size_t k = 0; k < n && !status; k++) {
        const store_row *r = &row[k];
        bool more;
        sql_bind_text(q, 1, key);
        sql_bind_text(q, 2, r->point ? r->point : "");
        sql_bind_text(q, 3, r->label);
        sql_bind_text(q, 4, r->role);
        sql_bind_int(q, 5, (int64_t)r->seed);
        sql_bind_text(q, 6, r->subset);
        sql_bind_text(q, 7, r->metric);
        sql_bind_int(q, 8, (int64_t)k);
        sql_bind_number(q, 9, r->value);
        sql_bind_number(q, 10, r->lo);
        sql_bind_number(q, 11, r->hi);
        sql_bind_int(q, 12, (int64_t)r->n);
        sql_bind_text(q, 13, r->setting ? r->setting : "");
        status = sql_step(q, &more, err);
        if (status)
            status = err_wrap(err, status, "row \"%s\", %s, point \"%s\"", r->label, r->metric,
                              r->point ? r->point : "");
    }
    sql_done(q);
    return status;
}

static pm_status delete_rows(store *s, const char *key, pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(s->db, "DELETE FROM result WHERE run = ?1", &q, err);
    if (status) return status;
    sql_bind_text(q, 1, key);
    return store_finish_query(q, err);
}

/* A run that was done and is done again is what the newer attempt says about itself; of one that computed
 * nothing, only where it came from. */
static pm_status adopt_attempt(store *s, const char *key, bool computed, pm_err *err)
{
#define ADOPT(columns)                                                                             \
    "UPDATE run SET (" columns ") = (SELECT " columns " FROM attempt WHERE attempt.run = ?1),"     \
    " seq = (SELECT MAX(seq) + 1 FROM run)"                                                        \
    " WHERE key = ?1 AND EXISTS (SELECT 1 FROM attempt WHERE attempt.run = ?1)"
    const char *const step[] = {computed ? ADOPT(ATTEMPT_COLUMNS)
                                         : ADOPT("script, script_sha256, spec_json"),
                                "DELETE FROM attempt WHERE run = ?1"};
#undef ADOPT
    pm_status status = PM_OK;
    for (size_t k = 0; k < 2 && !status; k++) {
        sql_query *q;
        status = sql_prepare(s->db, step[k], &q, err);
        if (status) return status;
        sql_bind_text(q, 1, key);
        status = store_finish_query(q, err);
    }
    return status;
}

static pm_status set_done(store *s, const char *key, double seconds, bool computed, pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(s->db,
                                   "UPDATE run SET seconds = CASE WHEN status = 'done' AND ?3 = 0"
                                   " THEN seconds ELSE ?2 END, status = 'done', message = ''"
                                   " WHERE key = ?1 RETURNING key",
                                   &q, err);
    if (status) return status;
    bool found;
    sql_bind_text(q, 1, key);
    sql_bind_number(q, 2, seconds);
    sql_bind_int(q, 3, computed);
    status = sql_step(q, &found, err);
    if (!status && !found)
        status = err_set(err, PM_E_ARG, "run %.8s was not begun in this store", key);
    sql_done(q);
    return status;
}

typedef struct finished {
    const char *key;
    const store_row *row;
    size_t n;
    double seconds;
    bool computed;
} finished;

static pm_status finish(store *s, const finished *f, pm_err *err)
{
    pm_status status = sql_exec(s->db, "BEGIN IMMEDIATE", err);
    if (status) return status;
    status = adopt_attempt(s, f->key, f->computed, err);
    if (!status) status = set_done(s, f->key, f->seconds, f->computed, err);
    if (!status) status = delete_rows(s, f->key, err);
    if (!status) status = put_rows(s, f->key, f->row, f->n, err);
    status = end_transaction(s, status, err);
    if (!status) store_release(s, f->key);
    return status;
}

pm_status store_finish_run(store *s, const char *key, const store_row *row, size_t n,
                           double seconds, pm_err *err)
{
    return finish(s, &(finished){key, row, n, seconds, true}, err);
}

pm_status store_refresh_run(store *s, const char *key, const store_row *row, size_t n,
                            double seconds, pm_err *err)
{
    return finish(s, &(finished){key, row, n, seconds, false}, err);
}

pm_status store_fail_run(store *s, const char *key, double seconds, const char *message,
                         pm_err *err)
{
    static const char *const step[] = {
        "UPDATE attempt SET message = ?2 WHERE run = ?1",
        "UPDATE run SET status = 'failed', seconds = ?3, message = ?2"
        " WHERE key = ?1 AND status <> 'done'"};
    pm_status status = sql_exec(s->db, "BEGIN IMMEDIATE", err);
    if (status) return status;
    for (int k = 0; k < 2 && !status; k++) {
        sql_query *q;
        status = sql_prepare(s->db, step[k], &q, err);
        if (status) break;
        sql_bind_text(q, 1, key);
        sql_bind_text(q, 2, message);
        if (k) sql_bind_number(q, 3, seconds);
        status = store_finish_query(q, err);
    }
    status = end_transaction(s, status, err);
    if (!status) store_release(s, key);
    return status;
}
