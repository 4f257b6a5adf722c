#!/bin/sh
# SPDX-License-Identifier: MIT
# Shared by the command-line tests: expectations that name what differed.  Sourced, not run.
set -u
pointsman=${POINTSMAN:-$PWD/pointsman}
src=${srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export POINTSMAN_OUT="$work/store" XDG_DATA_HOME="$work/data" NO_COLOR=1
bad=0

fail() {
    echo "FAIL: $*"
    bad=1
}

# expect STATUS COMMAND...: runs it; output in $work/out and $work/err
expect() {
    want=$1
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ "$got" = "$want" ] || {
        fail "$*: exit $got, want $want"
        head -n 5 "$work/err"
    }
}

# says FILE TEXT: the text stands in it
says() {
    grep -qF -- "$2" "$work/$1" || {
        fail "$1 does not say: $2"
        head -n 5 "$work/$1"
    }
}

finish() { exit "$bad"; }
