#!/bin/sh
# SPDX-License-Identifier: MIT
# An experiment with a pair: the section of the summary, rows, cells, the page; decontamination; what is refused; and
# `data similarity`.
. "${srcdir:-.}/tests/cli/lib.sh"
toy=$src/datasets/toy
strong=$(sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' "$toy/models.json" | sed -n 1p)
weak=$(sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' "$toy/models.json" | sed -n 2p)
script() { # EXTRA FIELDS
    cat >"$work/pair.lua" <<EOF2
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$toy", embedder = pm.embedder "lsa" { dim = 16 },
  routers = { pm.router "knn" { k = 20 }, pm.router "best_expert" {} }, bootstrap = { resamples = 200 },
  $1
}
EOF2
}

script "pair = { strong = \"$strong\", weak = \"$weak\" }, seeds = { 1, 2 },"
expect 0 "$pointsman" run "$work/pair.lua"
says out "two models: strong $strong"
says out "similarity S"
for row in random 'length, L/(L+1000)' 'negative length' 'domain label' knn best_expert oracle 'optimal line'; do
    says out "$row"
done
dir=$(sed -n 's/^results  *//p' "$work/out")
grep -q '"metric":"apgr"' "$dir/summary.json" || fail "no APGR in summary.json"
grep -q '"subset":"seeds:all","metric":"apgr"\|"metric":"apgr".*seeds:all\|seeds:all.*"metric":"apgr"' "$dir/summary.json" ||
    fail "no APGR over seeds in summary.json"
grep -q '"pair":{"strong"' "$dir/cells-1.json" || fail "no curves in the cells"
grep -q 'id="two-models-1"' "$dir/report.html" || fail "no figure of two models"
cp "$dir/summary.txt" "$work/first"
expect 0 "$pointsman" run "$work/pair.lua" --jobs 1 --out "$work/again"
cmp -s "$work/first" "$work/again"/runs/pair-*/summary.txt || fail "another run says something else"

script 'decontaminate = .99,'
expect 0 "$pointsman" run "$work/pair.lua"
says out "test prompts at cosine 0.99 or above"
says out "decontaminated:"
script 'decontaminate = .000001,'
expect 1 "$pointsman" run "$work/pair.lua"
says err "leaves none of"

script "pair = { strong = \"$strong\", weak = \"${weak}x\" },"
expect 1 "$pointsman" run "$work/pair.lua"
says err "did you mean \"$weak\"?"
script "pair = { strong = \"$strong\", weak = \"$strong\" },"
expect 1 "$pointsman" check "$work/pair.lua"
says err "want two experts"
script "pair = { strong = \"$strong\" },"
expect 1 "$pointsman" check "$work/pair.lua"
script 'decontaminate = 2,'
expect 1 "$pointsman" check "$work/pair.lua"

expect 0 "$pointsman" data similarity "$toy" "$toy" --at .9 --write "$work/near.txt"
says out "S        0."
expect 0 "$pointsman" data similarity "$toy" "$toy" --at 1
expect 2 "$pointsman" data similarity "$toy" "$toy" --at much
expect 1 "$pointsman" data similarity "$toy" "$work/absent"
finish
