#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every asserting script of tests/lua in the restricted state, and checks the experiments that ship.
src=${srcdir:-.}
run=$PWD/tests/lua/run
bad=0
for script in "$src"/tests/lua/*.lua "$src"/lua/objectives/*.lua; do
    "$run" "$script" || { echo "FAIL: $script"; bad=1; }
done
for script in "$src"/experiments/*.lua; do
    # texts and recorded sets that are not part of the sources: its toy size
    if grep -q '"debian-text"\|"alpaca_battles"' "$script"; then
        "$PWD/pointsman" check "$script" --set size=toy || { echo "FAIL: $script at size=toy"; bad=1; }
        { [ -n "${POINTSMAN_DATA:-}" ] && ! grep -q '"debian-text"' "$script"; } || continue
    fi
    "$run" check "$script" || { echo "FAIL: $script"; bad=1; }
done
for library in "$src"/lua/libraries/*.lua; do
    said=$("$PWD/pointsman" check "$library" 2>&1 >/dev/null) || bad=1
    [ -z "$said" ] || { echo "FAIL: $library: $said"; bad=1; }
done
lines=$(wc -l <"$src/experiments/quickstart.lua")
[ "$lines" -lt 45 ] || { echo "FAIL: quickstart.lua has $lines lines; want fewer than 45"; bad=1; }
exit $bad
