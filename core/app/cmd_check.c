/* SPDX-License-Identifier: MIT
 *
 * pointsman check FILE: reads and checks a script without running the experiment.
 */
#include <stdio.h>

#include "app/cmds.h"
#include "app/sets.h"

static const arg_row rows[] = {
    {"set", 's', ARG_TEXT, "PATH=VALUE", "override a value of the script before checking"},
    {"seed", 0, ARG_NUMBER, "N", "use this seed instead of the script's"},
    ARG_END};

static int check_main(int argc, char **argv);

const verb verb_check = {"check",
                         "FILE",
                         1,
                         1,
                         "check an experiment script without running it",
                         "Prints up to 20 mistakes, each as file:line: path: found - wanted; help. "
                         " Nothing is trained and no\n"
                         "data is read.",
                         rows,
                         check_main};

static int check_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_check, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    app_env e;
    status = app_env_open(&e, 1);
    if (status != ARGS_GO_ON) return status;
    script *s = NULL;
    status = sets_open_script(&verb_check, &e.env, operand[0], value, &s);
    if (status == ARGS_GO_ON) {
        const experiment *x = script_experiment(s);
        printf("%s: experiment \"%s\" is well formed: %zu router%s, %zu constraint%s, %zu seed%s\n",
               operand[0], x->name, x->n_routers, x->n_routers == 1 ? "" : "s", x->n_constraints,
               x->n_constraints == 1 ? "" : "s", x->n_seeds, x->n_seeds == 1 ? "" : "s");
        status = EXIT_FINE;
    }
    if (s) script_close(s);
    app_env_close(&e);
    return status;
}
