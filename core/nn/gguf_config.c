/* SPDX-License-Identifier: MIT
 *
 * A GGUF file as a source: the model that its metadata describe (architectures llama, qwen2, gpt2), and its
 * metadata for who asks (tokenizer.ggml.*).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/gguf.h"

typedef struct reader { /* the first mistake stays in st */
    const nn_source *s;
    const char *arch;
    nn_config *c;
    pm_status st;
    pm_err *err;
} reader;

static const gguf_value *value_of(const reader *r, const char *key, char full[96])
{
    snprintf(full, 96, "%s.%s", r->arch, key);
    return gguf_find(r->s->meta, full);
}

/* fallback NAN: the key has to be there. */
static double take_real(reader *r, const char *key, double fallback)
{
    char full[96];
    const gguf_value *v = value_of(r, key, full);
    if (r->st != PM_OK) return 0;
    if (!v && isnan(fallback))
        r->st = err_set(r->err, PM_E_FORMAT, "%s: has no %s", r->s->path, full);
    else if (v && (v->type == GGUF_STRING || v->type == GGUF_ARRAY))
        r->st = err_set(r->err, PM_E_UNSUPPORTED, "%s: %s is %s; want one number for all layers",
                        r->s->path, full, v->type == GGUF_ARRAY ? "an array" : "a text");
    return r->st == PM_OK ? (v ? v->number : fallback) : 0;
}

static size_t take_size(reader *r, const char *key, double fallback)
{
    double v = take_real(r, key, fallback);
    if (r->st == PM_OK && !(v >= 0 && v < 4294967296.0 && v == floor(v)))
        r->st = err_set(r->err, PM_E_FORMAT, "%s: %s.%s: %g; want a whole number", r->s->path,
                        r->arch, key, v);
    return r->st == PM_OK ? (size_t)v : 0;
}

static void want_zero(reader *r, const char *key, const char *what)
{
    double v = take_real(r, key, 0);
    if (r->st == PM_OK && v != 0)
        r->st = err_set(r->err, PM_E_UNSUPPORTED, "%s: %s.%s: %g; %s are not computed here",
                        r->s->path, r->arch, key, v, what);
}

static bool has(const reader *r, const char *tensor)
{
    return nn_source_find(r->s, tensor) != NULL;
}

static void take_ids(reader *r)
{
    nn_config *c = r->c;
    const struct {
        const char *key;
        int64_t *id;
    } all[] = {{"bos", &c->bos_id},   {"eos", &c->eos_id}, {"padding", &c->pad_id},
               {"mask", &c->mask_id}, {"cls", &c->cls_id}, {"seperator", &c->sep_id}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char key[64];
        double id = 0;
        *all[i].id = -1;
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", all[i].key);
        if (!nn_source_number(r->s, key, &id)) continue;
        if (r->st == PM_OK && !(id >= -1 && id < (double)c->n_vocab && id == floor(id)))
            r->st = err_set(r->err, PM_E_FORMAT, "%s: %s: %g is not among the %zu tokens",
                            r->s->path, key, id, c->n_vocab);
        if (r->st == PM_OK) *all[i].id = (int64_t)id;
    }
}

static void take_vocabulary(reader *r)
{
    nn_strings tokens;
    const nn_tensor *t = nn_source_find(r->s, "token_embd.weight");
    if (r->st != PM_OK) return;
    if (!t || t->n_dims != 2) {
        r->st = err_set(r->err, PM_E_FORMAT, "%s: holds no matrix 'token_embd.weight'", r->s->path);
        return;
    }
    r->c->n_vocab = t->dim[0];
    if (nn_source_texts(r->s, "tokenizer.ggml.tokens", &tokens) && tokens.n != r->c->n_vocab)
        r->st = err_set(r->err, PM_E_FORMAT,
                        "%s: a vocabulary of %zu tokens beside embeddings of %zu", r->s->path,
                        tokens.n, r->c->n_vocab);
}

static void take_rope(reader *r)
{
    nn_config *c = r->c;
    pm_str kind;
    char full[96];
    c->rotary = true;
    c->rope_theta = take_real(r, "rope.freq_base", 10000);
    size_t turned = take_size(r, "rope.dimension_count", (double)c->head_dim);
    (void)value_of(r, "rope.scaling.type", full);
    if (r->st != PM_OK) return;
    if (turned != c->head_dim)
        r->st = err_set(r->err, PM_E_UNSUPPORTED,
                        "%s: %s.rope.dimension_count: %zu; want all %zu of a head", r->s->path,
                        r->arch, turned, c->head_dim);
    else if (nn_source_text(r->s, full, &kind) && !pm_str_equal(kind, "none"))
        r->st = err_set(r->err, PM_E_UNSUPPORTED, "%s: %s: %.*s; want none", r->s->path, full,
                        kind.len > 40 ? 40 : (int)kind.len, kind.ptr);
    else if (has(r, "rope_freqs.weight"))
        r->st = err_set(
            r->err, PM_E_UNSUPPORTED,
            "%s: tensor 'rope_freqs.weight': scaled rotary frequencies are not read from GGUF",
            r->s->path);
}

static void take_heads(reader *r)
{
    nn_config *c = r->c;
    c->n_heads = take_size(r, "attention.head_count", NAN);
    c->n_kv_heads = take_size(r, "attention.head_count_kv", (double)c->n_heads);
    if (r->st == PM_OK && (c->n_heads == 0 || c->width % c->n_heads))
        r->st = err_set(r->err, PM_E_FORMAT, "%s: %zu heads do not divide a width of %zu",
                        r->s->path, c->n_heads, c->width);
    if (r->st != PM_OK) return;
    c->head_dim = take_size(r, "attention.key_length", (double)(c->width / c->n_heads));
    size_t values = take_size(r, "attention.value_length", (double)c->head_dim);
    if (r->st == PM_OK && values != c->head_dim)
        r->st = err_set(r->err, PM_E_UNSUPPORTED,
                        "%s: keys of %zu and values of %zu; want the same", r->s->path, c->head_dim,
                        values);
}

static void take_all(reader *r)
{
    nn_config *c = r->c;
    c->causal = c->norm_first = true;
    c->init_std = 0.02;
    c->n_layers = take_size(r, "block_count", NAN);
    c->width = take_size(r, "embedding_length", NAN);
    c->inner = take_size(r, "feed_forward_length", NAN);
    c->n_positions = take_size(r, "context_length", NAN);
    take_heads(r);
    want_zero(r, "expert_count", "mixtures of experts");
    want_zero(r, "attention.sliding_window", "sliding windows");
    take_vocabulary(r);
    take_ids(r);
    c->lm_head = has(r, "output.weight") ? NN_LM_OWN : NN_LM_TIED;
    c->qkv_bias = has(r, "blk.0.attn_q.bias") || has(r, "blk.0.attn_qkv.bias");
    c->bias = has(r, "blk.0.attn_output.bias");
    if (c->family == NN_GPT2) {
        c->norm_eps = take_real(r, "attention.layer_norm_epsilon", NAN);
        c->act = LINEAR_GELU_TANH;
        c->dropout = c->attention_dropout = 0.1;
        return;
    }
    c->rms_norm = c->gated = true;
    c->act = LINEAR_SILU;
    c->norm_eps = take_real(r, "attention.layer_norm_rms_epsilon", NAN);
    take_rope(r);
}

pm_status gguf_config(const nn_source *s, nn_config *out, pm_err *err)
{
    static const struct {
        const char *name;
        nn_family family;
    } known[] = {{"llama", NN_LLAMA}, {"qwen2", NN_QWEN2}, {"gpt2", NN_GPT2}};
    pm_str arch;
    if (!nn_source_text(s, "general.architecture", &arch))
        return err_set(err, PM_E_FORMAT, "%s: has no general.architecture", s->path);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!pm_str_equal(arch, known[i].name)) continue;
        *out = (nn_config){.family = known[i].family};
        reader r = {.s = s, .arch = known[i].name, .c = out, .err = err};
        take_all(&r);
        return r.st == PM_OK ? nn_config_check(out, s->path, err) : r.st;
    }
    return err_set(err, PM_E_UNSUPPORTED,
                   "%s: general.architecture: '%.*s'; llama, qwen2 and gpt2 are read", s->path,
                   arch.len > 40 ? 40 : (int)arch.len, arch.ptr);
}

/* ---- the source ------------------------------------------------------------------------------------------ */

static pm_status fill(nn_source *s, const void *bytes, size_t len, pm_err *err)
{
    gguf *g = NULL;
    nn_config *config = arena_alloc(s->a, 1, sizeof *config);
    if (!config) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    pm_status st = gguf_parse(bytes, len, s->path, s->a, &g, err);
    if (st != PM_OK) return st;
    s->kind = "gguf";
    s->meta = g;
    s->t = g->t;
    s->n = g->n_tensors;
    st = gguf_config(s, config, err);
    if (st == PM_OK) s->config = config;
    return st;
}

pm_status nn_open_gguf(nn_source *s, pm_err *err)
{
    s->map = arena_alloc(s->a, 1, sizeof(const io_map *));
    if (!s->map) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    pm_status st = nn_map(s->path, s->a, &s->map[0], err);
    if (st != PM_OK) return st;
    s->n_maps = 1;
    return fill(s, s->map[0]->at, s->map[0]->len, err);
}

pm_status nn_source_parse_gguf(const void *bytes, size_t len, const char *name, arena *a,
                               nn_source **out, pm_err *err)
{
    nn_source *s = arena_alloc(a, 1, sizeof *s);
    if (!s) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    s->a = a;
    s->path = name;
    pm_status st = fill(s, bytes, len, err);
    *out = st == PM_OK ? s : NULL;
    return st;
}

/* ---- asking ---------------------------------------------------------------------------------------------- */

static const gguf_value *ask(const nn_source *s, const char *key)
{
    return s->meta ? gguf_find(s->meta, key) : NULL;
}

bool nn_source_text(const nn_source *s, const char *key, pm_str *out)
{
    const gguf_value *v = ask(s, key);
    if (!v || v->type != GGUF_STRING) return false;
    *out = v->text;
    return true;
}

bool nn_source_number(const nn_source *s, const char *key, double *out)
{
    const gguf_value *v = ask(s, key);
    if (!v || v->type == GGUF_STRING || v->type == GGUF_ARRAY) return false;
    *out = v->number;
    return true;
}

bool nn_source_texts(const nn_source *s, const char *key, nn_strings *out)
{
    const gguf_value *v = ask(s, key);
    if (!v || v->type != GGUF_ARRAY || v->element != GGUF_STRING) return false;
    *out = (nn_strings){v->texts, v->n};
    return true;
}

bool nn_source_numbers(const nn_source *s, const char *key, const int32_t **out, size_t *n)
{
    const gguf_value *v = ask(s, key);
    if (!v || v->type != GGUF_ARRAY || (v->element != GGUF_I32 && v->element != GGUF_U32))
        return false;
    *out = v->aligned;
    *n = v->n;
    return true;
}

bool nn_source_reals(const nn_source *s, const char *key, const float **out, size_t *n)
{
    const gguf_value *v = ask(s, key);
    if (!v || v->type != GGUF_ARRAY || v->element != GGUF_F32) return false;
    *out = v->aligned;
    *n = v->n;
    return true;
}
