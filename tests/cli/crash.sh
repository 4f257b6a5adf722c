#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin that kills the program: stderr says which, and in which method; the exit status stays the signal's.
. "${srcdir:-.}/tests/cli/lib.sh"
grep -q '^#define PM_SANITIZED' config.h 2>/dev/null && { echo "the sanitizer tells by itself: skipped"; exit 77; }
ulimit -c 0
POINTSMAN_PLUGINS="$PWD/tests/contract/faulty"
export POINTSMAN_PLUGINS
toy=$(cd "$src/datasets/toy" && pwd)

dies() { # NAME SIGNAL
    cat >"$work/$1.lua" <<LUA
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$toy" { min_known = 0.9 }, routers = { pm.router "$1" {} },
  objective = pm.objective "penalty" {},
}
LUA
    for jobs in 1 2; do
        "$pointsman" run "$work/$1.lua" --jobs $jobs >"$work/out" 2>"$work/err" </dev/null
        [ $? -gt 128 ] || fail "$1 did not die of a signal"
        says err "pointsman: $2"
        says err " in router \"$1\".predict ($POINTSMAN_PLUGINS/.libs/$1.so)"
        says err "try \`pointsman conform\` on it"
    done
}
dies crash "SIGABRT"
dies own_unchecked "SIGSEGV"
says err ", after: called own() in a const method (it returned NULL)"

expect 1 "$pointsman" conform routers/crash
grep -q "pointsman: SIG" "$work/err" && fail "conform tells a death twice"
says out "FAIL  predicts"
finish
