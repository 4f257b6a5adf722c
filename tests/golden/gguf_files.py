# SPDX-License-Identifier: MIT
#
# Writes tests/golden/gguf/: blocks.gguf, random blocks of every quantised type, beside blocks.f32, what the gguf package
# makes of them; and small models of tests/golden/models as GGUF: llama (Q/K rows permuted as llama.cpp's converter
# does), qwen2 and gpt2.  Usage: python gguf_files.py MODELS FOLDER.  versions.txt names the versions.
import importlib.metadata
import json
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q
from safetensors.numpy import load_file

ROWS, COLS = 3, 512
TYPES = [Q.Q8_0, Q.Q4_0, Q.Q4_1, Q.Q4_K, Q.Q6_K, Q.F16, Q.BF16]


def random_blocks(rng, kind):
    """Random bytes with finite half-precision scales where the type has them."""
    block, size = gguf.GGML_QUANT_SIZES[kind]
    n = ROWS * COLS // block
    raw = rng.integers(0, 256, (n, size), dtype=np.uint8)

    def halves(at, count):
        raw[:, at:at + 2 * count] = rng.normal(0, 2, (n, count)).astype(np.float16).view(np.uint8).reshape(n, -1)

    if kind in (Q.Q8_0, Q.Q4_0):
        halves(0, 1)
    elif kind in (Q.Q4_1, Q.Q4_K):
        halves(0, 2)
    elif kind == Q.Q6_K:
        halves(208, 1)
    elif kind == Q.F16:
        raw = rng.normal(0, 1, n).astype(np.float16)
        raw[:6] = np.array([0.0, -0.0, 6e-8, -6e-5, 65504, 6.1e-5], np.float16)
        raw = raw.view(np.uint8)
    else:
        raw = (rng.normal(0, 1, n).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    return raw.reshape(ROWS, -1)


def write_blocks(folder):
    rng = np.random.default_rng(11)
    w = gguf.GGUFWriter(folder / "blocks.gguf", "llama")
    w.add_uint8("t.u8", 200), w.add_int8("t.i8", -100), w.add_uint16("t.u16", 60000), w.add_int16("t.i16", -30000)
    w.add_uint32("t.u32", 4000000000), w.add_int32("t.i32", -2000000000), w.add_float32("t.f32", 0.15625)
    w.add_bool("t.bool", True), w.add_uint64("t.u64", 1 << 40), w.add_int64("t.i64", -(1 << 40)), w.add_float64("t.f64", 0.1)
    w.add_array("t.texts", ["", "a", "Ġthe", "\n"]), w.add_array("t.numbers", [1, -2, 3])
    w.add_array("t.reals", [0.5, -1.5]), w.add_array("t.flags", [True, False]), w.add_string("t.text", "naïve")
    expected = []
    for kind in TYPES:
        raw = random_blocks(rng, kind)
        expected.append(gguf.dequantize(raw.reshape(ROWS, -1), kind).astype(np.float32).reshape(ROWS, COLS))
        w.add_tensor(kind.name, raw, raw_dtype=kind)
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()
    np.stack(expected).astype("<f4").tofile(folder / "blocks.f32")


def permute(w, heads):
    """Rows of a head from halves to pairs."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


LLAMA = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
GPT2 = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
        "ln_1": "attn_norm", "ln_2": "ffn_norm"}
OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
           "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}


def renamed(name):
    stem, _, end = name.rpartition(".")
    if stem in OUTSIDE:
        return f"{OUTSIDE[stem]}.{end}", stem
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{(LLAMA | GPT2)[part]}.{end}", part


def write_model(source, target, arch, scheme):
    c = json.loads((source / "config.json").read_text())
    w = gguf.GGUFWriter(target, arch)
    heads = c.get("num_attention_heads", c.get("n_head"))
    shared = c.get("num_key_value_heads", heads)
    w.add_block_count(c.get("num_hidden_layers", c.get("n_layer")))
    w.add_context_length(c.get("max_position_embeddings", c.get("n_positions")))
    w.add_embedding_length(c.get("hidden_size", c.get("n_embd")))
    w.add_feed_forward_length(c.get("intermediate_size", c.get("n_inner")))
    w.add_head_count(heads), w.add_head_count_kv(shared)
    if arch == "gpt2":
        w.add_layer_norm_eps(c["layer_norm_epsilon"])
    else:
        w.add_layer_norm_rms_eps(c["rms_norm_eps"]), w.add_rope_freq_base(c["rope_parameters"]["rope_theta"])
    w.add_tokenizer_model("gpt2"), w.add_token_list([f"t{i}" for i in range(c["vocab_size"])])
    w.add_bos_token_id(1), w.add_eos_token_id(2)
    for name, value in load_file(source / "model.safetensors").items():
        new, part = renamed(name)
        if arch == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
            value = permute(value, heads if part == "self_attn.q_proj" else shared)
        if arch == "gpt2" and value.ndim == 2 and part in GPT2:
            value = np.ascontiguousarray(value.T)
        w.add_tensor(new, value.astype(scheme) if value.ndim == 2 else value.astype(np.float32))
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


def main(models, folder):
    models, folder = pathlib.Path(models), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_blocks(folder)
    for name in ("llama", "qwen2", "gpt2"):
        write_model(models / name, folder / f"{name}.gguf", name, np.float32)
    versions = [f"{m} {importlib.metadata.version(m)}" for m in ("gguf", "numpy", "safetensors")]
    (folder / "versions.txt").write_text("\n".join(versions) + "\n")


main(sys.argv[1], sys.argv[2])
