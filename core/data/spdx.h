/* SPDX-License-Identifier: MIT
 *
 * Common SPDX licence identifiers and the families that a policy speaks of.  A table, not the whole list of SPDX and no legal
 * advice: a licence that is not in it is not judged.  Plugins have it as the service "pm.spdx/1".
 * Source  SPDX licence list 3.x (spdx.org/licenses); the families are ours (docs/libraries.md).
 */
#ifndef PM_DATA_SPDX_H
#define PM_DATA_SPDX_H

#include <pointsman/plugin.h>

/* The families, NULL-terminated.  "custom" is every LicenseRef-* and the licences of open weights (openrail,
 * llama ...), "proprietary" also every text that begins with that word. */
const char *const *spdx_families(void);
const pm_spdx *spdx_rows(void); /* the table, ended by id == NULL */

int spdx_lower(char c);
/* Whether the len bytes at text begin with `word`, upper and lower case alike. */
int spdx_begins(const char *text, size_t len, const char *word);
/* The row of an identifier, upper and lower case alike (as SPDX matches them); NULL if it is not in the table. */
const pm_spdx *spdx_find(const char *text, size_t len);
/* The family of an identifier, of a LicenseRef-*, of a licence of open weights (openrail, llama3 ...: "custom") or of
 * "proprietary ..."; NULL where nothing is known. */
const char *spdx_family(const char *text, size_t len);

#endif
