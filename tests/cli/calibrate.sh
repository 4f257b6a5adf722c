#!/bin/sh
# SPDX-License-Identifier: MIT
# A threshold from a sample to a served decision: calibrate for a share, a cost and a quality, keep, check for drift,
# and route by model name; and what is said where the sample, the target or the name is no good.
. "${srcdir:-.}/tests/cli/lib.sh"

cat >"$work/pair.lua" <<'LUA'
local pm <const> = require "pointsman"
return pm.experiment {
  name = "pair", data = pm.dataset "TOY" { min_known = 0.98 }, embedder = pm.embedder "lsa" { dim = 32 },
  routers = { pm.router "knn" { k = 20, label = "knn-20" }, pm.router "prior" {} },
  objective = pm.objective "threshold" { alpha = 0.7, strong = "toy-max", weak = "toy-mini" },
}
LUA
toy=$(cd "$src/datasets/toy" && pwd)
sed "s|TOY|$toy|" "$work/pair.lua" >"$work/mine.lua"
expect 0 "$pointsman" run "$work/mine.lua"
run=$(sed -n 's/^results  *//p' "$work/out")
bundle=$run/bundles/knn-20
[ -f "$bundle/bundle.json" ] || fail "no bundle at $bundle"

# number NAME: of the JSON line in out
number() { sed -n "s/.*\"$1\":\([-0-9.e+]*\).*/\1/p" "$work/out"; }
is() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { exit !(a - b <= by && b - a <= by) }' || fail "$4: $1, want $2 within $3"; }

# a share, kept and served
expect 0 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$toy" --write --json
alpha=$(number alpha)
share=$(number share)
awk -v s="$share" 'BEGIN { exit !(s >= 0.4) }' || fail "share met: $share"
says err "scores are equal at alpha, and go to the strong expert: the share is"
says out '"strong":"toy-max","weak":"toy-mini"'
says err "426 prompts of other parts are left out (not train)"
grep '"split": *"test"' "$toy/prompts.jsonl" >"$work/test.jsonl"
n=$(wc -l <"$work/test.jsonl")
expect 0 "$pointsman" route "$bundle" "$work/test.jsonl" --model router-knn-20
strong=$(grep -c '^toy-max$' "$work/out")
is "$strong" "$(awk -v n="$n" -v s="$share" 'BEGIN { print s * n }')" 0.001 "strong calls of route"
[ "$(sort -u "$work/out")" = "$(printf 'toy-max\ntoy-mini')" ] || fail "others than the pair are called"
says err "note: alpha is"
cp "$work/out" "$work/kept"
for name in "router-knn-20-$alpha"; do
    expect 0 "$pointsman" route "$bundle" "$work/test.jsonl" --model "$name"
    cmp -s "$work/kept" "$work/out" || fail "$name decides otherwise than the calibrated alpha"
    expect 0 "$pointsman" route "$run" "$work/test.jsonl" --model "$name"
    cmp -s "$work/kept" "$work/out" || fail "$name of the run decides otherwise"
done
expect 0 "$pointsman" route "$run" hello --model router-knn-20-0
says out toy-max
expect 0 "$pointsman" route "$run" hello --model router-knn-20-1 --json --explain
says out '"expert":"toy-mini","router":"knn-20","model":"router-knn-20-1","alpha":1,'
expect 0 "$pointsman" route "$run" hello --model router-knn-20-1 --weak toy-clerk
says out toy-clerk
expect 0 "$pointsman" route "$run" hello --model router-knn-20-0.7
grep -q "note: alpha" "$work/err" && fail "the measured alpha is no news"

# another share of what was kept; a file for a folder
expect 0 "$pointsman" calibrate "$bundle" --target share=.4 --prompts "$work/test.jsonl" --json
is "$(number alpha)" "$alpha" 0 "alpha on the same prompts as a file"
says err "USD are what a call is expected to cost"
expect 0 "$pointsman" calibrate "$bundle" --target share=.4 --json
is "$(number alpha)" "$alpha" 0 "alpha of the kept scores"

# cost and quality
expect 0 "$pointsman" calibrate "$bundle" --target cost=0.001 --prompts "$toy" --json
awk -v c="$(number cost_usd)" 'BEGIN { exit !(c > 0.0008 && c <= 0.001) }' || fail "cost target: $(number cost_usd)"
expect 0 "$pointsman" calibrate "$bundle" --target quality=0.65 --prompts "$toy" --json
awk -v q="$(number quality)" 'BEGIN { exit !(q >= 0.65 && q < 0.7) }' || fail "quality target: $(number quality)"
expect 0 "$pointsman" calibrate "$bundle" --target cost=0.0005 --prompts "$toy" --set rule=cheapest --json
awk -v c="$(number cost_usd)" 'BEGIN { exit !(c > 0.0003 && c <= 0.0005) }' || fail "cheapest: $(number cost_usd)"
expect 1 "$pointsman" calibrate "$bundle" --target quality=0.99 --prompts "$toy"
says err "no threshold reaches a mean outcome of 0.99 on these prompts; the best reaches 0.7"
expect 1 "$pointsman" calibrate "$bundle" --target cost=0 --prompts "$toy"
says err "no threshold costs 0 USD a prompt or less; the cheapest costs"
expect 1 "$pointsman" calibrate "$bundle" --target quality=0.5 --prompts "$work/test.jsonl"
says err "a folder with recorded outcomes of the experts is needed"

# drift
expect 0 "$pointsman" calibrate "$bundle" --check "$work/test.jsonl"
says out "D 0.0000  p 1.0000  no drift at level 0.01"
grep '"id": *"arithmetic' "$toy/prompts.jsonl" >"$work/sums.jsonl"
[ -s "$work/sums.jsonl" ] || fail "the toy has no sums"
expect 1 "$pointsman" calibrate "$bundle" --check "$work/sums.jsonl"
says out "DRIFT at level 0.01"
expect 0 "$pointsman" calibrate "$bundle" --check "$work/sums.jsonl" --level 1e-300
expect 1 "$pointsman" calibrate "$run/bundles/prior" --check "$work/test.jsonl"
says err "prior is not calibrated"

# a run: one line a bundle; ties are said
expect 0 "$pointsman" calibrate "$run" --target share=.5 --prompts "$toy"
[ "$(grep -c '^knn-20 .* toy-max over toy-mini$\|^prior .* toy-max over toy-mini$' "$work/out")" = 2 ] || fail "not one line a bundle"
says err "prior: 171 of 171 scores are equal at alpha, and go to the strong expert: the share is 1.0000, not 0.5000"

# bad input
: >"$work/empty.jsonl"
expect 1 "$pointsman" calibrate "$bundle" --target share=.5 --prompts "$work/empty.jsonl"
says err "holds no prompts"
head -n 1 "$work/test.jsonl" >"$work/one.jsonl"
expect 0 "$pointsman" calibrate "$bundle" --target share=.5 --prompts "$work/one.jsonl"
says err "1 prompt: alpha says little about others"
expect 1 "$pointsman" calibrate "$bundle" --target share=.5 --prompts "$work/absent.jsonl"
says err "no such file or folder"
for target in share=1.5 share=-.1 share=x share= cost=-1 cost=nan speed=3; do
    expect 1 "$pointsman" calibrate "$bundle" --target "$target" --prompts "$work/test.jsonl"
    says err "--target $target"
done
expect 2 "$pointsman" calibrate "$bundle"
expect 2 "$pointsman" calibrate "$bundle" --target share=.5 --check "$work/test.jsonl"
expect 1 "$pointsman" calibrate "$bundle" --check "$work/test.jsonl" --level 2
says err "--level 2: want"
expect 1 "$pointsman" calibrate "$work/absent" --target share=.5 --prompts "$work/test.jsonl"
says err "there is no such folder"
expect 1 "$pointsman" calibrate "$run/bundles/prior" --target share=.5
says err "the bundle keeps no scores yet"
expect 1 "$pointsman" calibrate "$bundle" --target share=.5 --prompts "$toy" --strong toy-big
says err 'strong = "toy-big" is none of the 6 experts'
expect 1 "$pointsman" calibrate "$bundle" --target share=.5 --prompts "$toy" --set alfa=1
says err "did you mean 'alpha'"
expect 1 "$pointsman" calibrate "$run" --target share=.5 --prompts "$toy" --set rule=cheapest
says err 'rule "cheapest" takes cost=USD or quality=Q'
expect 1 "$pointsman" route "$run" hello --model router-knn-21-0.5
says err 'no router "knn-21"; did you mean "knn-20"?'
expect 1 "$pointsman" route "$run" hello --model router-knn-20-2
says err "alpha is 2; want a number in [0, 1]"
expect 1 "$pointsman" route "$run" hello --model knn-20
says err "want router-NAME-ALPHA"
expect 1 "$pointsman" route "$run" hello --model router-prior
says err "is not calibrated"
expect 1 "$pointsman" route "$run" hello --model router-knn-20 --weak toy-nano
says err 'alpha was calibrated for weak = "toy-mini", not "toy-nano"'
expect 2 "$pointsman" route "$bundle" hello --weak toy-nano
says err "--weak goes with --model only"
sed 's|"bundle":"[0-9a-f]*"|"bundle":"other"|' "$bundle/calibration.json" >"$work/other" && cp "$work/other" "$bundle/calibration.json"
expect 1 "$pointsman" route "$bundle" hello --model router-knn-20
says err "was made for another bundle than lies here"

# an objective that is not threshold is replaced, its soft constraints are left out
expect 0 "$pointsman" run "$src/tests/cli/recorded_toy.lua"
run=$(sed -n 's/^results  *//p' "$work/out")
expect 0 "$pointsman" route "$run" hello --model router-knn@price_0.05-0
says out toy-max
says err 'note: measured with objective "penalty"; "threshold" decides in its place at alpha 0.00000'
says err 'note: soft constraints of objective "penalty" are left out: 1'
expect 1 "$pointsman" route "$run" hello --model router-knn-0
says err '2 bundles are of router "knn"; name one: knn@price_0, knn@price_0.05'
finish
