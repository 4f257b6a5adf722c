#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench_encoder, then the same shapes in onnxruntime, torch and llama.cpp, in the same run: make bench-peers.
# POINTSMAN_PYTHON: a Python with torch, transformers and onnxruntime; POINTSMAN_NODE_LLAMA: a node_modules folder
# with node-llama-cpp; POINTSMAN_MODELS: where SmolLM2-135M-Instruct lies.  What is not given is said to be absent.
set -u
here=${srcdir:-.}/tests/bench
./tests/bench/bench_encoder >peers.jsonl || exit 1
if [ -n "${POINTSMAN_PYTHON:-}" ]; then
    "$POINTSMAN_PYTHON" "$here/peers.py" >>peers.jsonl || exit 1
else
    echo "torch, onnxruntime, llama.cpp: peer absent (POINTSMAN_PYTHON is not set)" >&2
fi
# Ratios to every peer of the same batch, ours fast and float32.
awk '
function field(name) { return match($0, "\"" name "\": *[^,}]*") ? substr($0, RSTART, RLENGTH) : "" }
function number(s) { sub(/^[^:]*: */, "", s); return s + 0 }
{ what = $0; sub(/.*"what": *"/, "", what); sub(/".*/, "", what); value = number(field("value")) }
/"bench": *"encoder"/ && what ~ /x 128$/ { ours[++n] = what; at[n] = value }
/"bench": *"peers"/ {
    for (i = 1; i <= n; i++) {
        batch = what ~ /batch 32/ ? "batch 32" : "batch 1 "
        if (what ~ /llama/ ? ours[i] !~ /SmolLM2/ : ours[i] !~ /MiniLM/ || ours[i] !~ batch) continue
        printf "%-52s %6.2f x %s\n", ours[i], what ~ /batch 32/ ? at[i] / value : value / at[i], what
    }
}' peers.jsonl
