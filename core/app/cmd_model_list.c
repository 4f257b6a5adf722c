/* SPDX-License-Identifier: MIT
 *
 * pointsman model list: the named models and which of them are on this machine.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_model.h"
#include "lm/catalogue.h"

static const arg_row rows[] = {{"json", 0, ARG_FLAG, NULL, "print one JSON array instead"},
                               ARG_END};
static int list_main(int argc, char **argv);

const verb model_list = {
    "model list",
    "",
    0,
    0,
    "list the named models",
    "Each with its kind, bytes, licence, and whether its files are here; then what it is and "
    "where it\n"
    "comes from.  A path of model files stands wherever a name does.",
    rows,
    list_main};

static size_t bytes_of(const model_row *r)
{
    size_t sum = 0;
    for (const model_file *f = r->file; f->name; f++) sum += f->bytes;
    return sum;
}

static void put_member(str *out, const char *key, const char *text)
{
    str_printf(out, "%s\"%s\": ", strcmp(key, "name") ? ", " : "{", key);
    str_json(out, text, strlen(text));
}

static void put_row(const model_row *r, bool here, const char *home, str *out)
{
    put_member(out, "name", r->name);
    put_member(out, "kind", r->kind);
    str_printf(out, ", \"bytes\": %zu", bytes_of(r));
    put_member(out, "licence", r->licence);
    str_printf(out, ", \"cached\": %s", here ? "true" : "false");
    put_member(out, "folder", home);
    put_member(out, "doc", r->doc);
    str_puts(out, ", \"files\": [");
    for (const model_file *f = r->file; f->name; f++)
        str_printf(out, "%s{\"name\": \"%s\", \"bytes\": %zu, \"sha256\": \"%s\"}",
                   f == r->file ? "" : ", ", f->name, f->bytes, f->sha256);
    str_puts(out, "], \"sources\": [");
    for (const model_source *s = r->source; s->kind; s++) {
        str_puts(out, s == r->source ? "\"" : ", \"");
        str_puts(out, s->at);
        if (s->kind == MODEL_WHEEL) str_printf(out, "==%s", s->version);
        str_puts(out, "\"");
    }
    str_puts(out, "]}");
}

static void print_row(const model_row *r, bool here)
{
    printf("%-24s %-8s %9.1f MB  %-12s %s\n    %s\n    from", r->name, r->kind,
           (double)bytes_of(r) / 1e6, r->licence, here ? "cached" : "-", r->doc);
    for (const model_source *s = r->source; s->kind; s++) {
        printf("%s %s", s == r->source ? "" : ",", s->at);
        if (s->kind == MODEL_WHEEL) printf(" %s (pip)", s->version);
    }
    printf("\n");
}

static int list_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    size_t n;
    int status = args_parse(&model_list, argc, argv, value, NULL, &n);
    if (status != ARGS_GO_ON) return status;
    const bool json = args_given(&model_list, value, "json");
    pm_err err = PM_ERR_INIT;
    str out = STR_INIT;
    arena *a = arena_open(0);
    bool ok = a != NULL;
    if (!json) printf("%-24s %-8s %12s  %-12s %s\n", "name", "kind", "bytes", "licence", "here");
    for (const model_row *r = catalogue_rows(); ok && r->name; r++) {
        const char *path, *home = catalogue_home(a, r->name);
        const bool here = home && catalogue_path(r->name, a, &path, NULL) == PM_OK;
        ok = home != NULL;
        str_puts(&out, r == catalogue_rows() ? "[" : ",\n ");
        if (ok) put_row(r, here, home, &out);
        if (ok && !json) print_row(r, here);
    }
    ok = ok && !out.failed;
    if (ok && json) printf("%s]\n", str_text(&out));
    str_close(&out);
    arena_close(a);
    if (ok) return EXIT_FINE;
    err_set(&err, PM_E_MEMORY, "no memory for the list");
    return app_failed("model list", &err);
}
