/* SPDX-License-Identifier: MIT
 *
 * What the files that write a folder share.
 */
#ifndef PM_DATA_FOLDER_PRIVATE_H
#define PM_DATA_FOLDER_PRIVATE_H

#include <stdio.h>

#include "base/gz.h"
#include "base/str.h"
#include "data/folder.h"
#include "data/ids.h"
#include "data/names.h"
#include "data/scan.h"

enum {
    FOLDER_CHUNK = 1024, /* rows of a column that are kept together */
    FOLDER_TABLES = 64,
    FOLDER_NAME_BYTES = 64
};
#define FOLDER_ROW_BYTES ((size_t)16 << 20) /* what the reader takes */

typedef struct folder_column {
    float **chunk; /* NULL: nothing known there */
    size_t room;
} folder_column;

typedef struct folder_table {
    char name[FOLDER_NAME_BYTES + 1];
    double min, max;
    const char *wanted;
    folder_column *column;
    size_t room;
    size_t known; /* cells */
} folder_table;

struct folder {
    arena *a; /* small things that live as long: names of models, their members */
    char *dir, *temporary;
    folder_options o;
    ids prompts;
    names models;
    const char **more; /* [models.n] members of their entries in models.json, or NULL */
    size_t room_more;
    folder_table *table; /* [n_tables] */
    size_t n_tables, last_table, room_tables;
    gz_out *prompt_file, *battle_file;
    size_t n_battles;
    FILE *embed_file;
    size_t d, n_embedded, next_vector;
    uint8_t *has_vector; /* a bit a prompt */
    size_t room_vectors;
    str line, text; /* scratch */
    scan check;     /* of further members */
    bool failed;
};

pm_status folder_no_memory(const folder *f, pm_err *err);
/* The path of a file in the temporary folder, ".gz" appended when the folder is packed and `may_pack`. */
PM_MUST_USE pm_status folder_path(folder *f, const char *name, bool may_pack, str *out,
                                  pm_err *err);
PM_MUST_USE pm_status folder_create(folder *f, const char *name, gz_out **out, pm_err *err);
/* Members that are to stand in an object beside `ours` (NULL-terminated): an object's inside after RFC 8259, no key
 * twice.  `where` begins the message. */
PM_MUST_USE pm_status folder_check_more(folder *f, pm_str more, const char *const *ours,
                                        const char *where, pm_err *err);

PM_MUST_USE pm_status folder_write_tables(folder *f, pm_err *err);
PM_MUST_USE pm_status folder_write_models(folder *f, pm_err *err);
void folder_close_tables(folder *f);
bool folder_has_vector(const folder *f, uint32_t row);
PM_MUST_USE pm_status folder_finish_embeddings(folder *f, pm_err *err);

#endif
