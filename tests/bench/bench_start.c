/* SPDX-License-Identifier: MIT
 *
 * Start-up of the program as a whole process: spawn, run, wait.  Floor: /bin/true in the same rounds.
 * Run from the build folder; $srcdir is the source folder.
 */
#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

enum { ROUNDS = 10, BLOCK = 2, GOAL_MS = 50 };

typedef struct process {
    const char *what;
    const char *argv[4];
    int expect, status;
} process;

static void run(void *arg)
{
    process *p = arg;
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int status = -1;
    if (posix_spawn(&pid, p->argv[0], &quiet, NULL, (char *const *)(uintptr_t)p->argv, environ) !=
            0 ||
        waitpid(pid, &status, 0) != pid)
        status = -1;
    posix_spawn_file_actions_destroy(&quiet);
    p->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The program itself, not libtool's wrapper, which is a shell script. */
static const char *program(void)
{
    static const char *const places[] = {".libs/pointsman", "./pointsman"};
    for (size_t i = 0; i < 2; i++)
        if (access(places[i], X_OK) == 0) return places[i];
    return NULL;
}

int main(void)
{
    const char *pointsman = program(), *folder = getenv("srcdir");
    char script[1024];
    if (!pointsman) {
        fputs("bench_start: skipped: no ./pointsman here; run from the build folder\n", stderr);
        return 0;
    }
    snprintf(script, sizeof script, "%.900s/experiments/quickstart.lua", folder ? folder : ".");
    process all[] = {{"/bin/true", {"/bin/true"}, 0, 0},
                     {"pointsman --version", {pointsman, "--version"}, 0, 0},
                     {"pointsman plugins", {pointsman, "plugins"}, 0, 0},
                     {"pointsman check quickstart.lua", {pointsman, "check", script}, 0, 0}};
    enum { N = sizeof all / sizeof *all };
    bench_work w[N];
    bench out;
    for (size_t i = 0; i < N; i++) w[i] = (bench_work){run, &all[i], 1, 0};
    bench_measure(w, N, ROUNDS, BLOCK);
    bench_open(&out, "start", NULL);
    for (size_t i = 1; i < N; i++) {
        bench_figure f = {.value = w[i].median * 1e3,
                          .unit = "ms",
                          .floor = w[0].median * 1e3,
                          .floor_is = all[0].what,
                          .goal = GOAL_MS,
                          .n = (size_t)ROUNDS * BLOCK};
        snprintf(f.what, sizeof f.what, "%s", all[i].what);
        if (all[i].status == all[i].expect)
            bench_record(&out, &f);
        else
            fprintf(stderr, "bench_start: skipped: %s ends with status %d\n", all[i].what,
                    all[i].status);
    }
    bench_close(&out);
    return 0;
}
