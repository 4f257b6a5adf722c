/* SPDX-License-Identifier: MIT
 *
 * Descriptor checks, one function a kind.  Messages begin with the field; the caller prepends the file.
 */
#include "plug/descriptor.h"

#include <stdbool.h>
#include <string.h>

#include "plug/params.h"

#define NAME_MAX_BYTES 63

static const pm_param no_rows[] = {PM_PARAM_END};

/* The fields that every kind has, gathered so that they are checked in one place. */
typedef struct common {
    const char *type; /* "pm_router_type" */
    uint32_t size;
    size_t want; /* bytes that cover the required fields */
    const char *name, *doc, *source;
    const pm_param *params;
    size_t params_bytes, state_bytes;
} common;

/* Reads the common fields only when `size` says that they are there. */
#define COMMON(T, d, last)                                                                         \
    (common)                                                                                       \
    {                                                                                              \
#T, (d)->size, offsetof(T, last) + sizeof((d)->last), PM_HAS(d, last) ? (d)->name : NULL,  \
            PM_HAS(d, last) ? (d)->doc : NULL, PM_HAS(d, last) ? (d)->source : NULL,               \
            PM_HAS(d, last) ? (d)->params : NULL, PM_HAS(d, last) ? (d)->params_bytes : 0,         \
            PM_HAS(d, last) ? (d)->state_bytes : 0                                                 \
    }

static pm_status missing(const char *type, const char *field, pm_err *err)
{
    return err_set(err, PM_E_CONTRACT, "%s.%s is NULL (required since 0.1)", type, field);
}

static bool is_name(const char *name, size_t limit)
{
    if (name[0] < 'a' || name[0] > 'z') return false;
    size_t n = 0;
    for (; name[n] && n <= limit; n++) {
        char ch = name[n];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_')) return false;
    }
    return n <= limit;
}

static pm_status check_common(const common *k, plugin_entry *e, pm_err *err)
{
    if (k->size < k->want)
        return err_set(err, PM_E_ABI, "%s.size is %u bytes; want at least %zu", k->type, k->size,
                       k->want);
    if (!k->name) return missing(k->type, "name", err);
    if (!is_name(k->name, NAME_MAX_BYTES))
        return err_set(err, PM_E_CONTRACT,
                       "%s.name is '%.80s'; want [a-z][a-z0-9_]*, at most %d bytes", k->type,
                       k->name, NAME_MAX_BYTES);
    if (!k->doc || !k->doc[0]) return missing(k->type, "doc", err);
    e->name = k->name;
    e->doc = k->doc;
    e->source = k->source ? k->source : "";
    e->params = k->params ? k->params : no_rows;
    e->params_bytes = k->params_bytes;
    e->state_bytes = k->state_bytes;
    return params_check_rows(e->params, e->params_bytes, k->type, err);
}

static pm_status check_mask(const char *type, const char *field, uint32_t mask, uint32_t known,
                            bool may_be_empty, pm_err *err)
{
    if (mask & ~known)
        return err_set(err, PM_E_CONTRACT, "%s.%s has unknown bits 0x%x (known: 0x%x)", type, field,
                       mask & ~known, known);
    if (!mask && !may_be_empty)
        return err_set(err, PM_E_CONTRACT, "%s.%s is 0; want at least one bit", type, field);
    return PM_OK;
}

static pm_status check_reads(const char *type, const char *const *reads, pm_err *err)
{
    for (size_t i = 0; reads && reads[i]; i++)
        if (!is_name(reads[i], NAME_MAX_BYTES))
            return err_set(err, PM_E_CONTRACT, "%s.reads[%zu] is '%.80s'; want [a-z][a-z0-9_]*",
                           type, i, reads[i]);
    return PM_OK;
}

static pm_status all_or_none(const char *type, bool train, bool save, bool load, pm_err *err)
{
    if (train == save && save == load) return PM_OK;
    return err_set(err, PM_E_CONTRACT,
                   "%s has %s%s%s but not %s%s%s; train, save and load come together or not at all",
                   type, train ? "train " : "", save ? "save " : "", load ? "load" : "",
                   train ? "" : "train ", save ? "" : "save ", load ? "" : "load");
}

static pm_status check_router(plugin_entry *e, pm_err *err)
{
    static const char T[] = "pm_router_type";
    const pm_router_type *d = e->type.router;
    common k = COMMON(pm_router_type, d, emits);
    pm_status s = check_common(&k, e, err);
    if (s == PM_OK) s = check_mask(T, "needs", d->needs, DESCRIPTOR_NEEDS, true, err);
    if (s == PM_OK)
        s = check_mask(T, "value_kinds", d->value_kinds, DESCRIPTOR_VALUE_KINDS, false, err);
    if (s == PM_OK) s = check_reads(T, d->reads, err);
    if (s != PM_OK) return s;
    if (d->spread_kind != PM_SPREAD_NONE && d->spread_kind != PM_SPREAD_STDDEV)
        return err_set(err, PM_E_CONTRACT,
                       "%s.spread_kind is %d; known are NONE (0) and STDDEV (1)", T,
                       (int)d->spread_kind);
    if (!d->train) return missing(T, "train", err);
    if (!d->predict) return missing(T, "predict", err);
    if (!d->save) return missing(T, "save", err);
    if (!d->load) return missing(T, "load", err);
    if (!d->emits && (d->value_kinds & (d->value_kinds - 1)) != 0)
        return err_set(
            err, PM_E_CONTRACT,
            "%s.emits is NULL but value_kinds has several bits (0x%x): an instance must say "
            "which it emits",
            T, d->value_kinds);
    if (!d->state_bytes) return err_set(err, PM_E_CONTRACT, "%s.state_bytes is 0", T);
    bool dim = PM_HAS(d, latent_dim) && d->latent_dim, latent = PM_HAS(d, latent) && d->latent;
    if (dim != latent)
        return err_set(err, PM_E_CONTRACT, "%s.%s is NULL but %s is not; they come together", T,
                       dim ? "latent" : "latent_dim", dim ? "latent_dim" : "latent");
    return PM_OK;
}

static pm_status check_objective(plugin_entry *e, pm_err *err)
{
    static const char T[] = "pm_objective_type";
    const uint32_t offers = PM_OFFERS_UTILITY | PM_OFFERS_SHARE | PM_OFFERS_FRONT | PM_OFFERS_PARTS;
    const pm_objective_type *d = e->type.objective;
    common k = COMMON(pm_objective_type, d, load);
    pm_status s = check_common(&k, e, err);
    if (s == PM_OK) s = check_mask(T, "accepts", d->accepts, DESCRIPTOR_VALUE_KINDS, false, err);
    if (s == PM_OK) s = check_mask(T, "offers", d->offers, offers, true, err);
    if (s == PM_OK && PM_HAS(d, senses))
        s = check_mask(T, "senses", d->senses, DESCRIPTOR_SENSES, true, err);
    if (s != PM_OK) return s;
    if (!d->decide) return missing(T, "decide", err);
    if ((d->offers & PM_OFFERS_PARTS) && !(d->offers & PM_OFFERS_UTILITY))
        return err_set(err, PM_E_CONTRACT,
                       "%s.offers has PARTS without UTILITY, to which parts add up", T);
    if (!d->state_bytes && (d->build || d->observe || d->save || d->load))
        return err_set(err, PM_E_CONTRACT, "%s.%s is set but state_bytes is 0 (stateless)", T,
                       d->build ? "build" : (d->observe ? "observe" : (d->save ? "save" : "load")));
    if (d->state_bytes && !d->build) return missing(T, "build", err);
    if (d->state_bytes && !d->save) return missing(T, "save", err);
    if (d->state_bytes && !d->load) return missing(T, "load", err);
    return PM_OK;
}

static pm_status check_constraint(plugin_entry *e, pm_err *err)
{
    static const char T[] = "pm_constraint_type";
    const pm_constraint_type *d = e->type.constraint;
    common k = COMMON(pm_constraint_type, d, load);
    pm_status s = check_common(&k, e, err);
    if (s == PM_OK) s = check_mask(T, "senses", d->senses, DESCRIPTOR_SENSES, false, err);
    if (s == PM_OK) s = check_mask(T, "needs", d->needs, DESCRIPTOR_NEEDS, true, err);
    if (s == PM_OK) s = check_reads(T, d->reads, err);
    if (s != PM_OK) return s;
    if (!d->unit) return missing(T, "unit", err);
    if (!d->eval) return missing(T, "eval", err);
    if (d->train && !d->state_bytes)
        return err_set(err, PM_E_CONTRACT, "%s.train is set but state_bytes is 0 (stateless)", T);
    return all_or_none(T, d->train != NULL, d->save != NULL, d->load != NULL, err);
}

static pm_status check_embedder(plugin_entry *e, pm_err *err)
{
    static const char T[] = "pm_embedder_type";
    const pm_embedder_type *d = e->type.embedder;
    common k = COMMON(pm_embedder_type, d, embed);
    pm_status s = check_common(&k, e, err);
    if (s != PM_OK) return s;
    if (!d->train) return missing(T, "train", err);
    if (!d->save) return missing(T, "save", err);
    if (!d->load) return missing(T, "load", err);
    if (!d->dim) return missing(T, "dim", err);
    if (!d->embed) return missing(T, "embed", err);
    if (!d->state_bytes) return err_set(err, PM_E_CONTRACT, "%s.state_bytes is 0", T);
    bool dim = PM_HAS(d, sparse_dim) && d->sparse_dim, sparse = PM_HAS(d, sparse) && d->sparse;
    if (dim != sparse)
        return err_set(err, PM_E_CONTRACT, "%s.%s is NULL but %s is not; they come together", T,
                       dim ? "sparse" : "sparse_dim", dim ? "sparse_dim" : "sparse");
    return PM_OK;
}

static pm_status check_backend(plugin_entry *e, pm_err *err)
{
    static const char T[] = "pm_backend_type";
    const pm_backend_type *d = e->type.backend;
    common k = COMMON(pm_backend_type, d, ask);
    pm_status s = check_common(&k, e, err);
    if (s != PM_OK) return s;
    if (!d->score && !d->ask)
        return err_set(err, PM_E_CONTRACT, "%s.score and .ask are both NULL; want at least one", T);
    if (d->train && !d->state_bytes)
        return err_set(err, PM_E_CONTRACT, "%s.train is set but state_bytes is 0 (stateless)", T);
    return all_or_none(T, d->train != NULL, d->save != NULL, d->load != NULL, err);
}

pm_status descriptor_check(plugin_entry *e, pm_err *err)
{
    if (e->kind < PLUGIN_ROUTER || e->kind >= PLUGIN_KINDS || !e->type.router)
        return err_set(err, PM_E_ARG, "descriptor is NULL or of no known kind");
    switch (e->kind) {
    case PLUGIN_ROUTER:
        return check_router(e, err);
    case PLUGIN_OBJECTIVE:
        return check_objective(e, err);
    case PLUGIN_CONSTRAINT:
        return check_constraint(e, err);
    case PLUGIN_EMBEDDER:
        return check_embedder(e, err);
    default:
        return check_backend(e, err);
    }
}
