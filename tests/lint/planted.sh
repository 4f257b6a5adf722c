#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The lint scripts on planted violations: a rule that finds nothing in a bad tree is no rule.
set -u
here=$(cd "${srcdir:-.}/tests/lint" && pwd) || exit 99
tree=$(mktemp -d) || exit 99
trap 'rm -rf "$tree"' EXIT
cd "$tree" || exit 99
failed=0

plant() { # file, content
    mkdir -p "$(dirname "$1")"
    printf '%b' "$2" >"$1"
}
expect() { # script, text that must be in its answer
    answer=$(sh "$here/$1" "$tree" 2>&1)
    status=$?
    case $answer in
    *"$2"*) [ $status -ne 0 ] || { echo "$1: found '$2' and yet succeeded"; failed=1; } ;;
    *) echo "$1: did not find '$2'; it said: $answer"; failed=1 ;;
    esac
}
clean() { # script
    answer=$(sh "$here/$1" "$tree" 2>&1) || { echo "$1: refuses a good tree: $answer"; failed=1; }
}

licence='/* SPDX-License-Identifier: MIT */\n'
plant core/base/a.c "$licence#include \"config.h\"\n#include <stdio.h>\n#include \"base/mem.h\"\n/* free(p) */\nint mem_free(int p);\n"
plant core/eval/b.c "$licence#include <pthread.h>\n#include \"plug/router.h\"\n#include <pointsman/plugin.h>\n"
plant plugins/routers/p.c "$licence#include <math.h>\n#include <pointsman/plugin.h>\n"
plant plugins/routers/p_parts.c "$licence#include \"p_parts.h\"\n"
plant plugins/routers/u.c "$licence#include \"fit_net.h\"\n"
clean layers.sh
clean files.sh
clean windows.sh

plant core/base/up.c "$licence#include \"math/gemm.h\"\n"
expect layers.sh 'core/base/up.c:2: floor base may not include floor math'
plant core/text/side.c "$licence#include \"nn/ops.h\"\n"
expect layers.sh 'floor text may not include floor nn'
plant core/data/bare.c "$licence#include \"csv.h\"\n"
expect layers.sh 'write a private include with its floor'
plant core/data/sql.c "$licence#include <sqlite3.h>\n"
expect layers.sh 'sqlite3.h belongs to core/eval/store_sql.c only'
plant core/data/boost.c "$licence#  include <openssl/sha.h>\n"
expect layers.sh 'unknown foreign header openssl/sha.h'
plant core/include/pointsman/x.h "$licence#include <pthread.h>\n"
expect layers.sh 'a public header includes the C library only'
plant plugins/routers/q.c "$licence#include \"base/mem.h\"\n"
expect layers.sh 'a plugin includes nothing of ours'
plant plugins/routers/pp.c "$licence#include \"p_parts.h\"\n"
expect layers.sh 'plugins/routers/pp.c:2: a plugin includes nothing of ours'
plant plugins/objectives/u.c "$licence#include \"fit_net.h\"\n"
expect layers.sh 'plugins/objectives/u.c:2: a plugin includes nothing of ours'
plant plugins/routers/r.c "$licence#include <pointsman/pointsman.h>\n"
expect layers.sh 'a plugin includes <pointsman/plugin.h> only'
plant plugins/routers/s.c "$licence#include <pthread.h>\n"
expect layers.sh 'a plugin includes the C library only, not pthread.h'
plant plugins/routers/t.c "$licence#include \"../routers/p.h\"\n"
expect layers.sh 'may not climb'

plant lua/x.lua 'return 1\n'
expect files.sh 'lua/x.lua:1: the SPDX line is missing'
plant core/base/long.h "$licence$(awk 'BEGIN { for (i = 0; i < 500; i++) printf "int x%d;\\n", i }')"
expect files.sh 'core/base/long.h:501: longer than 500 lines'
plant core/base/heap.c "$licence\nvoid *f(void) { return malloc(3); }\n"
expect files.sh 'core/base/heap.c:3: the heap is used through base/mem.h only'
plant plugins/routers/u.c "$licence/* a\n free(p) */ int x;\n    free(p);\n"
expect files.sh 'plugins/routers/u.c:4: the heap'

lines=$(awk 'BEGIN { for (i = 0; i < 12; i++) printf "  int y%d;\\n", i }')
plant plugins/routers/v.c "$licence$lines"
plant plugins/routers/w.c "$licence\nint z;\n\n$lines"
expect windows.sh 'plugins/routers/w.c:5: the same 12 lines as plugins/routers/v.c:2'

if command -v "${CC:-cc}" >/dev/null 2>&1 && command -v objdump >/dev/null 2>&1; then
    mkdir -p core/base/.libs
    echo 'static const int good = 3; const int *f(void); const int *f(void) { return &good; }' >core/base/s.c
    "${CC:-cc}" -c core/base/s.c -o core/base/.libs/s.o
    clean statics.sh
    echo 'int *f(void); int *f(void) { static int bad_count; return &bad_count; }' >core/base/s.c
    "${CC:-cc}" -c core/base/s.c -o core/base/.libs/s.o
    expect statics.sh 'bad_count'
    rm -rf core plugins
    plant core/include/pointsman/good.h "$licence#include <stddef.h>\nstatic inline size_t f(void) { return 1; }\n"
    clean headers.sh
    plant core/base/lacks.h "${licence}size_t f(void);\n"
    expect headers.sh 'base/lacks.h: does not compile alone'
    rm core/base/lacks.h
    plant core/include/pointsman/c11.h "${licence}static inline int *g(void *p) { return p; }\n"
    command -v "${CXX:-c++}" >/dev/null 2>&1 && expect headers.sh 'pointsman/c11.h: does not compile alone'
fi
plant README.md '# A\n[b](docs/b.md#c-d) [a](#a)\n```sh\nx [z](zz.md)\n```\n'
plant docs/b.md '# B\n## C d\n'
clean links.sh
plant docs/c.md '[b](bb.md) and [c](b.md#cd)\n'
expect links.sh 'a link to bb.md, which is not there'
expect links.sh 'has no heading #cd'
exit $failed
