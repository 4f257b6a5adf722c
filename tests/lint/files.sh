#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Rules that every file of ours keeps: a licence line at the top, at most 500 lines, the heap only through
# base/mem.h.  Usage: files.sh [ROOT]; prints file:line: reason.
set -u
cd "${1:-${srcdir:-.}}" || exit 99
bad=0

ours() { # names like $@ in our folders, without what a build inside the tree leaves there
    find bootstrap configure.ac Makefile.am core plugins lua tests docs experiments examples datasets tools \
        -type f "$@" 2>/dev/null | grep -v -e '/[.]libs/' -e '/[.]deps/' | LC_ALL=C sort
}

for file in $(ours \( -name '*.[ch]' -o -name '*.lua' -o -name '*.sh' -o -name Makefile.am -o -name configure.ac \
    -o -name bootstrap \)); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' && continue
    echo "$file:1: the SPDX line is missing"
    bad=1
done

for file in $(ours \( -name '*.[ch]' -o -name '*.lua' -o -name '*.sh' \)); do
    lines=$(wc -l <"$file")
    # The plugin interface is one header by contract, and may be long.
    if [ "$lines" -le 500 ] || [ "$file" = core/include/pointsman/plugin.h ]; then continue; fi
    echo "$file:$((lines)): longer than 500 lines: split it by idea"
    bad=1
done

# Comments and strings are blanked first; tests may use the heap as they like.
for file in $(find core plugins -type f -name '*.[ch]' | grep -v '^core/base/mem[.]c$' | LC_ALL=C sort); do
    awk -v file="$file" '
    {
        line = $0
        gsub(/\\"/, "", line); gsub(/"[^"]*"/, "\"\"", line)
        if (inside) { if (!sub(/^.*\*\//, "", line)) next; inside = 0 }
        gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line); sub(/\/\/.*/, "", line)
        if (sub(/\/\*.*/, "", line)) inside = 1
        if ((" " line) ~ /[^A-Za-z0-9_>.](malloc|calloc|realloc|reallocarray|free|strdup|strndup|aligned_alloc|posix_memalign|asprintf|vasprintf|getline|getdelim|alloca) *\(/) {
            printf "%s:%d: the heap is used through base/mem.h only\n", file, FNR; bad = 1
        }
    }
    END { exit bad }' "$file" || bad=1
done
exit $bad
