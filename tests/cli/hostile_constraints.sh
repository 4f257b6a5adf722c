#!/bin/sh
# SPDX-License-Identifier: MIT
# Constraints, objectives and ablations in a hostile world: labels with commas, levels that look alike, too many of
# them, bundles that somebody edited.
. "${srcdir:-.}/tests/cli/lib.sh"
toy=$(cd "$src" && pwd)/datasets/toy
script() { # CONSTRAINTS, OBJECTIVE, FURTHER FIELDS
    cat >"$work/one.lua" <<EOF2
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$toy", split = pm.split { by = "given" }, embedder = pm.embedder "lsa" { dim = 16 },
  routers = { pm.router "knn" { k = 20 }, pm.router "prior" {} }, bootstrap = { resamples = 100 },
  constraints = { $1 }, objective = pm.objective "$2" {}, ${3:-}
}
EOF2
}
results() { sed -n 's/^results  *//p' "$work/out"; }

# ---- labels and levels of an ablation -------------------------------------------------------------------
script 'pm.constraint "size" { weight = 1, label = "size, linear" }, pm.constraint "price" { weight = .1, label = "a and b" }' \
    penalty 'ablation = pm.ablation { "leave_one_out", "one_at_a_time",
      levels = { ["size, linear"] = { 0, .1, .1000000001, .5, .5 } }, fronts = { { "loss", "size, linear" } } },'
expect 0 "$pointsman" run "$work/one.lua"
for row in 'only size, linear=0.1 ' 'only size, linear=0.1000000001 ' 'only size, linear=0.5 ' 'only a and b=0.1 '; do
    says out "$row"
done
grep '^a and b ' "$work/out" | grep -q 'changes no choice' || fail "a constraint that changes nothing is not told in the table"
says err "front loss, size, linear is left out"
head -n 1 "$(results)/ablation-1-knn.csv" >"$work/head"
says head ',"weight:size, linear",weight:a and b,'

# ---- more than there is room for ---------------------------------------------------------------------------
many() { awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "%spm.constraint \"size\" { label = \"k%d\", %s }",
    (i > 1 ? ", " : ""), i, (i == 1 ? "bound = 0.001, sense = \"hard\", scale = \"raw\"" : "weight = 0.01") }'; }
script "$(many 64)" penalty
expect 1 "$pointsman" run "$work/one.lua"
says err '"k1" (at most 0.001 billions of parameters) alone; nobody is left for 171 of 171 prompts'
script "$(many 65)" penalty
expect 1 "$pointsman" run "$work/one.lua"
says err "constraints: 65 of them; want at most 64"

# ---- bundles that somebody edited -------------------------------------------------------------------------
script 'pm.constraint "size" { weight = 0.1, phrases = { ["tiny one"] = 3 } }, pm.constraint "price" { sense = "hard", bound = 0.5 }' \
    penalty 'flags = "warn", on_infeasible = { relax = { "price" } },'
expect 0 "$pointsman" run "$work/one.lua"
bundle=$(results)/bundles/knn
edited() { # SED, and its sha256 made anew
    rm -rf "$work/edited"
    cp -r "$bundle" "$work/edited"
    zeros=$(printf '%064d' 0)
    sed "$1; s/^{\"sha256\":\"[0-9a-f]*\"/{\"sha256\":\"$zeros\"/" "$bundle/bundle.json" >"$work/edited/bundle.json"
    cmp -s "$bundle/bundle.json" "$work/edited/bundle.json" && fail "$1 changes nothing"
    sum=$(sha256sum "$work/edited/bundle.json" | cut -c1-64)
    sed "s/^{\"sha256\":\"$zeros\"/{\"sha256\":\"$sum\"/" "$work/edited/bundle.json" >"$work/t"
    mv "$work/t" "$work/edited/bundle.json"
}
wrong() { # SED, MESSAGE
    edited "$1"
    expect 1 "$pointsman" route "$work/edited" "a prompt [tiny one]"
    says err "$2"
}
wrong 's/"tiny one":3/"tiny one":"x"/' 'phrase "tiny one": want a number as weight'
wrong 's/"tiny one":3/"tiny one":-3/' 'phrase "tiny one" = -3: wanted a weight >= 0'
wrong 's/"phrases":{[^}]*"tiny one":3}/"phrases":[1]/' 'phrases of "size": want {words: weight}'
wrong 's/"flags":"warn"/"flags":3/' "unknown flags ''"
wrong 's/"weight":0.1,/"weight":-5,/' 'constraint "size": bad or missing weight'
wrong 's/"weight":0.1,/"weight":1e300,/' 'constraint "size": bad or missing weight'
wrong 's/"weight":0.1,//' 'constraint "size": bad or missing weight'
wrong 's/"bound":0.5/"bound":null/' 'constraint "price": bad or missing bound'
wrong 's/"sense":"hard"/"sense":"firm"/' "unknown sense 'firm'"
wrong 's/"relax":\["price"\]/"relax":["size"]/' 'constraint "size" is not hard'
wrong 's/"relax":\["price"\]/"relax":[3]/' 'there is no hard constraint ""'
wrong 's/{"relax":\["price"\]}/{"fallback":"nobody"}/' 'on_infeasible: want'
wrong 's/{"relax":\["price"\]}/"relax"/' 'on_infeasible: want'
# one from before there were such settings is served as it was
edited 's/,"on_infeasible":{[^}]*}//; s/"flags":"warn",//; s/,"phrases":{[^}]*}//g'
expect 0 "$pointsman" route "$work/edited" "a prompt"

finish
