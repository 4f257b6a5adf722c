/* SPDX-License-Identifier: MIT
 *
 * The report of a run: one self-contained HTML page, written by lua/pointsman/report.lua from what the run
 * store holds.  Lua gets data and gives back a text; it opens no file, the caller writes the page.
 */
#ifndef PM_BIND_REPORT_H
#define PM_BIND_REPORT_H

#include "eval/store.h"

typedef struct report_options {
    uint32_t size;
    const char *lua_dir; /* NULL: POINTSMAN_LUA, the source tree, the installed folder */
    const char *run_dir; /* OUT/runs/NAME-KEY8, where cells-SEED.json may be; NULL: none */
} report_options;

/* The page of a finished run, appended to html.  Same run, same bytes but for times and the machine.  What is
 * missing in the store (cells, objects, a sweep) is said on the page and is no error.
 *
 * Errors  PM_E_ARG: the run is not done, or a mistake in the Lua half (file:line); PM_E_IO: no Lua half;
 *         PM_E_MEMORY.
 * Cost    the cells of the run's seeds in memory; about 1 s for 10,000 prompts, 13 experts and 8 routers. */
PM_MUST_USE pm_status report_make(store *s, const store_run *run, const report_options *o,
                                  str *html, pm_err *err);

#endif
