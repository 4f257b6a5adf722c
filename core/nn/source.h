/* SPDX-License-Identifier: MIT
 *
 * Model files, mapped: safetensors (one file or shards with their index) beside a Hugging Face config.json, and GGUF.
 * Opening reads headers only and refuses what is hostile: every offset, size, name and shape is checked against the
 * file before anything is touched.  Tensors keep their type and become floats row by row when asked.
 */
#ifndef PM_NN_SOURCE_H
#define PM_NN_SOURCE_H

#include "base/mem.h"
#include "nn/config.h"
#include "nn/layout.h"

typedef enum nn_type { /* element types of files */
                       NN_F32 = 1,
                       NN_F16,
                       NN_BF16,
                       NN_F64,
                       NN_I8,
                       NN_U8,
                       NN_I16,
                       NN_U16,
                       NN_I32,
                       NN_U32,
                       NN_I64,
                       NN_U64,
                       NN_BOOL,
                       NN_Q8_0,
                       NN_Q4_0,
                       NN_Q4_1,
                       NN_Q4_K,
                       NN_Q6_K /* GGUF blocks */
} nn_type;
const char *nn_type_name(nn_type t);
nn_type nn_type_parse(const char *name); /* 0: unknown */
/* Elements and bytes of a block: 1 and 4 for F32, 256 and 144 for Q4_K.  False for a number that is no type. */
bool nn_type_block(nn_type t, size_t *elements, size_t *bytes);
bool nn_type_is_real(nn_type t); /* can become floats: not integers and flags */

typedef struct nn_tensor {
    const char *name;
    nn_type type;
    size_t n_dims, dim[4]; /* row-major, slowest first (GGUF's order reversed) */
    const void *at;        /* in the mapping */
    size_t bytes;
} nn_tensor;

typedef struct nn_source nn_source; /* lives in the arena; mappings close with it */

/* path: a folder with config.json and model.safetensors (or model.safetensors.index.json), or a .gguf file, or a
 * .safetensors file alone (tensors only: no config). */
PM_MUST_USE pm_status nn_source_open(const char *path, arena *a, nn_source **out, pm_err *err);
/* A GGUF file in memory, which must outlive the source: fuzzing, archives. */
PM_MUST_USE pm_status nn_source_parse_gguf(const void *bytes, size_t len, const char *name,
                                           arena *a, nn_source **out, pm_err *err);
size_t nn_source_count(const nn_source *s);
const nn_tensor *nn_source_at(const nn_source *s, size_t i);
const nn_tensor *nn_source_find(const nn_source *s, const char *name); /* NULL if absent */
const nn_config *nn_source_config(const nn_source *s);                 /* NULL: none */
const char *nn_source_kind(const nn_source *s);                        /* "safetensors", "gguf" */
/* Rows [lo, hi) of the tensor seen as [dim 0 x rest] as floats.  PM_E_FORMAT names a tensor with NaN or infinity. */
PM_MUST_USE pm_status nn_tensor_rows(const nn_tensor *t, size_t lo, size_t hi, float *out,
                                     pm_err *err);

/* The same without a look at the numbers: elements [at, at + n) of the row-major whole.  Quantised types: multiples
 * of their block. */
void nn_convert(nn_type t, const void *from, size_t at, size_t n, float *out);

/* Reads every tensor that holds real numbers and tells of each that has a NaN or an infinity; how many of them in
 * *bad.  For `model verify`: all pages are read. */
typedef struct nn_finding {
    const nn_tensor *tensor;
    size_t n_bad, first; /* how many elements, and the first one's place in the row-major whole */
} nn_finding;
PM_MUST_USE pm_status nn_source_verify(const nn_source *s, void (*tell)(void *arg, nn_finding f),
                                       void *arg, size_t *bad, pm_err *err);

/* GGUF metadata beside tensors: views into the mapping.  False if absent or of another type. */
typedef struct nn_strings {
    const pm_str *at;
    size_t n;
} nn_strings;
bool nn_source_text(const nn_source *s, const char *key, pm_str *out);
bool nn_source_number(const nn_source *s, const char *key,
                      double *out); /* integers, floats and flags */
bool nn_source_texts(const nn_source *s, const char *key, nn_strings *out);
bool nn_source_numbers(const nn_source *s, const char *key, const int32_t **out, size_t *n);
bool nn_source_reals(const nn_source *s, const char *key, const float **out, size_t *n);

/* ---- safetensors alone ---- */
typedef struct safetensors safetensors;
PM_MUST_USE pm_status safetensors_open(const char *path, arena *a, safetensors **out, pm_err *err);
PM_MUST_USE pm_status safetensors_parse(const void *bytes, size_t len, const char *name, arena *a,
                                        safetensors **out,
                                        pm_err *err); /* of bytes in memory: fuzzing, wheels */
size_t safetensors_count(const safetensors *s);
const nn_tensor *safetensors_at(const safetensors *s, size_t i);
PM_MUST_USE pm_status
safetensors_write(const char *path, const nn_tensor *t, size_t n, const char *metadata_json,
                  pm_err *err); /* atomic; wide elements first, then by name */

/* ---- weights: parameters of a layout, wherever they lie ---- */
typedef struct nn_weights nn_weights;
struct nn_weights {
    const nn_layout *layout;
    pm_status (*rows)(const nn_weights *w, size_t p, size_t lo, size_t hi, float *out, pm_err *err);
    const void *from;
    const float *slab; /* all of them, at param[p].at; or NULL: only through rows() */
};

/* Rows [lo, hi) of parameter p as floats, wherever it lies; rows beyond it are PM_E_ARG.  Threads: any. */
PM_MUST_USE pm_status nn_weights_rows(const nn_weights *w, size_t p, size_t lo, size_t hi,
                                      float *out, pm_err *err);

/* The parameters of the source's own config, found under the names that its family uses (prefixes "bert.", "model.",
 * "transformer." ... with and without), transposed (GPT-2's Conv1D), cut out of fused matrices (c_attn) and un-permuted
 * (rotary rows of GGUF's llama) where files differ from our layout.  A missing tensor or a wrong shape is refused by its
 * name, found and wanted shape.  Heads that the file lacks are left out of the config (lm_head = NONE, pooler false). */
PM_MUST_USE pm_status nn_source_weights(const nn_source *s, arena *a, nn_weights *out, pm_err *err);
/* Weights that lie in a slab of floats (trained, or read by nn_weights_read). */
nn_weights nn_slab_weights(const nn_layout *l, const float *slab);
PM_MUST_USE pm_status nn_weights_read(const nn_weights *w, float *slab,
                                      pm_err *err); /* all of them */
/* Tells the kernel that mapped pages were read and may go (MADV_DONTNEED): keeps resident memory at what is packed. */
void nn_source_drop(const nn_source *s);
/* model.safetensors and config.json in `dir`, under Hugging Face's names of the family: transformers loads it. */
PM_MUST_USE pm_status nn_weights_write(const nn_weights *w, const char *dir, pm_err *err);

#endif
