#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every header compiles alone: the public ones as strict C11 and C++17, the private ones as the code is built.
# Usage: headers.sh [ROOT [BUILD]].
set -u
root=${1:-${srcdir:-.}}
build=${2:-.}
cc=${CC:-cc}
cxx=${CXX:-c++}
strict="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only"
bad=0
command -v "${cxx%% *}" >/dev/null 2>&1 || { echo "no C++ compiler: public headers are tried in C only"; cxx=; }

try() { # header, include flags and compiler
    header=$1
    shift
    answer=$(echo "#include \"$header\"" | "$@" - 2>&1) && return
    echo "$header: does not compile alone: $*"
    echo "$answer" | head -n 5
    bad=1
}

cd "$root" || exit 99
for header in $(find core/include -name '*.h' | LC_ALL=C sort); do
    # The body of a family of functions, written once and included several times, says so in its head.
    head -n 10 "$header" | grep -q "^ \\* Included by .* only\\.$" && continue
    # shellcheck disable=SC2086
    try "${header#core/include/}" $cc -std=c11 $strict -Icore/include -x c
    # shellcheck disable=SC2086
    [ -z "$cxx" ] || try "${header#core/include/}" $cxx -std=c++17 $strict -Icore/include -x c++
done
for header in $(find core -name '*.h' ! -path 'core/include/*' ! -path '*/no_openmp/*' | LC_ALL=C sort); do
    # The body of a family of functions, written once and included by several files, says so in its head.
    head -n 10 "$header" | grep -q '^ [*] Included by .* only[.]$' && continue
    # shellcheck disable=SC2086
    try "${header#core/}" $cc -std=gnu17 $strict ${LUA_CFLAGS:-} -Icore -Icore/include -I"$build" -x c
done
exit $bad
