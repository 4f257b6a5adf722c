/* SPDX-License-Identifier: MIT
 *
 * The tables of the run store, as numbered migrations: step k brings user_version k to k + 1.  Steps are
 * only ever appended.
 */
#include "eval/store_private.h"

static const char *const migration[] = {
    "CREATE TABLE run ("
    "  key TEXT PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL, script TEXT,"
    "  script_sha256 TEXT, spec_json TEXT, data_hash TEXT, status TEXT NOT NULL,"
    "  version TEXT, machine_json TEXT, started TEXT, seconds REAL"
    ") WITHOUT ROWID;"
    "CREATE INDEX run_name ON run(name, seq);"
    "CREATE TABLE result ("
    "  run TEXT NOT NULL REFERENCES run(key), point TEXT NOT NULL, label TEXT NOT NULL,"
    "  role TEXT NOT NULL, seed INTEGER NOT NULL, subset TEXT NOT NULL, metric TEXT NOT NULL,"
    "  position INTEGER NOT NULL, value REAL, lo REAL, hi REAL, n INTEGER NOT NULL, setting TEXT,"
    "  PRIMARY KEY (run, point, role, label, seed, subset, metric)"
    ") WITHOUT ROWID;"
    "CREATE TABLE job ("
    "  key TEXT PRIMARY KEY, kind TEXT NOT NULL, result_json TEXT NOT NULL, seconds REAL"
    ") WITHOUT ROWID;"
    "PRAGMA user_version = 1;",
    "ALTER TABLE run ADD COLUMN message TEXT;" /* why it failed */
    "CREATE TABLE attempt (" /* the newest attempt at a run that is done, unless that ended well */
    "  run TEXT PRIMARY KEY REFERENCES run(key), script TEXT, script_sha256 TEXT,"
    "  spec_json TEXT, version TEXT, machine_json TEXT, started TEXT, message TEXT"
    ") WITHOUT ROWID;"
    "PRAGMA user_version = 2;",
};
#define VERSION ((int64_t)(sizeof migration / sizeof migration[0]))

static pm_status read_version(sql *db, int64_t *out, pm_err *err)
{
    sql_query *q;
    bool row;
    pm_status s = sql_prepare(db, "PRAGMA user_version", &q, err);
    if (s) return s;
    s = sql_step(q, &row, err);
    *out = row ? sql_int(q, 0) : 0;
    sql_done(q);
    return s;
}

pm_status store_migrate(sql *db, const char *path, pm_err *err)
{
    int64_t have;
    pm_status s = read_version(db, &have, err);
    if (s) return s;
    if (have == VERSION) return PM_OK;
    s = sql_exec(db, "BEGIN IMMEDIATE", err); /* another process may migrate at this moment */
    if (s) return s;
    s = read_version(db, &have, err);
    if (!s && have > VERSION)
        s = err_set(err, PM_E_FORMAT,
                    "%s: store version %lld is newer than %lld, which this program reads; use a "
                    "newer pointsman or another --out folder",
                    path, (long long)have, (long long)VERSION);
    for (int64_t k = have; k < VERSION && !s; k++) s = sql_exec(db, migration[k], err);
    if (!s) return sql_exec(db, "COMMIT", err);
    pm_err ignored = PM_ERR_INIT;
    if (sql_exec(db, "ROLLBACK", &ignored)) err_clear(&ignored);
    return s;
}
