#!/bin/sh
# SPDX-License-Identifier: MIT
# From a run to a served decision, and what is said on the way when something is missing: the line that `run`
# prints, a run given for a bundle, fewer experts, Lua functions without their script, an unknown plugin, and
# the C program of docs/serve.md, compiled and run.
. "${srcdir:-.}/tests/cli/lib.sh"
build=$PWD

expect 0 "$pointsman" run "$src/tests/cli/recorded_toy.lua"
dir=$(sed -n 's/^results  *//p' "$work/out")
ready=$(sed -n 's/^route  *pointsman route \([^ ]*\) "your prompt"$/\1/p' "$work/out")
[ -f "$ready/bundle.json" ] || fail "run prints no bundle to route with: '$ready'"
expect 0 "$pointsman" route "$ready" "What is 12 times 7?"
says out toy-

expect 1 "$pointsman" route "$dir" hello
says err "$dir is a run; its bundles are: $(basename "$ready"), "
expect 1 "$pointsman" route "$work/absent" hello
[ "$(grep -o "$work/absent" "$work/err" | wc -l)" = 1 ] || fail "the path is not said once: $(cat "$work/err")"
says err "is not a bundle: there is no such folder"

expect 0 "$pointsman" route "$dir/bundles/knn@price_0" hello --explain
says out "  spread  "
expect 0 "$pointsman" route "$dir/bundles/prior@price_0" hello --explain
grep -q spread "$work/out" && fail "prior offers no spread"
expect 0 "$pointsman" route "$ready" hello --only toy-nano --only toy-max
says err "note: constraints that compare experts (size, price) are scaled over the experts of --only"
expect 0 "$pointsman" route "$ready" hello
[ -s "$work/err" ] && fail "a note without --only"

# bundles hold no code
mkdir -p "$work/mine"
cat >"$work/mine/lua.lua" <<'LUA'
local pm <const> = require "pointsman"
local mean = pm.router_fn {
  name = "lua_mean", doc = "Says the same of everyone.", params = {},
  train = function(fit) return { m = fit.m } end,
  predict = function(state, prompts, out)
    for i = 1, prompts.n do for j = 1, state.m do out.value:set(i, j, 0.5) end end
  end,
}
return pm.experiment {
  data = pm.dataset "TOY" { min_known = 0.9 }, routers = { mean {} }, objective = pm.objective "penalty" {},
}
LUA
toy=$(cd "$src/datasets/toy" && pwd)
sed "s|TOY|$toy|" "$work/mine/lua.lua" >"$work/lua.lua"
expect 0 "$pointsman" run "$work/lua.lua"
bundle=$(sed -n 's/^route  *pointsman route \([^ ]*\) .*/\1/p' "$work/out")
expect 1 "$pointsman" route "$bundle" hello
says err "is made of Lua functions: give \`pointsman route\` --script FILE (recorded: "
expect 0 "$pointsman" route "$bundle" --script "$work/lua.lua" hello

# a plugin that is not found
sed 's|pm.router "prior" {}|pm.router "zzyzx" {}|' "$src/tests/cli/recorded_toy.lua" >"$work/unknown.lua"
expect 1 "$pointsman" check "$work/unknown.lua"
says err "unknown router 'zzyzx'"
says err "set POINTSMAN_PLUGINS to its folder, or \`make install\` it"

# the C program
if ${CC:-cc} --version >/dev/null 2>&1 && ! grep -q '^#define PM_SANITIZED' "$build/config.h" 2>/dev/null &&
    [ -f "$build/.libs/libpointsman.so" ]; then
    awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$src/docs/serve.md" >"$work/embed.c"
    if pkg-config --version >/dev/null 2>&1; then
        flags=$(PKG_CONFIG_PATH="$build" pkg-config --cflags --libs pointsman)
    else
        flags="-I$src/core/include -L$build/.libs -lpointsman"
    fi
    # shellcheck disable=SC2086
    expect 0 ${CC:-cc} -std=c17 -Wall -Wextra -Werror "$work/embed.c" $flags -o "$work/embed"
    LD_LIBRARY_PATH="$build/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    POINTSMAN_PLUGINS="$build/plugins"
    export LD_LIBRARY_PATH POINTSMAN_PLUGINS
    expect 0 "$work/embed" "$ready" "What is 12 times 7?"
    cp "$work/out" "$work/embedded"
    expect 0 "$pointsman" route "$ready" "What is 12 times 7?"
    cmp -s "$work/out" "$work/embedded" || fail "libpointsman decides otherwise than route"
    expect 1 "$work/embed" "$work/absent" hello
    says err "is not a bundle"
fi
finish
