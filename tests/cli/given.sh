#!/bin/sh
# SPDX-License-Identifier: MIT
# embedder = "given", end to end on the toy data with vectors made here: what is refused before any compute, seeds, folds,
# learning curves, similarity and the map; bundles without an embedder, served and calibrated with vectors of JSON lines,
# and decisions equal to the experiment's.
. "${srcdir:-.}/tests/cli/lib.sh"
build=$PWD
toy=$(cd "$src/datasets/toy" && pwd)

# ---- vectors: how often the letters of eight classes occur ----
awk '{
    match($0, /"id": "[^"]*"/); id = substr($0, RSTART + 7, RLENGTH - 8)
    match($0, /"prompt": "([^"\\]|\\.)*"/); text = tolower(substr($0, RSTART + 11, RLENGTH - 12))
    for (k = 0; k < 8; k++) n[k] = 0
    for (i = 1; i <= length(text); i++) n[index("abcdefghijklmnopqrstuvwxyz0123456789", substr(text, i, 1)) % 8]++
    printf "{\"id\": \"%s\", \"embedding\": [", id
    for (k = 0; k < 8; k++) printf "%s%.9g", k ? ", " : "", n[k] / length(text) - 0.1
    print "]}"
}' "$toy/prompts.jsonl" >"$work/vectors.jsonl"
expect 0 "$pointsman" data convert --from embeddings --folder "$toy" "$work/vectors.jsonl" "$work/toy"
mkdir "$work/bare" && cp "$toy"/*.jsonl "$toy"/*.csv "$toy/models.json" "$work/bare"

script() { # DATA ROUTERS EXTRA FIELDS
    cat >"$work/given.lua" <<LUA
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$1" { min_known = 0.9 }, embedder = "given", bootstrap = { resamples = 200 }, reference = false,
  routers = { $2 }, objective = pm.objective "penalty" {}, ${3-}
}
LUA
}
knn='pm.router "knn" { k = 15 }'

# ---- refused before any compute ----
script "$work/bare" "$knn"
expect 1 "$pointsman" check "$work/given.lua"
says err 'given.lua:2: embedder = "given": '
says err 'bare holds no embeddings.npy; want a vector for each prompt'
expect 1 "$pointsman" run "$work/given.lua" --dry
says err 'holds no embeddings.npy'
head -n 3 "$toy/prompts.jsonl" >"$work/three"
mkdir "$work/other" && cp "$toy/models.json" "$work/other"
cat "$work/three" >"$work/other/prompts.jsonl"
sed 's/.*"id": "\([^"]*\)".*/{"prompt_id": "\1", "model_a": "toy-nano", "model_b": "toy-max", "winner": "b"}/' "$work/three" \
    >"$work/other/battles.jsonl"
sed -n 's/.*"id": "\([^"]*\)".*/{"id": "\1", "embedding": [1, 2]}/p' "$work/three" >"$work/two.jsonl"
script "$work/toy" "$knn" "also = { other = pm.dataset \"$work/other\" {} },"
expect 1 "$pointsman" check "$work/given.lua"
says err 'also.other: '
says err 'other holds no embeddings.npy, and embedder = "given" wants a vector for each of its prompts too'
expect 0 "$pointsman" data convert --from embeddings --folder "$work/other" "$work/two.jsonl" "$work/other" --overwrite
expect 0 "$pointsman" check "$work/given.lua"
expect 1 "$pointsman" run "$work/given.lua" --dry
says err 'has vectors of 2 numbers (embeddings.npy), those of '

head -n 3 "$work/vectors.jsonl" >"$work/eight.jsonl"
expect 0 "$pointsman" data convert --from embeddings --folder "$work/other" "$work/eight.jsonl" "$work/other" --overwrite
script "$work/toy" 'pm.router "sw_ranking" { learns = "others" }' "also = { other = pm.dataset \"$work/other\" {} },"
expect 0 "$pointsman" run "$work/given.lua" --no-report
says out 'similarity S'

# ---- a run: seeds, curves, similarity, the map ----
script "$work/toy" "$knn, pm.router \"matrix_factorization\" { label = \"mf\", rank = 8, epochs = 3 }, pm.router \"prior\" {}" \
    'seeds = { 1, 2 }, train_sizes = { 100, "all" }, pair = { strong = "toy-max", weak = "toy-mini" },'
expect 0 "$pointsman" run "$work/given.lua" --dry
says out 'jobs to do, 0 already done'
expect 0 "$pointsman" run "$work/given.lua"
says out 'similarity S'
says out 'rows with "prompt" and "embedding"'
run=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"of":"given","dim":8' "$run/cells-1.json" || grep -q '"of":"router"' "$run/cells-1.json" || fail "no map in the cells"
grep -q '"curve"\|train=100' "$run/summary.json" || fail "no learning curve"
cp "$run/summary.txt" "$work/first"
expect 0 "$pointsman" run "$work/given.lua" --jobs 1 --out "$work/again"
cmp -s "$work/first" "$work/again"/runs/given-*/summary.txt || fail "another run says something else"
expect 0 "$pointsman" run "$work/given.lua"
says out '(0 jobs done'
[ -f "$run/bundles/knn-s1/embedder.safetensors" ] && fail "a bundle holds an embedder"
grep -q '"embedder":null,"vectors":{"from":"given","dim":8}' "$run/bundles/knn-s1/bundle.json" || fail "bundle.json does not say that vectors are given"
grep -q '"vectors"' "$run/bundles/prior-s1/bundle.json" && fail "a router that reads no vectors wants some"

script "$work/toy" "$knn" 'split = pm.split { by = "fold", folds = 3 }, seeds = { 1, 2, 3 }, decontaminate = 0.99999,'
expect 0 "$pointsman" run "$work/given.lua"
says out 'test prompts at cosine 0.99999 or above'
dir=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"of":"given","dim":8' "$dir/cells-1.json" || fail "no map of given vectors"
grep -q 'the vectors given with the data' "$dir/report.html" || fail "no map in the report"

# ---- serving: the rows of embeddings.npy as text ----
od -An -v -tf4 -w32 -j128 "$work/toy/embeddings.npy" | sed 's/^ *//; s/  */ /g; s/\([ -]\)\./\10./g; s/^\./0./; s/ /, /g' >"$work/numbers"
rows() { # NAME: prompts with their vectors under that name
    paste "$work/toy/prompts.jsonl" "$work/numbers" | sed "s/}$(printf '\t')\(.*\)\$/, \"$1\": [\1]}/"
}
rows embedding >"$work/all.jsonl"
rows vector >"$work/vector.jsonl"
for b in knn-s1 knn-s2 mf-s1; do
    bundle=$run/bundles/$b
    sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >"$work/want"
    case $b in
    knn*) [ "$(cut -d' ' -f2 "$work/want" | sort -u | wc -l)" -gt 1 ] || fail "$b: one expert for all proves nothing" ;;
    *) [ -s "$work/want" ] || fail "$b: no decisions" ;;
    esac
    cut -d' ' -f1 "$work/want" >"$work/ids"
    for rows in all vector; do
        expect 0 "$pointsman" route "$bundle" "$work/$rows.jsonl" --json
        sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' "$work/out" | sort >"$work/routed"
        join "$work/ids" "$work/routed" >"$work/got"
        cmp -s "$work/got" "$work/want" || fail "$b: route decides otherwise than the experiment on $rows.jsonl"
    done
done
bundle=$run/bundles/knn-s1
expect 1 "$pointsman" route "$bundle" "What is 12 times 7?"
says err 'the vectors are missing'
says err '{"prompt": "...", "embedding": [8 numbers]}'
expect 1 "$pointsman" route "$bundle" -
says err 'the vectors are missing'
expect 0 "$pointsman" route "$run/bundles/prior-s1" "What is 12 times 7?"
expect 0 "$pointsman" route "$run" --model router-knn-s1-0.5 "$work/all.jsonl"

row() { # TEXT MEMBER: a good row, then that one
    head -n 1 "$work/all.jsonl" >"$work/bad.jsonl"
    echo "{\"id\": \"q7\", \"prompt\": \"x\"$1}" >>"$work/bad.jsonl"
    expect 1 "$pointsman" route "$bundle" "$work/bad.jsonl"
}
row ''
says err 'row 2: prompt "q7": found no "embedding" (nor "vector"), wanted an array of 8 numbers'
row ', "embedding": [1, 2, 3]'
says err 'row 2: prompt "q7": "embedding": found 3 numbers, wanted 8'
row ', "vector": [1, 2, 3, 4, 5, 6, 7, null]'
says err 'row 2: prompt "q7": "vector": found '
row ', "vector": [1, 2, 3, 4, 5, 6, 7, 1e39]'
says err 'wanted an array of numbers'
row ', "embedding": [1, 2, 3, 4, 5, 6, 7, NaN]'
says err 'bad.jsonl:2: column '
row ', "embedding": null'
says err 'wanted an array of numbers'

# ---- calibrating ----
expect 0 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$work/all.jsonl" --json
sed 's/.*"alpha":\([^,]*\).*/\1/' "$work/out" >"$work/alpha"
expect 0 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$work/toy" --part all --json --write
sed 's/.*"alpha":\([^,]*\).*/\1/' "$work/out" | cmp -s - "$work/alpha" || fail "rows and a folder calibrate otherwise"
expect 0 "$pointsman" calibrate "$bundle" --target quality=.5 --prompts "$work/toy"
expect 0 "$pointsman" calibrate "$bundle" --check "$work/all.jsonl"
expect 0 "$pointsman" calibrate "$run" --target share=.4 --prompts "$work/toy"
expect 1 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$work/bare"
says err 'holds no embeddings.npy'
expect 1 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$toy/prompts.jsonl"
says err 'found no "embedding"'

# ---- from C ----
paste -d' ' "$work/numbers" /dev/null | sed 's/,//g' >"$work/plain"
sed -n 's/.*"id": "\([^"]*\)".*/\1/p' "$work/toy/prompts.jsonl" >"$work/names"
expect 0 "$build/tests/cli/route_vector" "$bundle" "$work/plain"
paste -d' ' "$work/names" "$work/out" | sort >"$work/routed"
sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >"$work/want"
cut -d' ' -f1 "$work/want" >"$work/ids"
join "$work/ids" "$work/routed" | cmp -s - "$work/want" || fail "pm_route_vector decides otherwise than the experiment"
finish
