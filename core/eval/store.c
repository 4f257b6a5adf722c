/* SPDX-License-Identifier: MIT
 *
 * Runs, jobs and measured rows as they are read.  A run's rows and its final status are committed together
 * (store_attempt.c); a job is committed after its objects are in place (store_objects.c), so that a kill at any
 * moment leaves only whole results.
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
    s->held = -1;
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
    store_let_go(s);
    sql_close(s->db);
    arena_close(s->a);
    mem_free(s);
}

const char *store_dir(const store *s)
{
    return s->dir;
}

/* ---- runs ---- */

#define RUN_COLUMNS                                                                                \
    "key, name, script, script_sha256, spec_json, data_hash, status, version, machine_json,"       \
    " started, seconds, message, (SELECT attempt.started FROM attempt WHERE attempt.run = key),"   \
    " (SELECT attempt.message FROM attempt WHERE attempt.run = key)"

static bool read_run(const store *s, sql_query *q, arena *a, store_run *out)
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
    const char **later[] = {&out->message, &out->later_started, &out->later_message};
    for (int k = 0; k < 3; k++) {
        *later[k] = arena_strdup(a, sql_text(q, 11 + k));
        fits = fits && *later[k];
    }
    if (!fits) return false;
    bool is_open = strcmp(out->status, "running") == 0;
    out->is_at_work = (is_open || out->later_started[0]) && store_is_held(s, out->key);
    if (is_open && !out->is_at_work) out->status = "interrupted";
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
        if (!read_run(s, q, a, &(*out)[*n])) {
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
    status =
        sql_prepare(s->db,
                    n == 1 ? "SELECT " RUN_COLUMNS " FROM run WHERE substr(key, 1, length(?1)) = ?1"
                           : "SELECT " RUN_COLUMNS
                             " FROM run WHERE name = ?1 OR name || '-' || substr(key, 1, 8) = ?1"
                             " ORDER BY status = 'done' DESC, seq DESC LIMIT 1",
                    &q, err);
    if (status) return status;
    bool row;
    sql_bind_text(q, 1, which);
    status = sql_step(q, &row, err);
    if (!status && row && !read_run(s, q, a, out)) status = err_set(err, PM_E_MEMORY, "run");
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

pm_status store_job_seconds(store *s, const char *key, double *out, pm_err *err)
{
    sql_query *q;
    bool row;
    *out = NAN;
    pm_status status = sql_prepare(s->db, "SELECT seconds FROM job WHERE key = ?1", &q, err);
    if (status) return status;
    sql_bind_text(q, 1, key);
    status = sql_step(q, &row, err);
    if (!status && row) *out = sql_number(q, 0);
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
    return store_finish_query(q, err);
}
