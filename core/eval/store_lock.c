/* SPDX-License-Identifier: MIT
 *
 * Whether a process is at work on a run: it holds a shared lock on DIR/locks/KEY, which the system drops with
 * the process however that ends.  No process numbers, which are reused, and no clocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "eval/store_private.h"

static const char *lock_path(const store *s, const char *key, arena *a, const char **folder)
{
    *folder = io_join(a, s->dir, "locks");
    return *folder ? io_join(a, *folder, key) : NULL;
}

static int lock(int file, int how)
{
    int code;
    do code = flock(file, how);
    while (code != 0 && errno == EINTR);
    return code;
}

/* A file system without locks costs the word "interrupted" in a list, not the run. */
void store_hold(store *s, const char *key)
{
    pm_err ignored = PM_ERR_INIT;
    const char *folder;
    arena *a = arena_open(0);
    const char *path = a ? lock_path(s, key, a, &folder) : NULL;
    store_let_go(s);
    if (path && !io_mkdir(folder, &ignored)) {
        s->held = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (s->held >= 0 && lock(s->held, LOCK_SH) != 0) store_let_go(s);
    }
    err_clear(&ignored);
    arena_close(a);
}

void store_let_go(store *s)
{
    if (s->held >= 0) (void)close(s->held);
    s->held = -1;
}

/* The file goes with the run's end.  Another process at work on the same run then looks stopped until it
 * ends too; the run is done by then, so no list says so. */
void store_release(store *s, const char *key)
{
    const char *folder;
    arena *a = arena_open(0);
    const char *path = a ? lock_path(s, key, a, &folder) : NULL;
    if (path) (void)unlink(path);
    store_let_go(s);
    arena_close(a);
}

bool store_is_held(const store *s, const char *key)
{
    const char *folder;
    arena *a = arena_open(0);
    const char *path = a ? lock_path(s, key, a, &folder) : NULL;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool held = file < 0 && errno != ENOENT; /* not to be asked: nobody is declared dead */
    if (file >= 0) {
        held = lock(file, LOCK_EX | LOCK_NB) != 0;
        (void)close(file);
    }
    arena_close(a);
    return held;
}
