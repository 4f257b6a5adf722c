#!/bin/sh
# SPDX-License-Identifier: MIT
# The pages about two models and battles on recorded sets, some ten minutes:
#   POINTSMAN_DATA=DIR sh tests/results/routellm.sh POINTSMAN docs/results/routellm [PAGE ...]
# DIR holds routellm_pair, alpaca_battles and routerbench_3.
set -eu
program=$1 out=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
experiments=$here/../../experiments
[ -n "${POINTSMAN_DATA:-}" ] || { echo "routellm.sh: POINTSMAN_DATA names no folder of recorded sets" >&2; exit 2; }
mkdir -p "$out"
PAGE_STORE=$(mktemp -d)
export PAGE_STORE
trap 'rm -rf "$PAGE_STORE"' EXIT
[ $# -gt 0 ] || set -- mmlu mmlu_less_3 few gsm8k mt_bench transfer_mmlu transfer_gsm8k transfer_mt_bench transfer_same_pair \
    transfer_other_pair battles_ae2 battles_ae1
for page in "$@"; do
    script=routellm size=$page
    case $page in transfer_*) script=routellm_transfer size=${page#transfer_} ;; battles_*) script=battles size=${page#battles_} ;; esac
    case $page in mmlu | transfer_mmlu | battles_ae2) size= ;; esac
    echo "routellm.sh: $page" >&2
    sh "$here/page.sh" "$program" "$experiments/$script.lua" - ${size:+--set size=$size} >"$out/$page.md.new"
    mv "$out/$page.md.new" "$out/$page.md"
done
