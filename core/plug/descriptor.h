/* SPDX-License-Identifier: MIT
 *
 * What a descriptor must hold before anything of it is called: names, sizes, required slots, masks,
 * parameter rows.  Made once, when a plugin is loaded or added.
 */
#ifndef PM_PLUG_DESCRIPTOR_H
#define PM_PLUG_DESCRIPTOR_H

#include "plug/registry.h"

/* Checks e->type of e->kind, then fills name, doc, source, params, params_bytes, state_bytes from it.
 * Errors  PM_E_CONTRACT, PM_E_ABI: "pm_router_type.train is NULL (required since 0.1)". */
PM_MUST_USE pm_status descriptor_check(plugin_entry *e, pm_err *err);

#define DESCRIPTOR_NEEDS                                                                           \
    (PM_NEEDS_TEXT | PM_NEEDS_EMBED | PM_NEEDS_SPARSE | PM_NEEDS_VALUES | PM_NEEDS_BATTLES |       \
     PM_NEEDS_PROFILE | PM_NEEDS_EMBED_OR_SPARSE)
#define DESCRIPTOR_SENSES (PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET))
#define DESCRIPTOR_VALUE_KINDS                                                                     \
    (PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS) |                                \
     PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST) | PM_VALUE_BIT(PM_VALUE_RANK))

#endif
