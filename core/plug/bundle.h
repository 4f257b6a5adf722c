/* SPDX-License-Identifier: MIT
 *
 * A bundle: what `run` writes and `route` serves.  A folder of bundle.json (names, weights, library,
 * hashes; carries its own SHA-256) and one checkpoint per instance.  Where vectors came with the data there is no
 * embedder, and bundle.json says how long the vectors are: "vectors":{"from":"given","dim":N}.  No code: plugins are found by name;
 * their file hash is recorded and a difference is reported.
 */
#ifndef PM_PLUG_BUNDLE_H
#define PM_PLUG_BUNDLE_H

#include "plug/flags.h"
#include "plug/pipeline.h"

typedef struct bundle_info { /* provenance that travels along */
    const char *experiment, *label, *data_hash, *split_hash, *script, *script_sha256;
    uint64_t seed;
    flag_policy flags; /* what serving does with flags in prompts */
    bool is_scripted;  /* some part is made of Lua functions: routing needs the script */
    /* Checkpoints that exist already (jobs of the run store): hard-linked, or copied, instead of
     * being written again; NULL: saved from the instance. */
    const char *router_file, *embedder_file;
} bundle_info;

typedef struct bundle bundle;

/* Writes into a temporary folder beside `dir` and renames: all or nothing. */
PM_MUST_USE pm_status bundle_write(const char *dir, call_ctx *c, const pipeline *p,
                                   const library *lib, const bundle_info *info, pm_err *err);
PM_MUST_USE pm_status bundle_open(call_ctx *c, const char *dir, bundle **out, pm_err *err);
void bundle_close(bundle *b);
const pipeline *bundle_pipeline(const bundle *b);
const library *bundle_library(const bundle *b);
const bundle_info *bundle_about(const bundle *b);
const char *
bundle_warning(const bundle *b); /* e.g. plugin file differs from the recorded; NULL: none */
/* "the functions of "wary" have changed since the run (wary.lua)": what is served is then not what was measured.
 * NULL: they are the same. */
const char *bundle_changed(const bundle *b);

/* Serve only these experts (a subset, in this order): no retraining, columns are mapped. */
PM_MUST_USE pm_status bundle_serve_only(bundle *b, const char *const *ids, size_t n, pm_err *err);

#endif
