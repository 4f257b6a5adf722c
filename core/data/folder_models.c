/* SPDX-License-Identifier: MIT
 *
 * Models of a folder that is being written: columns as they are named, and models.json at the end.
 */
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "data/dataset_private.h"
#include "data/folder_private.h"
#include "data/library.h"
#include "data/show.h"

enum { MODEL_BYTES = 200 }; /* of a name, as libraries have them */

static pm_status check_name(pm_str name, pm_err *err)
{
    const char *wanted = !name.len                   ? "a text that is not empty"
                         : name.len > MODEL_BYTES    ? "at most 200 bytes"
                         : dataset_has_control(name) ? "no control character"
                                                     : NULL;
    if (!wanted) return PM_OK;
    return err_set(err, PM_E_ARG, "model: name: found %s, wanted %s", show_text(name).text, wanted);
}

static pm_status add_model(folder *f, pm_str name, const char *more, pm_err *err)
{
    static const char *const ours[] = {"name", "id", NULL};
    char where[120];
    pm_status s = check_name(name, err);
    if (s != PM_OK) return s;
    if (f->models.n == DATASET_MAX_MODELS)
        return err_set(err, PM_E_ARG, "%s: more than %d models", f->dir, DATASET_MAX_MODELS);
    if (more && *more) {
        snprintf(where, sizeof where, "model %s", show_text(name).text);
        s = folder_check_more(f, pm_str_of(more), ours, where, err);
        if (s != PM_OK) return s;
        more = arena_strdup(f->a, more);
        if (!more) return folder_no_memory(f, err);
    } else {
        more = NULL;
    }
    pm_str kept = {arena_strndup(f->a, name.ptr, name.len), name.len};
    if (!kept.ptr || !mem_grow(&f->more, &f->room_more, f->models.n + 1, sizeof *f->more) ||
        !names_add(&f->models, kept))
        return folder_no_memory(f, err);
    f->more[f->models.n - 1] = more;
    return PM_OK;
}

pm_status folder_model(folder *f, pm_str name, const char *more, uint32_t *col, pm_err *err)
{
    str repaired = STR_INIT;
    pm_status s = PM_OK;
    if (!utf8_valid(name.ptr, name.len, NULL)) {
        (void)utf8_repair(name.ptr, name.len, &repaired);
        name = (pm_str){str_text(&repaired), repaired.len};
        if (repaired.failed) s = folder_no_memory(f, err);
    }
    size_t k = s == PM_OK ? names_find(&f->models, name) : SIZE_MAX;
    if (s == PM_OK && k == SIZE_MAX) {
        k = f->models.n;
        s = add_model(f, name, more, err);
    }
    if (s == PM_OK && col) *col = (uint32_t)k;
    str_close(&repaired);
    return s;
}

/* The reader's own rules for the attributes of models. */
static pm_status check_models(folder *f, const str *text, pm_err *err)
{
    const json *j;
    library l;
    arena *a = arena_open(0);
    pm_status s = a ? json_parse(str_text(text), text->len, a, &j, err) : folder_no_memory(f, err);
    if (s == PM_OK) s = library_from_json(j, "models", a, &l, err);
    arena_close(a);
    return s == PM_OK ? s : err_wrap(err, s, "models.json");
}

pm_status folder_write_models(folder *f, pm_err *err)
{
    str text = STR_INIT, path = STR_INIT;
    str_puts(&text, "[");
    for (size_t j = 0; j < f->models.n; j++) {
        str_puts(&text, j ? ",\n {\"name\": " : "\n {\"name\": ");
        str_json(&text, f->models.name[j].ptr, f->models.name[j].len);
        if (f->more[j]) str_printf(&text, ", %s", f->more[j]);
        str_puts(&text, "}");
    }
    str_puts(&text, "\n]\n");
    pm_status s = text.failed ? folder_no_memory(f, err) : check_models(f, &text, err);
    if (s == PM_OK) s = folder_path(f, "models.json", false, &path, err);
    if (s == PM_OK) s = io_write(str_text(&path), text.at, text.len, err);
    str_close(&text);
    str_close(&path);
    return s;
}
