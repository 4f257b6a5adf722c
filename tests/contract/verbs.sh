#!/bin/sh
# SPDX-License-Identifier: MIT
# pointsman conform and pointsman new, as a user types them: plugins made from every template build, pass and
# install; Lua policies are held to the same suite; mistakes are told.
. "${srcdir:-.}/tests/cli/lib.sh"
here=$(cd "$src" && pwd)
build=$PWD

# conform
expect 0 "$pointsman" conform --list
says out "same-seed-same-bits"
expect 0 "$pointsman" conform routers/prior
says out "0 failed"
expect 0 "$pointsman" conform router/prior --verbose --check save-load
says out "save-load"
expect 0 "$pointsman" conform routers/prior --json
says out '"failed": 0'
expect 0 "$pointsman" conform routers/prior --here --check trains
expect 1 "$pointsman" conform routers/priro
says err "unknown router 'priro'; did you mean 'prior'?"
expect 2 "$pointsman" conform prior
says err "want KIND/NAME or FILE.so, found 'prior'"
expect 2 "$pointsman" conform rooters/prior
says err "want KIND/NAME or FILE.so, found 'rooters/prior'"
expect 1 "$pointsman" conform routers/prior --check no-such
says err "routers have no check 'no-such'; docs/conformance.md lists them"
expect 1 "$pointsman" conform "$work/absent.so"
says err "absent.so: cannot be opened: No such file or directory"
expect 1 "$pointsman" conform "$build/tests/contract/wrong_abi/.libs/wrong_magic.so"
says err "wrong_magic.so: pm_plugin.magic is 0x12345678; want 0x504d414e"
expect 1 "$pointsman" conform "$build/tests/contract/faulty/.libs/nan_out.so"
says out "FAIL  values-finite"
expect 0 "$pointsman" conform "$build/tests/contract/faulty/.libs/healthy_twin.so"
says out "0 failed"

# Lua policies
expect 0 "$pointsman" conform --script "$here/tests/contract/policies.lua"
for p in routers/lua_mean objectives/lua_best constraints/lua_price; do says out "$p"; done
expect 1 "$pointsman" conform --script "$here/tests/contract/forgetful.lua"
says out "FAIL  instances-independent"
echo 'return 1' >"$work/none.lua"
expect 1 "$pointsman" conform --script "$work/none.lua"
says err "the script makes no policy of Lua functions"
expect 1 "$pointsman" conform --script "$work/absent.lua"

# new: every kind builds, passes and installs at once, from a folder with a space in its name
for kind in router objective constraint embedder; do
    dir="$work/of mine/$kind"
    expect 0 "$pointsman" new "$kind" "my_$kind" "$dir"
    says out "make check"
    (
        cd "$dir" || exit
        CFLAGS='-O2 -Wconversion -Werror' expect 0 make -e
        expect 0 make check POINTSMAN="$pointsman"
        says out "0 failed"
        expect 0 make install
        exit "$bad"
    ) || bad=1
    expect 0 "$pointsman" plugins "$kind/my_$kind"
    says out "$work/data/pointsman/plugins/my_$kind.so"
    expect 1 "$pointsman" new "$kind" "my_$kind" "$work/again"
    says err "$kind 'my_$kind' exists already ($work/data/pointsman/plugins/my_$kind.so); choose another name"
done
(cd "$work/of mine/router" && expect 0 make uninstall clean && [ ! -e my_router.so ] && exit "$bad") || bad=1
expect 1 "$pointsman" plugins router/my_router

expect 2 "$pointsman" new routr mine "$work/x"
says err "'routr' is no kind; router, objective, constraint or embedder is wanted; did you mean 'router'?"
expect 2 "$pointsman" new backend mine "$work/x"
says err "'backend' is no kind"
for name in Mine 9lives my-router 'a b' ../up '' 'ümlaut'; do
    expect 2 "$pointsman" new router "$name" "$work/x"
    says err "'$name' is no plugin name; [a-z][a-z0-9_]* is wanted, e.g. my_router"
done
expect 2 "$pointsman" new router a_name_that_is_longer_than_forty_letters_all_told "$work/x"
says err "the name has 49 letters; at most 40 are allowed"
expect 1 "$pointsman" new router mine "$work/of mine/router"
says err "is not empty (.gitignore); a new or empty folder is wanted"
echo text >"$work/file"
expect 1 "$pointsman" new router mine "$work/file"
says err "exists and is no folder; a new or empty folder is wanted"
expect 1 "$pointsman" new router mine ''
says err "DIR is empty; the name of a new folder is wanted"
expect 1 "$pointsman" new router mine /proc/nowhere/x
mkdir "$work/empty"
expect 0 "$pointsman" new router mine "$work/empty"
expect 2 "$pointsman" new router mine
says err "missing argument"
[ ! -e "$work/x" ] || fail "a refused plugin left $work/x behind"
finish
