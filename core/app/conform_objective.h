/* SPDX-License-Identifier: MIT
 *
 * Private to the suite of objectives: checks of what an objective promises beyond a choice.
 */
#ifndef PM_APP_CONFORM_OBJECTIVE_H
#define PM_APP_CONFORM_OBJECTIVE_H

#include "app/conform_quiz.h"

void objective_is_additive(trial *t, conform_result *r);
void objective_is_lean(trial *t, conform_result *r);
void objective_without_spread(trial *t, conform_result *r);
void objective_shares(trial *t, conform_result *r);
void objective_front(trial *t, conform_result *r);

#endif
