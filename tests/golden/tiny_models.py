# SPDX-License-Identifier: MIT
#
# Writes tests/golden/models/FAMILY/: small random models as transformers saves them (config.json, model.safetensors).
# Usage: python tiny_models.py FOLDER.  Recorded with the versions that versions.txt beside them names.
import pathlib
import sys

import safetensors
import torch
import transformers as t

ENCODER = dict(vocab_size=101, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
               max_position_embeddings=34)
DECODER = dict(vocab_size=101, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
               max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
GPT2 = dict(vocab_size=101, n_embd=24, n_layer=2, n_head=4, n_positions=48, n_inner=40, bos_token_id=1, eos_token_id=2)

MODELS = {
    "bert": (t.BertForPreTraining, t.BertConfig(**ENCODER)),
    "distilbert": (t.DistilBertForMaskedLM,
                   t.DistilBertConfig(vocab_size=101, dim=24, n_layers=2, n_heads=4, hidden_dim=40,
                                      max_position_embeddings=34)),
    "distilbert-classifier": (t.DistilBertForSequenceClassification,
                              t.DistilBertConfig(vocab_size=101, dim=24, n_layers=2, n_heads=4, hidden_dim=40,
                                                 max_position_embeddings=34, num_labels=3)),
    "roberta": (t.RobertaForMaskedLM,
                t.RobertaConfig(**{**ENCODER, "max_position_embeddings": 36, "type_vocab_size": 1})),
    "roberta-classifier": (t.RobertaForSequenceClassification,
                           t.RobertaConfig(**{**ENCODER, "max_position_embeddings": 36, "type_vocab_size": 1},
                                           num_labels=3)),
    "bert-classifier": (t.BertForSequenceClassification, t.BertConfig(**ENCODER, num_labels=3)),
    "gpt2": (t.GPT2LMHeadModel, t.GPT2Config(**GPT2)),
    "llama": (t.LlamaForCausalLM, t.LlamaConfig(**DECODER, num_key_value_heads=2, tie_word_embeddings=False)),
    "llama-scaled": (t.LlamaForCausalLM,
                     t.LlamaConfig(**DECODER, num_key_value_heads=2, tie_word_embeddings=True,
                                   rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 4.0,
                                                    "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                                    "original_max_position_embeddings": 16})),
    "smollm2": (t.LlamaForCausalLM, t.LlamaConfig(**{**DECODER, "num_attention_heads": 3}, head_dim=8,
                                                  num_key_value_heads=1, tie_word_embeddings=True)),
    "qwen2": (t.Qwen2ForCausalLM, t.Qwen2Config(**DECODER, num_key_value_heads=2, tie_word_embeddings=True)),
}


def main(folder):
    folder = pathlib.Path(folder)
    for i, (name, (kind, config)) in enumerate(MODELS.items()):
        torch.manual_seed(100 + i)
        model = kind(config).eval()
        with torch.no_grad():  # far from the initial zeros and ones, so that every tensor matters
            for p in model.parameters():
                p.add_(0.2 * torch.randn_like(p))
        model.save_pretrained(folder / name)
        (folder / name / "generation_config.json").unlink(missing_ok=True)
    versions = [f"{m.__name__} {m.__version__}" for m in (torch, t, safetensors)]
    (folder / "versions.txt").write_text("\n".join(versions) + "\n")


main(sys.argv[1])
