/* SPDX-License-Identifier: MIT
 *
 * pointsman/pointsman.h - embed the router that an experiment measured: open a bundle, route texts (or, where the
 * experiment's vectors came with its data, texts with their vectors).
 * Opaque handles; link with -lpointsman (pkg-config pointsman).
 *
 * Threads: a pm_bundle is read-only and may be shared; a pm_route_ctx belongs to one thread at a time.
 */
#ifndef POINTSMAN_POINTSMAN_H
#define POINTSMAN_POINTSMAN_H

#include <stddef.h>
#include <stdint.h>

#include <pointsman/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PM_MESSAGE_BYTES 2048 /* room for one error message, NUL included */

typedef struct pm_bundle pm_bundle; /* router + embedder + library + objective + constraints */
typedef struct pm_route_ctx pm_route_ctx; /* buffers of one routing thread, allocated once */

typedef struct pm_route_options {
    uint32_t size; /* sizeof(pm_route_options) */
    const char
        *plugin_path; /* folders to search first, ':' between them; NULL: the standard path */
    int threads;      /* for opening and for batches; 0 = 1 */
    /* Flags in prompts ("[flag: small model]", "--size=0.3"): "error", "warn" (one that is not understood is stripped and
     * weighs nothing), "off"; NULL: as the bundle says. */
    const char *flags;
} pm_route_options;

typedef struct pm_route_result {
    uint32_t size;
    uint32_t choice;      /* column of the served library, PM_NO_COL = abstain */
    const char *expert;   /* its id, lives as long as the bundle; NULL = abstain */
    const float *value;   /* [m] predicted value of each expert, until the next route */
    const float *utility; /* [m] what was maximised; -INFINITY when masked */
    size_t m;
    pm_value_kind kind; /* what `value` means */
    pm_str
        prompt; /* what the expert is to be sent: the text without its flags; until the next route */
    size_t flags_read,
        flags_wrong; /* flags of this prompt that weigh constraints; that were not understood */
    uint64_t tokens,
        tokens_cut; /* that models of this bundle read of the prompt, and that fell off a limit;
                                    0 where nothing counts tokens */
} pm_route_result;

typedef struct pm_route_input { /* one prompt */
    uint32_t size;              /* sizeof(pm_route_input) */
    pm_str text;                /* UTF-8; {NULL, 0}: not at hand, for bundles that take vectors */
    const float *vector;        /* [dim] as pm_route_vector() takes it, else NULL */
    size_t dim;
    const pm_attr
        *attr; /* [n_attr] what the prompt brings or needs, as "attributes" of prompts.jsonl:
                            "modalities" (PM_ATTR_TEXT, "text,image"), "tools" (PM_ATTR_FLAG), one's own */
    size_t n_attr;
} pm_route_input;

/* Opens the bundle folder `path`: checks hashes, loads plugins.  message_out [PM_MESSAGE_BYTES] may be
 * NULL.  Close with pm_bundle_close().
 * Errors  PM_E_IO, PM_E_FORMAT (damaged), PM_E_ABI, PM_E_UNSUPPORTED (a plugin is missing). */
PM_EXPORT PM_MUST_USE pm_status pm_bundle_open(const char *path, const pm_route_options *options,
                                               pm_bundle **out, char *message_out);
PM_EXPORT void pm_bundle_close(pm_bundle *b);
PM_EXPORT size_t pm_bundle_experts(const pm_bundle *b);
PM_EXPORT const char *pm_bundle_expert_id(const pm_bundle *b, size_t j); /* NULL beyond the end */

PM_EXPORT PM_MUST_USE pm_status pm_route_ctx_open(const pm_bundle *b, pm_route_ctx **out,
                                                  char *message_out);
PM_EXPORT void pm_route_ctx_close(pm_route_ctx *ctx);

/* Routes one UTF-8 text of `len` bytes; invalid bytes count as U+FFFD.  After warm-up (one call with a text at least as long) it
 * allocates nothing.  The decision equals the experiment's, bit for bit.
 * Errors  PM_E_ARG: the bundle wants a vector with each text (pm_bundle_vector_dim()); a flag that is not
 *         understood, under "error"; those of its plugins.  Set out->size = sizeof *out first: members beyond it are left alone. */
PM_EXPORT PM_MUST_USE pm_status pm_route_text(pm_route_ctx *ctx, const char *text, size_t len,
                                              pm_route_result *out, char *message_out);

/* The length of the vector that every prompt must bring: the experiment read vectors from its data (embedder =
 * "given"), so that the bundle holds nothing to make them with.  0: prompts are texts alone. */
PM_EXPORT size_t pm_bundle_vector_dim(const pm_bundle *b);

/* As pm_route_text() for such a bundle: `vector` [dim] is the prompt's, made by the same embedding model as the vectors of
 * the experiment's data; `text`, valid UTF-8 or repaired, is what constraints and routers see beside it, {NULL, 0} if it
 * is not at hand.
 * Errors  PM_E_ARG: dim is not pm_bundle_vector_dim(), a value is NaN or infinite, the bundle takes no vectors. */
PM_EXPORT PM_MUST_USE pm_status pm_route_vector(pm_route_ctx *ctx, const float *vector, size_t dim,
                                                pm_str text, pm_route_result *out,
                                                char *message_out);

/* As the two above, with the prompt's attributes, which constraints read.
 * Errors  PM_E_ARG: those of the two above; an attribute that prompts.jsonl could not have. */
PM_EXPORT PM_MUST_USE pm_status pm_route_prompt(pm_route_ctx *ctx, const pm_route_input *in,
                                                pm_route_result *out, char *message_out);

PM_EXPORT const char *pm_version(void);

#ifdef __cplusplus
}
#endif
#endif
