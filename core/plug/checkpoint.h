/* SPDX-License-Identifier: MIT
 *
 * Checkpoints: named tensors and texts in one safetensors file whose header carries a SHA-256 of the
 * whole (with that field's 64 digits read as zeros), so that any flipped bit or cut is refused.
 * The header begins {"__metadata__":{"sha256":"<64 hex>",...: other tools can read the tensors.
 */
#ifndef PM_PLUG_CHECKPOINT_H
#define PM_PLUG_CHECKPOINT_H

#include "base/err.h"
#include "base/mem.h"

struct pm_store; /* = pm_store of plugin.h */

/* Writing: collect, then write atomically.  Tensors of up to 1 MiB are copied (they often lie on a stack);
 * larger ones are borrowed until commit. */
PM_MUST_USE pm_status checkpoint_create(arena *a, pm_store **out, pm_err *err);
PM_MUST_USE pm_status checkpoint_put_tensor(pm_store *s, const char *name, pm_tensor t,
                                            pm_err *err);
PM_MUST_USE pm_status checkpoint_put_text(pm_store *s, const char *name, pm_str v, pm_err *err);
PM_MUST_USE pm_status checkpoint_commit(pm_store *s, const char *path, pm_err *err);

/* Reading: maps the file and verifies it; views live until close. */
PM_MUST_USE pm_status checkpoint_open(const char *path, arena *a, pm_store **out, pm_err *err);
PM_MUST_USE pm_status checkpoint_tensor(pm_store *s, const char *name, pm_dtype want,
                                        pm_tensor *out, pm_err *err);
PM_MUST_USE pm_status checkpoint_text(pm_store *s, const char *name, pm_str *out, pm_err *err);
bool checkpoint_has(pm_store *s, const char *name);
void checkpoint_close(pm_store *s); /* unmaps; the arena keeps the index */

size_t pm_dtype_bytes(pm_dtype t); /* 0 if unknown */

#endif
