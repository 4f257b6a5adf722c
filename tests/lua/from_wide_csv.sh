#!/bin/sh
# SPDX-License-Identifier: MIT
# datasets/from_wide_csv.lua on a small awkward file: quotes, commas, line ends and empty cells survive, and pointsman
# reads the folder that it writes.
. "${srcdir:-.}/tests/cli/lib.sh"
lua=$(command -v lua5.4 || command -v lua) || { echo "SKIP: no lua"; exit 77; }
script=$(cd "$src" && pwd)/datasets/from_wide_csv.lua
cd "$work" || exit 1

# a byte-order mark, CRLF, a quoted line end, doubled quotes, a comma in a model's name, an empty cell
{
    printf '\357\273\277key,prompt,topic,"m, one score",two score,"m, one usd",two usd,"m, one ms",two ms\r\n'
    printf 'a1,"say ""hi"",\nthen stop",talk,0.5,1,0.001,0.002,10,20\r\n'
    printf 'a2,back\\slash,talk,,0.25,0,0.5,11,21\r\n'
} >wide.csv
expect 0 "$lua" "$script" --id key --domain topic wide.csv made
says out "made: 2 prompts, 2 models: m, one, two"
cat >want <<'TEXT'
{"id": "a1", "prompt": "say \"hi\",\nthen stop", "domain": "talk"}
{"id": "a2", "prompt": "back\\slash", "domain": "talk"}
id,"m, one",two
a1,0.5,1
a2,,0.25
id,"m, one",two
a1,0.001,0.002
a2,0,0.5
id,"m, one",two
a1,10,20
a2,11,21
TEXT
cat made/prompts.jsonl made/scores.csv made/costs.csv made/ms.csv >got
cmp -s got want || { fail "the folder is not what was expected"; diff got want; }
expect 1 "$lua" "$script" --id key wide.csv made
says err "made/prompts.jsonl exists already"
expect 0 "$lua" "$script" --help
says out "Usage: lua5.4"
expect 2 "$lua" "$script"
expect 1 "$lua" "$script" --id nokey wide.csv other
says err 'wide.csv:1: no column "nokey"'
printf 'prompt,a score\nx,1\ny\n' >short.csv
expect 1 "$lua" "$script" short.csv other
says err "short.csv:3: found 1 fields, wanted 2"
printf 'prompt,a score\n"x,1\n' >open.csv
expect 1 "$lua" "$script" open.csv other
says err "open.csv:2: a quote never closes"

# the program reads what was written, with models known by the header of the scores alone
awk 'BEGIN { print "prompt,s score,l score"; for (i = 1; i <= 60; i++) print "\"number, " i "\"," (i % 2) "," 1 - i % 2 }' >wide60.csv
expect 0 "$lua" "$script" wide60.csv mine
cat >mine.lua <<'LUA'
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "mine" { models = { "s", "l" } },
  split = pm.split { by = "group", train = 0.6, tune = 0.2, test = 0.2 },
  routers = { pm.router "prior" {} }, objective = pm.objective "penalty" {},
}
LUA
expect 0 "$pointsman" run mine.lua --dry
says out "60 prompts x 2 experts"
sed -i 's/"s", "l"/"s", "ll"/' mine.lua
expect 1 "$pointsman" check mine.lua
says err 'mine.lua:3'
says err 'the data has no model "ll"; did you mean "l"?'
printf '[{"name": 3}]' >mine/models.json
expect 1 "$pointsman" check mine.lua
says err "models.json"
finish
