#!/bin/sh
# SPDX-License-Identifier: MIT
# An objective that budgets: its section of the summary, what is refused, and that a served stream goes as the measured one.
. "${srcdir:-.}/tests/cli/lib.sh"
toy=$src/datasets/toy
script() { # CONSTRAINT, OBJECTIVE, FURTHER FIELDS
    cat >"$work/budget.lua" <<EOF2
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$toy", split = pm.split { by = "given" }, embedder = pm.embedder "lsa" { dim = 16 },
  routers = { pm.router "knn" { k = 20 }, pm.router "prior" {} }, bootstrap = { resamples = 200 },
  constraints = { $1 }, objective = $2, $3
}
EOF2
}

script 'pm.constraint "price" { sense = "budget", bound = 0.1 }' 'pm.objective "budget" {}' 'seeds = { 1 },'
expect 0 "$pointsman" run "$work/budget.lua"
says out "streams under the budget of price"
for row in 'budget: cheapest' 'budget: random mixture' 'budget: offline optimum (outcomes)' 'budget: offline optimum (knn)'; do
    says out "$row"
done
dir=$(sed -n 's/^results  *//p' "$work/out")
for metric in budget_use:price budget_orders_over:price budget_excess_decisions:price offline_regret competitive_ratio; do
    grep -q "\"metric\":\"$metric\"" "$dir/summary.json" || fail "no $metric in summary.json"
done
# no stream is beyond its budget by more than one decision
awk -F'"' '/budget_excess_decisions/ { match($0, /"value":[^,]*/); if (substr($0, RSTART + 8, RLENGTH - 8) + 0 > 1) exit 1 }' \
    "$dir/summary.json" || fail "a stream is beyond its budget by more than one decision"

# several budgets, several seeds
script 'pm.constraint "price" { sense = "budget", bound = 0.2 }, pm.constraint "size" { sense = "budget", bound = 0.4 }' \
    'pm.objective "budget" { pace = "adaptive" }' 'seeds = { 1, 2 }, stream = { prefix = 0.1, orders = 2, seed = 3 },'
expect 0 "$pointsman" run "$work/budget.lua"
says out "streams under the budget of price"
says out "streams under the budget of size"

script 'pm.constraint "size" { weight = 0.1 }' 'pm.objective "penalty" {}' 'stream = { orders = 2 },'
expect 1 "$pointsman" check "$work/budget.lua"
says err 'objective "penalty" does not learn between decisions'
script 'pm.constraint "size" { sense = "budget", bound = 0.1 }' 'pm.objective_fn { name = "own", accepts = { "quality" }, score = function(cell) return cell.value end }' ''
expect 1 "$pointsman" check "$work/budget.lua"
says err 'has sense "budget", which objective "own" does not deal with; of the objectives found, "budget" does'
script 'pm.constraint "size" { weight = 0.1 }' 'pm.objective "budget" {}' ''
expect 0 "$pointsman" check "$work/budget.lua"
says err 'objective "budget" keeps budgets, and no constraint has sense = "budget"'
script 'pm.constraint "size" { sense = "budget", bound = 0.1 }' 'pm.objective "budget" {}' 'stream = { orders = 0, perfix = 0.1 },'
expect 1 "$pointsman" check "$work/budget.lua"
says err 'did you mean'

# One order of the experiment, served: spending is as predicted there (size is what it is), nothing was learned before.
tests=$(grep -c '"split": *"test"' "$toy/prompts.jsonl")
script 'pm.constraint "size" { sense = "budget", bound = 0.2 }' "pm.objective \"budget\" { pace = \"adaptive\", horizon = $tests }" \
    'seeds = { 1 }, stream = { prefix = 0, orders = 1, seed = 5 },'
expect 0 "$pointsman" run "$work/budget.lua"
bundle=$(sed -n 's/^results  *//p' "$work/out")/bundles/knn
sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$bundle.decisions.jsonl" >"$work/order"
sed -n 's/.*"choice":"\([^"]*\)".*/\1/p' "$bundle.decisions.jsonl" >"$work/want"
[ "$(sort -u "$work/want" | wc -l)" -gt 1 ] || fail "the stream has one choice only"
awk 'NR == FNR { match($0, /"id": *"[^"]*"/); id = substr($0, RSTART, RLENGTH); sub(/.*: *"/, "", id); sub(/"/, "", id); line[id] = $0; next }
     { print line[$0] }' "$toy/prompts.jsonl" "$work/order" >"$work/stream.jsonl"
expect 0 "$pointsman" route "$bundle" "$work/stream.jsonl"
cmp -s "$work/want" "$work/out" || fail "the served stream went another way than the measured one"
sort "$work/stream.jsonl" >"$work/sorted.jsonl" # another order is another stream
expect 0 "$pointsman" route "$bundle" "$work/sorted.jsonl"
cmp -s "$work/want" "$work/out" && fail "the order means nothing to the stream"
finish
