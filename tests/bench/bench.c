/* SPDX-License-Identifier: MIT
 *
 * Timing and reporting for benchmarks; see bench.h.
 */
#include "config.h"

#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void bench_must(pm_status s, const pm_err *err)
{
    if (s == PM_OK) return;
    fprintf(stderr, "benchmark: %s\n", err_text(err));
    exit(1);
}

/* ---- time ----------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double sample(const bench_work *w)
{
    double start = bench_now();
    for (size_t i = 0; i < w->calls; i++) w->run(w->arg);
    return (bench_now() - start) / (double)w->calls;
}

void bench_measure(bench_work *w, size_t n, size_t rounds, size_t block)
{
    size_t samples = rounds * block;
    double *took = mem_alloc(n * samples, sizeof *took);
    if (!took) exit(1);
    for (size_t k = 0; k < n; k++) (void)sample(&w[k]);
    for (size_t r = 0; r < rounds; r++)
        for (size_t k = 0; k < n; k++)
            for (size_t s = 0; s < block; s++) took[k * samples + r * block + s] = sample(&w[k]);
    for (size_t k = 0; k < n; k++) w[k].median = median(took + k * samples, samples);
    mem_free(took);
}

/* ---- figures -------------------------------------------------------------------------------------- */

void bench_open(bench *b, const char *name, const compute *c)
{
    memset(b, 0, sizeof *b);
    b->name = name;
    b->c = c;
    if (getloadavg(&b->load, 1) != 1) b->load = -1;
    b->n_threads = c ? threads_count(c->pool) : 1;
}

static double ratio_of(const bench_figure *f)
{
    return f->is_rate ? f->floor / f->value : f->value / f->floor;
}

/* A member of a JSON object; what is not finite is null. */
static void number(const char *name, double v, const char *form)
{
    printf("\"%s\": ", name);
    if (isfinite(v))
        printf(form, v);
    else
        printf("null");
    printf(", ");
}

void bench_record(bench *b, const bench_figure *f)
{
    cpu_features cpu = b->c ? b->c->cpu : cpu_detect();
    printf("{\"bench\": \"%s\", \"what\": \"%s\", ", b->name, f->what);
    number("value", f->value, "%.5g");
    printf("\"unit\": \"%s\", ", f->unit);
    number("floor", f->floor, "%.5g");
    if (f->floor_is) printf("\"floor_is\": \"%s\", ", f->floor_is);
    number("ratio", ratio_of(f), "%.3f");
    number("goal", f->goal, "%.5g");
    printf("\"n\": %zu, \"machine\": {\"cpu\": \"%s\", \"kernels\": \"%s\", \"threads\": %d, "
           "\"load\": %.2f}}\n",
           f->n, cpu.brand, b->c ? b->c->k->name : "none", b->n_threads, b->load);
    fflush(stdout);
    if (b->n_kept < BENCH_MOST) b->kept[b->n_kept++] = *f;
}

static const char *verdict(const bench_figure *f)
{
    if (isnan(f->goal)) return "";
    return (f->is_rate ? f->value >= f->goal : f->value <= f->goal) ? "reached" : "missed";
}

static void cell(double v, const char *form)
{
    if (isnan(v))
        fprintf(stderr, "%10s", "");
    else
        fprintf(stderr, form, v);
}

void bench_close(bench *b)
{
    fprintf(stderr, "\n%-56s %10s %-8s%10s%9s%10s\n", b->name, "value", "unit", "floor", "ratio",
            "goal");
    for (size_t i = 0; i < b->n_kept; i++) {
        const bench_figure *f = &b->kept[i];
        fprintf(stderr, "%-56s %10.4g %-8s", f->what, f->value, f->unit);
        cell(f->floor, "%10.4g");
        cell(ratio_of(f), "%9.2f");
        cell(f->goal, "%10.4g");
        fprintf(stderr, " %s\n", verdict(f));
    }
}
