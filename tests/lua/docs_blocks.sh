#!/bin/sh
# SPDX-License-Identifier: MIT
# The code in the documents is true: every ```lua block whose first line is `-- file: NAME.lua` is checked as an
# experiment (or, when it returns none, run as a library or policy), and its policies conform; over the toy corpus it
# is run; every ```c block whose first line is `/* file: NAME.c */` is compiled against the public headers; every ```text
# block that follows a bad script (`-- bad: NAME.lua`) is what `check` says about it.
src=$(cd "${srcdir:-.}" && pwd)
run=$PWD/tests/lua/run
pointsman=$PWD/pointsman
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0 count=0

# Blocks into $work/DOC/NAME; a block of text behind a bad script into NAME.want.
extract() {
    awk -v dir="$2" '
    /^```/ && inside { close(out); inside = 0; next }
    /^```(lua|c|text)/ && !inside {
        lang = substr($0, 4); getline line; out = ""
        if (lang == "lua" && line ~ /^-- file: /) { out = dir "/" substr(line, 10); last = "" }
        if (lang == "lua" && line ~ /^-- bad: /) { out = dir "/" substr(line, 9); last = out; print "" > (out ".bad") }
        if (lang == "c" && line ~ /^\/\* file: /) { split(line, part, " "); out = dir "/" part[3]; last = "" }
        if (lang == "text" && last != "") { out = last ".want"; last = "" }
        if (out == "") out = "/dev/null"
        inside = 1
        # a name may hold folders
        folder = out; sub(/\/[^\/]*$/, "", folder); system("mkdir -p \"" folder "\"")
        if (line !~ /^-- (file|bad): / || 1) print line > out
        next
    }
    inside { print > out }' "$1"
}

check_bad() { # NAME: says exactly what the document says
    "$run" check "$1" >"$1.got" 2>&1 && { echo "FAIL: $1 is accepted"; bad=1; }
    if [ -f "$1.want" ]; then
        cmp -s "$1.got" "$1.want" || { echo "FAIL: $1: the document says otherwise"; diff "$1.want" "$1.got"; bad=1; }
    fi
}

grows() { # SCRIPT: with the library that it began with, then with the longer one: one expert to train
    "$pointsman" run "$1" --out "$work/grown" --set library=lua/libraries/toy_ngrams.lua --set bootstrap.resamples=100 >/dev/null 2>&1 &&
        "$pointsman" run "$1" --out "$work/grown" --dry >"$work/dry" 2>&1
    [ "$(grep -c 'done     expert ' "$work/dry")" = 4 ] && [ "$(grep 'to do    expert ' "$work/dry")" = "    to do    expert     gardener" ] ||
        { echo "FAIL: $doc: not one expert to train"; cat "$work/dry"; bad=1; }
}

check_lua() {
    # policies are held to the conformance suite, as the document promises
    if grep -q 'pm[.]\(router\|objective\|constraint\)_fn' "$1"; then
        "$pointsman" conform --script "$1" >"$work/conform" 2>&1 ||
            { echo "FAIL: $doc: $1 does not conform"; cat "$work/conform"; bad=1; }
    fi
    if grep -q 'return pm[.]experiment' "$1"; then "$run" check "$1"; else "$run" "$1"; fi ||
        { echo "FAIL: $doc: $1"; bad=1; }
    # over the toy corpus an experiment takes a second: it is run, its experts trained
    if grep -q 'pm[.]corpus "datasets/toy_corpus"' "$1"; then
        "$pointsman" run "$1" --out "$work/store" --set bootstrap.resamples=100 >"$work/table" 2>&1 &&
            grep -q '^oracle ' "$work/table" || { echo "FAIL: $doc: $1 does not run"; head -n 20 "$work/table"; bad=1; }
        # what the document says of a library that has grown
        if [ "$1" = with_gardener.lua ]; then grows "$1"; fi
    fi
}

for doc in "$src"/README.md "$src"/docs/*.md; do
    [ -f "$doc" ] || continue
    here=$work/$(basename "$doc" .md)
    mkdir -p "$here"
    extract "$doc" "$here"
    # Links to what the scripts of a document may load and read.
    for name in datasets lua experiments; do [ -e "$here/$name" ] || ln -s "$src/$name" "$here/$name"; done
    for file in $(cd "$here" && find . -type f \( -name '*.lua' -o -name '*.c' \) | sed 's|^[.]/||' | LC_ALL=C sort); do
        count=$((count + 1))
        case $file in
        *.c) ${CC:-cc} -std=c11 -Wall -Wextra -I"$src/core/include" -c -o "$work/block.o" "$here/$file" ||
            { echo "FAIL: $doc: $file"; bad=1; } ;;
        *) if [ -f "$here/$file.bad" ]; then (cd "$here" && check_bad "$file" && exit $bad); else
            (cd "$here" && check_lua "$file" && exit $bad)
        fi || bad=1 ;;
        esac
    done
done
echo "$count blocks"
[ "$count" -ge 8 ] || { echo "FAIL: want at least 8 blocks"; bad=1; }
exit $bad
