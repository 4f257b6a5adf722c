# SPDX-License-Identifier: MIT
#
# Writes seeds of the fuzz targets safetensors, gguf and nn_config to tests/fuzz/corpus.  Usage: python fuzz_seeds.py
# CORPUS MODELS.  Made with gguf 0.x, numpy and safetensors as tests/golden/gguf/versions.txt names them.
import json
import pathlib
import sys

import gguf
import numpy as np
from safetensors.numpy import save

TYPES = gguf.GGMLQuantizationType


def tiny_gguf(path, arch, quant):
    rng = np.random.default_rng(3)
    w = gguf.GGUFWriter(path, arch)
    width, inner, vocab, heads, shared = 32, 32, 5, 2, 1 if arch != "gpt2" else 2
    w.add_block_count(1), w.add_context_length(4), w.add_embedding_length(width), w.add_feed_forward_length(inner)
    w.add_head_count(heads), w.add_head_count_kv(shared)
    w.add_layer_norm_eps(1e-5) if arch == "gpt2" else w.add_layer_norm_rms_eps(1e-5)
    w.add_tokenizer_model("gpt2"), w.add_token_list(["a", "b", "c", "d", "<e>"]), w.add_eos_token_id(4)
    w.add_token_types([1, 1, 1, 1, 3]), w.add_token_scores([0.0, -1.0, -2.0, -3.0, 0.0])
    kv = width // heads * shared
    shapes = {"token_embd.weight": (vocab, width), "output_norm.weight": (width,), "blk.0.attn_norm.weight": (width,),
              "blk.0.ffn_norm.weight": (width,), "blk.0.attn_output.weight": (width, width),
              "blk.0.ffn_up.weight": (inner, width), "blk.0.ffn_down.weight": (width, inner)}
    if arch == "gpt2":
        shapes |= {"position_embd.weight": (4, width), "blk.0.attn_qkv.weight": (3 * width, width),
                   "blk.0.attn_qkv.bias": (3 * width,)}
        shapes |= {n.replace("weight", "bias"): (s[0],) for n, s in shapes.items()
                   if "qkv" not in n and "embd" not in n}
    else:
        shapes |= {"blk.0.attn_q.weight": (width, width), "blk.0.attn_k.weight": (kv, width),
                   "blk.0.attn_v.weight": (kv, width), "blk.0.ffn_gate.weight": (inner, width)}
    if arch == "qwen2":
        shapes |= {"blk.0.attn_q.bias": (width,), "blk.0.attn_k.bias": (kv,), "blk.0.attn_v.bias": (kv,)}
    for name, shape in shapes.items():
        v = rng.normal(0, 1, shape).astype(np.float32)
        if len(shape) == 2:
            w.add_tensor(name, gguf.quantize(v, quant), raw_dtype=quant)
        else:
            w.add_tensor(name, v)
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


def main(corpus, models):
    corpus, models = pathlib.Path(corpus), pathlib.Path(models)
    for name in ("safetensors", "gguf", "nn_config"):
        (corpus / name).mkdir(parents=True, exist_ok=True)
    tiny_gguf(corpus / "gguf" / "llama_q8_0", "llama", TYPES.Q8_0)
    tiny_gguf(corpus / "gguf" / "qwen2_q4_1", "qwen2", TYPES.Q4_1)
    tiny_gguf(corpus / "gguf" / "gpt2_f16", "gpt2", TYPES.F16)
    one = {"a": np.ones((2, 3), np.float32), "b.weight": np.zeros((0, 2), np.float16), "ids": np.arange(2)}
    (corpus / "safetensors" / "three").write_bytes(save(one, {"format": "pt"}))
    (corpus / "safetensors" / "none").write_bytes(save({}))
    (corpus / "safetensors" / "scalar").write_bytes(save({"x": np.array(1.5)}))
    for folder in sorted(p for p in models.iterdir() if p.is_dir()):
        text = json.loads((folder / "config.json").read_text())
        (corpus / "nn_config" / folder.name).write_text(json.dumps(text))


main(*sys.argv[1:])
