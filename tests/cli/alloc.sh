#!/bin/sh
# SPDX-License-Identifier: MIT
# The decision path allocates nothing: 100,000 routes through libpointsman with every allocation counted, for
# each bundle of the toy experiment.
. "${srcdir:-.}/tests/cli/lib.sh"

# `random` draws by the bytes of a text, so that it tells whether invalid ones were replaced.
sed 's|pm.router "prior" {}|pm.router "prior" {}, pm.router "random" { by = "text" }|' "$src/tests/cli/recorded_toy.lua" >"$work/toy.lua"
expect 0 "$pointsman" run "$work/toy.lua"
dir=$(sed -n 's/^results  *//p' "$work/out")
sed -n 's/.*"prompt": *"\([^"\\]*\)".*/\1/p' "$src/datasets/toy/prompts.jsonl" >"$work/prompts.txt"
[ -s "$work/prompts.txt" ] || fail "no prompts read from the toy data"
n=0
for bundle in "$dir"/bundles/*/; do
    [ -f "$bundle/bundle.json" ] || continue
    n=$((n + 1))
    tests/cli/route_alloc "$bundle" "$work/prompts.txt"
    status=$?
    [ "$status" = 77 ] && exit 77
    [ "$status" = 0 ] || fail "$(basename "$bundle"): exit $status"
done
[ "$n" -gt 0 ] || fail "no bundles in $dir"
finish
