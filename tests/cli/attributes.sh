#!/bin/sh
# SPDX-License-Identifier: MIT
# What prompts need, end to end: "attributes" of prompts.jsonl reach the constraints modality and tools, in an experiment,
# in its bundle (route --jsonl, libpointsman) and in folders that are copied, cut and merged.
. "${srcdir:-.}/tests/cli/lib.sh"

build=$(pwd)
mkdir -p "$work/mine" && cd "$work" || exit 1
# The small expert is the best one for every prompt; only what a prompt needs sends it elsewhere.
awk 'BEGIN {
    for (i = 1; i <= 84; i++) {
        needs = i % 5 == 0 ? ", \"attributes\": {\"modalities\": [\"text\", \"image\"]}" : i % 7 == 0 ? ", \"attributes\": {\"tools\": true}" : ""
        printf "{\"id\": \"q%d\", \"prompt\": \"sum %d and %d\", \"split\": \"%s\"%s}\n", i, i, i * 3, i % 2 ? "train" : "test", needs
    }
}' >mine/prompts.jsonl
awk 'BEGIN { print "id,small,drawer,caller"; for (i = 1; i <= 84; i++) print "q" i ",0.9,0.5,0.4" }' >mine/scores.csv
cat >mine/models.json <<'JSON'
[{"name": "small", "modalities": "text", "tools": false},
 {"name": "drawer", "modalities": "text,image", "tools": false},
 {"name": "caller", "modalities": "text", "tools": true}]
JSON

# $1 file, $2 data, $3 constraints
script() {
    cat >"$1" <<LUA
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$2" {}, embedder = pm.embedder "lsa" { dim = 4 },
  routers = { pm.router "knn" { k = 3 } }, objective = pm.objective "penalty" {}, constraints = { $3 },
}
LUA
}
needs='pm.constraint "modality" { sense = "hard" }, pm.constraint "tools" { sense = "hard", needed = "by_prompt" },'

# decided SCRIPT: "id expert" of every prompt of the test part, sorted, in ./decided; the bundle in $bundle
decided() {
    expect 0 "$pointsman" run "$1"
    bundle=$(sed -n 's/^results  *//p' "$work/out")/bundles/knn
    sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >"$work/decided"
    [ -s "$work/decided" ] || fail "$1: no decisions"
}
awk 'BEGIN { for (i = 2; i <= 84; i += 2) print "q" i, (i % 5 == 0 ? "drawer" : i % 7 == 0 ? "caller" : "small") }' | sort >want

script plain.lua mine ""
decided plain.lua
[ "$(cut -d' ' -f2 decided | sort -u)" = small ] || fail "without constraints not everything goes to the small expert"
script needs.lua mine "$needs"
decided needs.lua
cmp want decided || fail "an experiment sends prompts to experts that lack what they need"
sed 's/image/video/' mine/prompts.jsonl >video.jsonl
expect 1 "$pointsman" route "$bundle" video.jsonl --json
says err "hard constraints leave none of 3 experts: \"modality\""

# ---- the bundle ----
expect 0 "$pointsman" route "$bundle" mine/prompts.jsonl --json
sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' out | sort >all
cut -d' ' -f1 want >ids
join ids all | cmp - want || fail "route --jsonl decides otherwise than the experiment"
expect 0 "$build/tests/cli/route_attributes" "$bundle"
printf 'small\ndrawer\ncaller\n' | cmp - out || fail "libpointsman decides otherwise than the experiment"
echo '{"prompt": "x", "attributes": {"modalities": "smell"}}' >smell.jsonl
expect 1 "$pointsman" route "$bundle" smell.jsonl
says err 'row 1: "attributes": "modalities": found "smell", wanted text, image, audio, video or file'
echo '{"prompt": "x", "attributes": {"tool": true}}' >tool.jsonl
expect 1 "$pointsman" route "$bundle" tool.jsonl
says err 'did you mean "tools"?'

# ---- folders that are copied ----
expect 0 "$pointsman" data convert --from folder mine copied --gzip
expect 0 "$pointsman" data split mine cut --by prompt --test .5 --seed 1
awk 'NR == 1 || NR <= 41' mine/scores.csv >first.csv
mkdir one two
head -n 40 mine/prompts.jsonl >one/prompts.jsonl && cp first.csv one/scores.csv && cp mine/models.json one
sed 1,40d mine/prompts.jsonl >two/prompts.jsonl && cp mine/models.json two
awk 'NR == 1 || NR > 41' mine/scores.csv >two/scores.csv
expect 0 "$pointsman" data merge one two merged
for folder in copied merged; do
    script "$folder.lua" "$folder" "$needs"
    decided "$folder.lua"
    cmp want decided || fail "$folder: attributes are not kept"
done
script cut.lua cut "$needs"
decided cut.lua
awk 'BEGIN { for (i = 1; i <= 84; i++) print "q" i, (i % 5 == 0 ? "drawer" : i % 7 == 0 ? "caller" : "small") }' | sort >each
join decided each | awk '$2 != $3' | grep . && fail "cut: attributes are not kept"
finish
