# SPDX-License-Identifier: MIT
#
# Records tests/golden/minilm_sentences.safetensors: 1,000 sentences of datasets/toy_corpus and of docs, their ids, and
# the vectors that sentence-transformers gives them with all-MiniLM-L6-v2: 32 in float32, all as int8 with one scale
# a row (cosine to the float vector above 0.99995, printed).  Run once by hand:
#   python minilm_sentences.py FOLDER_OF_THE_MODEL
import pathlib
import re
import sys

import numpy as np
import sentence_transformers
import torch
import transformers
from safetensors.numpy import save_file

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
N = 1000


def sentences():
    seen = {}
    files = sorted((root / "docs").glob("*.md")) + sorted((root / "datasets/toy_corpus").glob("*/*.txt"))
    for i, path in enumerate(files):
        kept = 0
        for s in re.split(r"(?<=[.!?])\s+|\n\s*\n", path.read_text(encoding="utf-8")):
            s = " ".join(s.split())
            if 15 < len(s) < 300 and s not in seen and kept < (30 if path.suffix == ".md" else 8):
                seen[s] = True
                kept += 1
    words = list(seen)
    return [words[int(k)] for k in np.linspace(0, len(words) - 1, N)]


texts = sentences()
assert len(set(texts)) == N
model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
ids = [model.tokenizer(t, truncation=True, max_length=model.max_seq_length)["input_ids"] for t in texts]
assert max(map(len, ids)) < model.max_seq_length
scale = np.abs(vectors).max(axis=1) / 127
bytes_ = np.rint(vectors / scale[:, None]).astype(np.int8)
near = (bytes_ * vectors).sum(axis=1) / np.linalg.norm(bytes_.astype(np.float64), axis=1)
print("least cosine of the int8 rows:", near.min(), "tokens:", sum(map(len, ids)))
raw = [t.encode() for t in texts]
save_file({
    "id": np.concatenate([np.array(i, np.uint16) for i in ids]),
    "start": np.cumsum([0] + [len(i) for i in ids]).astype(np.uint32),
    "text": np.frombuffer(b"".join(raw), np.uint8),
    "text_start": np.cumsum([0] + [len(r) for r in raw]).astype(np.uint32),
    "vector_f32": vectors[:32].astype(np.float32),
    "vector_i8": bytes_,
}, here / "minilm_sentences.safetensors", metadata={
    "model": "all-MiniLM-L6-v2", "sentence_transformers": sentence_transformers.__version__,
    "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]})
