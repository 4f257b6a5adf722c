#!/bin/sh
# SPDX-License-Identifier: MIT
# The tutorial is kept true: the C block of docs/add-a-router.md IS plugins/routers/prior.c, under 70 lines.
src=${srcdir:-.}
block=$(awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$src/docs/add-a-router.md")
if [ "$block" != "$(cat "$src/plugins/routers/prior.c")" ]; then
    echo "docs/add-a-router.md: its C block differs from plugins/routers/prior.c"
    printf '%s\n' "$block" | diff - "$src/plugins/routers/prior.c" | head
    exit 1
fi
lines=$(wc -l <"$src/plugins/routers/prior.c")
[ "$lines" -lt 70 ] || { echo "plugins/routers/prior.c has $lines lines; the tutorial promises fewer than 70"; exit 1; }
