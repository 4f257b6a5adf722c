#!/bin/sh
# SPDX-License-Identifier: MIT
# The library grows: over a corpus with files that are left out, an expert is added, and it alone is trained; a file
# named by --set is the library; a corpus that grows trains all again; a file at its allowed size is a failed write.
. "${srcdir:-.}/tests/cli/lib.sh"
here=$PWD
toy=$(cd "$src/datasets/toy_corpus" && pwd)
program=$(cd "$(dirname "$pointsman")" && pwd)/$(basename "$pointsman")
mkdir -p "$work/me/text" && cd "$work/me" || exit 1
for d in kitchen orchard harbour; do cp -r "$toy/$d" text/; done
chmod -R u+w text
# what a folder of one's own has too: each is skipped, named and counted, and the run ends well
printf '\000\001\002' >text/kitchen/photo.jpg
: >text/kitchen/empty.txt
ln -s .. text/harbour/up
mkdir text/notes && echo "too little" >text/notes/one.txt

cat >mine.lua <<'X'
local pm <const> = require "pointsman"
local third <const> = pm.backend "ngram" { order = 3 }
return pm.library {
  name = "mine",
  pm.expert "cook" { backend = third, learns = pm.mix { base = .2, doses = { kitchen = .6 } } },
  pm.expert "sailor" { backend = third, learns = pm.mix { base = .2, doses = { harbour = .6 } } },
}
X
cat >more.lua <<'X'
local pm <const> = require "pointsman"
local experts <const> = { name = "more" }
for _, expert in ipairs(pm.load "mine.lua") do experts[#experts + 1] = expert end
experts[#experts + 1] = pm.expert "gardener" {
  backend = pm.backend "ngram" { order = 3 }, learns = pm.mix { base = .2, doses = { orchard = .7 } },
}
return pm.library(experts)
X
cat >trial.lua <<'X'
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.corpus "text" { min_chars = 100, max_chars = 500, min_domain_bytes = 1000, big_document = .5 },
  library = pm.load "mine.lua", embedder = pm.embedder "lsa" { dim = 8 },
  routers = { pm.router "prior" {}, pm.router "knn" { k = 5 } }, bootstrap = { resamples = 100 },
}
X
expect 0 "$program" check more.lua
says out "3 experts"
expect 0 "$program" run trial.lua
says out 'note 1: "harbour/up" is a symbolic link'
says out '"kitchen/photo.jpg" is no text'
says out '"kitchen/empty.txt" is empty'
says out "domain notes is left out"
says out "(5 jobs done" # two experts, the embedder, two routers
first=$(sed -n 's|^results  *.*/||p' "$work/out")

# one more expert: it alone is trained
expect 0 "$program" run trial.lua --set library=more.lua --dry
says out "done     expert     cook"
says out "done     expert     sailor"
says out "to do    expert     gardener"
expect 0 "$program" run trial.lua --set library=more.lua
says out "gardener: "
second=$(sed -n 's|^results  *.*/||p' "$work/out")
[ "$first" != "$second" ] || fail "another library, the same run"
expect 0 "$program" run trial.lua --set library=more.lua --dry
says out "0 jobs to do"
expect 0 "$program" runs compare "$first" "$second"
says out "on the same data: text "
says out "only in B"
# what the old experts measured is as it was
sed -n 's/^\(cook\|sailor\) .*/&/p' "$work/out" | awk '{ if ($2 != $5) exit 1 }' || fail "old experts changed"

# nearly a name of the corpus, nothing to learn, no such library
sed 's/orchard/orchart/' more.lua >slip.lua
expect 1 "$program" run trial.lua --set library=slip.lua
says err 'did you mean "orchard"?'
sed 's/learns = .*orchard.*/learns = pm.mix {},/' more.lua >idle.lua
expect 1 "$program" run trial.lua --set library=idle.lua
says err "teaches nothing; want base > 0 or doses"
expect 1 "$program" run trial.lua --set library=absent.lua
says err "absent.lua"
expect 1 "$program" run trial.lua --set library=mine
says err "want pm.library"

# a domain that is added changes the corpus, so every expert is measured again
cp -r "$toy/bylaws" text/
expect 0 "$program" run trial.lua --set library=more.lua --dry
says out "to do    expert     cook"
says out "4 domains"

# no room: an error and no half-written results; the next run is as if nothing had been
(
    ulimit -f 40 || exit 77
    "$program" run trial.lua --out "$work/small" >"$work/out" 2>"$work/err"
    [ $? = 1 ]
)
case $? in
0) says err "$work/small/" ;; # a file of the store, named
77) ;;
*) fail "a file at its allowed size ended the run otherwise" ;;
esac
expect 0 "$program" run trial.lua --out "$work/small"
cd "$here" || exit 1
finish
