/* SPDX-License-Identifier: MIT
 *
 * The table of importers, their options, and the counts of what they leave out.
 */
#include "data/import.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/import_formats.h"
#include "data/number.h"

static const import_format *const formats[] = {
    &import_long,      &import_battles,     &import_embeddings, &import_folder,
    &import_routellm,  &import_routerbench, &import_embedllm,   &import_llmrouterbench,
    &import_llmrouter, &import_arena,       &import_alpacaeval, NULL};

const import_format *const *import_formats(void)
{
    return formats;
}

const import_format *import_find(const char *name)
{
    for (size_t k = 0; formats[k]; k++)
        if (strcmp(formats[k]->name, name) == 0) return formats[k];
    return NULL;
}

/* ---- options ---- */

const char *import_nth(const import_job *job, const char *name, size_t k)
{
    for (size_t i = 0; i < job->n_values; i++)
        if (strcmp(job->value[i].name, name) == 0 && k-- == 0) return job->value[i].text;
    return NULL;
}

const char *import_text(const import_job *job, const char *name, const char *fallback)
{
    const char *found = fallback;
    for (size_t i = 0; i < job->n_values; i++)
        if (strcmp(job->value[i].name, name) == 0) found = job->value[i].text;
    return found;
}

bool import_given(const import_job *job, const char *name)
{
    return import_nth(job, name, 0) != NULL;
}

pm_status import_number(const import_job *job, const char *name, double min, double max,
                        double *value, pm_err *err)
{
    const char *text = import_text(job, name, NULL);
    if (!text) return PM_OK;
    double v = (double)NAN;
    size_t len = strlen(text);
    if (len && number_parse(text, len, &v) == len && v >= min && v <= max) {
        *value = v;
        return PM_OK;
    }
    return err_set(err, PM_E_ARG, "--%s: found '%s', wanted a number from %g to %g", name, text,
                   min, max);
}

/* ---- counts ---- */

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void import_skip(import_counts *c, const char *why, const char *path, size_t line)
{
    size_t k = 0;
    while (k < c->n_skipped && strncmp(c->skipped[k].why, why, sizeof c->skipped[k].why - 1) != 0)
        k++;
    if (k == IMPORT_REASONS) k--;
    import_reason *r = &c->skipped[k];
    if (k == c->n_skipped) {
        bool last = k + 1 == IMPORT_REASONS;
        snprintf(r->why, sizeof r->why, "%s", last ? "other reasons" : why);
        snprintf(r->first, sizeof r->first, "%.120s:%zu", file_of(path), line);
        c->n_skipped++;
    }
    r->n++;
}

void import_note(import_counts *c, const char *fmt, ...)
{
    if (c->n_notes == IMPORT_NOTES) return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->note[c->n_notes++], sizeof *c->note, fmt, args);
    va_end(args);
}

size_t import_skipped(const import_counts *c)
{
    size_t n = 0;
    for (size_t k = 0; k < c->n_skipped; k++) n += c->skipped[k].n;
    return n;
}

pm_status import_row(const import_job *job, import_counts *c, const char *path, pm_err *err)
{
    c->rows_read++;
    if (c->rows_read % 65536 || !job->progress) return PM_OK;
    if (job->progress(job->progress_arg, file_of(path), c->rows_read)) return PM_OK;
    return err_set(err, PM_E_CANCELED, "%s: canceled after %zu rows", path, c->rows_read);
}
