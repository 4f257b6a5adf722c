/* SPDX-License-Identifier: MIT
 *
 * pointsman data merge DIR ... OUTDIR: several datasets into one.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_data.h"
#include "data/folder_copy.h"

enum { MOST_FOLDERS = 64 };

static const arg_row rows[] = {
    {"gzip", 'z', ARG_FLAG, NULL, "write prompts.jsonl.gz, scores.csv.gz, ..."},
    {"overwrite", 0, ARG_FLAG, NULL, "replace OUTDIR if it holds a dataset"},
    ARG_END};
static int merge_main(int argc, char **argv);

const verb data_merge = {
    "data merge",
    "DIR ... OUTDIR",
    2,
    MOST_FOLDERS + 1,
    "join datasets of the same or of different models",
    "Prompts of equal id and equal text are one prompt, whose cells are joined; another text, "
    "another\n"
    "split or another value of a cell is an error.  Battles stand one after another.  Members and\n"
    "tables that nobody reads are kept; other files (SOURCE.md ...) are not taken along.\n\n"
    "  pointsman data merge small-models large-models all-models",
    rows,
    merge_main};

static pm_status merge_one(folder *out, const char *dir, folder_seen *seen, size_t *joined,
                           pm_err *err)
{
    dataset d;
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "no memory for the dataset");
    pm_status s = dataset_read(dir, NULL, a, &d, err);
    folder_copying c = {.dir = dir, .d = &d, .seen = seen};
    if (s == PM_OK) s = folder_copy(out, &c, err);
    if (s == PM_OK) {
        *joined += c.prompts_joined;
        printf("%s: %zu prompts, %zu of them there before, %zu models, %zu battles\n", dir, d.n,
               c.prompts_joined, d.m, d.n_battles);
    }
    arena_close(a);
    return s;
}

static int merge_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[MOST_FOLDERS + 1];
    size_t n, joined = 0;
    int status = args_parse(&data_merge, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    folder_options o = {sizeof o, args_given(&data_merge, value, "gzip"),
                        args_given(&data_merge, value, "overwrite")};
    folder_seen seen = {NULL, 0};
    folder *out;
    pm_status s = folder_open(operand[n - 1], &o, &out, &err);
    if (s == PM_OK) {
        for (size_t k = 0; s == PM_OK && k + 1 < n; k++)
            s = merge_one(out, operand[k], &seen, &joined, &err);
        if (s == PM_OK)
            s = folder_finish(out, &err);
        else
            folder_abandon(out);
    }
    mem_free(seen.mark);
    if (s == PM_OK) printf("%s: written\n", operand[n - 1]);
    return s == PM_OK ? EXIT_FINE : app_failed("data merge", &err);
}
