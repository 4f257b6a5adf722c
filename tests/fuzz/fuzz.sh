#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Searches for inputs that break a target: fuzz.sh SOURCE TARGET SECONDS, in the build folder.  Builds in fuzz/ beside
# with clang, libFuzzer and sanitizers; new inputs stay in fuzz/corpus/TARGET, those that broke it in
# fuzz/found/TARGET.  Without clang or libFuzzer it says so and exits with 77.
set -u
src=$1 target=$2 seconds=${3:-60}
clang=${FUZZ_CC:-clang}

if [ ! -f "$src/tests/fuzz/$target.c" ] || [ "$target" = replay ] || [ -z "$target" ]; then
    echo "make fuzz: T='$target' is no target; there are:" >&2
    ls "$src/tests/fuzz" | sed -n -e '/^replay[.]c$/d' -e 's/[.]c$//p' | sed 's/^/  /' >&2
    exit 2
fi
mkdir -p "fuzz/corpus/$target" "fuzz/found/$target" || exit 99
cd fuzz || exit 99
echo 'int LLVMFuzzerTestOneInput(const char *a, long n); int LLVMFuzzerTestOneInput(const char *a, long n) { return a == 0 && n; }' >probe.c
if ! "$clang" -fsanitize=fuzzer,address,undefined probe.c -o probe 2>/dev/null; then
    echo "make fuzz: $clang with libFuzzer is not here: skipped (FUZZ_CC names another clang)"
    exit 77
fi
checks='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'
[ -f Makefile ] || "$src/configure" -q CC="$clang" CFLAGS="-O1 -g $checks" --disable-shared >configure.log 2>&1 ||
    { cat configure.log; exit 1; }
make "tests/fuzz/fuzz_$target" >make.log 2>&1 || { cat make.log; exit 1; }
mkdir -p "$src/tests/fuzz/corpus/$target" "$src/tests/fuzz/found/$target" 2>/dev/null
dictionary=$src/tests/fuzz/$target.dict
set -- "-max_total_time=$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    "-artifact_prefix=found/$target/"
[ -f "$dictionary" ] && set -- "$@" "-dict=$dictionary"
for folder in "corpus/$target" "$src/tests/fuzz/corpus/$target" "$src/tests/fuzz/found/$target"; do
    [ -d "$folder" ] && set -- "$@" "$folder"
done
"./tests/fuzz/fuzz_$target" "$@"
status=$?
[ "$status" = 0 ] || echo "make fuzz: keep what lies in $(pwd)/found/$target as tests/fuzz/found/$target/NAME"
exit "$status"
