/* SPDX-License-Identifier: MIT
 *
 * --set PATH=VALUE and --seed into script_options.
 */
#include "app/sets.h"

#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "base/mem.h"

static int read_sets(const verb *v, const arg_value *given, arena *a, script_set *set)
{
    for (size_t i = 0; i < given->n; i++) {
        const char *eq = strchr(given->text[i], '=');
        if (!eq || eq == given->text[i]) {
            fprintf(stderr, "pointsman %s: --set wants PATH=VALUE, found '%s'\n", v->name,
                    given->text[i]);
            return EXIT_USAGE;
        }
        set[i].path = arena_strndup(a, given->text[i], (size_t)(eq - given->text[i]));
        set[i].value = eq + 1;
    }
    return ARGS_GO_ON;
}

int sets_open_script(const verb *v, const plug_env *env, const char *path, const arg_value *value,
                     script **out)
{
    pm_err err = PM_ERR_INIT;
    str errors = STR_INIT;
    arena *a = arena_open(0);
    script_set set[ARG_MAX_REPEAT];
    const arg_value *given = args_value(v, value, "set");
    int status = read_sets(v, given, a, set);
    script_options o = {.size = sizeof o,
                        .set = set,
                        .n_sets = given->n,
                        .libraries_too = v == &verb_check,
                        .has_seed = args_given(v, value, "seed"),
                        .seed = (uint64_t)args_number(v, value, "seed", 0)};
    if (status == ARGS_GO_ON && script_open(env, path, &o, out, &errors, &err)) {
        if (errors.len)
            fputs(str_text(&errors), stderr);
        else
            fprintf(stderr, "pointsman %s: %s\n", v->name, err_text(&err));
        status = EXIT_FAILED;
    }
    str_close(&errors);
    arena_close(a);
    return status;
}
