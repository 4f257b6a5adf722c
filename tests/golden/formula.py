# SPDX-License-Identifier: MIT
#
# The weights of tests/unit/formula_weights.h, to the same bits, for models of transformers; and from which of our
# parameters (part, layer, bias) each tensor of a model comes.  Needs numpy; torch only in fill() and ours().
import re

import numpy as np

PARTS = ["tokens", "positions", "types", "embed_norm", "q", "k", "v", "o", "norm_1", "gate", "up", "down", "norm_2",
         "final_norm", "lm_dense", "lm_norm", "lm_out", "pooler", "head_dense", "head_out"]
NORMS = {"embed_norm", "norm_1", "norm_2", "final_norm", "lm_norm"}


def unit(number, index):
    """u of the header, for an array of indices: float32, exact."""
    with np.errstate(over="ignore"):
        z = (np.uint64(number) << np.uint64(40)) + np.asarray(index, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.int64) - 8388608).astype(np.float32) / np.float32(8388608)


def values(part, layer, is_bias, rows, cols):
    """A parameter of ours as [rows x cols] float32."""
    number = 2 * PARTS.index(part) + int(is_bias) + 64 * (layer + 1)
    scale = np.float32(1)
    if is_bias or (rows == 1 and part != "head_out"):
        scale = np.float32(1 / 16)
    else:
        at_most = 1
        while at_most < cols:
            scale, at_most = scale * np.float32(.5), at_most * 4
    v = unit(number, np.arange(rows * cols, dtype=np.uint64)) * scale
    if part in NORMS and not is_bias:
        v = np.float32(1) + v
    return v.reshape(rows, cols)


def token(text, t, least, n_vocab):
    u = unit(1 << 20, (np.uint64(text) << np.uint64(20)) + np.asarray(t, np.uint64))
    return (least + ((u + np.float32(1)).astype(np.float64) * .5 * (n_vocab - least)).astype(np.int64))


# name without ".weight" / ".bias" and without the family's prefix -> (part, fused, transposed)
WITHOUT_LAYER = {
    "embeddings.word_embeddings": "tokens", "wte": "tokens", "embed_tokens": "tokens",
    "embeddings.position_embeddings": "positions", "wpe": "positions",
    "embeddings.token_type_embeddings": "types", "embeddings.LayerNorm": "embed_norm",
    "ln_f": "final_norm", "norm": "final_norm",
    "cls.predictions.transform.dense": "lm_dense", "vocab_transform": "lm_dense", "lm_head.dense": "lm_dense",
    "cls.predictions.transform.LayerNorm": "lm_norm", "vocab_layer_norm": "lm_norm", "lm_head.layer_norm": "lm_norm",
    "cls.predictions": "lm_out", "vocab_projector": "lm_out", "lm_head": "lm_out",
    "cls.predictions.decoder": "lm_out", "lm_head.decoder": "lm_out",
    "pooler.dense": "pooler", "classifier.dense": "head_dense", "pre_classifier": "head_dense",
    "classifier": "head_out", "classifier.out_proj": "head_out", "score": "head_out",
}
WITH_LAYER = {
    "attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v",
    "attention.output.dense": "o", "attention.output.LayerNorm": "norm_1",
    "intermediate.dense": "up", "output.dense": "down", "output.LayerNorm": "norm_2",
    "attention.q_lin": "q", "attention.k_lin": "k", "attention.v_lin": "v", "attention.out_lin": "o",
    "sa_layer_norm": "norm_1", "ffn.lin1": "up", "ffn.lin2": "down", "output_layer_norm": "norm_2",
    "self_attn.q_proj": "q", "self_attn.k_proj": "k", "self_attn.v_proj": "v", "self_attn.o_proj": "o",
    "input_layernorm": "norm_1", "post_attention_layernorm": "norm_2",
    "mlp.gate_proj": "gate", "mlp.up_proj": "up", "mlp.down_proj": "down",
    "ln_1": "norm_1", "ln_2": "norm_2", "attn.c_attn": "qkv", "attn.c_proj": "o", "mlp.c_fc": "up", "mlp.c_proj": "down",
}
PREFIX = re.compile(r"^(bert|roberta|distilbert|transformer|model)\.(?=embed|wte|wpe|encoder|transformer|layers|h\.|ln_f|norm|pooler)")
LAYER = re.compile(r"^(?:encoder\.layer|transformer\.layer|layers|layer|h)\.(\d+)\.(.*)$")


def place(name):
    """(part, layer, is_bias, transposed) of a tensor's name; None for buffers.  part "qkv" is q, k and v in one."""
    name = PREFIX.sub("", name)
    stem, _, kind = name.rpartition(".")
    if kind not in ("weight", "bias"):
        return None
    found = LAYER.match(stem)
    layer, stem = (int(found[1]), found[2]) if found else (-1, stem)
    part = (WITH_LAYER if found else WITHOUT_LAYER)[stem]
    transposed = kind == "weight" and bool(re.match(r"(attn|mlp)\.c_", stem))
    return part, layer, kind == "bias", transposed


def ours(name, tensor):
    """[(part, layer, is_bias, [rows x cols] numpy)] of one tensor (a weight or its gradient), as our layout has it."""
    part, layer, is_bias, transposed = place(name)
    v = tensor.detach().numpy()
    v = v.T if transposed else v
    v = v.reshape(1, -1) if v.ndim == 1 and part != "qkv" else v
    if part != "qkv":
        return [(part, layer, is_bias, v)]
    return [(p, layer, is_bias, np.atleast_2d(w)) for p, w in zip("qkv", np.split(v, 3, axis=0))]


def fill(model):
    """Overwrites every parameter of a model by the formula; tied ones come out once."""
    import torch
    with torch.no_grad():
        for name, p in model.named_parameters():
            part, layer, is_bias, transposed = place(name)
            shape = tuple(p.shape[::-1]) if transposed else tuple(p.shape)
            rows, cols = shape if len(shape) == 2 else (1, shape[0])
            if part == "qkv":
                n = (rows if len(shape) == 2 else cols) // 3
                r, c = (n, cols) if len(shape) == 2 else (1, n)
                v = np.concatenate([values(q, layer, is_bias, r, c) for q in "qkv"], axis=0 if len(shape) == 2 else 1)
            else:
                v = values(part, layer, is_bias, rows, cols)
            v = v.T if transposed else v
            p.copy_(torch.from_numpy(np.ascontiguousarray(v.reshape(tuple(p.shape)))))
    return model
