/* SPDX-License-Identifier: MIT
 *
 * The sub-verbs of `pointsman data`, each in a file of its own, and what they share.
 */
#ifndef PM_APP_CMD_DATA_H
#define PM_APP_CMD_DATA_H

#include "app/cmds.h"
#include "data/dataset.h"
#include "data/folder.h"

extern const verb data_inspect, data_validate, data_convert, data_split, data_merge,
    data_similarity;

#endif
