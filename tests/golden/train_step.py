# SPDX-License-Identifier: MIT
#
# Records tests/unit/train_step_golden.inc: the loss, the norm and samples of every gradient, and samples of the weights
# after one step of torch.optim.AdamW, of transformers' models whose weights are a formula (formula.py), in float64.
# Run once by hand from tests/golden: python train_step.py > ../unit/train_step_golden.inc
import numpy as np
import torch
import transformers as tf

from formula import PARTS, fill, ours, token, unit

LEAST, SAMPLES, RATE, DECAY = 5, 3, 1e-3, .01
BERT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0)
ROBERTA = dict(BERT, pad_token_id=1)
DISTIL = dict(dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, pad_token_id=0)
GPT2 = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0)
LLAMA = dict(attention_dropout=0.0, pad_token_id=None, bos_token_id=0, eos_token_id=0)
SMALL = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
             max_position_embeddings=40)
ROPE = dict(rope_type="default", rope_theta=10000.0)
UNEVEN, SHORT = [7, 1, 19, 12], [16, 16]
MODELS = {  # name: (class of models, config, head, lengths)
    "bert": ("Bert", dict(SMALL, type_vocab_size=2, **BERT), "lm", UNEVEN),
    "distilbert": ("DistilBert", dict(vocab_size=61, dim=24, n_layers=2, n_heads=4, hidden_dim=40,
                                      max_position_embeddings=40, **DISTIL), "lm", UNEVEN),
    "roberta": ("Roberta", dict(SMALL, type_vocab_size=1, layer_norm_eps=1e-5, **ROBERTA), "lm", UNEVEN),
    "gpt2": ("GPT2", dict(vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=40, n_inner=40, **GPT2), "lm", UNEVEN),
    "llama": ("Llama", dict(SMALL, num_key_value_heads=2, rms_norm_eps=1e-5, rope_parameters=ROPE, **LLAMA), "lm", UNEVEN),
    "qwen2": ("Qwen2", dict(SMALL, num_key_value_heads=2, rms_norm_eps=1e-6, tie_word_embeddings=True,
                            rope_parameters=ROPE, **LLAMA), "lm", UNEVEN),
    "bert_classes": ("Bert", dict(SMALL, type_vocab_size=2, num_labels=3, **BERT), "classes", UNEVEN),
    "distilbert_regress": ("DistilBert", dict(vocab_size=61, dim=24, n_layers=2, n_heads=4, hidden_dim=40, num_labels=3,
                                              max_position_embeddings=40, **DISTIL), "regress", UNEVEN),
    "roberta_soft": ("Roberta", dict(SMALL, type_vocab_size=1, num_labels=3, layer_norm_eps=1e-5, **ROBERTA), "soft", UNEVEN),
    "minilm": ("Bert", dict(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                            intermediate_size=1536, max_position_embeddings=512, type_vocab_size=2, **BERT), "lm", SHORT),
    "bert_small": ("Bert", dict(vocab_size=30522, hidden_size=512, num_hidden_layers=4, num_attention_heads=8,
                                intermediate_size=2048, max_position_embeddings=512, type_vocab_size=2, **BERT), "lm", SHORT),
    # widths in full; layers are alike, so a few of them do
    "gpt2_small": ("GPT2", dict(vocab_size=2000, n_embd=768, n_layer=3, n_head=12, n_positions=128, **GPT2), "lm", SHORT),
    "llama_135m": ("Llama", dict(vocab_size=2000, hidden_size=576, num_hidden_layers=4, num_attention_heads=9,
                                 num_key_value_heads=3, intermediate_size=1536, max_position_embeddings=2048,
                                 rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=ROPE, **LLAMA), "lm", SHORT),
}
LM = {"Bert": "BertForMaskedLM", "DistilBert": "DistilBertForMaskedLM", "Roberta": "RobertaForMaskedLM",
      "GPT2": "GPT2LMHeadModel", "Llama": "LlamaForCausalLM", "Qwen2": "Qwen2ForCausalLM"}


def made(kind, config, head):
    name = LM[kind] if head == "lm" else kind + "ForSequenceClassification"
    cfg = getattr(tf, kind + "Config")(attn_implementation="eager", **config)
    return fill(getattr(tf, name)(cfg)).double().train(), cfg


def inputs(cfg, lengths):
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, n in enumerate(lengths):
        ids[i, :n] = torch.from_numpy(token(1 + i, np.arange(n), LEAST, cfg.vocab_size))
        mask[i, :n] = 1
    return ids, mask


def wanted(head, n, cols):
    u = torch.from_numpy(unit(77, np.arange(n * cols)).reshape(n, cols)).double()
    if head == "classes":
        u = (u + 1.5).float().double()
        u = (u / u.sum(1, keepdim=True)).float().double()
    if head == "regress":
        u[0, 1] = float("nan")
        u[2] = float("nan")
    return u


def loss_of(model, cfg, head, lengths):
    ids, mask = inputs(cfg, lengths)
    logits = model(input_ids=ids, attention_mask=mask).logits
    if head == "lm":  # every fifth token from the third on
        at = [(i, t) for i, n in enumerate(lengths) for t in range(n) if (t + 3) % 5 == 0]
        target = torch.from_numpy(token(9, np.arange(len(at)), LEAST, cfg.vocab_size))
        rows = torch.stack([logits[i, t] for i, t in at])
        return torch.nn.functional.cross_entropy(rows, target)
    want = wanted(head, len(lengths), logits.shape[1])
    if head == "classes":
        return -(want * logits.log_softmax(1)).sum(1).mean()
    if head == "soft":
        p = want.softmax(1)
        return (p * (p.log() - logits.log_softmax(1))).sum(1).mean()
    there = ~want.isnan()
    off = torch.where(there, logits - want, torch.zeros_like(logits))
    return ((off ** 2).sum(1) / there.sum(1).clamp(min=1)).mean()


def matrices_and_others(model):
    matrices = [p for p in model.parameters() if p.dim() > 1]
    return [dict(params=matrices, weight_decay=DECAY),
            dict(params=[p for p in model.parameters() if p.dim() < 2], weight_decay=0.0)]


def record(name, kind, config, head, lengths):
    model, cfg = made(kind, config, head)
    loss = loss_of(model, cfg, head, lengths)
    loss.backward()
    lines = {}
    for tensor, p in model.named_parameters():
        if p.grad is None:
            continue
        for part, layer, is_bias, g in ours(tensor, p.grad):
            lines[PARTS.index(part), layer, is_bias] = [g.reshape(-1), tensor]
    torch.optim.AdamW(matrices_and_others(model), lr=RATE).step()
    for tensor, p in model.named_parameters():
        for part, layer, is_bias, w in ours(tensor, p):
            if (PARTS.index(part), layer, is_bias) in lines:
                lines[PARTS.index(part), layer, is_bias].append(w.reshape(-1))
    n_layers = cfg.num_hidden_layers
    kept = {k: v for k, v in lines.items() if n_layers < 3 or k[1] in (-1, 0, n_layers - 1)}
    print(f"static const golden_param {name}_params[] = {{")
    for (part, layer, is_bias), (g, tensor, w) in sorted(kept.items()):
        # for tables, elements of a row in use: the largest gradients
        at = np.argsort(-np.abs(g), kind="stable")[:1].tolist() + [(i * 7919 + 5) % len(g) for i in range(SAMPLES - 1)]
        print(f"    {{{part}, {layer}, {int(is_bias)}, {np.linalg.norm(g):.9g}, "
              f"{{{', '.join(str(i) for i in at)}}}, {{{', '.join(f'{g[i]:.9g}' for i in at)}}}, "
              f"{{{', '.join(f'{w[i]:.9g}' for i in at)}}}}},")
    print("};")
    return f'    {{"{name}", {loss.item():.12g}, {name}_params, sizeof {name}_params / sizeof *{name}_params}},'


print("/* SPDX-License-Identifier: MIT")
print(" *")
print(" * One step of training in float64: losses, gradients, weights afterwards.  Recorded by tests/golden/train_step.py with")
print(f" * torch {torch.__version__}, transformers {tf.__version__}, numpy {np.__version__}.  Not written by hand.")
print(" */")
print("/* clang-format off */")
models = [record(name, *m) for name, m in MODELS.items()]
print("static const golden_model golden_models[] = {")
print("\n".join(models))
print("};")
