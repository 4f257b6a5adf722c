#!/bin/sh
# SPDX-License-Identifier: MIT
# pointsman data: each sub-verb, what it writes, and what it says of what is wrong.
. "${srcdir:-.}/tests/cli/lib.sh"

# same FILE TEXT: the file holds exactly that
same() {
    printf '%s\n' "$2" | cmp -s - "$1" || {
        fail "$1 is not what it should be"
        head -n 5 "$1"
    }
}

# ---- convert: long ----
cat >"$work/runs.csv" <<'EOF2'
query_id,model,score,cost,tokens,latency_ms,prompt,domain,pages,answer
q1,small,1,0.001,12,30,"say ""hi"",
then stop",talk,2,hello
q1,large,0.75,0.01,,,"say ""hi"",
then stop",talk,,
q2,small,0,,3,,17 * 23?,math,4,no
q2,large,,0.02,,,17 * 23?,math,,
EOF2
expect 0 "$pointsman" data convert --from long "$work/runs.csv" "$work/a"
says out "4 rows read, 0 left out"
says out 'note: 2 texts of an answer are not kept: "answer"'
same "$work/a/scores.csv" 'id,small,large
q1,1,0.75
q2,0,'
same "$work/a/costs.csv" 'id,small,large
q1,0.001,0.01
q2,,0.02'
same "$work/a/pages.csv" 'id,small,large
q1,2,
q2,4,'
same "$work/a/prompts.jsonl" '{"id": "q1", "prompt": "say \"hi\",\nthen stop", "domain": "talk"}
{"id": "q2", "prompt": "17 * 23?", "domain": "math"}'
cat >"$work/runs.jsonl" <<'EOF2'
{"query_id": "q1", "model": "small", "score": 1, "cost": 0.001, "tokens": 12, "latency_ms": 30, "pages": 2}
{"query_id": "q1", "model": "large", "score": 0.75, "cost": 0.01}
{"query_id": "q2", "model": "small", "score": false, "tokens": 3, "pages": 4}
{"query_id": "q2", "model": "large", "score": null, "cost": 0.02}
{"query_id": "q3", "model": "large", "score": 1}
EOF2
cat >"$work/q.jsonl" <<'EOF2'
{"id": "q1", "prompt": "say \"hi\",\nthen stop", "domain": "talk"}
{"id": "q2", "prompt": "17 * 23?", "domain": "math"}
EOF2
gzip -k "$work/runs.jsonl"
expect 0 "$pointsman" data convert --from long --prompts "$work/q.jsonl" "$work/runs.jsonl.gz" "$work/b"
says out "5 rows read, 1 left out"
says out "1: the file of prompts has no such query (the first: runs.jsonl.gz:5)"
diff -r "$work/a" "$work/b" >/dev/null || fail "CSV and JSON lines of the same rows differ"

cat >"$work/bad.csv" <<'EOF2'
query_id,model,score,prompt
q1,small,1.5,x
q1,large,much,x
q2,small,1,y
q2,small,0,y
q2,large
q2,large,1,z
EOF2
expect 1 "$pointsman" data convert --from long "$work/bad.csv" "$work/none"
says err "5 mistakes"
says err 'bad.csv:2: scores of prompt "q1" by model "small": found 1.5, wanted a number from 0 to 1'
says err 'bad.csv:3: column 3 ("score"): found "much", wanted a number, or nothing if not known'
says err 'bad.csv:5: scores of prompt "q2" by model "small": found 0, but 1 was given before'
says err 'bad.csv:6: found 2 fields, wanted 4 as in the header'
says err 'bad.csv:7: query "q2" has another text than before'
[ -e "$work/none" ] && fail "a failed import left a folder"
[ -z "$(find "$work" -name '*.tmp.*')" ] || fail "a failed import left a temporary folder"
echo 'model,score' >"$work/bad.csv"
expect 1 "$pointsman" data convert --from long "$work/bad.csv" "$work/none"
says err 'bad.csv:1: found no column of the query'"'"'s id, wanted "query_id" (or --query NAME)'
expect 1 "$pointsman" data convert --from long "$work/absent.csv" "$work/none"
says err "absent.csv: cannot open"
expect 1 "$pointsman" data convert --from long "$work/q.txt" "$work/none"
says err "wanted a name that ends in .csv or .jsonl"
printf 'query_id,model,score,prompt\nq1,small,1,bad \377\nq2,small,0,good\n' >"$work/bytes.csv"
printf '{"query_id":"q1","model":"small","score":1,"prompt":"bad \377"}\n' >"$work/bytes.jsonl"
printf '{"prompt":"bad \377","model_a":"m","model_b":"n","winner":"a"}\n' >"$work/duels.jsonl"
for file in bytes.csv bytes.jsonl duels.jsonl; do
    from=long
    [ $file = duels.jsonl ] && from=battles
    expect 0 "$pointsman" data convert --from $from "$work/$file" "$work/repaired" --overwrite
    says out "texts with repaired UTF-8: 1"
done

# ---- convert: folder ----
expect 1 "$pointsman" data convert --from folder "$work/a" "$work/b"
says err "is not empty"
expect 0 "$pointsman" data convert --from folder "$work/a" "$work/b" --overwrite --gzip
[ -s "$work/b/scores.csv.gz" ] && [ ! -e "$work/b/scores.csv" ] || fail "--gzip did not pack, or --overwrite kept"
expect 0 "$pointsman" data convert --from folder "$work/b" "$work/c"
diff -r "$work/a" "$work/c" >/dev/null || fail "a folder is not the same after being packed and unpacked"
expect 0 "$pointsman" data convert --from folder --domain math "$work/a" "$work/d"
same "$work/d/scores.csv" 'id,small,large
q2,0,'
expect 1 "$pointsman" data convert --from folder --domain maths "$work/a" "$work/e"
says err 'no domain "maths"; did you mean "math"?'
mkdir "$work/full" && : >"$work/full/letter"
expect 1 "$pointsman" data convert --from folder "$work/a" "$work/full" --overwrite
says err "holds letter but no prompts.jsonl; only a dataset is overwritten"

# what nobody reads is kept
mkdir "$work/odd"
echo '{"id": "q1", "prompt": "x", "lang": "de", "tags": ["a", {"b": null}]}' >"$work/odd/prompts.jsonl"
printf 'id,m,n\nq1,1,0\n' >"$work/odd/scores.csv"
printf 'id,m,n\nq1,7.25,\n' >"$work/odd/chars.csv"
echo '[{"name": "m", "params_b": 7, "home": "x"}, {"name": "n"}]' >"$work/odd/models.json"
echo '{"prompt_id": "q1", "model_a": "m", "model_b": "n", "winner": "a", "p_b": 0.25, "turn": 1}' >"$work/odd/battles.jsonl"
echo "whence" >"$work/odd/SOURCE.md"
expect 0 "$pointsman" data convert --from folder "$work/odd" "$work/odd2"
same "$work/odd2/prompts.jsonl" '{"id": "q1", "prompt": "x", "lang": "de", "tags": ["a", {"b": null}]}'
same "$work/odd2/battles.jsonl" '{"prompt_id": "q1", "model_a": "m", "model_b": "n", "winner": "a", "p_b": 0.25, "turn": 1}'
same "$work/odd2/chars.csv" 'id,m,n
q1,7.25,'
grep -q '"home": "x"' "$work/odd2/models.json" || fail "an attribute of a model is lost"
cmp -s "$work/odd/SOURCE.md" "$work/odd2/SOURCE.md" || fail "SOURCE.md is lost"

# ---- convert: embeddings ----
printf '{"id": "q2", "embedding": [3, -4.5]}\n{"id": "q1", "embedding": [0.1, 2e-3]}\n' >"$work/v.jsonl"
expect 0 "$pointsman" data convert --from embeddings --folder "$work/a" "$work/v.jsonl" "$work/v"
expect 0 "$pointsman" data inspect "$work/v"
says out "embeddings: 2 values each"
expect 0 "$pointsman" data convert --from embeddings --folder "$work/a" "$work/v/embeddings.npy" "$work/w"
diff -r "$work/v" "$work/w" >/dev/null || fail "vectors as text and as .npy differ"
expect 0 "$pointsman" data convert --from embeddings --folder "$work/v" "$work/v.jsonl" "$work/v" --overwrite
diff -r "$work/v" "$work/w" >/dev/null || fail "vectors cannot be replaced in place"
head -n 1 "$work/v.jsonl" >"$work/half.jsonl"
expect 1 "$pointsman" data convert --from embeddings --folder "$work/a" "$work/half.jsonl" "$work/none"
says err 'missing embeddings: found 1 for 2 prompts; prompt "q1" is the first without'
echo '{"id": "q1", "embedding": [1, "x"]}' >"$work/half.jsonl"
expect 1 "$pointsman" data convert --from embeddings --folder "$work/a" "$work/half.jsonl" "$work/none"
says err 'half.jsonl:1: "embedding": found "[1, "x"]", wanted an array of numbers'
expect 1 "$pointsman" data convert --from embeddings "$work/half.jsonl" "$work/none"
says err "--folder is missing"

# ---- the verb itself ----
expect 0 "$pointsman" data convert --list
says out "long"
says out "verified on its own documented schema"
expect 0 "$pointsman" data convert --from long --help
says out "--prompts FILE"
expect 2 "$pointsman" data convert --from lnog "$work/runs.csv" "$work/none"
says err "did you mean 'long'?"
expect 2 "$pointsman" data convert "$work/runs.csv" "$work/none"
says err "--from is missing"
expect 2 "$pointsman" data convert --from long --domain x "$work/runs.csv" "$work/none"
says err "unknown option '--domain'"
expect 2 "$pointsman" data inspekt "$work/a"
says err "did you mean 'inspect'?"
expect 2 "$pointsman" data
expect 0 "$pointsman" data --help
says out "validate "
for v in inspect validate convert split merge; do
    expect 0 "$pointsman" data $v --help
    says out "pointsman data $v"
done

# ---- inspect ----
expect 0 "$pointsman" data inspect "$work/odd"
says out "odd: 1 prompts, 2 models, 0 domains, 1 battles"
grep -Eq '^m .* 1 +[0-9.]+%$' "$work/out" || fail "inspect does not tell a model's battles"
says out 'note: prompts: 2 fields of no meaning here are left out: "lang", "tags"'
expect 0 "$pointsman" data inspect "$work/a" --json
says out '"prompts": 2'
says out '{"name": "large", "known": 1, "mean": 0.75, "cost_usd": 0.0149'
expect 1 "$pointsman" data inspect "$work/absent"
says err "is not a folder"

# ---- split ----
for i in 1 2 3 4 5 6 7 8 9; do
    echo "{\"id\": \"p$i\", \"prompt\": \"text $((i / 2))\", \"domain\": \"d$((i / 3))\"}"
done >"$work/odd/prompts.jsonl"
rm "$work/odd/chars.csv" "$work/odd/battles.jsonl"
{ echo id,m,n; for i in 1 2 3 4 5 6 7 8 9; do echo "p$i,0,1"; done; } >"$work/odd/scores.csv"
expect 0 "$pointsman" data split "$work/odd" "$work/s1" --by group --test .4 --seed 3
expect 0 "$pointsman" data split "$work/odd" "$work/s2" --by group --test 0.4 --seed 3
diff -r "$work/s1" "$work/s2" >/dev/null || fail "the same seed split otherwise"
expect 0 "$pointsman" data inspect "$work/s1"
says out "0 on both sides of the split"
expect 0 "$pointsman" data split "$work/odd" "$work/s3" --by domain
[ "$(sed 's/.*"domain": "\([^"]*\)", "split": "\([^"]*\)".*/\1 \2/' "$work/s3/prompts.jsonl" | sort -u | wc -l)" = 4 ] ||
    fail "a domain was divided"
expect 0 "$pointsman" data split "$work/odd" "$work/s4" --by prompt
expect 2 "$pointsman" data split "$work/odd" "$work/s5" --by gruop
says err "did you mean 'group'?"
expect 2 "$pointsman" data split "$work/odd" "$work/s5" --test 1
says err "wanted a share above 0 and below 1"

# ---- merge ----
mkdir "$work/m1" "$work/m2"
printf '{"id": "x", "prompt": "1"}\n{"id": "y", "prompt": "2"}\n' >"$work/m1/prompts.jsonl"
printf 'id,a\nx,1\ny,0.5\n' >"$work/m1/scores.csv"
printf '{"id": "y", "prompt": "2"}\n{"id": "z", "prompt": "3"}\n' >"$work/m2/prompts.jsonl"
printf 'id,b,a\ny,0.25,0.5\nz,,1\n' >"$work/m2/scores.csv"
expect 0 "$pointsman" data merge "$work/m1" "$work/m2" "$work/m3"
same "$work/m3/scores.csv" 'id,a,b
x,1,
y,0.5,0.25
z,1,'
printf 'id,b,a\ny,0.25,0.75\nz,,1\n' >"$work/m2/scores.csv"
expect 1 "$pointsman" data merge "$work/m1" "$work/m2" "$work/m4"
says err 'scores of prompt "y" by model "a": found 0.75, but 0.5 was given before'
printf '{"id": "y", "prompt": "two"}\n{"id": "z", "prompt": "3"}\n' >"$work/m2/prompts.jsonl"
expect 1 "$pointsman" data merge "$work/m1" "$work/m2" "$work/m4"
says err 'prompt "y" has another text than before'
printf '{"id": "y", "prompt": "2", "split": "test"}\n{"id": "z", "prompt": "3"}\n' >"$work/m2/prompts.jsonl"
expect 1 "$pointsman" data merge "$work/m1" "$work/m2" "$work/m4"
says err 'prompt "y" has another split than before'
[ -e "$work/m4" ] && fail "a failed merge left a folder"
finish
