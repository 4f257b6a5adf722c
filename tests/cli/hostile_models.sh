#!/bin/sh
# SPDX-License-Identifier: MIT
# Model files that lie: configurations, tensors and tokenisers with something wrong in them, cut files, pipes and folders where
# files should be; prompts of no and of millions of characters; scripts that ask for what no model can be.  A small encoder is
# made here, byte by byte.
. "${srcdir:-.}/tests/cli/lib.sh"
model=$work/small
toy=$(cd "$src" && pwd)/datasets/toy
corpus=$(cd "$src" && pwd)/datasets/toy_corpus

# ---- a BERT of one layer, width 8, two heads, 64 positions ----
offset=0 header=
tensor() { # NAME SHAPE ELEMENTS
    header="$header,\"$1\":{\"dtype\":\"F32\",\"shape\":[$2],\"data_offsets\":[$offset,$((offset + 4 * $3))]}"
    offset=$((offset + 4 * $3))
}
pair() { # NAME ROWS COLS: a weight with its bias
    tensor "$1.weight" "$2,$3" $(($2 * $3))
    tensor "$1.bias" "$2" "$2"
}
norm() {
    tensor "$1.weight" 8 8
    tensor "$1.bias" 8 8
}
tensor embeddings.word_embeddings.weight 40,8 320
tensor embeddings.position_embeddings.weight 64,8 512
tensor embeddings.token_type_embeddings.weight 2,8 16
norm embeddings.LayerNorm
layer=encoder.layer.0
for part in query key value; do pair $layer.attention.self.$part 8 8; done
pair $layer.attention.output.dense 8 8
norm $layer.attention.output.LayerNorm
pair $layer.intermediate.dense 16 8
pair $layer.output.dense 8 16
norm $layer.output.LayerNorm
header="{${header#,}}"
while [ $((${#header} % 8)) -ne 0 ]; do header="$header "; done

mkdir -p "$model"
weights() { # floats between -1.9 and 1.9, no two rows alike: their upper bytes, from a linear congruence
    LC_ALL=C awk -v n=$((offset / 4)) -v len=${#header} -v header="$header" 'BEGIN {
        printf "\\%03o\\%03o\\000\\000\\000\\000\\000\\000", len % 256, int(len / 256)
        gsub(/"/, "\\042", header); printf "%s", header
        for (x = 7; n--;) {
            x = (x * 75 + 74) % 65537
            printf "\\000\\000\\%03o\\%03o", 128 * (int(x / 16) % 2) + int(x / 64) % 112, x % 2 ? 61 : 189
        } }'
}
printf "$(weights)" >"$model/model.safetensors"
cat >"$model/config.json" <<'END'
{"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1,
 "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 64, "type_vocab_size": 2}
END
vocab='"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3'
id=4
for letter in a e i o u r s t n l; do
    vocab="$vocab, \"$letter\": $id, \"##$letter\": $((id + 1))"
    id=$((id + 2))
done
cat >"$model/tokenizer.json" <<END
{"added_tokens": [], "truncation": null, "normalizer": {"type": "BertNormalizer"},
 "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": null,
 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
 "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {$vocab}}}
END
expect 0 "$pointsman" model verify "$model"
says out "small: sound"

# ---- one thing wrong at a time ----
fresh() {
    rm -rf "$work/bad"
    cp -r "$model" "$work/bad"
}
wrong() { # FILE SED SENTENCE: refused, and how
    fresh
    sed "$2" "$model/$1" >"$work/bad/$1"
    expect 1 "$pointsman" model verify "$work/bad"
    cat "$work/err" >>"$work/out"
    says out "$3"
}
wrong config.json 's/"num_attention_heads": 2/"num_attention_heads": 3/' "3 heads do not divide a width of 8"
wrong config.json 's/"hidden_size": 8/"hidden_size": -8/' "hidden_size: -8; want a whole number"
wrong config.json 's/"hidden_size": 8/"hidden_size": 1e30/' "hidden_size: 1e+30; want a whole number"
wrong config.json 's/"hidden_size": 8/"hidden_size": "8"/' 'hidden_size: "8"; want a whole number'
wrong config.json 's/"hidden_size": 8/"hidden_size": 16/' "'embeddings.word_embeddings.weight' has shape [40, 8]; want [40, 16]"
wrong config.json 's/"vocab_size": 40/"vocab_size": 39/' "'embeddings.word_embeddings.weight' has shape [40, 8]; want [39, 8]"
wrong config.json 's/"num_hidden_layers": 1/"num_hidden_layers": 65535/' "holds no tensor 'bert.encoder.layer.1.attention.self.query.weight'"
wrong config.json 's/: "bert"/: "brt"/' "did you mean 'bert'?"
wrong config.json 's/40, /40, "hidden_act": "gelo", /' 'hidden_act: "gelo"; want gelu'
wrong config.json 's/40, /40, "pad_token_id": 40, /' "pad_token_id: 40 is not among the 40 tokens"
wrong tokenizer.json 's/"##l": 23/"##l": 50/' '"##l" has id 50, but there are 24 pieces: found holes'
wrong tokenizer.json 's/"##l": 23/"##l": 22/' 'vocabulary: id 22 is "l" and "##l"'
wrong tokenizer.json 's/"\[UNK\]", "vocab/"<unk>", "vocab/' 'unk_token "<unk>" is not in the vocabulary'
wrong tokenizer.json 's/"WordPiece"/"WordLevel"/' 'type "WordLevel" is not supported'
wrong tokenizer.json 's/"WordPiece"/7/' 'model: type "(none)" is not supported'
wrong tokenizer.json 's/"BertNormalizer"/"Precompiled"/' 'normalizer: "Precompiled" is not supported'
wrong tokenizer.json 's/"BertNormalizer"/"Sequence", "normalizers": 5/' 'normalizer: "normalizers" is something else, wanted a list'
wrong tokenizer.json 's/"truncation": null/"truncation": 8/' "truncation: found no settings"
wrong tokenizer.json 's/"added_tokens": \[\]/"added_tokens": [{"id": 99, "content": "x"}]/' '"x" has id 99'
wrong tokenizer.json 's/"added_tokens": \[\]/"added_tokens": [{"id": 24, "content": "x"}, {"id": 25, "content": "x"}]/' '"x" has id 24 and id 25'
wrong tokenizer.json 's/"WordPiece"/"BPE", "merges": ["t zz"]/' 'merge 0 is of "zz", which is not in the vocabulary'
wrong tokenizer.json 's/"WordPiece"/"BPE", "merges": "t l"/' 'model: "merges" is not a list'

for file in config.json tokenizer.json model.safetensors; do
    fresh
    : >"$work/bad/$file"
    expect 1 "$pointsman" model verify "$work/bad"
    rm "$work/bad/$file"
    mkdir "$work/bad/$file"
    expect 1 "$pointsman" model verify "$work/bad"
    rmdir "$work/bad/$file"
    mkfifo "$work/bad/$file"
    expect 1 "$pointsman" model verify "$work/bad"
    cat "$work/err" >>"$work/out"
    says out "$file: is not a regular file"
done
fresh
awk 'BEGIN { while (i++ < 100000) printf "[" }' >"$work/bad/tokenizer.json"
expect 1 "$pointsman" model verify "$work/bad"
says out "nested more than 64 deep"
yes 1, | head -n 8400000 | tr -d '\n' | sed 's/^/[/' >"$work/bad/tokenizer.json"
expect 1 "$pointsman" model verify "$work/bad"
says out "more than 8388608 values"

# ---- cut files, and bytes that changed in the header: refused or sound, never anything else ----
fresh
size=$(wc -c <"$model/model.safetensors")
for k in 0 1 7 8 9 $((${#header} - 1)) $((${#header} + 7)) $((${#header} + 8)) $((size / 2)) $((size - 1)); do
    head -c "$k" "$model/model.safetensors" >"$work/bad/model.safetensors"
    expect 1 "$pointsman" model verify "$work/bad"
done
for k in 0 1 3 7 8 12 30 41 60 77 99 150 333 500 $((${#header} + 7)); do
    { head -c "$k" "$model/model.safetensors" && printf '9' && tail -c +$((k + 2)) "$model/model.safetensors"; } >"$work/bad/model.safetensors"
    "$pointsman" model verify "$work/bad" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -le 1 ] || fail "byte $k changed: exit $got"
done

# ---- prompts of every length ----
script() { # NAME EMBEDDER-PARAMETERS
    cat >"$work/$1.lua" <<END
local pm <const> = require "pointsman"
return pm.experiment {
  name = "$1", asks = "whether it holds", seeds = { 1 },
  data = pm.dataset "$toy",
  split = pm.split { by = "prompt", train = .6, test = .3, tune = .1 },
  embedder = pm.embedder "encoder" { $2 },
  routers = { pm.router "knn" { k = 5 } },
  objective = pm.objective "penalty" {},
}
END
}
script long "model = \"$model\""
expect 0 "$pointsman" run "$work/long.lua"
bundle=$(find "$POINTSMAN_OUT/runs" -path '*/long*/bundles/knn*' -name bundle.json | head -n 1)
bundle=${bundle%/bundle.json}
expect 0 "$pointsman" route "$bundle" ""
yes 'tone so late' | head -c 10000000 | tr '\n' ' ' >"$work/prompt"
route_long() { "$pointsman" route "$bundle" - <"$work/prompt"; }
expect 0 route_long
says err "the prompt was cut"

script wide "model = \"$model\", max_tokens = 65"
expect 1 "$pointsman" run "$work/wide.lua"
says err "small: max_tokens = 65; the model has 64 positions"
script unknown 'model = "all-MiniLM-L6-v3"'
expect 1 "$pointsman" run "$work/unknown.lua"
says err 'unknown model "all-MiniLM-L6-v3"; did you mean "all-MiniLM-L6-v2"?'
script absent 'model = "all-MiniLM-L6-v2"'
expect 1 env POINTSMAN_MODELS="$work/no-models" "$pointsman" run "$work/absent.lua"
says err '`pointsman model fetch all-MiniLM-L6-v2` gets it'

# ---- weights that are no numbers ----
fresh
{ head -c $((${#header} + 8 + 40)) "$model/model.safetensors" && printf '\000\000\300\177' &&
    tail -c +$((${#header} + 8 + 45)) "$model/model.safetensors"; } >"$work/bad/model.safetensors"
expect 1 "$pointsman" model verify "$work/bad"
says out "embeddings.word_embeddings.weight: 1 values are NaN or infinite, the first at element 10"
script nan "model = \"$work/bad\""
expect 1 "$pointsman" run "$work/nan.lua"
says err "embeddings.word_embeddings.weight"

# ---- models that cannot be made ----
expert() { # PARAMETERS
    cat >"$work/made.lua" <<END
local pm <const> = require "pointsman"
return pm.experiment {
  name = "made", asks = "whether it is refused", seeds = { 1 },
  data = pm.corpus "$corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
  split = pm.split { by = "given", tune = .15 },
  library = pm.library { name = "l", currency = "USD",
    pm.expert { id = "one", backend = pm.backend "transformer" { layers = 1, $1 }, learns = pm.mix { base = 1 } },
    pm.expert { id = "two", backend = pm.backend "ngram" { order = 2 }, learns = pm.mix { base = 1 } } },
  embedder = pm.embedder "lsa" { dim = 8 }, routers = { pm.router "prior" {} }, objective = pm.objective "penalty" {},
}
END
    expect 1 "$pointsman" run "$work/made.lua"
}
expert 'width = 32, heads = 3'
says err "a model of width 32 has no 3 heads: want a divisor"
expert 'kind = "causal", width = 34, heads = 2'
says err "2 heads of 17; rotary positions turn pairs and want an even number"
expert 'kind = "mask"'
says err "did you mean 'masked'?"
expert 'vocab = 20'
says err "backend.vocab = 20 is outside [300, 200000]"
expert "model = \"$model\""
says err "small has no language-model head"
finish
