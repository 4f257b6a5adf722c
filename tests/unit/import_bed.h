/* SPDX-License-Identifier: MIT
 *
 * What the tests of importers share: an import into a fresh folder, reading it back, and files cut short.  All
 * excerpts are made up after the publishers' schemas.
 */
#ifndef PM_TEST_IMPORT_BED_H
#define PM_TEST_IMPORT_BED_H

#include "data_files.h"

#include <math.h>

#include "base/gz.h"
#include "base/io.h"
#include "data/import.h"

typedef struct bed {
    files f;
    const char *out;          /* folder of the last import */
    size_t n_imports, starve; /* starve: this allocation of the import fails, 0 none */
    import_counts counts;
    dataset d; /* read back */
} bed;

static inline void bed_open(bed *b)
{
    memset(b, 0, sizeof *b);
    files_open(&b->f);
}

static inline void bed_close(bed *b)
{
    files_close(&b->f);
}

/* A file below the bed's folder, in folders of its own. */
static inline const char *bed_put(bed *b, const char *name, const char *text)
{
    char dir[512];
    const char *slash = strrchr(name, '/');
    if (slash) {
        snprintf(dir, sizeof dir, "%s/%.*s", b->f.dir, (int)(slash - name), name);
        ck_assert_int_eq(io_mkdir(dir, &b->f.err), PM_OK);
    }
    return files_put(&b->f, name, text);
}

static inline const char *bed_path(bed *b, const char *name)
{
    return files_path(&b->f, name);
}

/* `inputs`: names in the bed's folder; `options`: "name=value"; both end in NULL, options may be NULL. */
static inline pm_status bed_import(bed *b, const char *format, const char *const *inputs,
                                   const char *const *options)
{
    const char *input[16];
    import_value value[16];
    char name[64];
    import_job job = {.size = sizeof job, .input = input, .value = value};
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *out;
    const import_format *f = import_find(format);
    ck_assert_ptr_nonnull(f);
    for (; inputs[job.n_inputs]; job.n_inputs++)
        input[job.n_inputs] = bed_path(b, inputs[job.n_inputs]);
    for (size_t k = 0; options && options[k]; k++, job.n_values++) {
        char *copy = arena_strdup(b->f.a, options[k]), *equals = strchr(copy, '=');
        *equals = '\0';
        value[k] = (import_value){copy, equals + 1};
    }
    snprintf(name, sizeof name, "out%zu", b->n_imports++);
    b->out = bed_path(b, name);
    err_clear(&b->f.err);
    memset(&b->counts, 0, sizeof b->counts);
    pm_status s = folder_open(b->out, &o, &out, &b->f.err);
    ck_assert_int_eq(s, PM_OK);
    mem_fail_after(b->starve);
    s = f->run(&job, out, &b->counts, &b->f.err);
    mem_fail_after(0);
    if (s == PM_OK) return folder_finish(out, &b->f.err);
    folder_abandon(out);
    ck_assert(!io_exists(b->out));
    return s;
}

static inline void bed_must_import(bed *b, const char *format, const char *const *inputs,
                                   const char *const *options)
{
    pm_status s = bed_import(b, format, inputs, options);
    ck_assert_msg(s == PM_OK, "%s", err_text(&b->f.err));
    s = dataset_read(b->out, NULL, b->f.a, &b->d, &b->f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&b->f.err));
}

/* One file of that name and text is refused, in these words. */
static inline void bed_must_refuse(bed *b, const char *format, const char *name, const char *text,
                                   const char *says)
{
    const char *const inputs[] = {name, NULL};
    bed_put(b, name, text);
    pm_status s = bed_import(b, format, inputs, NULL);
    ck_assert_msg(s == PM_E_FORMAT || s == PM_E_ARG, "status %d for %s", (int)s, says);
    files_must_say(&b->f, says);
}

static inline size_t bed_column(const bed *b, const char *model)
{
    for (size_t j = 0; j < b->d.m; j++)
        if (strcmp(b->d.models.view.expert[j]->id, model) == 0) return j;
    ck_abort_msg("no model %s", model);
}

static inline size_t bed_row(const bed *b, const char *id)
{
    for (size_t i = 0; i < b->d.n; i++)
        if (strcmp(b->d.id[i], id) == 0) return i;
    ck_abort_msg("no prompt %s", id);
}

static inline double bed_cell(const bed *b, const char *table, const char *id, const char *model)
{
    const dataset_table *t = dataset_table_of(&b->d, table);
    ck_assert_msg(t != NULL, "no table %s", table);
    return (double)pm_crow(t->cell, bed_row(b, id))[bed_column(b, model)];
}

/* Two cells a line: "table id model value". */
static inline void bed_must_hold(const bed *b, const char *table, const char *id, const char *model,
                                 double want)
{
    double v = bed_cell(b, table, id, model);
    if (isnan(want))
        ck_assert_msg(isnan(v), "%s of %s by %s: %g, wanted none", table, id, model, v);
    else
        ck_assert_msg(v == (double)(float)want, "%s of %s by %s: %.9g, wanted %.9g", table, id,
                      model, v, want);
}

static inline void bed_must_text(const bed *b, const char *id, const char *want)
{
    pm_str text = b->d.text[bed_row(b, id)];
    ck_assert_msg(pm_str_equal(text, want), "%s: \"%.*s\"", id, (int)text.len, text.ptr);
}

/* How many rows were left out for that reason. */
static inline size_t bed_skipped(const bed *b, const char *why)
{
    for (size_t k = 0; k < b->counts.n_skipped; k++)
        if (strcmp(b->counts.skipped[k].why, why) == 0) return b->counts.skipped[k].n;
    return 0;
}

static inline bool bed_noted(const bed *b, const char *part)
{
    for (size_t k = 0; k < b->counts.n_notes; k++)
        if (strstr(b->counts.note[k], part)) return true;
    return false;
}

/* Every single allocation of an import fails once: it is told, and nothing is left behind. */
static inline void bed_starve(bed *b, const char *format, const char *const *inputs,
                              const char *const *options)
{
    pm_status s = PM_E_MEMORY;
    for (size_t n = 1; s != PM_OK && n < 4000; n++) {
        b->starve = n;
        s = bed_import(b, format, inputs, options);
        if (s != PM_OK) ck_assert_msg(s == PM_E_MEMORY, "%zu: %s", n, err_text(&b->f.err));
    }
    b->starve = 0;
    ck_assert_int_eq(s, PM_OK);
}

/* The file `name` of the bed cut at every byte: whatever comes, it is an import or a message. */
static inline void bed_cut(bed *b, const char *format, const char *name, const char *const *inputs,
                           const char *const *options)
{
    str text = STR_INIT;
    const char *path = bed_path(b, name);
    size_t refused = 0;
    ck_assert_int_eq(io_read(path, 1 << 20, &text, &b->f.err), PM_OK);
    size_t stride = suite_is_quick("all but every 16th cut") ? 16 : 1;
    for (size_t len = 0; len < text.len; len += stride) {
        files_put_bytes(&b->f, name, text.at, len);
        pm_status s = bed_import(b, format, inputs, options);
        refused += s != PM_OK;
        if (s != PM_OK) ck_assert_uint_gt(strlen(err_text(&b->f.err)), 10);
    }
    ck_assert_uint_gt(refused, text.len / stride / 3);
    files_put_bytes(&b->f, name, text.at, text.len);
    str_close(&text);
}

#endif
