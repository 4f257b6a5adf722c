/* SPDX-License-Identifier: MIT
 *
 * Which plugins exist: found on the search path, checked, and listed by (kind, name).  Descriptors made
 * in memory (Lua policies) are added to the same list.  Objects are never unloaded.
 */
#ifndef PM_PLUG_REGISTRY_H
#define PM_PLUG_REGISTRY_H

#include "base/err.h"
#include "base/mem.h"

typedef enum plugin_kind {
    PLUGIN_ROUTER,
    PLUGIN_OBJECTIVE,
    PLUGIN_CONSTRAINT,
    PLUGIN_EMBEDDER,
    PLUGIN_BACKEND,
    PLUGIN_KINDS
} plugin_kind;

const char *plugin_kind_name(plugin_kind k);                /* "router" */
const char *plugin_kind_folder(plugin_kind k);              /* "routers" */
bool plugin_kind_parse(const char *name, plugin_kind *out); /* either form */

typedef struct plugin_entry {
    plugin_kind kind;
    const char *name;
    const char *doc, *source; /* never NULL */
    const pm_param *params;   /* never NULL */
    size_t params_bytes, state_bytes;
    const char *package, *version, *license; /* of the object that holds it */
    const char *file;                        /* path of the object; script path for Lua policies */
    const char *span_sha256;  /* Lua: hash of the source span; objects: NULL (see below) */
    struct plugin_hash *hash; /* registry's: of the object file, computed when first asked */
    bool is_scripted;         /* made of Lua functions: not servable without the script */
    void *user; /* whoever made a descriptor in memory finds it again through call_plugin() */
    union {
        const pm_router_type *router;
        const pm_objective_type *objective;
        const pm_constraint_type *constraint;
        const pm_embedder_type *embedder;
        const pm_backend_type *backend;
    } type;
} plugin_entry;

typedef struct registry registry;

/* SHA-256 of what an entry's code is: of the object file (computed when first asked, then kept), or of the
 * Lua source span.  "" if the file has gone. */
const char *plugin_entry_sha256(const plugin_entry *e);

/* Search order: `extra` (':'-separated folders or single *.so files, may be NULL), POINTSMAN_PLUGINS (the
 * same), the build tree of a program that runs from one, $XDG_DATA_HOME/pointsman/plugins, the installed
 * folder.  In every folder: *.so, and one level of subfolders (also .libs).  A refused object is
 * remembered, not fatal. */
PM_MUST_USE pm_status registry_open(const char *extra, registry **out, pm_err *err);
void registry_close(registry *r); /* forgets entries; objects stay loaded */

/* Loads one object.  Errors  PM_E_ABI and PM_E_CONTRACT: file, field, found, wanted:
 * "matrix_factorization.so: pm_router_type.train is NULL (required since 0.1)". */
PM_MUST_USE pm_status registry_load(registry *r, const char *path, pm_err *err);
/* Checks a descriptor the same way and adds it (Lua policies, tests).  The caller sets kind and type,
 * and may set file, span_sha256, is_scripted, user, package, version, license; the rest is read from the
 * descriptor.  Strings are copied, the descriptor is borrowed. */
PM_MUST_USE pm_status registry_add(registry *r, const plugin_entry *entry, pm_err *err);

/* Takes an in-memory entry out again, before its descriptor goes (a closed script). */
void registry_remove(registry *r, const plugin_entry *entry);

const plugin_entry *registry_find(const registry *r, plugin_kind k, const char *name); /* NULL */
/* "unknown router 'kn'; did you mean 'knn'?  `pointsman plugins` lists what was found" */
void registry_unknown(const registry *r, plugin_kind k, const char *name, pm_err *err);
size_t registry_count(const registry *r);
const plugin_entry *registry_at(const registry *r, size_t i); /* sorted by (kind, name) */

typedef struct registry_refusal {
    const char *file;
    const char *why; /* also "shadowed by FILE" */
} registry_refusal;
size_t registry_refusals(const registry *r, const registry_refusal **out);
size_t registry_folders(const registry *r, const char *const **out); /* searched, in order */

#endif
