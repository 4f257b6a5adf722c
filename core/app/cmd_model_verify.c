/* SPDX-License-Identifier: MIT
 *
 * pointsman model verify NAME|PATH: are the bytes the pinned ones, is the structure sound, are all weights finite.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_model.h"
#include "app/model_tokens.h"
#include "base/hash.h"
#include "base/io.h"
#include "lm/catalogue.h"
#include "lm/lm.h"
#include "nn/engine.h"

static const arg_row rows[] = {{"quick", 0, ARG_FLAG, NULL, "leave the weights themselves out"},
                               ARG_END};
static int verify_main(int argc, char **argv);

const verb model_verify = {"model verify",
                           "NAME|PATH",
                           1,
                           1,
                           "check a model's hashes, structure and weights",
                           "Of a named model, the SHA-256 of every file; of any, that headers, "
                           "shapes and names are those of a "
                           "model of\n"
                           "its configuration, that no weight is NaN or infinite, and that its "
                           "tokeniser fits.  Every problem is a "
                           "line;\n"
                           "the exit status is 1 if there is one.",
                           rows,
                           verify_main};

typedef struct findings {
    size_t problems;
} findings;

static void say(findings *f, const char *what, const char *why)
{
    printf("%-10s %s\n", what, why);
    f->problems++;
}

static pm_status check_sums(const model_row *row, arena *a, findings *f, pm_err *err)
{
    const char *home = catalogue_home(a, row->name);
    for (const model_file *m = row->file; m->name; m++) {
        char hex[65], why[400];
        const char *path = home ? io_join(a, home, m->name) : NULL;
        if (!path) return err_set(err, PM_E_MEMORY, "no memory for the model");
        pm_err bad = PM_ERR_INIT;
        if (sha256_file(path, hex, &bad) != PM_OK) {
            say(f, "missing", err_text(&bad));
        } else if (strcmp(hex, m->sha256) != 0) {
            snprintf(why, sizeof why, "%s: SHA-256 is %s, pinned is %s", path, hex, m->sha256);
            say(f, "changed", why);
        } else {
            printf("%-10s %s  %s\n", "sum", m->sha256, m->name);
        }
    }
    return PM_OK;
}

static void tell_tensor(void *arg, nn_finding found)
{
    char why[400];
    snprintf(why, sizeof why, "%.200s: %zu values are NaN or infinite, the first at element %zu",
             found.tensor->name, found.n_bad, found.first);
    say(arg, "weights", why);
}

static pm_status check_weights(const nn_source *s, findings *f, pm_err *err)
{
    size_t bad = 0;
    pm_status st = nn_source_verify(s, tell_tensor, f, &bad, err);
    if (st == PM_OK && bad == 0)
        printf("%-10s %zu tensors, all finite\n", "weights", nn_source_count(s));
    return st;
}

/* Names and shapes are compared by what reads them, the tokeniser by what needs it. */
static void check_structure(const char *path, nn_source *s, arena *a, findings *f)
{
    pm_err why = PM_ERR_INIT;
    nn_weights w;
    model_tokens t;
    if (!nn_source_config(s)) {
        printf("%-10s %s: tensors without a configuration; names and shapes are not compared\n",
               "structure", path);
        return;
    }
    if (nn_source_weights(s, a, &w, &why) != PM_OK) {
        say(f, "structure", err_text(&why));
        return;
    }
    printf("%-10s %zu parameters in %zu tensors of the configuration's shapes\n", "structure",
           w.layout->n_parameters, w.layout->n);
    char line[200];
    const tokenizer *built;
    const bool is_gguf = strcmp(nn_source_kind(s), "gguf") == 0;
    if (model_tokens_of(path, s, a, &t, &why) != PM_OK ||
        (is_gguf && t.kind[0] && lm_gguf_tokenizer(s, path, a, &built, &why) != PM_OK)) {
        say(f, "tokeniser", err_text(&why));
    } else if (t.pieces > nn_source_config(s)->n_vocab) {
        snprintf(line, sizeof line, "%.100s has %zu pieces; the model's vocabulary is %zu", t.kind,
                 t.pieces, nn_source_config(s)->n_vocab);
        say(f, "tokeniser", line);
    } else {
        printf("%-10s %s, %zu pieces\n", "tokeniser",
               t.kind[0] ? t.kind : "none (encoder and transformer need one)", t.pieces);
    }
}

static pm_status verify(const char *name, bool quick, findings *f, arena *a, pm_err *err)
{
    const model_row *row = catalogue_find(name);
    const char *path = NULL;
    nn_source *source = NULL;
    pm_err why = PM_ERR_INIT;
    pm_status s = PM_OK;
    if (row && io_exists(catalogue_home(a, row->name))) s = check_sums(row, a, f, err);
    if (s != PM_OK || f->problems) return s;
    s = catalogue_path(name, a, &path, err);
    if (s != PM_OK) return s;
    s = nn_source_open(path, a, &source, &why);
    if (s == PM_E_FORMAT || s == PM_E_UNSUPPORTED) {
        say(f, "structure", err_text(&why));
        return PM_OK;
    }
    if (s != PM_OK) {
        *err = why;
        return s;
    }
    check_structure(path, source, a, f);
    return quick ? PM_OK : check_weights(source, f, err);
}

static int verify_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&model_verify, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    findings f = {0};
    arena *a = arena_open(0);
    pm_status s = a ? verify(operand[0], args_given(&model_verify, value, "quick"), &f, a, &err)
                    : err_set(&err, PM_E_MEMORY, "no memory for the model");
    arena_close(a);
    if (s != PM_OK) return app_failed("model verify", &err);
    printf("%s: %s\n", operand[0], f.problems ? "not sound" : "sound");
    return f.problems ? EXIT_FAILED : EXIT_FINE;
}
