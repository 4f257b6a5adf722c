#!/bin/sh
# SPDX-License-Identifier: MIT
# Battles and other data that are wrong or hardly there, as a user meets them: each is refused with its place, or
# run and told.
. "${srcdir:-.}/tests/cli/lib.sh"
cd "$work" || exit 99
run() { "$pointsman" run --no-report "$@" && ! grep -n 'nan\|inf ' "$work/out"; }

# folder NAME "MODELS": 60 prompts, a third to test on, with made-up outcomes; battles.jsonl from the awk program $3
folder() {
    mkdir "$1"
    awk -v models="$2" -v dir="$1" 'BEGIN {
        m = split(models, name, " "); header = "id"
        for (j = 1; j <= m; j++) header = header "," name[j]
        print header >(dir "/scores.csv")
        for (i = 0; i < 60; i++) {
            printf "{\"id\":\"q%d\",\"prompt\":\"word%d and word%d of %s\",\"split\":\"%s\"}\n", i, i % 7, i % 5, dir i,
                i % 3 ? "train" : "test" >(dir "/prompts.jsonl")
            row = "q" i
            for (j = 1; j <= m; j++) row = row "," ((i * 7 + j * 11 + i * j) % 10) / 10
            print row >(dir "/scores.csv")
        } }'
    awk 'function fight(i, a, b, w) {
            printf "{\"prompt_id\":\"q%d\",\"model_a\":\"%s\",\"model_b\":\"%s\",\"winner\":\"%s\"}\n", i, a, b, w }
        function who(i, k) { return (i * 5 + k * 3) % 7 < 3 ? "a" : "b" }
        BEGIN { for (i = 0; i < 60; i++) {'"$3"'} }' >"$1/battles.jsonl"
    [ -s "$1/battles.jsonl" ] || rm "$1/battles.jsonl"
}
folder good "x y z" 'fight(i, "x", "y", who(i, 1)); fight(i, "y", "z", who(i, 2))'
folder ghosts "x y z" 'fight(i, "x", "y", who(i, 1)); if (i < 4) fight(i, "x", "ghost", "a")'
folder itself "x y z" 'fight(i, "x", i == 30 ? "x" : "y", "a")'
folder ties "x y z" 'fight(i, "x", "y", "tie"); fight(i, "y", "z", "tie")'
folder loser "x y z" 'fight(i, "x", "y", who(i, 1)); fight(i, "y", "z", "a"); fight(i, "z", "x", "b")'
folder scores "x y" ''
folder even "x y" ''
sed '2,$s/,.*/,1,1/' even/scores.csv >t && mv t even/scores.csv

# script NAME 'FIELDS'
script() {
    printf '%s\n' 'local pm <const> = require "pointsman"' 'return pm.experiment {' \
        'embedder = pm.embedder "lsa" { dim = 8 }, bootstrap = { resamples = 100 },' "$2" '}' >"$1.lua"
}
sw='routers = { pm.router "sw_ranking" { tiers = 0 } },'

# ---- battles ------------------------------------------------------------------------------------------
for measure in outcomes battles; do
    script one "$sw measure = \"$measure\", data = pm.dataset \"good\""
    expect 0 run one.lua
    expect 0 run one.lua --set data=ghosts
    says out "battles skipped: 4"
    says err 'ghosts: battles: 4 of 64 are left out, their prompt or model is not here (the first: "ghost")'
    expect 1 run one.lua --set data=itself
    says err 'itself/battles.jsonl:31: model "x" battles itself'
    expect 0 run one.lua --set data=ties
    says err "battles are ties: every rating is the same"
    expect 0 run one.lua --set data=loser
    says err 'router "sw_ranking": "z": never won; only the prior keeps the rating finite'
done
expect 1 run one.lua --set data=scores
says err 'no battle is left of 0 read; measure = "battles" wants a battles.jsonl'

# ---- one outcome only ---------------------------------------------------------------------------------
script pair "$sw"' data = pm.dataset "even", pair = { strong = "x", weak = "y" }'
expect 0 run pair.lua
says out "APGR and CPT: not defined: strong and weak score the same on the test part"

# ---- narrowing and splits -----------------------------------------------------------------------------
script judge "$sw"' data = pm.dataset "good" { judges = { "nobody" } }'
expect 1 run judge.lua
says err 'good: no judge "nobody"; there is one without a name'
seq 0 59 | sed 's/^/q/' >good/all.txt
script none "$sw"' data = pm.dataset "good" { without = { "all.txt" } }'
expect 1 run none.lua
says err "no prompt is left of 60 after narrowing"
script folds "$sw"' data = pm.dataset "good", split = pm.split { by = "fold", folds = 61 }'
expect 1 run folds.lua
says err "61 folds of 60 prompts, wanted at most a fold for each"

# ---- what is learned ----------------------------------------------------------------------------------
script values 'data = pm.dataset "good", routers = { pm.router "knn" { learns = "battles" } },'
expect 1 run values.lua
says err 'routers[1] "knn".learns = "battles": this router learns from outcomes'
script others 'data = pm.dataset "good", routers = { pm.router "knn" { learns = "others" } },'
expect 1 run others.lua
says err 'routers[1] "knn".learns = "others": the experiment has no other data'
script also "$sw"' data = pm.dataset "scores", also = { more = pm.dataset "scores" }'
expect 1 run also.lua
says err "scores has no battles"
script same "$sw"' data = pm.dataset "good", also = { one = pm.dataset "good", two = pm.dataset "good" }'
expect 0 run same.lua
says err "also.one: 60 of its 60 prompts are prompts of good, too"
says err "also.two: 60 of its 60 prompts are prompts of good, too"
script names "$sw"' data = pm.dataset "scores", also = { more = pm.dataset "good" { names = { nobody = "x" } } }'
expect 0 run names.lua
says err 'names: "nobody" is no model of good'
script called "$sw"' data = pm.dataset "scores", also = { more = pm.dataset "good" { names = { z = "yy" } } }'
expect 1 run called.lua
says err 'also: names: "z" is called "yy", which the library does not have'
finish
