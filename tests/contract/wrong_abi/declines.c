/* SPDX-License-Identifier: MIT
 *
 * Declines every host.
 */
#include <pointsman/plugin.h>

const pm_plugin *pm_plugin_entry(uint32_t host_abi)
{
    (void)host_abi;
    return NULL;
}
