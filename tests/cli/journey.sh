#!/bin/sh
# SPDX-License-Identifier: MIT
# Recorded outcomes, the toy of them: check, dry run, run, list, show, compare, export, route; the same decisions by
# `route` and by the experiment on every test prompt; the same canonical bytes for 1 and 2 threads and again.
. "${srcdir:-.}/tests/cli/lib.sh"
script=$src/tests/cli/recorded_toy.lua

expect 0 "$pointsman" check "$script"
says out "well formed"
expect 0 "$pointsman" run "$script" --dry
expect 0 "$pointsman" run "$script" --jobs 1
says out "best single"
says out "oracle"
says out "results  "
dir=$(sed -n 's/^results  *//p' "$work/out")
key=$(sed -n 's/^run  *\([0-9a-f]*\).*/\1/p' "$work/out")
[ -f "$dir/summary.txt" ] || fail "no summary.txt in $dir"
expect 0 "$pointsman" runs list
says out "$key"
expect 0 "$pointsman" runs show "$key" --domains
expect 0 "$pointsman" runs compare "$key" "$key"
expect 0 "$pointsman" runs export "$key" --canonical
cp "$work/out" "$work/canonical-1"
[ -s "$work/canonical-1" ] || fail "canonical export is empty"

# a second run takes finished jobs from the store
expect 0 "$pointsman" run "$script"
says out "0 jobs done"
expect 0 "$pointsman" run "$script" --json
cmp -s "$work/out" "$dir/summary.json" || fail "run --json is not the run's summary.json"
grep -q '^{"key":"'"$key"'' "$work/out" || fail "run --json does not begin with the key"

# two threads, another store: the same canonical bytes
POINTSMAN_OUT="$work/store2" expect 0 "$pointsman" run "$script" --jobs 2
POINTSMAN_OUT="$work/store2" expect 0 "$pointsman" runs export "$key" --canonical
cmp -s "$work/out" "$work/canonical-1" || fail "canonical export differs between 1 and 2 threads"

# every bundle decides as the experiment did, on every test prompt
found=0
for bundle in "$dir"/bundles/*/; do
    [ -f "$bundle/bundle.json" ] || continue
    decisions=${bundle%/}.decisions.jsonl
    [ -f "$decisions" ] || { fail "no $decisions"; continue; }
    found=$((found + 1))
    expect 0 "$pointsman" route "$bundle" --jsonl "$src/datasets/toy/prompts.jsonl" --json
    sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' "$work/out" | sort >"$work/all"
    sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$decisions" | sort >"$work/want"
    [ -s "$work/want" ] || fail "$bundle: no decisions"
    cut -d' ' -f1 "$work/want" >"$work/ids"
    join "$work/ids" "$work/all" >"$work/got"
    cmp -s "$work/got" "$work/want" || { fail "$bundle: route decides otherwise"; diff "$work/got" "$work/want" | head -n 3; }
done
[ "$found" -gt 0 ] || fail "no bundles in $dir/bundles"
expect 0 "$pointsman" route "$bundle" "What is 12 times 7?" --explain
says out "utility = value part + parts of the terms"
expect 0 "$pointsman" route "$bundle" "What is 12 times 7?" --explain --json
finish
