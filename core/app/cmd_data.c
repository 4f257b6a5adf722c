/* SPDX-License-Identifier: MIT
 *
 * pointsman data SUBVERB.
 */
#include "app/cmd_data.h"

#include "app/parts.h"

static const arg_row rows[] = {ARG_END};
static int data_main(int argc, char **argv);

const verb verb_data = {"data",
                        "SUBVERB [OPTION ...] [ARGUMENT ...]",
                        1,
                        1,
                        "look at, check, convert, split, merge and compare datasets",
                        "`pointsman data SUBVERB --help` explains one.",
                        rows,
                        data_main};

static int data_main(int argc, char **argv)
{
    return parts_main(&verb_data, argc, argv);
}
