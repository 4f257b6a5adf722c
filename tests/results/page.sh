#!/bin/sh
# SPDX-License-Identifier: MIT
# One page of docs/results: runs an experiment into a store of its own and prints its summary as the tool wrote it.
#   tests/results/page.sh POINTSMAN SCRIPT DATA-FOLDER [--set PATH=VALUE ...] > docs/results/PAGE.md
# DATA-FOLDER may be - : the script's own data.
set -eu
program=$1 script=$2 data=$3
shift 3
[ "$data" = - ] || set -- --set "data=$data" "$@"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
store=${PAGE_STORE:-$work} # a store that lasts: pages share what they have in common
"$program" run "$script" --no-report --out "$store" "$@" >"$work/out" 2>"$work/err" || {
    cat "$work/err" >&2
    exit 1
}
dir=$(sed -n 's/^results  *//p' "$work/out")
shown=$(basename "$script")
extra=''
for word in "$@"; do
    case $word in data=*/*) word=data=$(basename "$data") ;; esac
    extra="$extra $word"
done
title=$(basename "$script" .lua)
[ "$data" = - ] || title="$title on $(basename "$data")"
for word in "$@"; do case $word in size=*) title="$title, ${word#size=}" ;; esac; done
where=''
! grep -q 'pm.dataset "alpaca_battles"' "$script" || case "$extra" in *size=toy*) ;; *) where='POINTSMAN_DATA=DIR ' ;; esac
cat <<TEXT
# $title

Written by the tool: \`${where}pointsman run experiments/$shown$extra\`
(this page: \`sh tests/results/page.sh\`).  Metrics and baselines: docs/metrics.md.

\`\`\`
TEXT
cat "$dir/summary.txt"
printf '```\n'
