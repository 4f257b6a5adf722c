#!/bin/sh
# SPDX-License-Identifier: MIT
# Where `route` takes prompts from: files that are named, rows with numbers for ids and with turns alone; a run on
# a folder whose rows are such decides the same.
. "${srcdir:-.}/tests/cli/lib.sh"

mkdir -p "$work/mine" && cd "$work/mine" || exit 1
awk 'BEGIN {
    for (i = 1; i <= 60; i++) {
        say = i % 3 ? "sum " i " and " i * 7 : "a poem about number " i
        part = i % 4 ? "train" : "test"
        if (i % 2) printf "{\"id\": %d, \"prompt\": \"%s\", \"split\": \"%s\"}\n", i, say, part
        else printf "{\"id\": %d, \"prompt\": null, \"turns\": [{\"role\": \"user\", \"content\": \"%s\"}], \"split\": \"%s\"}\n", i, say, part
    }
}' >prompts.jsonl
awk 'BEGIN { print "id,small,large"; for (i = 1; i <= 60; i++) print i "," (i % 3 ? "1,0.5" : "0.2,0.9") }' >scores.csv
cat >../mine.lua <<'LUA'
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "mine" {}, embedder = pm.embedder "lsa" { dim = 8 },
  routers = { pm.router "knn" { k = 3 } }, objective = pm.objective "penalty" {},
}
LUA
cd "$work" || exit 1
expect 0 "$pointsman" run mine.lua
bundle=$(sed -n 's/^results  *//p' "$work/out")/bundles/knn
sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >want
[ -s want ] || fail "no decisions"
expect 0 "$pointsman" route "$bundle" mine/prompts.jsonl --json
sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' out | sort >all
cut -d' ' -f1 want >ids
join ids all >got
cmp -s got want || fail "route decides otherwise on numbers for ids or rows of turns"

gzip -c mine/prompts.jsonl >packed.jsonl.gz
expect 0 "$pointsman" route "$bundle" packed.jsonl.gz --json
sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' out | sort >again
cmp -s all again || fail "a gzipped .jsonl reads otherwise"
echo "sum 3 and 4" >new.txt
expect 1 "$pointsman" route "$bundle" new.txt
says err '"new.txt" is a file; read it with `- < FILE`, or give --jsonl'
expect 1 "$pointsman" route "$bundle" mine
says err "is a folder"
echo '{"id": 7}' >empty.jsonl
expect 1 "$pointsman" route "$bundle" empty.jsonl
says err 'row 1: found neither "prompt" nor "turns"'
echo '{"prompt": "x", "tokens_in": 1.5}' >tokens.jsonl
expect 1 "$pointsman" route "$bundle" tokens.jsonl
says err '"tokens_in": found'
finish
