/* SPDX-License-Identifier: MIT
 *
 * The pool.  A loop opens a job; sleeping workers join while it is open and take blocks from one
 * counter; the caller takes blocks too, closes the job when none are left and waits for those who
 * joined.  A worker that wakes too late costs nothing.  Not a task graph and not work stealing.
 */
#include "config.h"

#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define MOST_WORKERS 256

typedef struct job {
    size_t n, grain, blocks;
    threads_body body;
    void *arg;
    atomic_size_t next;   /* the first block not handed out */
    atomic_size_t failed; /* the lowest failing block, SIZE_MAX: none */
    pm_status status;     /* of that block; under the lock */
} job;

struct threads {
    int n;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    atomic_flag busy;
    bool open, stop; /* under the lock, as are the next two */
    uint64_t round;
    int active;
    job job;
    pthread_t id[MOST_WORKERS];
};

/* Who this thread is inside a loop; lets nested calls keep the caller's worker number. */
static _Thread_local const threads *inside;
static _Thread_local int inside_worker;

static pm_status run_block(const job *j, int worker, size_t block)
{
    size_t lo = block * j->grain;
    size_t hi = j->n - lo < j->grain ? j->n : lo + j->grain;
    return j->body(worker, lo, hi, j->arg);
}

static void run_share(threads *t, int worker)
{
    job *j = &t->job;
    const threads *outer = inside;
    int outer_worker = inside_worker;
    inside = t;
    inside_worker = worker;
    for (;;) {
        size_t block = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        /* Blocks below a failed one were handed out before it, so the lowest failure is always
         * found. */
        if (block >= j->blocks || block > atomic_load(&j->failed)) break;
        pm_status s = run_block(j, worker, block);
        if (s == PM_OK) continue;
        pthread_mutex_lock(&t->lock);
        if (block < atomic_load(&j->failed)) {
            atomic_store(&j->failed, block);
            j->status = s;
        }
        pthread_mutex_unlock(&t->lock);
    }
    inside = outer;
    inside_worker = outer_worker;
}

typedef struct seat { /* handed to a new thread, which copies it before threads_open goes on */
    threads *t;
    int worker;
    bool taken;
} seat;

static void *work(void *arg)
{
    seat *given = arg;
    threads *t = given->t;
    pthread_mutex_lock(&t->lock);
    int worker = given->worker;
    given->taken = true;
    pthread_cond_broadcast(&t->done);
    uint64_t seen = t->round;
    for (;;) {
        while (!t->stop && !(t->open && t->round != seen)) pthread_cond_wait(&t->work, &t->lock);
        if (t->stop) break;
        seen = t->round;
        t->active++;
        pthread_mutex_unlock(&t->lock);
        run_share(t, worker);
        pthread_mutex_lock(&t->lock);
        if (--t->active == 0) pthread_cond_broadcast(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static int default_count(void)
{
    const char *jobs = getenv("POINTSMAN_JOBS");
    if (jobs) {
        char *end = NULL;
        long n = strtol(jobs, &end, 10);
        if (end != jobs && *end == '\0' && n >= 1) return n < MOST_WORKERS ? (int)n : MOST_WORKERS;
    }
#ifdef CPU_COUNT
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < MOST_WORKERS ? (int)online : 1;
}

threads *threads_open(int n)
{
    if (n <= 0) n = default_count();
    if (n > MOST_WORKERS) n = MOST_WORKERS;
    threads *t = mem_alloc(1, sizeof *t);
    if (!t) return NULL;
    atomic_flag_clear(&t->busy);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->done, NULL);
    sigset_t all, before; /* signals belong to the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&t->lock);
    for (t->n = 1; t->n < n; t->n++) {
        seat s = {t, t->n, false};
        if (pthread_create(&t->id[t->n], NULL, work, &s) != 0)
            break; /* fewer workers, same results */
        while (!s.taken) pthread_cond_wait(&t->done, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return t;
}

void threads_close(threads *t)
{
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (int w = 1; w < t->n; w++) pthread_join(t->id[w], NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

int threads_count(const threads *t)
{
    return t ? t->n : 1;
}

static pm_status run_alone(const job *j, int worker)
{
    for (size_t block = 0; block < j->blocks; block++) {
        pm_status s = run_block(j, worker, block);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

pm_status threads_for(threads *t, size_t n, size_t grain, threads_body body, void *arg)
{
    if (n == 0) return PM_OK;
    if (grain == 0) grain = n;
    size_t blocks = n / grain + (n % grain != 0);
    if (!t || t->n == 1 || blocks == 1 || inside == t || atomic_flag_test_and_set(&t->busy)) {
        job alone = {.n = n, .grain = grain, .blocks = blocks, .body = body, .arg = arg};
        return run_alone(&alone, t && inside == t ? inside_worker : 0);
    }
    pthread_mutex_lock(&t->lock);
    job *j = &t->job;
    j->n = n;
    j->grain = grain;
    j->blocks = blocks;
    j->body = body;
    j->arg = arg;
    j->status = PM_OK;
    atomic_store(&j->next, 0);
    atomic_store(&j->failed, SIZE_MAX);
    t->round++;
    t->open = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    run_share(t, 0);
    pthread_mutex_lock(&t->lock);
    t->open = false;
    while (t->active > 0) pthread_cond_wait(&t->done, &t->lock);
    pm_status s = j->status;
    pthread_mutex_unlock(&t->lock);
    atomic_flag_clear(&t->busy);
    return s;
}
