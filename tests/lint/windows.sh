#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No copies between plugins: 12 lines in a row (blank lines and indentation aside) that stand in two places
# belong into the host or a service.  Usage: windows.sh [ROOT].
set -u
cd "${1:-${srcdir:-.}}" || exit 99
files=$(find plugins -type f -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086
awk -v width=12 '
FNR == 1 { count = 0; told = 0 }
{
    line = $0
    gsub(/[ \t]+/, " ", line); sub(/^ /, "", line); sub(/ $/, "", line)
    if (line == "") next
    text[count % width] = line; at[count % width] = FNR; count++
    if (count < width) next
    window = ""
    for (k = 0; k < width; k++) window = window "\n" text[(count + k) % width]
    first = at[count % width]
    if (!(window in seen)) { seen[window] = FILENAME ":" first; next }
    if (first > told) printf "%s:%d: the same %d lines as %s\n", FILENAME, first, width, seen[window]
    told = FNR; bad = 1
}
END { exit bad }' $files
