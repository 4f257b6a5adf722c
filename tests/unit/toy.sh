#!/bin/sh
# SPDX-License-Identifier: MIT
#
# datasets/toy, datasets/toy_battles and datasets/toy_flags are what their scripts make: regenerates it and compares byte by byte.
set -eu
src=${srcdir:-.}/datasets/toy
lua=$(command -v lua5.4 || command -v lua || true)
if [ -z "$lua" ]; then
    echo "toy.sh: skipped: no lua5.4 on PATH"
    exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$lua" "$src/make.lua" "$out"
for file in prompts.jsonl scores.csv costs.csv tokens_out.csv models.json; do
    cmp "$src/$file" "$out/$file"
done
"$lua" "$src/../toy_battles/make.lua" "$out"
for file in prompts.jsonl scores.csv battles.jsonl; do
    cmp "$src/../toy_battles/$file" "$out/$file"
done
"$lua" "$src/../toy_flags/make.lua" "$out"
for file in prompts.jsonl scores.csv costs.csv tokens_out.csv models.json; do
    cmp "$src/../toy_flags/$file" "$out/$file"
done
echo "toy.sh: thirteen files are as made"
