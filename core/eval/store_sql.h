/* SPDX-License-Identifier: MIT
 *
 * A thin door to SQLite: open, execute, prepared statements.  store_sql.c is the only file that includes
 * sqlite3.h; what the tables mean is store.c.
 */
#ifndef PM_EVAL_STORE_SQL_H
#define PM_EVAL_STORE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct sql sql;
typedef struct sql_query sql_query;

/* Creates the file if it is absent; busy timeout in ms.  PM_E_FORMAT: not a database, or damaged. */
PM_MUST_USE pm_status sql_open(const char *path, int busy_ms, sql **out, pm_err *err);
void sql_close(sql *s);
PM_MUST_USE pm_status sql_exec(sql *s, const char *text, pm_err *err);

PM_MUST_USE pm_status sql_prepare(sql *s, const char *text, sql_query **out, pm_err *err);
/* Parameters from 1; NULL text and NaN become NULL.  Texts must live until the query is stepped. */
void sql_bind_text(sql_query *q, int at, const char *text);
void sql_bind_number(sql_query *q, int at, double v);
void sql_bind_int(sql_query *q, int at, int64_t v);
/* One step; *row is false at the end, after which the query may be bound anew. */
PM_MUST_USE pm_status sql_step(sql_query *q, bool *row, pm_err *err);
/* Columns from 0, valid until the next step; NULL reads as "" or NaN. */
const char *sql_text(sql_query *q, int column);
double sql_number(sql_query *q, int column);
int64_t sql_int(sql_query *q, int column);
void sql_done(sql_query *q); /* NULL is allowed */

#endif
