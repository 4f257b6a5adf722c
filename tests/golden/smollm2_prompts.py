# SPDX-License-Identifier: MIT
#
# Records tests/golden/smollm2_prompts.safetensors: 20 passages of docs as ids of SmolLM2-135M-Instruct, and under
# transformers in float32 on the tensors dequantised from the same GGUF file: the likeliest next id and the nats of the
# next id at every position; the same nats by llama.cpp, where its node package is given.  Run once by hand:
#   python smollm2_prompts.py FILE.gguf [node_modules of node-llama-cpp]
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
N, LEAST, MOST = 20, 60, 200


def passages(tok):
    found = []
    for path in sorted((root / "docs").glob("*.md")):
        for p in path.read_text(encoding="utf-8").split("\n\n"):
            p = " ".join(p.split())
            if p.startswith(("|", "#", "`", "-", "*", "    ")) or "|" in p or "`" in p or len(p) < 250:
                continue
            ids = tok(p)["input_ids"][:MOST]
            if len(ids) >= LEAST:
                found.append(ids)
                break
    return [found[int(k)] for k in np.linspace(0, len(found) - 1, N)]


path = pathlib.Path(sys.argv[1]).resolve()
tok = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
ids = passages(tok)
best, nats = [], []
with torch.no_grad():
    for i in ids:
        logp = torch.log_softmax(model(torch.tensor([i])).logits[0].double(), dim=-1)
        best.append(logp.argmax(dim=-1).numpy().astype(np.uint16))
        nats.append(-logp[:-1].gather(1, torch.tensor(i[1:])[:, None])[:, 0].numpy().astype(np.float32))
out = {
    "id": np.concatenate([np.array(i, np.uint16) for i in ids]),
    "start": np.cumsum([0] + [len(i) for i in ids]).astype(np.uint32),
    "best": np.concatenate(best),
    "nats": np.concatenate([np.append(n, np.float32(0)) for n in nats]),
}
meta = {"model": path.name, "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
if len(sys.argv) > 2:
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as f:
        json.dump([list(map(int, i)) for i in ids], f)
    run = subprocess.run(["node", here / "llama_nats.mjs", path, f.name], check=True, capture_output=True, text=True,
                         env=dict(os.environ, POINTSMAN_NODE_LLAMA=sys.argv[2]))
    theirs = json.loads(run.stdout)
    out["nats_llama_cpp"] = np.concatenate([np.append(np.array(n, np.float32), np.float32(0)) for n in theirs["nats"]])
    meta["llama.cpp"] = theirs["version"]
    a, b = np.concatenate(nats).mean(), np.concatenate([np.array(n) for n in theirs["nats"]]).mean()
    print("nats a token: transformers", a, "llama.cpp", b, "perplexity", np.exp(a), np.exp(b))
save_file(out, here / "smollm2_prompts.safetensors", metadata=meta)
print("prompts", len(ids), "tokens", len(out["id"]))
