/* SPDX-License-Identifier: MIT
 *
 * A configuration as the config.json that transformers reads (4.x and 5.x).
 */
#include "nn/config.h"

static const char *act_name(linear_act act)
{
    switch (act) {
    case LINEAR_GELU_TANH:
        return "gelu_new";
    case LINEAR_SILU:
        return "silu";
    case LINEAR_RELU:
        return "relu";
    case LINEAR_TANH:
        return "tanh";
    default:
        return "gelu";
    }
}

/* ---- members: every one ends with a comma but the last --------------------------------------------------- */

static void put_text(str *out, const char *key, const char *value)
{
    str_printf(out, "  \"%s\": \"%s\",\n", key, value);
}

static void put_size(str *out, const char *key, size_t value)
{
    str_printf(out, "  \"%s\": %zu,\n", key, value);
}

static void put_real(str *out, const char *key, double value)
{
    str_printf(out, "  \"%s\": ", key);
    str_number(out, value);
    str_puts(out, ",\n");
}

static void put_flag(str *out, const char *key, bool value)
{
    str_printf(out, "  \"%s\": %s,\n", key, value ? "true" : "false");
}

static void put_id(str *out, const char *key, int64_t id)
{
    if (id < 0)
        str_printf(out, "  \"%s\": null,\n", key);
    else
        str_printf(out, "  \"%s\": %lld,\n", key, (long long)id);
}

/* ---- families -------------------------------------------------------------------------------------------- */

static void put_bert(const nn_config *c, str *out)
{
    put_size(out, "hidden_size", c->width);
    put_size(out, "num_hidden_layers", c->n_layers);
    put_size(out, "num_attention_heads", c->n_heads);
    put_size(out, "intermediate_size", c->inner);
    put_size(out, "max_position_embeddings", c->n_positions + c->position_offset);
    put_size(out, "type_vocab_size", c->n_types);
    put_text(out, "hidden_act", act_name(c->act));
    put_real(out, "hidden_dropout_prob", c->dropout);
    put_real(out, "attention_probs_dropout_prob", c->attention_dropout);
    put_real(out, "layer_norm_eps", c->norm_eps);
}

static void put_distilbert(const nn_config *c, str *out)
{
    put_size(out, "dim", c->width);
    put_size(out, "n_layers", c->n_layers);
    put_size(out, "n_heads", c->n_heads);
    put_size(out, "hidden_dim", c->inner);
    put_size(out, "max_position_embeddings", c->n_positions);
    put_text(out, "activation", act_name(c->act));
    put_real(out, "dropout", c->dropout);
    put_real(out, "attention_dropout", c->attention_dropout);
}

static void put_gpt2(const nn_config *c, str *out)
{
    put_size(out, "n_embd", c->width);
    put_size(out, "n_layer", c->n_layers);
    put_size(out, "n_head", c->n_heads);
    put_size(out, "n_inner", c->inner);
    put_size(out, "n_positions", c->n_positions);
    put_text(out, "activation_function", act_name(c->act));
    put_real(out, "resid_pdrop", c->dropout);
    put_real(out, "embd_pdrop", c->dropout);
    put_real(out, "attn_pdrop", c->attention_dropout);
    put_real(out, "layer_norm_epsilon", c->norm_eps);
}

static void put_rope(const nn_config *c, str *out)
{
    str_puts(out, "  \"rope_scaling\": ");
    if (c->rope_factor > 0) {
        str_puts(out, "{\"rope_type\": \"llama3\", \"factor\": ");
        str_number(out, c->rope_factor);
        str_puts(out, ", \"low_freq_factor\": ");
        str_number(out, c->rope_low);
        str_puts(out, ", \"high_freq_factor\": ");
        str_number(out, c->rope_high);
        str_puts(out, ", \"original_max_position_embeddings\": ");
        str_number(out, c->rope_original);
        str_puts(out, "},\n");
    } else {
        str_puts(out, "null,\n");
    }
}

static void put_llama(const nn_config *c, str *out)
{
    put_size(out, "hidden_size", c->width);
    put_size(out, "num_hidden_layers", c->n_layers);
    put_size(out, "num_attention_heads", c->n_heads);
    put_size(out, "num_key_value_heads", c->n_kv_heads);
    put_size(out, "head_dim", c->head_dim);
    put_size(out, "intermediate_size", c->inner);
    put_size(out, "max_position_embeddings", c->n_positions);
    put_text(out, "hidden_act", act_name(c->act));
    put_real(out, "attention_dropout", c->attention_dropout);
    put_real(out, "rms_norm_eps", c->norm_eps);
    put_real(out, "rope_theta", c->rope_theta);
    put_rope(c, out);
    if (c->family == NN_QWEN2) {
        put_flag(out, "use_sliding_window", false);
    } else {
        put_flag(out, "attention_bias", c->qkv_bias);
        put_flag(out, "mlp_bias", c->bias);
    }
}

static const char *architecture(const nn_config *c)
{
    static const char *const name[][3] = {
        [NN_BERT] = {"BertModel", "BertForMaskedLM", "BertForSequenceClassification"},
        [NN_DISTILBERT] = {"DistilBertModel", "DistilBertForMaskedLM",
                           "DistilBertForSequenceClassification"},
        [NN_ROBERTA] = {"RobertaModel", "RobertaForMaskedLM", "RobertaForSequenceClassification"},
        [NN_GPT2] = {"GPT2Model", "GPT2LMHeadModel", "GPT2ForSequenceClassification"},
        [NN_LLAMA] = {"LlamaModel", "LlamaForCausalLM", "LlamaForSequenceClassification"},
        [NN_QWEN2] = {"Qwen2Model", "Qwen2ForCausalLM", "Qwen2ForSequenceClassification"}};
    return name[c->family][c->n_outputs > 0 ? 2 : (c->lm_head != NN_LM_NONE ? 1 : 0)];
}

static void put_labels(size_t n, str *out)
{
    str_puts(out, "  \"id2label\": {");
    for (size_t i = 0; i < n; i++) str_printf(out, "%s\"%zu\": \"LABEL_%zu\"", i ? ", " : "", i, i);
    str_puts(out, "},\n  \"label2id\": {");
    for (size_t i = 0; i < n; i++) str_printf(out, "%s\"LABEL_%zu\": %zu", i ? ", " : "", i, i);
    str_puts(out, "},\n");
}

void nn_config_put(const nn_config *c, str *out)
{
    static const struct {
        const char *name;
        void (*put)(const nn_config *c, str *out);
    } family[] = {
        [NN_BERT] = {"bert", put_bert},       [NN_DISTILBERT] = {"distilbert", put_distilbert},
        [NN_ROBERTA] = {"roberta", put_bert}, [NN_GPT2] = {"gpt2", put_gpt2},
        [NN_LLAMA] = {"llama", put_llama},    [NN_QWEN2] = {"qwen2", put_llama}};
    str_printf(out, "{\n  \"architectures\": [\"%s\"],\n", architecture(c));
    put_text(out, "model_type", family[c->family].name);
    put_size(out, "vocab_size", c->n_vocab);
    family[c->family].put(c, out);
    put_real(out, "initializer_range", c->init_std);
    put_flag(out, "tie_word_embeddings", !c->causal || c->lm_head != NN_LM_OWN);
    if (c->n_outputs > 0) put_labels(c->n_outputs, out);
    put_id(out, "pad_token_id", c->pad_id);
    put_id(out, "bos_token_id", c->bos_id);
    put_id(out, "eos_token_id", c->eos_id);
    if (c->mask_id >= 0) put_id(out, "mask_token_id", c->mask_id);
    if (c->cls_id >= 0) put_id(out, "cls_token_id", c->cls_id);
    if (c->sep_id >= 0) put_id(out, "sep_token_id", c->sep_id);
    str_puts(out, "  \"torch_dtype\": \"float32\"\n}\n");
}
