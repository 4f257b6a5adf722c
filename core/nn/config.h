/* SPDX-License-Identifier: MIT
 *
 * What a transformer looks like, as plain numbers: one struct for BERT-like encoders (BERT, MiniLM, DistilBERT,
 * RoBERTa) and decoders (GPT-2; Llama, SmolLM, Qwen2).  Files of any family are turned into it once; what computes
 * reads only this, never a family's name.
 */
#ifndef PM_NN_CONFIG_H
#define PM_NN_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "math/linear.h"

typedef enum nn_family {
    NN_BERT = 1,
    NN_DISTILBERT,
    NN_ROBERTA,
    NN_GPT2,
    NN_LLAMA,
    NN_QWEN2
} nn_family;

typedef enum nn_lm_head { /* how hidden states become logits over the vocabulary */
                          NN_LM_NONE = 0,
                          NN_LM_TIED, /* times the token embedding (GPT-2, SmolLM) */
                          NN_LM_OWN,  /* its own matrix (Llama) */
                          NN_LM_MASKED /* dense, act, LayerNorm, times the token embedding, + bias (BERT's cls.predictions) */
} nn_lm_head;

typedef struct nn_config {
    nn_family family;
    size_t n_layers, width, n_heads, n_kv_heads, head_dim, inner, n_vocab;
    size_t n_positions;     /* most tokens of a sequence */
    size_t position_offset; /* first row of the position table in use: RoBERTa 2, else 0 */
    size_t n_types;         /* token types with an embedding: 0 = none */
    bool causal;
    bool rotary; /* else learned positions */
    double rope_theta;
    double rope_factor, rope_low, rope_high, rope_original; /* llama3 scaling; factor 0: none */
    bool rms_norm;                                          /* else LayerNorm */
    bool
        norm_first; /* pre-norm with a final norm (decoders); else post-norm with an embedding norm */
    double norm_eps;
    linear_act act;
    bool gated;          /* SwiGLU: down(act(gate x) * up x); else down(act(up x)) */
    bool qkv_bias, bias; /* of q, k, v; of everything else */
    nn_lm_head lm_head;
    bool pooler; /* BERT's tanh(dense(first token)) */
    size_t
        n_outputs; /* columns of a classification or regression head on the pooled text; 0: none */
    bool
        head_dense; /* such a head begins with its own dense + tanh (RoBERTa) or relu (DistilBERT): head_act */
    linear_act head_act;
    double dropout, attention_dropout; /* while training */
    double init_std;
    int64_t pad_id, bos_id, eos_id, mask_id, cls_id, sep_id; /* -1: none */
} nn_config;

/* Sane sizes: products do not overflow, heads divide, counts below 2^24 (vocabulary 2^28).  PM_E_FORMAT names the field. */
PM_MUST_USE pm_status nn_config_check(const nn_config *c, const char *name, pm_err *err);

/* From a Hugging Face config.json; missing fields take their family's defaults as transformers has them.  Other
 * families and features (sliding windows, ALiBi, relative positions, quantised weights ...): PM_E_UNSUPPORTED, named. */
PM_MUST_USE pm_status nn_config_from_hf(const json *j, const char *name, nn_config *out,
                                        pm_err *err);
void nn_config_put(const nn_config *c, str *out); /* a config.json that transformers can read */

#endif
