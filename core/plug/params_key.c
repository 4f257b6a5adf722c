/* SPDX-License-Identifier: MIT
 *
 * Parameters as they enter content keys: what a model is, not what it is called.
 */
#include <string.h>

#include "lm/catalogue.h"
#include "plug/params.h"

static const char *model_of(const pm_param *p, const void *built)
{
    const char *text;
    memcpy(&text, (const char *)built + p->offset, sizeof text);
    return text;
}

/* "sha256:HEX" of a model that is there. */
static pm_status hash_text(const char *name, arena *a, const char **out, pm_err *err)
{
    const char *path;
    uint8_t hash[32];
    str text = STR_INIT;
    pm_status s = catalogue_path(name, a, &path, err);
    if (s == PM_OK) s = catalogue_hash(name, hash, err);
    if (s != PM_OK) return s;
    str_puts(&text, "sha256:");
    for (size_t k = 0; k < sizeof hash; k++) str_printf(&text, "%02x", hash[k]);
    *out = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return *out ? PM_OK : err_set(err, PM_E_MEMORY, "out of memory for parameters");
}

pm_status params_key(const pm_param *rows, size_t bytes, const void *built, arena *a,
                     const char **out, const pm_param **bad, pm_err *err)
{
    *out = NULL;
    *bad = NULL;
    void *copy = arena_alloc(a, 1, bytes ? bytes : 1);
    if (!copy) return err_set(err, PM_E_MEMORY, "out of memory for parameters");
    memcpy(copy, built, bytes);
    for (const pm_param *p = rows; p->name; p++) {
        const char *hash = NULL;
        if (p->type != PM_P_MODEL || model_of(p, built)[0] == '\0') continue;
        pm_status s = hash_text(model_of(p, built), a, &hash, err);
        if (s != PM_OK) {
            *bad = p;
            return s;
        }
        memcpy((char *)copy + p->offset, &hash, sizeof hash);
    }
    str text = STR_INIT;
    params_to_json(rows, copy, &text);
    *out = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return *out ? PM_OK : err_set(err, PM_E_MEMORY, "out of memory for parameters");
}
