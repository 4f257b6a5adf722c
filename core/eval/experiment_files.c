/* SPDX-License-Identifier: MIT
 *
 * What a run leaves for people beside the store: summary.txt, summary.json, domains.txt in the run's folder.
 * They hold no time and no path, so that two runs of the same thing leave the same bytes.
 */
#include <string.h>

#include "base/io.h"
#include "eval/experiment_private.h"
#include "eval/table.h"

static pm_status write_text(const exp_run *r, const char *name, const str *text, pm_err *err)
{
    const char *path = io_join(r->a, r->dir, name);
    if (!path || text->failed) return err_set(err, PM_E_MEMORY, "%s", name);
    return io_write(path, text->at, text->len, err);
}

static void put_member(str *out, const char *key, const char *text)
{
    str_printf(out, "\"%s\":", key);
    str_json(out, text ? text : "", text ? strlen(text) : 0);
    str_puts(out, ",");
}

static void put_summary_json(const exp_run *r, str *out)
{
    str_puts(out, "{");
    put_member(out, "key", r->key);
    put_member(out, "name", r->x->name);
    put_member(out, "asks", r->x->asks);
    put_member(out, "data_hash", r->source.hash);
    put_member(out, "library_revision", r->source.lib->revision_hex);
    put_member(out, "script_sha256", r->x->script_sha256);
    str_puts(out, "\"rows\":[");
    bool first = true;
    for (size_t k = 0; k < r->n_rows; k++) {
        if (strstr(r->row[k].subset, "domain:")) continue;
        str_puts(out, first ? "\n" : ",\n");
        store_row_json(&r->row[k], out);
        first = false;
    }
    str_puts(out, "\n]}\n");
}

pm_status exp_files(const exp_run *r, run_summary *out, pm_err *err)
{
    str table = STR_INIT, domains = STR_INIT, text = STR_INIT;
    pm_status s = table_summary(r->row, r->n_rows, TABLE_TEXT, &table, err);
    if (!s) s = table_domains(r->row, r->n_rows, TABLE_TEXT, &domains, err);
    put_summary_json(r, &text);
    if (!s) s = write_text(r, "summary.txt", &table, err);
    if (!s) s = write_text(r, "domains.txt", &domains, err);
    if (!s) s = write_text(r, "summary.json", &text, err);
    out->table = s ? NULL : arena_strdup(r->a, str_text(&table));
    if (!s && !out->table) s = err_set(err, PM_E_MEMORY, "summary");
    str_close(&table);
    str_close(&domains);
    str_close(&text);
    return s;
}
