/* SPDX-License-Identifier: MIT
 *
 * What a dataset's folder holds into a folder that is being written: what the reader knows, narrowed or not, and
 * what it does not know (members of rows, tables and attributes that nobody reads), which is kept as it is.
 */
#ifndef PM_DATA_FOLDER_COPY_H
#define PM_DATA_FOLDER_COPY_H

#include "data/dataset.h"
#include "data/folder.h"

/* For several folders into one: what is known of the prompts so far, by row of the folder written. */
typedef struct folder_seen {
    uint64_t *mark; /* of text and split */
    size_t room;
} folder_seen;

typedef struct folder_copying {
    const char *dir;     /* the folder that d was read from */
    const dataset *d;    /* its prompts, models, tables and battles are written; perhaps narrowed */
    bool join_turns;     /* d was narrowed so */
    const uint8_t *part; /* [n] dataset_part instead of the split that is there, or NULL */
    folder_seen
        *seen; /* NULL: an id that was written before is a mistake; else it joins its cells */
    bool other_files;      /* SOURCE.md and the like are copied too */
    size_t prompts_joined; /* out: prompts that were there already */
} folder_copying;

/* Errors  PM_E_ARG: equal ids with different texts, splits, or values of a cell; PM_E_IO; PM_E_FORMAT: a file that
 * changed since d was read. */
PM_MUST_USE pm_status folder_copy(folder *out, folder_copying *how, pm_err *err);

#endif
