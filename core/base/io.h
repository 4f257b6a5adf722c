/* SPDX-License-Identifier: MIT
 *
 * Files: whole reads, read-only maps, atomic writes, directories, XDG places.
 */
#ifndef PM_BASE_IO_H
#define PM_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* A read-only mapping of a whole file.  An empty file maps to at = "" and len = 0. */
typedef struct io_map {
    const void *at;
    size_t len;
    bool mapped;
} io_map;

PM_MUST_USE pm_status io_map_open(const char *path, io_map *out, pm_err *err);
void io_map_close(io_map *m);
/* The pages that were read may go from memory; they are read again when touched. */
void io_map_drop(const io_map *m);

/* The whole file into a heap string (gzip is not undone here: see base/gz.h). */
PM_MUST_USE pm_status io_read(const char *path, size_t max_bytes, str *out, pm_err *err);

/* The next line of a stream without its end ("\n" or "\r\n"), into the cleared `line`; *more is
 * false after the last.  A line longer than max_bytes is PM_E_FORMAT.  `name` is for messages. */
PM_MUST_USE pm_status io_line(FILE *stream, const char *name, size_t max_bytes, str *line,
                              bool *more, pm_err *err);

/* Atomic write: path.tmp.PID, fsync, rename, fsync of the folder.  All or nothing. */
PM_MUST_USE pm_status io_write(const char *path, const void *bytes, size_t len, pm_err *err);

/* The same for streams: write to io_out_file(); commit renames, abandon removes the temporary. */
typedef struct io_out io_out;
PM_MUST_USE pm_status io_out_open(const char *path, io_out **out, pm_err *err);
FILE *io_out_file(io_out *o);
PM_MUST_USE pm_status io_out_commit(io_out *o, pm_err *err); /* closes in any case */
void io_out_abandon(io_out *o);

PM_MUST_USE pm_status io_mkdir(const char *path, pm_err *err); /* with parents */
bool io_exists(const char *path);
bool io_is_dir(const char *path);
bool io_is_file(const char *path); /* regular: of a known size, and the same when read twice */

/* Removes a folder and the files in it; one that holds a folder is left as it is: PM_E_IO. */
PM_MUST_USE pm_status io_remove_folder(const char *path, pm_err *err);
/* Gives the folder `from` the name `to`, in whose place there may be nothing, an empty folder or (with
 * `replace`) a folder of files, which is gone afterwards.  Both lie in one file system. */
PM_MUST_USE pm_status io_move_folder(const char *from, const char *to, bool replace, pm_err *err);

/* Sorted names (not paths) of a folder without "." and ".."; owned by the arena. */
PM_MUST_USE pm_status io_list(const char *dir, arena *a, char ***names, size_t *n, pm_err *err);

/* dir + "/" + name in the arena. */
char *io_join(arena *a, const char *dir, const char *name);

/* $XDG_DATA_HOME/pointsman, $XDG_STATE_HOME/pointsman, $XDG_CACHE_HOME/pointsman with the
 * standard's defaults under $HOME; in the arena.  Nothing is created. */
typedef enum io_place { IO_DATA_HOME, IO_STATE_HOME, IO_CACHE_HOME } io_place;
char *io_xdg(arena *a, io_place place);

#endif
