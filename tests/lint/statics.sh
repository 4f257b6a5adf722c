#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No state that outlives a call, outside the log sink, the pool and the allocation counters: read from the
# symbols of the built objects, where nothing hides.  Usage: statics.sh [BUILD].
set -u
cd "${1:-.}" || exit 99
command -v objdump >/dev/null 2>&1 || { echo "objdump is not here: skipped"; exit 77; }
objects=$(find core plugins -name '*.o' -path '*/.libs/*' 2>/dev/null | LC_ALL=C sort)
[ -n "$objects" ] || { echo "no objects are built here: skipped"; exit 77; }
found=0
for object in $objects; do
    case $object in
    */lib*_la-log.o | */lib*_la-threads.o | */lib*_la-mem.o | */base/log.o | */base/threads.o | */base/mem.o) continue ;;
    esac
    # 'O' marks objects of data; .data.rel.ro is constant after loading.  Tools add names with "__".
    objdump -t "$object" | awk -v object="$object" '
        / O / && $0 ~ /[ \t][.](data|bss|tbss|tdata)([.]|[ \t])/ && $0 !~ /[.]data[.]rel[.]ro/ {
            if ($NF ~ /^__|^_ZN|^[.]/) next
            printf "%s: %s can be written to: state belongs to an instance or a call\n", object, $NF; bad = 1
        }
        END { exit bad }' || found=1
done
exit $found
