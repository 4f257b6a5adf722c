/* SPDX-License-Identifier: MIT
 *
 * Tables of names.  An entry is the stem; ".weight" or ".bias" follows.
 */
#include "nn/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct family_names {
    const char *prefix, *layer;
    const char *part[NN_N_PARTS];
} family_names;

static const family_names bert = {"bert.",
                                  "encoder.layer.",
                                  {[NN_TOKENS] = "embeddings.word_embeddings",
                                   [NN_POSITIONS] = "embeddings.position_embeddings",
                                   [NN_TYPES] = "embeddings.token_type_embeddings",
                                   [NN_EMBED_NORM] = "embeddings.LayerNorm",
                                   [NN_Q] = "attention.self.query",
                                   [NN_K] = "attention.self.key",
                                   [NN_V] = "attention.self.value",
                                   [NN_O] = "attention.output.dense",
                                   [NN_NORM_1] = "attention.output.LayerNorm",
                                   [NN_UP] = "intermediate.dense",
                                   [NN_DOWN] = "output.dense",
                                   [NN_NORM_2] = "output.LayerNorm",
                                   [NN_LM_DENSE] = "cls.predictions.transform.dense",
                                   [NN_LM_NORM] = "cls.predictions.transform.LayerNorm",
                                   [NN_LM_OUT] = "cls.predictions",
                                   [NN_POOLER] = "pooler.dense",
                                   [NN_HEAD_OUT] = "classifier"}};

static const family_names distilbert = {"distilbert.",
                                        "transformer.layer.",
                                        {[NN_TOKENS] = "embeddings.word_embeddings",
                                         [NN_POSITIONS] = "embeddings.position_embeddings",
                                         [NN_EMBED_NORM] = "embeddings.LayerNorm",
                                         [NN_Q] = "attention.q_lin",
                                         [NN_K] = "attention.k_lin",
                                         [NN_V] = "attention.v_lin",
                                         [NN_O] = "attention.out_lin",
                                         [NN_NORM_1] = "sa_layer_norm",
                                         [NN_UP] = "ffn.lin1",
                                         [NN_DOWN] = "ffn.lin2",
                                         [NN_NORM_2] = "output_layer_norm",
                                         [NN_LM_DENSE] = "vocab_transform",
                                         [NN_LM_NORM] = "vocab_layer_norm",
                                         [NN_LM_OUT] = "vocab_projector",
                                         [NN_HEAD_DENSE] = "pre_classifier",
                                         [NN_HEAD_OUT] = "classifier"}};

static const family_names roberta = {"roberta.",
                                     "encoder.layer.",
                                     {[NN_TOKENS] = "embeddings.word_embeddings",
                                      [NN_POSITIONS] = "embeddings.position_embeddings",
                                      [NN_TYPES] = "embeddings.token_type_embeddings",
                                      [NN_EMBED_NORM] = "embeddings.LayerNorm",
                                      [NN_Q] = "attention.self.query",
                                      [NN_K] = "attention.self.key",
                                      [NN_V] = "attention.self.value",
                                      [NN_O] = "attention.output.dense",
                                      [NN_NORM_1] = "attention.output.LayerNorm",
                                      [NN_UP] = "intermediate.dense",
                                      [NN_DOWN] = "output.dense",
                                      [NN_NORM_2] = "output.LayerNorm",
                                      [NN_LM_DENSE] = "lm_head.dense",
                                      [NN_LM_NORM] = "lm_head.layer_norm",
                                      [NN_LM_OUT] = "lm_head",
                                      [NN_POOLER] = "pooler.dense",
                                      [NN_HEAD_DENSE] = "classifier.dense",
                                      [NN_HEAD_OUT] = "classifier.out_proj"}};

static const family_names gpt2 = {"transformer.",
                                  "h.",
                                  {[NN_TOKENS] = "wte",
                                   [NN_POSITIONS] = "wpe",
                                   [NN_Q] = "attn.c_attn",
                                   [NN_K] = "attn.c_attn",
                                   [NN_V] = "attn.c_attn",
                                   [NN_O] = "attn.c_proj",
                                   [NN_NORM_1] = "ln_1",
                                   [NN_UP] = "mlp.c_fc",
                                   [NN_DOWN] = "mlp.c_proj",
                                   [NN_NORM_2] = "ln_2",
                                   [NN_FINAL_NORM] = "ln_f",
                                   [NN_LM_OUT] = "lm_head",
                                   [NN_HEAD_OUT] = "score"}};

static const family_names llama = {"model.",
                                   "layers.",
                                   {[NN_TOKENS] = "embed_tokens",
                                    [NN_Q] = "self_attn.q_proj",
                                    [NN_K] = "self_attn.k_proj",
                                    [NN_V] = "self_attn.v_proj",
                                    [NN_O] = "self_attn.o_proj",
                                    [NN_NORM_1] = "input_layernorm",
                                    [NN_GATE] = "mlp.gate_proj",
                                    [NN_UP] = "mlp.up_proj",
                                    [NN_DOWN] = "mlp.down_proj",
                                    [NN_NORM_2] = "post_attention_layernorm",
                                    [NN_FINAL_NORM] = "norm",
                                    [NN_LM_OUT] = "lm_head",
                                    [NN_HEAD_OUT] = "score"}};

static const family_names ggml = {"",
                                  "blk.",
                                  {[NN_TOKENS] = "token_embd",
                                   [NN_POSITIONS] = "position_embd",
                                   [NN_Q] = "attn_q",
                                   [NN_K] = "attn_k",
                                   [NN_V] = "attn_v",
                                   [NN_O] = "attn_output",
                                   [NN_NORM_1] = "attn_norm",
                                   [NN_GATE] = "ffn_gate",
                                   [NN_UP] = "ffn_up",
                                   [NN_DOWN] = "ffn_down",
                                   [NN_NORM_2] = "ffn_norm",
                                   [NN_FINAL_NORM] = "output_norm",
                                   [NN_LM_OUT] = "output"}};

static const family_names *names_of(nn_family family)
{
    static const family_names *const all[] = {
        [NN_BERT] = &bert, [NN_DISTILBERT] = &distilbert, [NN_ROBERTA] = &roberta,
        [NN_GPT2] = &gpt2, [NN_LLAMA] = &llama,           [NN_QWEN2] = &llama};
    return all[family];
}

static bool is_head(nn_part p)
{
    return p > NN_FINAL_NORM && p != NN_POOLER;
}

static void full_name(char out[128], const family_names *f, const nn_param *p, const char *stem,
                      const char *end)
{
    if (p->layer >= 0)
        snprintf(out, 128, "%s%d.%s.%s", f->layer, p->layer, stem, end);
    else
        snprintf(out, 128, "%s.%s", stem, end);
}

bool nn_place_hf(const nn_config *c, const nn_param *p, nn_place *out)
{
    const family_names *f = names_of(c->family);
    const char *stem = f->part[p->part];
    if (!stem) return false;
    *out = (nn_place){.prefix = is_head(p->part) ? "" : f->prefix};
    full_name(out->name, f, p, stem, p->is_bias ? "bias" : "weight");
    size_t n = strlen(stem);
    if (n >= 9 && strcmp(stem + n - 9, "LayerNorm") == 0) /* as TensorFlow's checkpoints say */
        full_name(out->other, f, p, stem, p->is_bias ? "beta" : "gamma");
    if (p->part == NN_LM_OUT && p->is_bias && c->family != NN_DISTILBERT)
        snprintf(out->other, sizeof out->other, "%s.decoder.bias", stem);
    if (c->family != NN_GPT2) return true;
    if (p->part == NN_Q || p->part == NN_K || p->part == NN_V) out->fused = NN_FUSED_QKV;
    out->transposed = !p->is_bias &&
                      (out->fused || p->part == NN_O || p->part == NN_UP || p->part == NN_DOWN);
    return true;
}

bool nn_place_gguf(const nn_config *c, const nn_param *p, nn_place *out)
{
    const char *stem = ggml.part[p->part];
    if (!stem) return false;
    *out = (nn_place){.prefix = ""};
    bool qkv = p->part == NN_Q || p->part == NN_K || p->part == NN_V;
    if (c->family == NN_GPT2 && qkv) {
        out->fused = NN_FUSED_QKV;
        stem = "attn_qkv";
    }
    full_name(out->name, &ggml, p, stem, p->is_bias ? "bias" : "weight");
    return true;
}

long nn_layer_of_name(nn_family family, bool is_gguf, const char *name)
{
    const family_names *f = is_gguf ? &ggml : names_of(family);
    size_t n = strlen(f->prefix), m = strlen(f->layer);
    if (strncmp(name, f->prefix, n) == 0) name += n;
    if (strncmp(name, f->layer, m) != 0 || !isdigit((unsigned char)name[m])) return -1;
    return strtol(name + m, NULL, 10);
}

bool nn_name_is_buffer(const char *name)
{
    static const char *const end[] = {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq",
                                      ".attn_rot_embd.weight"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        size_t m = strlen(end[i]);
        if (n >= m && strcmp(name + n - m, end[i]) == 0) return true;
    }
    return false;
}
