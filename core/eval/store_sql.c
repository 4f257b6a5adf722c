/* SPDX-License-Identifier: MIT
 *
 * SQLite behind a narrow door: the only file that includes sqlite3.h.
 */
#include "eval/store_sql.h"

#include <math.h>
#include <sqlite3.h>
#include <time.h>

#include "base/mem.h"

#define RETRY_MS 5

struct sql {
    sqlite3 *db;
    int busy_ms;
};

struct sql_query {
    sqlite3 *db;
    sqlite3_stmt *stmt;
};

static pm_status fail(sqlite3 *db, int code, const char *what, pm_err *err)
{
    int primary = code & 0xff;
    pm_status s = primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT ? PM_E_FORMAT
                  : primary == SQLITE_NOMEM                             ? PM_E_MEMORY
                                                                        : PM_E_IO;
    return err_set(err, s, "%s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

pm_status sql_open(const char *path, int busy_ms, sql **out, pm_err *err)
{
    sql *s = mem_alloc(1, sizeof *s);
    *out = NULL;
    if (!s) return err_set(err, PM_E_MEMORY, "%s", path);
    s->busy_ms = busy_ms;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &s->db, flags, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(s->db, busy_ms);
    if (code != SQLITE_OK) {
        pm_status status = fail(s->db, code, path, err);
        sql_close(s);
        return status;
    }
    *out = s;
    return PM_OK;
}

void sql_close(sql *s)
{
    if (!s) return;
    sqlite3_close_v2(s->db);
    mem_free(s);
}

/* SQLite does not wait for the lock by itself when waiting could be a deadlock: two processes that turn a
 * new file into a WAL at the same moment.  Outside a transaction we hold nothing, so we may try again. */
pm_status sql_exec(sql *s, const char *text, pm_err *err)
{
    int code = sqlite3_exec(s->db, text, NULL, NULL, NULL);
    for (int ms = 0; code == SQLITE_BUSY && ms < s->busy_ms && sqlite3_get_autocommit(s->db);
         ms += RETRY_MS) {
        struct timespec nap = {0, RETRY_MS * 1000000L};
        nanosleep(&nap, NULL);
        code = sqlite3_exec(s->db, text, NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? PM_OK : fail(s->db, code, sqlite3_db_filename(s->db, "main"), err);
}

pm_status sql_prepare(sql *s, const char *text, sql_query **out, pm_err *err)
{
    sql_query *q = mem_alloc(1, sizeof *q);
    *out = NULL;
    if (!q) return err_set(err, PM_E_MEMORY, "query");
    q->db = s->db;
    int code = sqlite3_prepare_v2(s->db, text, -1, &q->stmt, NULL);
    if (code != SQLITE_OK) {
        mem_free(q);
        return fail(s->db, code, sqlite3_db_filename(s->db, "main"), err);
    }
    *out = q;
    return PM_OK;
}

/* A bind can only fail for a wrong index or out of memory; the step then reports the missing value. */
void sql_bind_text(sql_query *q, int at, const char *text)
{
    (void)sqlite3_bind_text(q->stmt, at, text, -1, SQLITE_STATIC);
}

void sql_bind_number(sql_query *q, int at, double v)
{
    if (isnan(v))
        (void)sqlite3_bind_null(q->stmt, at);
    else
        (void)sqlite3_bind_double(q->stmt, at, v);
}

void sql_bind_int(sql_query *q, int at, int64_t v)
{
    (void)sqlite3_bind_int64(q->stmt, at, v);
}

pm_status sql_step(sql_query *q, bool *row, pm_err *err)
{
    int code = sqlite3_step(q->stmt);
    *row = code == SQLITE_ROW;
    if (*row) return PM_OK;
    pm_status s = code == SQLITE_DONE ? PM_OK
                                      : fail(q->db, code, sqlite3_db_filename(q->db, "main"), err);
    (void)sqlite3_reset(q->stmt);
    return s;
}

const char *sql_text(sql_query *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q->stmt, column);
    return text ? text : "";
}

double sql_number(sql_query *q, int column)
{
    if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL) return NAN;
    return sqlite3_column_double(q->stmt, column);
}

int64_t sql_int(sql_query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

void sql_done(sql_query *q)
{
    if (!q) return;
    (void)sqlite3_finalize(q->stmt);
    mem_free(q);
}
