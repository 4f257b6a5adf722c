/* SPDX-License-Identifier: MIT
 *
 * Which cells an importer has had a row for: a second row of the same prompt and model is a mistake, or is counted.
 */
#include <string.h>

#include "data/import_tools.h"

pm_status import_keeps_first(const import_job *job, bool *first, pm_err *err)
{
    const char *text = import_text(job, "duplicates", "error");
    *first = strcmp(text, "first") == 0;
    if (*first || strcmp(text, "error") == 0) return PM_OK;
    return err_set(err, PM_E_ARG, "--duplicates: found '%s', wanted error or first", text);
}

void import_seen_close(import_seen *seen)
{
    for (size_t j = 0; j < seen->n; j++) mem_free(seen->column[j].bit);
    mem_free(seen->column);
    memset(seen, 0, sizeof *seen);
}

pm_status import_mark(import_seen *seen, const uint32_t place[2], bool keeps_first, import_at at,
                      import_counts *counts, bool *again, pm_err *err)
{
    size_t word = place[0] / 64;
    uint64_t bit = (uint64_t)1 << place[0] % 64;
    *again = false;
    if (!mem_grow(&seen->column, &seen->n, (size_t)place[1] + 1, sizeof *seen->column) ||
        !mem_grow(&seen->column[place[1]].bit, &seen->column[place[1]].words, word + 1,
                  sizeof *seen->column->bit))
        return err_set(err, PM_E_MEMORY, "%s: no memory", at.path);
    uint64_t *at_bit = &seen->column[place[1]].bit[word];
    *again = (*at_bit & bit) != 0;
    *at_bit |= bit;
    if (!*again) return PM_OK;
    if (!keeps_first)
        return err_set(err, PM_E_FORMAT,
                       "%s:%zu: a second row of the same prompt and model (--duplicates first "
                       "keeps the first)",
                       at.path, at.line);
    import_skip(counts, "a second row of the same prompt and model", at.path, at.line);
    return PM_OK;
}
