/* SPDX-License-Identifier: MIT
 *
 * The table of licences.  Looking up is a walk: a library has few licences, and they are asked about once.
 */
#include "data/spdx.h"

#include <string.h>

/* The families, NULL-terminated.  "custom" is every LicenseRef-* and the licences of open weights (openrail,
 * llama ...), "proprietary" also every text that begins with that word. */
const char *const *spdx_families(void)
{
    static const char *const family[] = {"permissive",       "weak-copyleft", "copyleft",
                                         "network-copyleft", "content",       "noncommercial",
                                         "proprietary",      "custom",        NULL};
    return family;
}

/* The table, ended by id == NULL. */
const pm_spdx *spdx_rows(void)
{
    static const pm_spdx row[] = {
        {"0BSD", "permissive"},
        {"AFL-2.1", "permissive"},
        {"AFL-3.0", "permissive"},
        {"Apache-1.0", "permissive"},
        {"Apache-1.1", "permissive"},
        {"Apache-2.0", "permissive"},
        {"Artistic-2.0", "permissive"},
        {"BSD-1-Clause", "permissive"},
        {"BSD-2-Clause", "permissive"},
        {"BSD-2-Clause-Patent", "permissive"},
        {"BSD-3-Clause", "permissive"},
        {"BSD-3-Clause-Clear", "permissive"},
        {"BSD-3-Clause-LBNL", "permissive"},
        {"BSD-4-Clause", "permissive"},
        {"BSL-1.0", "permissive"},
        {"BlueOak-1.0.0", "permissive"},
        {"CECILL-B", "permissive"},
        {"ECL-2.0", "permissive"},
        {"FTL", "permissive"},
        {"HPND", "permissive"},
        {"ICU", "permissive"},
        {"IJG", "permissive"},
        {"ISC", "permissive"},
        {"Libpng", "permissive"},
        {"MIT", "permissive"},
        {"MIT-0", "permissive"},
        {"MIT-Modern-Variant", "permissive"},
        {"MS-PL", "permissive"},
        {"MulanPSL-2.0", "permissive"},
        {"NCSA", "permissive"},
        {"NTP", "permissive"},
        {"OFL-1.1", "permissive"},
        {"OpenSSL", "permissive"},
        {"PHP-3.01", "permissive"},
        {"PSF-2.0", "permissive"},
        {"PostgreSQL", "permissive"},
        {"Python-2.0", "permissive"},
        {"Ruby", "permissive"},
        {"TCL", "permissive"},
        {"UPL-1.0", "permissive"},
        {"Unicode-3.0", "permissive"},
        {"Unicode-DFS-2016", "permissive"},
        {"Unlicense", "permissive"},
        {"Vim", "permissive"},
        {"W3C", "permissive"},
        {"WTFPL", "permissive"},
        {"X11", "permissive"},
        {"Zlib", "permissive"},
        {"ZPL-2.1", "permissive"},
        {"curl", "permissive"},
        {"APSL-2.0", "weak-copyleft"},
        {"Artistic-1.0", "weak-copyleft"},
        {"CDDL-1.0", "weak-copyleft"},
        {"CDDL-1.1", "weak-copyleft"},
        {"CECILL-C", "weak-copyleft"},
        {"CPL-1.0", "weak-copyleft"},
        {"EPL-1.0", "weak-copyleft"},
        {"EPL-2.0", "weak-copyleft"},
        {"IPL-1.0", "weak-copyleft"},
        {"LGPL-2.0-only", "weak-copyleft"},
        {"LGPL-2.0-or-later", "weak-copyleft"},
        {"LGPL-2.1-only", "weak-copyleft"},
        {"LGPL-2.1-or-later", "weak-copyleft"},
        {"LGPL-3.0-only", "weak-copyleft"},
        {"LGPL-3.0-or-later", "weak-copyleft"},
        {"MPL-1.0", "weak-copyleft"},
        {"MPL-1.1", "weak-copyleft"},
        {"MPL-2.0", "weak-copyleft"},
        {"MPL-2.0-no-copyleft-exception", "weak-copyleft"},
        {"MS-RL", "weak-copyleft"},
        {"CECILL-2.0", "copyleft"},
        {"CECILL-2.1", "copyleft"},
        {"GPL-1.0-only", "copyleft"},
        {"GPL-1.0-or-later", "copyleft"},
        {"GPL-2.0-only", "copyleft"},
        {"GPL-2.0-or-later", "copyleft"},
        {"GPL-3.0-only", "copyleft"},
        {"GPL-3.0-or-later", "copyleft"},
        {"Sleepycat", "copyleft"},
        {"AGPL-1.0-only", "network-copyleft"},
        {"AGPL-1.0-or-later", "network-copyleft"},
        {"AGPL-3.0-only", "network-copyleft"},
        {"AGPL-3.0-or-later", "network-copyleft"},
        {"EUPL-1.1", "network-copyleft"},
        {"EUPL-1.2", "network-copyleft"},
        {"OSL-3.0", "network-copyleft"},
        {"RPL-1.5", "network-copyleft"},
        {"SSPL-1.0", "network-copyleft"},
        {"CC-BY-1.0", "content"},
        {"CC-BY-2.0", "content"},
        {"CC-BY-2.5", "content"},
        {"CC-BY-3.0", "content"},
        {"CC-BY-4.0", "content"},
        {"CC-BY-ND-3.0", "content"},
        {"CC-BY-ND-4.0", "content"},
        {"CC-BY-SA-2.0", "content"},
        {"CC-BY-SA-2.5", "content"},
        {"CC-BY-SA-3.0", "content"},
        {"CC-BY-SA-4.0", "content"},
        {"CC-PDDC", "content"},
        {"CC0-1.0", "content"},
        {"CDLA-Permissive-1.0", "content"},
        {"CDLA-Permissive-2.0", "content"},
        {"CDLA-Sharing-1.0", "content"},
        {"GFDL-1.1-only", "content"},
        {"GFDL-1.1-or-later", "content"},
        {"GFDL-1.2-only", "content"},
        {"GFDL-1.2-or-later", "content"},
        {"GFDL-1.3-only", "content"},
        {"GFDL-1.3-or-later", "content"},
        {"ODC-By-1.0", "content"},
        {"ODbL-1.0", "content"},
        {"OGL-UK-3.0", "content"},
        {"PDDL-1.0", "content"},
        {"CC-BY-NC-3.0", "noncommercial"},
        {"CC-BY-NC-4.0", "noncommercial"},
        {"CC-BY-NC-ND-3.0", "noncommercial"},
        {"CC-BY-NC-ND-4.0", "noncommercial"},
        {"CC-BY-NC-SA-3.0", "noncommercial"},
        {"CC-BY-NC-SA-4.0", "noncommercial"},
        {"PolyForm-Noncommercial-1.0.0", "noncommercial"},
        {"BUSL-1.1", "proprietary"},
        {"Elastic-2.0", "proprietary"},
        {"PolyForm-Small-Business-1.0.0", "proprietary"},
        {NULL, NULL},
    };
    return row;
}

int spdx_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Whether the len bytes at text begin with `word`, upper and lower case alike. */
int spdx_begins(const char *text, size_t len, const char *word)
{
    size_t k = 0;
    for (; word[k]; k++)
        if (k == len || spdx_lower(text[k]) != spdx_lower(word[k])) return 0;
    return 1;
}

/* The row of an identifier, upper and lower case alike (as SPDX matches them); NULL if it is not in the table. */
const pm_spdx *spdx_find(const char *text, size_t len)
{
    for (const pm_spdx *r = spdx_rows(); r->id; r++)
        if (strlen(r->id) == len && spdx_begins(text, len, r->id)) return r;
    return NULL;
}

/* Whether the text begins as the licences that come with open weights do, which SPDX does not list. */
static int spdx_is_model_licence(const char *text, size_t len)
{
    static const char *const begin[] = {"openrail",
                                        "creativeml-openrail",
                                        "bigscience-openrail",
                                        "bigcode-openrail",
                                        "bigscience-bloom-rail",
                                        "llama",
                                        "gemma",
                                        "deepseek",
                                        "qwen",
                                        NULL};
    for (size_t k = 0; begin[k]; k++)
        if (spdx_begins(text, len, begin[k])) return 1;
    return 0;
}

/* The family of an identifier, of a LicenseRef-*, of a licence of open weights (openrail, llama3 ...: "custom") or of
 * "proprietary ..."; NULL where nothing is known. */
const char *spdx_family(const char *text, size_t len)
{
    const pm_spdx *r = spdx_find(text, len);
    if (r) return r->family;
    if (spdx_begins(text, len, "LicenseRef-")) return "custom";
    if (spdx_is_model_licence(text, len)) return "custom";
    if (spdx_begins(text, len, "proprietary")) return "proprietary";
    return NULL;
}
