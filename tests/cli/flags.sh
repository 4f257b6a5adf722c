#!/bin/sh
# SPDX-License-Identifier: MIT
# Flags in prompts, end to end: they change decisions and no prediction, every example of docs/flags.md holds, weights do
# what the same weights of a run do, and nothing that is not understood is silent.
. "${srcdir:-.}/tests/cli/lib.sh"
build=$PWD
root=$(cd "$src" && pwd)
data=$root/datasets/toy_flags

script() { # NAME DATA FLAGS SIZE OTHER
    cat >"$work/$1.lua" <<LUA
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "$2" {}, embedder = pm.embedder "lsa" { dim = 32 }, bootstrap = { resamples = 200 },
  routers = { pm.router "knn" { k = 15 } }, $3
  constraints = {
    pm.constraint "size" { weight = $4, phrases = { ["smallest model"] = 10, ["small model"] = 0.5 } },
    pm.constraint "price" { ${5:-weight = 0} },
  },
  objective = pm.objective "penalty" {},
}
LUA
}
results() { sed -n 's/^results  *//p' "$work/out"; }
predicted() { sed -n 's/.*"predicted":"\([0-9a-f]*\)".*/\1/p' "$1/cells-1.json" | head -n 1; }

# ---- the same prompts with flags and without: bit-equal predictions, other decisions ----
mkdir "$work/bare" && cp "$data"/*.csv "$data/models.json" "$work/bare"
sed 's/ \[small model\]//; s/ \[Small  Model\]//; s/\(\\n\\n\)\{0,1\} \{0,1\}\[flag: smalle\{0,1\}s\{0,1\}t\{0,1\} model\]\(\\n\)\{0,1\}//; s/ --size[=0-9.]*//; s/ --price[=0-9.]*//; s/"prompt": " /"prompt": "/' \
    "$data/prompts.jsonl" >"$work/bare/prompts.jsonl"
grep -q 'flag:\|--\|model\]' "$work/bare/prompts.jsonl" && fail "the bare prompts still have flags"
script with "$data" 'flags = "error",' 0
script without "$work/bare" '' 0
expect 0 "$pointsman" run "$work/with.lua"
says out "prompts with flags: 199, flags read: 253, flags not understood: 0"
says out "flagged prompts: what their flags changed"
with=$(results)
expect 0 "$pointsman" run "$work/without.lua"
without=$(results)
[ -n "$(predicted "$with")" ] || fail "no predictions"
[ "$(predicted "$with")" = "$(predicted "$without")" ] || fail "flags changed what is predicted"
cmp -s "$with/bundles/knn.decisions.jsonl" "$without/bundles/knn.decisions.jsonl" && fail "flags changed no decision"
grep -q '"metric":"flags_diff:size","value":-' "$with/summary.json" || fail "flags for small models chose no smaller ones"

# ---- a backend measures the stripped text, too: one whose outcome is a hash of the text it sees ----
cat >"$work/hashed.c" <<'C'
#include <pointsman/plugin.h>
#include <math.h>

static pm_status score(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    (void)b, (void)c;
    out->kind = PM_VALUE_QUALITY;
    for (size_t i = 0; i < x->n; i++) {
        uint32_t h = 2166136261u;
        for (size_t k = 0; k < x->text[i].len; k++) h = (h ^ (unsigned char)x->text[i].ptr[k]) * 16777619u;
        out->value[i] = (h >> 8) / 16777216.0;
        if (out->cost_usd) out->cost_usd[i] = NAN;
        if (out->tokens) out->tokens[i] = NAN;
        if (out->chars) out->chars[i] = NAN;
    }
    return PM_OK;
}

static const pm_param params[] = {PM_PARAM_END};
static const pm_backend_type hashed = {.size = sizeof hashed, .name = "hashed",
    .doc = "Outcomes made of the bytes of a text, for a test.", .source = "none", .params = params, .score = score};
PM_PLUGIN_BACKEND(hashed, "1.0", "MIT")
C
measured() { sed -n 's/.*"value":"\([0-9a-f]*\)","cost".*/\1/p' "$1/cells-1.json" | head -n 1; }
if ${CC:-cc} --version >/dev/null 2>&1 && ! grep -q '^#define PM_SANITIZED' "$build/config.h" 2>/dev/null; then
    mkdir -p "$work/plugins/backends"
    expect 0 ${CC:-cc} -std=c17 -shared -fPIC -I"$root/core/include" "$work/hashed.c" -o "$work/plugins/backends/hashed.so"
    POINTSMAN_PLUGINS="$work/plugins${POINTSMAN_PLUGINS:+:$POINTSMAN_PLUGINS}"
    export POINTSMAN_PLUGINS
    for kind in with without; do
        sed 's/objective = /backend = pm.backend "hashed" {}, objective = /' "$work/$kind.lua" >"$work/measured.lua"
        expect 0 "$pointsman" run "$work/measured.lua"
        measured "$(results)" >"$work/$kind.value"
    done
    [ -s "$work/with.value" ] || fail "nothing was measured"
    cmp "$work/with.value" "$work/without.value" || fail "a backend sees flags"
fi

# ---- a number for every prompt is a run with that weight; 0.25 is the same float ----
mkdir "$work/all" && cp "$work/bare"/*.csv "$work/bare/models.json" "$work/all"
sed 's/", "domain"/ --size=0.25", "domain"/' "$work/bare/prompts.jsonl" >"$work/all/prompts.jsonl"
script all "$work/all" 'flags = "warn",' 7
script fixed "$work/bare" '' 0.25
expect 0 "$pointsman" run "$work/all.lua"
all=$(results)
expect 0 "$pointsman" run "$work/fixed.lua"
fixed=$(results)
cmp "$all/bundles/knn.decisions.jsonl" "$fixed/bundles/knn.decisions.jsonl" || fail "--size=0.25 is not the weight 0.25"

# ---- the bundle keeps it all, and decides as the experiment did ----
bundle=$with/bundles/knn
expect 0 "$pointsman" route "$bundle" "$data/prompts.jsonl" --json
sed -n 's/^{"id":"\([^"]*\)","expert":"\([^"]*\)".*/\1 \2/p' "$work/out" | sort >"$work/got"
sed -n 's/^{"id":"\([^"]*\)","choice":"\([^"]*\)".*/\1 \2/p' "$bundle.decisions.jsonl" | sort >"$work/want"
[ -z "$(comm -13 "$work/got" "$work/want")" ] || fail "route decides otherwise than the experiment on flagged prompts"

# ---- the table of docs/flags.md ----
script doc "$data" 'flags = "error",' 0.25
expect 0 "$pointsman" run "$work/doc.lua"
doc=$(results)/bundles/knn
sed -n '/^## Examples/,/^## In an/p' "$root/docs/flags.md" | sed -n 's/^| `\(.*\)` | `\(.*\)` | \([0-9.]*\) | \([0-9.]*\) |$/\1|\2|\3|\4/p' >"$work/table"
[ "$(wc -l <"$work/table")" -ge 12 ] || fail "docs/flags.md: its examples are not found"
while IFS= read -r line; do
    prompt=${line%%|*} rest=${line#*|}
    sent=$(printf %s "${rest%%|*}" | sed 's/\\/\\\\/g') weights=${rest#*|}
    expect 0 "$pointsman" route "$doc" "$prompt" --json
    says out "\"prompt\":\"$sent\","
    says out "\"weights\":{\"size\":${weights%|*},\"price\":${weights#*|}}"
done <"$work/table"

# ---- weights of flags are those of --weight, and compose ----
explained() { sed 's/.*"experts"://' "$work/out"; }
expect 0 "$pointsman" route "$doc" "Explain tides. --size=0.25 --price=0.5" --json --explain
explained >"$work/one"
expect 0 "$pointsman" route "$doc" "Explain tides." --json --explain --weight size=0.25 --weight price=0.5
explained >"$work/two"
cmp "$work/one" "$work/two" || fail "flags weigh otherwise than --weight"
expect 0 "$pointsman" route "$doc" "Explain tides. [small model] --price=1" --explain
says out "flag \"small model\" at byte 16: size gains 0.5"
says out "weights of this prompt: size = 0.75, price = 1"
says out "the expert is sent \"Explain tides.\""

# ---- wrong ones ----
expect 1 "$pointsman" route "$doc" "x [flag: smalest model]"
says err 'flag: "smalest model" at byte 9: unknown flag; did you mean "smallest model"?'
expect 1 "$pointsman" route "$doc" "x --siez=1"
says err "did you mean --size?"
expect 0 "$pointsman" route "$doc" "x --siez=1" --flags warn --json
says err 'warning: flag "--siez=1" at byte 2: unknown flag'
says out '"prompt":"x","flags":[{"at":2,"kind":"unknown"'
expect 0 "$pointsman" route "$doc" "[small model] x"
says err "note: flag \"[small model]\" at byte 0: looks like a flag, and is left in the text"
expect 0 "$pointsman" route "$doc" "x --siez=1" --flags off
[ -s "$work/err" ] && fail "off still looks"
expect 1 "$pointsman" route "$doc" x --flags of
says err "--flags wants error, warn or off, found 'of'"
expect 0 "$pointsman" route "$without/bundles/knn" "x [flag: qqq]"
[ -s "$work/err" ] && fail "a bundle without the setting looks at flags"
echo '{"id": "talk", "turns": [{"role": "user", "content": "one --size=1"}, {"role": "user", "content": "two --size=2"}]}' >"$work/talk.jsonl"
expect 0 "$pointsman" route "$doc" "$work/talk.jsonl" --json
says out '"prompt":"one\n\ntwo"'
says out '"weights":{"size":2,'

mkdir "$work/wrong" && cp "$work/bare"/*.csv "$work/bare/models.json" "$work/wrong"
sed '3s/", "domain"/ [flag: nonsense]", "domain"/; 4s/", "domain"/ --price=1", "domain"/' "$work/bare/prompts.jsonl" >"$work/wrong/prompts.jsonl"
id=$(sed -n '3s/^{"id": "\([^"]*\)".*/\1/p' "$work/bare/prompts.jsonl")
script wrong "$work/wrong" 'flags = "error",' 0
expect 1 "$pointsman" run "$work/wrong.lua"
says err "prompt \"$id\": flag: \"nonsense\" at byte"
script wrong "$work/wrong" 'flags = "warn",' 0 'sense = "hard", bound = 100'
expect 0 "$pointsman" run "$work/wrong.lua"
says out "flags not understood: 2"
says err "price is hard; it has a bound, not a weight"

# ---- scripts ----
script bad "$data" 'flags = "eror",' 0
expect 1 "$pointsman" check "$work/bad.lua"
says err 'flags'
sed 's/\["small model"\] = 0.5/["small, model"] = 0.5/' "$work/with.lua" >"$work/bad.lua"
expect 1 "$pointsman" check "$work/bad.lua"
says err 'phrases: constraint "size": phrase "small, model" = 0.5: wanted no bracket, comma or line end'
sed 's/weight = 0/sense = "hard", bound = 100/' "$work/with.lua" >"$work/bad.lua"
expect 1 "$pointsman" check "$work/bad.lua"
says err 'flags = "error": flags weigh soft constraints, and there are none'

# ---- from C ----
cat >"$work/main.c" <<'C'
#include <pointsman/pointsman.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char message[PM_MESSAGE_BYTES] = "";
    pm_route_options o = {.size = sizeof o, .flags = argc > 3 ? argv[3] : NULL};
    pm_bundle *b;
    pm_route_ctx *c;
    pm_route_result r = {.size = sizeof r};
    if (pm_bundle_open(argv[1], &o, &b, message) || pm_route_ctx_open(b, &c, message) ||
        pm_route_text(c, argv[2], strlen(argv[2]), &r, message)) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    printf("%s|%.*s|%zu|%zu\n", r.expert, (int)r.prompt.len, r.prompt.ptr, r.flags_read, r.flags_wrong);
    pm_route_ctx_close(c);
    pm_bundle_close(b);
    return 0;
}
C
if [ -x "$build/libtool" ] && ! grep -q '^#define PM_SANITIZED' "$build/config.h" 2>/dev/null && command -v "${CC:-cc}" >/dev/null; then
    "$build/libtool" --quiet --mode=link "${CC:-cc}" -I"$root/core/include" -o "$work/main" "$work/main.c" "$build/libpointsman.la" ||
        fail "the C program does not build"
    export POINTSMAN_PLUGINS="$build/plugins"
    for prompt in "Explain tides. [flag: smallest model]" "Explain tides." "Explain tides. --price=2"; do
        expect 0 "$pointsman" route "$doc" "$prompt"
        expert=$(cat "$work/out")
        expect 0 "$work/main" "$doc" "$prompt"
        says out "$expert|Explain tides.|"
    done
    expect 1 "$work/main" "$doc" "x [flag: qqq]"
    says err 'flag'
    expect 0 "$work/main" "$doc" "x [flag: qqq]" warn
    says out "|x|0|1"
    expect 0 "$work/main" "$doc" "x [flag: qqq]" off
    says out "|x [flag: qqq]|0|0"
fi
finish
