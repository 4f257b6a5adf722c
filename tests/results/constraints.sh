#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages and figures of docs/results/constraints.  Wants the folder of recorded data sets in POINTSMAN_DATA and the default corpus.
#   POINTSMAN_DATA=DIR sh tests/results/constraints.sh POINTSMAN OUT-FOLDER [PAGE ...]      (no PAGE: all of them)
# PAGE_STORE=DIR keeps the finished pieces: pages share what they have in common.
set -eu
program=$1 out=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
data=${POINTSMAN_DATA:?the folder of the recorded data sets}
store=${PAGE_STORE:-$(mktemp -d)}
export PAGE_STORE="$store"
mkdir -p "$out"
sets="routerbench_3 llmdrift_4 routerarena_2"
all="ablation ablation-conflict pareto_size"
for s in $sets; do
    all="$all $s $s-prompt_price $s-crossfit $s-crossfit_prompt_price ablation-$s budget-$s"
    [ "$s" = routerarena_2 ] || all="$all budget-$s-dual"
done
[ $# -gt 0 ] || set -- $all

page() { # NAME SCRIPT DATA [--set ...]
    name=$1 script=$2 from=$3
    shift 3
    echo "$name" >&2
    sh "$here/tests/results/page.sh" "$program" "$here/experiments/$script.lua" "$from" "$@" >"$out/$name.md.new"
    mv "$out/$name.md.new" "$out/$name.md"
}
# figure NAME SECTION TEXT RUN-NAME: from the newest run of that name in the store
figure() {
    dir=$(find "$store/runs" -maxdepth 1 -name "$4-????????" -exec ls -dt {} + | head -1)
    key=${dir##*-}
    "$program" report "$key" --out "$store" --to "$store/report.html" >/dev/null
    sh "$here/tests/results/figure.sh" "$store/report.html" "$2" "$3" >"$out/$1.svg"
}

for name in "$@"; do
    case $name in
    ablation)
        page ablation ablation_constraints -
        figure ablation ablation "regression, kl: what leaving out" ablation_constraints
        figure ablation-front ablation "regression, kl: loss against size" ablation_constraints ;;
    ablation-conflict) page ablation-conflict ablation_constraints - --set size=conflict ;;
    pareto_size)
        page pareto_size pareto_size -
        figure pareto_size ablation "regression, kl: loss against size" pareto_size ;;
    ablation-*)
        page "$name" ablation_constraints "$data/${name#ablation-}" --set size=recorded
        figure "$name" ablation "mf: what leaving out" ablation_recorded ;;
    # there the cheapest model costs three tenths of the dearest: a tenth cannot be kept
    budget-routerarena_2) page "$name" budget_stream "$data/routerarena_2" --set 'constraints[1].bound=0.4' ;;
    budget-*-dual) s=${name#budget-} && page "$name" budget_stream "$data/${s%-dual}" --set size=dual ;;
    budget-*) page "$name" budget_stream "$data/${name#budget-}" ;;
    *-crossfit_prompt_price) page "$name" routerbench "$data/${name%-crossfit_prompt_price}" --set size=crossfit_prompt_price ;;
    *-prompt_price) page "$name" routerbench "$data/${name%-prompt_price}" --set size=prompt_price ;;
    *-crossfit) page "$name" routerbench "$data/${name%-crossfit}" --set size=crossfit ;;
    *)
        page "$name" routerbench "$data/$name"
        figure "$name" costs "" routerbench ;;
    esac
done
