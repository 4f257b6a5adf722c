/* SPDX-License-Identifier: MIT
 *
 * Running the sub-verb that a verb with sub-verbs is asked for.
 */
#ifndef PM_APP_PARTS_H
#define PM_APP_PARTS_H

#include "app/args.h"

/* The exit status: of the sub-verb, of --help, or EXIT_USAGE.  A sub-verb's own rows are not looked at here. */
int parts_main(const verb *v, int argc, char **argv);

#endif
