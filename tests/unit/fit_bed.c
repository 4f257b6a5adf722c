/* SPDX-License-Identifier: MIT
 *
 * Features, outcomes and slopes for tests; see fit_bed.h.
 */
#include "config.h"

#include "fit_bed.h"

#include "base/io.h"
#include "base/rng.h"

pm_prompts *fit_bed_prompts(bed *b, size_t n, size_t d, size_t v, size_t seed)
{
    enum { WORDS = 6 };
    pm_prompts *x = bed_prompts(b, n, d, seed);
    if (!v) return x;
    uint64_t *start = arena_alloc(b->room, n + 1, sizeof *start);
    uint32_t *col = arena_alloc(b->room, n * WORDS, sizeof *col);
    float *val = arena_alloc(b->room, n * WORDS, sizeof *val);
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < WORDS; w++) { /* one of each sixth of the columns: ascending */
            size_t lo = v * w / WORDS, hi = v * (w + 1) / WORDS;
            col[i * WORDS + w] = (uint32_t)(lo + rng_below(seed, 1, i * WORDS + w, hi - lo));
            val[i * WORDS + w] = (float)(0.2 + rng_uniform(seed, 2, i * WORDS + w) / 3);
        }
        start[i + 1] = (i + 1) * WORDS;
    }
    x->sparse = (pm_csr){start, col, val, n, v};
    return x;
}

pm_outcomes *fit_bed_planted(bed *b, const pm_prompts *x, size_t m, pm_value_kind kind)
{
    float *y = arena_alloc(b->room, x->n * m, sizeof *y);
    double unit = kind == PM_VALUE_QUALITY ? 0.15 : 0.4;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < m; j++) {
            double sum = kind == PM_VALUE_QUALITY ? 0.5 : 1;
            for (size_t t = 0; t < x->embed.cols; t++)
                sum += unit * (rng_uniform(5, 1, t * 64 + j) - 0.5) *
                       (double)pm_crow(x->embed, i)[t];
            y[i * m + j] = (float)sum;
        }
    return bed_outcomes_of(b, kind, x->n, m, y);
}

pm_fit fit_bed_fit(bed *b, pm_prompts *x, pm_outcomes *y)
{
    return (pm_fit){.size = sizeof(pm_fit), .lib = bed_library(b, y->value.cols), .x = x, .y = y};
}

void fit_bed_slopes(fit_bed_loss loss, const void *goal, size_t row, size_t units, size_t seed)
{
    enum { MOST = 16 };
    const float step = 1.0f / 1024;
    float answer[MOST], slope[MOST] = {0};
    for (size_t u = 0; u < units; u++) /* so that steps are exact */
        answer[u] = (float)(round(512 * (rng_uniform(seed, 3, u) - 0.5)) / 256);
    double at = loss(goal, row, answer, slope);
    ck_assert(isfinite(at));
    ck_assert_double_eq(at, loss(goal, row, answer, NULL));
    for (size_t u = 0; u < units; u++) {
        float kept = answer[u];
        answer[u] = kept + step;
        double above = loss(goal, row, answer, NULL);
        answer[u] = kept - step;
        double below = loss(goal, row, answer, NULL);
        answer[u] = kept;
        double want = (above - below) / (2 * (double)step);
        ck_assert_msg(fabs(want - (double)slope[u]) < 2e-4 * (1 + fabs(want)),
                      "row %zu, unit %zu: slope %g, by differences %g", row, u, (double)slope[u],
                      want);
    }
}

/* A context like the bed's but for `env`; the router is trained in it. */
static router *train_in(bed *b, const plug_env *env, call_ctx **call, const char *name,
                        const char *params, const pm_fit *fit)
{
    router *r;
    bed_ok(b, call_ctx_open(env, true, call, &b->err));
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, name);
    router_spec spec = {e, bed_params(b, e, params), 7};
    bed_ok(b, router_train(*call, &spec, fit, &r, &b->err));
    return r;
}

void fit_bed_threads(bed *b, const char *name, const char *params, const pm_fit *fit)
{
    str file[2] = {STR_INIT, STR_INIT};
    size_t cells = fit->x->n * fit->lib->n;
    float *value[2];
    for (int k = 0; k < 2; k++) {
        compute here;
        plug_env env = b->env;
        call_ctx *call;
        char path[300];
        ck_assert_int_eq(compute_open(k + 1, &here, &b->err), PM_OK);
        env.compute = &here;
        router *r = train_in(b, &env, &call, name, params, fit);
        pm_scores s = {.size = sizeof s}; /* of win probabilities, column 0 is the reference */
        value[k] = arena_alloc(b->room, cells, sizeof(float));
        s.value = (pm_mat){value[k], fit->x->n, fit->lib->n, fit->lib->n};
        bed_ok(b, router_predict(r, call, fit->lib, fit->x, &s, &b->err));
        snprintf(path, sizeof path, "%s/threads", b->folder);
        bed_ok(b, router_save(r, call, path, &b->err));
        bed_ok(b, io_read(path, SIZE_MAX / 2, &file[k], &b->err));
        router_close(r);
        call_ctx_close(call);
        compute_close(&here);
    }
    ck_assert_mem_eq(value[0], value[1], cells * sizeof(float));
    ck_assert_uint_eq(file[0].len, file[1].len);
    ck_assert_mem_eq(file[0].at, file[1].at, file[0].len);
    str_close(&file[0]);
    str_close(&file[1]);
}

struct watch {
    double *curve;
    size_t n;
};

static void note_tune(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    struct watch *w = arg;
    (void)what;
    ck_assert(done >= 0 && done <= 1);
    for (size_t k = 0; k < n; k++)
        if (strcmp(m[k].name, "tune") == 0) w->curve[++w->n] = m[k].value;
}

router *fit_bed_watched(bed *b, const char *name, const char *params, const pm_fit *fit,
                        double *curve, size_t *n)
{
    struct watch w = {curve, 0};
    plug_env env = b->env;
    call_ctx *call;
    env.progress = note_tune;
    env.progress_arg = &w;
    router *r = train_in(b, &env, &call, name, params, fit);
    call_ctx_close(call);
    *n = w.n;
    return r;
}
