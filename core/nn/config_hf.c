/* SPDX-License-Identifier: MIT
 *
 * A Hugging Face config.json as numbers.  Missing fields take the defaults of transformers' configuration classes
 * (BertConfig, DistilBertConfig, RobertaConfig, GPT2Config, LlamaConfig, Qwen2Config); what would change the
 * arithmetic and is not computed here is refused by its name.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/tensors.h"
#include "nn/source_parts.h"

typedef struct reader { /* the first mistake stays in st */
    const json *j;
    const char *name;
    nn_config *c;
    size_t n_labels; /* 0: not said */
    bool tied;
    pm_status st;
    pm_err *err;
} reader;

/* NULL where the field is missing or null. */
static const json *field(const reader *r, const char *key)
{
    const json *f = json_get(r->j, key);
    return f && f->kind != JSON_NULL ? f : NULL;
}

static void bad(reader *r, pm_status st, const char *key, const char *wanted)
{
    if (r->st != PM_OK) return;
    str found = STR_INIT;
    const json *f = json_get(r->j, key);
    if (f) json_put(f, &found);
    r->st = err_set(r->err, st, "%s: %s: %.80s; want %s", r->name, key, str_text(&found), wanted);
    str_close(&found);
}

static size_t take_size(reader *r, const char *key, size_t fallback)
{
    const json *f = field(r, key);
    size_t v = fallback;
    if (f && !tensor_take_size(f, &v)) bad(r, PM_E_FORMAT, key, "a whole number");
    return v;
}

static double take_real(reader *r, const char *key, double fallback)
{
    const json *f = field(r, key);
    if (!f) return fallback;
    if (f->kind != JSON_NUMBER) bad(r, PM_E_FORMAT, key, "a number");
    return f->number;
}

static bool take_flag(reader *r, const char *key, bool fallback)
{
    const json *f = field(r, key);
    if (!f) return fallback;
    if (f->kind != JSON_BOOL) bad(r, PM_E_FORMAT, key, "true or false");
    return f->number != 0;
}

/* An id, or the first of a list of them; -1 for none.  A default beyond a small vocabulary is none. */
static int64_t take_id(reader *r, const char *key, int64_t fallback)
{
    const json *f = json_get(r->j, key);
    if (!f) return fallback < (int64_t)r->c->n_vocab ? fallback : -1;
    if (f->kind == JSON_ARRAY && f->child) f = f->child;
    if (f->kind == JSON_NULL || (f->kind == JSON_NUMBER && f->number == -1)) return -1;
    size_t v = 0;
    if (!tensor_take_size(f, &v)) bad(r, PM_E_FORMAT, key, "a token's id");
    return (int64_t)v;
}

static void want_flag(reader *r, const char *key, bool value, bool fallback)
{
    if (take_flag(r, key, fallback) != value)
        bad(r, PM_E_UNSUPPORTED, key,
            value ? "true: the other is not computed here" : "false: this is not computed here");
}

static linear_act take_act(reader *r, const char *key, linear_act fallback)
{
    static const struct {
        const char *name;
        linear_act act;
    } known[] = {{"gelu", LINEAR_GELU},
                 {"gelu_python", LINEAR_GELU},
                 {"gelu_new", LINEAR_GELU_TANH},
                 {"gelu_pytorch_tanh", LINEAR_GELU_TANH},
                 {"gelu_fast", LINEAR_GELU_TANH},
                 {"silu", LINEAR_SILU},
                 {"swish", LINEAR_SILU},
                 {"relu", LINEAR_RELU},
                 {"tanh", LINEAR_TANH}};
    const json *f = field(r, key);
    if (!f) return fallback;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (f->kind == JSON_STRING && strcmp(known[i].name, f->text) == 0) return known[i].act;
    bad(r, PM_E_UNSUPPORTED, key, "gelu, gelu_new, gelu_pytorch_tanh, silu, relu or tanh");
    return fallback;
}

/* ---- fields of all families ------------------------------------------------------------------------------ */

static void take_labels(reader *r)
{
    const json *names = field(r, "id2label");
    r->n_labels = take_size(r, "num_labels", names ? names->n : 0);
    if (names && (names->kind != JSON_OBJECT || names->n != r->n_labels))
        bad(r, PM_E_FORMAT, "id2label", "as many names as num_labels says");
}

static void take_common(reader *r)
{
    if (field(r, "quantization_config"))
        bad(r, PM_E_UNSUPPORTED, "quantization_config", "weights that are not quantised, or GGUF");
    const json *pruned = field(r, "pruned_heads");
    if (pruned && pruned->n > 0) bad(r, PM_E_UNSUPPORTED, "pruned_heads", "all heads");
    want_flag(r, "is_encoder_decoder", false, false);
    want_flag(r, "add_cross_attention", false, false);
    take_labels(r);
    nn_config *c = r->c;
    c->init_std = take_real(r, "initializer_range", 0.02);
    c->mask_id = take_id(r, "mask_token_id", -1);
    c->cls_id = take_id(r, "cls_token_id", -1);
    c->sep_id = take_id(r, "sep_token_id", -1);
}

static void even_heads(reader *r)
{
    nn_config *c = r->c;
    if (r->st != PM_OK) return;
    if (c->n_heads == 0 || c->width % c->n_heads != 0)
        r->st = err_set(r->err, PM_E_FORMAT, "%s: %zu heads do not divide a width of %zu", r->name,
                        c->n_heads, c->width);
    else
        c->head_dim = c->width / c->n_heads;
}

static void be_encoder(nn_config *c)
{
    c->qkv_bias = c->bias = true;
    c->lm_head = NN_LM_MASKED;
    c->act = LINEAR_GELU;
}

static void take_bert(reader *r)
{
    nn_config *c = r->c;
    be_encoder(c);
    c->n_vocab = take_size(r, "vocab_size", c->family == NN_ROBERTA ? 50265 : 30522);
    c->width = take_size(r, "hidden_size", 768);
    c->n_layers = take_size(r, "num_hidden_layers", 12);
    c->n_heads = c->n_kv_heads = take_size(r, "num_attention_heads", 12);
    c->inner = take_size(r, "intermediate_size", 3072);
    c->n_positions = take_size(r, "max_position_embeddings", 512);
    c->n_types = take_size(r, "type_vocab_size", 2);
    c->norm_eps = take_real(r, "layer_norm_eps", 1e-12);
    c->act = take_act(r, "hidden_act", LINEAR_GELU);
    c->dropout = take_real(r, "hidden_dropout_prob", 0.1);
    c->attention_dropout = take_real(r, "attention_probs_dropout_prob", 0.1);
    c->pooler = true;
    bool roberta = c->family == NN_ROBERTA;
    c->pad_id = take_id(r, "pad_token_id", roberta ? 1 : 0);
    c->bos_id = take_id(r, "bos_token_id", roberta ? 0 : -1);
    c->eos_id = take_id(r, "eos_token_id", roberta ? 2 : -1);
    want_flag(r, "is_decoder", false, false);
    const char *positions = json_text(r->j, "position_embedding_type", "absolute");
    if (strcmp(positions, "absolute") != 0)
        bad(r, PM_E_UNSUPPORTED, "position_embedding_type", "absolute");
    even_heads(r);
    if (!roberta || r->st != PM_OK) return;
    c->position_offset = c->pad_id < 0 ? 0 : (size_t)c->pad_id + 1;
    if (c->n_positions <= c->position_offset)
        bad(r, PM_E_FORMAT, "max_position_embeddings", "more than pad_token_id + 1");
    else
        c->n_positions -= c->position_offset;
    c->head_dense = true;
    c->head_act = LINEAR_TANH;
}

static void take_distilbert(reader *r)
{
    nn_config *c = r->c;
    be_encoder(c);
    c->n_vocab = take_size(r, "vocab_size", 30522);
    c->width = take_size(r, "dim", 768);
    c->n_layers = take_size(r, "n_layers", 6);
    c->n_heads = c->n_kv_heads = take_size(r, "n_heads", 12);
    c->inner = take_size(r, "hidden_dim", 3072);
    c->n_positions = take_size(r, "max_position_embeddings", 512);
    c->norm_eps = 1e-12;
    c->act = take_act(r, "activation", LINEAR_GELU);
    c->dropout = take_real(r, "dropout", 0.1);
    c->attention_dropout = take_real(r, "attention_dropout", 0.1);
    c->pad_id = take_id(r, "pad_token_id", 0);
    c->bos_id = take_id(r, "bos_token_id", -1);
    c->eos_id = take_id(r, "eos_token_id", -1);
    c->head_dense = true;
    c->head_act = LINEAR_RELU;
    even_heads(r);
}

static void take_gpt2(reader *r)
{
    nn_config *c = r->c;
    c->causal = c->norm_first = c->qkv_bias = c->bias = true;
    c->n_vocab = take_size(r, "vocab_size", 50257);
    c->width = take_size(r, "n_embd", 768);
    c->n_layers = take_size(r, "n_layer", 12);
    c->n_heads = c->n_kv_heads = take_size(r, "n_head", 12);
    c->n_positions = take_size(r, "n_positions", 1024);
    if (r->st == PM_OK && c->width < (size_t)1 << 32)
        c->inner = take_size(r, "n_inner", 4 * c->width);
    c->norm_eps = take_real(r, "layer_norm_epsilon", 1e-5);
    c->act = take_act(r, "activation_function", LINEAR_GELU_TANH);
    c->dropout = take_real(r, "resid_pdrop", 0.1);
    c->attention_dropout = take_real(r, "attn_pdrop", 0.1);
    c->pad_id = take_id(r, "pad_token_id", -1);
    c->bos_id = take_id(r, "bos_token_id", 50256);
    c->eos_id = take_id(r, "eos_token_id", 50256);
    want_flag(r, "scale_attn_weights", true, true);
    want_flag(r, "scale_attn_by_inverse_layer_idx", false, false);
    r->tied = take_flag(r, "tie_word_embeddings", true);
    even_heads(r);
}

/* ---- Llama and Qwen2 ------------------------------------------------------------------------------------- */

/* rope_theta beside rope_scaling (before transformers 5), or both in rope_parameters. */
static void take_rope(reader *r)
{
    nn_config *c = r->c;
    reader in = *r;
    const json *now = field(r, "rope_parameters"), *scaling = now ? now : field(r, "rope_scaling");
    c->rotary = true;
    c->rope_theta = take_real(r, "rope_theta", 10000);
    if (!scaling || r->st != PM_OK) return;
    if (scaling->kind != JSON_OBJECT) {
        bad(r, PM_E_FORMAT, now ? "rope_parameters" : "rope_scaling", "an object");
        return;
    }
    in.j = scaling;
    c->rope_theta = take_real(&in, "rope_theta", c->rope_theta);
    const char *kind = json_text(scaling, "rope_type", json_text(scaling, "type", "default"));
    if (take_real(&in, "partial_rotary_factor", 1) != 1)
        bad(&in, PM_E_UNSUPPORTED, "partial_rotary_factor", "1: all of a head is turned");
    if (strcmp(kind, "llama3") == 0) {
        c->rope_factor = take_real(&in, "factor", 8);
        c->rope_low = take_real(&in, "low_freq_factor", 1);
        c->rope_high = take_real(&in, "high_freq_factor", 4);
        c->rope_original = take_real(&in, "original_max_position_embeddings", 8192);
        if (in.st == PM_OK && !(c->rope_factor > 0)) bad(&in, PM_E_FORMAT, "factor", "more than 0");
    } else if (strcmp(kind, "default") != 0) {
        bad(&in, PM_E_UNSUPPORTED, field(&in, "rope_type") ? "rope_type" : "type",
            "default or llama3");
    }
    r->st = in.st;
}

static void want_full_attention(reader *r)
{
    const json *types = field(r, "layer_types");
    want_flag(r, "use_sliding_window", false, false);
    for (const json *t = types ? types->child : NULL; t; t = t->next)
        if (t->kind != JSON_STRING || strcmp(t->text, "full_attention") != 0)
            bad(r, PM_E_UNSUPPORTED, "layer_types", "full_attention alone");
}

static void take_llama(reader *r)
{
    nn_config *c = r->c;
    bool qwen = c->family == NN_QWEN2;
    c->causal = c->norm_first = c->rms_norm = c->gated = true;
    c->n_vocab = take_size(r, "vocab_size", qwen ? 151936 : 32000);
    c->width = take_size(r, "hidden_size", 4096);
    c->n_layers = take_size(r, "num_hidden_layers", 32);
    c->n_heads = take_size(r, "num_attention_heads", 32);
    c->n_kv_heads = take_size(r, "num_key_value_heads",
                              qwen && !json_get(r->j, "num_key_value_heads") ? 32 : c->n_heads);
    c->inner = take_size(r, "intermediate_size", qwen ? 22016 : 11008);
    c->n_positions = take_size(r, "max_position_embeddings", qwen ? 32768 : 2048);
    c->norm_eps = take_real(r, "rms_norm_eps", 1e-6);
    c->act = take_act(r, "hidden_act", LINEAR_SILU);
    c->attention_dropout = take_real(r, "attention_dropout", 0);
    c->pad_id = take_id(r, "pad_token_id", -1);
    c->bos_id = take_id(r, "bos_token_id", qwen ? -1 : 1);
    c->eos_id = take_id(r, "eos_token_id", qwen ? -1 : 2);
    r->tied = take_flag(r, "tie_word_embeddings", false);
    c->head_dim = take_size(r, "head_dim", 0);
    if (c->head_dim == 0) even_heads(r);
    take_rope(r);
    want_full_attention(r);
    c->qkv_bias = qwen || take_flag(r, "attention_bias", false);
    c->bias = !qwen && take_flag(r, "mlp_bias", false);
    if (!qwen && c->bias != c->qkv_bias)
        bad(r, PM_E_UNSUPPORTED, "attention_bias", "the same as mlp_bias");
}

/* ---- families and heads ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    nn_family family;
    void (*take)(reader *r);
} families[] = {
    {"bert", NN_BERT, take_bert},         {"distilbert", NN_DISTILBERT, take_distilbert},
    {"roberta", NN_ROBERTA, take_bert},   {"xlm-roberta", NN_ROBERTA, take_bert},
    {"camembert", NN_ROBERTA, take_bert}, {"gpt2", NN_GPT2, take_gpt2},
    {"llama", NN_LLAMA, take_llama},      {"qwen2", NN_QWEN2, take_llama}};
#define N_FAMILIES (sizeof families / sizeof *families)

/* All that such a model can have: encoders their masked head and pooler, decoders their head. */
static pm_status read_config(reader *r)
{
    const char *type = json_text(r->j, "model_type", NULL);
    if (r->j->kind != JSON_OBJECT || !type)
        return err_set(r->err, PM_E_FORMAT, "%s: has no model_type; is it a model's config.json?",
                       r->name);
    for (size_t i = 0; i < N_FAMILIES; i++) {
        if (strcmp(families[i].name, type) != 0) continue;
        *r->c = (nn_config){.family = families[i].family, .pad_id = -1};
        families[i].take(r);
        take_common(r);
        if (r->st != PM_OK) return r->st;
        if (r->c->causal) r->c->lm_head = r->tied ? NN_LM_TIED : NN_LM_OWN;
        return nn_config_check(r->c, r->name, r->err);
    }
    const char *names[N_FAMILIES];
    for (size_t i = 0; i < N_FAMILIES; i++) names[i] = families[i].name;
    const char *near = str_suggest(type, names, N_FAMILIES);
    return err_set(r->err, PM_E_UNSUPPORTED,
                   "%s: model_type: '%.40s'; want bert, distilbert, roberta, xlm-roberta, "
                   "camembert, gpt2, llama or qwen2%s%s%s",
                   r->name, type, near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
}

static bool ends(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "BertModel"; "" where the file does not say. */
static const char *architecture(const json *j)
{
    const json *list = json_get(j, "architectures");
    const json *first = list && list->kind == JSON_ARRAY ? list->child : NULL;
    return first && first->kind == JSON_STRING ? first->text : "";
}

pm_status nn_config_from_hf(const json *j, const char *name, nn_config *out, pm_err *err)
{
    reader r = {.j = j, .name = name, .c = out, .err = err};
    pm_status st = read_config(&r);
    if (st != PM_OK) return st;
    const char *arch = architecture(j);
    bool classifies = ends(arch, "ForSequenceClassification");
    bool speaks = ends(arch, "ForMaskedLM") || ends(arch, "LMHeadModel") ||
                  ends(arch, "ForCausalLM") || ends(arch, "ForPreTraining");
    if (arch[0] && !speaks) out->lm_head = NN_LM_NONE;
    if (ends(arch, "ForMaskedLM") || (classifies && out->head_dense)) out->pooler = false;
    if (classifies) out->n_outputs = r.n_labels ? r.n_labels : 2;
    return PM_OK;
}

/* ---- heads of a file ------------------------------------------------------------------------------------- */

static bool has(const nn_source *s, const char *prefix, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return nn_source_find(s, name) || nn_source_find(s, full);
}

static void heads_of_encoder(const nn_source *s, nn_config *c, size_t n_labels)
{
    static const char *const masked[] = {[NN_BERT] = "cls.predictions.transform.dense.weight",
                                         [NN_DISTILBERT] = "vocab_transform.weight",
                                         [NN_ROBERTA] = "lm_head.dense.weight"};
    static const char *const prefix[] = {
        [NN_BERT] = "bert.", [NN_DISTILBERT] = "distilbert.", [NN_ROBERTA] = "roberta."};
    if (!nn_source_find(s, masked[c->family])) c->lm_head = NN_LM_NONE;
    c->pooler = c->pooler && has(s, prefix[c->family], "pooler.dense.weight");
    const char *out = c->family == NN_ROBERTA ? "classifier.out_proj.weight" : "classifier.weight";
    if (nn_source_find(s, out)) c->n_outputs = n_labels ? n_labels : 2;
}

pm_status nn_config_of_folder(const json *j, const char *name, const nn_source *s, nn_config *out,
                              pm_err *err)
{
    reader r = {.j = j, .name = name, .c = out, .err = err};
    pm_status st = read_config(&r);
    if (st != PM_OK) return st;
    if (!out->causal) {
        heads_of_encoder(s, out, r.n_labels);
        if (ends(architecture(j),
                 "ForTokenClassification") || /* of every token: no such head here */
            ends(architecture(j), "ForMultipleChoice"))
            out->n_outputs = 0;
        if (out->lm_head != NN_LM_NONE && !take_flag(&r, "tie_word_embeddings", true))
            bad(&r, PM_E_UNSUPPORTED, "tie_word_embeddings",
                "true for a masked-language-model head");
        if (out->lm_head != NN_LM_NONE && out->family == NN_ROBERTA && out->act != LINEAR_GELU)
            bad(&r, PM_E_UNSUPPORTED, "hidden_act", "gelu, as the head of this family has");
        return r.st;
    }
    if (nn_source_find(s, "score.weight")) out->n_outputs = r.n_labels ? r.n_labels : 2;
    if (out->lm_head == NN_LM_OWN && !nn_source_find(s, "lm_head.weight"))
        out->lm_head = NN_LM_NONE;
    return PM_OK;
}
