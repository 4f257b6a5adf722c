/* SPDX-License-Identifier: MIT
 *
 * Runs, jobs and measured rows.  A run's rows and its final status are committed together; a job is committed
 * after its objects are in place (store_objects.c), so that a kill at any moment leaves only whole results.
 */
#include "eval/store.h"

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "eval/store_private.h"

#define BUSY_MS 10000

static pm_status open_database(store *s, pm_err *err)
{
    const char *path = io_join(s->a, s->dir, "store.sqlite");
    s->objects = io_join(s->a, s->dir, "objects");
    if (!path || !s->objects) return err_set(err, PM_E_MEMORY, "%s", s->dir);
    pm_status status = io_mkdir(s->objects, err);
    if (!status) status = sql_open(path, BUSY_MS, &s->db, err);
    if (!status)
        status = sql_exec(s->db,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                          "PRAGMA foreign_keys = ON;",
                          err);
    if (!status) status = store_migrate(s->db, path, err);
    if (!status) store_sweep(s->objects);
    return status;
}

pm_status store_open(const char *dir, store **out, pm_err *err)
{
    store *s = mem_alloc(1, sizeof *s);
    *out = NULL;
    if (!s) return err_set(err, PM_E_MEMORY, "store");
    s->a = arena_open(0);
    s->dir = s->a ? arena_strdup(s->a, dir) : NULL;
    pm_status status = s->dir ? open_database(s, err) : err_set(err, PM_E_MEMORY, "store %s", dir);
    if (status) {
        store_close(s);
        return status;
    }
    *out = s;
    return PM_OK;
}

void store_close(store *s)
{
    if (!s) return;
    sql_close(s->db);
    arena_close(s->a);
    mem_free(s);
}

const char *store_dir(const store *s)
{
    return s->dir;
}

/* Steps a query that gives no rows, then drops it. */
static pm_status finish_query(sql_query *q, pm_err *err)
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

/* ---- runs ---- */

pm_status store_begin_run(store *s, const store_run *r, pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(
        s->db,
        "INSERT INTO run (key, seq, name, script, script_sha256, spec_json, data_hash, status,"
        " version, machine_json, started, seconds)"
        " VALUES (?1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM run), ?2, ?3, ?4, ?5, ?6, 'running',"
        " ?7, ?8, ?9, NULL)"
        " ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, name = excluded.name,"
        " script = excluded.script, script_sha256 = excluded.script_sha256,"
        " spec_json = excluded.spec_json, data_hash = excluded.data_hash, status = 'running',"
        " version = excluded.version, machine_json = excluded.machine_json,"
        " started = excluded.started, seconds = NULL",
        &q, err);
    if (status) return status;
    const char *text[] = {r->key,       r->name,    r->script,       r->script_sha256, r->spec_json,
                          r->data_hash, r->version, r->machine_json, r->started};
    for (int k = 0; k < 9; k++) sql_bind_text(q, k + 1, text[k] ? text[k] : "");
    return finish_query(q, err);
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
    return finish_query(q, err);
}

static pm_status set_status(store *s, const char *key, double seconds, const char *text,
                            pm_err *err)
{
    sql_query *q;
    pm_status status = sql_prepare(
        s->db, "UPDATE run SET status = ?2, seconds = ?3 WHERE key = ?1 RETURNING key", &q, err);
    if (status) return status;
    bool found;
    sql_bind_text(q, 1, key);
    sql_bind_text(q, 2, text);
    sql_bind_number(q, 3, seconds);
    status = sql_step(q, &found, err);
    if (!status && !found)
        status = err_set(err, PM_E_ARG, "run %.8s was not begun in this store", key);
    sql_done(q);
    return status;
}

pm_status store_finish_run(store *s, const char *key, const store_row *row, size_t n,
                           double seconds, const char *status_text, pm_err *err)
{
    pm_status status = sql_exec(s->db, "BEGIN IMMEDIATE", err);
    if (status) return status;
    status = set_status(s, key, seconds, status_text, err);
    if (!status) status = delete_rows(s, key, err);
    if (!status) status = put_rows(s, key, row, n, err);
    return end_transaction(s, status, err);
}

#define RUN_COLUMNS                                                                                \
    "key, name, script, script_sha256, spec_json, data_hash, status, version, machine_json,"       \
    " started, seconds"

static bool read_run(sql_query *q, arena *a, store_run *out)
{
    const char **field[] = {&out->key,          &out->name,      &out->script, &out->script_sha256,
                            &out->spec_json,    &out->data_hash, &out->status, &out->version,
                            &out->machine_json, &out->started};
    bool fits = true;
    for (int k = 0; k < 10; k++) {
        *field[k] = arena_strdup(a, sql_text(q, k));
        fits = fits && *field[k];
    }
    out->seconds = sql_number(q, 10);
    return fits;
}

static pm_status count_of(store *s, const char *text, const char *bound, size_t *out, pm_err *err)
{
    sql_query *q;
    bool row;
    pm_status status = sql_prepare(s->db, text, &q, err);
    if (status) return status;
    if (bound) sql_bind_text(q, 1, bound);
    status = sql_step(q, &row, err);
    *out = row ? (size_t)sql_int(q, 0) : 0;
    sql_done(q);
    return status;
}

pm_status store_runs(store *s, arena *a, store_run **out, size_t *n, pm_err *err)
{
    size_t count;
    sql_query *q;
    *n = 0;
    pm_status status = count_of(s, "SELECT COUNT(*) FROM run", NULL, &count, err);
    if (status) return status;
    *out = arena_alloc(a, count, sizeof **out);
    if (!*out) return err_set(err, PM_E_MEMORY, "%zu runs", count);
    status = sql_prepare(s->db, "SELECT " RUN_COLUMNS " FROM run ORDER BY seq DESC", &q, err);
    if (status) return status;
    bool row = true;
    while (*n < count) {
        status = sql_step(q, &row, err);
        if (status || !row) break;
        if (!read_run(q, a, &(*out)[*n])) {
            status = err_set(err, PM_E_MEMORY, "%zu runs", count);
            break;
        }
        ++*n;
    }
    sql_done(q);
    return status;
}

static pm_status not_found(store *s, const char *which, arena *a, pm_err *err)
{
    store_run *run;
    size_t n;
    pm_status status = store_runs(s, a, &run, &n, err);
    if (status) return status;
    const char **name = arena_alloc(a, n, sizeof *name);
    if (!name) return err_set(err, PM_E_MEMORY, "%zu runs", n);
    for (size_t k = 0; k < n; k++) name[k] = run[k].name;
    const char *near = str_suggest(which, name, n);
    return err_set(err, PM_E_ARG, "%s: no run \"%s\" among %zu%s%s%s", s->dir, which, n,
                   near ? "; did you mean \"" : "; `pointsman runs list` names them",
                   near ? near : "", near ? "\"?" : "");
}

pm_status store_find_run(store *s, const char *which, arena *a, store_run *out, pm_err *err)
{
    size_t n = 0;
    bool is_key = which[0] && strspn(which, "0123456789abcdef") == strlen(which);
    pm_status status = PM_OK;
    if (is_key) {
        status = count_of(s, "SELECT COUNT(*) FROM run WHERE substr(key, 1, length(?1)) = ?1",
                          which, &n, err);
        if (status) return status;
        if (n > 1)
            return err_set(err, PM_E_ARG,
                           "%s: %zu runs have keys that begin with \"%s\"; give "
                           "more digits",
                           s->dir, n, which);
    }
    sql_query *q;
    status = sql_prepare(
        s->db,
        n == 1 ? "SELECT " RUN_COLUMNS " FROM run WHERE substr(key, 1, length(?1)) = ?1"
               : "SELECT " RUN_COLUMNS " FROM run WHERE name = ?1 ORDER BY seq DESC LIMIT 1",
        &q, err);
    if (status) return status;
    bool row;
    sql_bind_text(q, 1, which);
    status = sql_step(q, &row, err);
    if (!status && row && !read_run(q, a, out)) status = err_set(err, PM_E_MEMORY, "run");
    sql_done(q);
    return status || row ? status : not_found(s, which, a, err);
}

/* ---- rows ---- */

static bool read_row(sql_query *q, arena *a, store_row *r)
{
    r->point = arena_strdup(a, sql_text(q, 0));
    r->label = arena_strdup(a, sql_text(q, 1));
    r->role = arena_strdup(a, sql_text(q, 2));
    r->seed = (uint64_t)sql_int(q, 3);
    r->subset = arena_strdup(a, sql_text(q, 4));
    r->metric = arena_strdup(a, sql_text(q, 5));
    r->value = sql_number(q, 6);
    r->lo = sql_number(q, 7);
    r->hi = sql_number(q, 8);
    r->n = (size_t)sql_int(q, 9);
    r->setting = arena_strdup(a, sql_text(q, 10));
    return r->point && r->label && r->role && r->subset && r->metric && r->setting;
}

pm_status store_rows(store *s, const char *key, arena *a, store_row **out, size_t *n, pm_err *err)
{
    size_t count;
    sql_query *q;
    *n = 0;
    pm_status status = count_of(s, "SELECT COUNT(*) FROM result WHERE run = ?1", key, &count, err);
    if (status) return status;
    *out = arena_alloc(a, count, sizeof **out);
    if (!*out) return err_set(err, PM_E_MEMORY, "%zu rows", count);
    status = sql_prepare(s->db,
                         "SELECT point, label, role, seed, subset, metric, value, lo, hi, n,"
                         " setting FROM result WHERE run = ?1 ORDER BY position",
                         &q, err);
    if (status) return status;
    sql_bind_text(q, 1, key);
    bool row = true;
    while (*n < count) {
        status = sql_step(q, &row, err);
        if (status || !row) break;
        if (!read_row(q, a, &(*out)[*n])) {
            status = err_set(err, PM_E_MEMORY, "%zu rows", count);
            break;
        }
        ++*n;
    }
    sql_done(q);
    return status;
}

/* ---- jobs ---- */

pm_status store_job_find(store *s, const char *key, arena *a, const char **result_json, pm_err *err)
{
    sql_query *q;
    bool row;
    *result_json = NULL;
    pm_status status = sql_prepare(s->db, "SELECT result_json FROM job WHERE key = ?1", &q, err);
    if (status) return status;
    sql_bind_text(q, 1, key);
    status = sql_step(q, &row, err);
    if (!status && row) {
        *result_json = arena_strdup(a, sql_text(q, 0));
        if (!*result_json) status = err_set(err, PM_E_MEMORY, "job %.8s", key);
    }
    sql_done(q);
    return status;
}

pm_status store_job_done(store *s, const char *key, const char *kind, const char *result_json,
                         double seconds, pm_err *err)
{
    sql_query *q;
    pm_status status =
        sql_prepare(s->db, "INSERT OR REPLACE INTO job VALUES (?1, ?2, ?3, ?4)", &q, err);
    if (status) return status;
    sql_bind_text(q, 1, key);
    sql_bind_text(q, 2, kind);
    sql_bind_text(q, 3, result_json);
    sql_bind_number(q, 4, seconds);
    return finish_query(q, err);
}
