#!/bin/sh
# SPDX-License-Identifier: MIT
# An ablation from a script: an objective and a constraint made of Lua functions give point by point what penalty gives
# with the weight grid; what changes nothing, and fronts of what is not recorded, are told in one line each.
. "${srcdir:-.}/tests/cli/lib.sh"

script() { # FILE OBJECTIVE MORE
    cat >"$work/$1.lua" <<EOF
local pm <const> = require "pointsman"
local long <const> = pm.constraint_fn { name = "long", per_prompt = true, reads = { "price_out" },
  value = function(c) return math.min(1, #c.text / 400) * c.j / 8 end }
local own <const> = pm.objective_fn { name = "own", accepts = { "quality" },
  score = function(c) return c.value - c.terms.price - c.terms.long - c.terms.size end }
return pm.experiment {
  name = "$1", seeds = { 1 }, data = pm.dataset "$src/datasets/toy", reference = false,
  embedder = pm.embedder "lsa" { dim = 16 },
  routers = { pm.router "knn" { k = 5 }, pm.router "prior" {} },
  constraints = { pm.constraint "price" { weight = 0.3 }, long { weight = 0.4 }, pm.constraint "size" { weight = 1e-9 } },
  objective = $2,
  bootstrap = { resamples = 200 },
  ablation = pm.ablation { "leave_one_out", "one_at_a_time", "shapley", "interactions",
    design = "latin_hypercube", points = 12, seed = 1, fronts = { { "quality", "cost" }, { "loss", "size" } } },
}
EOF
}
script grid 'pm.objective "penalty" {}'
script own 'own {}'
run_of() {
    expect 0 "$pointsman" run "$work/$1.lua" --no-report
    cp "$work/err" "$work/$1.err"
    dir=$(sed -n 's/^results  *//p' "$work/out")
}
run_of grid
grid=$dir
run_of own
for csv in ablation-1-knn.csv ablation-1-prior.csv; do
    [ -s "$grid/$csv" ] || fail "no $csv"
    cmp "$grid/$csv" "$dir/$csv" || fail "$csv: point by point is not what the grid gives"
done
[ "$(wc -l <"$grid/ablation-1-knn.csv")" -ge 20 ] || fail "the design has too few points"

# one line a router, whatever the number of constraints
[ "$(grep -c 'ablation of router "knn"' "$work/grid.err")" = 1 ] || fail "not one line about knn"
grep 'ablation of router "knn"' "$work/grid.err" | grep -q 'leaving out .*"size".* changes no choice' || fail "size is not told"
grep 'ablation of router "prior"' "$work/grid.err" | grep -q '"only size=1e-09".* against none' || fail "the level of size is not told"
grep -q '^size .*changes no choice' "$grid/summary.txt" || fail "the table does not tell of size"
grep -q '^only size=1e-09 .*changes no choice' "$grid/summary.txt" || fail "the table does not tell of the level"
grep -q '^only price=0.3 .*changes no choice' "$grid/summary.txt" && fail "price is told to change nothing"

# no rounding noise among the effects, and fronts that are not there are told
sed -n '/^ablation of constraints/,/^flipped/p' "$grid/summary.txt" >"$work/block"
grep -v '^quality, cost_usd' "$work/block" | grep -E '[0-9]e-[0-9]' | grep -v '1e-09' && fail "noise is printed as numbers"
grep -q 'front loss, size is left out: there is no loss, outcomes are qualities' "$work/grid.err" || fail "the missing loss is not told"
grep -q '^quality, cost_usd' "$work/block" || fail "no front over quality and cost"
grep -q 'fronts left out' "$grid/summary.json" || fail "the missing front is no fact"
finish
