# SPDX-License-Identifier: MIT
#
# Times the models of bench_encoder in their peers, with random weights and the same shapes: torch (float32 and
# bfloat16), onnxruntime (float32), and llama.cpp through its node package, each where it is there; prints JSON lines
# like the benchmarks' and says "peer absent" for the others.  Started by peers.sh; medians of interleaved runs.
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

THREADS, TOKENS, ROUNDS = int(os.environ.get("POINTSMAN_JOBS", "2")), 128, 7
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))


def median(run):
    run()
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def record(what, batch, seconds):
    rate = batch > 1
    value = batch * TOKENS / seconds if rate else 1e3 * seconds
    print(json.dumps({"bench": "peers", "what": what, "value": round(value, 3), "unit": "tokens/s" if rate else "ms",
                      "n": ROUNDS}), flush=True)
    print(f"{what:60s} {value:10.1f} {'tokens/s' if rate else 'ms'}", file=sys.stderr)


def absent(name, why):
    print(f"{name}: peer absent ({why})", file=sys.stderr)


def minilm(torch, tf, dtype):
    cfg = tf.BertConfig(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                        intermediate_size=1536)
    return tf.BertModel(cfg, add_pooling_layer=False).eval().to(dtype)


def with_torch():
    try:
        import torch
        import transformers as tf
    except ImportError as e:
        return absent("torch", e)
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        model = minilm(torch, tf, dtype)
        for batch in (32, 1):
            ids = torch.randint(1000, 30000, (batch, TOKENS))
            record(f"torch {torch.__version__.split('+')[0]} {name}: MiniLM shape, batch {batch} x {TOKENS}", batch,
                   median(lambda: model(ids).last_hidden_state.mean(dim=1)))
    with_onnx(torch, tf)


def with_onnx(torch, tf):
    try:
        import numpy as np
        import onnxruntime as ort
    except ImportError as e:
        return absent("onnxruntime", e)

    class Hidden(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, ids, mask):
            return self.model(ids, attention_mask=mask).last_hidden_state

    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "m.onnx")
        ids = torch.randint(1000, 30000, (2, TOKENS))
        dims = {0: "batch"}
        try:
            torch.onnx.export(Hidden(minilm(torch, tf, torch.float32)), (ids, torch.ones_like(ids)), path, dynamo=False,
                              input_names=["ids", "mask"], output_names=["hidden"],
                              dynamic_axes={"ids": dims, "mask": dims, "hidden": dims})
        except Exception as e:  # exporters differ between versions: a peer that cannot be made is absent
            return absent("onnxruntime", f"export: {type(e).__name__}: {str(e)[:120]}")
        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for batch in (32, 1):
            feed = {"ids": np.random.randint(1000, 30000, (batch, TOKENS)), "mask": np.ones((batch, TOKENS), np.int64)}
            record(f"onnxruntime {ort.__version__} float32: MiniLM shape, batch {batch} x {TOKENS}", batch,
                   median(lambda: session.run(None, feed)))


def with_llama_cpp():
    modules, models = os.environ.get("POINTSMAN_NODE_LLAMA"), os.environ.get("POINTSMAN_MODELS")
    path = pathlib.Path(models or "") / "SmolLM2-135M-Instruct" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not modules or not path.exists():
        return absent("llama.cpp", "POINTSMAN_NODE_LLAMA and the model in POINTSMAN_MODELS are wanted")
    script = pathlib.Path(__file__).resolve().parent / "llama_time.mjs"
    run = subprocess.run(["node", script, path, str(THREADS), str(TOKENS), str(ROUNDS)], capture_output=True, text=True)
    if run.returncode != 0:
        return absent("llama.cpp", run.stderr[-200:])
    record(f"llama.cpp Q4_1: SmolLM2-135M, a prompt of {TOKENS} read (last logits only)", 1, float(run.stdout))


with_torch()
with_llama_cpp()
