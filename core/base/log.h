/* SPDX-License-Identifier: MIT
 *
 * Log lines and progress.  One sink per process (one of the two allowed globals): a level, a stream
 * and whether it is a terminal.  Nothing here is a result; results go to stdout by the app.
 */
#ifndef PM_BASE_LOG_H
#define PM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "pointsman/plugin.h"

typedef enum log_level { LOG_DEBUG = 1, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_SILENT } log_level;

void log_open(log_level level, bool json_lines); /* default: LOG_WARN, text, stderr */
/* A line equal to the one just before it is not repeated. */
void log_line(log_level level, const char *fmt, ...) PM_PRINTF(2, 3);
/* The same, said once in the life of the process (the first 256 different lines of this kind): for what is read again. */
void log_once(log_level level, const char *fmt, ...) PM_PRINTF(2, 3);

/* Progress on stderr, only when stderr is a terminal (or POINTSMAN_PROGRESS=1): one line that is
 * rewritten, with share done, elapsed and estimated time left; at most ten updates a second. */
void progress_show(const char *what, double done);
/* The same line in the caller's own words: rates, amounts. */
void progress_line(const char *text);
void progress_end(void); /* clears the line */
bool log_colour(void);   /* stderr is a terminal and NO_COLOR is not set */

#endif
