/* SPDX-License-Identifier: MIT
 *
 * Opens one shared object and negotiates: symbol, entry, magic, versions, sizes.  Descriptors are checked
 * by descriptor.h.  loader.c is the only file that includes dlfcn.h; objects are never unloaded.
 */
#ifndef PM_PLUG_LOADER_H
#define PM_PLUG_LOADER_H

#include "base/err.h"

/* Errors  PM_E_IO (no such file), PM_E_FORMAT (not a whole ELF object), PM_E_ABI; each names the file,
 * what was found and what was wanted. */
PM_MUST_USE pm_status loader_open(const char *path, const pm_plugin **out, pm_err *err);

const char *loader_base_name(const char *path); /* after the last '/' */

#endif
