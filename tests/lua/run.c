/* SPDX-License-Identifier: MIT
 *
 * Runs scripts as the program does, without running experiments.
 *   run FILE ...          the file's asserts hold (it is opened for its policies)
 *   run check FILE ...    the file is a well-formed experiment
 *   run --set A=B check FILE
 * Prints mistakes on stdout; exit status 1 when there was one.
 */
#include <stdio.h>
#include <string.h>

#include "bind/script.h"

static int open_one(const plug_env *env, const char *path, const script_options *o, bool show)
{
    pm_err err = PM_ERR_INIT;
    str errors = STR_INIT;
    script *s = NULL;
    pm_status st = script_open(env, path, o, &s, &errors, &err);
    if (st != PM_OK) printf("%s", errors.len ? str_text(&errors) : err_text(&err));
    if (st != PM_OK && !errors.len) printf("\n");
    if (st == PM_OK && show) printf("%s\n", script_experiment(s)->spec_json);
    script_close(s);
    str_close(&errors);
    return st == PM_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    pm_err err = PM_ERR_INIT;
    compute c;
    plug_env env = {.compute = &c};
    script_set set[16];
    script_options o = {.size = sizeof o, .set = set, .policies_only = true};
    bool show = false;
    int bad = 0;
    if (compute_open(1, &c, &err) != PM_OK || registry_open(NULL, &env.registry, &err) != PM_OK) {
        printf("%s\n", err_text(&err));
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "check") == 0) {
            o.policies_only = false;
        } else if (strcmp(argv[i], "show") == 0) {
            o.policies_only = false;
            show = true;
        } else if (strcmp(argv[i], "--set") == 0 && i + 1 < argc && strchr(argv[i + 1], '=') &&
                   o.n_sets < 16) {
            char *eq = strchr(argv[++i], '=');
            *eq = '\0';
            set[o.n_sets++] = (script_set){argv[i], eq + 1};
        } else {
            bad |= open_one(&env, argv[i], &o, show);
        }
    }
    registry_close(env.registry);
    compute_close(&c);
    return bad;
}
