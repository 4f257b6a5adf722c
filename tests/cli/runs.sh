#!/bin/sh
# SPDX-License-Identifier: MIT
# What `run` and `runs` say of a folder of one's own: what is missing is told before any training, models left out
# and the prices used are named, unfinished runs are neither shown as results nor compared, looking creates nothing.
. "${srcdir:-.}/tests/cli/lib.sh"
cd "$work" || exit 1

mkdir mine
awk 'BEGIN { for (i = 1; i <= 60; i++) printf "{\"id\": \"q%d\", \"prompt\": \"number %d\"}\n", i, i }' >mine/prompts.jsonl
awk 'BEGIN { print "id,small,large,rare"; for (i = 1; i <= 60; i++) print "q" i "," (i % 3 ? 1 : 0) ",0.9," (i < 31 ? 1 : "") }' \
    >mine/scores.csv
script() { # CONSTRAINT-LINE, on line 6
    cat <<LUA
local pm <const> = require "pointsman"
return pm.experiment {
  name = "mine", data = pm.dataset "mine" {},
  split = pm.split { by = "group", train = 0.6, tune = 0.2, test = 0.2 },
  constraints = {
    $1
  },
  routers = { pm.router "prior" {} }, objective = pm.objective "penalty" {},
}
LUA
}

# a price is missing: the constraint's line, before a run is begun
script 'pm.constraint "price" { weight = 0.1 }' >mine.lua
for dry in --dry ''; do
    expect 1 "$pointsman" run mine.lua $dry
    says err 'mine.lua:6: constraint "price"'
    says err 'expert "small" has no attribute price_in'
done
expect 0 "$pointsman" runs list
[ ! -s out ] || fail "a run was begun although a price is missing"
expect 0 "$pointsman" runs list --out elsewhere
says err "no runs in elsewhere yet"
[ ! -e elsewhere ] || fail "looking for runs created a store"
expect 1 "$pointsman" runs show mine --out elsewhere

# costs are recorded and prices known: the head says what counts, and who was left out
sed 's/id,.*/id,small,large,rare/; s/^\(q[0-9]*\),.*/\1,0.001,0.01,0.02/' mine/scores.csv >mine/costs.csv
echo '[{"name": "small", "price_in": 1, "price_out": 2}, {"name": "large", "price_in": 1, "price_out": 2}, {"name": "rare"}]' \
    >mine/models.json
expect 0 "$pointsman" run mine.lua --dry
says out "dropped: rare (50 % known)"
expect 0 "$pointsman" run mine.lua
says out "dropped: rare (50 % known)"
says out 'price: experts priced by mean recorded cost on train=2, list prices unused (basis = "list" uses them)=2'
key=$(sed -n 's/^run  *\([0-9a-f]*\).*/\1/p' out)
says out "bundles  knn__reference_, prior"
expect 0 "$pointsman" run mine.lua --set 'constraints[1].basis=list'
says out 'price: experts priced by list price=2'

# more than 4 weight points: each has its bundle; no term is -0
script 'pm.constraint "price" { weight = pm.grid { 0, 0.1, 0.2, 0.3, 0.4, 0.5 } }' >mine.lua
expect 0 "$pointsman" run mine.lua
dir=$(sed -n 's/^results  *//p' out)
for w in 0 0.1 0.2 0.3 0.4 0.5; do [ -f "$dir/bundles/prior@price_$w/bundle.json" ] || fail "no bundle at weight $w"; done
expect 0 "$pointsman" route "$dir/bundles/prior@price_0" "number 3" --explain
grep -q -e '-0\.00000' out && fail "a term of -0"

# the newest attempt fails: its name still means the finished run, and it is not compared
script 'pm.constraint "price" { sense = "hard", bound = 0.000001, scale = "raw" }' >hard.lua
expect 1 "$pointsman" run hard.lua
expect 0 "$pointsman" runs list
failed=$(sed -n 's/^\([0-9a-f]\{12\}\)  .* failed .*/\1/p' out)
[ -n "$failed" ] || fail "no failed run is listed"
expect 0 "$pointsman" runs show mine
says out "done"
expect 0 "$pointsman" runs show "$failed"
says out "failed: "
says out 'finished jobs are kept: `pointsman run'
expect 1 "$pointsman" runs compare "$key" "$failed"
says err "is not finished (failed): nothing to compare"
finish
