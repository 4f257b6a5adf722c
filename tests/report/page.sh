#!/bin/sh
# SPDX-License-Identifier: MIT
# `run` leaves a report beside its results and `report` makes it again: well-formed, without links to elsewhere, the same
# bytes for the same run but for times; with cells every figure stands on it, with damaged ones it says what is missing.
. "${srcdir:-.}/tests/cli/lib.sh"
top=$PWD
lua=$(command -v lua5.4 || command -v lua || true)
[ -n "$lua" ] || { echo "no lua5.4 to check pages with"; exit 77; }
check() { "$lua" "$src/tests/report/check_page.lua" "$@" || fail "the page is not right: $1"; }
sections="headline summary pareto allocation calibration learning latent failures noise provenance"

# the toy run
expect 0 "$pointsman" run "$src/experiments/recorded.lua"
page=$(sed -n 's/^report  *//p' "$work/out")
[ -f "$page" ] || fail "run wrote no report: '$page'"
# shellcheck disable=SC2086
check "$page" $sections
grep -q 'Does a router beat the best single expert' "$page" || fail "no answer on the page"
grep -q '<b>Does a router beat the best single expert?</b><span class="verdict">Yes</span>' "$page" ||
    fail "the toy's kNN beats the best single expert with an interval above 0; the page does not say so"
cp "$page" "$work/first.html"
expect 0 "$pointsman" report recorded --to "$work/second.html"
says out "report  $work/second.html"
cmp -s "$work/first.html" "$work/second.html" || fail "the same run gives two different pages"

# another run of the same thing elsewhere: the same page but for times
expect 0 "$pointsman" run "$src/experiments/recorded.lua" --out "$work/other" --jobs 1
other=$(sed -n 's/^report  *//p' "$work/out")
timeless() { sed -e 's#<dt>\(machine\|started\|took\)</dt><dd>[^<]*</dd>##g' -e '/id="timings"/,/<\/figure>/d' "$1"; }
timeless "$page" >"$work/a"
timeless "$other" >"$work/b"
diff "$work/a" "$work/b" | cut -c 1-300 | grep . && fail "two runs of the same experiment give pages that differ in more than times"

# --no-report, unknown runs, an unwritable place: the results stay
expect 0 "$pointsman" run "$src/experiments/recorded.lua" --out "$work/none" --no-report
[ -z "$(find "$work/none" -name report.html)" ] || fail "--no-report wrote one"
expect 1 "$pointsman" report nothing
expect 1 "$pointsman" report recorded --out "$work/absent"
[ ! -e "$work/absent" ] || fail "looking for a run created a store"
mkdir "$work/none/block"
dir=$(find "$work/none/runs" -mindepth 1 -maxdepth 1)
mkdir "$dir/report.html" && : >"$dir/report.html/x"
expect 0 "$pointsman" run "$src/experiments/recorded.lua" --out "$work/none"
says out "results  "
says err "no report (the results are kept)"

# experts that are trained and run: learning curves, labels measured twice, losses in nats
expect 0 "$pointsman" run "$src/experiments/quickstart.lua" --set size=toy
page=$(sed -n 's/^report  *//p' "$work/out")
# shellcheck disable=SC2086
check "$page" $sections pareto-1 allocation-1 calibration-1 learning-1 failures-1
grep -q 'loss (nats per character)' "$page" || fail "losses have no unit"

# an ablation of constraints
sed -n '/^-- file: ablation.lua/,/^```/p' "$src/docs/ablation.md" | sed '$d' >"$work/ablation.lua"
expect 0 "$pointsman" run "$work/ablation.lua"
page=$(sed -n 's/^report  *//p' "$work/out")
# shellcheck disable=SC2086
check "$page" $sections ablation ablation-1 ablation-front-1-1 ablation-front-1-2
sed -n '/id="ablation-front-1-2"/,/<\/figure>/p' "$page" >"$work/front"
grep -q 'the larger the more of size' "$work/front" || fail "the third objective of a front is not told"
[ "$(grep -o 'fill-opacity=".6"' "$work/front" | wc -l)" -ge 4 ] || fail "points of the front are not drawn"
[ "$(grep -o 'fill-opacity=".3"' "$work/front" | wc -l)" -ge 20 ] || fail "points of the design are not drawn"

# a run with everything: all figures
"$top/tests/report/mock" "$work/mock" 600 >"$work/key" || fail "no mock run"
expect 0 "$pointsman" report mock --out "$work/mock"
page=$(sed -n 's/^report  *//p' "$work/out")
# shellcheck disable=SC2086
check "$page" $sections pareto-1 allocation-1 calibration-1 learning-1 learning-2 latent-1 failures-1 timings
grep -q 'class="missing"' "$page" && { fail "something is missing from a run that has everything:"; grep -o 'class="missing".*' "$page" | cut -c 1-200; }
grep -q 'prompt [0-9]* &lt;b&gt;&amp;amp;&lt;/b&gt;' "$page" || fail "texts of prompts are not escaped"

# damaged and missing parts: said, never fatal
cells=$work/mock/runs/mock-$(cut -c 1-8 "$work/key")/cells-1.json
hex=$(sed 's/.*"domain":"\([0-9a-f]*\)".*/\1/' "$cells")
: >"$work/mock/objects/$hex"
expect 0 "$pointsman" report mock --out "$work/mock"
check "$page"
grep -q 'domain labels' "$page" || fail "missing domains are not told"
hex=$(sed 's/.*"value":"\([0-9a-f]*\)","cost".*/\1/' "$cells")
rm "$work/mock/objects/$hex"
expect 0 "$pointsman" report mock --out "$work/mock"
check "$page"
grep -q 'the measured outcomes cannot be read' "$page" || fail "missing outcomes are not told"
for text in '{' '{"seed":1}' '[]' '{"seed":1,"kind":"loss","n":"x","m":-4,"experts":[],"value":7}'; do
    echo "$text" >"$cells"
    expect 0 "$pointsman" report mock --out "$work/mock"
    check "$page"
    grep -q 'class="missing"' "$page" || fail "damaged cells are not told: $text"
done
finish
