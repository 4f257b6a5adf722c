#!/bin/sh
# SPDX-License-Identifier: MIT
# The layout of pointsman/plugin.h is the one recorded in layout.txt.  While the ABI is 0.x a change is
# allowed but must be seen: run `tests/abi/layout > tests/abi/layout.txt` and say so in docs/changes/.
set -e
here=${srcdir:-.}/tests/abi
case $(uname -m) in x86_64 | aarch64) ;; *) echo "layout is recorded for 64-bit machines only"; exit 77 ;; esac
mkdir -p tests/abi
./tests/abi/layout >tests/abi/layout.found
if diff -u "$here/layout.txt" tests/abi/layout.found; then
    rm -f tests/abi/layout.found
else
    echo "the layout of pointsman/plugin.h has changed (- recorded, + found)" >&2
    exit 1
fi
