#!/bin/sh
# SPDX-License-Identifier: MIT
# The small variant of every results table is made again and compared with docs/results.
. "${srcdir:-.}/tests/cli/lib.sh"
for script in quickstart recorded baselines tryage_losses tryage_pareto pareto_size ablation_constraints routerbench flags budget_stream \
    routellm routellm_transfer battles; do
    page=$src/docs/results/$script-toy.md
    case $script in recorded | baselines | routerbench | budget_stream) set -- "$src/datasets/toy" ;; flags) set -- - ;; *) set -- - --set size=toy ;; esac
    sh "$src/tests/results/page.sh" "$pointsman" "$src/experiments/$script.lua" "$@" >"$work/page" ||
        fail "$script did not run"
    [ -z "${TOY_PAGES:-}" ] || cp "$work/page" "$TOY_PAGES/$script-toy.md"
    # What gradients fitted may differ by the instruction set: of such pages the head and the section that holds
    # baselines, single experts and ceilings are compared, and the rest must name the same routers.
    case $script in
    routellm* | battles)
        # about two models and battles: what no router decides, to the digit; of routers the names
        rules='^(random|length, L|negative length|domain label|oracle|optimal line|judge base rate|Bradley-Terry)'
        for which in "$page" "$work/page"; do
            awk '/^mean .sd. over/ { exit } /^(two models|guesses of battles)/ { on = 1 } on' "$which" >"$work/section"
            grep -E "$rules" "$work/section" | cut -c1-62 >"$work/$(basename "$which").fixed"
            grep -E '^(sw|mf|knn|regression|length)[a-zA-Z0-9, ]*  ' "$work/section" | cut -c1-32 | sort -u >"$work/$(basename "$which").names"
        done ;;
    *)
        for which in "$page" "$work/page"; do
            awk '/^settings/ { exit } /^policy/ { on = 1 } on && !/^(budget: offline optimum .(regression|mf)|regression|best expert|mae|mse|huber|kl|knn|prior|length|mlp|mf)/' "$which" |
                cut -c1-60 | sed 's/  *[-+0-9.]*$//' >"$work/$(basename "$which").fixed"
            awk '/^(regression|best expert|mae|mse|huber|kl|knn|prior|length|mlp|mf)[a-z, ]*  / { print substr($0, 1, 18) }' "$which" | sort -u \
                >"$work/$(basename "$which").names"
        done ;;
    esac
    if [ "$script" != baselines ]; then
        awk -v tol=0.011 -f "$src/tests/results/compare.awk" "$work/$(basename "$page").fixed" "$work/page.fixed" ||
            fail "$page: what no router decides is not what the tool writes now"
        cmp "$work/$(basename "$page").names" "$work/page.names" || fail "$page: other routers than the tool writes now"
        [ -s "$work/page.fixed" ] && [ -s "$work/page.names" ] || fail "$page: nothing to compare"
        continue
    fi
    awk -v tol=0.011 -f "$src/tests/results/compare.awk" "$page" "$work/page" || fail "$page is not what the tool writes now"
done
# the comparison can fail
sed 's/^oracle *\.[0-9]*/oracle .1/' "$src/docs/results/baselines-toy.md" >"$work/other"
awk -v tol=0.011 -f "$src/tests/results/compare.awk" "$work/other" "$src/docs/results/baselines-toy.md" >/dev/null &&
    fail "the comparison sees no difference where there is one"
finish
