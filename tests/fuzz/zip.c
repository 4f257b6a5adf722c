/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: any bytes as a zip archive; what opens has safe, sorted names, is found by them, and never gives more
 * than its directory says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { READ_MAX = 1 << 22 };

static pm_status count(void *got, const void *bytes, size_t len, pm_err *err)
{
    uint64_t *n = got;
    (void)bytes;
    *n += len;
    return *n > READ_MAX ? err_set(err, PM_E_CANCELED, "enough") : PM_OK;
}

static void look_at(const zip *z, size_t i)
{
    const zip_entry *e = zip_at(z, i);
    pm_err err = PM_ERR_INIT;
    uint64_t got = 0;
    const size_t n = strlen(e->name);
    if (e->name[0] == '/' || strstr(e->name, "/../") || strncmp(e->name, "../", 3) == 0) abort();
    if (n >= 3 && strcmp(e->name + n - 3, "/..") == 0) abort();
    if (zip_find(z, e->name) != e) abort();
    if (i && strcmp(zip_at(z, i - 1)->name, e->name) >= 0) abort();
    pm_status s = zip_read(z, e, count, &got, &err);
    if (got > e->bytes || (s == PM_OK && got != e->bytes)) abort();
    if (s != PM_OK && !err.text[0]) abort(); /* refused without a word */
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    arena *a = arena_open(0);
    zip *z = NULL;
    pm_err err = PM_ERR_INIT;
    if (a && zip_parse(at, len, "x", a, &z, &err) == PM_OK)
        for (size_t i = 0; i < zip_count(z); i++) look_at(z, i);
    else if (a && !err.text[0])
        abort();
    arena_close(a);
    return 0;
}
