/* SPDX-License-Identifier: MIT
 *
 * The files that `pointsman new` writes, line by line, NULL-terminated: made from core/app/templates.
 */
#ifndef PM_APP_TEMPLATES_H
#define PM_APP_TEMPLATES_H

#include <stddef.h>

extern const char *const template_router_c[];
extern const char *const template_objective_c[];
extern const char *const template_constraint_c[];
extern const char *const template_embedder_c[];
extern const char *const template_makefile[];
extern const char *const template_readme_md[];
extern const char *const template_gitignore[];

#endif
