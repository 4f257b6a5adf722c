# SPDX-License-Identifier: MIT
#
# Records tests/unit/engine_golden.inc: hidden states, logits, nats, pooled texts and head outputs of transformers for
# models of every family whose weights are a formula (formula.py), computed in float64.  Sampled, so that whole models
# cost a few numbers.  Run once by hand from tests/golden: python forward.py > ../unit/engine_golden.inc
import numpy as np
import torch
import transformers as tf

from formula import fill, token

torch.set_grad_enabled(False)
SAMPLES, ASKED, LEAST = 40, 12, 5

BERT = dict(pad_token_id=0, attn_implementation="eager")
MODELS = {
    # name: (kind, config, lengths)
    "bert": ("bert", dict(vocab_size=101, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
                          max_position_embeddings=33, type_vocab_size=2, hidden_act="gelu"), [7, 1, 33, 12]),
    "distilbert": ("distilbert", dict(vocab_size=101, dim=24, n_layers=2, n_heads=4, hidden_dim=40,
                                      max_position_embeddings=33, activation="gelu"), [7, 1, 33, 12]),
    "roberta": ("roberta", dict(vocab_size=101, hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
                                intermediate_size=40, max_position_embeddings=35, type_vocab_size=1, pad_token_id=1,
                                layer_norm_eps=1e-5), [7, 1, 33, 12]),
    "gpt2": ("gpt2", dict(vocab_size=101, n_embd=24, n_layer=2, n_head=4, n_positions=64, n_inner=40), [7, 1, 64, 12]),
    "llama": ("llama", dict(vocab_size=101, hidden_size=48, num_hidden_layers=2, num_attention_heads=6,
                            num_key_value_heads=2, intermediate_size=40, max_position_embeddings=64, rms_norm_eps=1e-5,
                            rope_parameters=dict(rope_type="default", rope_theta=10000.0)), [7, 1, 64, 12]),
    "llama3": ("llama", dict(vocab_size=101, hidden_size=48, num_hidden_layers=2, num_attention_heads=3,
                             num_key_value_heads=1, intermediate_size=40, max_position_embeddings=64, rms_norm_eps=1e-5,
                             rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=4.0,
                                                  low_freq_factor=1.0, high_freq_factor=4.0,
                                                  original_max_position_embeddings=32)), [7, 1, 64, 12]),
    "qwen2": ("qwen2", dict(vocab_size=101, hidden_size=48, num_hidden_layers=2, num_attention_heads=6,
                            num_key_value_heads=3, intermediate_size=40, max_position_embeddings=64, rms_norm_eps=1e-6,
                            tie_word_embeddings=True,
                            rope_parameters=dict(rope_type="default", rope_theta=1e6)), [7, 1, 64, 12]),
    # full shapes; only the vocabularies of decoders are smaller
    "minilm": ("bert", dict(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                            intermediate_size=1536, max_position_embeddings=512, type_vocab_size=2), [128, 9]),
    "bert_small": ("bert", dict(vocab_size=30522, hidden_size=512, num_hidden_layers=4, num_attention_heads=8,
                                intermediate_size=2048, max_position_embeddings=512, type_vocab_size=2), [50, 3]),
    "gpt2_124m": ("gpt2", dict(vocab_size=2000, n_embd=768, n_layer=12, n_head=12, n_positions=1024), [40]),
    "smollm2_135m": ("llama", dict(vocab_size=2000, hidden_size=576, num_hidden_layers=30, num_attention_heads=9,
                                   num_key_value_heads=3, intermediate_size=1536, max_position_embeddings=8192,
                                   rms_norm_eps=1e-5, tie_word_embeddings=True,
                                   rope_parameters=dict(rope_type="default", rope_theta=100000.0)), [40]),
}
CLASSES = {
    "bert": (tf.BertConfig, tf.BertModel, tf.BertForMaskedLM, tf.BertForSequenceClassification),
    "distilbert": (tf.DistilBertConfig, tf.DistilBertModel, tf.DistilBertForMaskedLM,
                   tf.DistilBertForSequenceClassification),
    "roberta": (tf.RobertaConfig, tf.RobertaModel, tf.RobertaForMaskedLM, tf.RobertaForSequenceClassification),
    "gpt2": (tf.GPT2Config, tf.GPT2Model, tf.GPT2LMHeadModel, None),
    "llama": (tf.LlamaConfig, tf.LlamaModel, tf.LlamaForCausalLM, None),
    "qwen2": (tf.Qwen2Config, tf.Qwen2Model, tf.Qwen2ForCausalLM, None),
}


def numbers(name, v, kind="double", fmt="{:.9g}"):
    v = [fmt.format(x) for x in v]
    print(f"static const {kind} {name}[] = {{")
    for i in range(0, len(v), 8):
        print("    " + ", ".join(v[i:i + 8]) + ",")
    print("};")


def samples(n, rows, cols):
    k = np.arange(n)
    return (k * 7919) % rows, (k * 104729 + 13 * (k // 3)) % cols


def build(cls, cfg, **more):
    model = cls(cfg, **more) if more else cls(cfg)
    return fill(model.eval()).double()


def types_of(kind, cfg, length):
    many = kind == "bert"
    return [1 if many and t >= length - length // 3 else 0 for t in range(length)]


def record(name, kind, settings, lengths):
    config_cls, base_cls, lm_cls, head_cls = CLASSES[kind]
    cfg = config_cls(**settings, num_labels=3)
    cfg._attn_implementation = "eager"
    base, lm = build(base_cls, cfg), build(lm_cls, cfg)
    full = name in ("minilm", "bert_small", "gpt2_124m", "smollm2_135m")
    head = build(head_cls, cfg) if head_cls and not full else None
    hidden, logits, outputs, pooled = [], [], [], []
    for text, n in enumerate(lengths):
        ids = torch.from_numpy(token(text, np.arange(n), LEAST, cfg.vocab_size))[None]
        more = dict(token_type_ids=torch.tensor([types_of(kind, cfg, n)])) if kind == "bert" else {}
        out = base(ids, **more)
        hidden.append(out.last_hidden_state[0].numpy())
        if getattr(out, "pooler_output", None) is not None:
            pooled.append(out.pooler_output[0].numpy())
        logits.append(lm(ids, **more).logits[0].numpy())
        if head:
            outputs.append(head(ids, **more).logits[0].numpy())
    hidden, logits = np.concatenate(hidden), np.concatenate(logits)
    rows, vocab = logits.shape
    numbers(f"{name}_hidden", hidden[samples(SAMPLES, *hidden.shape)])
    numbers(f"{name}_logits", logits[samples(SAMPLES, rows, vocab)])
    at = (np.arange(ASKED) * rows) // ASKED
    target = token(99, np.arange(ASKED), 0, vocab)
    top = logits.max(axis=1, keepdims=True)
    nats = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    numbers(f"{name}_nats", nats[at] - logits[at, target])
    numbers(f"{name}_best", logits[at].argmax(axis=1), "unsigned", "{}")
    mean = np.stack([h.mean(axis=0) for h in np.split(hidden, np.cumsum(lengths)[:-1])])
    mean = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    numbers(f"{name}_mean", mean[samples(SAMPLES, *mean.shape)])
    if pooled and not full:
        numbers(f"{name}_pooled", np.stack(pooled)[samples(SAMPLES, *np.stack(pooled).shape)])
    if outputs:
        numbers(f"{name}_outputs", np.stack(outputs).ravel())


print("/* SPDX-License-Identifier: MIT")
print(" *")
print(f" * Recorded by tests/golden/forward.py with torch {torch.__version__.split('+')[0]}, transformers {tf.__version__}, "
      f"numpy {np.__version__}.")
print(" */")
for name, (kind, settings, lengths) in MODELS.items():
    record(name, kind, settings, lengths)
