/* SPDX-License-Identifier: MIT
 *
 * Verbs that have sub-verbs: which ones, and finding the one that is asked for.
 */
#include "app/parts.h"

#include <stdio.h>
#include <string.h>

#include "app/cmd_data.h"
#include "app/cmd_model.h"

static const verb *const data_parts[] = {
    &data_inspect, &data_validate, &data_convert, &data_split, &data_merge, &data_similarity, NULL};
static const verb *const model_parts[] = {&model_list, &model_fetch_verb, &model_info,
                                          &model_verify, NULL};

const verb *const *verb_parts(const verb *v)
{
    return v == &verb_data ? data_parts : v == &verb_model ? model_parts : NULL;
}

static int unknown_part(const verb *v, const char *name)
{
    const verb *const *parts = verb_parts(v);
    const char *names[32];
    size_t n = 0;
    for (; parts[n] && n < 32; n++) names[n] = verb_part_name(parts[n]);
    const char *near = str_suggest(name, names, n);
    fprintf(stderr, "pointsman %s: unknown sub-verb '%s'", v->name, name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fprintf(stderr, "\n`pointsman %s --help` lists them\n", v->name);
    return EXIT_USAGE;
}

int parts_main(const verb *v, int argc, char **argv)
{
    const verb *const *parts = verb_parts(v);
    if (argc > 1 && argv[1][0] != '-') {
        for (size_t k = 0; parts[k]; k++)
            if (strcmp(verb_part_name(parts[k]), argv[1]) == 0)
                return parts[k]->run(argc - 1, argv + 1);
        return unknown_part(v, argv[1]);
    }
    arg_value value[1];
    const char *operand[1];
    size_t n;
    int status = args_parse(v, argc, argv, value, operand, &n);
    return status == ARGS_GO_ON ? EXIT_USAGE : status;
}
