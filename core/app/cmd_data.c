/* SPDX-License-Identifier: MIT
 *
 * pointsman data SUBVERB: finds the sub-verb in the table and hands over.
 */
#include "app/cmd_data.h"

#include <stdio.h>
#include <string.h>

static const arg_row rows[] = {ARG_END};
static int data_main(int argc, char **argv);

const verb verb_data = {"data",
                        "SUBVERB [OPTION ...] [ARGUMENT ...]",
                        1,
                        1,
                        "look at, check, convert, split, merge and compare datasets",
                        "`pointsman data SUBVERB --help` explains one.",
                        rows,
                        data_main};

static const verb *const parts[] = {&data_inspect, &data_validate,   &data_convert, &data_split,
                                    &data_merge,   &data_similarity, NULL};

const verb *const *verb_parts(const verb *v)
{
    return v == &verb_data ? parts : NULL;
}

static int unknown_part(const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (; parts[n] && n < 32; n++) names[n] = verb_part_name(parts[n]);
    const char *near = str_suggest(name, names, n);
    fprintf(stderr, "pointsman data: unknown sub-verb '%s'", name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fputs("\n`pointsman data --help` lists them\n", stderr);
    return EXIT_USAGE;
}

static int data_main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] != '-') {
        for (size_t k = 0; parts[k]; k++)
            if (strcmp(verb_part_name(parts[k]), argv[1]) == 0)
                return parts[k]->run(argc - 1, argv + 1);
        return unknown_part(argv[1]);
    }
    arg_value value[1];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_data, argc, argv, value, operand, &n);
    return status == ARGS_GO_ON ? EXIT_USAGE : status;
}
