/* SPDX-License-Identifier: MIT
 *
 * What checks of several kinds need: comparisons to the bit, damaged checkpoints, canceled builds, two
 * threads at once, every word of every parameter.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "app/conform_heap.h"
#include "app/conform_trial.h"
#include "base/io.h"
#include "base/rng.h"

enum { DAMAGES = 64, CANCEL_POINTS = 10, LEAK_REPEATS = 50 };
enum { S_CUT = 1, S_FLIP, S_BIT, S_CANCEL };

void check_documented(trial *t, conform_result *r)
{
    const plugin_entry *e = t->e;
    if (!*e->doc) check_fail(r, "doc is empty: say what it does, when it wins, when it loses");
    if (!*e->source) check_fail(r, "source is empty: name the paper and equation, or \"ours\"");
    for (const pm_param *p = e->params; p->name; p++)
        if (!p->doc || !*p->doc) check_fail(r, "parameter '%s' has no doc", p->name);
}

/* The guard's messages are its interface here: tests/contract asserts which is which. */
guard_rule guard_rule_of(const pm_err *err)
{
    if (err->status != PM_E_CONTRACT) return RULE_NONE;
    if (strstr(err->text, "was not written")) return RULE_UNWRITTEN;
    if (strstr(err->text, " is NaN") || strstr(err->text, "infinite")) return RULE_NOT_FINITE;
    if (strstr(err->text, "; want [") || strstr(err->text, "sums to")) return RULE_RANGE;
    if (strstr(err->text, "called own()")) return RULE_OWN;
    return RULE_OTHER;
}

pm_mat trial_mat(trial *t, size_t rows, size_t cols)
{
    size_t cells;
    float *at = mem_size(rows, cols, &cells) ? arena_alloc(t->a, cells, sizeof *at) : NULL;
    return (pm_mat){at, rows, cols, cols};
}

/* Same bits, or near enough.  NaN equals NaN: backends answer it. */
static bool is_same(float a, float b, double tolerance)
{
    if (memcmp(&a, &b, sizeof a) == 0) return true;
    if (tolerance <= 0) return false;
    return fabs((double)a - (double)b) <= tolerance * fmax(1.0, fabs((double)a));
}

bool check_same(conform_result *r, pm_mat want, pm_mat got, const same_spec *s)
{
    if (!want.at || !got.at) return true;
    for (size_t i = 0; i < got.rows; i++) {
        for (size_t j = 0; j < got.cols; j++) {
            size_t wi = s->row ? s->row[i] : i, wj = s->col ? s->col[j] : j;
            float a = pm_row(want, wi)[wj], b = pm_row(got, i)[j];
            if (is_same(a, b, s->tolerance)) continue;
            char place[80] = "";
            if (wi != i || wj != j)
                snprintf(place, sizeof place, " as in row %zu, column %zu before", wi, wj);
            check_fail(r, "%s: row %zu, column %zu is %.9g, expected %.9g%s", s->what, i, j,
                       (double)b, (double)a, place);
            return false;
        }
    }
    return true;
}

bool check_same_file(conform_result *r, const char *a, const char *b, const char *what)
{
    str left = STR_INIT, right = STR_INIT;
    pm_err err = PM_ERR_INIT;
    bool same = false;
    if (io_read(a, SIZE_MAX / 2, &left, &err) != PM_OK ||
        io_read(b, SIZE_MAX / 2, &right, &err) != PM_OK) {
        check_fail_err(r, what, &err);
    } else if (left.len != right.len) {
        check_fail(r, "%s: %zu bytes, then %zu bytes", what, left.len, right.len);
    } else {
        size_t at = 0;
        while (at < left.len && left.at[at] == right.at[at]) at++;
        same = at == left.len;
        if (!same) check_fail(r, "%s: byte %zu differs", what, at);
    }
    str_close(&left);
    str_close(&right);
    return same;
}

/* ---- damaged files --------------------------------------------------------------------------------- */

static void one_damage(trial *t, conform_result *r, const str *whole, damage_load load, uint64_t k)
{
    char *path = trial_path(t, "damaged");
    size_t len = whole->len, bit = SIZE_MAX;
    pm_err err = PM_ERR_INIT;
    if (k % 2) {
        len = (size_t)rng_below(t->seed, S_CUT, k, whole->len);
    } else {
        bit = (size_t)rng_below(t->seed, S_FLIP, k, whole->len * 8);
        whole->at[bit / 8] ^= (char)(1 << bit % 8);
    }
    pm_status s = io_write(path, whole->at, len, &err);
    if (bit != SIZE_MAX) whole->at[bit / 8] ^= (char)(1 << bit % 8);
    if (s != PM_OK) {
        check_fail_err(r, "writing a damaged checkpoint", &err);
    } else if (load(t, path, &err) == PM_OK) {
        if (bit != SIZE_MAX)
            check_fail(r, "a checkpoint with bit %zu flipped was loaded", bit);
        else
            check_fail(r, "a checkpoint cut to %zu of %zu bytes was loaded", len, whole->len);
    } else if (!*err.text) {
        check_fail(r, "a damaged checkpoint was refused without a message");
    }
}

void check_damage(trial *t, conform_result *r, const char *path, damage_load load)
{
    str whole = STR_INIT;
    pm_err err = PM_ERR_INIT;
    if (io_read(path, SIZE_MAX / 2, &whole, &err) != PM_OK) check_fail_err(r, "checkpoint", &err);
    for (uint64_t k = 0; k < DAMAGES && r->passed; k++) one_damage(t, r, &whole, load, k);
    str_close(&whole);
}

/* ---- canceled builds -------------------------------------------------------------------------------- */

static pm_status build_canceled_at(trial *t, cancel_build build, long at, pm_err *err)
{
    atomic_store(&t->progress_calls, 0);
    atomic_store(&t->cancel, false);
    t->last_done = 0;
    t->cancel_at = at;
    pm_status s = build(t, err);
    t->cancel_at = 0;
    atomic_store(&t->cancel, false);
    return s;
}

/* How often an undisturbed build reports progress; 0 after saying why in r. */
static long count_progress(trial *t, conform_result *r, cancel_build build)
{
    pm_err err = PM_ERR_INIT;
    t->done_is_sane = true;
    if (build_canceled_at(t, build, 0, &err) != PM_OK) {
        check_fail_err(r, "build", &err);
        return 0;
    }
    long calls = atomic_load(&t->progress_calls);
    if (!calls)
        check_skip(r, "the build reports no progress");
    else if (!t->done_is_sane)
        check_fail(r, "progress left [0,1] or fell");
    return r->passed ? calls : 0;
}

void check_cancel(trial *t, conform_result *r, cancel_build build)
{
    long calls = count_progress(t, r, build);
    for (uint64_t k = 0; k < CANCEL_POINTS && calls; k++) {
        long at = 1 + (long)rng_below(t->seed, S_CANCEL, k, (uint64_t)calls);
        pm_err err = PM_ERR_INIT;
        pm_status s = build_canceled_at(t, build, at, &err);
        if (s == PM_E_CANCELED) continue;
        check_fail(r, "canceled at progress call %ld of %ld, the build ended with %s", at, calls,
                   s == PM_OK ? "success: it went on after progress() said E_CANCELED"
                              : err_text(&err));
        return;
    }
}

typedef struct leak_window { /* LEAK_REPEATS builds in a row */
    trial *t;
    cancel_build build;
    long calls; /* progress calls of a build that is canceled; 0: it is not */
} leak_window;

static void *window_run(void *arg)
{
    const leak_window *w = arg;
    for (uint64_t k = 0; k < LEAK_REPEATS; k++) {
        long at = w->calls ? 1 + (long)rng_below(w->t->seed, S_CANCEL, k, (uint64_t)w->calls) : 0;
        pm_err err = PM_ERR_INIT;
        (void)build_canceled_at(w->t, w->build, at, &err);
    }
    return NULL;
}

/* The bytes by which the heap grows over a window.  It runs in a thread of its own: blocks that were freed
 * into a thread's cache count as in use with the GNU C library, and only the end of the thread empties the
 * cache.  In one thread for all, a plugin whose blocks vary in size (Lua) seems to leak for minutes. */
static size_t growth(leak_window *w)
{
    pthread_t thread;
    call_ctx *two = w->t->c;
    size_t before = heap_in_use();
    w->t->c = w->t->c_one; /* the pool's threads have caches, too */
    if (pthread_create(&thread, NULL, window_run, w) == 0)
        pthread_join(thread, NULL);
    else
        window_run(w);
    w->t->c = two;
    size_t after = heap_in_use();
    return after > before ? after - before : 0;
}

/* Warm-up first: contexts and first-use tables may grow once.  A leak grows every time. */
void check_leak(trial *t, conform_result *r, cancel_build build, bool canceled)
{
    long calls = canceled ? count_progress(t, r, build) : 0;
    if (canceled && !calls) return;
    if (!heap_is_counted()) {
        check_skip(r, "the size of the heap is not known here");
        return;
    }
    leak_window window = {t, build, calls};
    (void)growth(&window);
    size_t first = growth(&window), second = growth(&window);
    if (first < LEAK_REPEATS * sizeof(void *) || second < LEAK_REPEATS * sizeof(void *)) return;
    check_fail(r, "the heap grew by %zu bytes over %d %s builds, and by %zu over %d more", first,
               LEAK_REPEATS, canceled ? "canceled" : "finished", second, LEAK_REPEATS);
}

/* ---- two threads at once ------------------------------------------------------------------------------ */

typedef struct at_once_run {
    const at_once *job;
    call_ctx *c[2];
} at_once_run;

static pm_status at_once_block(int worker, size_t lo, size_t hi, void *arg)
{
    at_once_run *run = arg;
    pm_status s = PM_OK;
    for (size_t i = lo; i < hi && s == PM_OK; i++)
        s = run->job->body(run->job->arg, run->c[worker], worker, i);
    return s;
}

pm_status trial_at_once(trial *t, const at_once *job, pm_err *err)
{
    at_once_run run = {job, {NULL, NULL}};
    pm_status s = call_ctx_open(&t->env_one, false, &run.c[0], err);
    if (s == PM_OK) s = call_ctx_open(&t->env_one, false, &run.c[1], err);
    if (s == PM_OK) s = threads_for(t->two.pool, job->n, 1, at_once_block, &run);
    call_ctx_close(run.c[0]);
    call_ctx_close(run.c[1]);
    return s;
}

/* ---- every word of every parameter --------------------------------------------------------------------- */

static void *params_copy(trial *t)
{
    void *copy = arena_alloc(t->a, 1, t->e->params_bytes + 1);
    if (copy && t->e->params_bytes) memcpy(copy, t->params, t->e->params_bytes);
    return copy;
}

static void visit_value(trial *t, conform_result *r, const pm_param *p, int64_t v,
                        choice_visit visit)
{
    char *copy = params_copy(t), why[sizeof r->why];
    if (!copy || !r->passed) return;
    memcpy(copy + p->offset, &v, sizeof v);
    visit(t, r, copy);
    if (r->passed) return;
    const char *word = p->type == PM_P_BOOL ? (v ? "true" : "false")
                                            : p->choices[p->type == PM_P_I64 ? -1 - v : v];
    memcpy(why, r->why, sizeof why);
    check_fail(r, "with %s = %s: %.400s", p->name, word, why);
}

void check_choices(trial *t, conform_result *r, choice_visit visit)
{
    size_t seen = 0;
    for (const pm_param *p = t->e->params; p->name && r->passed; p++) {
        if (p->type == PM_P_BOOL) {
            seen++;
            visit_value(t, r, p, 0, visit);
            visit_value(t, r, p, 1, visit);
        } else if (p->choices) {
            seen++;
            for (int64_t w = 0; p->choices[w] && r->passed; w++)
                visit_value(t, r, p, p->type == PM_P_I64 ? -1 - w : w, visit);
        }
    }
    if (!seen && r->passed) check_skip(r, "no parameter has words");
}
