#!/bin/sh
# SPDX-License-Identifier: MIT
# pointsman corpus: the table, the files of --out, equal bytes from equal seeds, what is wrong is told.
. "${srcdir:-.}/tests/cli/lib.sh"

# words N SEED: a text of N sentences of which no two texts share any
words() {
    awk -v n="$1" -v s="$2" 'BEGIN { srand(s); for (i = 0; i < n; i++) { line = ""
        for (k = 0; k < 9; k++) { w = ""; for (j = 0; j < 6; j++) w = w sprintf("%c", 97 + int(rand() * 26)); line = line w " " }
        print line w "." } }'
}
c="$work/corpus"
mkdir -p "$c/left" "$c/right" "$c/tiny"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    words 40 $i >"$c/left/$i.txt"
    words 50 $((100 + i)) | sed '1i <html><body><p>' >"$c/right/$i.html"
done
echo "too little" >"$c/tiny/x.txt"
printf '\000\001' >"$c/left/binary"
ln -s . "$c/left/loop"

expect 0 "$pointsman" corpus "$c" --out "$work/a"
says out "left "
says out "right "
says out "note: domain tiny is left out"
says out 'note: "left/loop" is a symbolic link'
says out "1 no text"
for f in prompts.jsonl manifest.json experts/left.txt experts/right.txt; do
    [ -s "$work/a/$f" ] || fail "--out did not write $f"
done
[ "$(find "$work/a" -type f | wc -l)" = 4 ] || fail "--out left other files behind"
grep -q '"split": "test"' "$work/a/prompts.jsonl" || fail "no test prompt"
grep -q '"split": "train"' "$work/a/prompts.jsonl" || fail "no train prompt"
grep -q '<p>' "$work/a/experts/right.txt" && fail "tags among the experts' text"
grep -q '"sha256"' "$work/a/manifest.json" || fail "the manifest has no hashes"

expect 0 "$pointsman" corpus "$c" --out "$work/b"
diff -r "$work/a" "$work/b" >/dev/null || fail "two equal runs differ"
expect 0 "$pointsman" corpus "$c" --out "$work/b" --seed 2
cmp -s "$work/a/prompts.jsonl" "$work/b/prompts.jsonl" && fail "another seed drew the same prompts"
cmp -s "$work/a/manifest.json" "$work/b/manifest.json" || fail "the manifest depends on the seed"

# prompts.jsonl is the interchange format: with losses beside it, it is a data set
awk 'BEGIN { print "id,one,two" } { split($0, p, "\""); print "\"" p[4] "\",1,2" }' "$work/a/prompts.jsonl" >"$work/a/losses.csv"
cat >"$work/x.lua" <<EOF2
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "$work/a", routers = { pm.router "prior" {} } }
EOF2
expect 0 "$pointsman" run "$work/x.lua" --only prior

expect 1 "$pointsman" corpus "$c" --min-domains 3
says err "found 2 domains with text, wanted at least 3"
says err "domain tiny is left out"
expect 0 "$pointsman" corpus "$c" --min-domains 3 --min-bytes 1
expect 1 "$pointsman" corpus "$work/absent"
says err "is not a folder; a corpus is"
echo '{"domains": {"left": {"clean": "texts"}}}' >"$c/corpus.json"
expect 1 "$pointsman" corpus "$c"
says err 'domains.left.clean: unknown "texts"; did you mean "text"?'
rm "$c/corpus.json"
expect 2 "$pointsman" corpus
expect 2 "$pointsman" corpus "$c" --sed 3
says err "did you mean '--seed'?"
: >"$work/file"
expect 1 "$pointsman" corpus "$c" --out "$work/file"
if [ -w /dev/full ]; then
    "$pointsman" corpus "$c" >/dev/full 2>/dev/null && fail "a full stdout went unnoticed"
fi
finish
