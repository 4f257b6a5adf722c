/* SPDX-License-Identifier: MIT
 *
 * Opening a script with the --set and --seed options that `run` and `check` share.
 */
#ifndef PM_APP_SETS_H
#define PM_APP_SETS_H

#include "app/args.h"
#include "bind/script.h"

/* Reads the script; mistakes are printed on stderr.  ARGS_GO_ON, EXIT_FAILED or EXIT_USAGE. */
int sets_open_script(const verb *v, const plug_env *env, const char *path, const arg_value *value,
                     script **out);

#endif
