/* SPDX-License-Identifier: MIT
 *
 * The suite in a child process: whatever a plugin does to its process, the caller gets results.
 */
#ifndef PM_APP_CONFORM_CHILD_H
#define PM_APP_CONFORM_CHILD_H

#include "app/conform.h"

/* Runs the suite in this process; checkpoints go to the folder `dir`. */
PM_MUST_USE pm_status conform_here(const conform_options *o, const plugin_entry *e, const char *dir,
                                   size_t *failed, pm_err *err);

/* Runs it in a child.  If the child dies, the check that was running fails with how it died and the
 * remaining checks are not reported. */
PM_MUST_USE pm_status conform_child(const conform_options *o, const plugin_entry *e,
                                    const char *dir, size_t *failed, pm_err *err);

#endif
