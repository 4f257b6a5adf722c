/* SPDX-License-Identifier: MIT
 *
 * pointsman data convert --from FORMAT INPUT ... DIR: an importer's table into a folder of the interchange format.
 * The options of the format stand beside the verb's own.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_data.h"
#include "base/log.h"
#include "data/import.h"

enum { MOST_ROWS = 24, MOST_INPUTS = 64 };

static const arg_row rows[] = {
    {"from", 'f', ARG_TEXT, "FORMAT", "the format of INPUT (required): see --list"},
    {"list", 'l', ARG_FLAG, NULL,
     "list the formats, the files they read, and how each was verified"},
    {"gzip", 'z', ARG_FLAG, NULL, "write prompts.jsonl.gz, scores.csv.gz, ..."},
    {"overwrite", 0, ARG_FLAG, NULL, "replace DIR if it holds a dataset"},
    ARG_END};

static int convert_main(int argc, char **argv);

const verb data_convert = {
    "data convert",
    "INPUT ... DIR",
    2,
    MOST_INPUTS + 1,
    "import INPUT into the folder DIR",
    "DIR is a new or empty folder; it appears when everything is written.  Rows that are left out "
    "are\n"
    "counted by reason.  `pointsman data convert --from FORMAT --help` shows the options of a "
    "format.\n\n"
    "  pointsman data convert --list\n"
    "  pointsman data convert --from long runs.csv mine\n"
    "  pointsman data convert --from embeddings --folder mine vectors.jsonl mine --overwrite\n"
    "  pointsman data convert --from folder --domain mmlu --without contaminated.txt theirs mine "
    "--gzip",
    rows,
    convert_main};

static int list_formats(void)
{
    const import_format *const *f = import_formats();
    for (size_t k = 0; f[k]; k++)
        printf("%s%s\n  %s\n  reads %s\n  verified %s\n", k ? "\n" : "", f[k]->name, f[k]->summary,
               f[k]->files, f[k]->verified);
    return EXIT_FINE;
}

/* --from is looked for first: the other options depend on it. */
static const char *format_name(int argc, char **argv)
{
    const char *found = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--from=", 7) == 0)
            found = argv[i] + 7;
        else if (strncmp(argv[i], "-f", 2) == 0 && argv[i][2])
            found = argv[i] + 2;
        else if (i + 1 < argc && (!strcmp(argv[i], "--from") || !strcmp(argv[i], "-f")))
            found = argv[++i];
    }
    return found;
}

static int unknown_format(const char *name)
{
    const char *names[64];
    const import_format *const *f = import_formats();
    size_t n = 0;
    for (; f[n] && n < 64; n++) names[n] = f[n]->name;
    const char *near = str_suggest(name, names, n);
    fprintf(stderr, "pointsman data convert: unknown format '%s'", name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fputs("\n`pointsman data convert --list` lists them\n", stderr);
    return EXIT_USAGE;
}

/* The rows of the verb and, behind them, those of the format. */
static size_t join_rows(const import_format *f, arg_row *out)
{
    size_t n = 0;
    for (; rows[n].name; n++) out[n] = rows[n];
    for (const import_option *o = f ? f->option : NULL; o && o->name && n + 1 < MOST_ROWS; o++)
        out[n++] = (arg_row){o->name, 0, o->metavar ? ARG_TEXT : ARG_FLAG, o->metavar, o->doc};
    out[n] = (arg_row)ARG_END;
    return n;
}

static bool show(void *arg, const char *what, uint64_t done)
{
    (void)arg;
    char text[200];
    snprintf(text, sizeof text, "%.120s: %llu rows", what, (unsigned long long)done);
    progress_show(text, 0);
    return !app_canceled();
}

static void tell(const import_counts *c, const char *dir)
{
    printf("%s: %zu rows read", dir, c->rows_read);
    printf(", %zu left out\n", import_skipped(c));
    for (size_t k = 0; k < c->n_skipped; k++)
        printf("  %zu: %s (the first: %s)\n", c->skipped[k].n, c->skipped[k].why,
               c->skipped[k].first);
    if (c->repaired)
        printf("  note: texts with repaired UTF-8: %zu (U+FFFD where bytes were none)\n",
               c->repaired);
    for (size_t k = 0; k < c->n_notes; k++) printf("  note: %s\n", c->note[k]);
}

static int run_import(const import_format *f, import_job *job, const char *dir,
                      const folder_options *o)
{
    static const import_counts none;
    pm_err err = PM_ERR_INIT;
    folder *out;
    import_counts *counts = mem_alloc(1, sizeof *counts);
    pm_status s = counts ? folder_open(dir, o, &out, &err)
                         : err_set(&err, PM_E_MEMORY, "no memory for the import");
    if (s == PM_OK) {
        *counts = none;
        job->progress = show;
        app_catch_interrupt(); /* a folder half written is removed */
        s = f->run(job, out, counts, &err);
        if (s == PM_OK)
            s = folder_finish(out, &err);
        else
            folder_abandon(out);
    }
    progress_end();
    if (s == PM_OK) tell(counts, dir);
    mem_free(counts);
    return s == PM_OK ? EXIT_FINE : app_failed("data convert", &err);
}

static int convert_main(int argc, char **argv)
{
    arg_row all[MOST_ROWS];
    arg_value *value = mem_alloc(MOST_ROWS, sizeof *value);
    import_value *given = mem_alloc((size_t)MOST_ROWS * ARG_MAX_REPEAT, sizeof *given);
    const char *operand[MOST_INPUTS + 1], *name = format_name(argc, argv);
    const import_format *f = name ? import_find(name) : NULL;
    size_t n = 0, n_rows = join_rows(f, all), n_given = 0;
    verb v = data_convert;
    v.args = all;
    bool list = false;
    for (int i = 1; i < argc; i++)
        list = list || !strcmp(argv[i], "--list") || !strcmp(argv[i], "-l");
    int status = list               ? list_formats()
                 : name && !f       ? unknown_format(name)
                 : !value || !given ? EXIT_FAILED
                                    : args_parse(&v, argc, argv, value, operand, &n);
    if (status == ARGS_GO_ON && !f) {
        fputs(
            "pointsman data convert: --from is missing\n`pointsman data convert --list` lists the "
            "formats\n",
            stderr);
        status = EXIT_USAGE;
    }
    for (size_t k = 0; status == ARGS_GO_ON && k < n_rows; k++) {
        bool own = false;
        for (const arg_row *r = rows; r->name; r++) own = own || strcmp(r->name, all[k].name) == 0;
        for (size_t i = 0; !own && i < value[k].n; i++)
            given[n_given++] =
                (import_value){all[k].name, all[k].kind == ARG_FLAG ? "" : value[k].text[i]};
    }
    if (status == ARGS_GO_ON) {
        folder_options o = {sizeof o, args_given(&v, value, "gzip"),
                            args_given(&v, value, "overwrite")};
        import_job job = {.size = sizeof job,
                          .input = operand,
                          .n_inputs = n - 1,
                          .value = given,
                          .n_values = n_given};
        status = run_import(f, &job, operand[n - 1], &o);
    }
    mem_free(value);
    mem_free(given);
    return status;
}
