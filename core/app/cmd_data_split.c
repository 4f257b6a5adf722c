/* SPDX-License-Identifier: MIT
 *
 * pointsman data split DIR --by prompt|group|domain OUTDIR: the same dataset with the field "split" written anew.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_data.h"
#include "base/rng.h"
#include "data/folder_copy.h"
#include "data/number.h"
#include "data/split.h"

static const arg_row rows[] = {
    {"by", 0, ARG_TEXT, "prompt|group|domain", "what is not divided (default: group)"},
    {"test", 0, ARG_TEXT, "SHARE", "the share of the test part (default: .3)"},
    {"seed", 0, ARG_NUMBER, "N", "draw with this seed (default: 1)"},
    {"gzip", 'z', ARG_FLAG, NULL, "write prompts.jsonl.gz, scores.csv.gz, ..."},
    {"overwrite", 0, ARG_FLAG, NULL, "replace OUTDIR if it holds a dataset"},
    ARG_END};
static int split_main(int argc, char **argv);

const verb data_split = {"data split",
                         "DIR OUTDIR",
                         2,
                         2,
                         "divide the prompts of a dataset into train and test",
                         "By group, prompts of one \"group\" (without one: of equal text) stay "
                         "together; by domain, whole\n"
                         "domains do, so that the test part is of domains that were never seen.  "
                         "Shares are met within half\n"
                         "a group or domain.  Everything else is copied as it is.\n\n"
                         "  pointsman data split mine mine-split --by group --test .3 --seed 7",
                         rows,
                         split_main};

typedef struct plan {
    split_by by;
    bool by_domain;
    double test;
    uint64_t seed;
} plan;

static pm_status read_plan(const arg_value *value, plan *p, pm_err *err)
{
    static const char *const known[] = {"prompt", "group", "domain"};
    const char *by = args_text(&data_split, value, "by", "group"),
               *test = args_text(&data_split, value, "test", ".3");
    p->by_domain = strcmp(by, "domain") == 0;
    p->by = strcmp(by, "prompt") == 0 ? SPLIT_PROMPT : SPLIT_GROUP;
    p->seed = (uint64_t)args_number(&data_split, value, "seed", 1);
    if (!p->by_domain && p->by == SPLIT_GROUP && strcmp(by, "group") != 0) {
        const char *near = str_suggest(by, known, 3);
        return err_set(err, PM_E_ARG, "--by: found '%s', wanted prompt, group or domain%s%s%s", by,
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    char text[40];
    snprintf(text, sizeof text, "%s%.30s", *test == '.' ? "0" : "", test);
    size_t len = strlen(text);
    if (strlen(test) > 30 || !len || number_parse(text, len, &p->test) != len || !(p->test > 0) ||
        !(p->test < 1))
        return err_set(err, PM_E_ARG, "--test: found '%s', wanted a share above 0 and below 1",
                       test);
    return PM_OK;
}

/* Whole domains are groups; a prompt without one stands for itself. */
static pm_status domains_as_groups(dataset *d, arena *a, pm_err *err)
{
    uint64_t *group = arena_alloc(a, d->n, sizeof *group);
    if (!group) return err_set(err, PM_E_MEMORY, "no memory for the split");
    if (d->n_domains < 2)
        return err_set(err, PM_E_ARG,
                       "%s: found %zu domain%s, wanted two or more to split by domain", d->name,
                       d->n_domains, d->n_domains == 1 ? "" : "s");
    for (size_t i = 0; i < d->n; i++)
        group[i] = d->domain[i] == UINT32_MAX ? (uint64_t)d->n_domains + i : d->domain[i];
    d->group = group;
    return PM_OK;
}

static pm_status make_parts(const dataset *d, const plan *p, arena *a, uint8_t **out, pm_err *err)
{
    dataset by = *d;
    split sp;
    split_spec spec = {.by = p->by, .train = 1 - p->test, .test = p->test, .seed = p->seed};
    pm_status s = p->by_domain ? domains_as_groups(&by, a, err) : PM_OK;
    if (s == PM_OK) s = split_make(&by, &spec, a, &sp, err);
    if (s != PM_OK) return s;
    uint8_t *part = arena_alloc(a, d->n, 1);
    if (!part) return err_set(err, PM_E_MEMORY, "no memory for the split");
    for (size_t k = 0; k < sp.n_train; k++) part[sp.train[k]] = DATASET_TRAIN;
    for (size_t k = 0; k < sp.n_test; k++) part[sp.test[k]] = DATASET_TEST;
    printf("%zu train, %zu test", sp.n_train, sp.n_test);
    if (sp.leaked_groups) printf("; %zu groups of equal texts are in both", sp.leaked_groups);
    printf("\n");
    *out = part;
    return PM_OK;
}

static pm_status write_split(const char *const *dir, const plan *p, const folder_options *o,
                             arena *a, pm_err *err)
{
    dataset d;
    folder *out;
    uint8_t *part = NULL;
    pm_status s = dataset_read(dir[0], NULL, a, &d, err);
    if (s == PM_OK) s = make_parts(&d, p, a, &part, err);
    if (s == PM_OK) s = folder_open(dir[1], o, &out, err);
    if (s != PM_OK) return s;
    folder_copying c = {.dir = dir[0], .d = &d, .part = part, .other_files = true};
    s = folder_copy(out, &c, err);
    if (s == PM_OK) return folder_finish(out, err);
    folder_abandon(out);
    return s;
}

static int split_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[2];
    size_t n;
    int status = args_parse(&data_split, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    plan p = {0};
    pm_status s = read_plan(value, &p, &err);
    if (s != PM_OK) {
        app_failed("data split", &err);
        return EXIT_USAGE;
    }
    folder_options o = {sizeof o, args_given(&data_split, value, "gzip"),
                        args_given(&data_split, value, "overwrite")};
    arena *a = arena_open(0);
    s = a ? write_split(operand, &p, &o, a, &err) : err_set(&err, PM_E_MEMORY, "no memory");
    arena_close(a);
    return s == PM_OK ? EXIT_FINE : app_failed("data split", &err);
}
