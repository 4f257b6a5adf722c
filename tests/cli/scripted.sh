#!/bin/sh
# SPDX-License-Identifier: MIT
# Policies made of Lua functions, from run to route: what they declare makes another run, a failed attempt leaves
# the finished one and says why it failed, explanations show no NaN, a bundle is not served by changed functions.
. "${srcdir:-.}/tests/cli/lib.sh"

# write SHIFT: the script of one experiment; its router fails in predict when SHIFT is no number
write() {
    cat >"$work/wary.lua" <<EOF
local pm <const> = require "pointsman"
local flat <const> = pm.router_fn {
  name = "flat", needs = { ${2:-\"values\"} },
  train = function(fit) return { m = fit.m } end,
  predict = function(state, prompts, out)
    for i = 1, prompts.n do
      for j = 1, state.m do out.value:set(i, j, 1 / (j + $1)) end
    end
  end,
}
local wary <const> = pm.objective_fn {
  name = "wary", accepts = { "quality" },
  score = function(cell) return cell.value - cell.terms.price end,
}
return pm.experiment {
  name = "wary", data = pm.dataset "$src/datasets/toy", embedder = false, reference = false,
  routers = { flat {} }, constraints = { pm.constraint "price" { weight = 0.5, label = "fee" } }, objective = wary,
}
EOF
}
key_of() { sed -n 's/^run  *\([0-9a-f]*\).*/\1/p' "$work/out"; }

src=$(cd "$src" && pwd)
write 1
expect 0 "$pointsman" run "$work/wary.lua"
dir=$(sed -n 's/^results  *//p' "$work/out")
first=$(key_of)
expect 0 "$pointsman" runs show wary
cp "$work/out" "$work/shown"

# another declaration is another run
write 1 '"values", "text"'
expect 0 "$pointsman" run "$work/wary.lua"
[ "$(key_of)" != "$first" ] || fail "needs has changed and the run's key has not"

# the explanation of an objective without parts
bundle=$(echo "$dir"/bundles/*/ | cut -d' ' -f1)
write 1
expect 0 "$pointsman" route "$bundle" --script "$work/wary.lua" --explain "one prompt"
says out "objective wary tells no parts"
says out "fee"
if grep -qiw nan "$work/out"; then fail "the explanation shows a NaN"; fi

# changed functions
write 2
expect 1 "$pointsman" route "$bundle" --script "$work/wary.lua" "one prompt"
says err 'the functions of "flat" have changed since the run'
says err "--allow-changed-script"
expect 0 "$pointsman" route "$bundle" --script "$work/wary.lua" --allow-changed-script "one prompt"
says err "have changed since the run"

# why a run failed
write '"x"'
expect 1 "$pointsman" run "$work/wary.lua"
expect 0 "$pointsman" runs list
says out "failed"
expect 0 "$pointsman" runs show "$(sed -n 's/ .*failed.*//p' "$work/out")"
says out "failed: "
says out "wary.lua:7: "

# a later attempt at the finished run that fails (its summary cannot be written) leaves the rows
write 1
rm "$dir/summary.txt"
mkdir -p "$dir/summary.txt/in/the/way"
expect 1 "$pointsman" run "$work/wary.lua" --fresh
expect 0 "$pointsman" runs list
says out "$first  wary                          done"
expect 0 "$pointsman" runs show "$first"
says out "a later attempt, at "
grep -v "a later attempt" "$work/out" >"$work/again"
cmp -s "$work/again" "$work/shown" || fail "the finished run is shown otherwise"
rm -r "$dir/summary.txt"
expect 0 "$pointsman" run "$work/wary.lua"
expect 0 "$pointsman" runs show "$first"
cmp -s "$work/out" "$work/shown" || fail "the run that is done again is shown otherwise"
finish
