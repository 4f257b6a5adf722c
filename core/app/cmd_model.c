/* SPDX-License-Identifier: MIT
 *
 * pointsman model SUBVERB.
 */
#include "app/cmd_model.h"

#include "app/parts.h"

static const arg_row rows[] = {ARG_END};
static int model_main(int argc, char **argv);

const verb verb_model = {
    "model",
    "SUBVERB [OPTION ...] [ARGUMENT ...]",
    1,
    1,
    "list, fetch, look at and verify language models",
    "`pointsman model SUBVERB --help` explains one.  Fetched models lie in\n"
    "$XDG_CACHE_HOME/pointsman/models, or in the folder that POINTSMAN_MODELS names.",
    rows,
    model_main};

static int model_main(int argc, char **argv)
{
    return parts_main(&verb_model, argc, argv);
}
