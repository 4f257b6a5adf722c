/* SPDX-License-Identifier: MIT
 *
 * The importers of what others publish, one in each import_NAME.c; import.c lists them.
 */
#ifndef PM_DATA_IMPORT_FORMATS_H
#define PM_DATA_IMPORT_FORMATS_H

#include "data/import.h"

extern const import_format import_routellm, import_routerbench, import_embedllm,
    import_llmrouterbench, import_llmrouter, import_arena, import_alpacaeval;

#endif
