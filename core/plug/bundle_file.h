/* SPDX-License-Identifier: MIT
 *
 * What writing and reading a bundle agree on.
 */
#ifndef PM_PLUG_BUNDLE_FILE_H
#define PM_PLUG_BUNDLE_FILE_H

#include "base/err.h"

#define BUNDLE_FORMAT  "pointsman-bundle"
#define BUNDLE_VERSION 1
#define BUNDLE_SHA_AT  11 /* offset of the 64 digits after {"sha256":" */

/* The self digest in the head of a checkpoint file, without reading the rest. */
PM_MUST_USE pm_status bundle_digest(const char *path, char hex[65], pm_err *err);

#endif
