/* SPDX-License-Identifier: MIT
 *
 * pointsman/plugin.h - the one header a plugin includes.  C11 and C++17; libc headers only.
 *
 * Contract (docs/plugin-abi.md says it in MUST and MUST NOT)
 *   1. A plugin is a shared object that exports exactly one symbol, pm_plugin_entry().
 *   2. Descriptors are static const, live as long as the object, and are never written.
 *   3. What can fail returns pm_status.  Argument order: self, call, inputs, outputs.
 *   4. Plugins never free: the host owns instance memory, call memory and every buffer.
 *   5. const self = re-entrant and concurrent; non-const self = exclusive.
 *   6. An instance is built once (train, load or update) and is read-only ever after.
 *   7. Structs that may grow begin with `size` and travel by pointer, never in arrays;
 *      read a late field only after PM_HAS() agrees.  Array elements are frozen.
 *
 * Letters: n prompts, m experts, d embedding, k neighbours or latent; i prompt, j expert.
 */
#ifndef POINTSMAN_PLUGIN_H
#define POINTSMAN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 1. version and negotiation ------------------------------------------ */

#define PM_MAGIC     0x504d414eu /* "PMAN": refuses stray shared objects            */
#define PM_ABI_MAJOR 0u          /* 0: free to break until v1 is frozen (ADR 0006)  */
#define PM_ABI_MINOR 3u          /* while major is 0, minor must be equal           */
#define PM_ABI       ((PM_ABI_MAJOR << 16) | PM_ABI_MINOR)

/* True if `p`, whose writer declared p->size bytes, really has `field`. */
#define PM_HAS(p, field)                                                                           \
    ((p)->size >=                                                                                  \
     (uint32_t)((size_t)((const char *)&(p)->field - (const char *)(p)) + sizeof(p)->field))

#if defined(__GNUC__)
#define PM_EXPORT       __attribute__((visibility("default")))
#define PM_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define PM_MUST_USE     __attribute__((warn_unused_result))
#else
#define PM_EXPORT
#define PM_PRINTF(a, b)
#define PM_MUST_USE
#endif

/* ---- 2. errors ------------------------------------------------------------- */

#define PM_STATUS_MAP(X)                                                                           \
    X(OK, 0, "success")                                                                            \
    X(E_ARG, -1, "argument outside its documented domain")                                         \
    X(E_SHAPE, -2, "matrix shapes disagree")                                                       \
    X(E_MEMORY, -3, "allocation failed")                                                           \
    X(E_IO, -4, "read or write failed")                                                            \
    X(E_FORMAT, -5, "file is not in the expected format")                                          \
    X(E_CANCELED, -6, "canceled by the caller")                                                    \
    X(E_NOT_TRAINED, -7, "object is not in a state that allows this call")                         \
    X(E_STALE, -8, "library members differ from those last seen")                                  \
    X(E_UNSUPPORTED, -9, "capability not offered; the host may fall back")                         \
    X(E_DIVERGED, -10, "non-finite value appeared during fitting")                                 \
    X(E_INFEASIBLE, -11, "no decision satisfies the hard constraints")                             \
    X(E_ABI, -12, "plugin and host disagree about the interface")                                  \
    X(E_CONTRACT, -13, "plugin broke a rule of the interface")

typedef enum pm_status {
#define PM_X(name, value, text) PM_##name = value,
    PM_STATUS_MAP(PM_X)
#undef PM_X
        PM_STATUS_LAST_ = -13
} pm_status;

/* ---- 3. borrowed views (passed by value, never freed) ------------------------ */

typedef struct pm_str { /* UTF-8, no NUL promised */
    const char *ptr;
    size_t len;
} pm_str;

typedef struct pm_mat { /* row-major, row r starts at at + r * ld */
    float *at;
    size_t rows, cols, ld;
} pm_mat;

typedef struct pm_cmat { /* ld == 0 means every row is the same row (a broadcast view) */
    const float *at;
    size_t rows, cols, ld;
} pm_cmat;

typedef struct pm_csr { /* sparse rows: row r is col/val[start[r] .. start[r+1]), col ascending */
    const uint64_t *start; /* [rows + 1] */
    const uint32_t *col;   /* [nnz] */
    const float *val;      /* [nnz] */
    size_t rows, cols;
} pm_csr;

static inline float *pm_row(pm_mat m, size_t r)
{
    return m.at + r * m.ld;
}
static inline const float *pm_crow(pm_cmat m, size_t r)
{
    return m.at + r * m.ld;
}

/* ---- 4. experts and libraries --------------------------------------------------- */

typedef enum pm_attr_kind {
    PM_ATTR_NUMBER = 1, /* number; the unit is part of the name          */
    PM_ATTR_TEXT,       /* text                                          */
    PM_ATTR_DATE,       /* number = days since 1970-01-01                */
    PM_ATTR_FLAG        /* number = 0 or 1                               */
} pm_attr_kind;

typedef struct pm_attr { /* frozen: travels in arrays */
    const char *name;    /* [a-z][a-z0-9_]*; well-known names: docs/libraries.md */
    pm_attr_kind kind;
    double number;
    const char *text; /* NULL unless PM_ATTR_TEXT */
} pm_attr;

typedef struct pm_expert { /* one routable model: a record of typed attributes */
    uint32_t size;
    const char *id;      /* unique, stable across library revisions          */
    const pm_attr *attr; /* [n_attr] sorted by name                          */
    size_t n_attr;
    pm_cmat profile; /* [1 x k] descriptor embedding, or at == NULL      */
} pm_expert;

typedef struct pm_library { /* an immutable snapshot: column j is expert[j]     */
    uint32_t size;
    uint64_t revision; /* content hash of everything: provenance           */
    size_t n;
    const pm_expert *const *expert; /* [n] pointers, so that pm_expert may grow */
} pm_library;

/* The attribute `name` of `e`, or NULL.  Linear scan; experts have a dozen attributes. */
static inline const pm_attr *pm_attr_find(const pm_expert *e, const char *name)
{
    for (size_t a = 0; a < e->n_attr; a++)
        if (strcmp(e->attr[a].name, name) == 0) return &e->attr[a];
    return NULL;
}

/* The number (or date, or flag) `name` of `e`, or `fallback` when it is absent. */
static inline double pm_attr_number(const pm_expert *e, const char *name, double fallback)
{
    const pm_attr *a = pm_attr_find(e, name);
    return a && a->kind != PM_ATTR_TEXT ? a->number : fallback;
}

/* ---- 5. prompts and outcomes ------------------------------------------------------ */

#define PM_NO_COL UINT32_MAX

typedef struct pm_turn { /* frozen: travels in arrays */
    pm_str role;         /* "user", "assistant", "system" */
    pm_str text;
} pm_turn;

typedef struct pm_prompts { /* what a router may see; domain labels never reach it */
    uint32_t size;
    size_t n;
    const uint64_t *id;         /* [n] stable across splits                        */
    const pm_str *text;         /* [n] or NULL                                     */
    const uint32_t *tokens_in;  /* [n] or NULL                                     */
    pm_cmat embed;              /* [n x d] or at == NULL                           */
    pm_csr sparse;              /* [n x v] word features, or start == NULL         */
    const pm_turn *turn;        /* all turns of all prompts, or NULL               */
    const size_t *turn_start;   /* [n + 1] prompt i has turn[start[i]..start[i+1]) */
    const pm_attr *const *attr; /* [n] attributes of each prompt, or NULL          */
    const uint32_t *n_attr;     /* [n] or NULL                                     */
} pm_prompts;

typedef enum pm_value_kind { /* what a cell MEANS */
                             PM_VALUE_QUALITY =
                                 1,         /* quality in [0,1], higher is better                */
                             PM_VALUE_LOSS, /* loss >= 0 (nats), lower is better                 */
                             PM_VALUE_WINPROB, /* P(beats the reference expert) in [0,1]            */
                             PM_VALUE_BEST, /* P(is the best expert), rows sum to 1              */
                             PM_VALUE_RANK  /* ordinal: compare within a row only, higher better */
} pm_value_kind;
#define PM_VALUE_BIT(kind) (1u << (unsigned)(kind))

typedef struct pm_battle { /* frozen: travels in arrays */
    uint32_t prompt;       /* row of the prompts that come with it              */
    uint32_t a, b;         /* columns                                           */
    uint32_t source;       /* judge: equal numbers, equal judge                 */
    float outcome;         /* 1 a wins, 0 b wins, .5 tie, or a judge's P(a)     */
    float weight;          /* > 0; 1 unless the data says otherwise             */
} pm_battle;

typedef struct pm_extra { /* frozen: travels in arrays; a further table of the data */
    const char *name;     /* its file without .csv: "latency_ms", "reading_grade"   */
    pm_cmat value;        /* [n x m], NaN = not observed                            */
} pm_extra;

typedef struct pm_outcomes { /* what was observed; NaN means "not observed"       */
    uint32_t size;
    pm_value_kind kind;      /* QUALITY or LOSS: what `value` holds               */
    pm_cmat value;           /* [n x m] or at == NULL (battles only)              */
    pm_cmat cost_usd;        /* [n x m] USD of that call, or at == NULL           */
    pm_cmat tokens_out;      /* [n x m] completion tokens, or at == NULL          */
    const pm_battle *battle; /* [n_battles] or NULL                               */
    size_t n_battles;
    const pm_extra *extra; /* [n_extra] sorted by name, those above left out; or NULL */
    size_t n_extra;
} pm_outcomes;

/* The further table `name`, at == NULL if the data has none. */
static inline pm_cmat pm_extra_find(const pm_outcomes *y, const char *name)
{
    pm_cmat none = {NULL, 0, 0, 0};
    for (size_t t = 0; t < y->n_extra; t++)
        if (strcmp(y->extra[t].name, name) == 0) return y->extra[t].value;
    return none;
}

typedef struct pm_fit { /* everything that a build may learn from             */
    uint32_t size;
    const pm_library *lib;
    const pm_prompts *x;       /* [n] to fit on                                     */
    const pm_outcomes *y;      /* [n x m]; NULL for embedders                       */
    const uint64_t *group;     /* [n] opaque group (document) of each prompt, or NULL */
    const float *weight;       /* [n] sample weight > 0, or NULL for all ones       */
    const pm_prompts *tune_x;  /* early stopping and k = "auto" use only this; or NULL */
    const pm_outcomes *tune_y; /* given exactly when tune_x is                      */
} pm_fit;

typedef enum pm_change_kind { PM_ADDED = 1, PM_REMOVED, PM_CHANGED } pm_change_kind;
typedef struct pm_change { /* frozen; ADDED: old_col = PM_NO_COL; REMOVED: new_col likewise */
    pm_change_kind kind;
    uint32_t old_col, new_col;
} pm_change;

typedef struct pm_delta { /* from one library revision to the next */
    uint32_t size;
    const pm_library *before, *after;
    const pm_change *change; /* [n_changes] */
    size_t n_changes;
    const pm_prompts *probe; /* evidence on the newcomers, or NULL               */
    const pm_outcomes *seen; /* outcomes on `probe`, columns follow `after`      */
} pm_delta;

/* ---- 6. parameters: declared once, parsed and range-checked by the host ------------ */

typedef enum pm_ptype {
    PM_P_F64 = 1, /* double                                           */
    PM_P_I64,     /* int64_t                                          */
    PM_P_BOOL,    /* int64_t, 0 or 1                                  */
    PM_P_CHOICE,  /* int64_t, index into choices                      */
    PM_P_STR,     /* const char *, never NULL                         */
    PM_P_MODEL /* const char *, never NULL: a model that `pointsman model list` names, or a path of model
                     files; "" none.  The host checks that it is there, and its bytes enter every key */
} pm_ptype;

typedef struct pm_param { /* one row: parsing, ranges, help and docs come from it */
    const char *name;
    pm_ptype type;
    uint32_t offset, bytes;     /* offsetof / sizeof in the plugin's params struct  */
    double fallback, min, max;  /* inclusive; CHOICE: fallback is an index          */
    const char *const *choices; /* NULL-terminated; CHOICE only.  An I64 row with choices
                                   accepts those words too: word w stores -1 - w     */
    const char *fallback_str;   /* STR and MODEL only                               */
    const char *doc;            /* one line, with the unit                          */
} pm_param;

#define PM_PARAM(kind, T, field, dflt, lo, hi, text)                                               \
    {                                                                                              \
#field, kind, (uint32_t)offsetof(T, field), (uint32_t)sizeof(((T *)0)->field), dflt, lo,   \
            hi, NULL, NULL, text                                                                   \
    }
#define PM_PARAM_WORDS(kind, T, field, dflt, lo, hi, words, text)                                  \
    {                                                                                              \
#field, kind, (uint32_t)offsetof(T, field), (uint32_t)sizeof(((T *)0)->field), dflt, lo,   \
            hi, words, NULL, text                                                                  \
    }
#define PM_PARAM_TEXT(T, field, dflt, text)                                                        \
    {                                                                                              \
#field, PM_P_STR, (uint32_t)offsetof(T, field), (uint32_t)sizeof(((T *)0)->field), 0, 0,   \
            0, NULL, dflt, text                                                                    \
    }
#define PM_PARAM_MODEL(T, field, dflt, text)                                                       \
    {                                                                                              \
#field, PM_P_MODEL, (uint32_t)offsetof(T, field), (uint32_t)sizeof(((T *)0)->field), 0, 0, \
            0, NULL, dflt, text                                                                    \
    }
#define PM_PARAM_END                                                                               \
    {                                                                                              \
        NULL, PM_P_F64, 0, 0, 0, 0, 0, NULL, NULL, NULL                                            \
    }

/* ---- 7. what the host lends to every call -------------------------------------------- */

typedef struct pm_host pm_host;
typedef struct pm_store pm_store; /* a checkpoint being written or read */
typedef struct pm_metric {        /* frozen */
    const char *name;
    double value;
} pm_metric;

typedef struct pm_call { /* one call's context; invalid after return */
    uint32_t size;
    const pm_host *host;
    const void *params; /* the plugin's own struct, already validated */
    uint64_t seed;
    void *impl; /* host's; do not look */
} pm_call;

typedef enum pm_dtype {
    PM_F32 = 1,
    PM_F64,
    PM_F16,
    PM_BF16,
    PM_I8,
    PM_U8,
    PM_I32,
    PM_U32,
    PM_I64,
    PM_U64
} pm_dtype;

#define PM_MAX_DIMS 4
typedef struct pm_tensor { /* a named tensor of a checkpoint; dense, row-major */
    pm_dtype dtype;
    uint32_t n_dims;
    size_t dim[PM_MAX_DIMS];
    const void *ptr;
} pm_tensor;

typedef enum pm_gemm_hint {
    PM_GEMM_EXACT = 0,   /* float32 throughout                                            */
    PM_GEMM_BF16_OK = 1, /* inputs may be rounded to bfloat16 where that is faster        */
    PM_GEMM_ROWWISE = 2  /* bit-stable: row i of out is the same bits whatever other rows
                            are in the batch.  Use it in predict                          */
} pm_gemm_hint;

typedef enum pm_note_level { PM_NOTE_DEBUG = 1, PM_NOTE_INFO, PM_NOTE_WARN } pm_note_level;

typedef pm_status (*pm_body)(pm_call *worker, size_t lo, size_t hi, void *arg);

struct pm_host { /* one table, the same for all plugins, never freed */
    uint32_t abi, size;

    /* Memory is zeroed and 64-byte aligned; NULL means PM_E_MEMORY is already recorded.
     * own():     lives exactly as long as the instance that this call is building; refused
     *            (PM_E_CONTRACT recorded) in const methods and inside parallel bodies.
     * scratch(): lives until this call (or this block of a parallel body) returns.
     * There is no free().                                                               */
    void *(*own)(pm_call *c, size_t count, size_t bytes);
    void *(*scratch)(pm_call *c, size_t count, size_t bytes);

    /* fail() records a message and returns `s`: `return c->host->fail(c, PM_E_ARG, ...)`. */
    pm_status (*fail)(pm_call *c, pm_status s, const char *fmt, ...) PM_PRINTF(3, 4);
    void (*note)(pm_call *c, pm_note_level level, const char *fmt, ...) PM_PRINTF(3, 4);

    /* done in [0,1].  On PM_E_CANCELED the plugin returns it at once; memory is the host's.
     * Builds that loop call it at least once a second.  Metrics given with done = 1 are what
     * the build settled on ("k" tuned to 80): the host shows them beside its results.                                  */
    pm_status (*progress)(pm_call *c, double done, const pm_metric *m, size_t n);

    /* Counter-based uniform [0,1) with 53 bits: a pure function of (c->seed, stream, i). */
    double (*uniform)(const pm_call *c, uint32_t stream, uint64_t i);

    /* Splits [0,n) into fixed blocks of `grain`, whatever the thread count; `body` writes only
     * outputs of its own range.  The first failure (lowest block) is returned.          */
    pm_status (*parallel)(pm_call *c, size_t n, size_t grain, pm_body body, void *arg);

    /* out = alpha op(a) op(b) + beta out; ta, tb are 'n' or 't'.  Deterministic for equal inputs
     * whatever the thread count; the inner dimension is never split.                    */
    pm_status (*gemm)(pm_call *c, char ta, char tb, float alpha, pm_cmat a, pm_cmat b, float beta,
                      pm_mat out, pm_gemm_hint hint);

    /* Checkpoints are named tensors and named text; the host owns the file format.  Names are
     * [a-z][a-z0-9_.]*.  get_tensor copies into own() memory; view_tensor is a const mapped view
     * that lives as long as the instance.  Both refuse another dtype than `want` (0 = any).  */
    pm_status (*put_tensor)(pm_call *c, pm_store *s, const char *name, pm_tensor t);
    pm_status (*get_tensor)(pm_call *c, pm_store *s, const char *name, pm_dtype want,
                            pm_tensor *out);
    pm_status (*view_tensor)(pm_call *c, pm_store *s, const char *name, pm_dtype want,
                             pm_tensor *out);
    pm_status (*put_text)(pm_call *c, pm_store *s, const char *name, pm_str v);
    pm_status (*get_text)(pm_call *c, pm_store *s, const char *name, pm_str *out);
    int (*has)(pm_call *c, pm_store *s, const char *name);

    /* Rarely needed extras by name and version ("pm.table/1"): NULL if this host lacks it. */
    const void *(*service)(const char *name);

    /* Of `texts` texts of `tokens` tokens that were read, so many were cut to fit a limit, and so many tokens fell off.
     * Whoever cuts says so; the host adds up and reports the shares.  Services report what they cut themselves.   */
    void (*cut)(pm_call *c, uint64_t texts, uint64_t texts_cut, uint64_t tokens,
                uint64_t tokens_cut);
    /* A point of a curve of the running build ("train_loss" at step 100): kept with its result and drawn in reports.
     * The same build gives the same points; so no times.  curve: [a-z][a-z0-9_]*.                              */
    void (*point)(pm_call *c, const char *curve, double x, double y);
};

/* ---- 8. routers ---------------------------------------------------------------------- */

typedef struct pm_router pm_router; /* defined privately by each plugin */

typedef enum pm_spread_kind {
    PM_SPREAD_NONE = 0,
    PM_SPREAD_STDDEV /* standard deviation of the OUTCOME, not of the mean */
} pm_spread_kind;

enum { /* what a router needs, checked before train() and predict() */
       PM_NEEDS_TEXT = 1u,
       PM_NEEDS_EMBED = 2u,
       PM_NEEDS_SPARSE = 4u,
       PM_NEEDS_VALUES = 8u,
       PM_NEEDS_BATTLES = 16u,
       PM_NEEDS_PROFILE = 32u,
       PM_NEEDS_EMBED_OR_SPARSE = 64u
};

typedef struct pm_scores { /* host allocates; plugin fills what is non-NULL */
    uint32_t size;
    pm_value_kind kind;     /* what the instance emits; set by the host           */
    uint32_t reference_col; /* WINPROB: against this column; else PM_NO_COL       */
    pm_mat value;           /* [n x m] always present                             */
    pm_mat spread;          /* [n x m] or at == NULL: not asked                   */
    pm_mat tokens_out;      /* [n x m] expected, or at == NULL: not asked         */
} pm_scores;

typedef struct pm_router_type {
    uint32_t size;
    const char *name;           /* [a-z][a-z0-9_]*, what Lua writes                  */
    const char *doc;            /* one paragraph: what, when it wins, when it loses  */
    const char *source;         /* paper, section, equation numbers                  */
    const pm_param *params;     /* PM_PARAM_END terminated                           */
    size_t params_bytes;        /* sizeof the struct that the host fills             */
    uint32_t needs;             /* PM_NEEDS_*                                        */
    uint32_t value_kinds;       /* mask of PM_VALUE_BIT: what instances may emit     */
    pm_spread_kind spread_kind; /* NONE: the host never asks for spread             */
    int emits_tokens_out;       /* nonzero: fills pm_scores.tokens_out when asked    */
    const char *const *reads;   /* NULL-terminated expert attributes it reads, or NULL */
    size_t state_bytes;         /* sizeof(struct pm_router); host allocates, zeroed  */

    /* Required.  If building fails the host discards `fresh`, so no unwinding is needed.  */
    pm_status (*train)(pm_router *fresh, pm_call *c, const pm_fit *fit);
    pm_status (*predict)(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out);
    pm_status (*save)(const pm_router *r, pm_call *c, pm_store *s);
    pm_status (*load)(pm_router *fresh, pm_call *c, pm_store *s);

    /* What this instance emits.  NULL allowed only when value_kinds has a single bit.     */
    pm_value_kind (*emits)(const pm_router *r);

    /* Optional: NULL means "cannot"; the capability listing is derived from that.         */
    pm_status (*update)(pm_router *fresh, const pm_router *prev, pm_call *c, const pm_delta *d);
    size_t (*latent_dim)(const pm_router *r);
    pm_status (*latent)(const pm_router *r, pm_call *c, const pm_prompts *x, pm_mat out);
    pm_status (*latent_experts)(const pm_router *r, pm_call *c, const pm_library *lib, pm_mat out);
    void (*close)(pm_router *r); /* only for what is not memory: files, sockets         */
} pm_router_type;

/* ---- 9. constraints --------------------------------------------------------------------- */

typedef enum pm_sense {
    PM_SOFT = 1, /* value is a penalty, multiplied by its weight               */
    PM_HARD,     /* value > bound forbids the cell                             */
    PM_BUDGET    /* the mean over chosen cells must be <= bound                */
} pm_sense;
#define PM_SENSE_BIT(sense) (1u << (unsigned)(sense))

typedef struct pm_constraint pm_constraint; /* defined privately by each plugin; may be empty */

typedef struct pm_phrase { /* frozen: travels in arrays; words of a prompt flag: [smallest model] */
    const char *text;      /* lower case, single blanks                                  */
    double weight;         /* what they add to the constraint's weight                   */
} pm_phrase;

typedef struct pm_constraint_type {
    uint32_t size;
    const char *name, *doc, *source;
    const char *unit; /* of `out` at scale = raw, e.g. "USD", "parameters"; "" if none      */
    const pm_param *params;
    size_t params_bytes;
    uint32_t senses;          /* mask of PM_SENSE_BIT                                       */
    int per_prompt;           /* 0: one row is asked for and broadcast                      */
    uint32_t needs;           /* PM_NEEDS_*                                                 */
    const char *const *reads; /* NULL-terminated expert attributes that it needs            */
    size_t state_bytes;       /* 0 = stateless                                              */

    /* value >= 0, lower is better; NaN is refused.  out [n x m]; [1 x m] unless per_prompt.
     * `s` (the router's scores) is NULL while one row is asked for.                       */
    pm_status (*eval)(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out);

    /* All three or none: for constraints that learn (expected output length, grade).      */
    pm_status (*train)(pm_constraint *fresh, pm_call *c, const pm_fit *fit);
    pm_status (*save)(const pm_constraint *k, pm_call *c, pm_store *s);
    pm_status (*load)(pm_constraint *fresh, pm_call *c, pm_store *s);

    int signed_weight;        /* nonzero: a weight below 0 means something: more is better   */
    double usual_bound;       /* > 0: bound of a hard use that names none; 0: it must be named */
    const pm_phrase *phrases; /* text == NULL ends; or NULL: no words                        */
    /* Optional: the values that eval() would have given, had it known what happened: the dollars
     * of a call, the tokens of its answer.  Scaled as eval() scales.  out [n x m], NaN where the
     * outcomes do not tell.  Only for measuring; never asked before a decision.             */
    pm_status (*realised)(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_outcomes *y, pm_mat out);
    /* Optional: does an instance of these parameters give a row for each prompt?  Zero: one row, as with
     * per_prompt == 0, and nothing of `needs` is asked.  NULL: as per_prompt says, which must be nonzero
     * where any parameters can make it so.                                              */
    int (*is_per_prompt)(const void *params);
} pm_constraint_type;

typedef struct pm_term { /* one evaluated constraint */
    uint32_t size;
    const char *name;
    pm_sense sense;
    double weight, bound;    /* of the experiment                                          */
    const float *weight_row; /* [n] effective weight of each prompt (flags), or NULL       */
    pm_cmat value;           /* [n x m], ld == 0 when it does not depend on the prompt     */
    const char *plugin;      /* whose value it is; `name` is its label; NULL: not known    */
} pm_term;

/* ---- 10. objectives ------------------------------------------------------------------------ */

typedef struct pm_question {
    uint32_t size;
    pm_value_kind kind;
    pm_spread_kind spread_kind;
    pm_cmat value;              /* [n x m]                                              */
    pm_cmat spread;             /* [n x m] or at == NULL                                */
    const pm_library *lib;      /* [m]                                                  */
    const pm_prompts *x;        /* [n]                                                  */
    pm_cmat cost_usd;           /* [n x m] expected USD of the call, or at == NULL      */
    const pm_term *const *term; /* [n_terms]                                            */
    size_t n_terms;
    const uint64_t *arrival; /* [n] position in the stream, ascending                */
    const float *prior;      /* [m] utility of each expert on train, higher better, or NULL:
                                   breaks exact ties; then the lower column wins         */
    uint32_t reference_col;  /* WINPROB: values are against this column; else PM_NO_COL */
    const uint32_t
        *mask;        /* [n x m] 0 = allowed, else the host forbids the cell: 1 + index of the first
                                   hard term whose bound it breaks, or PM_MASK_FALLBACK.  No row is
                                   masked throughout.  NULL: every cell is allowed       */
    uint64_t horizon; /* prompts of the whole stream, this question's among them; 0: not known */
} pm_question;
#define PM_MASK_FALLBACK UINT32_MAX /* nobody was feasible, and this is not the fallback expert */

static inline int pm_is_allowed(const pm_question *q, size_t i, size_t j)
{
    return !q->mask || !q->mask[i * q->value.cols + j];
}

typedef struct pm_decisions { /* host allocates; plugin fills what is non-NULL */
    uint32_t size;
    uint32_t *choice;  /* [n] column per prompt, PM_NO_COL = abstain; always present     */
    pm_mat utility;    /* [n x m] what was maximised; or at == NULL.  Where masked, -INFINITY:
                          the host writes it afterwards, whatever the objective left there */
    pm_mat share;      /* [n x m] probability of choosing, rows sum to 1; or at == NULL  */
    uint8_t *front;    /* [n x m] 1 = on the Pareto front of the question; or NULL       */
    pm_mat value_part; /* [n x m] explanation: value's part of the utility; or at == NULL */
    pm_mat *term_part; /* [n_terms] each [n x m]: term k's part.  value_part + sum term_part
                          = utility where not masked (checked); or NULL                  */
    uint8_t *refused;  /* [n x m] 1 = allowed by the host, ruled out by the objective itself (its
                          utility is then -INFINITY); zeroed by the host; or NULL: not asked  */
} pm_decisions;

typedef struct pm_feedback { /* what a choice led to; NaN = not observed */
    uint32_t size;
    uint64_t prompt_id, arrival;
    uint32_t choice;
    double cost_usd, value;
    pm_value_kind kind;
    const double *term; /* [n_terms] what the choice really was in each term (NaN: not known) */
    size_t n_terms;
} pm_feedback;

typedef struct pm_objective pm_objective;
typedef struct pm_objective_type {
    uint32_t size;
    const char *name, *doc, *source;
    const pm_param *params;
    size_t params_bytes;
    uint32_t accepts;   /* mask of PM_VALUE_BIT                                         */
    uint32_t offers;    /* PM_OFFERS_*: which optional outputs it fills                 */
    size_t state_bytes; /* 0 = stateless; build is then NULL                            */
    pm_status (*decide)(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out);

    /* Stateful objectives are built from a prefix of the stream (question with its realised
     * outcomes) and learn between decisions; the host serialises observe() against decide(). */
    pm_status (*build)(pm_objective *fresh, pm_call *c, const pm_question *prefix,
                       const pm_outcomes *seen);
    pm_status (*observe)(pm_objective *o, pm_call *c, const pm_feedback *seen);
    pm_status (*save)(const pm_objective *o, pm_call *c, pm_store *s);
    pm_status (*load)(pm_objective *fresh, pm_call *c, pm_store *s);

    /* Nonzero promises: utility(i, j) = v - w_1(i) C_1(i, j) - w_2(i) C_2(i, j) ... over the soft terms in their
     * order, from left to right in double, every product rounded before it is taken off; v = the value, or
     * minus it for LOSS.  The choice is the allowed cell of the highest utility, equal ones by prior, then
     * the lower column.  The host may then decide for many weights at once, to the bit. */
    int additive;

    /* Nonzero: pm_question.spread is always there; routers whose spread_kind is NONE are refused before any compute. */
    int needs_spread;

    /* Mask of PM_SENSE_BIT: senses of constraints that it deals with; 0: soft and hard.  Others are refused before any
     * compute.  Hard terms are the host's and always allowed; with PM_BUDGET it keeps the mean of such a term over the
     * prompts within its bound. */
    uint32_t senses;
} pm_objective_type;

enum { PM_OFFERS_UTILITY = 1u, PM_OFFERS_SHARE = 2u, PM_OFFERS_FRONT = 4u, PM_OFFERS_PARTS = 8u };

/* ---- 11. embedders --------------------------------------------------------------------------- */

typedef struct pm_embedder pm_embedder;
typedef struct pm_embedder_type {
    uint32_t size;
    const char *name, *doc, *source;
    const pm_param *params;
    size_t params_bytes;
    size_t state_bytes;
    pm_status (*train)(pm_embedder *fresh, pm_call *c, const pm_fit *fit); /* reads fit->x->text */
    pm_status (*save)(const pm_embedder *e, pm_call *c, pm_store *s);
    pm_status (*load)(pm_embedder *fresh, pm_call *c, pm_store *s);
    size_t (*dim)(const pm_embedder *e);
    /* out [n x dim].  Row i depends on text i alone, to the bit.                           */
    pm_status (*embed)(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out);
    /* Optional: sparse word features.  *out lives in the call's scratch; the host copies.  */
    size_t (*sparse_dim)(const pm_embedder *e);
    pm_status (*sparse)(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n,
                        pm_csr *out);
    void (*close)(pm_embedder *e);
} pm_embedder_type;

/* ---- 12. backends: what scores or answers for an expert ------------------------------------------ */

typedef struct pm_corpus { /* text that a backend may train on */
    uint32_t size;
    const pm_str *document; /* [n] */
    size_t n;
} pm_corpus;

typedef struct pm_backend_fit { /* exactly one of corpus and y is given */
    uint32_t size;
    const pm_expert *expert; /* who is being built                                       */
    const pm_corpus *corpus; /* to train on                                              */
    const pm_prompts *x;     /* recorded prompts ...                                     */
    const pm_outcomes *y;    /* ... and this expert's recorded outcomes, [n x 1]         */
} pm_backend_fit;

typedef struct pm_measured { /* host allocates [n] each; NaN = not observed */
    uint32_t size;
    pm_value_kind kind; /* set by the backend: QUALITY, or LOSS = total nats of the text */
    double *value;
    double *cost_usd;
    double *tokens; /* tokens of the text under the backend's own tokeniser         */
    double *chars;  /* code points scored: losses compare per character            */
    size_t n_parts; /* optional: 0 = not asked                                     */
    double *part;   /* [n x n_parts] LOSS: nats of n_parts consecutive spans of the text, span
                       p = code points [p c / n_parts, (p + 1) c / n_parts) of c; each row sums to
                       value.  Left NaN by a backend that cannot; for noise ceilings  */
} pm_measured;

typedef struct pm_reply {
    uint32_t size;
    pm_str text; /* lives in the call's scratch; the host copies */
    double cost_usd, latency_ms;
    uint32_t tokens_in, tokens_out;
} pm_reply;

typedef struct pm_backend pm_backend;
typedef struct pm_backend_type {
    uint32_t size;
    const char *name, *doc, *source;
    const pm_param *params;
    size_t params_bytes;
    size_t state_bytes;
    pm_status (*train)(pm_backend *fresh, pm_call *c, const pm_backend_fit *fit);
    pm_status (*save)(const pm_backend *b, pm_call *c, pm_store *s);
    pm_status (*load)(pm_backend *fresh, pm_call *c, pm_store *s);
    /* At least one of the two.                                                              */
    pm_status (*score)(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out);
    pm_status (*ask)(const pm_backend *b, pm_call *c, const pm_expert *e, const pm_turn *turn,
                     size_t n_turns, pm_reply *out);
    void (*close)(pm_backend *b);
} pm_backend_type;

/* ---- 13. services --------------------------------------------------------------------------------- */

/* "pm.table/1": the k nearest rows of a table by cosine, dense (float32, float16, int8) or
 * sparse.  A table lives in own() memory of the instance being built.  Ranking is exact for the
 * stored values: similarities of the answer are canonical (double accumulation in index order), so
 * a batch and a single query agree to the bit; equal similarity: the earlier row first.           */
#define PM_TABLE_SERVICE "pm.table/1"
typedef struct pm_table pm_table;

/* How tally() sums the rows of a table, weighted by their similarity to a query. */
typedef struct pm_tally {
    uint32_t size;
    double gamma;          /* in [1, 1e6]; 1: every row weighs 1; 10: RouteLLM's            */
    const uint64_t *start; /* [rows + 1] row r has entries [start[r], start[r + 1]);
                              NULL: entry r is row r's only one                             */
    const uint32_t *cls;   /* [entries] class of each, < n_classes                          */
    const float *amount;   /* [entries] finite, or NULL: 1                                  */
    size_t n_classes;      /* >= 1                                                          */
    const double *base;    /* [n_classes] what every row of `out` starts from; NULL: zeros  */
} pm_tally;

typedef struct pm_table_service {
    uint32_t size;
    /* Copies and L2-normalises rows [n x d] (a zero row stays zero: similarity 0 to all). */
    pm_status (*build)(pm_call *c, pm_cmat rows, pm_dtype store_as, pm_table **out);
    pm_status (*build_sparse)(pm_call *c, const pm_csr *rows, pm_table **out);
    /* index, similarity [n x k], best first; rows beyond the table's end: PM_NO_COL, -2.   */
    pm_status (*best)(const pm_table *t, pm_call *c, pm_cmat query, size_t k, uint32_t *index,
                      float *similarity);
    pm_status (*best_sparse)(const pm_table *t, pm_call *c, const pm_csr *query, size_t k,
                             uint32_t *index, float *similarity);
    pm_status (*save)(const pm_table *t, pm_call *c, pm_store *s, const char *name);
    pm_status (*load)(pm_call *c, pm_store *s, const char *name, pm_table **out);
    size_t (*rows)(const pm_table *t);
    size_t (*cols)(const pm_table *t);
    /* out[q, k] = base[k] + sum over the entries e of class k of amount[e] * w(q, row of e), where
     * w(q, r) = gamma^(1 + s(q, r) / max over r' of s(q, r')) and s is the cosine with a stored row:
     * the weights of similarity-weighted ranking (RouteLLM, arXiv 2406.18665, section 4.2).  The
     * maximum is over rows that have entries; where it is not above 0 (a zero query, empty text)
     * every row weighs gamma.
     *
     * query   [n x d]   how   see pm_tally   out   [n x n_classes]
     * nearest [n] that maximum, exact for the stored values (as best() has it); 0 if no row has
     *         entries.  NULL: not asked
     *
     * s is float32 arithmetic in a fixed order (int8 tables: exact integers, the query rounded to
     * int8 too); sums are in double in a fixed order.  Same bits for one query or many, whatever the
     * threads and the CPU.  Errors: PM_E_SHAPE, PM_E_ARG, PM_E_UNSUPPORTED for sparse tables and
     * int8 tables of more than 65536 columns.   Cost: one pass over the table for many queries.    */
    pm_status (*tally)(const pm_table *t, pm_call *c, pm_cmat query, const pm_tally *how,
                       double *out, float *nearest);
} pm_table_service;

/* "pm.linalg/1": the dense and sparse solvers that fitting needs. */
#define PM_LINALG_SERVICE "pm.linalg/1"
typedef enum pm_svd_method { PM_SVD_EXACT = 0, PM_SVD_RANDOMISED } pm_svd_method;
typedef struct pm_svd { /* A ~ U diag(singular) V', the k leading ones; right side only */
    uint32_t size;
    pm_svd_method method;
    size_t k;         /* <= min(n, v)                                                        */
    double tolerance; /* EXACT: until singular values move by less than that (relative)      */
    size_t oversampling, power_iterations; /* RANDOMISED: 600 and 8 will do for k = 256     */
    float *singular;                       /* [k] descending                                 */
    pm_mat right;                          /* [v x k] = V, or at == NULL: not asked          */
    int8_t *right_i8; /* [v x k] = V as bytes, row r to be multiplied by scale[r]; or NULL   */
    float *scale;     /* [v] given exactly when right_i8 is                                  */
} pm_svd;
typedef struct pm_bt_report {
    uint32_t size;
    int is_separated;    /* nonzero: a set of players never lost (or never won) against the rest, so
                            that the maximum lies at infinity; ratings were held within 23 of the mean */
    size_t first_beyond; /* a player of such a set; SIZE_MAX: none                            */
    size_t n_parts;      /* connected parts of the graph of battles                           */
    size_t iterations;
    double log_loss; /* mean negative log-likelihood per unit of weight, prior left out        */
} pm_bt_report;
typedef struct pm_bt { /* what bradley_terry() is to rate k players by */
    uint32_t size;
    size_t k;
    const double *win;      /* [k x k] win[a * k + b] = weight with which a beat b; a tie is half to
                                each.  The diagonal is not read                               */
    const double *win_zero; /* [k] weight of wins of each against a fixed player rated 0, and  */
    const double *lose_zero; /* [k] of losses against it; NULL: none                           */
    double prior;            /* >= 0: weight of a tie of everybody with the fixed player        */
    pm_bt_report *report;    /* or NULL: not asked, which saves a logarithm a pair             */
} pm_bt;
typedef struct
    pm_noise { /* normal numbers by Box and Muller on 32-bit uniforms of (c->seed, stream) */
    uint32_t size, stream;
    uint64_t first; /* number of the first row: row i owns the draws of first + i */
    float alpha;    /* what they are multiplied by; 0: none is drawn */
} pm_noise;
typedef struct pm_adam { /* one step of Adam on a dense layer: betas .9 and .999, epsilon 1e-8 */
    uint32_t size;
    pm_cmat x, g;         /* gradient = x' g; or x.at == NULL: g [as w] is the gradient      */
    pm_mat w;             /* [x.cols x g.cols] changed in place                              */
    float *mean, *square; /* laid out as w, zeros before the first step                      */
    const float *toward;  /* laid out as w, or NULL: zeros                                   */
    double lr, l2;        /* l2 (w - toward) is added to the gradient                        */
    uint64_t step;        /* 1, 2, ...                                                       */
} pm_adam;
typedef struct pm_linalg_service {
    uint32_t size;
    /* Truncated SVD of A [n x v]: singular [k] descending, right [v x k] = V; k <= min(n, v).
     * Block subspace iteration until the singular values move by less than `tolerance` (relative).
     * Signs are fixed: the entry of largest magnitude of every column of V is positive.      */
    pm_status (*svd_csr)(pm_call *c, const pm_csr *a, size_t k, double tolerance, float *singular,
                         pm_mat right);
    /* W = (X'X + lambda I)^-1 X'Y on centred data; w_out [d x m], intercept [m].  NaN cells of y
     * are ignored column by column; weight [n] or NULL.                                      */
    pm_status (*ridge)(pm_call *c, pm_cmat x, pm_cmat y, const float *weight, double lambda,
                       pm_mat w_out, float *intercept);
    /* Truncated SVD of A [n x v], as told by `want`: block subspace iteration, or randomised (block Krylov
     * space of k + oversampling dimensions; Musco and Musco 2015, algorithm 2).  Signs as for svd_csr.                      */
    pm_status (*svd)(pm_call *c, const pm_csr *a, const pm_svd *want);
    /* out [n x k] = A R, R [v x k] = diag(scale) bytes; row i depends on row i of A alone, to the
     * bit.  In the caller's thread: meant for bodies of parallel loops.                      */
    pm_status (*csr_i8)(pm_call *c, const pm_csr *a, const int8_t *bytes, const float *scale,
                        pm_mat out);
    /* Bradley-Terry ratings in natural-log units: theta [k] maximises the sum over a, b of
     * win[a, b] log sigmoid(theta_a - theta_b) plus the terms of the fixed player.  In: a finite
     * start; out: mean 0 within each connected part, unless the fixed player sets the zero.  P(a beats
     * b) = 1 / (1 + exp(theta_b - theta_a)).  In the caller's thread: meant for bodies of loops. */
    pm_status (*bradley_terry)(pm_call *c, const pm_bt *w, double *theta);
    /* Cuts k ratings, sorted descending, into n_tiers segments whose population variances sum to the
     * least; tier [k] out, 0 = best.  Among equal sums the earliest cut.                     */
    pm_status (*tiers)(pm_call *c, const double *rating, size_t k, size_t n_tiers, uint32_t *tier);
    /* out row i = scale * row[i] + alpha z, z standard normal (|z| < 6.7); row [out.rows] points to rows of
     * out.cols numbers.  Same bits on every CPU and whatever the thread count.               */
    pm_status (*noisy_rows)(pm_call *c, const float *const *row, float scale, const pm_noise *z,
                            pm_mat out);
    /* One step of Adam (Kingma and Ba 2015); sums over rows of x ascending.                  */
    pm_status (*adam)(pm_call *c, const pm_adam *a);
    /* out[i] = row i of a times x, in float32; row by row, whatever the batch.                */
    pm_status (*dots)(pm_call *c, pm_cmat a, const float *x, float *out);
} pm_linalg_service;

/* "pm.budget/1": the best choices under one budget, and what it is worth.  */
#define PM_BUDGET_SERVICE "pm.budget/1"
typedef struct pm_budget_problem { /* a multiple-choice knapsack */
    uint32_t size;
    size_t n, m;
    const double *value;  /* [n x m] finite: to be large                                      */
    const double *cost;   /* [n x cost_ld] finite; cost_ld 0: [m], the same for every prompt  */
    size_t cost_ld;       /* 0 or >= m                                                        */
    const uint32_t *mask; /* [n x m] nonzero: not to be chosen (as pm_question.mask); or NULL */
    double budget;        /* of the sum of costs; INFINITY: none                              */
} pm_budget_problem;
typedef struct pm_budget_answer {
    uint32_t size;
    double value, spend; /* sums, the share counted                                            */
    double price;        /* value of a further unit of budget; 0: it is not spent              */
    double least;        /* of the cheapest choices together: set when infeasible, too         */
    size_t split;        /* the one prompt between two experts, or SIZE_MAX                    */
    uint32_t split_to;   /* its dearer one, with weight `share`; choice[split] has the rest    */
    double share;
} pm_budget_answer;
typedef struct pm_budget_service {
    uint32_t size;
    /* Maximises the sum of values of one choice a prompt, sum of costs <= budget, choices relaxed to mixtures, of
     * which one prompt at most needs one; exact.  choice [n].  Every choice maximises value - price * cost.
     * Equal cells: the lower column; equal slopes: the lower prompt.  PM_E_INFEASIBLE below `least`.
     * In the caller's thread.  Sinha and Zoltners 1979; Zemel 1984; Dyer 1984.               */
    pm_status (*solve)(pm_call *c, const pm_budget_problem *p, uint32_t *choice,
                       pm_budget_answer *out);
} pm_budget_service;

/* "pm.spdx/1": common licence identifiers and the families that a policy speaks of (docs/libraries.md). */
#define PM_SPDX_SERVICE "pm.spdx/1"
typedef struct pm_spdx { /* frozen: travels in arrays */
    const char *id, *family;
} pm_spdx;
typedef struct pm_spdx_service {
    uint32_t size;
    const pm_spdx *(*rows)(void);         /* ended by id == NULL */
    const char *const *(*families)(void); /* NULL-terminated */
    /* Of an identifier (upper and lower case alike), a LicenseRef-*, a licence of open weights or "proprietary ...";
     * NULL where nothing is known. */
    const char *(*family)(const char *text, size_t len);
} pm_spdx_service;

/* "pm.masks/1": words that are masked when losses are measured, the same ones for every model that asks with the same numbers:
 * in each draw ceil(share n) of a text's n whitespace words, each as likely; a pure function of (seed, id, draw).  */
#define PM_MASKS_SERVICE "pm.masks/1"
typedef struct pm_masks {
    uint32_t size;
    double share; /* of words, (0, 1]                                                      */
    size_t draws; /* 1 .. 1000                                                             */
    uint64_t seed;
} pm_masks;
typedef struct pm_masks_service {
    uint32_t size;
    /* weight [text.len]: in which share of the draws the word of each byte is masked; 0 between words */
    pm_status (*weigh)(pm_call *c, const pm_masks *k, pm_str text, uint64_t id, double *weight);
} pm_masks_service;

/* "pm.nn/1": language models.  A model (tokeniser and weights) lives in own() memory of the instance being built and is
 * read-only once its build returns.  Const calls are concurrent and allocate nothing after warm-up.  What a text gives
 * never depends on the other texts of the call, to the bit.  Whatever is cut at a limit is reported (host->cut).         */
#define PM_NN_SERVICE "pm.nn/1"
typedef struct pm_nn pm_nn;
typedef enum pm_nn_precision {
    PM_NN_EXACT = 0, /* float32                                                              */
    PM_NN_FAST,      /* bfloat16 products where the CPU is faster so, else float32            */
    PM_NN_BYTES      /* int8 weights                                                         */
} pm_nn_precision;
typedef enum pm_nn_kind { PM_NN_MASKED = 0, PM_NN_CAUSAL } pm_nn_kind;
typedef enum pm_nn_design {
    PM_NN_USUAL = 0, /* BERT for masked models, Llama for causal ones                        */
    PM_NN_BERT,      /* learned positions, LayerNorm after each part, GELU                   */
    PM_NN_LLAMA      /* rotary positions, RMSNorm before each part, SwiGLU; causal or not    */
} pm_nn_design;
typedef enum pm_nn_pool { PM_NN_MEAN = 0, PM_NN_CLS, PM_NN_LAST, PM_NN_POOLER } pm_nn_pool;

typedef struct pm_nn_open {
    uint32_t size;
    const char *model; /* as a PM_P_MODEL parameter has it                                   */
    pm_nn_precision precision;
    size_t max_tokens; /* 0: what the files say                                              */
    size_t n_outputs;  /* a fresh head of so many columns; 0: the files' own, if any         */
} pm_nn_open;

typedef struct pm_nn_shape { /* of a new model                                                */
    uint32_t size;
    pm_nn_kind kind;
    size_t n_layers, width, n_heads, inner; /* inner 0: 4 width, 8/3 width (Llama)           */
    size_t vocab; /* learned from the corpus: WordPiece (masked), byte-level BPE (causal) */
    size_t max_tokens, n_outputs;
    int lower_case;
    pm_nn_precision precision;
    pm_nn_design design;
} pm_nn_shape;

typedef struct pm_nn_about {
    uint32_t size;
    const char *name;
    pm_nn_kind kind;
    int can_score, can_ask; /* has a language-model head; is causal                          */
    size_t n_layers, width, n_vocab, max_tokens, n_outputs, n_parameters;
    pm_nn_pool pool; /* what the files say of pooling; MEAN where they say nothing            */
    uint64_t
        bytes_trained; /* of text that the weights were fitted on by fit(); 0: as opened or created */
} pm_nn_about;

typedef enum pm_nn_goal { PM_NN_LM = 0, PM_NN_CLASSES, PM_NN_REGRESS, PM_NN_SOFT } pm_nn_goal;
typedef enum pm_nn_decay { PM_NN_CONSTANT = 0, PM_NN_LINEAR, PM_NN_COSINE } pm_nn_decay;
typedef struct pm_nn_fit { /* 0 in a number: its default, in brackets                          */
    uint32_t size;
    pm_nn_goal goal;
    const pm_str *text, *pair; /* [n]; pair NULL: single texts                               */
    size_t n;
    pm_cmat target;      /* not LM: [n x n_outputs], NaN = not observed (REGRESS)              */
    const float *weight; /* [n] or NULL                                                      */
    const pm_str *tune_text, *tune_pair;
    size_t n_tune;
    pm_cmat tune_target;
    pm_nn_pool pool;
    size_t max_tokens, batch_tokens; /* [the model's], [4096]                                 */
    double epochs;                   /* [1]                                                  */
    uint64_t max_steps;              /* [no limit]                                           */
    double rate, warm_up;            /* [5e-4 from scratch, 5e-5 else], share of steps [.05]   */
    pm_nn_decay decay;
    double weight_decay, clip;     /* [.01], [1]                                           */
    double mask_share, tune_share; /* [.15], [.02]                                         */
    size_t patience;               /* [never]                                              */
    size_t lora_rank;              /* [0: all weights learn]                               */
    double lora_alpha;             /* [2 rank]                                             */
    int mask_in_turn; /* [0] masked models learn to guess pieces of a word in turn: it is masked from some piece on */
} pm_nn_fit;

typedef struct pm_nn_score { /* arrays of [n], or NULL: not asked                             */
    uint32_t size;
    double
        mask_share; /* masked models: of whitespace words [.15]; the same words for every model  */
    size_t draws;   /* [1] masks a text; numbers are means over them                      */
    uint64_t mask_seed;
    double *nats, *pieces, *words, *chars, *right;
    size_t n_parts; /* as pm_measured has them; 0: not asked                                 */
    double *part;   /* [n x n_parts]                                                         */
    int mask_in_turn; /* masked models: [0] all pieces of a word at once, or each knowing those before it */
    int masked_only; /* causal models: nats of the masked words alone, which are read unmasked */
} pm_nn_score;

typedef struct pm_nn_say {
    uint32_t size;
    double temperature, top_p; /* temperature 0: greedy; top_p 0: 1                          */
    size_t top_k, max_new;     /* 0: all; 0: 256                                             */
    const char *chat;          /* template by name, or NULL: the model's own                 */
} pm_nn_say;

typedef struct pm_nn_service {
    uint32_t size;
    pm_status (*open)(pm_call *c, const pm_nn_open *how, pm_nn **out);
    /* A new model of that shape whose vocabulary is learned from the corpus; weights drawn by c->seed.  */
    pm_status (*create)(pm_call *c, const pm_nn_shape *shape, const pm_corpus *corpus, pm_nn **out);
    /* Trains what the running build opened or created: *model becomes the trained one.  Progress, cancellation,
     * curves ("train_loss", "tune_loss") and resuming are the host's.                                       */
    pm_status (*fit)(pm_call *c, pm_nn **model, const pm_nn_fit *how);
    pm_status (*save)(const pm_nn *m, pm_call *c, pm_store *s, const char *name);
    pm_status (*load)(pm_call *c, pm_store *s, const char *name, pm_nn **out);
    void (*about)(const pm_nn *m, pm_nn_about *out);
    /* out [n x width]                                                                       */
    pm_status (*embed)(const pm_nn *m, pm_call *c, const pm_str *text, size_t n, pm_nn_pool pool,
                       int normalise, pm_mat out);
    /* out [n x n_outputs]: what the head says, before any softmax                           */
    pm_status (*outputs)(const pm_nn *m, pm_call *c, const pm_str *text, const pm_str *pair,
                         size_t n, pm_nn_pool pool, pm_mat out);
    /* id [n] of the texts: masks depend on them                                             */
    pm_status (*score)(const pm_nn *m, pm_call *c, const pm_str *text, const uint64_t *id, size_t n,
                       pm_nn_score *out);
    /* text lives in the call's scratch                                                      */
    pm_status (*ask)(const pm_nn *m, pm_call *c, const pm_turn *turn, size_t n_turns,
                     const pm_nn_say *how, pm_reply *out);
} pm_nn_service;

/* ---- 14. the entry point ----------------------------------------------------------------------------- */

typedef struct pm_plugin {
    uint32_t magic, abi, size; /* PM_MAGIC, PM_ABI, sizeof(pm_plugin)                      */
    uint32_t real_bytes;       /* sizeof(float) the plugin was compiled with               */
    const char *name, *version, *license;
    const pm_router_type *const *routers; /* each list is NULL-terminated, or NULL if empty */
    const pm_objective_type *const *objectives;
    const pm_constraint_type *const *constraints;
    const pm_embedder_type *const *embedders;
    const pm_backend_type *const *backends;
} pm_plugin;

/* Called once, before anything else, with the host's PM_ABI.  Must not allocate, log, start
 * threads or touch the network.  Returns NULL to decline this host.                        */
PM_EXPORT const pm_plugin *pm_plugin_entry(uint32_t host_abi);

/* The common case: one descriptor per shared object.  Longer plugins write it by hand. */
#define PM_PLUGIN_ONE_(list_type, type, version_, license_, r, o, k, e, b)                         \
    const pm_plugin *pm_plugin_entry(uint32_t host_abi)                                            \
    {                                                                                              \
        static const list_type *const list[] = {&type, NULL};                                      \
        static const pm_plugin self = {PM_MAGIC, PM_ABI,   sizeof(pm_plugin), sizeof(float),       \
                                       #type,    version_, license_,          r(list),             \
                                       o(list),  k(list),  e(list),           b(list)};            \
        return (host_abi >> 16) == PM_ABI_MAJOR ? &self : NULL;                                    \
    }
#define PM_LIST_(list) list
#define PM_NONE_(list) NULL
#define PM_PLUGIN_ROUTER(type, version, license)                                                   \
    PM_PLUGIN_ONE_(pm_router_type, type, version, license, PM_LIST_, PM_NONE_, PM_NONE_, PM_NONE_, \
                   PM_NONE_)
#define PM_PLUGIN_OBJECTIVE(type, version, license)                                                \
    PM_PLUGIN_ONE_(pm_objective_type, type, version, license, PM_NONE_, PM_LIST_, PM_NONE_,        \
                   PM_NONE_, PM_NONE_)
#define PM_PLUGIN_CONSTRAINT(type, version, license)                                               \
    PM_PLUGIN_ONE_(pm_constraint_type, type, version, license, PM_NONE_, PM_NONE_, PM_LIST_,       \
                   PM_NONE_, PM_NONE_)
#define PM_PLUGIN_EMBEDDER(type, version, license)                                                 \
    PM_PLUGIN_ONE_(pm_embedder_type, type, version, license, PM_NONE_, PM_NONE_, PM_NONE_,         \
                   PM_LIST_, PM_NONE_)
#define PM_PLUGIN_BACKEND(type, version, license)                                                  \
    PM_PLUGIN_ONE_(pm_backend_type, type, version, license, PM_NONE_, PM_NONE_, PM_NONE_,          \
                   PM_NONE_, PM_LIST_)

#ifdef __cplusplus
}
#endif
#endif
