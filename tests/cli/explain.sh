#!/bin/sh
# SPDX-License-Identifier: MIT
# Prompts that hard constraints leave nobody, and why a decision is as it is: error, relax, fallback; weights and
# bounds of a bundle replaced; explanations as table and JSON, whose parts add up to the utility.
. "${srcdir:-.}/tests/cli/lib.sh"

# $1: bound of params, $2: on_infeasible
script() {
  cat <<EOF
local pm <const> = require "pointsman"
return pm.experiment {
  name = "why", seeds = { 1 },
  data = pm.dataset "$top/datasets/toy" {}, split = pm.split { train = .6, tune = .2, test = .2 },
  routers = { pm.router "knn" { k = 5 } },
  constraints = {
    pm.constraint "size" { weight = .3 },
    pm.constraint "size" { label = "params", sense = "hard", bound = $1, scale = "raw" },
    pm.constraint "size" { label = "small", sense = "hard", bound = .6 },
  },
  on_infeasible = $2,
  objective = pm.objective "penalty" {}, bootstrap = { resamples = 100 },
}
EOF
}
top=$(cd "$src" && pwd)

script .1 nil >"$work/why.lua"
expect 1 "$pointsman" run "$work/why.lua"
says err 'leave none of 6 experts: "params" (at most 0.1'
says err ' alone; nobody is left for 119 of 119 prompts'
says err 'on_infeasible = "relax"'
script .1 '{ relax = { "smal" } }' >"$work/why.lua"
expect 1 "$pointsman" run "$work/why.lua"
says err 'did you mean "small"?'
script .1 '{ relax = { "size" } }' >"$work/why.lua"
expect 1 "$pointsman" run "$work/why.lua"
says err 'is a soft constraint; only hard ones exclude anybody'
script .1 '{ relax = { "small" } }' >"$work/why.lua"
expect 1 "$pointsman" run "$work/why.lua"
says err 'even with "small" given up'
script .1 '{ fallback = "toy-maxi" }' >"$work/why.lua"
expect 1 "$pointsman" run "$work/why.lua"
says err 'did you mean "toy-max"?'

# somebody stands in; it is told, counted, kept in the bundle
script .1 '{ fallback = "toy-code" }' >"$work/why.lua"
expect 0 "$pointsman" run "$work/why.lua"
says out 'prompts nobody may serve: 119 of 119, at most; fallback toy-code'
dir=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"metric":"fell_back","value":119' "$dir/summary.json" || fail "fallbacks are not counted"
grep -q '"metric":"violations:params","value":1' "$dir/summary.json" || fail "violations are not told"
expect 0 "$pointsman" route "$dir/bundles/knn" hello
says out toy-code
expect 0 "$pointsman" route "$dir/bundles/knn" hello --explain
says out 'not the fallback expert; excluded by params ('
says out 'nobody is left by "params" (at most 0.1'
says out 'fallback: toy-code takes it'
expect 1 "$pointsman" route "$dir/bundles/knn" hello --only toy-nano
says err 'the fallback expert "toy-code" is not among those of --only'
expect 1 "$pointsman" route "$dir/bundles/knn" hello --on-infeasible error
says err '"params" (at most 0.1'
says err 'what is to happen: --on-infeasible relax or --on-infeasible fallback=EXPERT'

# constraints are given up, the first declared first
script .1 '"relax"' >"$work/why.lua"
expect 0 "$pointsman" run "$work/why.lua"
says out 'relaxed in order: params, small'
dir=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"metric":"relaxed:params","value":119' "$dir/summary.json" || fail "params is not counted"
grep -q '"metric":"relaxed:small","value":0' "$dir/summary.json" || fail "small is given up too"
grep -q '"label":"knn".*"metric":"violations:small","value":0,' "$dir/summary.json" || fail "small is broken"
bundle=$dir/bundles/knn
expect 0 "$pointsman" route "$bundle" hello --explain
says out 'given up: params'
says out 'excluded by small ('

# weights and bounds
expect 0 "$pointsman" route "$bundle" hello --explain --bound params=1e15
grep -q 'given up' "$work/out" && fail "nothing is to be given up"
expect 1 "$pointsman" route "$bundle" hello --bound size=1
says err 'is soft, which has a weight: --weight size=N'
expect 1 "$pointsman" route "$bundle" hello --weight small=1
says err 'is hard, which has a bound: --bound small=N'
expect 1 "$pointsman" route "$bundle" hello --bound parms=1
says err 'did you mean "params"?'
expect 1 "$pointsman" route "$bundle" hello --bound params=much
expect 1 "$pointsman" route "$bundle" hello --weight size=-1
expect 0 "$pointsman" route "$bundle" hello --on-infeasible relax=params,small
expect 0 "$pointsman" route "$bundle" hello --on-infeasible fallback=toy-max
says out toy-max
expect 1 "$pointsman" route "$bundle" hello --on-infeasible relax=size
says err 'is not hard'
expect 1 "$pointsman" route "$bundle" hello --on-infeasible wait

# a bound on what is expected holds; what happened is told beside it, and who knows no constraints
cat >"$work/dear.lua" <<EOF
local pm <const> = require "pointsman"
return pm.experiment {
  name = "dear", data = pm.dataset "$top/datasets/toy" {}, routers = { pm.router "knn" { k = 5 } },
  constraints = { pm.constraint "price" { sense = "hard", bound = .2, scale = "raw" } },
  bootstrap = { resamples = 100 },
}
EOF
expect 0 "$pointsman" run "$work/dear.lua"
dir=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"label":"knn".*"metric":"violations:price","value":0,' "$dir/summary.json" || fail "the expected price is above its bound"
grep -q '"label":"knn".*"metric":"violations_realised:price","value":0[.][0-9]' "$dir/summary.json" || fail "nothing is told of what happened"
grep -Eq '^knn  .* price in fact [0-9.]+ %' "$work/out" || fail "the table does not tell what happened"
grep -Eq '^toy-max  .* price 100 %' "$work/out" || fail "the table does not tell that toy-max is too dear"

# JSON: the keys of docs/explain.md, and parts that add up
expect 0 "$pointsman" route "$bundle" hello --explain --json
for key in constraints experts name sense unit weight bound relaxed expert value utility value_part terms term_values \
  masked_by excluded_by constraint refused infeasible minimal_conflicts all_conflicts; do
  grep -q "\"$key\":" "$work/out" || fail "no \"$key\" in the JSON"
  grep -q "^| \`$key\`" "$src/docs/explain.md" || fail "docs/explain.md does not tell of \"$key\""
done
expect 0 "$pointsman" route "$bundle" hello --explain --json --bound params=1e15
tr '{' '\n' <"$work/out" | awk -F'[:,}]' '
  /"utility":/ { for (i = 1; i < NF; i++) { if ($i == "\"utility\"") u = $(i + 1); if ($i == "\"value_part\"") sum = $(i + 1) }
                 size = sum < 0 ? -sum : sum; want = u != "null" }
  /^"size":/ && want { for (i = 2; i < NF; i += 2) { if ($i == "") break; sum += $i; size += $i < 0 ? -$i : $i }
                 d = sum - u; if (d < 0) d = -d; if (d > 1e-6 * size) { print "sum", sum, "utility", u; bad = 1 } n++; want = 0 }
  END { if (n < 2) print "only " n " experts were added up"; exit bad || n < 2 }' >"$work/sums" ||
  fail "parts do not add up: $(cat "$work/sums")"
finish
