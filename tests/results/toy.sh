#!/bin/sh
# SPDX-License-Identifier: MIT
# The small variant of every results table is made again and compared with docs/results.
. "${srcdir:-.}/tests/cli/lib.sh"
for script in quickstart recorded baselines tryage_losses tryage_pareto; do
    page=$src/docs/results/$script-toy.md
    case $script in recorded | baselines) set -- "$src/datasets/toy" ;; *) set -- - --set size=toy ;; esac
    sh "$src/tests/results/page.sh" "$pointsman" "$src/experiments/$script.lua" "$@" >"$work/page" ||
        fail "$script did not run"
    [ -z "${TOY_PAGES:-}" ] || cp "$work/page" "$TOY_PAGES/$script-toy.md"
    # What gradients fitted may differ by the instruction set: such pages must only hold the same rows.
    if [ "$script" != baselines ]; then
        for label in prior knn "domain majority" oracle; do
            for which in "$page" "$work/page"; do
                grep -q "^$label" "$which" || fail "$which: no row \"$label\" of $script"
            done
        done
        continue
    fi
    awk -v tol=0.011 -f "$src/tests/results/compare.awk" "$page" "$work/page" || fail "$page is not what the tool writes now"
done
# the comparison can fail
sed 's/^oracle *\.[0-9]*/oracle .1/' "$src/docs/results/baselines-toy.md" >"$work/other"
awk -v tol=0.011 -f "$src/tests/results/compare.awk" "$work/other" "$src/docs/results/baselines-toy.md" >/dev/null &&
    fail "the comparison sees no difference where there is one"
finish
