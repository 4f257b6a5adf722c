/* SPDX-License-Identifier: MIT
 *
 * A run as JSON lines: one line about the run, one a measured row.  The canonical form leaves out what may
 * differ between two runs of the same thing (times, paths, version, machine) and sorts the rows.
 */
#include <stdlib.h>
#include <string.h>

#include "eval/store_private.h"

static void put_text(str *out, const char *key, const char *text)
{
    str_printf(out, ",\"%s\":", key);
    str_json(out, text, strlen(text));
}

static void put_number(str *out, const char *key, double v)
{
    str_printf(out, ",\"%s\":", key);
    str_number(out, v);
}

static void put_run(const store_run *r, bool canonical, str *out)
{
    str_puts(out, "{\"kind\":\"run\"");
    put_text(out, "key", r->key);
    put_text(out, "name", r->name);
    put_text(out, "script_sha256", r->script_sha256);
    put_text(out, "data_hash", r->data_hash);
    put_text(out, "status", r->status);
    if (!canonical) {
        put_text(out, "script", r->script);
        put_text(out, "version", r->version);
        put_text(out, "started", r->started);
        put_number(out, "seconds", r->seconds);
        /* Both are JSON already; an empty text is none. */
        str_printf(out, ",\"machine\":%s", r->machine_json[0] ? r->machine_json : "null");
        str_printf(out, ",\"spec\":%s", r->spec_json[0] ? r->spec_json : "null");
    }
    str_puts(out, "}\n");
}

void store_row_json(const store_row *r, str *out)
{
    str_puts(out, "{\"kind\":\"row\"");
    put_text(out, "point", r->point);
    put_text(out, "role", r->role);
    put_text(out, "label", r->label);
    str_printf(out, ",\"seed\":%llu", (unsigned long long)r->seed);
    put_text(out, "subset", r->subset);
    put_text(out, "metric", r->metric);
    put_number(out, "value", r->value);
    put_number(out, "lo", r->lo);
    put_number(out, "hi", r->hi);
    str_printf(out, ",\"n\":%zu", r->n);
    put_text(out, "setting", r->setting ? r->setting : "");
    str_puts(out, "}");
}

static int by_content(const void *x, const void *y)
{
    const store_row *a = x, *b = y;
    const char *left[] = {a->point, a->role, a->label, a->subset, a->metric};
    const char *right[] = {b->point, b->role, b->label, b->subset, b->metric};
    for (int k = 0; k < 3; k++)
        if (strcmp(left[k], right[k]) != 0) return strcmp(left[k], right[k]);
    if (a->seed != b->seed) return a->seed < b->seed ? -1 : 1;
    for (int k = 3; k < 5; k++)
        if (strcmp(left[k], right[k]) != 0) return strcmp(left[k], right[k]);
    return 0;
}

pm_status store_export(store *s, const char *key, bool canonical, str *out, pm_err *err)
{
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "export");
    store_run run;
    store_row *row;
    size_t n;
    pm_status status = store_find_run(s, key, a, &run, err);
    if (!status) status = store_rows(s, run.key, a, &row, &n, err);
    if (!status) {
        qsort(row, n, sizeof *row, by_content);
        put_run(&run, canonical, out);
        for (size_t k = 0; k < n; k++) {
            store_row_json(&row[k], out);
            str_puts(out, "\n");
        }
        if (out->failed) status = err_set(err, PM_E_MEMORY, "export of %zu rows", n);
    }
    arena_close(a);
    return status;
}
