/* SPDX-License-Identifier: MIT
 *
 * config.json: defaults of every family, what is refused by its name, and what is written reads back.
 */
#include "config.h"

#include <math.h>

#include "nn_files.h"
#include "suite.h"

static pm_status take(const char *text, nn_config *c, pm_err *err)
{
    arena *a = arena_open(0);
    const json *j = NULL;
    pm_status st = json_parse(text, strlen(text), a, &j, err);
    ck_assert_msg(st == PM_OK, "%s", err_text(err));
    st = nn_config_from_hf(j, "config.json", c, err);
    arena_close(a);
    return st;
}

static nn_config taken(const char *text)
{
    nn_config c;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(take(text, &c, &err) == PM_OK, "%s", err_text(&err));
    return c;
}

START_TEST(defaults)
{
    nn_config c = taken("{\"model_type\":\"bert\"}");
    ck_assert_uint_eq(c.width, 768);
    ck_assert_uint_eq(c.n_layers, 12);
    ck_assert_uint_eq(c.inner, 3072);
    ck_assert_uint_eq(c.head_dim, 64);
    ck_assert(c.pooler && c.bias && !c.causal && !c.norm_first && !c.rms_norm);
    ck_assert_int_eq(c.lm_head, NN_LM_MASKED);
    ck_assert_int_eq(c.pad_id, 0);
    ck_assert(c.norm_eps == 1e-12 && c.dropout == 0.1);
    c = taken("{\"model_type\":\"roberta\",\"max_position_embeddings\":514}");
    ck_assert_uint_eq(c.n_positions, 512);
    ck_assert_uint_eq(c.position_offset, 2);
    ck_assert_uint_eq(c.n_vocab, 50265);
    c = taken("{\"model_type\":\"distilbert\"}");
    ck_assert_uint_eq(c.n_layers, 6);
    ck_assert_uint_eq(c.n_types, 0);
    ck_assert(!c.pooler);
    c = taken("{\"model_type\":\"gpt2\"}");
    ck_assert_uint_eq(c.inner, 3072);
    ck_assert_int_eq(c.act, LINEAR_GELU_TANH);
    ck_assert_int_eq(c.lm_head, NN_LM_TIED);
    ck_assert_int_eq(c.eos_id, 50256);
    c = taken("{\"model_type\":\"llama\"}");
    ck_assert_uint_eq(c.n_kv_heads, 32);
    ck_assert(c.rotary && c.rope_theta == 10000 && c.rms_norm && c.gated && !c.qkv_bias);
    ck_assert_int_eq(c.lm_head, NN_LM_OWN);
    c = taken("{\"model_type\":\"qwen2\",\"tie_word_embeddings\":true}");
    ck_assert(c.qkv_bias && !c.bias);
    ck_assert_int_eq(c.lm_head, NN_LM_TIED);
    ck_assert_int_eq(c.bos_id, -1);
}
END_TEST

START_TEST(said)
{
    nn_config c =
        taken("{\"model_type\":\"bert\",\"architectures\":[\"BertForSequenceClassification\"],"
              "\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"},\"hidden_act\":\"relu\"}");
    ck_assert_uint_eq(c.n_outputs, 3);
    ck_assert_int_eq(c.lm_head, NN_LM_NONE);
    ck_assert_int_eq(c.act, LINEAR_RELU);
    c = taken(
        "{\"model_type\":\"llama\",\"rope_theta\":5e5,\"rope_scaling\":{\"rope_type\":\"llama3\","
        "\"factor\":32,\"low_freq_factor\":1,\"high_freq_factor\":4,"
        "\"original_max_position_embeddings\":8192},\"eos_token_id\":[7,8],\"pad_token_id\":-1,"
        "\"hidden_size\":64,\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":32}");
    ck_assert(c.rope_theta == 5e5 && c.rope_factor == 32 && c.rope_original == 8192);
    ck_assert_int_eq(c.eos_id, 7);
    ck_assert_int_eq(c.pad_id, -1);
    ck_assert_uint_eq(c.head_dim, 32);
    c = taken("{\"model_type\":\"gpt2\",\"vocab_size\":100,\"n_inner\":null}");
    ck_assert_int_eq(c.bos_id, -1); /* the default lies beyond this vocabulary */
}
END_TEST

static const struct {
    const char *text;
    pm_status status;
    const char *why;
} bad[] = {
    {"[]", PM_E_FORMAT, "model_type"},
    {"{}", PM_E_FORMAT, "model_type"},
    {"{\"model_type\":\"t5\"}", PM_E_UNSUPPORTED, "'t5'"},
    {"{\"model_type\":\"robetra\"}", PM_E_UNSUPPORTED, "did you mean 'roberta'?"},
    {"{\"model_type\":\"bert\",\"hidden_size\":\"768\"}", PM_E_FORMAT, "hidden_size: \"768\""},
    {"{\"model_type\":\"bert\",\"hidden_size\":-1}", PM_E_FORMAT, "hidden_size"},
    {"{\"model_type\":\"bert\",\"hidden_size\":1.5}", PM_E_FORMAT, "hidden_size"},
    {"{\"model_type\":\"bert\",\"hidden_size\":1e15}", PM_E_FORMAT, "width"},
    {"{\"model_type\":\"bert\",\"num_attention_heads\":0}", PM_E_FORMAT, "heads"},
    {"{\"model_type\":\"bert\",\"num_attention_heads\":7}", PM_E_FORMAT, "do not divide"},
    {"{\"model_type\":\"bert\",\"vocab_size\":1e300}", PM_E_FORMAT, "vocab_size"},
    {"{\"model_type\":\"bert\",\"num_hidden_layers\":1000000}", PM_E_FORMAT, "layers"},
    {"{\"model_type\":\"bert\",\"layer_norm_eps\":-1}", PM_E_FORMAT, "epsilon"},
    {"{\"model_type\":\"bert\",\"hidden_dropout_prob\":\"x\"}", PM_E_FORMAT, "hidden_dropout_prob"},
    {"{\"model_type\":\"bert\",\"pad_token_id\":99999}", PM_E_FORMAT, "pad_token_id"},
    {"{\"model_type\":\"bert\",\"hidden_act\":\"mish\"}", PM_E_UNSUPPORTED, "hidden_act: \"mish\""},
    {"{\"model_type\":\"bert\",\"hidden_act\":3}", PM_E_UNSUPPORTED, "hidden_act"},
    {"{\"model_type\":\"bert\",\"position_embedding_type\":\"relative_key\"}", PM_E_UNSUPPORTED,
     "position_embedding_type"},
    {"{\"model_type\":\"bert\",\"is_decoder\":true}", PM_E_UNSUPPORTED, "is_decoder"},
    {"{\"model_type\":\"bert\",\"pruned_heads\":{\"1\":[0]}}", PM_E_UNSUPPORTED, "pruned_heads"},
    {"{\"model_type\":\"bert\",\"num_labels\":3,\"id2label\":{\"0\":\"a\"}}", PM_E_FORMAT,
     "id2label"},
    {"{\"model_type\":\"llama\",\"quantization_config\":{\"bits\":4}}", PM_E_UNSUPPORTED,
     "quantization_config"},
    {"{\"model_type\":\"roberta\",\"max_position_embeddings\":2}", PM_E_FORMAT,
     "max_position_embeddings"},
    {"{\"model_type\":\"gpt2\",\"scale_attn_by_inverse_layer_idx\":true}", PM_E_UNSUPPORTED,
     "scale_attn_by_inverse_layer_idx"},
    {"{\"model_type\":\"gpt2\",\"scale_attn_weights\":false}", PM_E_UNSUPPORTED,
     "scale_attn_weights"},
    {"{\"model_type\":\"llama\",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}",
     PM_E_UNSUPPORTED, "type: \"linear\""},
    {"{\"model_type\":\"llama\",\"rope_parameters\":{\"rope_type\":\"yarn\"}}", PM_E_UNSUPPORTED,
     "rope_type: \"yarn\""},
    {"{\"model_type\":\"llama\",\"rope_scaling\":3}", PM_E_FORMAT, "rope_scaling: 3"},
    {"{\"model_type\":\"llama\",\"rope_parameters\":{\"partial_rotary_factor\":0.5}}",
     PM_E_UNSUPPORTED, "partial_rotary_factor"},
    {"{\"model_type\":\"llama\",\"num_key_value_heads\":5}", PM_E_FORMAT, "cannot share"},
    {"{\"model_type\":\"llama\",\"num_key_value_heads\":0}", PM_E_FORMAT, "key and value heads"},
    {"{\"model_type\":\"llama\",\"head_dim\":33}", PM_E_FORMAT, "even"},
    {"{\"model_type\":\"llama\",\"attention_bias\":true}", PM_E_UNSUPPORTED, "attention_bias"},
    {"{\"model_type\":\"qwen2\",\"use_sliding_window\":true}", PM_E_UNSUPPORTED,
     "use_sliding_window"},
    {"{\"model_type\":\"qwen2\",\"layer_types\":[\"full_attention\",\"sliding_attention\"]}",
     PM_E_UNSUPPORTED, "layer_types"}};

START_TEST(refused)
{
    nn_config c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(take(bad[_i].text, &c, &err), bad[_i].status);
    says(&err, bad[_i].why);
    says(&err, "config.json");
}
END_TEST

START_TEST(written_and_read)
{
    static const char *const all[] = {
        "{\"model_type\":\"bert\",\"architectures\":[\"BertModel\"],\"hidden_act\":\"gelu_new\"}",
        "{\"model_type\":\"roberta\",\"architectures\":[\"RobertaForSequenceClassification\"],"
        "\"max_position_embeddings\":514,\"num_labels\":5}",
        "{\"model_type\":\"distilbert\",\"architectures\":[\"DistilBertForMaskedLM\"],\"dropout\":"
        "0.3}",
        "{\"model_type\":\"gpt2\",\"n_inner\":100,\"layer_norm_epsilon\":0.001}",
        "{\"model_type\":\"llama\",\"num_key_value_heads\":8,\"attention_bias\":true,\"mlp_bias\":"
        "true}",
        "{\"model_type\":\"llama\",\"architectures\":[\"LlamaForCausalLM\"],\"rope_scaling\":"
        "{\"rope_type\":\"llama3\",\"factor\":3},\"tie_word_embeddings\":true}",
        "{\"model_type\":\"qwen2\",\"mask_token_id\":9,\"cls_token_id\":0,\"head_dim\":64}"};
    str one = STR_INIT, two = STR_INIT;
    nn_config c = taken(all[_i]);
    nn_config_put(&c, &one);
    nn_config d = taken(one.at);
    nn_config_put(&d, &two);
    ck_assert_str_eq(one.at, two.at);
    ck_assert_uint_eq(c.n_outputs, d.n_outputs);
    ck_assert_uint_eq(c.position_offset, d.position_offset);
    ck_assert_uint_eq(c.head_dim, d.head_dim);
    ck_assert_int_eq(c.lm_head, d.lm_head);
    ck_assert_int_eq(c.mask_id, d.mask_id);
    ck_assert(c.rope_factor == d.rope_factor && c.qkv_bias == d.qkv_bias && c.bias == d.bias);
    str_close(&one);
    str_close(&two);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_config");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_test(t, defaults);
    tcase_add_test(t, said);
    tcase_add_loop_test(t, refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(t, written_and_read, 0, 7);
    return suite_main(s);
}
