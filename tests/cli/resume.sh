#!/bin/sh
# SPDX-License-Identifier: MIT
# Killed with -9 at 20 points spread over the run, a run resumes to the same canonical bytes.  The points are
# shares of the measured length of an undisturbed run, so they fall into every phase on any machine.
. "${srcdir:-.}/tests/cli/lib.sh"
script=$src/tests/cli/recorded_toy.lua

started=$(date +%s%N)
expect 0 "$pointsman" run "$script" --jobs 2
length=$((($(date +%s%N) - started) / 1000000))
key=$(sed -n 's/^run  *\([0-9a-f]*\).*/\1/p' "$work/out")
expect 0 "$pointsman" runs export "$key" --canonical
cp "$work/out" "$work/want"
[ -s "$work/want" ] || fail "nothing exported"

killed=0 listed=0
i=1
while [ "$i" -le 20 ]; do
    store=$work/store-$i
    at=$(awk -v l="$length" -v i="$i" 'BEGIN { printf "%.3f", l * (i - 0.5) / 20 / 1000 }')
    POINTSMAN_OUT="$store" timeout -s KILL "$at" "$pointsman" run "$script" --jobs 2 >/dev/null 2>&1
    [ $? = 137 ] && killed=$((killed + 1))
    tries=0 # `timeout` may be gone before the process that it killed
    while POINTSMAN_OUT="$store" expect 0 "$pointsman" runs list --json
          grep -q '"status":"running"' "$work/out" && [ "$tries" -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    if grep -q '"status":"interrupted".*"seconds":null' "$work/out"; then
        listed=$((listed + 1))
        POINTSMAN_OUT="$store" expect 0 "$pointsman" runs show "$key"
        says out "goes on from there"
    fi
    grep -q '"status":"running"\|nan' "$work/out" && fail "killed after $at s: the list says $(cat "$work/out")"
    POINTSMAN_OUT="$store" expect 0 "$pointsman" run "$script" --jobs 2
    POINTSMAN_OUT="$store" expect 0 "$pointsman" runs export "$key" --canonical
    cmp -s "$work/out" "$work/want" || fail "killed after $at s: the resumed run's canonical bytes differ"
    rm -rf "$store"
    i=$((i + 1))
done
echo "killed $killed of 20 runs before they ended"
[ "$killed" -ge 10 ] || fail "only $killed of 20 runs were killed in time: the test proves too little"
[ "$listed" -ge 5 ] || fail "only $listed of the killed runs were listed as interrupted"
finish
