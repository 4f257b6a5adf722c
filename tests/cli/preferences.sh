#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/train-on-preferences.md runs as printed: its files are written, its commands are run in order, and each says
# what the page says of it.
. "${srcdir:-.}/tests/cli/lib.sh"
page=$(cd "$src" && pwd)/docs/train-on-preferences.md
here=$work/page
mkdir "$here" && ln -s "$(dirname "$page")/../datasets" "$here/datasets"

# Blocks of Lua into their files; blocks of commands, each behind a line that tells which it is, into one script.
awk -v dir="$here" '
    /^```/ && inside { inside = 0; next }
    /^```lua/ { getline line; out = dir "/" substr(line, 10); inside = 1; print line >out; next }
    /^```sh/ { out = dir "/commands"; inside = 1; print "echo \"== " ++n "\"" >out; next }
    inside { print >out }' "$page"
[ -s "$here/do_prompts_matter.lua" ] && [ -s "$here/route_two.lua" ] || fail "the page has lost its scripts"
grep -q '^pointsman calibrate .*--write' "$here/commands" || fail "the page has lost its commands"

PATH=$(dirname "$pointsman"):$PATH
export PATH
(cd "$here" && sh -eu commands) >"$work/out" 2>"$work/err" </dev/null || {
    fail "a command of the page fails"
    tail -n 5 "$work/out" "$work/err"
}
says out "mine: 2 rows read, 0 left out"
says out "mine: 2 prompts, 2 models, 2 battles: 0 mistakes"
says out "536 battles"
says out "guesses of battles"
says out "Bradley-Terry by domain"
says out "two models: strong toy-max"
says out "vs length"
says out "no drift at level 0.01"
says out "DRIFT at level 0.01"
says out "calibrate again, or train on such prompts"
[ "$(grep -c 'toy-max over toy-mini$' "$work/out")" = 4 ] || fail "not four routers are calibrated"
grep -Eq '^toy-(max|mini)$' "$work/out" || fail "no prompt is routed"
grep -q '"model":"router-knn__labels","alpha":' "$work/out" || fail "no row is routed"
says err "alpha is 0.61250"
[ -f "$here/pair/scores.csv" ] || fail "no data set of one's own scores"
finish
