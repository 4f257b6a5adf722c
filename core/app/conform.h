/* SPDX-License-Identifier: MIT
 *
 * The conformance suite: what every plugin of a kind must do, checked on toy data through the guard.
 * One suite for our own plugins, a stranger's and Lua policies alike; the checks are listed in
 * docs/conformance.md.  It tests a plugin's manners, not whether its method is any good.
 */
#ifndef PM_APP_CONFORM_H
#define PM_APP_CONFORM_H

#include "plug/call.h"

typedef struct conform_result {
    const char *check; /* stable name, kebab-case, static */
    bool passed;       /* false also when skipped */
    bool skipped;
    char why[512]; /* of a failure or a skip; "" when passed */
} conform_result;

typedef void (*conform_report)(void *arg, const plugin_entry *e, const conform_result *r);

typedef struct conform_options {
    const plug_env *env;    /* kernels and registry; its pool, cancel and progress are not used */
    uint64_t seed;          /* of toy data and builds */
    const char *only;       /* run this check and those it stands on; NULL: all */
    const char *const *set; /* [n_sets] "name=value": parameters other than the defaults */
    size_t n_sets;
    bool isolated;         /* in a child process: a crash is reported as the check it happened in */
    conform_report report; /* called once for every check, in order */
    void *arg;
} conform_options;

/* Runs every check of the plugin's kind.  *failed counts failed checks (not skipped ones).
 * Errors  PM_E_MEMORY, PM_E_IO (no temporary folder, no child process); a plugin's faults are results.
 * Cost    a few hundred builds on some fifty prompts: 0.1 to 2 s for our plugins.
 * Threads one suite at a time: the heap of the whole process is watched for leaks. */
PM_MUST_USE pm_status conform_plugin(const conform_options *o, const plugin_entry *e,
                                     size_t *failed, pm_err *err);

/* The checks of a kind, in the order they run; NULL beyond the end. */
const char *conform_check_name(plugin_kind k, size_t i);
const char *conform_check_doc(plugin_kind k, size_t i);

#endif
