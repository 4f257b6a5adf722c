#!/bin/sh
# SPDX-License-Identifier: MIT
# Exit statuses 0/1/2, help of every verb, suggestions, version, man page and completions that match the rows.
. "${srcdir:-.}/tests/cli/lib.sh"

expect 2 "$pointsman"
says err "Usage: pointsman VERB"
expect 0 "$pointsman" --help
says out "Verbs:"
expect 0 "$pointsman" --version
says out "pointsman "
expect 2 "$pointsman" rout
says err "did you mean 'route'?"
for v in run check route runs report plugins data corpus conform doctor new completion; do
    expect 0 "$pointsman" "$v" --help
    says out "Usage: pointsman $v"
    expect 0 "$pointsman" help "$v"
done
expect 2 "$pointsman" run
says err "missing argument"
expect 2 "$pointsman" run --sead 3 x.lua
says err "did you mean '--seed'?"
expect 2 "$pointsman" run --seed three x.lua
says err "--seed wants a whole number from 0 on, found 'three'"
expect 2 "$pointsman" run x.lua --set nonsense
says err "--set wants PATH=VALUE"
expect 1 "$pointsman" run "$work/absent.lua"
says err "absent.lua"
expect 1 "$pointsman" check "$work/absent.lua"
expect 2 "$pointsman" runs frobnicate
expect 1 "$pointsman" runs show nothing
expect 0 "$pointsman" runs list
says err "no runs in"
expect 1 "$pointsman" route "$work/absent" hello
says err "is not a bundle"
expect 2 "$pointsman" plugins knn
says err "want KIND/NAME"
expect 0 "$pointsman" plugins constraints --names
says out "constraints/price"
if grep -q routers/ "$work/out"; then fail "plugins of another kind are listed"; fi
expect 1 "$pointsman" plugins routers/kn
says err "did you mean 'knn'?"
expect 0 "$pointsman" plugins
says out "penalty"
expect 0 "$pointsman" plugins routers/knn
says out "k"
expect 0 "$pointsman" doctor --quick
says out "kernels"
expect 2 "$pointsman" completion tcsh
for s in bash zsh fish; do expect 0 "$pointsman" completion $s; done
expect 0 "$pointsman" completion bash
if command -v bash >/dev/null 2>&1; then bash -n "$work/out" || fail "bash completion has a syntax error"; fi
expect 0 "$pointsman" help --man
cmp -s "$work/out" "$src/docs/pointsman.1" ||
    fail "docs/pointsman.1 is not what \`pointsman help --man\` prints; regenerate it"
# a library is checked alone; an experiment says what the defaults added
cat >"$work/mine.lua" <<'EOF'
local pm <const> = require "pointsman"
return pm.library { name = "mine", pm.expert { id = "toy-mini", price = { input = 0.08, output = 0.16 } } }
EOF
expect 0 "$pointsman" check "$work/mine.lua"
says out 'library "mine" is well formed: 1 expert'
expect 1 "$pointsman" run "$work/mine.lua"
says err 'want pm.experiment'
sed 's/input = 0.08, //' "$work/mine.lua" >"$work/wrong.lua"
expect 1 "$pointsman" check "$work/wrong.lua"
says err 'wrong.lua:2: experts[1] "toy-mini": price.input is missing'
cat >"$work/small.lua" <<EOF
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "$(cd "$src" && pwd)/datasets/toy", library = pm.load "mine.lua",
  routers = { pm.router "prior" {}, pm.router "length" {} } }
EOF
expect 0 "$pointsman" check "$work/small.lua"
says out "2 routers and the reference knn"
expect 0 "$pointsman" run "$work/small.lua" --only prior
says out "not in the library"
says out "toy-max"
# a full standard output is a failure, not silence
if [ -w /dev/full ]; then
    "$pointsman" --help >/dev/full 2>/dev/null && fail "a full stdout went unnoticed"
fi
finish
