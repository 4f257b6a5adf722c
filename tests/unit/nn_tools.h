/* SPDX-License-Identifier: MIT
 *
 * What tests of the transformer floor share: small configurations of every family.
 */
#ifndef PM_TEST_NN_TOOLS_H
#define PM_TEST_NN_TOOLS_H

#include "nn/config.h"

static inline nn_config nn_tool_encoder(void)
{
    return (nn_config){.family = NN_BERT,
                       .n_layers = 2,
                       .width = 24,
                       .n_heads = 4,
                       .n_kv_heads = 4,
                       .head_dim = 6,
                       .inner = 40,
                       .n_vocab = 101,
                       .n_positions = 33,
                       .n_types = 2,
                       .qkv_bias = true,
                       .bias = true,
                       .norm_eps = 1e-12,
                       .act = LINEAR_GELU,
                       .lm_head = NN_LM_MASKED,
                       .pooler = true,
                       .dropout = 0.1,
                       .attention_dropout = 0.1,
                       .init_std = 0.02,
                       .pad_id = 0,
                       .bos_id = -1,
                       .eos_id = -1,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

static inline nn_config nn_tool_decoder(void)
{
    return (nn_config){.family = NN_LLAMA,
                       .n_layers = 2,
                       .width = 24,
                       .n_heads = 4,
                       .n_kv_heads = 2,
                       .head_dim = 6,
                       .inner = 40,
                       .n_vocab = 101,
                       .n_positions = 64,
                       .causal = true,
                       .rotary = true,
                       .rope_theta = 10000,
                       .rms_norm = true,
                       .norm_first = true,
                       .norm_eps = 1e-6,
                       .act = LINEAR_SILU,
                       .gated = true,
                       .lm_head = NN_LM_OWN,
                       .init_std = 0.02,
                       .pad_id = -1,
                       .bos_id = 1,
                       .eos_id = 2,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

#endif
