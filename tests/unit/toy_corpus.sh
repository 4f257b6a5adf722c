#!/bin/sh
# SPDX-License-Identifier: MIT
#
# datasets/toy_corpus is what its script makes: regenerates it and compares byte by byte; nothing else is there.
set -eu
src=${srcdir:-.}/datasets/toy_corpus
lua=$(command -v lua5.4 || command -v lua || true)
if [ -z "$lua" ]; then
    echo "toy_corpus.sh: skipped: no lua5.4 on PATH"
    exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for domain in bylaws harbour kitchen orchard script; do
    mkdir "$out/$domain"
done
"$lua" "$src/make.lua" "$out"
for domain in bylaws harbour kitchen orchard script; do
    diff -r "$src/$domain" "$out/$domain"
done
[ "$(find "$src" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 5 ]
echo "toy_corpus.sh: $(find "$out" -type f | wc -l) files are as made"
