#!/bin/sh
# SPDX-License-Identifier: MIT
# Experts and an embedder that are trained transformers: an experiment end to end.  The second run takes all from the store; any
# number of jobs and a kill -9 in the middle give the same bytes; curves and cuts are reported; `route` says what was
# cut and decides as the experiment did.
. "${srcdir:-.}/tests/cli/lib.sh"
root=$(cd "$src" && pwd)
cd "$work" || exit 1

cat >lms.lua <<LUA
local pm <const> = require "pointsman"
local function lm(kind, more)
  local p <const> = { kind = kind, layers = 1, width = 32, heads = 2, vocab = 400, max_steps = 30, batch_tokens = 512,
                      rate = 3e-3, epochs = 100, tune_share = .05 }
  for k, v in pairs(more or {}) do p[k] = v end
  return pm.backend "transformer" (p)
end
local function expert(id, backend, doses)
  return pm.expert { id = id, backend = backend, learns = pm.mix { base = .3, doses = doses }, price = { input = .1, output = .2 } }
end
return pm.experiment {
  name = "lms",
  data = pm.corpus "$root/datasets/toy_corpus" { min_domains = 4, min_domain_bytes = 1000, min_chars = 60, max_chars = 300 },
  split = pm.split { by = "given", tune = 0.15 },
  library = pm.library {
    name = "mixed", currency = "USD",
    expert("masked", lm("masked", { max_tokens = 24, design = "llama", mask_pieces = "in_turn", learn_share = .4 }), { orchard = .6 }),
    expert("causal", lm("causal", { max_tokens = 48 }), { harbour = .6 }),
    expert("grams", pm.backend "ngram" { order = 3, words = "masked" }, { script = .6 }),
  },
  embedder = pm.embedder "encoder" { model = "", layers = 1, width = 32, heads = 2, vocab = 300, max_steps = 20,
                                     batch_tokens = 512, max_tokens = 24 },
  routers = { pm.router "prior" {}, pm.router "knn" { k = 5 } },
  objective = pm.objective "penalty" {},
  seeds = { 1 },
}
LUA

# run STORE JOBS: the canonical export into STORE.json
run() {
    export POINTSMAN_OUT="$work/$1"
    expect 0 "$pointsman" run lms.lua --jobs "$2"
    cp "$work/out" "$work/$1.out"
    cp "$work/err" "$work/$1.err"
    key=$(sed -n 's/^run  *\([0-9a-f]*\).*/\1/p' "$work/out")
    expect 0 "$pointsman" runs export "$key" --canonical
    cp "$work/out" "$work/$1.json"
    [ -s "$work/$1.json" ] || fail "nothing exported"
}
run one 1
folder=$(sed -n 's/^results  *//p' one.out)
says one.out "(6 jobs done, 0 taken from the store"

# curves FOLDER: of every model that was trained
curves() { tr '{' '\n' <"$1/cells-1.json" | tr -d ' ' | grep '^"curve"' | sed 's|]].*||'; }
curves "$folder" >want-curves
[ "$(grep -c '"train_loss"' want-curves)" -ge 3 ] || fail "curves of three models are wanted: $(cat want-curves)"
[ "$(grep -c '"tune_loss"' want-curves)" -ge 2 ] || fail "curves of held-out losses are wanted"
grep -q 'id="learning-3"' "$folder/report.html" || fail "the report has no figure of losses while training"
for who in embedder "expert masked" "expert causal"; do
    grep -q "\"subset\":\"cut\",\"metric\":\"$who\"" one.json || fail "no row says what was cut of $who"
done
grep '"metric":"expert masked"' one.json | grep -q '"value":0,' && fail "nothing was cut at 24 tokens"
grep '"subset":"cut","metric":"expert causal"' one.json | grep -q '"value":0,' || fail "a causal expert cut"
says one.err "warning: expert masked: "
grep -q '"metric":"expert grams"' one.json && fail "n-grams have no limit, and a row says that they cut"

# everything from the store; then with two jobs
run one 1
says one.out "(0 jobs done, 6 taken from the store"
curves "$folder" | cmp -s - want-curves || fail "curves from the store differ"
cp one.json want.json
run two 2
cmp -s two.json want.json || fail "--jobs 2 gives other bytes"
curves "$(sed -n 's/^results  *//p' two.out)" | cmp -s - want-curves || fail "--jobs 2 gives other curves"

# killed in the middle, at points spread over a run: the same bytes afterwards
started=$(date +%s%N)
run timed 1
length=$((($(date +%s%N) - started) / 1000000))
killed=0
for i in 1 2 3 4 5 6; do
    at=$(awk -v l="$length" -v i="$i" 'BEGIN { printf "%.3f", l * (i - 0.5) / 8 / 1000 }')
    POINTSMAN_OUT="$work/killed" timeout -s KILL "$at" "$pointsman" run lms.lua --jobs 1 >/dev/null 2>&1
    [ $? = 137 ] && killed=$((killed + 1))
    sleep 0.1
    run killed 1
    cmp -s killed.json want.json || fail "killed after $at s: other bytes"
    curves "$(sed -n 's/^results  *//p' killed.out)" | cmp -s - want-curves || fail "killed after $at s: other curves"
    rm -rf killed
done
[ "$killed" -ge 2 ] || fail "only $killed of 6 runs were killed in time: the test proves too little"

# route: what was cut is said, and decisions are the experiment's
export POINTSMAN_OUT="$work/one"
bundle=$folder/bundles/knn
sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >decided
tested=$POINTSMAN_OUT/objects/$(sed -n 's/.*"prompts":"\([0-9a-f]*\)".*/\1/p' "$folder/cells-1.json")
sed 's/"text":"/"prompt":"/' "$tested" >prompts.jsonl # 300 characters of each, which is all
for again in 1 2; do
    expect 0 "$pointsman" route "$bundle" prompts.jsonl --json
    sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' out | sort >routed
    [ "$(wc -l <routed)" -ge 20 ] || fail "too few prompts"
    cmp -s routed decided || { diff routed decided; fail "route ($again) decides otherwise than the experiment"; }
done
says err "note: prompt "
grep -q '"tokens":[1-9][0-9]*,"tokens_cut":[1-9]' out || fail "--json does not count cut tokens"
long=$(head -c 900 "$root/datasets/toy_corpus/harbour/01.txt")
expect 0 "$pointsman" route "$bundle" "$long"
says err "note: the prompt was cut: "
says err "tokens were not read"
expect 0 "$pointsman" route "$bundle" "ships"
[ -s err ] && grep -q "was cut" err && fail "a short prompt was cut"
expect 0 "$pointsman" route "$bundle" "ships" --json
says out '"tokens_cut":0'

# the experiment of the README, small: three experts, whose losses are of the same characters
expect 0 "$pointsman" run "$root/experiments/language_models.lua" --set size=toy --set bootstrap.resamples=100 --no-report
folder=$(sed -n 's/^results  *//p' out)
for who in n-grams causal masked; do grep -Eq "^$who  +[0-9.]+ \[" "$folder/summary.txt" || fail "no row of $who"; done
grep -q "^expert masked: 0 0 of" "$folder/summary.txt" || fail "the masked expert cut what the others read"
finish
