/* SPDX-License-Identifier: MIT
 *
 * The sub-verbs of `pointsman model`, each in a file of its own.
 */
#ifndef PM_APP_CMD_MODEL_H
#define PM_APP_CMD_MODEL_H

#include "app/cmds.h"

extern const verb model_list, model_fetch_verb, model_info, model_verify;

#endif
