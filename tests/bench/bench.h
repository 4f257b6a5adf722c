/* SPDX-License-Identifier: MIT
 *
 * What benchmarks share: medians of interleaved runs, and figures printed as JSON lines (standard output)
 * and as a table (standard error).  Figures are reported beside floors and goals, never asserted.
 */
#ifndef PM_BENCH_H
#define PM_BENCH_H

#include "math/compute.h"

/* One thing to time: a sample is `calls` calls of run(arg), and counts as their mean. */
typedef struct bench_work {
    void (*run)(void *arg);
    void *arg;
    size_t calls;
    double median; /* seconds a call; set by bench_measure */
} bench_work;

/* Warms up, then times the works in turn: `rounds` times `block` samples of each, so that all of them meet
 * the same disturbances, and each finds its own data in the caches after the first sample of a block. */
void bench_measure(bench_work *w, size_t n, size_t rounds, size_t block);

double bench_now(void); /* seconds */

typedef struct bench_figure {
    char what[80];
    double value;
    const char *unit; /* "us", "GFLOP/s" */
    bool is_rate;     /* more is better */
    double floor; /* the best that this machine could do, in `unit`, of the same run; NAN: none */
    const char *floor_is;
    double goal; /* in `unit`; NAN: none */
    size_t n;    /* samples behind the median */
} bench_figure;

enum { BENCH_MOST = 128 };

typedef struct bench {
    const char *name;
    const compute *c; /* NULL: nothing of ours computes (whole processes) */
    int n_threads;
    double
        load; /* of the machine when the benchmark began: above 1, others were at work; -1: unknown */
    bench_figure kept[BENCH_MOST];
    size_t n_kept;
} bench;

void bench_open(bench *b, const char *name, const compute *c);
/* Prints {"bench","what","value","unit","floor","floor_is","ratio","goal","n","machine":{...}}; ratio is
 * how many times slower than the floor, whichever way the unit goes. */
void bench_record(bench *b, const bench_figure *f);
void bench_close(bench *b); /* prints the table */

/* Exits with the message unless s is PM_OK. */
void bench_must(pm_status s, const pm_err *err);

#endif
