/* SPDX-License-Identifier: MIT
 *
 * The man page and shell completions, made from the verbs' option rows so that they cannot drift.
 */
#ifndef PM_APP_MAN_H
#define PM_APP_MAN_H

#include "app/args.h"

void man_page(const verb *const *verbs, str *out); /* mdoc source */
void man_bash(const verb *const *verbs, str *out);
void man_zsh(const verb *const *verbs, str *out);
void man_fish(const verb *const *verbs, str *out);

#endif
