#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of the transformer engine's speeds beside its peers, all in one run.  From the build folder:
#   POINTSMAN_PYTHON=... POINTSMAN_NODE_LLAMA=... POINTSMAN_MODELS=... sh SRC/tests/results/transformers.sh > bench-transformers.md
# What is not given is "peer absent" on the page.
set -eu
src=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s tests/bench/bench_encoder tests/bench/bench_train_step tests/bench/bench_linear tests/bench/bench_tokens >/dev/null
export srcdir="$src"
PYTHONWARNINGS=ignore sh "$src/tests/bench/peers.sh" >"$work/ratios" 2>"$work/all"
grep -v "Warning:\|^  [a-z]" "$work/all" >"$work/peers" # packages' own talk is no part of the page
for name in train_step linear tokens; do ./tests/bench/bench_$name >"$work/$name.jsonl" 2>"$work/$name"; done
machine=$(./pointsman doctor --quick | sed -n 's/^CPU  *//p')
cat <<TEXT
# The transformer engine beside its peers

Written by \`sh tests/results/transformers.sh\` in the build folder (\`POINTSMAN_PYTHON\`, \`POINTSMAN_NODE_LLAMA\` and \`POINTSMAN_MODELS\` name the peers).
Machine: $machine, 2 threads, load average $(cut -d' ' -f1 /proc/loadavg) at the end. No figure is asserted; the goals of 50,000 tokens/s and
2.8 ms are those of a machine with AMX. llama.cpp reads Q4_1 weights and gives the last position's logits; ours gives the nats of all.

## Inference

Ours, then the peers in the same run:

\`\`\`
$(cat "$work/peers")
\`\`\`

How many times faster ours is:

\`\`\`
$(cat "$work/ratios")
\`\`\`

## A step of training

Masked LM, 32 x 128 tokens, 15 % asked, AdamW included.

\`\`\`
$(cat "$work/train_step")
\`\`\`

## Products

\`\`\`
$(cat "$work/linear")
\`\`\`

## Tokenisers

\`\`\`
$(cat "$work/tokens")
\`\`\`
TEXT
