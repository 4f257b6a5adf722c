/* SPDX-License-Identifier: MIT
 *
 * --from folder: a folder of the interchange format once more: plain or gzipped, narrowed, split anew by others.
 */
#include <string.h>

#include "data/folder_copy.h"
#include "data/import_formats.h"
#include "data/narrow.h"

static const import_option options[] = {
    {"domain", "NAME", "keep this domain and those below it (repeat: several)"},
    {"without", "FILE", "leave out the prompts whose ids stand in FILE, one a line (repeat)"},
    {"judge", "NAME", "keep this judge's battles and the models that fought in them (repeat)"},
    {"join-turns", NULL, "ids that differ only in a final /t1, /t2 ... become one prompt"},
    {"scores", "TABLE", "this table holds the values instead of scores.csv"},
    IMPORT_OPTION_END};

/* All values of an option that may repeat, in the arena. */
static const char *const *list_of(const import_job *job, const char *name, arena *a, size_t *n)
{
    *n = 0;
    while (import_nth(job, name, *n)) ++*n;
    const char **list = arena_alloc(a, *n, sizeof *list);
    for (size_t k = 0; list && k < *n; k++) list[k] = import_nth(job, name, k);
    return list;
}

static pm_status copy(const import_job *job, folder *out, import_counts *counts, arena *a,
                      pm_err *err)
{
    dataset all, d;
    dataset_narrowing how = {.join_turns = import_given(job, "join-turns"),
                             .scores = import_text(job, "scores", NULL)};
    how.domain = list_of(job, "domain", a, &how.n_domains);
    how.without = list_of(job, "without", a, &how.n_without);
    how.judge = list_of(job, "judge", a, &how.n_judges);
    if (!how.domain || !how.without || !how.judge)
        return err_set(err, PM_E_MEMORY, "no memory for the options");
    const char *dir = job->input[0];
    pm_status s = dataset_read(dir, NULL, a, &all, err);
    if (s == PM_OK) s = dataset_narrow(&all, dir, &how, a, &d, err);
    if (s != PM_OK) return s;
    counts->rows_read += all.n;
    for (size_t k = 0; k < d.n_notes; k++) import_note(counts, "%s", d.note[k]);
    folder_copying c = {.dir = dir, .d = &d, .join_turns = how.join_turns, .other_files = true};
    return folder_copy(out, &c, err);
}

static pm_status run(const import_job *job, folder *out, import_counts *counts, pm_err *err)
{
    if (job->n_inputs != 1)
        return err_set(err, PM_E_ARG, "found %zu inputs, wanted one folder (merge joins several)",
                       job->n_inputs);
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "no memory for the dataset");
    pm_status s = copy(job, out, counts, a, err);
    arena_close(a);
    return s;
}

const import_format import_folder = {
    "folder",     "a folder of this format: gzipped or plain, whole or narrowed",
    "one folder", "on round trips of random folders; eight recorded sets",
    options,      run};
