/* SPDX-License-Identifier: MIT
 *
 * The importers of the table in import.c, each in import_NAME.c.
 */
#ifndef PM_DATA_IMPORT_FORMATS_H
#define PM_DATA_IMPORT_FORMATS_H

#include "data/import.h"

extern const import_format import_routellm, import_routerbench, import_embedllm,
    import_llmrouterbench, import_llmrouter, import_arena, import_alpacaeval, import_battles,
    import_long, import_embeddings, import_folder;

#endif
