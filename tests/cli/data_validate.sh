#!/bin/sh
# SPDX-License-Identifier: MIT
# pointsman data validate: what is a mistake, what a warning, and what it says of each.
. "${srcdir:-.}/tests/cli/lib.sh"
d="$work/set"

# begin: a folder without fault
begin() {
    rm -rf "$d"
    mkdir "$d"
    printf '{"id": "q1", "prompt": "one", "domain": "x"}\n{"id": "q2", "prompt": "two", "domain": "x"}\n' >"$d/prompts.jsonl"
    printf 'id,a,b\nq1,0,1\nq2,1,0.5\n' >"$d/scores.csv"
}

# battle A B WINNER [PROMPT]: one more
battle() {
    echo "{\"prompt_id\": \"${4:-q1}\", \"model_a\": \"$1\", \"model_b\": \"$2\", \"winner\": \"$3\"}" >>"$d/battles.jsonl"
}

begin
expect 0 "$pointsman" data validate "$d"
says out "0 mistakes, 0 warnings"

begin
battle a b a
battle b a a
battle a c b
battle a b tie q9
expect 1 "$pointsman" data validate "$d"
says out 'mistake: battles: 2 of 4 are left out, their prompt or model is not here (the first: "c")'

begin
battle a a tie
expect 1 "$pointsman" data validate "$d"
says err 'battles.jsonl:1: model "a" battles itself'

begin
battle a b a
battle b a b
expect 0 "$pointsman" data validate "$d"
says out 'warning: model "a": never loses a battle'
says out 'warning: model "b": never wins a battle'
expect 1 "$pointsman" data validate --strict "$d"

begin
battle a b tie
battle a b tie
expect 0 "$pointsman" data validate "$d"
says out "warning: all 2 battles are ties"

begin
printf 'id,a,b\nq1,1,1\nq2,1,1\n' >"$d/scores.csv"
expect 0 "$pointsman" data validate "$d"
says out "warning: every outcome is 1: nothing can be learned or compared"

begin
echo '{"id": "q3", "prompt": "three", "domain": "y"}' >>"$d/prompts.jsonl"
echo 'q3,0,0' >>"$d/scores.csv"
expect 0 "$pointsman" data validate "$d"
says out 'warning: domain "y": every outcome is 0: no router differs there'

begin
printf 'id,a,b\nq1,1,\nq2,0,\n' >"$d/scores.csv"
expect 0 "$pointsman" data validate "$d"
says out 'warning: model "b": no outcome is known'

begin
echo '[{"name": "a"}, {"name": "c"}]' >"$d/models.json"
expect 1 "$pointsman" data validate "$d"
says err 'scores.csv:1: column 3: "b" is not a model of models.json'

begin
printf 'id,a,b\nq1,inf,1\nq2,1.5,x\n' >"$d/scores.csv"
expect 1 "$pointsman" data validate "$d"
says err "3 mistakes"
says err 'scores.csv:2: column 2 ("a"): found "inf", wanted a number from 0 to 1'

begin
echo '{"id": "q1", "prompt": "again"}' >>"$d/prompts.jsonl"
expect 1 "$pointsman" data validate "$d"
says err 'prompts.jsonl:3: id "q1" is that of prompt 1 too'

begin
printf '\223NUMPY\001\000' >"$d/embeddings.npy"
expect 1 "$pointsman" data validate "$d"
says err "embeddings.npy: found no .npy file"

begin
: >"$d/prompts.jsonl"
expect 1 "$pointsman" data validate "$d"
says err "found no prompt"

begin
printf '{"id": "q1", "prompt": "one", "split": "train"}\n{"id": "q2", "prompt": "a \377"}\n' >"$d/prompts.jsonl"
expect 0 "$pointsman" data validate "$d"
says out "warning: 1 of 2 prompts have no split"
says out "warning: 1 texts are not UTF-8 and were repaired"
finish
