#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Who may include whom.  Floors look downwards only, a foreign library is seen by one file only, a plugin
# sees <pointsman/plugin.h> and the C library only.  Usage: layers.sh [ROOT]; prints file:line: reason.
set -u
cd "${1:-${srcdir:-.}}" || exit 99

sources() {
    find core plugins tests -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null | LC_ALL=C sort
}

sources | xargs awk '
BEGIN {
    # Each floor may include itself, the contract, and the floors on its line.
    ok["base"] = ""; ok["math"] = "base"; ok["text"] = "base"; ok["nn"] = "base math"
    ok["lm"] = "base math text nn"
    ok["data"] = "base math text"; ok["plug"] = "base math text nn lm data"
    ok["eval"] = "base math data plug"; ok["bind"] = "base data plug eval"
    ok["app"] = "base math text nn lm data plug eval bind"
    ok["include"] = ""

    # Foreign headers (as a regular expression) and the files that may see them.
    only["^cjson/|^cJSON"] = "core/base/json.c"
    only["^zlib"] = "core/base/gz.c"
    only["^blis/|^blis[.]h"] = "core/math/gemm.c"
    only["^utf8proc"] = "core/text/unicode.c"
    only["^pcre2"] = "core/text/regex.c"
    only["^dlfcn"] = "core/plug/loader.c"
    only["^malloc[.]h"] = "core/app/conform_heap.c"
    only["^sqlite3"] = "core/eval/store_sql.c"
    only["^lua[.]h|^lauxlib|^lualib|^luaconf"] = "core/bind/"
    only["^curl/"] = "core/app/fetch.c plugins/backends/openai.c"
    only["^microhttpd"] = "core/app/serve.c"
    only["^sanitizer/"] = "core/base/mem.c"
    only["^check[.]h"] = "tests/"

    n = split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal " \
              "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath " \
              "threads time uchar wchar wctype", name, " ")
    for (k = 1; k <= n; k++) libc[name[k] ".h"] = 1
    n = split("dirent elf fcntl ftw getopt glob langinfo malloc netdb poll pthread pwd sched spawn strings termios unistd " \
              "utime immintrin arm_neon cpuid", name, " ")
    for (k = 1; k <= n; k++) posix[name[k] ".h"] = 1
}
function refuse(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; bad = 1 }
function may_see(files,   list, k, n) {
    n = split(files, list, " ")
    for (k = 1; k <= n; k++) if (index(FILENAME, list[k]) == 1) return 1
    return 0
}
/^[ \t]*#[ \t]*include/ {
    match($0, /[<"][^>"]*[>"]/)
    quoted = substr($0, RSTART, 1) == "\""
    file = substr($0, RSTART + 1, RLENGTH - 2)
    split(FILENAME, part, "/")
    if (file ~ /[.][.]\//) { refuse("an include may not climb with ../"); next }
    if (file ~ /[.]c$/) { refuse("a .c file is not included"); next }

    if (file ~ /^pointsman\//) {
        if (part[1] == "plugins" && file != "pointsman/plugin.h")
            refuse("a plugin includes <pointsman/plugin.h> only")
        next
    }
    for (header in only) if (file ~ header) {
        if (!may_see(only[header])) refuse(file " belongs to " only[header] " only")
        next
    }
    if (part[1] == "plugins") {
        if (quoted) {
            # A plugin of several files has private headers named after it: lsa.c, lsa_grams.h.  What the
            # routers that are fitted by gradients share is named fit_*, what constraints share attr_* and
            # expect*, what objectives share term_*.
            if (part[2] == "routers" && file ~ /^fit_[a-z_]+[.]h$/) next
            if (part[2] == "constraints" && file ~ /^(attr_[a-z_]+|expect(_[a-z]+)?)[.]h$/) next
            if (part[2] == "objectives" && file ~ /^term_[a-z_]+[.]h$/) next
            stem = part[3]; sub(/[._].*/, "", stem)
            if (index(file, stem) != 1 || substr(file, length(stem) + 1, 1) !~ /[._]/)
                refuse("a plugin includes nothing of ours but <pointsman/plugin.h>")
        }
        else if (!(file in libc)) refuse("a plugin includes the C library only, not " file)
        next
    }
    if (!quoted) {
        if (file in libc) next
        if (part[2] == "include") refuse("a public header includes the C library only, not " file)
        else if (!(file in posix) && file !~ /^(sys|netinet|arpa|net)\//) refuse("unknown foreign header " file)
        next
    }
    if (part[1] != "core" || file == "config.h") next
    there = file; sub(/\/.*/, "", there)
    if (there == file) { refuse("write a private include with its floor: \"" part[2] "/" file "\""); next }
    if (there != part[2] && index(" " ok[part[2]] " ", " " there " ") == 0)
        refuse("floor " part[2] " may not include floor " there)
}
END { exit bad }'
