/* SPDX-License-Identifier: MIT
 *
 * Lua scripts in, plain data out: the door of the bind floor (the only floor that includes lua.h).  A script
 * runs once in a restricted environment; what it returns is read into an experiment, after which Lua is only
 * needed again for policies made of functions.
 */
#ifndef PM_BIND_SCRIPT_H
#define PM_BIND_SCRIPT_H

#include "eval/experiment.h"

typedef struct script script; /* owns the lua_State, the arena of what was read, and Lua policies */

typedef struct script_set { /* --set a.b=c: overrides a value before the script's table is read */
    const char *path, *value;
} script_set;

typedef struct script_options {
    uint32_t size;
    const char *lua_dir; /* where pointsman.lua is; NULL: build tree, then installed */
    const script_set *set;
    size_t n_sets;
    bool has_seed; /* --seed replaces the script's seeds */
    uint64_t seed;
    size_t memory_limit;        /* bytes, 0 = 1 GiB */
    uint64_t instruction_limit; /* 0 = 1e9 */
    bool libraries_too;         /* a script that returns pm.library is right, too */
    bool policies_only;         /* do not read the experiment: route --script, conformance */
} script_options;

/* Reads and checks a script that returns pm.experiment.  All mistakes (up to 20) are in *errors, one a line,
 * each "file:line: path: found - wanted; help"; then the status is PM_E_ARG. */
PM_MUST_USE pm_status script_open(const plug_env *env, const char *path, const script_options *o,
                                  script **out, str *errors, pm_err *err);
/* NULL when only policies were asked for, or the script returns a library. */
const experiment *script_experiment(const script *s);
/* What a script returned that is a library (options.libraries_too), else NULL. */
const library *script_library(const script *s);
/* Policies leave the registry and the Lua state goes: close what was built with them (routers, bundles)
 * before. */
void script_close(script *s);

#endif
