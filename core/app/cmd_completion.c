/* SPDX-License-Identifier: MIT
 *
 * pointsman completion SHELL: completion script on standard output.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "app/man.h"

static const arg_row rows[] = {ARG_END};
static int completion_main(int argc, char **argv);

const verb verb_completion = {"completion",
                              "bash|zsh|fish",
                              1,
                              1,
                              "print a shell completion script",
                              "bash:  source <(pointsman completion bash)\n"
                              "zsh:   pointsman completion zsh > a folder of $fpath/_pointsman\n"
                              "fish:  pointsman completion fish | source",
                              rows,
                              completion_main};

static int completion_main(int argc, char **argv)
{
    arg_value value[1];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_completion, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    str text = STR_INIT;
    status = EXIT_FINE;
    if (!strcmp(operand[0], "bash")) {
        man_bash(verbs_all(), &text);
    } else if (!strcmp(operand[0], "zsh")) {
        man_zsh(verbs_all(), &text);
    } else if (!strcmp(operand[0], "fish")) {
        man_fish(verbs_all(), &text);
    } else {
        fprintf(stderr, "pointsman completion: '%s' - want bash, zsh or fish\n", operand[0]);
        status = EXIT_USAGE;
    }
    fputs(str_text(&text), stdout);
    str_close(&text);
    return status;
}
