/* SPDX-License-Identifier: MIT
 *
 * pointsman check FILE: reads and checks a script without running the experiment.
 */
#include <stdio.h>
#include <string.h>

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
                         "check an experiment script, or a library, without running it",
                         "Prints up to 20 mistakes, each as file:line: path: found - wanted; help. "
                         " Nothing is trained and no\n"
                         "data is read.",
                         rows,
                         check_main};

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void tell_library(const char *path, const library *lib)
{
    printf(
        "%s: library \"%s\" is well formed: %zu expert%s (whether data has them is checked with an "
        "experiment)\n",
        path, lib->name, lib->view.n, plural(lib->view.n));
}

/* The reference is a router that the defaults added. */
static void tell_experiment(const char *path, const experiment *x)
{
    size_t n = x->n_routers;
    bool has_reference = n && strcmp(x->router[n - 1].at.label, "knn (reference)") == 0;
    if (has_reference) n--;
    printf("%s: experiment \"%s\" is well formed: %zu router%s%s, %zu constraint%s, %zu seed%s\n",
           path, x->name, n, plural(n), has_reference ? " and the reference knn" : "",
           x->n_constraints, plural(x->n_constraints), x->n_seeds, plural(x->n_seeds));
}

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
        if (script_library(s))
            tell_library(operand[0], script_library(s));
        else
            tell_experiment(operand[0], script_experiment(s));
        status = EXIT_FINE;
    }
    if (s) script_close(s);
    app_env_close(&e);
    return status;
}
