#!/bin/sh
# SPDX-License-Identifier: MIT
# What a hostile world does to a run: sizes without measure, data sets with next to nothing in them, no room
# on the disk, places that cannot be written, several runs into one store at once.
. "${srcdir:-.}/tests/cli/lib.sh"
script=$src/tests/cli/recorded_toy.lua
toy=$src/datasets/toy
run() { "$pointsman" run "$script" --out "$POINTSMAN_OUT" --set data="$data" --set bootstrap.resamples=100 "$@"; }

# ---- sizes ------------------------------------------------------------------------------------------
data=$toy
for setting in embedder.dim=100000 embedder.dim=1e300 embedder.dim=99999999999999999999 embedder.dim=-1 \
    'routers[3].k=1000000000' bootstrap.resamples=1000000000 bootstrap.resamples=1e18 bootstrap.level=2 \
    seeds=99999999999999999999999 seeds=-1 split.tune=1e9; do
    expect 1 run --set "$setting"
    says err "--set $setting"
done
expect 2 run --jobs -1
says err "--jobs wants a whole number from 0 on, found '-1'"
expect 2 run --jobs 99999999999999999999
expect 0 run --jobs 4294967297
expect 2 run --seed -1

expect 0 env BLIS_ARCH_TYPE=999 "$pointsman" doctor --quick # BLIS itself would abort

# ---- data sets with next to nothing in them -----------------------------------------------------------
rows() { # NAME N: the toy's first N prompts
    data=$work/$1
    mkdir "$data"
    cp "$toy/models.json" "$data"
    head -n "$2" "$toy/prompts.jsonl" >"$data/prompts.jsonl"
    for t in scores costs tokens_out; do head -n $(($2 + 1)) "$toy/$t.csv" >"$data/$t.csv"; done
}
rows none 0
expect 1 run
says err "none/prompts.jsonl: found no prompt"
rows one 1
expect 1 run
says err "part of 1 prompts is empty"
rows thirty 30
expect 0 run --set 'routers[3].k=4096'
says out "k=4096"
says err "dim = 23, not 128"
data=$work/lonely
mkdir "$data"
cp "$toy/prompts.jsonl" "$data"
echo '[{"name": "toy-nano", "params": 5e8, "price_in": 0.02, "price_out": 0.04}]' >"$data/models.json"
for t in scores costs tokens_out; do cut -d, -f1,2 "$toy/$t.csv" >"$data/$t.csv"; done
expect 0 run
says out "experts: 1"
sed 's/5e8/1e999/' "$data/models.json" >"$work/t" && mv "$work/t" "$data/models.json"
expect 1 run
says err "models.json:1:33: a number too large for a double"

# ---- what was dropped or repaired is said -------------------------------------------------------------
data=$work/worn
cp -r "$toy" "$data" && chmod -R u+w "$data"
sed '2s/,0,/,,/' "$toy/scores.csv" >"$data/scores.csv"
LC_ALL=C awk 'NR == 2 { sub(/Give/, "Gi\377ve") } { print }' "$toy/prompts.jsonl" >"$data/prompts.jsonl"
expect 0 run
says out "prompts dropped (an outcome is missing): 1"
says out "texts with repaired UTF-8: 1"

bundle=$(find "$POINTSMAN_OUT/runs" -name 'knn@price_0' | head -n 1)
printf 'a \377\nb\nc \377\376\n' >"$work/lines"
route_lines() { "$pointsman" route "$bundle" - <"$work/lines"; }
expect 0 route_lines
says err "texts with repaired UTF-8: 2"
[ "$(wc -l <"$work/out")" -eq 3 ] || fail "three lines, $(wc -l <"$work/out") answers"
expect 0 "$pointsman" route "$bundle" "$(printf 'a \377')"
says err "texts with repaired UTF-8: 1"
expect 1 "$pointsman" route "$bundle" --weight price=1e999 text
says err "a finite number"

# ---- no room, no place -----------------------------------------------------------------------------------
data=$toy
whole=$work/whole.txt
expect 0 run --out "$work/roomy"
"$pointsman" runs export recorded_toy --canonical --out "$work/roomy" >"$whole" 2>"$work/err" || fail "export"
for blocks in 8 64 256 1024; do # of 512 bytes or 1 kB: a file that may not grow is a disk that is full
    rm -rf "$work/full"
    (ulimit -f $blocks 2>/dev/null; run --out "$work/full") >"$work/out" 2>"$work/err"
    status=$?
    [ $status = 0 ] || [ -s "$work/err" ] || fail "full after $blocks blocks: no message"
    [ $status -le 1 ] || fail "full after $blocks blocks: exit $status"
    expect 0 run --out "$work/full"
    "$pointsman" runs export recorded_toy --canonical --out "$work/full" >"$work/got" 2>"$work/err" || fail "export"
    cmp -s "$whole" "$work/got" || fail "after a full disk ($blocks blocks) the results differ"
    left=$(find "$work/full" -name '*.tmp.*' | head -n 1)
    [ -z "$left" ] || fail "left behind: $left"
done
if [ -w /dev/full ]; then
    "$pointsman" plugins >/dev/full 2>"$work/err" && fail "writing to a full device succeeded"
    says err "cannot write to standard output"
fi
echo >"$work/file"
expect 1 run --out "$work/file"
says err "file: cannot make the folder: Not a directory"
expect 1 run --out "$work/file/below"
says err "Not a directory"
mkdir "$work/closed" && chmod a-w "$work/closed"
if [ ! -w "$work/closed" ]; then # root may write everywhere
    expect 1 run --out "$work/closed/store"
    says err "cannot make the folder: Permission denied"
fi

expect 1 "$pointsman" check "$work"
says err "a folder; want a script"
expect 1 "$pointsman" check /dev/zero
says err "a device or pipe; want a script in a file"

# ---- several runs into one store ---------------------------------------------------------------------------
for turn in 1 2 3; do
    rm -rf "$work/shared"
    for k in 1 2 3; do
        run --out "$work/shared" --fresh --jobs 1 >"$work/out.$k" 2>"$work/err.$k" || echo "run $k: exit $?" >>"$work/err.$k" &
    done
    wait
    for k in 1 2 3; do [ -s "$work/err.$k" ] && fail "turn $turn, run $k: $(head -n 3 "$work/err.$k")"; done
    "$pointsman" runs export recorded_toy --canonical --out "$work/shared" >"$work/got" 2>"$work/err" || fail "export"
    cmp -s "$whole" "$work/got" || fail "three runs at once: the results differ"
done

# ---- colour is for terminals -------------------------------------------------------------------------------
expect 0 env -u NO_COLOR "$pointsman" run "$script" --out "$work/roomy" --set bootstrap.resamples=100
grep -q "$(printf '\033')" "$work/out" "$work/err" && fail "escapes in a pipe"
finish
