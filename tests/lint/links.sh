#!/bin/sh
# SPDX-License-Identifier: MIT
# Links between the documents lead somewhere: every relative link of README.md, docs/ and datasets/ names a file or a
# folder that is there, and its anchor a heading of that file.  What lies on other machines is not looked for.
src=${1:-${srcdir:-.}}
bad=0 count=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# FILE:LINK, one a line; blocks of code and code in a line hold no links
for place in README.md docs datasets; do [ -e "$src/$place" ] && find "$src/$place" -name '*.md'; done |
     LC_ALL=C sort | while read -r doc; do
    awk -v doc="$doc" '
        /^ *```/ { code = !code; next }
        code { next }
        { gsub(/`[^`]*`/, "")
          while (match($0, /\]\([^) ]*\)/)) {
              print doc "|" substr($0, RSTART + 2, RLENGTH - 3)
              $0 = substr($0, RSTART + RLENGTH) } }' "$doc"
done >"$list"

anchors() { # FILE: of its headings, as they are made by forges
    awk '/^```/ { code = !code } /^#/ && !code { sub(/^#+ */, ""); $0 = tolower($0); gsub(/[^a-z0-9 _-]/, ""); gsub(/ /, "-"); print }' "$1"
}

while IFS='|' read -r doc link; do
    case $link in http://* | https://* | mailto:*) continue ;; esac
    count=$((count + 1))
    path=${link%%#*} to=$doc
    [ -z "$path" ] || to=$(dirname "$doc")/$path
    [ -e "$to" ] || { echo "$doc: a link to $path, which is not there"; bad=1; continue; }
    case $link in
    *'#'*) anchors "$to" | grep -qxF -- "${link#*#}" || { echo "$doc: $to has no heading #${link#*#}"; bad=1; } ;;
    esac
done <"$list"
echo "$count links"
[ "$count" -gt 0 ] || { echo "no link was found: the pattern is wrong"; bad=1; }
exit $bad
