#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every plugin exports exactly one symbol, pm_plugin_entry, and needs none of our libraries.
# Usage: from the build folder.
set -u
command -v nm >/dev/null 2>&1 || { echo "nm is not here: skipped"; exit 77; }
bad=0 seen=0
for object in plugins/*/.libs/*.so; do
    [ -f "$object" ] || continue
    seen=$((seen + 1))
    # Tools add names of their own: "__" (sanitizers, profilers), "_init" and "_fini" (old linkers).
    names=$(nm -D --defined-only "$object" | awk '$3 !~ /^__|^_(init|fini|edata|end)$|^_?___asan/ {print $3}')
    [ "$names" = pm_plugin_entry ] || { echo "$object exports: $names"; bad=1; }
    ours=$(nm -D --undefined-only "$object" | awk '$NF ~ /^pm_/ {print $NF}')
    [ -z "$ours" ] || { echo "$object wants of the host, not through its table: $ours"; bad=1; }
done
[ "$seen" -gt 0 ] || { echo "no plugins in plugins/*/.libs; run from the build folder"; exit 1; }
echo "$seen plugins export pm_plugin_entry and nothing else"
exit $bad
