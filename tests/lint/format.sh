#!/bin/sh
# SPDX-License-Identifier: MIT
#
# clang-format over all C of ours.  Usage: format.sh check|fix [ROOT]; without clang-format it says so and
# exits with 77, which the test driver counts as skipped.
set -u
mode=${1:-check}
cd "${2:-${srcdir:-.}}" || exit 99
tool=${CLANG_FORMAT:-clang-format}
command -v "$tool" >/dev/null 2>&1 || { echo "clang-format is not here: skipped"; exit 77; }
files=$(find core plugins tests -type f -name '*.[ch]' | LC_ALL=C sort)
case $mode in
# shellcheck disable=SC2086
fix) exec "$tool" -i $files ;;
# shellcheck disable=SC2086
check) exec "$tool" --dry-run --Werror $files ;;
*) echo "format.sh: '$mode' - wanted check or fix" >&2; exit 2 ;;
esac
