/* SPDX-License-Identifier: MIT
 *
 * pointsman data validate DIR: every mistake of a dataset, and what is no mistake but rarely meant.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd_data.h"

static const arg_row rows[] = {{"strict", 0, ARG_FLAG, NULL, "warnings are mistakes too"}, ARG_END};
static int validate_main(int argc, char **argv);

const verb data_validate = {"data validate",
                            "DIR",
                            1,
                            1,
                            "check a dataset: every mistake, and what is rarely meant",
                            "Mistakes (exit status 1): what reading refuses, by file, row and "
                            "column, the first 20; battles of\n"
                            "prompts or models that the set does not have.  Warnings: one outcome "
                            "only, models without any\n"
                            "outcome, models that never win or never lose a battle, ties only, "
                            "groups on both sides of the\n"
                            "split, repaired text, tables and members that are left out.\n\n"
                            "  pointsman data validate mine && echo fine",
                            rows,
                            validate_main};

typedef struct findings {
    const dataset *d;
    size_t mistakes, warnings;
} findings;

static void warn(findings *w, const char *fmt, ...) PM_PRINTF(2, 3);
static void warn(findings *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("warning: ", stdout);
    vprintf(fmt, args);
    fputs("\n", stdout);
    va_end(args);
    w->warnings++;
}

/* ---- cells ---- */

/* The values of the rows of a domain (UINT32_MAX: all): none, one, or several. */
static int outcomes_of(const dataset *d, uint32_t domain, float *value)
{
    bool found = false;
    for (size_t i = 0; i < d->n; i++) {
        if (domain != UINT32_MAX && d->domain[i] != domain) continue;
        for (size_t j = 0; j < d->m; j++) {
            float v = pm_crow(d->value, i)[j];
            if (isnan(v)) continue;
            if (found && v != *value) return 2;
            *value = v;
            found = true;
        }
    }
    return found ? 1 : 0;
}

static void check_outcomes(findings *w)
{
    const dataset *d = w->d;
    float value = 0;
    if (!d->value.at) return;
    if (outcomes_of(d, UINT32_MAX, &value) == 1) {
        warn(w, "every outcome is %g: nothing can be learned or compared", (double)value);
        return;
    }
    for (size_t k = 0; k < d->n_domains; k++) {
        int n = outcomes_of(d, (uint32_t)k, &value);
        if (n == 1)
            warn(w, "domain \"%s\": every outcome is %g: no router differs there", d->domains[k],
                 (double)value);
        else if (n == 0)
            warn(w, "domain \"%s\": no outcome is known", d->domains[k]);
    }
}

static void check_known(findings *w)
{
    const dataset *d = w->d;
    size_t empty = 0;
    if (!d->value.at) return;
    for (size_t j = 0; j < d->m; j++) {
        size_t known = 0;
        for (size_t i = 0; i < d->n; i++) known += (size_t)!isnan(pm_crow(d->value, i)[j]);
        if (!known) warn(w, "model \"%s\": no outcome is known", d->models.view.expert[j]->id);
    }
    for (size_t i = 0; i < d->n; i++) {
        bool known = false;
        for (size_t j = 0; j < d->m && !known; j++) known = !isnan(pm_crow(d->value, i)[j]);
        if (!known) empty++;
    }
    if (empty) warn(w, "%zu of %zu prompts have no outcome", empty, d->n);
}

/* ---- battles ---- */

static void check_battles(findings *w, arena *a)
{
    const dataset *d = w->d;
    double *won = arena_alloc(a, d->m, sizeof *won), *lost = arena_alloc(a, d->m, sizeof *lost);
    size_t ties = 0;
    if (!d->n_battles || !won || !lost) return;
    for (size_t k = 0; k < d->n_battles; k++) {
        const pm_battle *b = &d->battle[k];
        double share = (double)b->outcome; /* a tie is half a win and half a loss */
        won[b->a] += share;
        lost[b->a] += 1 - share;
        won[b->b] += 1 - share;
        lost[b->b] += share;
        ties += b->outcome == 0.5f;
    }
    if (ties == d->n_battles) warn(w, "all %zu battles are ties", ties);
    for (size_t j = 0; j < d->m; j++) {
        const char *id = d->models.view.expert[j]->id;
        if (won[j] == 0 && lost[j] == 0)
            warn(w, "model \"%s\": is in no battle", id);
        else if (won[j] == 0)
            warn(w, "model \"%s\": never wins a battle, so its rating is held by the ridge alone",
                 id);
        else if (lost[j] == 0)
            warn(w, "model \"%s\": never loses a battle, so its rating is held by the ridge alone",
                 id);
    }
}

/* ---- the whole ---- */

static void check_split(findings *w)
{
    const dataset *d = w->d;
    size_t split = 0;
    for (size_t i = 0; i < d->n; i++) split += d->part[i] != DATASET_UNSPLIT;
    if (split && split < d->n) warn(w, "%zu of %zu prompts have no split", d->n - split, d->n);
}

static void check_all(findings *w, arena *a)
{
    const dataset *d = w->d;
    if (d->counts.battles_skipped) {
        w->mistakes++;
        for (size_t k = 0; k < d->n_notes; k++)
            if (strncmp(d->note[k], "battles: ", 9) == 0) printf("mistake: %s\n", d->note[k]);
    }
    for (size_t k = 0; k < d->n_notes; k++)
        if (strncmp(d->note[k], "battles: ", 9) != 0) warn(w, "%s", d->note[k]);
    if (d->counts.invalid_utf8_repaired)
        warn(w, "%zu texts are not UTF-8 and were repaired", d->counts.invalid_utf8_repaired);
    check_outcomes(w);
    check_known(w);
    check_battles(w, a);
    check_split(w);
}

static int validate_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&data_validate, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    dataset d;
    findings w = {&d, 0, 0};
    arena *a = arena_open(0);
    pm_status s = a ? dataset_read(operand[0], NULL, a, &d, &err)
                    : err_set(&err, PM_E_MEMORY, "no memory for the dataset");
    if (s == PM_OK) {
        check_all(&w, a);
        printf("%s: %zu prompts, %zu models, %zu battles: %zu mistake%s, %zu warning%s\n", d.name,
               d.n, d.m, d.n_battles, w.mistakes, w.mistakes == 1 ? "" : "s", w.warnings,
               w.warnings == 1 ? "" : "s");
    }
    arena_close(a);
    if (s != PM_OK) return app_failed("data validate", &err);
    bool bad = w.mistakes || (w.warnings && args_given(&data_validate, value, "strict"));
    return bad ? EXIT_FAILED : EXIT_FINE;
}
