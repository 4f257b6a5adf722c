/* SPDX-License-Identifier: MIT
 *
 * pointsman calibrate BUNDLE|RUN: the alpha of the objective threshold for a target, kept in the bundle if asked, and
 * whether the scores of new prompts have moved away from those it was found on.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/calibrate_find.h"
#include "app/cmds.h"
#include "app/served.h"
#include "eval/drift.h"

static const arg_row rows[] = {
    {"target", 't', ARG_TEXT, "WHAT",
     "share=F of strong calls, cost=USD a prompt, or quality=Q on recorded outcomes"},
    {"prompts", 'p', ARG_TEXT, "FILE|FOLDER",
     "sample: rows of a .jsonl file (.gz too), - for lines, or a data folder (with vectors, where "
     "the "
     "bundle wants them)"},
    {"part", 0, ARG_TEXT, "PART",
     "rows of a folder: all, train or test (default: those not marked train, where some are test)"},
    {"write", 0, ARG_FLAG, NULL, "keep alpha and the distribution of scores in the bundle"},
    {"check", 0, ARG_TEXT, "FILE|FOLDER",
     "compare the scores of these prompts with the kept ones; exit status 1 when they drifted"},
    {"level", 0, ARG_TEXT, "P", "drift: a Kolmogorov-Smirnov p-value below P (default 0.01)"},
    {"json", 0, ARG_FLAG, NULL, "one JSON object a bundle"},
    SERVED_THRESHOLD_ROWS,
    SERVED_SCRIPT_ROWS,
    {"jobs", 'j', ARG_NUMBER, "N", "threads (default 1)"},
    ARG_END};

static int calibrate_main(int argc, char **argv);

const verb verb_calibrate = {
    "calibrate",
    "BUNDLE|RUN",
    1,
    1,
    "find the threshold for a share of strong calls, a cost or a quality",
    "With --target: alpha of the objective threshold on a sample of prompts, and what it gives "
    "there, with 95 %\n"
    "bootstrap intervals.  share=F is the (1 - F) quantile of P(strong beats weak); without "
    "--prompts, of the scores\n"
    "kept in the bundle.  cost=USD is the dearest threshold that stays within; quality=Q the "
    "cheapest that reaches it\n"
    "(of losses: at most Q).  Costs and outcomes are those recorded in a data folder; without them "
    "cost is the\n"
    "expected cost of a call.  `pointsman route BUNDLE --model router-NAME` serves what --write "
    "kept.\n"
    "With --check: has the distribution moved, and what share of calls is strong now.",
    rows,
    calibrate_main};

typedef struct job {
    const arg_value *value;
    app_env app;
    arena *a; /* of the sample and the list */
    served on;
    bool checks, as_json;
    calibrate_target target;
    sample sample;
    double level;
    int wide; /* column of names */
    bool drifted;
    size_t n_printed; /* lines of the table */
} job;

static bool given(const job *j, const char *name)
{
    return args_given(&verb_calibrate, j->value, name);
}

/* ---- what is printed ------------------------------------------------------------------------------------- */

static void put_mean(const calibrate_mean *m, int digits, str *out)
{
    size_t start = out->len;
    if (isfinite(m->at))
        str_printf(out, "  %.*f [%.*f, %.*f]", digits, m->at, digits, m->lo, digits, m->hi);
    else
        str_puts(out, "  -");
    str_printf(out, "%*s", out->len - start < 32 ? (int)(32 - (out->len - start)) : 0, "");
}

static void put_json_mean(const char *key, const calibrate_mean *m, str *out)
{
    str_printf(out, ",\"%s\":", key);
    str_number(out, m->at);
    str_printf(out, ",\"%s_low\":", key);
    str_number(out, m->lo);
    str_printf(out, ",\"%s_high\":", key);
    str_number(out, m->hi);
}

static void put_id(const char *key, const char *text, str *out)
{
    str_printf(out, ",\"%s\":", key);
    str_json(out, text, strlen(text));
}

static const char *expert(const calibrate_work *w, size_t j)
{
    return w->bundle->lib->expert[j]->id;
}

static void print_json(const job *j, const calibrate_work *w, const char *name,
                       const calibrate_met *m)
{
    str s = STR_INIT;
    str_puts(&s, "{\"bundle\":");
    str_json(&s, name, strlen(name));
    str_puts(&s, ",\"alpha\":");
    str_number(&s, m->alpha);
    put_id("target", j->target.text, &s);
    str_printf(&s, ",\"n\":%zu", w->scores.n);
    if (w->scores.is_pair) {
        put_id("strong", expert(w, w->scores.strong), &s);
        put_id("weak", expert(w, w->scores.weak), &s);
    }
    put_json_mean("share", &m->share, &s);
    put_json_mean("cost_usd", &m->cost, &s);
    str_printf(&s, ",\"cost_is_recorded\":%s", w->is_cost_recorded ? "true" : "false");
    put_json_mean("quality", &m->quality, &s);
    printf("%s}\n", str_text(&s));
    str_close(&s);
}

static void print_head(const job *j)
{
    printf("%-*s  %8s  %-30s  %-30s  %-30s  %7s  %s\n", j->wide, "bundle", "alpha", "strong calls",
           "USD a prompt", "mean outcome", "prompts", "pair");
}

static void print_line(const job *j, const calibrate_work *w, const char *name, calibrate_met m)
{
    str s = STR_INIT;
    if (w->sample.has_outcomes && w->sample.data.kind == PM_VALUE_LOSS)
        m.quality = (calibrate_mean){-m.quality.at, -m.quality.hi, -m.quality.lo};
    put_mean(&m.share, 4, &s);
    put_mean(&m.cost, 6, &s);
    put_mean(&m.quality, 4, &s);
    if (w->scores.is_pair)
        printf("%-*s  %.5f %s  %7zu  %s over %s\n", j->wide, name, m.alpha, str_text(&s),
               w->scores.n, expert(w, w->scores.strong), expert(w, w->scores.weak));
    else
        printf("%-*s  %.5f %s  %7zu\n", j->wide, name, m.alpha, str_text(&s), w->scores.n);
    str_close(&s);
}

/* What a number in a table would hide. */
static void tell(const job *j, const calibrate_work *w, const char *name, const calibrate_met *m)
{
    double n = (double)w->scores.n;
    if (w->scores.n < 30)
        fprintf(stderr,
                "pointsman calibrate: note: %s: %zu prompt%s: alpha says little about others\n",
                name, w->scores.n, w->scores.n == 1 ? "" : "s");
    if (j->target.kind == TARGET_SHARE && fabs(m->share.at - j->target.value) > 1 / n + 1e-12)
        fprintf(
            stderr,
            "pointsman calibrate: note: %s: %zu of %zu scores are equal at alpha, and go to the "
            "strong expert: the share is %.4f, not %.4f\n",
            name, m->n_tied, w->scores.n, m->share.at, j->target.value);
    if (w->scores.n < j->sample.x.n)
        fprintf(
            stderr,
            "pointsman calibrate: note: %s: %zu prompts without recorded outcomes are left out\n",
            name, j->sample.x.n - w->scores.n);
    if (isfinite(m->cost.at) && !w->is_cost_recorded)
        fprintf(stderr, "pointsman calibrate: note: %s: USD are what a call is expected to cost\n",
                name);
}

/* ---- keeping --------------------------------------------------------------------------------------------- */

static pm_status keep(const job *j, calibrate_work *w, const char *dir, const calibrate_met *m,
                      pm_err *err)
{
    size_t n = w->scores.n, q = n < CALIBRATION_QUANTILES ? n : CALIBRATION_QUANTILES;
    double *v = calibrate_sorted(w), *quantile = arena_alloc(w->a, q, sizeof *quantile);
    threshold *t = NULL;
    if (!v || !quantile) return err_set(err, PM_E_MEMORY, "%zu scores", n);
    for (size_t k = 0; k < q; k++)
        quantile[k] = q == n ? v[k] : calibrate_share(v, n, 1 - (double)k / (double)(q - 1));
    pm_status st = calibrate_at(w, m->alpha, &t, err);
    if (st) return st;
    calibration c = {.alpha = m->alpha,
                     .objective = threshold_params(t),
                     .target = j->target.text,
                     .n = n,
                     .prompts = w->sample.sha256,
                     .met = m->share.at,
                     .cost = m->cost.at,
                     .n_quantiles = q,
                     .quantile = quantile};
    st = calibration_write(dir, &c, err);
    threshold_close(t);
    return st;
}

/* ---- a target ----------------------------------------------------------------------------------------------- */

static pm_status calibrate_one(job *j, calibrate_work *w, const char *name, const char *dir,
                               pm_err *err)
{
    double alpha;
    calibrate_met m;
    pm_status st = calibrate_score(w, err);
    if (!st) st = calibrate_find(w, &j->target, &alpha, err);
    if (!st) st = calibrate_measure(w, alpha, &m, err);
    if (!st && given(j, "write")) st = keep(j, w, dir, &m, err);
    if (st) return st;
    if (j->as_json)
        print_json(j, w, name, &m);
    else {
        if (!j->n_printed++) print_head(j);
        print_line(j, w, name, m);
    }
    fflush(stdout);
    tell(j, w, name, &m);
    return PM_OK;
}

/* Another share of the scores that were kept: no prompts are asked about. */
static pm_status calibrate_kept(job *j, arena *a, const char *name, const char *dir, pm_err *err)
{
    calibration c;
    size_t n, above = 0;
    param_value *p;
    pm_status st = calibration_read(dir, a, &c, err);
    if (st && st != PM_E_NOT_TRAINED) return st;
    if (st || j->target.kind != TARGET_SHARE)
        return err_set(err, PM_E_ARG, "%s: --prompts FILE|FOLDER is needed: %s", name,
                       st ? "the bundle keeps no scores yet"
                          : "kept scores know no cost or quality");
    if (!isfinite(c.met))
        return err_set(err, PM_E_ARG, "%s: the kept scores are of no pair; give --prompts", name);
    if (given(j, "strong") || given(j, "weak") || given(j, "set"))
        return err_set(err, PM_E_ARG, "%s: the kept scores are of another pair; give --prompts",
                       name);
    c.alpha = calibrate_share(c.quantile, c.n_quantiles, j->target.value);
    c.alpha = calibrate_plain(c.quantile, c.n_quantiles, c.alpha);
    if (!(c.alpha >= 0 && c.alpha <= 1))
        return err_set(err, PM_E_INFEASIBLE, "%s: alpha = %.5f is outside [0, 1]", name, c.alpha);
    for (size_t k = 0; k < c.n_quantiles; k++) above += (float)c.quantile[k] >= (float)c.alpha;
    c.met = (double)above / (double)c.n_quantiles;
    c.cost = (double)NAN;
    c.target = j->target.text;
    st = threshold_given(c.objective, strlen(c.objective), a, &p, &n, err);
    calibrate_work w = {
        .call = j->on.call, .bundle = bundle_pipeline(j->on.bundle), .param = p, .n_param = n + 1};
    threshold *t = NULL;
    if (!st) st = calibrate_at(&w, c.alpha, &t, err);
    if (!st) c.objective = threshold_params(t);
    if (!st && given(j, "write")) st = calibration_write(dir, &c, err);
    threshold_close(t);
    if (st) return st;
    if (j->as_json)
        printf("{\"bundle\":\"%s\",\"alpha\":%.17g,\"share\":%.17g,\"n\":%zu}\n", name, c.alpha,
               c.met, c.n);
    else
        printf("%-*s  %.5f   %.4f of the %zu scores that were kept\n", j->wide, name, c.alpha,
               c.met, c.n);
    return PM_OK;
}

/* ---- drift -------------------------------------------------------------------------------------------------- */

typedef struct drift {
    double d, p, lo, hi;
    calibrate_met met;
} drift;

static void print_drift(job *j, const calibrate_work *w, const char *name, const calibration *c,
                        const drift *x)
{
    bool moved = x->p < j->level;
    j->drifted |= moved;
    if (j->as_json) {
        str s = STR_INIT;
        str_puts(&s, "{\"bundle\":");
        str_json(&s, name, strlen(name));
        str_printf(&s,
                   ",\"alpha\":%.17g,\"d\":%.17g,\"p\":%.17g,\"drift\":%s,\"n\":%zu,\"kept_n\":%zu",
                   c->alpha, x->d, x->p, moved ? "true" : "false", w->scores.n, c->n);
        calibrate_mean share = {x->met.share.at, x->lo, x->hi};
        put_json_mean("share", &share, &s);
        str_puts(&s, ",\"kept_share\":");
        str_number(&s, c->met);
        put_json_mean("cost_usd", &x->met.cost, &s);
        str_puts(&s, ",\"kept_cost_usd\":");
        str_number(&s, c->cost);
        printf("%s}\n", str_text(&s));
        str_close(&s);
        return;
    }
    char p[32]; /* below a millionth its digits say nothing */
    if (x->p < 1e-6)
        snprintf(p, sizeof p, "< 0.000001");
    else
        snprintf(p, sizeof p, "%.4f", x->p);
    printf("%-*s  D %.4f  p %s  %s at level %g\n", j->wide, name, x->d, p,
           moved ? "DRIFT" : "no drift", j->level);
    if (w->scores.is_pair)
        printf("%-*s  at alpha %.5f strong calls are %.4f [%.4f, %.4f] of %zu prompts; %.4f of %zu "
               "when calibrated\n",
               j->wide, "", c->alpha, x->met.share.at, x->lo, x->hi, w->scores.n, c->met, c->n);
    else
        printf("%-*s  at alpha %.5f a prompt costs %.6f [%.6f, %.6f] USD; %.6f when calibrated\n",
               j->wide, "", c->alpha, x->met.cost.at, x->met.cost.lo, x->met.cost.hi, c->cost);
}

static pm_status check_one(job *j, calibrate_work *w, const char *name, const char *dir,
                           pm_err *err)
{
    calibration c;
    drift x;
    param_value *p = NULL;
    pm_status st = calibration_read(dir, w->a, &c, err);
    if (!st) st = threshold_given(c.objective, strlen(c.objective), w->a, &p, &w->n_given, err);
    w->given = p;
    if (!st) st = calibrate_score(w, err);
    if (!st) st = calibrate_measure(w, c.alpha, &x.met, err);
    if (st) return st;
    double *v = calibrate_sorted(w);
    if (!v) return err_set(err, PM_E_MEMORY, "%zu scores", w->scores.n);
    x.d = drift_ks(c.quantile, c.n_quantiles, v, w->scores.n);
    x.p = drift_p(x.d, (double)c.n, (double)w->scores.n);
    drift_share(x.met.n_strong, w->scores.n, 0.95, &x.lo, &x.hi);
    print_drift(j, w, name, &c, &x);
    return PM_OK;
}

/* ---- the verb ------------------------------------------------------------------------------------------------- */

static pm_status run_bundle(job *j, const served_list *l, size_t k, pm_err *err)
{
    calibrate_work w = {.a = arena_open(0), .compute = &j->app.compute, .sample = j->sample};
    param_value *p = NULL;
    pm_status st = w.a ? served_open(&j->on, l->path[k], err)
                       : err_set(err, PM_E_MEMORY, "out of memory");
    if (!st) st = served_params(&j->on, NULL, 0, w.a, &p, &w.n_given, err);
    if (!st) st = pipeline_ctx_open(&j->app.env, true, &w.pipeline, err);
    if (!st) {
        w.given = p;
        w.call = j->on.call;
        w.bundle = bundle_pipeline(j->on.bundle);
        st = j->checks            ? check_one(j, &w, l->name[k], l->path[k], err)
             : j->sample.x.n == 0 ? calibrate_kept(j, w.a, l->name[k], l->path[k], err)
                                  : calibrate_one(j, &w, l->name[k], l->path[k], err);
    }
    pipeline_ctx_close(w.pipeline);
    served_close(&j->on);
    arena_close(w.a);
    return st ? err_wrap(err, st, "%s", l->name[k]) : PM_OK;
}

static pm_status read_level(job *j, pm_err *err)
{
    const char *text = args_text(&verb_calibrate, j->value, "level", "0.01");
    char *end;
    j->level = strtod(text, &end);
    if (*text && !*end && j->level > 0 && j->level < 1) return PM_OK;
    return err_set(err, PM_E_ARG, "--level %s: want a number between 0 and 1", text);
}

static pm_status run_all(job *j, const char *dir, pm_err *err)
{
    served_list list = {0};
    const char *from = args_text(&verb_calibrate, j->value, j->checks ? "check" : "prompts", NULL);
    const char *target = args_text(&verb_calibrate, j->value, "target", "");
    size_t dim = 0;
    pm_status st = read_level(j, err);
    if (!st && !j->checks) st = calibrate_target_read(target, &j->target, err);
    if (!st) st = served_bundles(dir, j->a, &list, err);
    for (size_t k = 0; k < list.n; k++) dim = list.dim[k] ? list.dim[k] : dim;
    if (!st && from)
        st = sample_read(from, args_text(&verb_calibrate, j->value, "part", NULL), dim, j->a,
                         &j->sample, err);
    if (st) return st;
    if (j->sample.repaired)
        fprintf(stderr, "pointsman calibrate: note: texts with repaired UTF-8: %zu\n",
                j->sample.repaired);
    if (j->sample.left_out)
        fprintf(stderr, "pointsman calibrate: note: %zu prompts of other parts are left out (%s)\n",
                j->sample.left_out, j->sample.part);
    for (size_t k = 0; k < list.n; k++)
        if ((int)strlen(list.name[k]) > j->wide) j->wide = (int)strlen(list.name[k]);
    for (size_t k = 0; k < list.n && !st; k++) st = run_bundle(j, &list, k, err);
    return st;
}

static int calibrate_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_calibrate, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    job j = {.value = value, .wide = 6};
    j.checks = given(&j, "check");
    j.as_json = given(&j, "json");
    if (j.checks == given(&j, "target") ||
        (j.checks && (given(&j, "write") || given(&j, "prompts")))) {
        fputs("pointsman calibrate: want --target WHAT --prompts FILE, or --check FILE\n", stderr);
        return EXIT_USAGE;
    }
    if (j.checks && (given(&j, "strong") || given(&j, "weak") || given(&j, "set"))) {
        fputs("pointsman calibrate: --check is of what was calibrated: no --strong, --weak or "
              "--set\n",
              stderr);
        return EXIT_USAGE;
    }
    pm_err err = PM_ERR_INIT;
    status = app_env_open(&j.app, args_int(&verb_calibrate, value, "jobs", 1));
    if (status != ARGS_GO_ON) return status;
    j.on = (served){.v = &verb_calibrate, .value = value, .env = &j.app.env};
    j.a = arena_open(0);
    pm_status st = j.a ? run_all(&j, operand[0], &err)
                       : err_set(&err, PM_E_MEMORY, "out of memory");
    served_end(&j.on);
    arena_close(j.a);
    app_env_close(&j.app);
    if (st) return app_failed("calibrate", &err);
    return j.drifted ? EXIT_FAILED : EXIT_FINE;
}
